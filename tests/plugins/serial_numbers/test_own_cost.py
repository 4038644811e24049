"""In the electronics edition a phone costs what it cost, and a cable what cables cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from core.tenancy.service import create_tenant
from schema.compose import ComposedSchema
from tests.plugins.serial_numbers.test_story import of
from tests.shop import Json, Shop, line

CREATE = """mutation($i: CreateItemInput!) { createItem(input: $i) { item { id revision costScope }
  errors { code path } } }"""
UPDATE = """mutation($i: UpdateItemInput!) { updateItem(input: $i) { item { id revision costScope }
  errors { code path } } }"""
STOCK = "{ stock(first: 50) { nodes { item { code } quantity value } } }"
SETTINGS = "{ viewer { tenant { settings { costingMethod costScope } } } modules { name enabled } }"


@pytest.fixture
async def shop(db: Database, schema: ComposedSchema) -> AsyncIterator[Shop]:
    """A shop of the electronics edition, as it is from the start."""
    tenant = await create_tenant(db, f"electronics {uuid7()}", "electronics")
    shop = await Shop.enter(
        db, tenant.id, roles=("administrator",), schema=schema, modules={"serial_numbers"}
    )
    yield shop
    assert await verify(db, tenant.id, deep=True) == []


async def made(shop: Shop, code: str, **facts: Any) -> Json:
    sent = {"commandId": str(uuid7()), "code": code, "name": code, **facts}
    payload = (await shop.ask(CREATE, i=sent))["createItem"]
    assert payload["errors"] == []
    item: Json = payload["item"]
    return item


async def changed(shop: Shop, item: Json, **facts: Any) -> Json:
    sent = {"commandId": str(uuid7()), "id": item["id"], "revision": item["revision"], **facts}
    payload = (await shop.ask(UPDATE, i=sent))["updateItem"]
    assert payload["errors"] == []
    after: Json = payload["item"]
    return after


async def worth(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    """Quantities and values of stock, by item."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in (await shop.ask(STOCK))["stock"]["nodes"]:
        found.setdefault(row["item"]["code"], []).append((row["quantity"], row["value"]))
    return {code: sorted(rows) for code, rows in found.items()}


async def test_phones_cost_what_they_cost_and_cables_their_average(shop: Shop) -> None:
    told = await shop.ask(SETTINGS)
    assert told["viewer"]["tenant"]["settings"] == {
        "costingMethod": "MOVING_AVERAGE",
        "costScope": "ITEM",
    }
    assert told["modules"] == [{"name": "serial_numbers", "enabled": True}]
    phone = await made(shop, "PHONE", serialNumbers={})
    pooled = await made(shop, "POOLED", serialNumbers={}, costScope="ITEM")
    cable = await made(shop, "CABLE")
    assert [one["costScope"] for one in (phone, pooled, cable)] == ["SERIAL", "ITEM", None]
    for price, number, quantity in (("100", "S1", "10"), ("200", "S2", "30")):
        await shop.posted(
            "receipt",
            of(phone["id"], 1, price, numbers=[number]),
            of(pooled["id"], 1, price, numbers=[number]),
            line(cable["id"], quantity, price),
        )
    await shop.posted(
        "issue",
        of(phone["id"], 1, numbers=["S2"]),
        of(pooled["id"], 1, numbers=["S2"]),
        line(cable["id"], "4"),
        on="2026-03-03",
    )
    assert await worth(shop) == {
        "PHONE": [("1", "100.00")],
        "POOLED": [("1", "150.00")],
        "CABLE": [("36", "6300.00")],
    }


async def test_the_scope_follows_control_until_the_item_moves(shop: Shop) -> None:
    item = await made(shop, "SCREEN")
    item = await changed(shop, item, serialNumbers={})
    assert item["costScope"] == "SERIAL"
    item = await changed(shop, item, serialNumbers={"warrantyMonths": 6})
    assert item["costScope"] == "SERIAL"
    item = await changed(shop, item, serialNumbers=None)
    assert item["costScope"] is None
    # What has moved keeps the scope that it moved with, whichever it was.
    await shop.posted("receipt", line(item["id"], "2", "5"))
    await shop.posted("issue", line(item["id"], "2"), on="2026-03-03")
    item = await changed(shop, item, serialNumbers={})
    assert item["costScope"] is None
    await shop.posted("receipt", of(item["id"], 1, "7", numbers=["S1"]), on="2026-03-04")
    assert await worth(shop) == {"SCREEN": [("1", "7.00")]}


async def test_control_ends_and_the_scope_that_was_told_stays(shop: Shop) -> None:
    item = await made(shop, "CASE", serialNumbers={}, costScope="ITEM_PLACE")
    item = await changed(shop, item, serialNumbers=None)
    assert item["costScope"] == "ITEM_PLACE"
