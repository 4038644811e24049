"""A season of a clothes shop over HTTP: made, ordered, received, moved, counted, sold, and read again."""

from __future__ import annotations

from typing import Any

from core.db.database import Database
from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.core.extension.making import switch_on
from tests.plugins.apparel_variants.boutique import NAME, Boutique
from tests.shop import Json, Shop, line

COLOUR = """mutation($i: ApparelVariantsColourInput!) { apparelVariantsSaveColour(input: $i) {
  colour { id code name } errors { code path } } }"""
GROUP = """mutation($i: ApparelVariantsSizeGroupInput!) { apparelVariantsSaveSizeGroup(input: $i) {
  sizeGroup { id sizes { id code } } errors { code path } } }"""
STYLE = """mutation($i: ApparelVariantsCreateStyleInput!) { apparelVariantsCreateStyle(input: $i) {
  style { id code revision season year band listPrice sizeGroup { code } variants { item { id code }
    colour { code } size { code } style { code } } } errors { code message path } } }"""
UPDATE = """mutation($i: ApparelVariantsUpdateStyleInput!) { apparelVariantsUpdateStyle(input: $i) {
  style { revision listPrice active } errors { code path } } }"""
ADD = """mutation($i: ApparelVariantsAddVariantsInput!) { apparelVariantsAddVariants(input: $i) {
  style { revision variants { item { code } } } errors { code path } } }"""
POST_GRID = """mutation($i: ApparelVariantsPostGridInput!) { apparelVariantsPostGrid(input: $i) {
  document { id number net lines(first: 50) { nodes { no quantity item { code } } } }
  errors { code message path } } }"""
GRIDS = """query($ids: [ID!]!, $place: ID) { apparelVariantsGrids(ids: $ids, placeId: $place) {
  styleCode sizes { code } rows { colourCode onHand onHandTotal available availableTotal sold soldTotal
    sellThrough } totals { onHand onHandTotal available availableTotal sold soldTotal sellThrough } } }"""
RUNS = """query($f: ApparelVariantsRunFilterInput, $n: Int, $a: String) {
  apparelVariantsBrokenRuns(filter: $f, first: $n, after: $a) { totalCount
    pageInfo { hasNextPage endCursor }
    nodes { style { code } colour { code } sizes onHand missing longestRun } } }"""
PACK = """mutation($i: ApparelVariantsCreatePackInput!) { apparelVariantsCreatePack(input: $i) {
  pack { pieces item { id code } lines { quantity variant { size { code } } } }
  errors { code path } } }"""
CONVERT = """mutation($i: ApparelVariantsConvertPacksInput!) { apparelVariantsConvertPacks(input: $i) {
  document { type { code } } errors { code path } } }"""
RECEIVE = """mutation($i: ApparelVariantsReceivePacksInput!) { apparelVariantsReceivePacks(input: $i) {
  receipt { id type { code } } opening { type { code } reference } errors { code path } } }"""
DAY = "2026-03-02"


class Tailor:
    """What the story does over HTTP."""

    def __init__(self, boutique: Boutique) -> None:
        self.shop = boutique.shop

    async def do(self, mutation: str, **sent: Any) -> Json:
        """The payload of a mutation."""
        sent.setdefault("commandId", str(uuid7()))
        (payload,) = (await self.shop.ask(mutation, i=sent)).values()
        made: Json = payload
        return made

    async def done(self, mutation: str, **sent: Any) -> Json:
        """The payload, which must have no errors."""
        payload = await self.do(mutation, **sent)
        assert payload["errors"] == [], payload
        return payload

    async def refused(self, mutation: str, **sent: Any) -> list[tuple[str, list[str]]]:
        """Codes and paths of a payload's errors."""
        payload = await self.do(mutation, **sent)
        return [(error["code"], error["path"]) for error in payload["errors"]]

    async def shirt(self, **more: Any) -> Json:
        """A shirt in blue and red, S to L; with ids by what they are called."""
        made: Json = {}
        for code in ("RED", "BLUE"):
            colour = (await self.done(COLOUR, code=code, name=code.lower()))["colour"]
            made[code] = colour["id"]
        sent = {"code": "TOPS", "name": "tops", "sizes": ["S", "M", "L"]}
        group = (await self.done(GROUP, **sent))["sizeGroup"]
        made |= {size["code"]: size["id"] for size in group["sizes"]} | {"group": group["id"]}
        facts = {"code": "T1", "name": "Shirt", "sizeGroupId": group["id"], "listPrice": "99"}
        facts |= {"colourIds": [made["RED"], made["BLUE"]], **more}
        made["style"] = (await self.done(STYLE, **facts))["style"]
        return made

    async def post(self, shirt: Json, type_: str, *rows: Json, **head: Any) -> Json:
        """The payload of a document of one style, entered as a matrix."""
        entry = {"styleId": shirt["style"]["id"], "rows": list(rows)}
        entry["unitPrice"] = head.pop("unitPrice", None)
        if "sizeIds" in head:
            entry["sizeIds"] = head.pop("sizeIds")
        head.setdefault("placeId", self.shop.places["MAIN"])
        return await self.do(POST_GRID, type=type_, businessDate=DAY, styles=[entry], **head)

    async def posted(self, shirt: Json, type_: str, *rows: Json, **head: Any) -> Json:
        """The document, which must not be refused."""
        payload = await self.post(shirt, type_, *rows, **head)
        assert payload["errors"] == [], payload
        document: Json = payload["document"]
        return document

    async def grid(self, shirt: Json, **more: Any) -> Json:
        """The matrix of the shirt."""
        found = await self.shop.ask(GRIDS, ids=[shirt["style"]["id"]], **more)
        (grid,) = found["apparelVariantsGrids"]
        made: Json = grid
        return made


