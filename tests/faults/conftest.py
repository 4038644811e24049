"""A real server that is meant to suffer: two workers, a database of its own that waits for the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from core.db.database import Database
from core.db.embedded import SUPERUSER
from tests.faults.load import Load
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
