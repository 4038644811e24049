"""Fixtures for tests of plugins. Their names are long because they stand beside a partner's own.

Their loop is that of the session: let tests run in it, too (``asyncio_default_test_loop_scope``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from core.db.database import Database
    from core.db.embedded import EmbeddedServer
    from server.testing.shop import Shop

OpenShop = Callable[..., "Awaitable[Shop]"]


@pytest.fixture(scope="session")
def tallybook_server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL of its own, which all workers of the run share."""
    from server.testing.postgres import shared_server

    with shared_server() as server:
        yield server


@pytest.fixture(scope="session")
def tallybook_new_database(tallybook_server: EmbeddedServer) -> Callable[[], str]:
    """Makes another empty database with the tables of core and of every registered plugin; its name is
    for ``tallybook_server.url(role, name)``."""
    from server.testing.postgres import databases

    return databases(tallybook_server)


@pytest.fixture(scope="session")
def tallybook_database_name(tallybook_new_database: Callable[[], str]) -> str:
    """The database of this worker."""
    return tallybook_new_database()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tallybook_database(
    tallybook_server: EmbeddedServer, tallybook_database_name: str
) -> AsyncIterator[Database]:
    """The pool of the worker's database, as the server has it."""
    from core.db.database import Database
    from core.db.roles import APP

    database = Database.connect(tallybook_server.url(APP, tallybook_database_name))
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tallybook_shop(tallybook_database: Database) -> AsyncIterator[OpenShop]:
    """Opens a shop, a tenant of its own that has these modules on: ``await tallybook_shop("name")``.

    When the test is over, the books of every shop must tally.
    """
    from core.ledger.verify import verify
    from server.testing.shop import Shop

    opened: list[Shop] = []

    async def open_(*modules: str, **facts: Any) -> Shop:
        shop = await Shop.open(tallybook_database, **facts)
        opened.append(shop)
        for module in modules:
            await shop.switch(module, on=True)
        return shop

    yield open_
    for shop in opened:
        await shop.client.aclose()
        assert await verify(tallybook_database, shop.principal.tenant_id) == []
