"""What spreadsheets tell of food, and what they leave as it is."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Refused
from core.ids import uuid7
from core.imports.columns import ImportColumn
from plugins.food_batches.columns import COLUMNS
from tests.plugins.food_batches.market import Market
from tests.shop import Json, Shop

IMPORT = """mutation($input: ImportInput!) { import%s(input: $input) { saved errors { code details }
  problems { line column error { code message } } } }"""
ITEMS = """{ items(first: 50) { nodes { code foodBatches { batchControl shelfLife { value unit } storage
  storageNote nearExpiryDays specification secondUnit { code } } } } }"""
PARTIES = """{ parties(first: 50) { nodes { code foodBatches { minimumLife { days numerator denominator }
  licences { kind number validUntil } } } } }"""


def column(header: str) -> ImportColumn:
    (found,) = (one for one in COLUMNS if one.en == header)
    return found


async def send(shop: Shop, csv: str, what: str = "Items") -> Json:
    sent = {"commandId": str(uuid7()), "csv": csv}
    payload: Json = (await shop.ask(IMPORT % what, input=sent))[f"import{what}"]
    assert payload["errors"] == []
    return payload


async def kept(shop: Shop, query: str) -> dict[str, Any]:
    ((_, found),) = (await shop.ask(query)).items()
    return {one["code"]: one["foodBatches"] for one in found["nodes"]}


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("180 days", 180, "days"),
        ("180天", 180, "days"),
        ("12 Months", 12, "months"),
        ("12个月", 12, "months"),
        ("2年", 24, "months"),
    ],
)
def test_shelf_lives(text: str, value: int, unit: str) -> None:
    told = column("Shelf life").read(text)
    assert told == {"shelf_life_value": value, "shelf_life_unit": unit}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Shelf life", "12"),
        ("Shelf life", "１２天"),
        ("Storage", "warm"),
        ("Minimum life", "half"),
        ("Food licence", "JY1 31/1/2027"),
        ("Batch control", "perhaps"),
    ],
)
def test_what_cannot_be_read(header: str, text: str) -> None:
    with pytest.raises(Refused):
        column(header).read(text)


async def test_items(market: Market) -> None:
    shop = market.shop
    done = await send(
        shop,
        "编码,名称,保质期,贮存条件,贮存说明,临期天数,规格,批次管理\n"
        "MILK,牛奶,21天,冷藏,2–6 ℃,3,1L,\n"
        "BOX,纸箱,,,,,,否\n"
        "PEN,笔,,,,,,\n"
        "OLD,x,99999天,,,,,\n",
    )
    assert done["saved"] == 3
    (problem,) = done["problems"]
    assert (problem["line"], problem["column"], problem["error"]["code"]) == (
        5,
        "保质期",
        "LIMIT_EXCEEDED",
    )
    found = await kept(shop, ITEMS)
    assert found["MILK"] == {
        "batchControl": True,
        "shelfLife": {"value": 21, "unit": "DAYS"},
        "storage": "CHILLED",
        "storageNote": "2–6 ℃",
        "nearExpiryDays": 3,
        "specification": "1L",
        "secondUnit": None,
    }
    assert (found["BOX"]["batchControl"], found["PEN"]) == (False, None)
    await send(shop, "Code,Name,Storage\nMILK,Milk,frozen\n")
    assert (await kept(shop, ITEMS))["MILK"] == {**found["MILK"], "storage": "FROZEN"}


async def test_parties(market: Market) -> None:
    shop = market.shop
    head = "Code,Name,Supplier,Customer,Minimum life,Food licence\n"
    await send(shop, f"{head}A,a,yes,yes,2/3,JY1 2030-01-31\nB,b,no,yes,30,\n", "Parties")
    found = await kept(shop, PARTIES)
    share = {"days": None, "numerator": 2, "denominator": 3}
    licence = {"kind": "FOOD_TRADE", "number": "JY1", "validUntil": "2030-01-31"}
    assert found["A"] == {"minimumLife": share, "licences": [licence]}
    assert found["B"]["minimumLife"]["days"] == 30
    await send(shop, "Code,Name,Minimum life\nA,a,10\n", "Parties")
    after = (await kept(shop, PARTIES))["A"]
    assert (after["minimumLife"]["days"], after["licences"]) == (10, [licence])


async def test_switched_off_the_columns_are_unknown(market: Market) -> None:
    shop = await Shop.open(market.shop.database)
    sent = {"commandId": str(uuid7()), "csv": "Code,Name,Storage\nA,a,cool\n"}
    payload = (await shop.ask(IMPORT % "Items", input=sent))["importItems"]
    assert [error["code"] for error in payload["errors"]] == ["IMPORT_UNKNOWN_COLUMN"]
