"""Worlds whose books must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from plugins.food_batches import plugin, tables
from plugins.food_batches.plugin import manifest
from schema.compose import ComposedSchema, composed_schema
from tests.ledger_world import World
from tests.plugins.food_batches import shops
from tests.plugins.food_batches.market import Market
from tests.shop import Shop


@pytest.fixture
async def world(db: Database) -> AsyncIterator[World]:
    """A tenant; the tables of the module are there as those of every installed plugin."""
    world = await World.open(db)
    yield world
    await world.tallies()


@pytest.fixture(scope="module")
def installed() -> Iterator[Registry]:
    """The module is all there is besides core."""
    with using(Registry([Plugin(manifest, plugin)])) as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(installed: Registry) -> ComposedSchema:
    return composed_schema(installed)


@pytest.fixture
async def market(db: Database, schema: ComposedSchema) -> AsyncIterator[Market]:
    """A shop that has the module on; its books must tally in the end, the module's own rows too."""
    market = await Market.start(db, schema)
    yield market
    await market.tallies()


@pytest.fixture
async def food_shop(db: Database, schema: ComposedSchema) -> AsyncIterator[Shop]:
    """A shop with the module on, whose books and batches must tally in the end."""
    shop = await shops.open_shop(db, schema)
    yield shop
    assert await verify(db, shop.principal.tenant_id) == []
    async with db.snapshot(shop.principal.tenant_id) as tx:
        assert await tables.differences(tx) == []
