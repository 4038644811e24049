"""What a merchandiser reads: sell-through, broken runs shop by shop, figures of many styles at once."""

from __future__ import annotations

from typing import Any

from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.apparel_variants.boutique import NAME, Boutique
from tests.plugins.apparel_variants.tailor import STYLE, Tailor, row
from tests.plugins.apparel_variants.test_entry import ARCHIVE, place
from tests.shop import Json, Shop

SELL_THROUGH = """query($by: ApparelVariantsGroupBy!, $f: ApparelVariantsSalesFilterInput, $n: Int,
  $a: String) {
  apparelVariantsSellThrough(groupBy: $by, filter: $f, first: $n, after: $a) { totalCount
    pageInfo { hasNextPage endCursor }
    nodes { key name received sold onHand sellThrough } } }"""
RUNS = """query($f: ApparelVariantsRunFilterInput) { apparelVariantsBrokenRuns(filter: $f) { totalCount
  nodes { colour { code } place { code } sizes onHand missing } } }"""


async def told(tailor: Tailor, by: str, **wanted: Any) -> list[list[Any]]:
    found = await tailor.shop.ask(SELL_THROUGH, by=by, f=wanted)
    page = found["apparelVariantsSellThrough"]
    assert page["totalCount"] == len(page["nodes"])
    return [list(node.values()) for node in page["nodes"]]


