"""One server of two processes for the package, and a crowd of clients per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from tests.races.crowd import CLIENTS, Crowd
from tests.serving import RunningServer, running_server

WORKERS = 2


@pytest.fixture(scope="session")
def served() -> Iterator[RunningServer]:
    """The server; its data folder and its database are of the package alone."""
    with running_server(workers=WORKERS) as server:
        yield server


@pytest.fixture(scope="session")
async def books(served: RunningServer) -> AsyncIterator[Database]:
    """The server's database, to verify what came of it."""
    database = Database.connect(served.address.app_url, pool_size=2)
    yield database
    await database.close()


@pytest.fixture
async def crowd(served: RunningServer, books: Database) -> AsyncIterator[Crowd]:
    """Clients at both processes. When the test is over both must have answered their part, and the
    books must tally, history too."""
    crowd = await Crowd.open(served, books, CLIENTS)
    yield crowd
    await crowd.finish()
