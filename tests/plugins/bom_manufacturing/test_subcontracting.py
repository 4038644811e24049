"""Subcontracting over HTTP, on the real database: books tally when each test is over."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.outwork import PROCESSOR, Outwork, component, owed
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import line

D = Decimal


async def test_from_order_to_settlement(outwork: Outwork) -> None:
    order = await outwork.order(taxRate="13")
    sent = await outwork.issue(order)
    cloth = component(sent, "CLOTH")
    assert (cloth["ordered"], cloth["sent"], cloth["toSend"], cloth["left"]) == (21, 21, 0, 21)
    assert cloth["allowancePercent"] == 5
    assert component(sent, "BUTTON")["sent"] == 30
    assert len(sent["order"]["components"]["nodes"]) == 2  # thread is his own
    assert await outwork.stock("CLOTH") == {"MAIN": (79, 790), "AT-SEW": (21, 210)}
    # four good, one rejected: ten of cloth and fifteen buttons; two of cloth lost, of which half a
    # metre is allowed, and that is less than a whole one
    first = await outwork.receive(
        order, "4", rejected="1", lost=[outwork.part("CLOTH", "2")], charges="3"
    )
    cloth = component(first, "CLOTH")
    assert (cloth["used"], cloth["allowedLoss"], cloth["chargedLoss"], cloth["left"]) == (
        10,
        0,
        2,
        9,
    )
    assert component(first, "BUTTON")["left"] == 15
    # 100 of cloth, 15 of buttons, 16 of fee, 3 of charges
    assert await outwork.stock("SHIRT") == {"MAIN": (4, 134)}
    assert owed(first) == {
        "fee": 16, "tax": D("2.08"), "charges": 3, "adjustments": 0, "lost": 20, "owed": D("1.08")
    }  # fmt: skip
    second = await outwork.receive(order, "4", lost=[outwork.part("CLOTH", "1")])
    cloth = component(second, "CLOTH")
    assert (cloth["used"], cloth["allowedLoss"], cloth["chargedLoss"], cloth["left"]) == (
        18,
        0,
        3,
        0,
    )
    assert await outwork.stock("SHIRT") == {"MAIN": (8, 134 + 80 + 12 + 16)}
    # the invoice is 6 higher; three buttons are charged
    receipt = second["document"]["id"]
    adjusted = await outwork.done("AdjustFee", "AdjustFee", receiptId=receipt, amount="6")
    assert owed(adjusted)["adjustments"] == 6
    assert await outwork.stock("SHIRT") == {"MAIN": (8, 248)}
    buttons = [outwork.part("BUTTON", "2")]
    charged = await outwork.done(
        "ChargeProcessor", "ChargeProcessor", orderId=order, components=buttons
    )
    assert owed(charged)["lost"] == 32
    back = await outwork.done("TakeBackFromProcessor", "TakeBack", orderId=order)
    assert component(back, "BUTTON")["returned"] == 1
    assert await outwork.stock("BUTTON") == {"MAIN": (71, 71)}


async def test_a_reversed_receipt_never_was(outwork: Outwork) -> None:
    order = await outwork.order()
    sent = await outwork.issue(order)
    receipt = await outwork.receive(order, "4", lost=[outwork.part("CLOTH", "3")], charges="1")
    assert await outwork.reverse(sent["document"]) == ["LATER_SHORT"]
    assert await outwork.reverse(receipt["document"]) == []
    again = await outwork.receive(order, "10")
    cloth = component(again, "CLOTH")
    assert (cloth["used"], cloth["chargedLoss"], cloth["left"]) == (20, 0, 1)
    assert await outwork.stock("SHIRT") == {"MAIN": (10, 270)}
    assert owed(again)["owed"] == 40
    assert await outwork.reverse(again["document"], date="2026-03-05") == []
    cloth = component(await outwork.receive(order, "1", businessDate="2026-03-06"), "CLOTH")
    assert (cloth["used"], cloth["left"]) == (2, 19)


async def test_parts_of_an_order_and_no_more_than_its_tolerance(outwork: Outwork) -> None:
    order = await outwork.order("10", overPercent="10")
    half = [outwork.part("CLOTH", "10"), outwork.part("BUTTON", "15")]
    await outwork.issue(order, components=half)
    rest = await outwork.issue(order)
    assert component(rest, "BUTTON")["sent"] == 30
    more = [outwork.part("BUTTON", "4")]
    refused = await outwork.send("SendToProcessor", "Send", orderId=order, components=more)
    assert [error["code"] for error in refused["errors"]] == ["BEYOND_ORDER"]
    beyond = await outwork.issue(order, components=more, beyond=True)
    assert (component(beyond, "BUTTON")["sent"], component(beyond, "BUTTON")["left"]) == (34, 34)
    nothing = await outwork.send("SendToProcessor", "Send", orderId=order)
    wants_nothing = ["BOM_MANUFACTURING_NOTHING_TO_SEND"]
    assert [error["code"] for error in nothing["errors"]] == wants_nothing
    await outwork.issue(order, components=[outwork.part("CLOTH", "2")], beyond=True)
    eleven = await outwork.receive(order, "11")
    assert D(eleven["order"]["received"]) == 11
    assert owed(eleven)["fee"] == 44
    twelve = await outwork.send("ReceiveFromProcessor", "Receive", orderId=order, received="1")
    assert [error["code"] for error in twelve["errors"]] == ["BEYOND_ORDER"]
    back = await outwork.done("TakeBackFromProcessor", "TakeBack", orderId=order)
    assert {D(one["left"]) for one in back["order"]["components"]["nodes"]} == {0}


async def test_thirds_add_up(outwork: Outwork) -> None:
    """Three of a set take ten of a ribbon: 3, 4 and 3, not 3, 3 and 3."""
    workshop = outwork.workshop
    await workshop.save("SET", await workshop.line("RIBBON", "10"), outputQuantity="3")
    ribbon = workshop.items["RIBBON"]
    await workshop.shop.posted("opening", line(ribbon, "10", "1"), on="2026-03-01")
    order = await outwork.order("3", itemId=workshop.items["SET"])
    await outwork.issue(order)
    used = [component(await outwork.receive(order, "1"), "RIBBON")["used"] for _ in range(3)]
    assert used == [3, 7, 10]
    assert await outwork.stock("SET") == {"MAIN": (3, 22)}


async def test_rejected_goods_are_paid_where_the_order_says_so(outwork: Outwork) -> None:
    order = await outwork.order(paysRejected=True, taxRate="10")
    await outwork.issue(order)
    received = await outwork.receive(order, "3", rejected="2")
    assert owed(received) | {"fee": 20, "tax": 2, "owed": 22} == owed(received)
    assert await outwork.stock("SHIRT") == {"MAIN": (3, 135)}


async def test_a_delivery_rejected_as_a_whole_uses_components_and_brings_nothing(
    outwork: Outwork,
) -> None:
    order = await outwork.order(paysRejected=True, taxRate="10")
    await outwork.issue(order)
    lost = [outwork.part("CLOTH", "1")]
    rejected = await outwork.receive(
        order, "0", rejected="2", lost=lost, charges="3", lotCode="NONE"
    )
    cloth = component(rejected, "CLOTH")
    assert (cloth["used"], cloth["allowedLoss"], cloth["chargedLoss"], cloth["left"]) == (
        4, 0, 1, 16
    )  # fmt: skip
    assert component(rejected, "BUTTON")["left"] == 24
    assert (rejected["order"]["received"], rejected["order"]["rejected"]) == ("0", "2")
    assert await outwork.stock("SHIRT") == {}
    # 40 of cloth, 6 of buttons, 8 of fee and 3 of charges are lost; he owes what he lost
    assert await outwork.account("production_variance") == 57
    assert await outwork.account("production") == -11
    owes = owed(rejected)
    assert (owes["fee"], owes["tax"], owes["charges"], owes["lost"]) == (8, D("0.8"), 3, 10)
    # an invoice that differs has no goods to join
    receipt = rejected["document"]["id"]
    refused = await outwork.send("AdjustFee", "AdjustFee", receiptId=receipt, amount="1")
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [
        ("BOM_MANUFACTURING_NOTHING_RECEIVED", ["receiptId"])
    ]
    # he makes them anew: the whole order is still to come, and takes the running total on
    ten = [outwork.part("CLOTH", "4"), outwork.part("BUTTON", "6")]
    await outwork.issue(order, components=ten, beyond=True)
    good = await outwork.receive(order, "10")
    assert component(good, "CLOTH")["used"] == 24
    assert await outwork.stock("SHIRT") == {"MAIN": (10, 270)}
    assert await outwork.reverse(good["document"]) == []
    assert await outwork.reverse(rejected["document"], date="2026-03-05") == []
    assert await outwork.account("production_variance") == 0
    assert await outwork.account("production") == 0
    assert (await outwork.stock("CLOTH"))["AT-SEW"] == (25, 250)


async def test_late_cost_of_a_component_reaches_what_was_rejected(outwork: Outwork) -> None:
    workshop = outwork.workshop
    await workshop.save("SET", await workshop.line("RIBBON", "2"))
    shop, items = workshop.shop, workshop.items
    bought = await shop.posted("receipt", line(items["RIBBON"], "10", "1"), on="2026-03-01")
    order = await outwork.order("5", itemId=items["SET"])
    await outwork.issue(order)
    await outwork.receive(order, "0", rejected="2")
    await outwork.receive(order, "1", rejected="1")
    assert await outwork.account("production_variance") == 4
    await shop.posted(
        "landed_cost", on="2026-03-02", sourceId=bought["id"], extraCost="5", costBasis="QUANTITY"
    )
    assert await outwork.account("production_variance") == 6
    assert await outwork.stock("SET") == {"MAIN": (1, 10)}


async def test_of_two_receipts_at_once_one_gets_the_last_components(outwork: Outwork) -> None:
    order = await outwork.order("12")
    await outwork.issue(
        order, components=[outwork.part("CLOTH", "20"), outwork.part("BUTTON", "30")]
    )
    payloads = await asyncio.gather(
        *(
            outwork.send("ReceiveFromProcessor", "Receive", orderId=order, received="6")
            for _ in range(2)
        )
    )
    codes = [error["code"] for payload in payloads for error in payload["errors"]]
    assert codes
    assert set(codes) == {"OUT_OF_STOCK"}
    assert (await outwork.stock("SHIRT"))["MAIN"] == (6, 6 * 27)


async def test_receipts_at_once_share_one_allowance(outwork: Outwork) -> None:
    """Each loses two of cloth; the order allows one for every twenty."""
    cloth = outwork.workshop.items["CLOTH"]
    order = await outwork.order("20", allowances=[{"itemId": cloth, "percent": "10"}])
    await outwork.issue(order)
    lost = [outwork.part("CLOTH", "2")]
    payloads = await asyncio.gather(
        *(
            outwork.send("ReceiveFromProcessor", "Receive", orderId=order, received="5", lost=lost)
            for _ in range(3)
        )
    )
    assert [payload["errors"] for payload in payloads] == [[], [], []]
    last = max(payloads, key=lambda one: D(one["order"]["received"]))
    found = component(last, "CLOTH")
    assert (found["used"], found["allowedLoss"], found["chargedLoss"]) == (30, 3, 3)


async def test_the_same_command_receives_once(outwork: Outwork) -> None:
    order = await outwork.order()
    sends = {"commandId": str(uuid7()), "orderId": order}
    first = await outwork.done("SendToProcessor", "Send", **sends)
    again = await outwork.done("SendToProcessor", "Send", **sends)
    assert first["document"] == again["document"]
    receives = {"commandId": str(uuid7()), "orderId": order, "received": "10"}
    first = await outwork.done("ReceiveFromProcessor", "Receive", **receives)
    again = await outwork.done("ReceiveFromProcessor", "Receive", **receives)
    assert first == again
    assert D(again["order"]["received"]) == 10


async def test_all_is_sent_and_taken_back_once(outwork: Outwork) -> None:
    """Where an order has nothing left, nothing is taken of what lies there for another; a command that was
    sent again is answered as the first time."""
    first, second = await outwork.order("2"), await outwork.order("2")
    await outwork.issue(second)
    sent = {"orderId": first, "commandId": str(uuid7())}
    for _ in range(2):
        await outwork.done("SendToProcessor", "Send", **sent)
    again = await outwork.send("SendToProcessor", "Send", orderId=first)
    assert [one["code"] for one in again["errors"]] == ["BOM_MANUFACTURING_NOTHING_TO_SEND"]
    back = {"orderId": first, "commandId": str(uuid7())}
    for _ in range(2):
        payload = await outwork.done("TakeBackFromProcessor", "TakeBack", **back)
    assert component(payload, "CLOTH")["left"] == 0
    again = await outwork.send("TakeBackFromProcessor", "TakeBack", orderId=first)
    assert [one["code"] for one in again["errors"]] == ["BOM_MANUFACTURING_NOTHING_LEFT"]
    assert (await outwork.stock("CLOTH"))["AT-SEW"][0] == D("5")


async def test_what_speaks_against_components_is_told_of_what_was_sent(outwork: Outwork) -> None:
    """Components follow from the bill: no path leads to lines that nobody sent."""
    sent = {"partyId": outwork.party, "itemId": outwork.workshop.items["SHIRT"], "fee": "4"}
    sent |= {"placeId": outwork.workshop.shop.places["MAIN"]}
    for more, code, path in (
        ({"quantity": "1000"}, "NOT_RESERVABLE", []),
        ({"quantity": "1", "overPercent": "-1"}, "BAD_TOLERANCE", ["overPercent"]),
    ):
        payload = await outwork.send("OrderSubcontract", "OrderSubcontract", **sent, **more)
        assert {(one["code"], tuple(one["path"])) for one in payload["errors"]} == {
            (code, tuple(path))
        }


async def test_a_fee_is_never_below_zero(outwork: Outwork) -> None:
    order = await outwork.order("5")
    await outwork.issue(order)
    made = await outwork.receive(order, "5", charges="3")
    receipt = made["document"]["id"]
    for amount in ("0", "-23.01"):
        refused = await outwork.send("AdjustFee", "AdjustFee", receiptId=receipt, amount=amount)
        [error] = refused["errors"]
        assert (error["code"], error["path"]) == ("BOM_MANUFACTURING_OUT_OF_RANGE", ["amount"])
    less = {"receiptId": receipt, "amount": "-23", "commandId": str(uuid7())}
    answers = [await outwork.done("AdjustFee", "AdjustFee", **less) for _ in range(2)]
    assert answers[0]["document"] == answers[1]["document"]
    assert owed(answers[1])["owed"] == 0
    # it is listed with the order, where whoever wants to reverse the receipt finds it
    listed = await outwork.workshop.shop.ask(
        "query($id: ID!) { bomManufacturingSubcontractOrder(id: $id) {"
        " documents { nodes { type { code } } } } }",
        id=order,
    )
    types = [
        one["type"]["code"]
        for one in listed["bomManufacturingSubcontractOrder"]["documents"]["nodes"]
    ]
    assert types[-1] == "landed_cost"
    assert await outwork.reverse(made["document"]) == ["HAS_DEPENDENTS"]
    assert await outwork.reverse(answers[0]["document"]) == []
    assert await outwork.reverse(made["document"]) == []


async def test_what_is_wrong_is_told(
    outwork: Outwork, db: Database, schema: ComposedSchema
) -> None:
    workshop = outwork.workshop
    main, shirt = workshop.shop.places["MAIN"], workshop.items["SHIRT"]
    sent = {"partyId": outwork.party, "itemId": shirt, "fee": "4", "placeId": main, "quantity": "1"}

    async def refused(**change: Any) -> tuple[str, list[str]]:
        payload = await outwork.send("OrderSubcontract", "OrderSubcontract", **sent | change)
        assert payload["order"] is None
        error = payload["errors"][0]
        return error["code"], error["path"]

    thread = workshop.items["THREAD"]
    for change, code, path in (
        ({"quantity": "0"}, "BOM_MANUFACTURING_OUT_OF_RANGE", ["quantity"]),
        ({"itemId": thread}, "BOM_MANUFACTURING_NO_BILL", ["itemId"]),
        ({"fee": "-1"}, "NEGATIVE_PRICE", ["fee"]),
        ({"overPercent": "101"}, "BAD_TOLERANCE", ["overPercent"]),
        (
            {"processorPlaceId": main},
            "BOM_MANUFACTURING_NOT_A_PROCESSOR_PLACE",
            ["processorPlaceId"],
        ),
        (
            {"allowances": [{"itemId": thread, "percent": "1"}]},
            "BOM_MANUFACTURING_NOT_A_COMPONENT",
            ["allowances", "0", "itemId"],
        ),
    ):
        assert await refused(**change) == (code, path)
    order = await outwork.order()
    await outwork.issue(order)
    for lost, code in (
        ([outwork.part("THREAD", "1")], "BOM_MANUFACTURING_NOT_A_COMPONENT"),
        ([outwork.part("CLOTH", "-1")], "BOM_MANUFACTURING_OUT_OF_RANGE"),
    ):
        payload = await outwork.send(
            "ReceiveFromProcessor", "Receive", orderId=order, received="1", lost=lost
        )
        assert [error["code"] for error in payload["errors"]] == [code]
    stranger = await Outwork.open(await Workshop.open(db, schema))
    payload = await stranger.send("ReceiveFromProcessor", "Receive", orderId=order, received="1")
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    place = {"commandId": str(uuid7()), "partyId": outwork.party, "placeId": main}
    answer = await workshop.shop.ask(PROCESSOR, input=place)
    [error] = answer["bomManufacturingAddProcessor"]["errors"]
    assert error["code"] == "BOM_MANUFACTURING_NOT_A_PROCESSOR_PLACE"
