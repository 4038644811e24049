"""One embedded PostgreSQL for a whole test run, and as many databases in it as tests want."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from core.db import migrate, roles
from core.db.cluster import TEST_TUNE, USERS_LOCK
from core.db.embedded import DATABASE, SUPERUSER, EmbeddedServer
from core.db.migrate import Component
from core.errors import Refused
from core.extension.registry import registry
from server.testing.folders import folder_of_run

_CORE_ALONE = "core_alone"
"""A template without plugins."""


@contextmanager
def shared_server() -> Iterator[EmbeddedServer]:
    """The server all workers share; its own database has core's tables and those of every plugin, and
    serves as the template."""
    server = EmbeddedServer(folder_of_run(), tune=TEST_TUNE).open()
    try:
        with _template(server):
            migrate.upgrade(server.url(roles.OWNER), registry().components)
        yield server
    finally:
        if server.close():
            _remove(server)


def databases(server: EmbeddedServer) -> Callable[[], str]:
    """Makes another migrated, empty database; its name is for ``server.url(role, name)``."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    numbers = itertools.count()

    def create() -> str:
        name = f"test_{worker}_{next(numbers)}"
        with _template(server):
            _run(server, f"create database {name} template {DATABASE} owner {roles.OWNER}")
        return name

    return create


def bare_database(server: EmbeddedServer, name: str, components: Sequence[Component]) -> None:
    """A database of this name that has the tables of these components only, core first."""
    with _template(server):
        drop_database(server, name)
        if not _exists(server, _CORE_ALONE):
            _run(server, f"create database {_CORE_ALONE} template template0 owner {roles.OWNER}")
            migrate.upgrade(server.url(roles.OWNER, _CORE_ALONE))
        _run(server, f"create database {name} template {_CORE_ALONE} owner {roles.OWNER}")
    migrate.upgrade(server.url(roles.OWNER, name), components)


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Remove a database, whoever is connected to it."""
    _run(server, f"drop database if exists {name} with (force)")


def _exists(server: EmbeddedServer, name: str) -> bool:
    with psycopg.connect(server.url(SUPERUSER, "postgres")) as connection:
        found = connection.execute("select from pg_database where datname = %s", (name,))
        return found.fetchone() is not None


def _run(server: EmbeddedServer, statement: str) -> None:
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def _template(server: EmbeddedServer) -> Iterator[None]:
    """The template for oneself: it can be copied only while nobody is connected to it."""
    with (server.folder / "template.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear(folder: Path) -> None:
    """Stop and remove an abandoned server, unless somebody uses it after all."""
    left = EmbeddedServer(folder, tune=TEST_TUNE)
    try:
        left.open()
    except (Refused, FileNotFoundError):
        # Its run was killed while it removed this, or another is removing it now: what is left does
        # not start, and would keep this run and all later ones from starting too.
        with (
            suppress(BlockingIOError, FileNotFoundError),
            (folder / USERS_LOCK).open("ab") as users,
        ):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        return
    if left.close():
        _remove(left)


def _remove(server: EmbeddedServer) -> None:
    # Another run may be removing it at the same time.
    for folder in (server.cluster.home, server.cluster.socket, server.folder):
        shutil.rmtree(folder, ignore_errors=True)
