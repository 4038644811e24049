"""What a work order does not take, and that it says where and what to do; what was told by mistake."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.ids import uuid7
from plugins.bom_manufacturing.work_orders import stock as stored
from schema.relay import uuid_of
from tests.plugins.bom_manufacturing.works import Works, parts, worth
from tests.plugins.bom_manufacturing.workshop import NAME
from tests.shop import Json

D = Decimal
PREFIX = "BOM_MANUFACTURING_"


async def told(works: Works, mutation: str, **input_: Any) -> list[tuple[str, list[str]]]:
    """The codes and paths of a step that must be refused."""
    payload = await works.send(mutation, **input_)
    assert payload["order"] is None
    return [(one["code"].removeprefix(PREFIX), one["path"]) for one in payload["errors"]]


def sent(works: Works, **more: Any) -> Json:
    items, places = works.workshop.items, works.workshop.shop.places
    return {"itemId": items["P"], "quantity": "1", "placeId": places["MAIN"], **more}


async def reverse(works: Works, payload: Json) -> list[str]:
    query = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
      errors { code } } }"""
    asked = {"commandId": str(uuid7()), "id": payload["document"]["id"]}
    answer = await works.workshop.shop.ask(query, input=asked)
    return [one["code"] for one in answer["reverseDocument"]["errors"]]


async def test_what_is_wrong_with_a_draft_is_told_where_it_was_sent(works: Works) -> None:
    item, root = works.workshop.items["A"], works.workshop.shop.places["ROOT"]
    over = sent(works, overPercent="101")
    assert await told(works, "SaveWorkOrder", **over) == [("BAD_TOLERANCE", ["overPercent"])]
    extra = sent(works, kind="REWORK", extras=[{"itemId": item, "quantity": "0"}])
    path = ["extras", "0", "quantity"]
    assert await told(works, "SaveWorkOrder", **extra) == [("OUT_OF_RANGE", path)]
    twice = [{"attribute": "colour", "value": one} for one in ("red", "blue")]
    path = ["attributes", "1", "attribute"]
    variant = sent(works, attributes=twice)
    assert await told(works, "SaveWorkOrder", **variant) == [("SAME_ATTRIBUTE", path)]
    # the place is that of the product and of its components: each is told once
    nowhere = sent(works, placeId=root)
    assert await told(works, "SaveWorkOrder", **nowhere) == [
        ("WRONG_PLACE", ["placeId"]),
        ("WRONG_PLACE", ["componentPlaceId"]),
    ]


STEPS: list[tuple[str, Json]] = [
    ("Issue", {}),
    ("Return", {"lines": [{"line": 2, "quantity": "1"}]}),
    ("Report", {"quantity": "1"}),
    ("Report", {"quantity": "0", "scrapped": "1"}),
    ("Charge", {"kind": "LABOUR", "amount": "1"}),
    ("Stop", {}),
    ("Close", {}),
]


@pytest.mark.parametrize(("step", "input_"), STEPS)
async def test_a_draft_has_to_be_released_first(works: Works, step: str, input_: Json) -> None:
    draft = await works.draft("P", "4")
    found = await told(works, step, orderId=draft["id"], **input_)
    assert found == [("NOT_RELEASED", ["orderId"])]
    other = works.workshop.items["P"]
    assert await told(works, step, orderId=other, **input_) == [("NOT_FOUND", ["orderId"])]


@pytest.mark.parametrize(("step", "input_"), STEPS[:-1])
async def test_a_closed_order_has_to_be_resumed_first(
    works: Works, step: str, input_: Json
) -> None:
    order = await works.order("P", "4")
    await works.do("Close", orderId=order["id"])
    found = await told(works, step, orderId=order["id"], **input_)
    assert found == [("CLOSED", ["orderId"])]


