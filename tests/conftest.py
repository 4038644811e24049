"""One embedded PostgreSQL for the whole run, one database per worker, a fresh tenant per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from core.db import roles
from core.db.database import Database
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from core.tenancy.directory.tables import Tenant
from tests.shop import Shop


@pytest.fixture(scope="session")
def server(tallybook_server: EmbeddedServer) -> EmbeddedServer:
    """The server all workers share; its own database is migrated and serves as the template."""
    return tallybook_server


@pytest.fixture(scope="session")
def new_database(tallybook_new_database: Callable[[], str]) -> Callable[[], str]:
    """Makes another migrated, empty database; its name is for ``server.url(role, name)``."""
    return tallybook_new_database


@pytest.fixture(scope="session")
def database_name(tallybook_database_name: str) -> str:
    """The database of this worker."""
    return tallybook_database_name


@pytest.fixture(scope="session")
def database_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for the role that serves."""
    return server.url(roles.APP, database_name)


@pytest.fixture(scope="session")
def owner_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for the owner of the tables."""
    return server.url(roles.OWNER, database_name)


@pytest.fixture(scope="session")
def superuser_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for who may do anything, row-level security included."""
    return server.url(SUPERUSER, database_name)


@pytest.fixture(scope="session")
def db(tallybook_database: Database) -> Database:
    """The pool of the worker's database, as the server has it."""
    return tallybook_database


@pytest.fixture
async def tenant(db: Database) -> Tenant:
    """A tenant that no other test sees."""
    return await tenancy.create_tenant(db, f"tenant {uuid4()}")


@pytest.fixture
async def shop(db: Database) -> AsyncIterator[Shop]:
    """A shop whose books must tally when the test is over."""
    shop = await Shop.open(db)
    yield shop
    assert await verify(db, shop.principal.tenant_id) == []
