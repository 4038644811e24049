"""Gowns over HTTP: in sizes, sterile until a day, each with a number; as far as the modules for it are on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.db.database import Database
from schema.compose import ComposedSchema
from tests.plugins.apparel_variants.tailor import GRIDS, POST_GRID
from tests.plugins.food_batches.shops import uuid_in
from tests.plugins.together.mall import (
    HOLD,
    RECALL,
    UNIT,
    UNIT_OF_BATCH,
    WHO_HAS,
    Mall,
    errors,
)
from tests.plugins.together.sets import APPAREL, FOOD, SERIAL
from tests.shop import Json

DRAFT_GRID = """mutation($i: ApparelVariantsPostGridInput!) { apparelVariantsDraftGrid(input: $i) {
  document { id revision lines(first: 9) { nodes { no quantity lotCode item { id code } } } }
  errors { code message path details } } }"""
SAVE_DRAFT = """mutation($i: SaveDraftInput!) { saveDraft(input: $i) { document { id revision }
  errors { code message path } } }"""
POST_DRAFT = """mutation($i: DocumentStepInput!) { postDraft(input: $i) { document { id }
  errors { code message path } } }"""


@pytest.fixture
async def mall(
    db: Database, schema: ComposedSchema, request: pytest.FixtureRequest
) -> AsyncIterator[Mall]:
    mall = await Mall.open(db, schema, request.param)
    yield mall
    await mall.tallies()


def having(*modules: str) -> pytest.MarkDecorator:
    """The shop has these modules on, and no others."""
    return pytest.mark.parametrize("mall", [modules], indirect=True, ids=["+".join(modules)])


def entry(mall: Mall, *cells: str | None, **more: object) -> Json:
    """A matrix of one row, S and M, in a document of today."""
    row = {"colourId": mall.style["W"], "cells": list(cells), **more}
    return {
        "businessDate": mall.day(0),
        "placeId": mall.shop.places["MAIN"],
        "styles": [{"styleId": mall.style["id"], "rows": [row], "unitPrice": "5"}],
    }


@having(FOOD, SERIAL)
async def test_numbers_of_batches(mall: Mall) -> None:
    """From the receipt of two batches to the recall of one."""
    picky = await mall.customer("PICKY", foodBatches={"minimumLife": {"days": 10}})
    ann = await mall.customer("ANN")
    late = await mall.receive("LATE", 40, "L1", "L2", "L3")
    await mall.receive("EARLY", 5, "E1", "E2", "E3")
    await mall.receive("GONE", -1, "G1")

    # Without a name: what expires first, but nothing expired, and what the customer takes
    await mall.posted("issue", mall.line(1, price="9"), partyId=picky)
    await mall.posted("issue", mall.line(2, price="9"), partyId=ann)
    assert await mall.left() == {"MAIN": {"L2", "L3", "E3", "G1"}}
    assert await mall.refused("issue", mall.line(4), partyId=ann) == [
        ("OUT_OF_STOCK", ["document", "lines", "0"])
    ]

    # By name: the batch of the number decides
    where = ["document", "lines", "0"]
    assert await mall.refused("issue", mall.line(None, "G1"), partyId=ann) == [
        ("FOOD_BATCHES_EXPIRED", where)
    ]
    short = await mall.refused("issue", mall.line(None, "E3"), partyId=picky)
    assert short == [("FOOD_BATCHES_LIFE_TOO_SHORT", where)]
    batch = {"id": mall.batch_id("LATE"), "reason": "torn"}
    held = await mall.done(HOLD % "Hold", **batch)
    assert held["batch"] == {"status": "HELD", "onHand": "2"}
    assert [code for code, _ in await mall.refused("issue", mall.line(None, "L2"))] == ["ON_HOLD"]
    await mall.done(HOLD % "Release", **batch)

    # Moved, counted by scanning, brought back
    await mall.posted("transfer", mall.line(None, "L2"), toPlaceId=mall.shop.places["SHOP"])
    await mall.posted("count", mall.line(None, "E3", "G1"))
    assert await mall.left() == {"MAIN": {"E3", "G1"}, "SHOP": {"L2"}}
    [lost] = (await mall.shop.ask(UNIT_OF_BATCH, n="L3"))["serialNumbersUnit"]
    assert (lost["state"], lost["batch"]["code"]) == ("LOST", "LATE")
    back = mall.line(None, "E1")
    await mall.posted("return_from_customer", back, partyId=ann)
    [unit] = (await mall.shop.ask(UNIT_OF_BATCH, n="E1"))["serialNumbersUnit"]
    known = {"expiresOn": mall.day(5), "status": "RELEASED", "expired": False, "onHand": "2"}
    assert unit["batch"] == {"code": "EARLY", "foodBatches": known}
    assert unit["lot"] == {"foodBatches": {"number": "EARLY"}}

    await _recalled(mall)
    assert await mall.undo(late) == ["SERIAL_NUMBERS_HAS_LEFT"] * 3


async def _recalled(mall: Mall) -> None:
    """Of EARLY, E1 and E3 are here and Ann has E2."""
    started = await mall.done(WHO_HAS, batches=[mall.batch_id("EARLY")], reason="not sterile")
    [batch] = started["recall"]["batches"]["nodes"]
    assert (batch["produced"], batch["frozen"], batch["lot"]["code"]) == ("3", "2", "EARLY")
    here = {"customer": None, "place": {"code": "MAIN"}}
    assert batch["lot"]["serialNumbersUnits"] == {
        "totalCount": 3,
        "nodes": [
            {"number": "E1", "state": "IN_STOCK", **here},
            {"number": "E2", "state": "SOLD", "customer": {"code": "ANN"}, "place": None},
            {"number": "E3", "state": "IN_STOCK", **here},
        ],
    }
    [share] = started["recall"]["customers"]["nodes"]
    assert share == {"delivered": "2", "returned": "1", "open": "1", "customer": {"code": "ANN"}}
    refused = await mall.refused("issue", mall.line(None, "E1"))
    assert [code for code, _ in refused] == ["ON_HOLD"]
    await mall.posted("return_from_customer", mall.line(None, "E2"))
    refused = await mall.refused("issue", mall.line(None, "E2"))
    assert [code for code, _ in refused] == ["ON_HOLD"]


@having(FOOD, APPAREL)
async def test_sizes_of_batches(mall: Mall) -> None:
    """A batch comes in both sizes, and a matrix says which batch."""
    assert (
        errors(await mall.do(POST_GRID, type="receipt", **entry(mall, "4", "2")))
        == [("FOOD_BATCHES_LOT_REQUIRED", ["styles", "0", "rows", "0", "lotCode"])] * 2
    )
    undated = await mall.do(POST_GRID, type="receipt", **entry(mall, "4", "2", lotCode="B1"))
    assert errors(undated)[0] == (
        "APPAREL_VARIANTS_NOT_IN_MATRIX",
        ["styles", "0", "rows", "0", "cells", "0"],
    )
    for item in ("G-S", "G-M"):
        await mall.receive("B1", 40, "a", "b", item=item)
        await mall.receive("B2", 5, "c", "d", item=item)
    more = await mall.done(POST_GRID, type="receipt", **entry(mall, "4", "2", lotCode="B1"))
    assert await mall.left() == {"MAIN": {"6 B1", "2 B2"}}

    await mall.done(POST_GRID, type="issue", **entry(mall, "3", None))
    await mall.done(POST_GRID, type="issue", **entry(mall, None, "1", lotCode="B1"))
    assert await mall.left() == {"MAIN": {"5 B1"}}
    assert await mall.left("G-M") == {"MAIN": {"3 B1", "2 B2"}}
    there = {"toPlaceId": mall.shop.places["SHOP"]}
    await mall.done(POST_GRID, type="transfer", **entry(mall, "2", "3"), **there)
    assert await mall.left("G-M") == {"MAIN": {"2 B1"}, "SHOP": {"1 B1", "2 B2"}}
    await mall.done(POST_GRID, type="count", **entry(mall, "1", None, lotCode="B1"))
    assert await mall.left() == {"MAIN": {"1 B1"}, "SHOP": {"2 B1"}}

    started = await mall.done(RECALL, batches=[mall.batch_id("B1", "G-M")], reason="not sterile")
    [batch] = started["recall"]["batches"]["nodes"]
    assert (batch["produced"], batch["frozen"]) == ("4", "3")
    assert [
        (one["place"]["code"], one["quantity"])
        for one in sorted(
            started["recall"]["places"]["nodes"], key=lambda one: str(one["place"]["code"])
        )
    ] == [("MAIN", "2"), ("SHOP", "1")]
    sold = await mall.do(POST_GRID, type="issue", **entry(mall, "1", "1"))
    assert errors(sold) == [("OUT_OF_STOCK", ["styles", "0", "rows", "0", "cells", "1"])]
    assert await mall.undo(more["document"]) == ["LATER_SHORT"]


@having(SERIAL, APPAREL)
async def test_sizes_with_numbers(mall: Mall) -> None:
    """A matrix that goes out takes the numbers that came first; one that comes in is completed as a
    draft."""
    sent = entry(mall, "2", "1")
    refused = await mall.do(DRAFT_GRID.replace("Draft", "Post"), type="receipt", **sent)
    assert [(one["code"], one["path"][-2:]) for one in refused["errors"]] == [
        ("APPAREL_VARIANTS_NOT_IN_MATRIX", ["cells", "0"]),
        ("APPAREL_VARIANTS_NOT_IN_MATRIX", ["cells", "1"]),
    ]
    assert refused["errors"][0]["details"]["field"] == "serialNumbers"
    assert "serialNumbers" in refused["errors"][0]["message"]
    await _complete(mall, sent, {"G-S": ["S1", "S2"], "G-M": ["M1"]})
    assert await mall.left() == {"MAIN": {"S1", "S2"}}

    sold = await mall.done(POST_GRID, type="issue", **entry(mall, "1", None))
    [unit] = (await mall.shop.ask(UNIT, n="S1"))["serialNumbersUnit"]
    assert (unit["state"], unit["batch"]) == ("SOLD", None)
    there = {"toPlaceId": mall.shop.places["SHOP"]}
    await mall.done(POST_GRID, type="transfer", **entry(mall, "1", None), **there)
    assert await mall.left() == {"SHOP": {"S2"}}
    counted = await mall.do(POST_GRID, type="count", **entry(mall, "1", None))
    assert [code for code, _ in errors(counted)] == ["APPAREL_VARIANTS_NOT_IN_MATRIX"]
    await mall.posted("count", mall.line(None, "S2"), placeId=mall.shop.places["SHOP"])
    assert await mall.undo(sold["document"]) == []
    assert await mall.left() == {"MAIN": {"S1"}, "SHOP": {"S2"}}
    [grid] = (await mall.shop.ask(GRIDS, ids=[mall.style["id"]]))["apparelVariantsGrids"]
    assert grid["totals"]["onHand"] == ["2", "1"]


async def _complete(mall: Mall, sent: Json, numbers: dict[str, list[str]], **more: object) -> None:
    """Keep a receipt as a draft, fill in what the matrix has no room for, and post it."""
    draft = (await mall.done(DRAFT_GRID, type="receipt", **sent))["document"]
    codes = {id_: code for code, id_ in mall.items.items()}
    lines = [
        mall.line(None, *numbers[codes[one["item"]["id"]]], item=codes[one["item"]["id"]])
        | {"unitPrice": "5", "lotCode": one["lotCode"], **more}
        for one in draft["lines"]["nodes"]
    ]
    decoded = {"type": "receipt", "businessDate": sent["businessDate"], "lines": lines}
    decoded |= {"placeId": sent["placeId"], "id": str(uuid_in(draft["id"]))}
    saved = await mall.done(SAVE_DRAFT, document=decoded, revision=draft["revision"])
    seen = saved["document"]
    await mall.done(POST_DRAFT, id=seen["id"], revision=seen["revision"])


@having(FOOD, SERIAL, APPAREL)
async def test_sizes_of_batches_with_numbers(mall: Mall) -> None:
    """All three on one item: a matrix of a batch, completed with dates and numbers, sold, moved, counted,
    brought back, recalled and undone."""
    ann = await mall.customer("ANN")
    sent = entry(mall, "2", "1", lotCode="LATE")
    dates = {"foodBatches": {"expiresOn": mall.day(40)}}
    await _complete(mall, sent, {"G-S": ["L1", "L2"], "G-M": ["M1"]}, **dates)
    early = await mall.receive("EARLY", 5, "E1", "E2", "E3")
    gone = await mall.receive("GONE", -1, "G1")
    assert await mall.left() == {"MAIN": {"L1", "L2", "E1", "E2", "E3", "G1"}}

    sale = entry(mall, "2", None) | {"partyId": ann}
    await mall.done(POST_GRID, type="issue", **sale)
    assert await mall.left() == {"MAIN": {"L1", "L2", "E3", "G1"}}
    named = entry(mall, "1", None, lotCode="LATE")
    named |= {"partyId": ann}
    sold = (await mall.done(POST_GRID, type="issue", **named))["document"]
    assert await mall.left() == {"MAIN": {"L2", "E3", "G1"}}
    wrong = mall.line(None, "E3", lotCode="LATE")
    assert [code for code, _ in await mall.refused("issue", wrong)] == ["SERIAL_NUMBERS_OTHER_LOT"]
    expired = await mall.do(POST_GRID, type="issue", **entry(mall, "1", None, lotCode="GONE"))
    where = ["styles", "0", "rows", "0", "lotCode"]
    assert errors(expired) == [("FOOD_BATCHES_EXPIRED", where)]

    there = {"toPlaceId": mall.shop.places["SHOP"]}
    await mall.done(POST_GRID, type="transfer", **entry(mall, "1", None), **there)
    assert await mall.left() == {"MAIN": {"L2", "G1"}, "SHOP": {"E3"}}
    await mall.posted("count", mall.line(None, "G1"))
    [lost] = (await mall.shop.ask(UNIT_OF_BATCH, n="L2"))["serialNumbersUnit"]
    assert (lost["state"], lost["batch"]["foodBatches"]["onHand"]) == ("LOST", "0")
    await mall.posted("return_from_customer", mall.line(None, "E1"), partyId=ann)

    started = await mall.done(WHO_HAS, batches=[mall.batch_id("EARLY")], reason="not sterile")
    [batch] = started["recall"]["batches"]["nodes"]
    assert (batch["produced"], batch["frozen"]) == ("3", "2")
    assert [
        (one["number"], one["place"] or one["customer"])
        for one in batch["lot"]["serialNumbersUnits"]["nodes"]
    ] == [("E1", {"code": "MAIN"}), ("E2", {"code": "ANN"}), ("E3", {"code": "SHOP"})]
    stopped = await mall.do(POST_GRID, type="issue", **entry(mall, "1", None))
    assert errors(stopped) == [("OUT_OF_STOCK", ["styles", "0", "rows", "0", "cells", "0"])]

    assert await mall.undo(sold) == []
    assert await mall.undo(early) == ["SERIAL_NUMBERS_HAS_LEFT"] * 3
    assert await mall.undo(gone) == []
    assert await mall.left() == {"MAIN": {"L1", "E1"}, "SHOP": {"E3"}}
    [grid] = (await mall.shop.ask(GRIDS, ids=[mall.style["id"]]))["apparelVariantsGrids"]
    assert grid["totals"]["onHand"] == ["3", "1"]
