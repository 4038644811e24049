"""Batches and numbers through work and processors: said where they are known, found again both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from core.db.database import Database
from core.extension.registry import Registry, using
from core.ids import uuid7
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.maker import MODULES, Maker
from tests.shop import Json, line


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    with using(Registry(MODULES)) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def maker(db: Database, schema: ComposedSchema) -> AsyncIterator[Maker]:
    found = await Maker.open(db, schema)
    yield found
    await found.tallies()


async def came(maker: Maker, item: str, quantity: str, lot: str, days: int, **head: Any) -> None:
    told = {"expiresOn": maker.planner.day(days)}
    one = line(maker.workshop.items[item], quantity, "3", lotCode=lot, foodBatches=told)
    await maker.shop.posted("receipt", one, on=maker.planner.day(0), **head)


async def errors(maker: Maker, mutation: str, **input_: Any) -> list[tuple[str, list[str]]]:
    payload = await maker.works.send(mutation, **input_)
    return [(one["code"], one["path"]) for one in payload["errors"]]


def lots(found: list[Json]) -> dict[str, str]:
    return {one["lotCode"]: one["quantity"] for one in found}


async def test_a_trace_leads_through_work_to_the_reports_that_took_a_batch(maker: Maker) -> None:
    """Dough DOUGH of FLOUR, in two batches of its own: each descends from what its report took."""
    await maker.batched("FLOUR")
    await maker.batched("DOUGH")
    works, workshop = maker.works, maker.workshop
    await workshop.save("DOUGH", await workshop.line("FLOUR", "2"))
    mill = await maker.party("MILL", isSupplier=True)
    for lot, days in (("F1", 90), ("F2", 60), ("F3", 30)):
        await came(maker, "FLOUR", "10", lot, days, partyId=mill)
    order = await works.order("DOUGH", "15")
    # ten of one that is named, and twenty of what expires first of the others
    named = [{"line": 2, "quantity": "10", "lotCode": "F1"}, {"line": 2, "quantity": "15"}]
    order = await works.do("Issue", orderId=order["id"], lines=named)
    assert lots(order["inWork"]["nodes"]) == {"F1": "10", "F2": "5", "F3": "10"}
    order = await works.do("Issue", orderId=order["id"])
    assert lots(order["inWork"]["nodes"]) == {"F1": "10", "F2": "10", "F3": "10"}

    path = ["foodBatches", "certificates"]
    sent = {"orderId": order["id"], "quantity": "5"}
    wrong = {"certificates": [str(uuid7())] * 101}
    assert await errors(maker, "Report", **sent, foodBatches=wrong) == [("LIMIT_EXCEEDED", path)]
    [(code, path)] = await errors(maker, "Report", **sent, lotCode="D1")
    assert (code, path) == ("FOOD_BATCHES_DATES_REQUIRED", ["foodBatches"])
    used = [{"itemId": workshop.items["FLOUR"], "quantity": "10", "lotCode": "F1"}]
    dated = {"expiresOn": maker.planner.day(20)}
    order = await works.do("Report", **sent, lotCode="D1", foodBatches=dated, used=used)
    assert lots(order["inWork"]["nodes"]) == {"F2": "10", "F3": "10"}
    sent["quantity"] = "10"
    await works.do("Report", **sent, lotCode="D2", foodBatches=dated)

    assert (await maker.traced("FLOUR", "F1"))["lots"] == {"FLOUR": ["F1"], "DOUGH": ["D1"]}
    assert (await maker.traced("FLOUR", "F3"))["lots"] == {"FLOUR": ["F3"], "DOUGH": ["D2"]}
    up = await maker.traced("DOUGH", "D2", "UP")
    assert up["lots"] == {"DOUGH": ["D2"], "FLOUR": ["F2", "F3"]}
    assert up["suppliers"] == [("MILL", "F2"), ("MILL", "F3")]
    assert up["ends"] == 0


async def test_what_is_in_work_is_told_from_what_lies_on_the_shelf(maker: Maker) -> None:
    """Whoever names a lot that was never issued takes it from the shelf."""
    await maker.batched("FLOUR")
    works, workshop = maker.works, maker.workshop
    await workshop.save("BREAD", await workshop.line("FLOUR", "1"))
    await came(maker, "FLOUR", "4", "F1", 30)
    await came(maker, "FLOUR", "10", "F2", 60)
    order = await works.order("BREAD", "4")
    await works.do("Issue", orderId=order["id"])
    flour = workshop.items["FLOUR"]
    used = [
        {"itemId": flour, "quantity": "1"},
        {"itemId": flour, "quantity": "3", "lotCode": "F2"},
        {"itemId": flour, "quantity": "3", "lotCode": "F1"},
    ]
    order = await works.do("Report", orderId=order["id"], quantity="4", used=used)
    assert order["inWork"]["nodes"] == []
    assert (await works.on_hand("FLOUR"))[0] == 7


async def test_what_comes_out_besides_comes_in_several_batches(maker: Maker) -> None:
    """Of one pressing, two cans of molasses: both are there, and share what one would have been worth."""
    await maker.batched("MOLASSES")
    works, workshop = maker.works, maker.workshop
    besides = {"itemId": workshop.items["MOLASSES"], "quantity": "3", "sharePercent": "10"}
    await workshop.save("SUGAR", await workshop.line("CANE", "1"), outputs=[besides])
    await works.stock(CANE=("10", "30"))
    order = await works.order("SUGAR", "1", overPercent="0")
    await works.do("Issue", orderId=order["id"])
    dated = {"expiresOn": maker.planner.day(50)}
    molasses = workshop.items["MOLASSES"]
    cans = [
        {"itemId": molasses, "quantity": quantity, "lotCode": lot, "foodBatches": dated}
        for lot, quantity in (("M1", "1"), ("M2", "2"))
    ]
    await works.do("Report", orderId=order["id"], quantity="1", outputs=cans)
    assert await works.on_hand("SUGAR") == (1, 27)
    assert await works.on_hand("MOLASSES") == (3, 3)
    found = await maker.shop.ask("{ foodBatches(first: 9) { nodes { number onHand } } }")
    assert {one["number"]: one["onHand"] for one in found["foodBatches"]["nodes"]} == {
        "M1": "1",
        "M2": "2",
    }


async def test_numbered_components_go_through_work(maker: Maker) -> None:
    """A computer with a number is built around a board with a number."""
    works, workshop, shop = maker.works, maker.workshop, maker.shop
    await maker.numbered("BOARD")
    await maker.numbered("PC")
    await workshop.save("PC", await workshop.line("BOARD", "1"))
    board, day = workshop.items["BOARD"], maker.planner.day(0)
    boards = line(board, "4", "50", serialNumbers={"text": "B1-B4"})
    chips = await maker.party("CHIPS", isSupplier=True)
    await shop.posted("receipt", boards, on=day, partyId=chips)
    order = await works.order("PC", "3")
    numbers: Json = {"numbers": ["B2", "B4"]}
    issued = {"line": 2, "quantity": "2", "serialNumbers": numbers}
    order = await works.do("Issue", orderId=order["id"], lines=[issued])
    assert {key: (await maker.unit(key))["state"] for key in ("B1", "B2")} == {
        "B1": "IN_STOCK",
        "B2": "IN_WORK",
    }
    taken = line(board, "1", "90", serialNumbers={"numbers": ["B2"]})
    payload = await shop.post("issue", taken, on=day)
    assert [one["code"] for one in payload["errors"]] == ["SERIAL_NUMBERS_NOT_ALLOWED"]
    back = {"line": 2, "quantity": "1", "serialNumbers": {"numbers": ["B2"]}}
    await works.do("Return", orderId=order["id"], lines=[back])
    assert (await maker.unit("B2"))["state"] == "IN_STOCK"
    order = await works.do("Issue", orderId=order["id"])  # two more, the first in
    assert lots(order["inWork"]["nodes"]).keys() == {"B1", "B2", "B4"}

    sent = {"orderId": order["id"], "quantity": "1"}
    used = [{"itemId": board, "quantity": "1", "serialNumbers": {"numbers": ["B9"]}}]
    assert await errors(maker, "Report", **sent, used=used, serialNumbers={"numbers": ["P1"]}) == [
        ("SERIAL_NUMBERS_UNKNOWN", ["used", "0", "serialNumbers", "numbers", "0"])
    ]
    assert await errors(maker, "Report", **sent) == [("REQUIRED", ["serialNumbers"])]
    for pc, part in (("P1", "B4"), ("P2", "B1")):
        used = [{"itemId": board, "quantity": "1", "serialNumbers": {"numbers": [part]}}]
        order = await works.do("Report", **sent, used=used, serialNumbers={"numbers": [pc]})
    report = (await works.send("Report", **sent, serialNumbers={"numbers": ["P3"]}))["document"]
    states = {key: (await maker.unit(key))["state"] for key in ("B1", "B2", "B4", "P1")}
    consumed = dict.fromkeys(("B1", "B2", "B4"), "CONSUMED")
    assert states == {**consumed, "P1": "IN_STOCK"}
    assert (await maker.traced("BOARD", "B4"))["lots"] == {"BOARD": ["B4"], "PC": ["P1"]}
    assert (await maker.traced("PC", "P2", "UP"))["lots"] == {"PC": ["P2"], "BOARD": ["B1"]}

    reverse = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
      errors { code path } } }"""
    asked = {"commandId": str(uuid7()), "id": report["id"]}
    assert (await shop.ask(reverse, input=asked))["reverseDocument"]["errors"] == []
    assert [(await maker.unit(key))["state"] for key in ("B2", "P3")] == ["IN_WORK", "INACTIVE"]
    order = await works.do("Close", orderId=order["id"])
    assert order["inWork"]["nodes"] == []
    assert (await maker.unit("B2"))["state"] == "LOST"


