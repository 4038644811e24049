"""Sets of modules are switched off and on again over HTTP, with goods under all their controls: the books and
core's schema stay, and what stands in the way says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from core.db.database import Database
from schema.compose import ComposedSchema
from tests.plugins.together.mall import HOLD, Mall
from tests.plugins.together.sets import FOOD, SERIAL, TOGETHER, name_of
from tests.shop import Json, Shop

STOCK = """{ stock(first: 100) { nodes { item { id } place { id } lot { id code } quantity value } } }"""


async def seen(shop: Shop) -> tuple[str, list[Json]]:
    """The schema as the tenant sees it, and its stock."""
    told: Any = await shop.ask(get_introspection_query())
    stock: list[Json] = (await shop.ask(STOCK))["stock"]["nodes"]
    return print_schema(build_client_schema(told)), stock


async def trade(mall: Mall) -> None:
    """Two batches of three pieces each in both sizes, some of which are sold and moved."""
    for item in mall.items:
        size = item[-1]
        await mall.receive("LATE", 40, *(f"{size}L{n}" for n in range(3)), item=item)
        await mall.receive("EARLY", 5, *(f"{size}E{n}" for n in range(3)), item=item)
        await mall.posted("issue", mall.line(1, item=item))
        to = mall.shop.places["SHOP"]
        await mall.posted("transfer", mall.line(1, item=item), toPlaceId=to)


@pytest.mark.parametrize("set_", TOGETHER, ids=name_of)
async def test_off_and_on_again(db: Database, schema: ComposedSchema, set_: Sequence[str]) -> None:
    shop = await Shop.open(db, schema=schema)
    core, nothing = await seen(shop)
    assert nothing == []
    for module in set_:
        await shop.switch(module, on=True)
    mall = await Mall.of(shop, set_)
    await trade(mall)
    whole, stock = await seen(shop)
    assert whole != core
    for order in (set_, set_[::-1]):
        for module in order:
            await shop.switch(module, on=False)
            assert (await seen(shop))[1] == stock
        assert await seen(shop) == (core, stock)
        for module in order:
            await shop.switch(module, on=True)
            assert (await seen(shop))[1] == stock
        assert await seen(shop) == (whole, stock)
        await mall.tallies()
    await mall.posted("issue", mall.line(3))
    await mall.tallies()


async def test_what_stands_in_the_way_says_so(db: Database, schema: ComposedSchema) -> None:
    shop = await Shop.open(db, schema=schema)
    for module in (FOOD, SERIAL):
        await shop.switch(module, on=True)
    mall = await Mall.of(shop, (FOOD, SERIAL), cost_scope="ITEM")
    await trade(mall)

    # The batch is held, and all that is left of it are numbers.
    batch = {"id": mall.batch_id("EARLY"), "reason": "torn"}
    await mall.done(HOLD % "Hold", **batch)
    [error] = await shop.try_switch(FOOD, on=False)
    assert error["code"] == "FOOD_BATCHES_STOPPED_IN_STOCK"
    await mall.done(HOLD % "Release", **batch)

    # Without its module, numbers go with their batch, first in first out, and goods come without one.
    await shop.switch(SERIAL, on=False)
    await mall.posted("issue", mall.line(1, lotCode="LATE"))
    await mall.posted("receipt", mall.line(1, price="5", lotCode="LATE"))
    [error] = await shop.try_switch(SERIAL, on=True)
    assert error["code"] == "MODULE_OBSTACLE"
    assert error["message"].startswith(
        "The module serial_numbers cannot be switched on yet. G-S has"
    )
    told = (await shop.ask("{ modules { name obstacles { code details } } }"))["modules"]
    [obstacle] = next(one["obstacles"] for one in told if one["name"] == SERIAL)
    assert obstacle["details"]["code"] == "SERIAL_NUMBERS_STOCK_WITHOUT_NUMBERS"
    # What a batch has besides its parts lies in itself.
    left = await mall.left()
    assert isinstance(left["MAIN"], set)
    assert "LATE" in left["MAIN"]
    await mall.posted("issue", mall.line(3, lotCode="LATE"))
    await shop.switch(SERIAL, on=True)
    states = await shop.ask(
        "query($i: ID!) { serialNumbersUnits(itemId: $i) { nodes { number state } } }",
        i=mall.items["G-S"],
    )
    found = {one["number"]: one["state"] for one in states["serialNumbersUnits"]["nodes"]}
    assert {found[f"SL{n}"] for n in range(3)} == {"ISSUED"}
    await mall.tallies()
