"""Recipes in figures: theoretical against actual use, and cost cards, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.kitchen import Kitchen, sent
from tests.plugins.bom_manufacturing.workshop import NAME, Workshop
from tests.shop import Json, Shop, line

D = Decimal
USAGE = """query($since: Date!, $until: Date!, $placeId: ID, $itemIds: [ID!], $first: Int, $after: String) {
  bomManufacturingUsage(since: $since, until: $until, placeId: $placeId, itemIds: $itemIds,
      first: $first, after: $after) {
    nodes { item { code } opening received closing actual theoretical waste internalUse
      variance variancePercent variancePercent varianceValue }
    pageInfo { hasNextPage endCursor } } }"""
CARD = """query($itemId: ID!, $on: Date) { bomManufacturingRecipeCard(itemId: $itemId, on: $on) {
  version portions cost listPrice margin marginPercent item { code }
  lines { quantity cost sharePercent item { code } } } }"""
WEEK = {"since": "2026-03-02", "until": "2026-03-08"}


@pytest.fixture
async def kitchen(workshop: Workshop) -> Kitchen:
    found = await Kitchen.open(workshop)
    await found.ingredient("FLOUR", "5", "4")
    await found.ingredient("BONE", "2", "20")
    await found.dish("BROTH", {"BONE": "0.25"})
    await found.dish("NOODLES", {"FLOUR": "1.5", "BROTH": "2"}, outputQuantity="10")
    return found


async def usage(shop: Shop, **chosen: Any) -> dict[str, Json]:
    found = (await shop.ask(USAGE, **{**WEEK, **chosen}))["bomManufacturingUsage"]["nodes"]
    return {
        one["item"]["code"]: {
            name: None if value is None else D(value)
            for name, value in one.items()
            if name != "item"
        }
        for one in found
    }


async def test_a_week_of_theoretical_against_actual_use(kitchen: Kitchen) -> None:
    shop, items = kitchen.workshop.shop, kitchen.workshop.items
    flour = items["FLOUR"]
    await shop.posted("receipt", line(flour, "10", "4"), on="2026-03-03")
    for on in ("2026-03-02", "2026-03-04", "2026-03-09"):
        await kitchen.sell("NOODLES", "20", on=on)
        await kitchen.close(on)
    await shop.posted("scrap", line(flour, "0.5"), on="2026-03-05")
    await shop.posted("internal_use", line(flour, "0.25"), on="2026-03-06")
    # 5 + 10 − 3 − 3 − 0.5 − 0.25 are in the books on the 8th; the count finds 0.6 less.
    await shop.posted("count", line(flour, "7.65"), on="2026-03-08")
    found = (await usage(shop))["FLOUR"]
    assert found == {
        **{"opening": D(5), "received": D(10), "closing": D("7.65"), "actual": D("7.35")},
        **{"theoretical": D(6), "waste": D("0.5"), "internalUse": D("0.25")},
        **{"variance": D("0.6"), "variancePercent": D(10), "varianceValue": D("2.40")},
    }
    days = {"since": "2026-03-09", "until": "2026-03-31"}
    later = (await usage(shop, **days))["FLOUR"]
    assert (later["opening"], later["closing"], later["theoretical"]) == (
        *(D("7.65"), D("4.65")),
        D(3),
    )
    assert (later["variance"], later["variancePercent"], later["varianceValue"]) == (0, 0, 0)


async def test_a_count_reversed_is_no_variance(kitchen: Kitchen) -> None:
    shop, flour = kitchen.workshop.shop, kitchen.workshop.items["FLOUR"]
    await kitchen.sell("NOODLES", "20")
    await kitchen.close()
    counted = await shop.posted("count", line(flour, "1"), on="2026-03-05")
    assert (await usage(shop))["FLOUR"]["variance"] == 1
    assert await kitchen.reverse(counted) == []
    found = (await usage(shop))["FLOUR"]
    assert (found["variance"], found["varianceValue"], found["closing"]) == (0, 0, 2)


async def test_usage_is_paged_and_filtered(kitchen: Kitchen) -> None:
    shop, items = kitchen.workshop.shop, kitchen.workshop.items
    await kitchen.sell("NOODLES", "20")
    await kitchen.close()
    first = (await shop.ask(USAGE, **WEEK, first=1))["bomManufacturingUsage"]
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    second = (await shop.ask(USAGE, **WEEK, first=1, after=after))["bomManufacturingUsage"]
    codes = [one["item"]["code"] for page in (first, second) for one in page["nodes"]]
    assert sorted(codes) == ["BONE", "FLOUR"]
    assert not second["pageInfo"]["hasNextPage"]
    assert {*await usage(shop, itemIds=[items["BONE"]])} == {"BONE"}
    assert {*await usage(shop, placeId=shop.places["MAIN"])} == {"BONE", "FLOUR"}
    wrong = await shop.raw(USAGE, since="2026-03-02", until="2026-03-01")
    assert wrong["errors"][0]["extensions"]["code"] == "BOM_MANUFACTURING_OUT_OF_RANGE"


async def test_many_ingredients_take_as_many_statements_as_one(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    spices = [f"SPICE{n}" for n in range(12)]
    for code in spices:
        await kitchen.ingredient(code)
    await kitchen.dish("CURRY", dict.fromkeys(spices, "0.01"))
    await kitchen.sell("CURRY", "3")
    await kitchen.close()
    counts = []
    for first in (1, 12):
        with sent(monkeypatch) as count:
            found = await kitchen.workshop.shop.ask(USAGE, **WEEK, first=first)
        assert len(found["bomManufacturingUsage"]["nodes"]) == first
        counts.append(count[0])
    assert counts[0] == counts[1] > 0


async def test_a_card_tells_what_a_portion_costs_and_earns(kitchen: Kitchen) -> None:
    shop, items = kitchen.workshop.shop, kitchen.workshop.items
    found = (await shop.ask(CARD, itemId=items["NOODLES"]))["bomManufacturingRecipeCard"]
    # 1.5 of flour at 4 and 2 × 0.25 of bone at 20 make ten portions.
    assert (found["portions"], found["cost"], found["listPrice"]) == ("10", "1.6000", "30")
    assert (found["margin"], found["marginPercent"]) == ("28.4000", "94.67")
    lines = [
        (one["item"]["code"], D(one["quantity"]), D(one["cost"]), D(one["sharePercent"]))
        for one in found["lines"]
    ]
    assert lines == [
        ("FLOUR", D("0.15"), D("0.6"), D("37.5")),
        ("BROTH", D("0.2"), D(1), D("62.5")),
    ]
    none = await shop.ask(CARD, itemId=items["FLOUR"])
    assert none["bomManufacturingRecipeCard"] is None


async def test_a_card_goes_by_the_last_cost_where_nothing_is_there(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "100")
    day = await kitchen.close()
    assert day["belowZero"]
    sold_out = kitchen.workshop.items["NOODLES"]
    found = await kitchen.workshop.shop.ask(CARD, itemId=sold_out)
    assert found["bomManufacturingRecipeCard"]["cost"] == "1.6000"


async def test_costs_are_for_whoever_may_see_them(kitchen: Kitchen, schema: ComposedSchema) -> None:
    shop = kitchen.workshop.shop
    await kitchen.sell("NOODLES", "20")
    await kitchen.close()
    await shop.posted("count", line(kitchen.workshop.items["FLOUR"], "1"), on="2026-03-05")
    tenant = shop.principal.tenant_id
    keeper = await Shop.enter(
        shop.database, tenant, roles=("storekeeper",), schema=schema, modules={NAME}
    )
    found = await keeper.raw(USAGE, **WEEK)
    nodes = found["data"]["bomManufacturingUsage"]["nodes"]
    assert {one["varianceValue"] for one in nodes} == {None}
    assert {D(one["variance"]) for one in nodes} == {D(0), D(1)}
    card = await keeper.raw(CARD, itemId=kitchen.workshop.items["NOODLES"])
    assert card["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    may = await replace(kitchen, workshop=replace(kitchen.workshop, shop=keeper)).send()
    assert may["errors"] == []
