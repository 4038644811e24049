"""Real barcodes: products become items, and those that nobody could scan are refused one by one."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from core.ids import uuid7
from plugins.food_batches.gs1 import GTIN_CHECK_DIGIT
from tests.plugins.food_batches.market import Market, errors
from tests.shop import Json

HERE = Path(__file__).parent
SLICE = HERE.parents[1] / "fixtures/open_food_facts/products_slice.csv.gz"
SHARED = next((up / "shared/data" for up in HERE.parents if (up / "shared/data").is_dir()), None)
BULK = 1000

SAVE = """mutation($input: SaveItemsInput!) { saveItems(input: $input) { errors { code } verdicts {
  item { code barcodes { code } foodBatches { batchControl } }
  errors { code message path details } } } }"""


def products(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def name_of(product: dict[str, str]) -> str:
    """Its name; a few came through a wrong decoding and hold control characters in place of letters."""
    return "".join(
        letter.encode("latin-1").decode("cp1252") if "\x80" <= letter < "\xa0" else letter
        for letter in product["product_name"]
    )


def save_of(product: dict[str, str]) -> Json:
    return {
        "commandId": str(uuid7()),
        "code": product["gtin"],
        "name": name_of(product),
        "barcodes": [{"code": product["gtin"]}],
        "foodBatches": {"shelfLife": {"value": 12, "unit": "MONTHS"}},
    }


async def check(market: Market, found: list[dict[str, str]]) -> None:
    """Import these products: those with a wrong check digit are refused, the others stand."""
    good = 0
    for start in range(0, len(found), BULK):
        part = found[start : start + BULK]
        sent = {"items": [save_of(product) for product in part]}
        payload = (await market.shop.ask(SAVE, input=sent))["saveItems"]
        assert payload["errors"] == []
        for n, (product, verdict) in enumerate(zip(part, payload["verdicts"], strict=True)):
            gtin = product["gtin"]
            if product["check_digit_ok"] == "1":
                assert verdict["errors"] == [], product
                assert verdict["item"]["barcodes"] == [{"code": gtin}]
                assert verdict["item"]["foodBatches"] == {"batchControl": True}
                good += 1
            else:
                (error,) = verdict["errors"]
                assert verdict["item"] is None
                assert error["code"] == GTIN_CHECK_DIGIT
                assert error["path"] == ["items", str(n), "barcodes", "0", "code"]
                assert error["details"]["gtin"] == gtin
                expected = error["details"]["expected"]
                assert f"{gtin} is wrong" in error["message"]
                assert f"should end in {expected}" in error["message"]
                assert str(expected) != gtin[-1]
    listed = await market.shop.ask("{ items(first: 1) { totalCount } }")
    assert listed["items"]["totalCount"] == good


async def test_a_slice_of_real_products(market: Market) -> None:
    found = products(SLICE)
    assert (len(found), sum(p["check_digit_ok"] == "0" for p in found)) == (200, 20)
    await check(market, found)


async def test_five_thousand_real_products(market: Market) -> None:
    path = SHARED and SHARED / "open-food-facts/products_sample.csv.gz"
    if path is None or not path.is_file():
        pytest.skip("the products do not lie beside the repository")
    found = products(path)
    assert (len(found), sum(p["check_digit_ok"] == "0" for p in found)) == (5000, 100)
    await check(market, found)


IMPORT = """mutation($input: ImportInput!) { importItems(input: $input) { rows saved errors { code }
  problems { line column error { code details } } } }"""


async def test_five_thousand_real_products_from_a_file(market: Market) -> None:
    """The same through the import: the wrong ones are named by line, the others stand."""
    path = SHARED and SHARED / "open-food-facts/products_sample.csv.gz"
    if path is None or not path.is_file():
        pytest.skip("the products do not lie beside the repository")
    found = products(path)
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["编码", "名称", "条码", "保质期"])
    rows.writerows([p["gtin"], name_of(p), p["gtin"], "12个月"] for p in found)
    sent = {"commandId": str(uuid7()), "csv": written.getvalue()}
    payload = (await market.shop.ask(IMPORT, input=sent))["importItems"]
    assert payload["errors"] == []
    assert (payload["rows"], payload["saved"]) == (5000, 4900)
    wrong = {n: p["gtin"] for n, p in enumerate(found, start=2) if p["check_digit_ok"] == "0"}
    assert {p["line"]: p["error"]["details"]["gtin"] for p in payload["problems"]} == wrong
    assert {(p["column"], p["error"]["code"]) for p in payload["problems"]} == {
        ("条码", GTIN_CHECK_DIGIT)
    }
    listed = await market.shop.ask("{ items(first: 1) { totalCount } }")
    assert listed["items"]["totalCount"] == 4900


async def test_codes_of_the_shops_own_are_no_gtins(market: Market) -> None:
    own = [{"code": code} for code in ("85123A", "1234567", "2-01")]
    assert errors(await market.item("OWN", {}, barcodes=own)) == []
    wrong = [{"code": "6901234567892"}, {"code": "85123B"}, {"code": "6901234567893"}]
    payload = await market.item("WRONG", {}, barcodes=wrong)
    assert {tuple(path) for _, path in errors(payload)} == {("barcodes",)}
    digits = {error["details"]["gtin"] for error in payload["errors"]}
    assert digits <= {"6901234567892", "6901234567893"}
    assert digits


async def test_an_item_that_is_no_food_keeps_its_barcodes(market: Market) -> None:
    """What barcodes are elsewhere is not this module's business."""
    payload = await market.item("HAMMER", barcodes=[{"code": "6901234567890"}])
    assert payload["errors"] == []
