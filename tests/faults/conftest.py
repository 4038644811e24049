"""A real server that is meant to suffer: two workers, a database of its own that waits for the disk."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.db import migrate
from core.db.database import Database
from core.db.embedded import DATABASE, SUPERUSER, EmbeddedServer
from core.db.roles import APP, OWNER
from core.extension.registry import registry
from tests.faults.load import Load
from tests.faults.proxy import Proxy
from tests.faults.verdict import judge
from tests.serving import RunningServer, running_server

WORKERS = 2


@dataclass(frozen=True, slots=True)
class House:
    """The server, and a way to its database that does not pass through it."""

    server: RunningServer
    db: Database
    superuser_url: str

    async def load(self, seed: int) -> Load:
        """Clients with a tenant of their own."""
        return await Load.open(self.server.url, self.db, seed)

    async def judge(self, load: Load) -> None:
        """Pass only what passes the standard verdict."""
        assert await judge(load, self.db, self.superuser_url, self.server.log) == []


@pytest.fixture(scope="module")
def serving() -> Iterator[RunningServer]:
    with running_server(WORKERS) as server:
        yield server


@pytest.fixture(scope="module")
async def house(serving: RunningServer) -> AsyncIterator[House]:
    """One for all tests of a file; each has a tenant of its own."""
    embedded = serving.address.embedded
    assert embedded is not None, "faults are for a database of our own: unset DATABASE_URL"
    db = Database.connect(serving.address.app_url, pool_size=2)
    yield House(serving, db, embedded.url(SUPERUSER))
    await db.close()


@dataclass(frozen=True, slots=True)
class Behind(House):
    """A house whose server reaches its database through a proxy; we do not."""

    proxy: Proxy


@pytest.fixture(scope="module")
def serving_behind() -> Iterator[tuple[EmbeddedServer, Proxy, RunningServer]]:
    with (
        tempfile.TemporaryDirectory(prefix="tallybook-faults-") as folder,
        EmbeddedServer(Path(folder)) as embedded,
    ):
        migrate.upgrade(embedded.url(OWNER), registry().components)
        socket = embedded.cluster.socket / ".s.PGSQL.5432"
        with (
            Proxy(socket, seed=20261203, postgres=True) as proxy,
            _database_url(proxied_url(embedded, proxy)),
            running_server(WORKERS) as server,
        ):
            yield embedded, proxy, server
            # The workers leave by a connection that still works.
            proxy.heal()


@pytest.fixture(scope="module")
async def behind(
    serving_behind: tuple[EmbeddedServer, Proxy, RunningServer],
) -> AsyncIterator[Behind]:
    """One for all tests of a file; each has a tenant of its own."""
    embedded, proxy, server = serving_behind
    db = Database.connect(embedded.url(APP), pool_size=2)
    yield Behind(server, db, embedded.url(SUPERUSER), proxy)
    await db.close()


def proxied_url(embedded: EmbeddedServer, proxy: Proxy) -> str:
    """The address of the role that serves, through the proxy; nothing of it is encrypted."""
    account = embedded.url(APP).partition("@")[0]
    plain = "sslmode=disable&gssencmode=disable"
    return f"{account}@127.0.0.1:{proxy.port}/{DATABASE}?{plain}"


@contextmanager
def _database_url(url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        yield
