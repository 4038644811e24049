"""A workshop: a shop with the module on, whose books must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from plugins.bom_manufacturing import plugin
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.bom_manufacturing.outwork import Outwork
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
async def outwork(workshop: Workshop) -> Outwork:
    return await Outwork.open(workshop)