async def test_nothing_is_done_before_the_day_of_the_order(works: Works) -> None:
    order = await works.order("P", "4")
    for step, input_ in STEPS[:4]:
        found = await told(works, step, orderId=order["id"], on="2020-01-01", **input_)
        assert found == [("BEFORE_ORDER", ["on"])]
    later = await told(works, "Report", orderId=order["id"], on="2099-01-01", quantity="1")
    assert later == [("FUTURE_DATE", ["on"])]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({"quantity": "0"}, [("OUT_OF_RANGE", ["quantity"])]),
        ({"quantity": "-1"}, [("OUT_OF_RANGE", ["quantity"])]),
        ({"quantity": "1", "scrapped": "-1"}, [("OUT_OF_RANGE", ["scrapped"])]),
        ({"quantity": "1", "scrapped": "0.5"}, [("OUT_OF_RANGE", ["scrapped"])]),
        ({"quantity": "0", "scrapped": "0.5"}, [("OUT_OF_RANGE", ["scrapped"])]),
        ({"quantity": "0", "scrapped": "-1"}, [("NOT_SCRAPPED", ["scrapped"])]),
    ],
)
async def test_figures_of_a_report(works: Works, report: Json, expected: Any) -> None:
    order = await works.order("P", "4")
    assert await told(works, "Report", orderId=order["id"], **report) == expected
    assert await works.read(order) == order


async def test_scrap_that_was_reported_by_mistake_is_taken_back(works: Works) -> None:
    order = await works.order("P", "9")
    await works.do("Issue", orderId=order["id"])
    with_goods = await works.send("Report", orderId=order["id"], quantity="1", scrapped="2")
    order = await works.do("Report", orderId=order["id"], quantity="0", scrapped="3")
    assert (order["scrapped"], order["open"]) == ("5", "3")
    beyond = {"quantity": "0", "scrapped": "-4"}  # two of the five came with goods
    found = await told(works, "Report", orderId=order["id"], **beyond)
    assert found == [("NOT_SCRAPPED", ["scrapped"])]
    order = await works.do("Report", orderId=order["id"], quantity="0", scrapped="-2")
    assert (order["scrapped"], order["open"]) == ("3", "5")
    assert await reverse(works, with_goods) == []
    order = await works.do("Report", orderId=order["id"], quantity="0", scrapped="-1")
    assert (order["reported"], order["scrapped"], order["open"]) == ("0", "0", "9")


async def test_a_charge_is_taken_back_while_no_product_bears_it(works: Works) -> None:
    order = await works.order("P", "4")
    charge = {"orderId": order["id"], "kind": "LABOUR"}
    await works.do("Charge", amount="100", **charge)
    assert worth(await works.do("Charge", amount="-90", **charge)) == 10
    await works.do("Report", orderId=order["id"], quantity="1")  # bears 2.50
    assert await told(works, "Charge", amount="-7.51", **charge) == [
        ("MORE_THAN_CHARGED", ["amount"])
    ]
    assert await told(works, "Charge", amount="0", **charge) == [("OUT_OF_RANGE", ["amount"])]
    order = await works.do("Charge", amount="-7.50", **charge)
    assert [D(one["amount"]) for one in order["charges"]] == [100, -90, D("-7.50")]
    assert worth(order) == 0


async def test_goods_that_came_back_into_a_closed_order_wait_for_it_to_be_resumed(
    works: Works,
) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Close", orderId=order["id"])
    query = """query($id: ID!) { bomManufacturingWorkOrder(id: $id) { document { id } } }"""
    found = await works.workshop.shop.ask(query, id=order["id"])
    source = found["bomManufacturingWorkOrder"]["document"]["id"]
    query = """query($id: ID!) { documents(first: 9, filter: {sourceId: $id,
      types: ["bom_manufacturing_work_closing"]}) { nodes { id } } }"""
    [closing] = (await works.workshop.shop.ask(query, id=source))["documents"]["nodes"]
    assert await reverse(works, {"document": closing}) == []
    again = await told(works, "Close", orderId=order["id"])
    assert again == [("CLOSED", ["orderId"])]
    await works.do("Resume", orderId=order["id"])
    assert worth(await works.do("Close", orderId=order["id"])) == 0