def row(colour: str, *cells: str | None) -> Json:
    return {"colourId": colour, "cells": list(cells)}


async def test_from_the_order_to_the_till(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt(season="summer", year=2026, band="2")
    style, red, blue = shirt["style"], shirt["RED"], shirt["BLUE"]
    assert (style["season"], style["year"], style["band"]) == ("summer", 2026, "2")
    assert [one["item"]["code"] for one in style["variants"]] == [
        *("T1-BLUE-S", "T1-BLUE-M", "T1-BLUE-L", "T1-RED-S", "T1-RED-M", "T1-RED-L")
    ]

    wanted = row(red, "2", "4", "2"), row(blue, "1", None, "1")
    order = await tailor.posted(shirt, "purchase_order", *wanted, unitPrice="40")
    assert (order["number"][:2], order["net"]) == ("PO", "400.00")
    received = await tailor.posted(
        shirt, "receipt", *wanted, unitPrice="40", sourceId=order["id"], reference="DN-7"
    )
    beyond = await tailor.post(
        shirt, "receipt", row(red, "1", None, None), unitPrice="40", sourceId=order["id"]
    )
    assert [(error["code"], error["path"]) for error in beyond["errors"]] == [
        ("BEYOND_ORDER", ["styles", "0", "rows", "0", "cells", "0"])
    ]
    assert [(one["quantity"], one["item"]["code"]) for one in received["lines"]["nodes"]] == [
        *(("2", "T1-RED-S"), ("4", "T1-RED-M"), ("2", "T1-RED-L")),
        *(("1", "T1-BLUE-S"), ("1", "T1-BLUE-L")),
    ]
    await tailor.posted(shirt, "sales_order", row(red, "1", "0", None))
    sold = row(red, "3"), row(blue, None)
    await tailor.posted(shirt, "issue", *sold, unitPrice="99", sizeIds=[shirt["M"]])
    grid = await tailor.grid(shirt)
    assert [size["code"] for size in grid["sizes"]] == ["S", "M", "L"]
    assert grid["rows"] == [
        {
            **{"colourCode": "BLUE", "onHand": ["1", "0", "1"], "onHandTotal": "2"},
            **{"available": ["1", "0", "1"], "availableTotal": "2"},
            **{"sold": ["0", "0", "0"], "soldTotal": "0", "sellThrough": "0.00"},
        },
        {
            **{"colourCode": "RED", "onHand": ["2", "1", "2"], "onHandTotal": "5"},
            **{"available": ["1", "1", "2"], "availableTotal": "4"},
            **{"sold": ["0", "3", "0"], "soldTotal": "3", "sellThrough": "37.50"},
        },
    ]
    assert grid["totals"] == {
        **{"onHand": ["3", "1", "3"], "onHandTotal": "7"},
        **{"available": ["2", "1", "3"], "availableTotal": "6"},
        **{"sold": ["0", "3", "0"], "soldTotal": "3", "sellThrough": "30.00"},
    }

    # A transfer, and a count that finds none of what should be there
    place = {"commandId": str(uuid7()), "code": "W2", "name": "W2", "kind": "WAREHOUSE"}
    made = await tailor.shop.ask(
        "mutation($i: CreatePlaceInput!) { createPlace(input: $i) { place { id } } }", i=place
    )
    there = made["createPlace"]["place"]["id"]
    await tailor.posted(shirt, "transfer", row(red, "1", None, "1"), toPlaceId=there)
    await tailor.posted(shirt, "count", row(red, "0", None, "3"), placeId=there)
    grid = await tailor.grid(shirt, place=there)
    assert grid["rows"][1]["onHand"] == ["0", "0", "3"]
    assert grid["totals"]["onHandTotal"] == "3"

    # What is broken: blue without M in MAIN; at the other place red without S and M
    runs = await tailor.shop.ask(RUNS, f={"season": "summer", "year": 2026})
    assert runs["apparelVariantsBrokenRuns"]["nodes"] == [
        {
            **{"style": {"code": "T1"}, "colour": {"code": "BLUE"}, "sizes": ["S", "M", "L"]},
            **{"onHand": ["1", "0", "1"], "missing": ["M"], "longestRun": 1},
        }
    ]
    (run,) = (await tailor.shop.ask(RUNS, f={"placeId": there}))["apparelVariantsBrokenRuns"][
        "nodes"
    ]
    assert (run["colour"], run["missing"]) == ({"code": "RED"}, ["S", "M"])
    none = (await tailor.shop.ask(RUNS, f={"season": "winter"}))["apparelVariantsBrokenRuns"]
    assert (none["totalCount"], none["nodes"]) == (0, [])


async def test_the_list_of_broken_runs_is_read_page_by_page(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    rows = row(shirt["RED"], "1", None, None), row(shirt["BLUE"], None, "1", None)
    await tailor.posted(shirt, "other_in", *rows, unitPrice="1")
    seen, after = [], None
    for more in (True, False):
        page = (await tailor.shop.ask(RUNS, n=1, a=after))["apparelVariantsBrokenRuns"]
        seen += [node["colour"]["code"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, more)
    assert sorted(seen) == ["BLUE", "RED"]


async def test_refusals_lead_to_the_cell(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    red, blue = shirt["RED"], shirt["BLUE"]

    async def refused(type_: str, *rows: Json, **head: Any) -> list[tuple[str, list[str]]]:
        payload = await tailor.post(shirt, type_, *rows, **head)
        assert payload["document"] is None
        return [(error["code"], error["path"]) for error in payload["errors"]]

    cell = ["styles", "0", "rows", "1", "cells", "2"]
    assert await refused("issue", row(red, None, None, None), row(blue, None, None, "1")) == [
        ("OUT_OF_STOCK", cell)
    ]
    short = ("APPAREL_VARIANTS_ROW_LENGTH", ["styles", "0", "rows", "0", "cells"])
    assert await refused("issue", row(red, "1")) == [short]
    twice = await refused("issue", row(red, "1", None, None), row(red, "1", None, None))
    assert twice == [("DUPLICATE", ["styles", "0", "rows", "1", "colourId"])]
    assert await refused("conversion", row(red, "1", None, None)) == [
        ("APPAREL_VARIANTS_NO_MATRIX", ["type"])
    ]
    assert await refused("no_such_type", row(red, "1", None, None)) == [
        ("UNKNOWN_DOCUMENT_TYPE", ["type"])
    ]
    green = (await tailor.done(COLOUR, code="GREEN", name="green"))["colour"]["id"]
    assert await refused("issue", row(green, "1", None, None)) == [
        ("APPAREL_VARIANTS_UNKNOWN_COLOUR", ["styles", "0", "rows", "0", "colourId"])
    ]
    # green comes in L only
    only = {"colourId": green, "sizeId": shirt["L"], "barcode": "4006381333931"}
    added = await tailor.done(ADD, id=shirt["style"]["id"], revision=1, variants=[only])
    assert added["style"]["revision"] == 2
    assert await refused("count", row(green, "0", None, "1")) == [
        ("APPAREL_VARIANTS_NO_SUCH_VARIANT", ["styles", "0", "rows", "0", "cells", "0"])
    ]
    many = await refused("other_in", row(red, "-1", None, None), unitPrice="1")
    assert [path for _, path in many] == [["styles", "0", "rows", "0", "cells", "0"]]


async def test_the_same_command_posts_once(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt, command = await tailor.shirt(), str(uuid7())
    sent = row(shirt["RED"], "1", "2", "3")
    first = await tailor.posted(shirt, "other_in", sent, unitPrice="1", commandId=command)
    again = await tailor.posted(shirt, "other_in", sent, unitPrice="1", commandId=command)
    assert first["id"] == again["id"]
    assert (await tailor.grid(shirt))["totals"]["onHandTotal"] == "6"


async def test_packs_are_bought_as_one_line_and_opened(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    items = {one["item"]["code"]: one["item"]["id"] for one in shirt["style"]["variants"]}
    ratio = {"T1-RED-S": 1, "T1-RED-M": 2, "T1-RED-L": 1}
    lines = [{"itemId": items[code], "quantity": n} for code, n in ratio.items()]
    pack = (await tailor.done(PACK, code="P1", name="Run of red", lines=lines))["pack"]
    assert pack["pieces"] == 4
    assert {one["variant"]["size"]["code"]: one["quantity"] for one in pack["lines"]} == {
        **{"S": 1, "M": 2, "L": 1}
    }
    key, main = pack["item"]["id"], tailor.shop.places["MAIN"]

    order = await tailor.shop.posted("purchase_order", line(key, "3", "100"))
    sent = {"packId": key, "quantity": "2", "placeId": main, "businessDate": DAY}
    bought = {**sent, "unitPrice": "100", "sourceId": order["id"], "sourceLine": 1}
    command = str(uuid7())
    for _ in range(2):  # once, however often it is sent
        came = await tailor.done(RECEIVE, commandId=command, **bought)
        assert came["receipt"]["type"]["code"] == "receipt"
        assert came["opening"]["type"]["code"] == "disassembly"
    grid = await tailor.grid(shirt)
    assert grid["rows"][1]["onHand"] == ["2", "4", "2"]
    stock = await tailor.shop.ask("{ stock(first: 20) { nodes { item { code } value } } }")
    values = {node["item"]["code"]: node["value"] for node in stock["stock"]["nodes"]}
    assert values == {"T1-RED-S": "50.00", "T1-RED-M": "100.00", "T1-RED-L": "50.00"}

    packs = """query($f: ApparelVariantsPackFilterInput) { apparelVariantsPacks(filter: $f) { totalCount
      nodes { pieces fillable item { code apparelVariantsPack { lines { quantity } } } } } }"""
    asked = await tailor.shop.ask(packs, f={"itemIds": [items["T1-RED-S"], key]})
    (found,) = asked["apparelVariantsPacks"]["nodes"]
    assert (found["pieces"], found["fillable"], found["item"]["code"]) == (4, 2, "P1")
    assert [one["quantity"] for one in found["item"]["apparelVariantsPack"]["lines"]] == [1, 2, 1]
    for wanted, n in (({}, 1), ({"styleId": shirt["style"]["id"]}, 1), ({"active": False}, 0)):
        assert (await tailor.shop.ask(packs, f=wanted))["apparelVariantsPacks"]["totalCount"] == n

    # Packs that cannot be opened stay whole: the receipt is in the books
    await tailor.done(UPDATE, id=shirt["style"]["id"], revision=1, active=False)
    kept = await tailor.do(RECEIVE, **{**sent, "quantity": "1", "unitPrice": "100"})
    assert kept["opening"] is None
    assert kept["receipt"]["type"]["code"] == "receipt"
    assert [error["code"] for error in kept["errors"]] == ["INACTIVE"] * 3
    await tailor.done(UPDATE, id=shirt["style"]["id"], revision=2, active=True)
    await tailor.done(CONVERT, **{**sent, "quantity": "1"})
    await tailor.done(CONVERT, fill=True, **{**sent, "quantity": "1"})
    await tailor.shop.posted("issue", line(key, "1", "180"))

    # What is loose fills packs again; one is sold whole, one opened
    assert (await tailor.done(CONVERT, fill=True, **sent))["document"]["type"]["code"] == "assembly"
    await tailor.shop.posted("issue", line(key, "1", "180"))
    await tailor.done(CONVERT, **{**sent, "quantity": "1"})
    assert (await tailor.grid(shirt))["rows"][1]["onHand"] == ["1", "2", "1"]
    assert await tailor.refused(CONVERT, **sent) == [("OUT_OF_STOCK", ["quantity"])]
    assert await tailor.refused(CONVERT, **{**sent, "quantity": "0.5"}) == [
        ("APPAREL_VARIANTS_BAD_PACKS", ["quantity"])
    ]
    # part of a pack does not come in, either
    part = {**sent, "quantity": "1.5", "unitPrice": "100"}
    payload = await tailor.do(RECEIVE, **part)
    assert payload["receipt"] is None
    assert [one["code"] for one in payload["errors"]] == ["APPAREL_VARIANTS_BAD_PACKS"]
    assert await tailor.refused(CONVERT, **{**sent, "packId": items["T1-RED-S"]}) == [
        ("APPAREL_VARIANTS_NO_PACK", ["packId"])
    ]
    for wrong, told in (
        ([], [("APPAREL_VARIANTS_BAD_RATIO", ["lines"])]),
        ([lines[0], lines[0]], [("DUPLICATE", ["lines", "1", "itemId"])]),
        ([{"itemId": key, "quantity": 1}], [("NOT_FOUND", ["lines", "0", "itemId"])]),
    ):
        assert await tailor.refused(PACK, code="P2", name="no pack", lines=wrong) == told


async def test_styles_are_listed_changed_and_archived(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt(season="summer")
    query = """query($f: ApparelVariantsStyleFilterInput) { apparelVariantsStyles(filter: $f) {
      totalCount nodes { code listPrice } } apparelVariantsColours { code }
      apparelVariantsSizeGroups { code sizes { code } } }"""
    found = await tailor.shop.ask(query, f={"season": "summer"})
    assert found["apparelVariantsStyles"] == {
        **{"totalCount": 1, "nodes": [{"code": "T1", "listPrice": "99"}]}
    }
    assert [one["code"] for one in found["apparelVariantsColours"]] == ["BLUE", "RED"]
    changed = await tailor.done(
        UPDATE, id=shirt["style"]["id"], revision=1, active=False, season=None, listPrice="80"
    )
    assert changed["style"] == {"revision": 2, "listPrice": "80", "active": False}
    assert (await tailor.shop.ask(query))["apparelVariantsStyles"]["totalCount"] == 0
    for cleared in ("name", "active"):
        assert await tailor.refused(
            UPDATE, id=shirt["style"]["id"], revision=2, **{cleared: None}
        ) == [("REQUIRED", [cleared])]
    item = await tailor.shop.ask(
        """query($s: String) { items(filter: {search: $s, active: false}) { nodes { listPrice
          apparelVariants { style { code season } colour { code } size { code } } } } }""",
        s="T1-RED-M",
    )
    assert item["items"]["nodes"] == [
        {
            "listPrice": "80",
            "apparelVariants": {
                **{"style": {"code": "T1", "season": None}},
                **{"colour": {"code": "RED"}, "size": {"code": "M"}},
            },
        }
    ]


async def test_settings_and_curves(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    settings = """mutation($i: ApparelVariantsUpdateSettingsInput!) {
      apparelVariantsUpdateSettings(input: $i) { settings { codeSeparator giveBarcodes barcodePrefix }
        errors { code path } } }"""
    changed = await tailor.done(settings, codeSeparator="/", barcodePrefix="6901234")
    assert changed["settings"]["barcodePrefix"] == "6901234"
    await tailor.shirt()
    item = (await boutique.items("T1/BLUE/L"))[0]
    assert item["barcodes"][0]["code"].startswith("6901234")
    assert await tailor.refused(settings, barcodePrefix="69") == [
        ("INVALID_SETTING", ["barcodePrefix"])
    ]
    curve = [{"size": size, "weight": weight} for size, weight in (("S", "1"), ("M", "2"))]
    found = await tailor.shop.ask(
        """query($c: [ApparelVariantsCurveInput!]!) {
          apparelVariantsSizeCurve(total: "10", curve: $c) { size quantity } }""",
        c=curve,
    )
    assert found["apparelVariantsSizeCurve"] == [
        {"size": "S", "quantity": 3},
        {"size": "M", "quantity": 7},
    ]


async def test_who_only_reads_changes_nothing(db: Database, schema: ComposedSchema) -> None:
    shop = await Shop.open(db, roles=("viewer",), schema=schema, modules=[NAME])
    await switch_on(db, shop.principal, NAME)
    tailor = Tailor(Boutique(shop))
    denied: list[Any] = [("PERMISSION_DENIED", [])]
    assert await tailor.refused(COLOUR, code="RED", name="red") == denied
    assert await tailor.refused(STYLE, code="T1", name="shirt") == denied
    found = await shop.ask("{ apparelVariantsStyles { nodes { code purchasePrice } } }")
    assert found["apparelVariantsStyles"]["nodes"] == []


async def test_a_tenant_sees_nothing_of_another(boutique: Boutique, schema: ComposedSchema) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    shop = await Shop.open(boutique.shop.database, schema=schema, modules=[NAME])
    await switch_on(shop.database, shop.principal, NAME)
    stranger = Tailor(Boutique(shop))
    style = shirt["style"]["id"]
    assert await stranger.refused(UPDATE, id=style, revision=1, name="mine") == [
        ("NOT_FOUND", ["id"])
    ]
    answer = await shop.raw(GRIDS, ids=[style])
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    payload = await stranger.post(shirt, "other_in", row(shirt["RED"], "1", None, None))
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("NOT_FOUND", ["styles", "0", "styleId"])
    ]
    assert (await shop.ask("{ apparelVariantsColours { code } }"))["apparelVariantsColours"] == []
