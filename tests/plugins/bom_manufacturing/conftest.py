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
from tests.plugins.bom_manufacturing.outwork import Outwork
from tests.plugins.bom_manufacturing.planner import Planner
from tests.plugins.bom_manufacturing.works import Works
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
async def works(workshop: Workshop, schema: ComposedSchema) -> AsyncIterator[Works]:
    """A maker of P from two A and one B, with A at 2 and B at 3 in stock; history must come out the same
    when it is played again."""
    made = Works(workshop, schema)
    await workshop.save("P", await workshop.line("A", "2"), await workshop.line("B", "1"))
    await made.stock(A=("20", "2"), B=("10", "3"))
    yield made
    shop = workshop.shop
    assert await verify(shop.database, shop.principal.tenant_id, deep=True) == []


@pytest.fixture
async def planner(workshop: Workshop) -> Planner:
    """A workshop that works on all days, and sells what is not there yet."""
    shop = workshop.shop
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        found = Planner(workshop, await today(tx))
    await found.ready()
    return found


@pytest.fixture
async def outwork(workshop: Workshop) -> Outwork:
    return await Outwork.open(workshop)