async def test_a_trace_leads_through_a_processor(maker: Maker) -> None:
    """CLOTH goes to a dyer by batch, and comes back as RED, in batches of its own."""
    workshop, shop, planner = maker.workshop, maker.shop, maker.planner
    await maker.batched("CLOTH")
    await maker.batched("RED")
    await workshop.save("RED", await workshop.line("CLOTH", "2"))
    weaver, dyer = [await maker.party(code, isSupplier=True) for code in ("WEAVER", "DYER")]
    ann = await maker.party("ANN", isCustomer=True)
    for lot, days in (("C1", 60), ("C2", 90)):
        await came(maker, "CLOTH", "10", lot, days, partyId=weaver)
    main = shop.places["MAIN"]
    place = await outwork(
        maker, "AddProcessor", "place { id }", partyId=dyer, code="DYE", name="Dyer"
    )
    asked: Json = {"partyId": dyer, "itemId": workshop.items["RED"], "quantity": "10", "fee": "1"}
    asked |= {"placeId": main, "processorPlaceId": place["place"]["id"]}
    order = await outwork(maker, "OrderSubcontract", "order { id }", **asked)
    key, cloth = order["order"]["id"], workshop.items["CLOTH"]
    parts = [
        {"itemId": cloth, "quantity": quantity, "lotCode": lot}
        for lot, quantity in (("C2", "10"), ("C1", "10"))
    ]
    await outwork(maker, "SendToProcessor", "document { id }", orderId=key, components=parts)
    sent = {"orderId": key, "received": "5", "lotCode": "R1"}
    payload = await outwork(maker, "ReceiveFromProcessor", "document { id }", refused=True, **sent)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [
        ("FOOD_BATCHES_DATES_REQUIRED", ["foodBatches"])
    ]
    sent["foodBatches"] = {"expiresOn": planner.day(50)}
    used = [{"itemId": cloth, "quantity": "10", "lotCode": "C2"}]
    await outwork(maker, "ReceiveFromProcessor", "document { id }", **sent, lots=used)
    sent |= {"lotCode": "R2"}
    await outwork(maker, "ReceiveFromProcessor", "document { id }", **sent)

    bought = line(workshop.items["RED"], "2", "20", lotCode="R1")
    await shop.posted("issue", bought, on=planner.day(0), partyId=ann)
    down = await maker.traced("CLOTH", "C2")
    assert down["lots"] == {"CLOTH": ["C2"], "RED": ["R1"]}
    assert (down["customers"], down["ends"]) == ([("ANN", "R1")], 0)
    up = await maker.traced("RED", "R2", "UP")
    assert up["lots"] == {"RED": ["R2"], "CLOTH": ["C1"]}
    assert ("WEAVER", "C1") in up["suppliers"]


async def outwork(
    maker: Maker, mutation: str, fields: str, *, refused: bool = False, **input_: Any
) -> Json:
    """The payload of something that is done with a processor; it must not be refused unless said."""
    kinds = {"SendToProcessor": "Send", "ReceiveFromProcessor": "Receive"}
    query = (
        f"mutation($input: BomManufacturing{kinds.get(mutation, mutation)}Input!) {{"
        f" found: bomManufacturing{mutation}(input: $input) {{ {fields}"
        " errors { code message path } } }"
    )
    sent = {"commandId": str(uuid7()), **input_}
    payload: Json = (await maker.shop.ask(query, input=sent))["found"]
    assert bool(payload["errors"]) is refused, payload
    return payload
