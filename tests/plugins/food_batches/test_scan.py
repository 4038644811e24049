"""Scans become lines of a draft: each once, and only where the label makes sense."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.records import BarcodeDraft
from core.ids import uuid7
from plugins.food_batches import labels, plugin
from plugins.food_batches.gs1 import Element, Scan
from tests.plugins.food_batches.shops import party, uuid_in
from tests.shop import Json, Shop, line

GTIN = "09521234543213"
SCAN = """mutation($input: FoodBatchesScanInput!) { foodBatchesScan(input: $input) {
  document { id revision state total type { code } lines(first: 9) { nodes { no } } }
  line { no quantity unitPrice lotCode item { code } unit { code } }
  errors { code message path details } } }"""
DRAFT = "mutation($input: DocumentStepInput!) { %s(input: $input) { %s errors { code } } }"


class Device:
    """A scanner that fills one document."""

    def __init__(self, shop: Shop, type_: str, name: str = "PDA-1", **head: Any) -> None:
        self.shop, self.name, self.sequence = shop, name, 0
        self.head = {
            "documentId": str(uuid7()),
            "type": type_,
            "businessDate": "2026-03-02",
            "placeId": shop.places["MAIN"],
            **head,
        }

    async def sends(self, text: str, **more: Any) -> Json:
        """The payload of the next scan, unless a number is named."""
        self.sequence += 1
        input_ = {"commandId": str(uuid7()), "device": self.name, "sequence": self.sequence}
        input_ |= {**self.head, "text": text, **more}
        payload: Json = (await self.shop.ask(SCAN, input=input_))["foodBatchesScan"]
        return payload

    async def reads(self, text: str, **more: Any) -> Json:
        """The line, which must not be refused."""
        payload = await self.sends(text, **more)
        assert payload["errors"] == [], payload
        found: Json = payload["line"]
        return found


async def item(shop: Shop, code: str = "MILK", barcode: str = GTIN, **facts: Any) -> str:
    """An item that is kept by batch and has a barcode."""
    barcodes = (BarcodeDraft(code=barcode),)
    made = await shop.item(code, barcodes=barcodes, purchase_price=Decimal(2))
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        told = {"shelf_life_value": 30, **facts}
        assert list(await plugin.save_attributes(tx, "item", {uuid_in(made): told})) == []
    return made


async def unit(shop: Shop, code: str) -> UUID:
    """A unit of the tenant, by its code."""
    found = await shop.ask("{ units { id code } }")
    return uuid_in(next(one["id"] for one in found["units"] if one["code"] == code))


async def test_a_delivery_is_scanned_in_and_posted(food_shop: Shop) -> None:
    shop = food_shop
    await item(shop)
    dairy = await party(shop, "DAIRY")
    device = Device(shop, "receipt", partyId=dairy)
    first = await device.reads(f"(01){GTIN}(10)A-1(17)260320(30)12")
    assert (first["no"], first["quantity"], first["lotCode"]) == (1, "12", "A-1")
    assert (first["item"]["code"], first["unitPrice"]) == ("MILK", "2")
    link = f"https://id.gs1.org/01/{GTIN}/10/B?11=260301"
    assert (await device.reads(link, unitPrice="3", quantity="4"))["no"] == 2
    other = Device(shop, "scrap", name="PDA-2", documentId=device.head["documentId"])
    payload = await other.sends(f"]C101{GTIN}10C␝17260325")  # the head that is there counts
    assert payload["document"]["type"] == {"code": "receipt"}
    assert [node["no"] for node in payload["document"]["lines"]["nodes"]] == [1, 2, 3]
    assert (payload["document"]["total"], payload["document"]["revision"]) == ("38.00", 3)
    step = {"commandId": str(uuid7()), "id": payload["document"]["id"], "revision": 3}
    done = await shop.ask(DRAFT % ("postDraft", "document { state }"), input=step)
    assert done["postDraft"] == {"document": {"state": "POSTED"}, "errors": []}
    late = await device.sends(f"(01){GTIN}(10)A-1(17)260320")
    assert [error["code"] for error in late["errors"]] == ["WRONG_STATE"]
    sale = Device(shop, "issue", name="PDA-3")
    sold = await sale.reads(f"(01){GTIN}(10)B", unitPrice="5")
    assert (sold["quantity"], sold["lotCode"]) == ("1", "B")
    plain = await sale.reads(GTIN.lstrip("0"), unitPrice="5")
    assert (plain["no"], plain["lotCode"]) == (2, None)  # which batch is decided when it is posted


async def test_the_same_scan_counts_once(food_shop: Shop) -> None:
    shop = food_shop
    await item(shop)
    device = Device(shop, "receipt")
    text = f"(01){GTIN}(10)A(17)260320"
    payloads = await asyncio.gather(*(device.sends(text, sequence=7) for _ in range(6)))
    assert all(payload == payloads[0] for payload in payloads)
    assert payloads[0]["errors"] == []
    assert payloads[0]["document"]["lines"]["nodes"] == [{"no": 1}]
    command = str(uuid7())
    for _ in range(2):
        assert (await device.reads(text, sequence=8, commandId=command))["no"] == 2
    for change in ({"text": f"(01){GTIN}(10)B(17)260320"}, {"documentId": str(uuid7())}):
        sent = {"text": text, **change}
        refused = await device.sends(sent.pop("text"), sequence=7, **sent)
        (error,) = refused["errors"]
        assert (error["code"], error["path"]) == ("FOOD_BATCHES_SCAN_NUMBER_USED", ["sequence"])
        assert error["details"] == {"device": "PDA-1", "sequence": 7}
    assert (await Device(shop, "receipt", name="PDA-2").reads(text, sequence=7))["no"] == 1
    step = {"commandId": str(uuid7()), "id": payloads[0]["document"]["id"], "revision": 2}
    gone = await shop.ask(DRAFT % ("deleteDraft", "deletedId"), input=step)
    assert gone["deleteDraft"]["errors"] == []
    again = await device.sends(text, sequence=7)
    assert again == {"document": None, "line": None, "errors": []}


@pytest.mark.parametrize(
    ("type_", "text", "code", "details"),
    [
        ("receipt", "09521234543214", "FOOD_BATCHES_GTIN_CHECK_DIGIT", {"expected": 3}),
        ("receipt", "(01)09521234543214", "FOOD_BATCHES_SCAN_CHECK_DIGIT", {"expected": 3}),
        ("receipt", "96385074", "FOOD_BATCHES_UNKNOWN_BARCODE", {"code": "00000096385074"}),
        ("receipt", "OWN-1", "FOOD_BATCHES_UNKNOWN_BARCODE", {"code": "OWN-1"}),
        ("receipt", "", "FOOD_BATCHES_SCAN_UNREADABLE", {}),
        ("receipt", f"(01){GTIN}(17)261301", "FOOD_BATCHES_BAD_DATE", {"text": "261301"}),
        ("receipt", f"(01){GTIN}(17)260320", "FOOD_BATCHES_LOT_REQUIRED", {"item": "MILK"}),
        ("receipt", f"(01){GTIN}(10)N", "FOOD_BATCHES_DATES_REQUIRED", {"lot": "N"}),
        ("receipt", f"(01){GTIN}(10)N(17)260301", "FOOD_BATCHES_ARRIVED_EXPIRED", {"lot": "N"}),
        (
            *("receipt", f"(01){GTIN}(10)N(11)260320(17)260310", "FOOD_BATCHES_DATES_REVERSED"),
            {"produced_on": "2026-03-20"},
        ),
        (
            *("receipt", f"(01){GTIN}(10)A(17)260321", "FOOD_BATCHES_DATES_DIFFER"),
            {"known": "2026-03-20", "told": "2026-03-21"},
        ),
        (
            *("issue", f"(01){GTIN}(10)A(17)260321", "FOOD_BATCHES_DATES_DIFFER"),
            {"known": "2026-03-20"},
        ),
        ("issue", f"(01){GTIN}(10)N", "FOOD_BATCHES_UNKNOWN_BATCH", {"lot": "N"}),
        ("issue", f"(01){GTIN}(10)OLD", "FOOD_BATCHES_EXPIRED", {"expires_on": "2026-03-01"}),
        ("issue", f"(01){GTIN}(17)260301", "FOOD_BATCHES_EXPIRED", {"expires_on": "2026-03-01"}),
        ("conversion", f"(01){GTIN}(10)A", "FOOD_BATCHES_CHOOSE_BY_HAND", {}),
        ("nonsense", f"(01){GTIN}(10)A", "UNKNOWN_DOCUMENT_TYPE", {"type": "nonsense"}),
    ],
)
async def test_labels_that_cannot_be_right(
    food_shop: Shop, type_: str, text: str, code: str, details: Json
) -> None:
    shop = food_shop
    await item(shop)
    stock = Device(shop, "opening", documentId=str(uuid7()))
    await stock.reads(f"(01){GTIN}(10)A(17)260320(30)5")
    payload = await stock.sends(f"(01){GTIN}(10)OLD(17)260301(30)5")
    step = {"commandId": str(uuid7()), "id": payload["document"]["id"], "revision": 2}
    done = await shop.ask(DRAFT % ("postDraft", "document { state }"), input=step)
    assert done["postDraft"]["errors"] == []
    device = Device(shop, type_, name="PDA-2")
    payload = await device.sends(text)
    (error,) = payload["errors"]
    assert (payload["document"], error["code"]) == (None, code)
    assert details.items() <= (error["details"] or {}).items()
    assert error["path"] == (["type"] if type_ in ("conversion", "nonsense") else ["text"])
    taken = await Device(shop, "scrap", name="PDA-3").reads(f"(01){GTIN}(10)OLD")
    assert taken["lotCode"] == "OLD"
    if type_ in ("receipt", "issue"):  # the number was not used up
        good = await device.reads(f"(01){GTIN}(10)A(17)260320", sequence=1, unitPrice="1")
        assert good["no"] == 1


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"device": " "}, "REQUIRED", ["device"]),
        ({"device": "x" * 101}, "LIMIT_EXCEEDED", ["device"]),
        ({"sequence": -1}, "INVALID", ["sequence"]),
        ({"type": None}, "NOT_FOUND", ["documentId"]),
        ({"businessDate": None}, "REQUIRED", ["businessDate"]),
        ({"quantity": "0"}, "BAD_QUANTITY", ["quantity"]),
        ({"quantity": "1.5"}, "TOO_FINE", ["quantity"]),
        ({"unitPrice": "-1"}, "NEGATIVE_PRICE", ["unitPrice"]),
        ({"partyId": "nobody"}, "NOT_FOUND", ["partyId"]),
        ({"placeId": None}, "REQUIRED", ["placeId"]),
    ],
)
async def test_scans_that_cannot_be(
    food_shop: Shop, change: Json, code: str, path: list[str]
) -> None:
    await item(food_shop)
    payload = await Device(food_shop, "receipt").sends(f"(01){GTIN}(10)A(17)260320", **change)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]


async def test_weights_go_where_the_item_is_weighed(food_shop: Shop) -> None:
    """By weight, the label's weight is the quantity; by piece, it is the second quantity; else it says
    nothing."""
    shop = food_shop
    kg = await unit(shop, "kg")
    fish, cheese, soap = "95212345432141", "95212345432158", "95212345432165"
    await item(shop, "FISH", fish, second_unit_id=kg)
    cut = await shop.item("CHEESE", barcodes=(BarcodeDraft(code=cheese),), base_unit_id=kg)
    await shop.item("SOAP", barcodes=(BarcodeDraft(code=soap),))
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        assert list(await plugin.save_attributes(tx, "item", {uuid_in(cut): {}})) == []
    device = Device(shop, "receipt")
    weighed = await device.reads(f"(01){fish}(10)F(17)260320(3103)001250")
    assert (weighed["quantity"], weighed["unit"]["code"]) == ("1", "pcs")
    by_weight = await device.reads(f"(01){cheese}(10)C(3102)000075", unitPrice="9")
    assert (by_weight["quantity"], by_weight["unit"]["code"]) == ("0.75", "kg")
    other = await device.reads(f"(01){soap}(3103)001250", unitPrice="1")
    assert (other["quantity"], other["lotCode"]) == ("1", None)
    payload = await device.sends(f"(01){soap}(10)NO(17)260301", unitPrice="1")
    assert payload["line"]["lotCode"] is None  # it is not kept by batch
    step = {
        "commandId": str(uuid7()),
        "id": payload["document"]["id"],
        "revision": payload["document"]["revision"],
    }
    done = await shop.ask(DRAFT % ("postDraft", "document { state }"), input=step)
    assert done["postDraft"]["errors"] == []
    sold = await shop.post("issue", line(cut, "0.5", "20", lotCode="C"))
    assert sold["errors"] == []


@given(st.integers(0, 10**13 - 1))
def test_a_gtin_is_found_with_any_zeros(number: int) -> None:
    digits = f"{number:014d}"
    found = labels.spellings(Scan("", (Element("01", digits),)))
    assert found[0] == digits
    assert all(len(one) in (8, 12, 13, 14) and one.zfill(14) == digits for one in found)
    assert len(found) == sum(digits.startswith("0" * (14 - length)) for length in (14, 13, 12, 8))
