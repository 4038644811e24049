"""Worlds and shops whose books and units must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from plugins.serial_numbers import plugin
from plugins.serial_numbers.plugin import manifest
from schema.compose import ComposedSchema, composed_schema
from tests.core.extension.making import switch_on
from tests.plugins.serial_numbers.stores import NAME, Store
from tests.shop import Shop


@pytest.fixture(scope="module")
def installed() -> Iterator[Registry]:
    """The module is all there is besides core."""
    with using(Registry([Plugin(manifest, plugin)])) as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(installed: Registry) -> ComposedSchema:
    return composed_schema(installed)


@pytest.fixture
async def store(db: Database, installed: Registry) -> AsyncIterator[Store]:
    """A tenant that has the module on, without HTTP in between."""
    store = await Store.start(db)
    yield store
    await store.tallies()


@pytest.fixture
async def shop(db: Database, schema: ComposedSchema) -> AsyncIterator[Shop]:
    """A shop that has the module on, spoken to over HTTP."""
    shop = await Shop.open(db, schema=schema, modules={NAME})
    await switch_on(db, shop.principal, NAME)
    yield shop
    tenant = shop.principal.tenant_id
    assert await verify(db, tenant, deep=True) == []
    async with db.snapshot(tenant) as tx:
        assert await plugin.differences(tx) == []
