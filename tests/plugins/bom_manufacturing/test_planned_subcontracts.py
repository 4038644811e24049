"""What a processor makes is planned like what is made, and ordered from him; his orders are supply of the
product and demand for components."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from core.ids import uuid7
from schema.relay import encode_id, uuid_of
from tests.plugins.bom_manufacturing.outwork import Outwork
from tests.plugins.bom_manufacturing.planner import PLACED, SHORT, WHY, Planner
from tests.shop import Json

D: Any = Decimal
PLANNED = """query($subcontract: Boolean) { bomManufacturingSuggestions(subcontract: $subcontract) {
  nodes { id make subcontract quantity releaseOn dueOn item { code } supplier { code } } } }"""
ORDER = """mutation($input: BomManufacturingOrderSuggestionsInput!) {
  bomManufacturingOrderSuggestions(input: $input) {
    purchases { id } workOrders { id }
    subcontractOrders { id state type { code } party { code } place { code } toPlace { code }
      lines { nodes { item { code } quantity unitPrice role dueOn place { code } } } }
    refused { code path } errors { code path message } } }"""
ITEM = """query($id: ID!) { item(id: $id) { bomManufacturing {
  make subcontract processingFee supplier { code } } } }"""


@pytest.fixture
async def sewing(planner: Planner) -> Outwork:
    """Shirts come from a seamstress for 4 each, five days after she has the components; 100 of each
    component are there."""
    outwork = await Outwork.open(planner.workshop)
    shirt = {"supplierId": outwork.party, "subcontract": True, "processingFee": "4"}
    await planner.told(SHIRT={**shirt, "leadTime": 5}, CLOTH={"leadTime": 1})
    return outwork


async def planned(planner: Planner, **wanted: Any) -> list[Json]:
    return await planner.nodes(PLANNED, **wanted)


async def turned(planner: Planner, found: list[Json], **how: Any) -> Json:
    how = {"placeId": planner.workshop.shop.places["MAIN"], **how}
    chosen = [{"id": one["id"], **one.get("named", {})} for one in found]
    return await planner.send(ORDER, suggestions=chosen, **how)


async def test_from_a_sale_to_an_order_at_the_processor_and_its_receipt(
    planner: Planner, sewing: Outwork
) -> None:
    await planner.order("sales_order", "SHIRT", "60", 20)
    await planner.plan()
    [shirt] = await planned(planner, subcontract=True)
    assert (shirt["make"], shirt["item"]["code"], shirt["supplier"]["code"]) == (
        True,
        "SHIRT",
        "SEW",
    )
    assert (shirt["releaseOn"], shirt["dueOn"]) == (planner.day(15), planner.day(20))
    # 126 of cloth with its scrap, 180 of buttons, and nothing of the thread that is hers
    assert await planner.brief(make=False) == [
        ("CLOTH", "26", 14, 15),
        ("BUTTON", "80", 15, 15),
    ]
    assert {one["item"]["code"] for one in await planned(planner, subcontract=False)} == {
        "CLOTH",
        "BUTTON",
    }
    command = {"commandId": str(uuid7())}
    made = await turned(planner, [shirt], **command)
    assert made["errors"] == made["refused"] == []
    assert (made["purchases"], made["workOrders"]) == ([], [])
    [order] = made["subcontractOrders"]
    assert (order["state"], order["party"]["code"], order["toPlace"]["code"]) == (
        "DRAFT", "SEW", "AT-SEW"
    )  # fmt: skip
    assert [
        (one["item"]["code"], D(one["quantity"]), one["role"], one["dueOn"])
        for one in order["lines"]["nodes"]
    ] == [
        ("SHIRT", 60, "PRODUCE", planner.day(20)),
        ("CLOTH", 126, "CONSUME", planner.day(15)),
        ("BUTTON", 180, "CONSUME", planner.day(15)),
    ]
    assert D(order["lines"]["nodes"][0]["unitPrice"]) == 4
    assert await turned(planner, [shirt], **command) == made
    [error] = (await turned(planner, [shirt]))["errors"]
    assert (error["code"], error["path"]) == (
        "BOM_MANUFACTURING_ORDERED_ALREADY",
        ["suggestions", "0", "id"],
    )


async def test_his_orders_are_supply_and_demand_until_goods_come(
    planner: Planner, sewing: Outwork
) -> None:
    today = planner.day(0)
    await planner.order("sales_order", "SHIRT", "60", 20)
    await planner.plan()
    made = await turned(planner, await planned(planner, subcontract=True), approve=True)
    assert made["errors"] == made["refused"] == []
    [order] = made["subcontractOrders"]
    assert order["state"] == "APPROVED"
    await planner.plan()
    # the same components, now for the order that is placed
    lacking = [("CLOTH", "26", 14, 15), ("BUTTON", "80", 15, 15)]
    assert await planner.brief() == lacking
    cloth = next(one for one in await planned(planner) if one["item"]["code"] == "CLOTH")
    [why] = await planner.nodes(WHY, id=cloth["id"])
    assert why["document"]["number"]
    placed = await planner.nodes(PLACED, exceptions=False)
    assert [(one["item"]["code"], D(one["quantity"]), one["advice"]) for one in placed] == [
        ("SHIRT", 60, None)
    ]
    assert await planner.nodes(SHORT) == []
    # what he has is nobody else's: 100 of each are there no more, and 26 and 80 still lack
    key = encode_id("BomManufacturingSubcontractOrder", uuid_of(order["id"], "Document"))
    parts = [sewing.part("CLOTH", "100"), sewing.part("BUTTON", "100")]
    await sewing.issue(key, components=parts, businessDate=today)
    await planner.plan()
    assert await planner.brief() == lacking
    back = [sewing.part("CLOTH", "10")]
    await sewing.done(
        "TakeBackFromProcessor", "TakeBack", orderId=key, components=back, businessDate=today
    )
    await planner.plan()
    assert await planner.brief() == lacking  # ten came back, and are wanted there again
    # 20 are good; what was rejected is still to come
    await sewing.receive(key, "20", rejected="5", businessDate=today)
    await planner.plan()
    placed = await planner.nodes(PLACED, exceptions=False)
    assert [(one["item"]["code"], D(one["quantity"])) for one in placed] == [("SHIRT", 40)]
    assert [one for one in await planner.brief() if one[0] == "SHIRT"] == []


async def test_what_is_not_told_of_the_item_is_named(planner: Planner, sewing: Outwork) -> None:
    await planner.told(SHIRT={"subcontract": True})
    await planner.order("sales_order", "SHIRT", "6", 20)
    await planner.plan()
    [shirt] = await planned(planner, subcontract=True)
    assert shirt["supplier"] is None
    errors = (await turned(planner, [shirt]))["errors"]
    assert [(one["code"], one["path"]) for one in errors] == [
        ("BOM_MANUFACTURING_NO_PROCESSOR", ["suggestions", "0", "supplierId"]),
        ("BOM_MANUFACTURING_NO_FEE", ["suggestions", "0", "fee"]),
    ]
    other = await planner.supplier("Tailor")
    for named, code, path in (
        (
            {"supplierId": other, "fee": "5"},
            "BOM_MANUFACTURING_NO_PROCESSOR_PLACE",
            "processorPlaceId",
        ),
        ({"supplierId": sewing.party, "fee": "-1"}, "BOM_MANUFACTURING_OUT_OF_RANGE", "fee"),
        (
            {
                "supplierId": sewing.party,
                "fee": "5",
                "processorPlaceId": planner.workshop.shop.places["MAIN"],
            },
            "BOM_MANUFACTURING_NOT_A_PROCESSOR_PLACE",
            "processorPlaceId",
        ),
    ):
        [error] = (await turned(planner, [{**shirt, "named": named}]))["errors"]
        assert (error["code"], error["path"]) == (code, ["suggestions", "0", path])
    named = {"supplierId": sewing.party, "fee": "5", "processorPlaceId": sewing.place}
    made = await turned(planner, [{**shirt, "named": named}])
    [order] = made["subcontractOrders"]
    assert (order["party"]["code"], D(order["lines"]["nodes"][0]["unitPrice"])) == ("SEW", 5)


async def test_only_what_a_processor_makes_is_ordered_from_one(
    planner: Planner, sewing: Outwork
) -> None:
    workshop = planner.workshop
    await workshop.simple(P="A")
    await planner.told(A={"supplierId": await planner.supplier()})
    await planner.order("sales_order", "P", "5", 20)
    await planner.order("sales_order", "SHIRT", "5", 20)
    await planner.plan()
    found = await planned(planner)
    kinds = {one["item"]["code"]: (one["make"], one["subcontract"]) for one in found}
    assert kinds == {"P": (True, False), "A": (False, False), "SHIRT": (True, True)}
    wrong = [{**one, "named": {"fee": "1"}} for one in found if not one["subcontract"]]
    errors = (await turned(planner, wrong))["errors"]
    assert [one["code"] for one in errors] == ["BOM_MANUFACTURING_NOT_SUBCONTRACTED"] * 2
    made = await turned(planner, found, approve=True)
    assert made["errors"] == []
    counts = [len(made[kind]) for kind in ("purchases", "subcontractOrders", "workOrders")]
    assert counts == [1, 1, 1]


async def test_one_that_cannot_be_approved_stays_a_draft(planner: Planner, sewing: Outwork) -> None:
    await planner.order("sales_order", "SHIRT", "60", 20)
    await planner.plan()
    settings = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      errors { code message } } }"""
    await planner.send(settings, reserveOnOrder="REQUIRE")
    found = await planned(planner, subcontract=True)
    command = {"commandId": str(uuid7()), "approve": True}
    made = await turned(planner, found, **command)
    assert [(one["code"], one["path"]) for one in made["refused"]] == [
        ("NOT_RESERVABLE", ["subcontractOrders", "0", "lines", "1"])
    ]
    assert made["subcontractOrders"][0]["state"] == "DRAFT"
    await planner.send(settings, reserveOnOrder="BACKORDER")
    again = await turned(planner, found, **command)
    assert again["refused"] == []
    assert [one["id"] for one in again["subcontractOrders"]] == [
        one["id"] for one in made["subcontractOrders"]
    ]
    assert again["subcontractOrders"][0]["state"] == "APPROVED"


