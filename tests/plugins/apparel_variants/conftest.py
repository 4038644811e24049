"""Shops with the module on, whose books must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from plugins.apparel_variants import plugin, tables
from schema.compose import ComposedSchema, composed_schema
from tests.core.extension.making import switch_on
from tests.plugins.apparel_variants.boutique import NAME, Boutique
from tests.shop import Shop


@pytest.fixture(scope="module")
def installed() -> Iterator[Registry]:
    """The module is all there is besides core."""
    with using(Registry([Plugin(plugin.manifest, plugin)])) as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(installed: Registry) -> ComposedSchema:
    return composed_schema(installed)


@pytest.fixture
async def boutique(db: Database, schema: ComposedSchema) -> AsyncIterator[Boutique]:
    """A shop that has the module on."""
    shop = await Shop.open(db, schema=schema, modules=[NAME])
    await switch_on(db, shop.principal, NAME)
    yield Boutique(shop)
    tenant = shop.principal.tenant_id
    assert await verify(db, tenant, deep=True) == []
    async with db.snapshot(tenant) as tx:
        assert await tables.differences(tx) == []