async def test_the_module_stays_on_while_goods_are_in_work(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    query = """mutation($input: SwitchModuleInput!) { disableModule(input: $input) {
      errors { code details } } }"""

    async def off() -> list[Json]:
        sent = {"commandId": str(uuid7()), "name": NAME}
        found = await works.workshop.shop.ask(query, input=sent)
        errors: list[Json] = found["disableModule"]["errors"]
        return errors

    [error] = await off()
    assert error["code"] == "BOM_MANUFACTURING_GOODS_IN_WORK"
    assert error["details"] == {"count": 1, "number": order["number"]}
    await works.do("Close", orderId=order["id"])
    assert await off() == []


async def test_a_draft_that_core_wrote_anew_has_its_product_first(works: Works) -> None:
    """Its components may be changed by hand; its product may not become one of them."""
    draft = await works.draft("P", "4")
    items, places = works.workshop.items, works.workshop.shop.places
    query = (
        "query($id: ID!) { bomManufacturingWorkOrder(id: $id) { document { id businessDate } } }"
    )
    found = await works.workshop.shop.ask(query, id=draft["id"])
    document = found["bomManufacturingWorkOrder"]["document"]
    product = {"itemId": items["P"], "quantity": "4", "role": "PRODUCE"}
    component = {"itemId": items["A"], "quantity": "5", "role": "CONSUME"}
    head = {
        "id": str(uuid_of(document["id"], "Document")),
        "type": "bom_manufacturing_work_order",
        "businessDate": document["businessDate"],
        "placeId": places["MAIN"],
    }
    save = """mutation($input: SaveDraftInput!) { saveDraft(input: $input) {
      document { revision } errors { code path } } }"""

    async def saved(revision: int, *lines: Json) -> int:
        sent = {"commandId": str(uuid7()), "revision": revision}
        sent |= {"document": {**head, "lines": list(lines)}}
        answer = (await works.workshop.shop.ask(save, input=sent))["saveDraft"]
        assert answer["errors"] == []
        made: int = answer["document"]["revision"]
        return made

    revision = await saved(draft["revision"], component, product)
    wrong = await told(works, "Release", id=draft["id"], revision=revision)
    assert wrong == [("PRODUCT_FIRST", ["id"])]
    revision = await saved(revision, product, component)
    order = await works.do("Release", id=draft["id"], revision=revision)
    assert parts(order, "ordered") == {"A": (5,)}


async def test_what_is_used_beyond_what_is_there_is_of_the_whole_report(works: Works) -> None:
    order = await works.order("P", "4")
    used = [{"itemId": works.workshop.items["A"], "quantity": "900"}]
    # what the order asks for and what goes beyond it are two lines of the receipt
    found = await told(works, "Report", orderId=order["id"], quantity="1", used=used)
    assert found == [("OUT_OF_STOCK", [])]


@pytest.mark.parametrize(
    "wrong", [{"reported": 3}, {"scrapped": 0}, {"absorbed": D("4.01")}, {"absorbed": D(0)}]
)
async def test_verify_finds_an_order_that_does_not_agree_with_its_receipts(
    works: Works, wrong: dict[str, Any]
) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Charge", orderId=order["id"], kind="FEE", amount="8")
    await works.do("Report", orderId=order["id"], quantity="1", scrapped="1")  # bears 4
    await works.do("Report", orderId=order["id"], quantity="0", scrapped="1")
    shop, key = works.workshop.shop, uuid_of(order["id"], "BomManufacturingWorkOrder")
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        assert await stored.differences(tx) == []
        before = (await stored.orders_by_id(tx, [key]))[key]
        await stored.change(tx, key, **wrong)
        [found] = await stored.differences(tx)
        assert str(key) in found
        await stored.change(tx, key, **{name: getattr(before, name) for name in wrong})


async def test_more_absorbed_than_charged_is_found(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Charge", orderId=order["id"], kind="FEE", amount="8")
    await works.do("Report", orderId=order["id"], quantity="4")
    shop, key = works.workshop.shop, uuid_of(order["id"], "BomManufacturingWorkOrder")
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        for amount, count in ((D(-1), 1), (D(1), 0)):
            await stored.charge(tx, uuid7(), key, "fee", amount, None)
            assert len(await stored.differences(tx)) == count