async def test_of_two_at_once_one_makes_the_order(planner: Planner, sewing: Outwork) -> None:
    await planner.order("sales_order", "SHIRT", "6", 20)
    await planner.plan()
    found = await planned(planner, subcontract=True)
    payloads = await asyncio.gather(*(turned(planner, found) for _ in range(4)))
    assert sum(bool(one["subcontractOrders"]) for one in payloads) == 1
    codes = {error["code"] for one in payloads for error in one["errors"]}
    assert codes == {"BOM_MANUFACTURING_ORDERED_ALREADY"}


async def test_what_is_told_of_an_item(planner: Planner, sewing: Outwork) -> None:
    shop = planner.workshop.shop
    shown = await shop.ask(ITEM, id=planner.workshop.items["SHIRT"])
    told = shown["item"]["bomManufacturing"]
    assert (told["make"], told["subcontract"], D(told["processingFee"])) == (None, True, 4)
    assert told["supplier"] == {"code": "SEW"}
    for facts, code, path in (
        ({"subcontract": True, "make": False}, "BOM_MANUFACTURING_BOUGHT", "subcontract"),
        ({"processingFee": "-1"}, "BOM_MANUFACTURING_OUT_OF_RANGE", "processingFee"),
    ):
        [error] = await planner.try_told("SHIRT", facts)
        assert (error["code"], error["path"]) == (code, ["bomManufacturing", path])
