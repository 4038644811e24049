"""One server of two processes for the package, and a crowd of clients per test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from tests.races.crowd import CLIENTS, Client, Crowd
from tests.serving import RunningServer, running_server

WORKERS = 2


@pytest.fixture(scope="session")
def served() -> Iterator[RunningServer]:
    """The server; its data folder and its database are of the package alone."""
    if sys.platform != "linux":
        pytest.skip("which process answered is read in /proc")
    with running_server(workers=WORKERS) as server:
        yield server


@pytest.fixture(scope="session")
async def books(served: RunningServer) -> AsyncIterator[Database]:
    """The server's database, to verify what came of it."""
    database = Database.connect(served.address.app_url, pool_size=2)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def clients(served: RunningServer) -> AsyncIterator[list[Client]]:
    """Programs with a connection each, which every test signs in anew."""
    clients = [Client(served) for _ in range(CLIENTS)]
    yield clients
    for client in clients:
        await client.http.aclose()


@pytest.fixture
async def crowd(books: Database, clients: list[Client]) -> AsyncIterator[Crowd]:
    """Clients at both processes, in a tenant of the test's own. When it is over both must have answered
    their part, and the books must tally, history too."""
    crowd = await Crowd.enter(books, clients)
    yield crowd
    await crowd.finish()
