"""Files over HTTP: saved, tried, and refused row by row."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from core.db.database import Database
from core.ids import uuid7
from tests.core.extension.making import installed
from tests.shop import Json, Shop

IMPORT = """mutation($input: ImportInput!) { import%s(input: $input) { rows saved
  problems { line column error { code message } } errors { code message details } } }"""
ITEMS = """{ items(first: 50) { nodes { code name kind listPrice category { code }
  baseUnit { code } units { unit { code } numerator denominator } barcodes { code } } } }"""


async def send(shop: Shop, csv: str | None, what: str = "Items", **more: Any) -> Json:
    sent = {"commandId": str(uuid7()), "csv": csv, **more}
    payload: Json = (await shop.ask(IMPORT % what, input=sent))[f"import{what}"]
    return payload


async def items(shop: Shop) -> dict[str, Json]:
    return {one["code"]: one for one in (await shop.ask(ITEMS))["items"]["nodes"]}


def problems(payload: Json) -> list[tuple[int, str | None, str]]:
    assert payload["errors"] == []
    return [(p["line"], p["column"], p["error"]["code"]) for p in payload["problems"]]


@pytest.fixture
async def shop(db: Database) -> Shop:
    with installed():
        return await Shop.open(db)


async def test_items_are_made_and_changed(shop: Shop) -> None:
    made = await send(
        shop,
        "Code,Name,Unit,Further units,Barcodes,List price\n"
        "001,Milk,个,box=24 pack=1/3,6901234567892 111,2.50\n"
        '002,"=HYPERLINK(""x"")",kg,,,\n',
    )
    assert (made["rows"], made["saved"], problems(made)) == (2, 2, [])
    found = await items(shop)
    assert found["001"]["barcodes"] == [{"code": "111"}, {"code": "6901234567892"}]
    assert {
        u["unit"]["code"]: (u["numerator"], u["denominator"]) for u in found["001"]["units"]
    } == {
        "box": ("24", "1"),
        "pack": ("1", "3"),
    }
    assert (found["002"]["name"], found["002"]["baseUnit"]["code"]) == ('=HYPERLINK("x")', "kg")
    changed = await send(shop, "编码;名称;销售价\n001;牛奶;3\n")
    assert changed["saved"] == 1
    after = (await items(shop))["001"]
    assert (after["name"], after["listPrice"]) == ("牛奶", "3")
    assert (after["units"], after["barcodes"]) == (found["001"]["units"], found["001"]["barcodes"])


BAD = (
    "Code,Name,Kind,Category,List price,Barcodes\n"
    'A,"Good",,,1,1001\n'
    'B,Bad number,,,"1,5",\n'
    ",No code,,,,\n"
    "C,Unknown,thing,NOWHERE,,\n"
    "A,Twice,,,,\n"
    "D,Same barcode,,,,1001\n"
    "E,Negative,,,-1,\n"
    "F,Too long,,,,,,x\n"
    "H,Also good,service,,,\n"
)
WRONG = [
    (3, "List price", "IMPORT_CELL"),
    (4, "Code", "REQUIRED"),
    (5, "Kind", "IMPORT_CELL"),
    (6, "Code", "IMPORT_ROW_TWICE"),
    (7, "Barcodes", "IMPORT_ROW_TWICE"),
    (8, "List price", "BAD_NUMBER"),
    (9, None, "IMPORT_TOO_MANY_CELLS"),
]


async def test_bad_rows_are_told_and_the_others_stand(shop: Shop) -> None:
    tried = await send(shop, BAD, dryRun=True)
    assert (tried["rows"], tried["saved"], problems(tried)) == (9, 2, WRONG)
    assert await items(shop) == {}
    none = await send(shop, BAD, allOrNothing=True)
    assert none["saved"] == 0
    assert await items(shop) == {}
    done = await send(shop, BAD)
    assert (done["saved"], problems(done)) == (2, WRONG)
    assert [*await items(shop)] == ["A", "H"]


async def test_all_or_nothing_also_of_what_only_the_books_know(shop: Shop) -> None:
    await send(shop, "Code,Name,Barcodes\nOLD,x,77\n")
    sent = "Code,Name,Barcodes\nN1,x,78\nN2,y,77\n"
    tried = await send(shop, sent, allOrNothing=True)
    assert (tried["saved"], problems(tried)) == (0, [(3, "Barcodes", "DUPLICATE")])
    assert [*await items(shop)] == ["OLD"]
    kept = await send(shop, "Code,Name\nN1,x\nN2,y\n", allOrNothing=True)
    assert (kept["saved"], problems(kept)) == (2, [])
    rows = "".join(f"M{n},x\n" for n in range(1001))
    payload = await send(shop, f"Code,Name\n{rows}", allOrNothing=True)
    assert [error["code"] for error in payload["errors"]] == ["LIMIT_EXCEEDED"]


async def test_sent_twice_it_is_saved_once(shop: Shop) -> None:
    command = str(uuid7())
    csv = "Code,Name\nA,first\nB,second\n"
    first = await send(shop, csv, commandId=command)
    await send(shop, "Code,Name\nA,changed\n")
    assert await send(shop, csv, commandId=command) == first
    assert (await items(shop))["A"]["name"] == "changed"
    other = await send(shop, "Code,Name\nZ,other\n", commandId=command)
    assert [error["code"] for error in other["errors"]] == ["COMMAND_REUSED"]


async def test_a_dry_run_does_not_use_its_command_up(shop: Shop) -> None:
    command = str(uuid7())
    assert (await send(shop, "Code,Name\nA,x\n", commandId=command, dryRun=True))["saved"] == 1
    assert (await send(shop, "Code,Name\nA,y\n", commandId=command))["saved"] == 1
    assert (await items(shop))["A"]["name"] == "y"


async def test_parties(shop: Shop) -> None:
    done = await send(
        shop, "编码\t名称\t供应商\t客户\t电话\nS1\t农场\t是\t否\t0571\nN\t无\t\t\t\n", "Parties"
    )
    assert (done["saved"], problems(done)) == (1, [(3, "供应商", "NO_ROLE")])
    found = await shop.ask("{ parties(first: 5) { nodes { code isSupplier isCustomer phone } } }")
    assert found["parties"]["nodes"] == [
        {"code": "S1", "isSupplier": True, "isCustomer": False, "phone": "0571"}
    ]


async def test_bytes_in_the_encoding_of_spreadsheets(shop: Shop) -> None:
    data = base64.b64encode("编码,名称\nA,牛奶\n".encode("gb18030")).decode()
    assert (await send(shop, None, base64=data))["saved"] == 1
    assert (await items(shop))["A"]["name"] == "牛奶"
    bell = base64.b64encode(b"Code,Name\nB,a\x07b\n").decode()
    assert problems(await send(shop, None, base64=bell)) == [(2, "Name", "BAD_TEXT")]
    wrong: list[tuple[str | None, Json]] = [
        ("x", {"base64": data}),
        (None, {}),
        (None, {"base64": "?"}),
    ]
    for csv, more in wrong:
        payload = await send(shop, csv, **more)
        assert [error["code"] for error in payload["errors"]] == ["INVALID"]


@pytest.mark.parametrize(
    ("csv", "code"),
    [
        ("Code,Name,Shoe\nA,x,1\n", "IMPORT_UNKNOWN_COLUMN"),
        ("Code,Name,编码\nA,x,1\n", "IMPORT_COLUMN_TWICE"),
        ("Name\nx\n", "IMPORT_COLUMN_MISSING"),
        ('Code,Name\nA,"x\n', "IMPORT_BAD_FILE"),
        ("Code,Name\n", "IMPORT_NO_ROWS"),
        ("Code,Name\n" + "A,x\n" * 5001, "LIMIT_EXCEEDED"),
    ],
)
async def test_files_that_do_not_fit(shop: Shop, csv: str, code: str) -> None:
    payload = await send(shop, csv)
    assert [error["code"] for error in payload["errors"]] == [code]
    assert payload["problems"] is None
    assert await items(shop) == {}


async def test_columns_in_both_languages(shop: Shop) -> None:
    found = await shop.ask(
        "{ importColumns(kind: PARTY) { header headers about required module } }"
    )
    first = found["importColumns"][0]
    assert first["headers"] == ["Code", "编码"]
    assert (first["header"], first["required"], first["module"]) == ("Code", True, None)
    assert all(one["about"] for one in found["importColumns"])


async def test_who_may_import(db: Database) -> None:
    with installed():
        seller = await Shop.open(db, roles=("seller",))
    payload = await send(seller, "Code,Name\nA,x\n")
    assert [error["code"] for error in payload["errors"]] == ["PERMISSION_DENIED"]
    assert (await send(seller, "Code,Name,Customer\nA,x,yes\n", "Parties"))["saved"] == 1
