"""A workshop: a shop with the module on, whose books must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from core.plugin_api import today
from plugins.bom_manufacturing import plugin
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.bom_manufacturing.planner import Planner
from tests.plugins.bom_manufacturing.workshop import Workshop


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    """The module is all there is besides core."""
    with using(Registry([Plugin(plugin.manifest, plugin)])) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def workshop(db: Database, schema: ComposedSchema) -> AsyncIterator[Workshop]:
    found = await Workshop.open(db, schema)
    yield found
    assert await verify(db, found.shop.principal.tenant_id) == []


@pytest.fixture
async def planner(workshop: Workshop) -> Planner:
    """A workshop that works on all days, and sells what is not there yet."""
    shop = workshop.shop
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        found = Planner(workshop, await today(tx))
    await found.ready()
    return found
