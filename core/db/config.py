"""Where the database is: an address from the environment, or the embedded server of a data folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import psycopg
from pydantic_settings import BaseSettings

from core.db import migrate
from core.db.roles import APP, OWNER
from core.errors import define, refuse
from core.extension.registry import registry

if TYPE_CHECKING:
    from core.db.embedded import EmbeddedServer

OLDEST_VERSION = 16

EMBEDDED_UNSUPPORTED = define(
    "EMBEDDED_UNSUPPORTED",
    en="The embedded PostgreSQL runs on Linux and macOS only: set DATABASE_URL to a PostgreSQL"
    " server.",
    zh="内置的 PostgreSQL 仅支持 Linux 和 macOS:请将 DATABASE_URL 设为一个 PostgreSQL 服务器。",
)
DATABASE_UNREACHABLE = define(
    "DATABASE_UNREACHABLE",
    en="The database does not answer: {reason}.",
    zh="数据库没有响应:{reason}。",
)
DATABASE_TOO_OLD = define(
    "DATABASE_TOO_OLD",
    en="The database is PostgreSQL {version}; at least {oldest} is needed.",
    zh="数据库版本为 PostgreSQL {version};至少需要 {oldest}。",
)
DATABASE_ROLE_UNSAFE = define(
    "DATABASE_ROLE_UNSAFE",
    en="The database role {role} may bypass row-level security: serve with a role that is neither"
    " superuser nor owner of the tables and has no BYPASSRLS.",
    zh="数据库角色 {role} 可以绕过行级安全:请使用既非超级用户、也非表所有者且没有 BYPASSRLS 的角色。",
)
DATABASE_NOT_MIGRATED = define(
    "DATABASE_NOT_MIGRATED",
    en="The database is older than this program: run `tallybook migrate` first.",
    zh="数据库结构比程序旧:请先运行 `tallybook migrate`。",
)


class Environment(BaseSettings):
    """The environment variables that say where data lies."""

    database_url: str | None = None
    """``DATABASE_URL``: the server's own role; if absent, the embedded PostgreSQL is used."""
    migration_database_url: str | None = None
    """``MIGRATION_DATABASE_URL``: the owner of the tables, for ``tallybook migrate``."""
    tallybook_data: Path = platformdirs.user_data_path("tallybook", appauthor=False)
    """``TALLYBOOK_DATA``: the data folder, by default in the user's data directory."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """The addresses of one database, by role; ``embedded`` is the server if it is ours to run."""

    app_url: str
    owner_url: str | None
    embedded: EmbeddedServer | None = None


@contextmanager
def open_database(data: Path | None = None) -> Iterator[DatabaseAddress]:
    """The database of the environment, or else of the folder ``data``, started where needed.

    Leaving the context leaves the embedded server, which stops when nobody uses it any more.
    """
    environment = Environment()
    if environment.database_url:
        migration = environment.migration_database_url
        yield DatabaseAddress(
            _plain(environment.database_url), _plain(migration) if migration else None
        )
        return
    with embedded_server(data) as server:
        yield DatabaseAddress(server.url(APP), server.url(OWNER), server)


def embedded_server(data: Path | None = None) -> EmbeddedServer:
    """The embedded server of ``data`` or of the environment's folder, not yet open."""
    if sys.platform == "win32":
        raise refuse(EMBEDDED_UNSUPPORTED)
    from core.db.embedded import EmbeddedServer  # not importable on Windows

    return EmbeddedServer(data or Environment().tallybook_data)


def make_ready(address: DatabaseAddress) -> None:
    """Refuse a database that must not be served from; bring an embedded one to the present schema, with
    the tables of the plugins that are there.

    An external database is migrated by ``tallybook migrate`` alone: what serves does not need the
    owner's password, and many servers may start at once.
    """
    check(address.app_url)
    components = registry().components
    if not migrate.pending(address.app_url, components):
        return
    if address.embedded is None:
        raise refuse(DATABASE_NOT_MIGRATED)
    migrate.upgrade(address.embedded.url(OWNER), components)


def check(url: str) -> None:
    """Refuse a PostgreSQL that is too old and a role that could see other tenants' rows."""
    with _connect(url) as connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST_VERSION:
            raise refuse(DATABASE_TOO_OLD, version=version, oldest=OLDEST_VERSION)
        row = connection.execute(_MAY_BYPASS).fetchone()
        if row and row[0]:
            raise refuse(DATABASE_ROLE_UNSAFE, role=connection.info.user)


_MAY_BYPASS = """
select exists (select from pg_roles where (rolsuper or rolbypassrls)
                 and pg_has_role(current_user, oid, 'member'))
    or exists (select from pg_class where relnamespace = 'public'::regnamespace
                 and relkind in ('r', 'p') and pg_has_role(current_user, relowner, 'member'))
"""


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise refuse(DATABASE_UNREACHABLE, reason=reason) from error
    with connection:
        yield connection


def _plain(url: str) -> str:
    """The address as libpq understands it, whatever driver its scheme names."""
    scheme, separator, rest = url.partition("://")
    known = scheme.partition("+")[0] in {"postgres", "postgresql"}
    return f"postgresql{separator}{rest}" if known else url
