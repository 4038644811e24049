"""What a merchandiser, a buyer and a shop enter as a matrix, over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.ids import uuid7
from tests.plugins.apparel_variants.boutique import Boutique
from tests.plugins.apparel_variants.tailor import (
    ADD,
    COLOUR,
    DAY,
    GROUP,
    POST_GRID,
    STYLE,
    UPDATE,
    Tailor,
    row,
)
from tests.shop import Json, line

LINES = """query($id: ID!) { node(id: $id) { ... on Document { net total lines(first: 50) { nodes {
  no quantity unitPrice discountPct taxRate dueOn sourceLine item { code } } } } } }"""
ARCHIVE = """mutation($i: ApparelVariantsArchiveVariantsInput!) {
  apparelVariantsArchiveVariants(input: $i) { style { revision variants { item { code active } } }
    errors { code message path } } }"""
SALES = """query($ids: [ID!]!, $place: ID, $since: Date, $until: Date) {
  apparelVariantsGrids(ids: $ids, placeId: $place, since: $since, until: $until) {
    totals { onHandTotal soldTotal sellThrough } } }"""


async def lines_of(tailor: Tailor, document: Json) -> list[Json]:
    found = await tailor.shop.ask(LINES, id=document["id"])
    made: list[Json] = found["node"]["lines"]["nodes"]
    return made


async def place(tailor: Tailor, code: str, kind: str = "STORE") -> str:
    sent = {"commandId": str(uuid7()), "code": code, "name": code, "kind": kind}
    made = await tailor.shop.ask(
        "mutation($i: CreatePlaceInput!) { createPlace(input: $i) { place { id } } }", i=sent
    )
    key: str = made["createPlace"]["place"]["id"]
    return key


async def test_an_order_is_carried_out_matrix_by_matrix(boutique: Boutique) -> None:
    """Ordered with a discount, a tax and a day; received in parts; sold against its order; come back."""
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    red, blue = shirt["RED"], shirt["BLUE"]
    entry = {
        "styleId": shirt["style"]["id"],
        "rows": [row(red, "4", "6", "2"), row(blue, "1", "1", "1")],
    }
    entry |= {"unitPrice": "40", "discountPct": "10", "taxRate": "13", "dueOn": "2026-04-01"}
    head = {"businessDate": DAY, "placeId": tailor.shop.places["MAIN"]}
    order = await tailor.done(POST_GRID, type="purchase_order", styles=[entry], **head)
    first = (await lines_of(tailor, order["document"]))[0]
    assert (first["discountPct"], first["taxRate"], first["dueOn"]) == ("10", "13", "2026-04-01")

    # What comes costs what was ordered, unless somebody says otherwise
    source = {"sourceId": order["document"]["id"]}
    came = await tailor.posted(shirt, "receipt", row(red, "3", None, "2"), **source)
    assert [
        (one["quantity"], one["unitPrice"], one["taxRate"]) for one in await lines_of(tailor, came)
    ] == [
        ("3", "40", "13"),
        ("2", "40", "13"),
    ]
    assert came["net"] == "180.00"
    rest = row(red, "1", "6", None), row(blue, "1", "1", "1")
    dearer = await tailor.posted(shirt, "receipt", *rest, unitPrice="50", **source)
    assert {one["unitPrice"] for one in await lines_of(tailor, dearer)} == {"50"}
    beyond = await tailor.post(shirt, "receipt", row(blue, "1", None, None), **source)
    assert [(one["code"], one["path"][-3:]) for one in beyond["errors"]] == [
        ("BEYOND_ORDER", ["0", "cells", "0"])
    ]

    # Customers pay the list price; a return gives back what they paid
    sales = await tailor.posted(shirt, "sales_order", row(red, "2", "2", None))
    assert sales["net"] == "396.00"
    sold = await tailor.posted(
        shirt, "issue", row(red, "2", "2", None), sourceId=sales["id"], unitPrice="80"
    )
    back = await tailor.posted(
        shirt, "return_from_customer", row(red, "1", None, None), sourceId=sold["id"]
    )
    assert [(one["unitPrice"], one["sourceLine"]) for one in await lines_of(tailor, back)] == [
        ("80", 1)
    ]
    too_much = await tailor.post(
        shirt, "return_from_customer", row(red, "2", None, None), sourceId=sold["id"]
    )
    assert [one["path"][-2:] for one in too_much["errors"]] == [["cells", "0"]]
    grid = await tailor.grid(shirt)
    assert grid["rows"][1]["onHand"] == ["3", "4", "2"]
    assert grid["rows"][1]["sold"] == ["1", "2", "0"]


async def test_a_matrix_goes_back_to_all_lines_of_an_item(boutique: Boutique) -> None:
    """Two deliveries of one variant stand in the order as two lines, which fill up one after the other."""
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    items = {one["item"]["code"]: one["item"]["id"] for one in shirt["style"]["variants"]}
    small = items["T1-RED-S"]
    order = await tailor.shop.posted(
        "purchase_order", line(small, "2", "40"), line(small, "3", "30")
    )
    source = {"sourceId": order["id"]}
    for wanted, told in (
        ("1", [("1", "40", 1)]),
        ("3", [("1", "40", 1), ("2", "30", 2)]),
        ("1", [("1", "30", 2)]),
    ):
        came = await tailor.posted(
            shirt, "receipt", row(shirt["RED"], wanted, None, None), **source
        )
        found = await lines_of(tailor, came)
        assert [(one["quantity"], one["unitPrice"], one["sourceLine"]) for one in found] == told
    beyond = await tailor.post(shirt, "receipt", row(shirt["RED"], "1", None, None), **source)
    assert [one["code"] for one in beyond["errors"]] == ["BEYOND_ORDER"]


async def test_a_dispatch_arrives_as_a_matrix(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    there = await place(tailor, "SHOP")
    await tailor.posted(shirt, "other_in", row(shirt["RED"], "5", "5", None), unitPrice="1")
    sent = await tailor.posted(
        shirt, "dispatch", row(shirt["RED"], "3", "2", None), toPlaceId=there
    )
    await tailor.posted(
        shirt,
        "arrival",
        row(shirt["RED"], "2", "2", None),
        placeId=None,
        toPlaceId=there,
        sourceId=sent["id"],
    )
    assert (await tailor.grid(shirt, place=there))["rows"][1]["onHand"] == ["2", "2", "0"]
    assert (await tailor.grid(shirt))["totals"]["onHandTotal"] == "9"


async def test_only_what_was_counted_is_put_right(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    await tailor.posted(shirt, "other_in", row(shirt["RED"], "5", "6", "7"), unitPrice="1")
    counted = await tailor.posted(shirt, "count", row(shirt["RED"], "4", None, "0"))
    assert [one["item"]["code"] for one in counted["lines"]["nodes"]] == ["T1-RED-S", "T1-RED-L"]
    assert (await tailor.grid(shirt))["rows"][1]["onHand"] == ["4", "6", "0"]
    nothing = await tailor.post(shirt, "count", row(shirt["RED"], None, None, None))
    assert [(one["code"], one["path"]) for one in nothing["errors"]] == [
        ("APPAREL_VARIANTS_NO_QUANTITY", ["styles"])
    ]


async def test_what_a_shop_sold_is_told_by_place_and_time(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    shops = [await place(tailor, code) for code in ("S1", "S2")]
    await tailor.posted(shirt, "other_in", row(shirt["RED"], "20", None, None), unitPrice="1")
    for shop, moved, sold in zip(shops, ("8", "4"), ("6", "1"), strict=True):
        await tailor.posted(shirt, "transfer", row(shirt["RED"], moved, None, None), toPlaceId=shop)
        await tailor.posted(shirt, "issue", row(shirt["RED"], sold, None, None), placeId=shop)

    async def totals(**asked: Any) -> list[str]:
        found = await tailor.shop.ask(SALES, ids=[shirt["style"]["id"]], **asked)
        return list(found["apparelVariantsGrids"][0]["totals"].values())

    assert await totals() == ["13", "7", "35.00"]
    assert await totals(place=shops[0]) == ["2", "6", "75.00"]
    assert await totals(place=shops[1]) == ["3", "1", "25.00"]
    assert await totals(place=tailor.shop.places["MAIN"]) == ["8", "0", "0.00"]
    assert await totals(since="2026-03-03") == ["13", "0", "0.00"]
    assert await totals(until="2026-03-01") == ["13", "0", "0.00"]


async def test_a_size_is_added_later(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    sent = {
        "id": shirt["group"],
        "code": "TOPS",
        "name": "tops",
        "sizes": ["S", "M", "L", "XL", "XXL"],
    }
    sizes = (await tailor.done(GROUP, **sent))["sizeGroup"]["sizes"]
    large = next(size["id"] for size in sizes if size["code"] == "XL")
    style = {"id": shirt["style"]["id"], "revision": 1}
    assert await tailor.refused(ADD, **style) == [("APPAREL_VARIANTS_NO_VARIANTS", [])]
    added = (await tailor.done(ADD, sizeIds=[large], **style))["style"]
    assert {one["item"]["code"] for one in added["variants"]} >= {"T1-RED-XL", "T1-BLUE-XL"}
    assert len(added["variants"]) == 8

    # A new colour comes in the sizes that the style is made in, not in all of the group
    green = (await tailor.done(COLOUR, code="GREEN", name="green"))["colour"]["id"]
    more = (await tailor.done(ADD, colourIds=[green], **{**style, "revision": 2}))["style"]
    made = {one["item"]["code"] for one in more["variants"]}
    assert {code for code in made if "GREEN" in code} == {
        f"T1-GREEN-{size}" for size in ("S", "M", "L", "XL")
    }
    assert (await tailor.grid(shirt))["sizes"] == [{"code": size} for size in ("S", "M", "L", "XL")]


async def test_what_is_added_belongs_where_its_style_does(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    sent = {"commandId": str(uuid7()), "code": "TOPS", "name": "tops"}
    made = await tailor.shop.ask(
        "mutation($i: CreateCategoryInput!) { createCategory(input: $i) { category { id } } }",
        i=sent,
    )
    unit = {"commandId": str(uuid7()), "code": "PAIR2", "name": "pair", "decimals": 0}
    other = await tailor.shop.ask(
        "mutation($i: CreateUnitInput!) { createUnit(input: $i) { unit { id } } }", i=unit
    )
    facts = {"categoryId": made["createCategory"]["category"]["id"]}
    shirt = await tailor.shirt(**facts, unitId=other["createUnit"]["unit"]["id"])
    green = (await tailor.done(COLOUR, code="GREEN", name="green"))["colour"]["id"]
    await tailor.done(ADD, id=shirt["style"]["id"], revision=1, colourIds=[green])
    found = await tailor.shop.ask(
        "{ items(first: 50) { nodes { code category { code } baseUnit { code } } } }"
    )
    told = {(one["category"]["code"], one["baseUnit"]["code"]) for one in found["items"]["nodes"]}
    assert told == {("TOPS", "PAIR2")}
    assert len(found["items"]["nodes"]) == 9


async def test_colours_are_archived(boutique: Boutique) -> None:
    """The colour of one style; and a colour of the palette, in which nothing new is made."""
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    style = {"id": shirt["style"]["id"], "revision": 1}
    assert await tailor.refused(ARCHIVE, **style) == [("APPAREL_VARIANTS_NOTHING_NAMED", [])]
    gone = await tailor.done(ARCHIVE, colourIds=[shirt["RED"]], sizeIds=[shirt["L"]], **style)
    told = {one["item"]["code"]: one["item"]["active"] for one in gone["style"]["variants"]}
    assert [code for code, active in told.items() if not active] == ["T1-RED-L"]
    style["revision"] = 2
    gone = await tailor.done(ARCHIVE, colourIds=[shirt["RED"]], **style)
    assert [one["item"]["active"] for one in gone["style"]["variants"]] == [True] * 3 + [False] * 3
    refused = await tailor.post(
        shirt, "purchase_order", row(shirt["RED"], "1", None, None), unitPrice="1"
    )
    assert [(one["code"], one["path"][-2:]) for one in refused["errors"]] == [
        ("INACTIVE", ["cells", "0"])
    ]
    style["revision"] = 3
    assert await tailor.refused(ARCHIVE, colourIds=[shirt["RED"]], **{**style, "revision": 1}) == [
        ("STALE_REVISION", ["revision"])
    ]
    back = await tailor.done(ARCHIVE, colourIds=[shirt["RED"]], active=True, **style)
    assert all(one["item"]["active"] for one in back["style"]["variants"])

    old = {"id": shirt["BLUE"], "code": "BLUE", "name": "blue", "active": False}
    await tailor.done(COLOUR, **old)
    facts = {"code": "T2", "name": "Coat", "sizeGroupId": shirt["group"]}
    facts |= {"colourIds": [shirt["RED"], shirt["BLUE"], shirt["RED"]]}
    assert await tailor.refused(STYLE, **facts) == [
        ("APPAREL_VARIANTS_ARCHIVED_COLOUR", ["colourIds", "1"]),
        ("DUPLICATE", ["colourIds", "2"]),
    ]
    await tailor.posted(shirt, "other_in", row(shirt["BLUE"], "1", None, None), unitPrice="1")


@pytest.mark.parametrize("axis", ["sizes", "colours"])
async def test_a_style_may_have_only_one_axis(boutique: Boutique, axis: str) -> None:
    tailor = Tailor(boutique)
    facts: dict[str, Any] = {"code": "ONE", "name": "one", "listPrice": "5"}
    if axis == "sizes":
        sent = {"code": "TOPS", "name": "tops", "sizes": ["S", "M"]}
        facts["sizeGroupId"] = (await tailor.done(GROUP, **sent))["sizeGroup"]["id"]
        rows: list[Json] = [{"cells": ["1", "2"]}]
        wanted: list[Any] = [[None, ["1", "2"]]]
    else:
        colours = [
            (await tailor.done(COLOUR, code=code, name=code))["colour"]["id"] for code in "AB"
        ]
        facts["colourIds"] = colours
        rows = [row(colours[0], "1"), row(colours[1], "2")]
        wanted = [["A", ["1"]], ["B", ["2"]]]
    one = {"style": (await tailor.done(STYLE, **facts))["style"]}
    await tailor.posted(one, "other_in", *rows, unitPrice="1")
    grid = await tailor.grid(one)
    assert [[found["colourCode"], found["onHand"]] for found in grid["rows"]] == wanted
    assert grid["totals"]["onHandTotal"] == "3"
    assert (await tailor.posted(one, "sales_order", *rows))["net"] == "15.00"


async def test_names_follow_the_style(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    named = {"colourId": shirt["RED"], "sizeId": shirt["S"], "code": "X1", "name": "My own"}
    group = {"code": "T2", "name": "Shirt", "sizeGroupId": shirt["group"]}
    other = {"colourId": shirt["RED"], "sizeId": shirt["M"], "code": "X2"}
    style = (await tailor.done(STYLE, variants=[named, other], **group))["style"]
    await tailor.done(UPDATE, id=style["id"], revision=1, name="Blouse")
    assert [item["name"] for item in await boutique.items("X")] == ["My own", "Blouse red M"]


async def test_a_thousand_variants_are_made_at_once(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    colours = [
        (await tailor.done(COLOUR, code=f"C{n}", name=f"c{n}"))["colour"]["id"] for n in range(11)
    ]
    sent = {"code": "MANY", "name": "many", "sizes": [f"{n:03}" for n in range(100)]}
    group = (await tailor.done(GROUP, **sent))["sizeGroup"]
    facts = {"code": "M", "name": "m", "sizeGroupId": group["id"]}
    assert await tailor.refused(STYLE, colourIds=colours, **facts) == [("LIMIT_EXCEEDED", [])]
    made = (await tailor.done(STYLE, colourIds=colours[:10], **facts))["style"]
    assert len({one["item"]["code"] for one in made["variants"]}) == 1000


async def test_styles_are_searched(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    for code, name in (("A-100%", "羊毛大衣"), ("A-200", "wool coat"), ("B-1", "衬衫")):
        await tailor.done(STYLE, code=code, name=name)
    query = """query($f: ApparelVariantsStyleFilterInput) { apparelVariantsStyles(filter: $f) {
      totalCount nodes { code } } }"""
    for search, codes in (
        ("大衣", ["A-100%"]),
        ("WOOL", ["A-200"]),
        ("a-", ["A-100%", "A-200"]),
        ("0%", ["A-100%"]),
        ("", ["A-100%", "A-200", "B-1"]),
    ):
        found = (await tailor.shop.ask(query, f={"search": search}))["apparelVariantsStyles"]
        assert [one["code"] for one in found["nodes"]] == codes
        assert found["totalCount"] == len(codes)


async def test_a_quantity_is_packed_in_the_units_of_its_item(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    query = """query($i: ID!, $q: Decimal!, $w: [ID!]) {
      apparelVariantsPackagings(itemId: $i, quantity: $q, without: $w) { quantity unit { code } } }"""
    units = {}
    for code in ("CTN24", "PLT480"):
        sent = {"commandId": str(uuid7()), "code": code, "name": code, "decimals": 0}
        made = await tailor.shop.ask(
            "mutation($i: CreateUnitInput!) { createUnit(input: $i) { unit { id } errors { code } } }",
            i=sent,
        )
        units[code] = made["createUnit"]["unit"]["id"]
    socks: Json = {"commandId": str(uuid7()), "code": "SOCKS", "name": "socks"}
    socks["units"] = [
        {"unitId": units["CTN24"], "numerator": "24"},
        {"unitId": units["PLT480"], "numerator": "480"},
    ]
    made = await tailor.shop.ask(
        "mutation($i: CreateItemInput!) { createItem(input: $i) { item { id baseUnit { code } } } }",
        i=socks,
    )
    item, base = made["createItem"]["item"]["id"], made["createItem"]["item"]["baseUnit"]["code"]

    async def packed(quantity: str, *without: str) -> dict[str, Decimal]:
        told = {"i": item, "q": quantity, "w": [units[one] for one in without]}
        found = (await tailor.shop.ask(query, **told))["apparelVariantsPackagings"]
        return {one["unit"]["code"]: Decimal(one["quantity"]) for one in found}

    assert await packed("1000") == {"PLT480": 2, "CTN24": 1, base: 16}
    assert await packed("1000", "PLT480") == {"CTN24": 41, base: 16}
    assert await packed("0") == {}
    answer = await tailor.shop.raw(query, i=item, q="-1")
    assert answer["errors"][0]["extensions"]["code"] == "APPAREL_VARIANTS_BAD_QUANTITY"


async def test_a_matrix_waits_as_a_draft(boutique: Boutique) -> None:
    """One person enters it in two goes, another posts it; what is wrong leads to the cell."""
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    draft = POST_GRID.replace("apparelVariantsPostGrid", "apparelVariantsDraftGrid")
    key, command = str(uuid7()), str(uuid7())
    head = {"id": key, "type": "purchase_order", "businessDate": DAY}
    head |= {"placeId": tailor.shop.places["MAIN"]}

    def entry(*rows: Json, **more: str) -> list[Json]:
        return [{"styleId": shirt["style"]["id"], "rows": list(rows), "unitPrice": "40", **more}]

    red = entry(row(shirt["RED"], "1", "2", None))
    for _ in range(2):  # once, however often it is sent
        kept = await tailor.done(draft, commandId=command, styles=red, **head)
        assert [one["quantity"] for one in kept["document"]["lines"]["nodes"]] == ["1", "2"]
    blue = entry(row(shirt["BLUE"], None, None, "3"))
    more = await tailor.done(draft, styles=blue, **head)
    assert [one["quantity"] for one in more["document"]["lines"]["nodes"]] == ["1", "2", "3"]
    wrong = entry(row(shirt["BLUE"], "1", None, None), row(shirt["RED"], "-1", None, None))
    refused = await tailor.refused(draft, styles=wrong, **head)
    assert [path for _, path in refused] == [["styles", "0", "rows", "1", "cells", "0"]]
    badly = entry(row(shirt["RED"], "1", None, None), taxRate="-1")
    assert [path for _, path in await tailor.refused(draft, styles=badly, **head)] == [
        ["styles", "0", "taxRate"]
    ]
    assert (await tailor.grid(shirt))["totals"]["onHandTotal"] == "0"
    revision = await tailor.shop.ask(
        "query($i: ID!) { node(id: $i) { ... on Document { state revision } } }",
        i=more["document"]["id"],
    )
    assert revision["node"]["state"] == "DRAFT"
