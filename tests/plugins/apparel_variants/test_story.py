"""A season of a clothes shop over HTTP: made, ordered, received, moved, counted, sold, and read again."""

from __future__ import annotations

from typing import Any

from core.db.database import Database
from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.core.extension.making import switch_on
from tests.plugins.apparel_variants.boutique import NAME, Boutique
from tests.plugins.apparel_variants.tailor import (
    ADD,
    COLOUR,
    GRIDS,
    RUNS,
    STYLE,
    UPDATE,
    Tailor,
    row,
)
from tests.shop import Json, Shop


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

    await _check_runs(tailor, there)


async def _check_runs(tailor: Tailor, there: str) -> None:
    """What is broken: blue without M in MAIN; at the other place red without S and M."""
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

    # Nor does a receipt that carried its order out come again
    order = await tailor.posted(shirt, "purchase_order", sent, unitPrice="1")
    receipt = {"sourceId": order["id"], "commandId": str(uuid7())}
    twice = [await tailor.posted(shirt, "receipt", sent, **receipt) for _ in range(2)]
    assert twice[0] == twice[1]
    assert (await tailor.grid(shirt))["totals"]["onHandTotal"] == "12"


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