async def test_sell_through_by_season_and_the_like(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt(season="summer", year=2026, band="1")
    coat_facts = {"code": "C1", "name": "Coat", "season": "winter", "year": 2025}
    coat = {"style": (await tailor.done(STYLE, **coat_facts, colourIds=[shirt["RED"]]))["style"]}
    plain = {"style": (await tailor.done(STYLE, code="P1", name="Plain"))["style"]}
    there = await place(tailor, "SHOP")
    red, blue = shirt["RED"], shirt["BLUE"]
    rows = row(red, "4", "4", None), row(blue, None, "2", None)
    came = await tailor.posted(shirt, "receipt", *rows, unitPrice="1")
    await tailor.posted(coat, "receipt", row(red, "10"), unitPrice="1")
    await tailor.posted(plain, "opening", {"cells": ["5"]}, unitPrice="1")
    await tailor.posted(shirt, "return_to_supplier", row(red, "1", None, None), sourceId=came["id"])
    await tailor.posted(shirt, "transfer", row(red, None, "3", None), toPlaceId=there)
    sold = await tailor.posted(shirt, "issue", row(red, None, "3", None), placeId=there)
    await tailor.posted(
        shirt, "return_from_customer", row(red, None, "1", None), sourceId=sold["id"]
    )
    await tailor.posted(coat, "issue", row(red, "5"))

    assert await told(tailor, "SEASON") == [
        ["summer", None, "9", "2", "7", "22.22"],
        ["winter", None, "10", "5", "5", "50.00"],
    ]
    assert await told(tailor, "YEAR", season="winter") == [["2025", None, "10", "5", "5", "50.00"]]
    assert await told(tailor, "BAND") == [["1", None, "9", "2", "7", "22.22"]]
    assert await told(tailor, "STYLE") == [
        ["C1", "Coat", "10", "5", "5", "50.00"],
        ["P1", "Plain", "0", "0", "5", "0.00"],
        ["T1", "Shirt", "9", "2", "7", "22.22"],
    ]
    assert await told(tailor, "COLOUR", styleId=shirt["style"]["id"]) == [
        ["BLUE", "blue", "2", "0", "2", "0.00"],
        ["RED", "red", "7", "2", "5", "28.57"],
    ]
    assert await told(tailor, "SIZE", year=2026, band="1") == [
        ["L", None, "0", "0", "0", None],
        ["M", None, "6", "2", "4", "33.33"],
        ["S", None, "3", "0", "3", "0.00"],
    ]
    # What is on its way lies nowhere, here as in matrices
    await tailor.posted(coat, "dispatch", row(red, "1"), toPlaceId=there)
    assert await told(tailor, "YEAR", season="winter") == [["2025", None, "10", "5", "4", "55.56"]]
    # The shop's own: what came back, came back to where the matrix said (the main place)
    assert await told(tailor, "SEASON", placeId=there, season="summer") == [
        ["summer", None, "0", "3", "0", "100.00"]
    ]
    # Before the day nothing was there; from the day after on nothing happened
    assert await told(tailor, "SEASON", until="2026-03-01", season="winter") == [
        ["winter", None, "0", "0", "0", None]
    ]
    assert await told(tailor, "SEASON", since="2026-03-03", season="winter") == [
        ["winter", None, "0", "0", "4", "0.00"]
    ]

    seen: list[str] = []
    after = None
    for more in (True, True, False):
        asked = {"by": "STYLE", "n": 1, "a": after}
        page = (await tailor.shop.ask(SELL_THROUGH, **asked))["apparelVariantsSellThrough"]
        seen += [node["key"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, more)
    assert seen == ["C1", "P1", "T1"]


async def test_what_is_broken_in_one_shop_may_lie_in_another(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt(season="summer", band="2")
    shop = await place(tailor, "SHOP")
    shelf = {
        "commandId": str(uuid7()),
        "code": "SHELF",
        "name": "shelf",
        "kind": "BIN",
        "parentId": shop,
    }
    made = await tailor.shop.ask(
        "mutation($i: CreatePlaceInput!) { createPlace(input: $i) { place { id } } }", i=shelf
    )
    bin_ = made["createPlace"]["place"]["id"]
    red = shirt["RED"]
    await tailor.posted(shirt, "other_in", row(red, "1", "1", "1"), unitPrice="1")
    await tailor.posted(shirt, "other_in", row(red, "1", None, None), unitPrice="1", placeId=shop)
    await tailor.posted(shirt, "other_in", row(red, None, None, "2"), unitPrice="1", placeId=bin_)

    async def runs(**wanted: Any) -> list[Json]:
        found = (await tailor.shop.ask(RUNS, f=wanted))["apparelVariantsBrokenRuns"]
        assert found["totalCount"] == len(found["nodes"])
        nodes: list[Json] = found["nodes"]
        return nodes

    assert await runs() == []
    in_shop = {"colour": {"code": "RED"}, "place": {"code": "SHOP"}, "sizes": ["S", "M", "L"]}
    in_shop |= {"onHand": ["1", "0", "2"], "missing": ["M"]}
    assert await runs(eachPlace=True, band="2") == [in_shop]
    assert await runs(placeId=shop) == [{**in_shop, "place": None}]
    assert await runs(eachPlace=True, band="3") == []
    # What is on its way has come nowhere yet
    head = {"placeId": bin_, "toPlaceId": tailor.shop.places["MAIN"]}
    await tailor.posted(shirt, "dispatch", row(red, None, None, "2"), **head)
    assert [one["missing"] for one in await runs(eachPlace=True)] == [["M", "L"]]
    back = row(red, None, None, "2")
    await tailor.posted(shirt, "other_in", back, unitPrice="1", placeId=bin_)

    # A size that was given up is not missing
    gone = {"id": shirt["style"]["id"], "revision": 1, "sizeIds": [shirt["M"]]}
    await tailor.done(ARCHIVE, **gone)
    assert await runs(eachPlace=True) == []


WORTH = """query($ids: [ID!]!, $place: ID) { apparelVariantsGrids(ids: $ids, placeId: $place) {
  rows { colourCode worth { bySize total averageCost } }
  totals { worth { bySize total averageCost } } } }"""


async def test_what_a_style_cost_is_told_by_variant_and_in_all(
    boutique: Boutique, schema: ComposedSchema
) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    there = await place(tailor, "SHOP")
    red, blue = shirt["RED"], shirt["BLUE"]
    await tailor.posted(shirt, "other_in", row(red, "2", "1", None), unitPrice="10")
    await tailor.posted(shirt, "other_in", row(red, "2", None, None), unitPrice="20")
    await tailor.posted(shirt, "other_in", row(blue, None, "3", None), unitPrice="7.01")
    await tailor.posted(shirt, "transfer", row(red, "1", None, None), toPlaceId=there)
    await tailor.posted(shirt, "dispatch", row(blue, None, "1", None), toPlaceId=there)
    asked = {"ids": [shirt["style"]["id"]]}
    (grid,) = (await tailor.shop.ask(WORTH, **asked))["apparelVariantsGrids"]
    assert [one["worth"] for one in grid["rows"]] == [
        {"bySize": ["0", "14.02", "0"], "total": "14.02", "averageCost": "7.010000"},
        {"bySize": ["60.00", "10.00", "0"], "total": "70.00", "averageCost": "14.000000"},
    ]
    assert grid["totals"]["worth"] == {
        **{"bySize": ["60.00", "24.02", "0"], "total": "84.02", "averageCost": "12.002857"}
    }
    (grid,) = (await tailor.shop.ask(WORTH, **asked, place=there))["apparelVariantsGrids"]
    assert grid["totals"]["worth"]["bySize"] == ["15.00", "0", "0"]

    # Whoever may not see costs is shown none
    tenant = tailor.shop.principal.tenant_id
    keeper = await Shop.enter(
        tailor.shop.database, tenant, roles=("storekeeper",), schema=schema, modules=[NAME]
    )
    (grid,) = (await keeper.ask(WORTH, **asked))["apparelVariantsGrids"]
    assert grid["totals"]["worth"] is None
