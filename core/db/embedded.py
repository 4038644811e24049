"""The embedded database of a data folder, shared by every process of one OS account.

The server is a daemon: it outlives whoever started it. Each process that uses it holds a shared
lock on ``users.lock``; the lock goes with the process, however that ends. The last one to leave
normally stops the server, unless ``tallybook db start`` asked for it to stay.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg

from core.db import roles
from core.db.cluster import (
    DATABASE_UNAVAILABLE,
    PASSWORDS,
    START_LOCK,
    START_SECONDS,
    TUNE,
    USERS_LOCK,
    Cluster,
)
from core.errors import Refused, define, refuse

SUPERUSER = "postgres"
DATABASE = "tallybook"
_WATCH_SECONDS = 1.0

DATABASE_IN_USE = define(
    "DATABASE_IN_USE",
    en="The database in {folder} is in use by another process.",
    zh="{folder} 中的数据库正被其他进程使用。",
)

_log = logging.getLogger(__name__)


class EmbeddedServer:
    """A share in the server of one data folder: open it, use its addresses, close it."""

    def __init__(self, folder: Path, *, tune: Mapping[str, str] = TUNE) -> None:
        self.folder = folder.expanduser().absolute()
        self._tune = tune
        self._cluster: Cluster | None = None
        self._share: IO[bytes] | None = None
        self._passwords: dict[str, str] = {}

    @property
    def cluster(self) -> Cluster:
        """The data directory; known once the server is open."""
        if self._cluster is None:
            raise refuse(DATABASE_UNAVAILABLE, reason=f"{self.folder} is not open")
        return self._cluster

    def open(self) -> Self:
        """Join the users of the server; create and start it where needed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        share = (self.folder / USERS_LOCK).open("ab")
        try:
            fcntl.flock(share, fcntl.LOCK_SH)  # waits while the last user stops the server
            self._bring_up()
        except BaseException:
            share.close()
            raise
        self._share = share
        return self

    def ensure(self) -> None:
        """Start the server again if it died; cheap while it lives."""
        if not self.cluster.listening():
            self._bring_up()

    def close(self) -> bool:
        """Leave; as the last user, stop the server unless it is to stay. True if it stopped."""
        share, self._share = self._share, None
        if share is None:
            return False
        with share:
            if self._stays.exists() or not _alone(share):
                return False
            self.cluster.stop()
            return True

    def stay(self) -> None:
        """Let the server run on when its last user leaves."""
        self._stays.touch()

    def stop(self) -> None:
        """Stop the server although it was to stay; refused while anybody uses it, we included."""
        if not (self.folder / "postgres").exists():
            raise refuse(DATABASE_UNAVAILABLE, reason=f"there is none in {self.folder}")
        with (self.folder / USERS_LOCK).open("ab") as share:
            if not _alone(share):
                raise refuse(DATABASE_IN_USE, folder=str(self.folder))
            self._stays.unlink(missing_ok=True)
            Cluster(self.folder).stop()

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for one of the roles, with its password."""
        return (
            f"postgresql://{role}:{self._passwords[role]}@/{quote(database)}"
            f"?host={quote(str(self.cluster.socket), safe='')}"
        )

    def libpq_environment(self, role: str) -> dict[str, str]:
        """The same address as environment variables of PostgreSQL's own programs."""
        return {
            "PGHOST": str(self.cluster.socket),
            "PGUSER": role,
            "PGPASSWORD": self._passwords[role],
            "PGDATABASE": DATABASE,
        }

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _stays(self) -> Path:
        return self.folder / "stays"

    def _bring_up(self) -> None:
        with _locked(self.folder / START_LOCK):
            self._passwords = _passwords(self.folder / PASSWORDS)
            self._cluster = cluster = Cluster(self.folder, self._tune)
            cluster.create(self._passwords[SUPERUSER])
            cluster.start()
            self._furnish()

    def _furnish(self) -> None:
        """Create the roles and the database, which comes last: where it is, all is."""
        with self._administer() as connection:
            if connection.execute(
                "select 1 from pg_database where datname = %s", [DATABASE]
            ).fetchone():
                return
            present = {name for (name,) in connection.execute("select rolname from pg_roles")}
            statements = [
                roles.create_role(role, self._passwords.get(role))
                for role in (roles.OWNER, roles.APP, roles.READ, roles.SEARCH)
                if role not in present
            ]
            statements += [*roles.limit_role(roles.APP), *roles.limit_role(roles.READ)]
            statements.append(roles.lend_role(roles.SEARCH, roles.OWNER))
            for statement in statements:
                connection.execute(statement.encode())
            connection.execute(f"create database {DATABASE} owner {roles.OWNER}".encode())

    @contextmanager
    def _administer(self) -> Iterator[psycopg.Connection]:
        """A superuser's connection, once recovery is over and the server lets us in."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                connection = psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True)
                break
            except psycopg.OperationalError as error:
                recovering = isinstance(error, psycopg.errors.CannotConnectNow) or (
                    "starting up" in str(error) or "recovery" in str(error)
                )
                if not recovering or time.monotonic() > deadline:
                    raise refuse(
                        DATABASE_UNAVAILABLE, reason=" ".join(str(error).split()).rstrip(".")
                    ) from error
                time.sleep(0.05)
        with connection:
            yield connection


async def keep_running(server: EmbeddedServer) -> None:
    """Watch the server and start it again when it dies, until cancelled."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        try:
            await asyncio.to_thread(server.ensure)
        except (OSError, Refused):
            _log.exception("the embedded database does not come up; trying again")


def _alone(share: IO[bytes]) -> bool:
    try:
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _passwords(path: Path) -> dict[str, str]:
    """The generated passwords by role, from a file that only this account can read."""
    if not path.exists():
        names = (SUPERUSER, roles.OWNER, roles.APP, roles.READ)
        fresh = path.with_name("passwords.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({name: secrets.token_urlsafe(24) for name in names}, file)
        fresh.rename(path)
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords
