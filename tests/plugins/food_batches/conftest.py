"""A database that has the tables of the module as well, apart from that of the other tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.db import migrate, roles
from core.db.database import Database
from core.db.embedded import EmbeddedServer
from plugins.food_batches.plugin import manifest
from tests.ledger_world import World

assert isinstance(manifest.migrations, Path)
FOOD = migrate.Component(manifest.name, (manifest.migrations,))


@pytest.fixture(scope="session")
def food_name(server: EmbeddedServer, new_database: Callable[[], str]) -> str:
    """The name of a database that was migrated with the module."""
    name = new_database()
    assert migrate.upgrade(server.url(roles.OWNER, name), [migrate.CORE, FOOD]) == [
        "food_batches_0001"
    ]
    return name


@pytest.fixture(scope="session")
async def food_db(server: EmbeddedServer, food_name: str) -> AsyncIterator[Database]:
    """The pool of that database."""
    database = Database.connect(server.url(roles.APP, food_name))
    yield database
    await database.close()


@pytest.fixture
async def world(food_db: Database) -> AsyncIterator[World]:
    """A tenant in it; its books must tally in the end."""
    world = await World.open(food_db)
    yield world
    await world.tallies()
