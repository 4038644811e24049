"""What is planned becomes work orders and purchases, and the next run suggests nothing more."""

from __future__ import annotations

import asyncio

from core.ids import uuid7
from schema.compose import ComposedSchema
from schema.plugin_api import uuid_of
from tests.plugins.bom_manufacturing.planner import PLACED, Planner
from tests.plugins.bom_manufacturing.works import Works, parts
from tests.shop import Json


async def wanted(planner: Planner, *, make: bool) -> list[str]:
    return [one["id"] for one in await planner.suggestions(make=make, ordered=False)]


async def test_suggestions_become_work_orders_once(planner: Planner) -> None:
    workshop = planner.workshop
    main = workshop.shop.places["MAIN"]
    await workshop.save("P", await workshop.line("S", "2"), await workshop.line("A", "1"))
    await workshop.save("S", await workshop.line("B", "3"), version="V2")
    await planner.told(
        P={"leadTime": 2},
        S={"leadTime": 3},
        A={"supplierId": await planner.supplier()},
        B={"supplierId": await planner.supplier("Wood Ltd"), "leadTime": 1},
    )
    await planner.order("sales_order", "P", "5", 20)
    await planner.plan()
    made, bought = await wanted(planner, make=True), await wanted(planner, make=False)
    assert (len(made), len(bought)) == (2, 2)
    [error] = (await planner.turned(made))["errors"]
    assert (error["code"], error["path"]) == ("REQUIRED", ["placeId"])

    command: Json = {"commandId": str(uuid7()), "keys": made, "placeId": main}
    first = await planner.turned(**command)
    assert first["errors"] == first["refused"] == []
    assert first == await planner.turned(**command)
    orders = {one["item"]["code"]: one for one in first["workOrders"]}
    assert {key: (one["quantity"], one["dueOn"]) for key, one in orders.items()} == {
        "P": ("5", planner.day(20)),
        "S": ("10", planner.day(18)),
    }
    assert orders["S"]["bom"] == {"version": "V2"}
    assert {one["document"]["state"] for one in orders.values()} == {"DRAFT"}
    # components must be there when it is begun
    assert [
        (one["item"]["code"], one["quantity"], one["role"], one["dueOn"])
        for one in orders["P"]["document"]["lines"]["nodes"]
    ] == [
        ("P", "5", "PRODUCE", planner.day(20)),
        ("S", "10", "CONSUME", planner.day(18)),
        ("A", "5", "CONSUME", planner.day(18)),
    ]
    [error] = (await planner.turned(made[:1], placeId=main))["errors"]
    assert (error["code"], error["path"]) == (
        "BOM_MANUFACTURING_ORDERED_ALREADY",
        ["suggestions", "0", "id"],
    )


async def test_what_is_bought_and_what_is_made_become_orders_together(planner: Planner) -> None:
    workshop = planner.workshop
    main = workshop.shop.places["MAIN"]
    await workshop.simple(P="A", Q="B")
    await planner.told(A={"supplierId": await planner.supplier()})
    for code in "PQ":
        await planner.order("sales_order", code, "5", 20)
    await planner.plan()
    keys = [one["id"] for one in await planner.suggestions()]
    refused = await planner.turned(keys, placeId=main)
    assert {one["code"] for one in refused["errors"]} == {"BOM_MANUFACTURING_NO_SUPPLIER"}
    assert await wanted(planner, make=True), "all or none"
    made = await planner.turned(keys, placeId=main, purchases="REQUISITION", approve=True)
    assert made["errors"] == made["refused"] == []
    assert {one["item"]["code"] for one in made["workOrders"]} == {"P", "Q"}
    # what nobody is known to sell is asked for by itself
    assert {(one["type"]["code"], one["state"]) for one in made["purchases"]} == {
        ("requisition", "APPROVED")
    }
    assert {
        (one["party"] and one["party"]["name"], row["item"]["code"], row["dueOn"])
        for one in made["purchases"]
        for row in one["lines"]["nodes"]
    } == {("Steel Ltd", "A", planner.day(20)), (None, "B", planner.day(20))}


async def test_what_was_asked_for_is_not_suggested_again(planner: Planner) -> None:
    main = planner.workshop.shop.places["MAIN"]
    await planner.order("sales_order", "A", "5", 20)
    await planner.plan()
    keys = await wanted(planner, make=False)
    made = await planner.turned(keys, placeId=main, purchases="REQUISITION", approve=True)
    [requisition] = made["purchases"]
    await planner.plan()
    assert await planner.suggestions() == []
    assert [
        (one["quantity"], one["advice"]) for one in await planner.nodes(PLACED, exceptions=False)
    ] == [("5", None)]
    # of what was asked for, two are ordered: each counts once
    await planner.order("purchase_order", "A", "2", 20, 1, sourceId=requisition["id"])
    await planner.plan()
    assert await planner.suggestions() == []
    placed = await planner.nodes(PLACED, exceptions=False)
    assert sorted(one["quantity"] for one in placed) == ["2", "3"]


async def test_a_second_run_suggests_nothing_more(planner: Planner) -> None:
    workshop = planner.workshop
    main = workshop.shop.places["MAIN"]
    await workshop.save(
        "P",
        *(await workshop.line("S", "2"), await workshop.line("A", "1")),
        await workshop.line("GLUE", supply="CONSUMABLE"),  # lies ready: no work asks for it
    )
    await workshop.save("S", await workshop.line("B", "3"))
    supplier = await planner.supplier()
    await planner.told(
        P={"leadTime": 2},
        S={"leadTime": 3},
        A={"supplierId": supplier},
        B={"supplierId": supplier, "leadTime": 1},
    )
    await planner.order("sales_order", "P", "5", 20)
    await planner.plan()
    made, bought = await wanted(planner, make=True), await wanted(planner, make=False)
    command: Json = {"commandId": str(uuid7()), "keys": made, "placeId": main, "approve": True}
    work = await planner.turned(**command)
    assert work["errors"] == work["refused"] == []
    assert {one["document"]["state"] for one in work["workOrders"]} == {"APPROVED"}
    assert work == await planner.turned(**command)
    bought_ = await planner.turned(bought, placeId=main, approve=True)
    assert bought_["errors"] == bought_["refused"] == []
    assert {one["state"] for one in bought_["purchases"]} == {"APPROVED"}
    await planner.plan()
    assert await planner.suggestions() == []
    placed = await planner.nodes(PLACED, exceptions=False)
    assert {(one["item"]["code"], one["advice"]) for one in placed} == {
        (code, None) for code in "PSAB"
    }


async def test_parts_of_pieces_are_needed_whole_by_each_order(planner: Planner) -> None:
    """A work order takes whole pieces: two that need half a piece each take two, and nothing more is
    suggested once they stand."""
    workshop = planner.workshop
    units = (await workshop.shop.ask("{ units { id code } }"))["units"]
    [piece] = [uuid_of(one["id"], "Unit") for one in units if one["code"] == "pcs"]
    for code in ("BIKE", "TAPE"):
        await workshop.item(code, base_unit_id=piece)
    await workshop.save("BIKE", await workshop.line("TAPE", "0.5"))
    await planner.told(TAPE={"supplierId": await planner.supplier()})
    for due, quantity in ((10, "7"), (20, "11")):
        await planner.order("sales_order", "BIKE", quantity, due)
    await planner.plan()
    assert await planner.brief(make=False) == [("TAPE", "4", 10, 10), ("TAPE", "6", 20, 20)]
    place = workshop.shop.places["MAIN"]
    keys = [one["id"] for one in await planner.suggestions()]
    payload = await planner.turned(keys, placeId=place, approve=True)
    assert (payload["errors"], payload["refused"]) == ([], [])
    await planner.plan()
    assert await planner.suggestions() == []


async def test_what_cannot_be_released_stays_a_draft(
    planner: Planner, schema: ComposedSchema
) -> None:
    workshop = planner.workshop
    works = Works(workshop, schema)
    main = workshop.shop.places["MAIN"]
    await works.set(releaseShort=False, overProductionPct="0")
    await workshop.simple(P="A", Q="A")
    await works.stock(A=("5", "2"))
    await planner.order("sales_order", "P", "5", 9)
    await planner.order("sales_order", "Q", "5", 9)
    await planner.plan()
    made = await wanted(planner, make=True)
    command: Json = {"commandId": str(uuid7()), "keys": made, "placeId": main, "approve": True}
    payload = await planner.turned(**command)
    # the first reserves what the second wants
    assert [(one["code"], one["path"]) for one in payload["refused"]] == [
        ("BOM_MANUFACTURING_SHORT", ["workOrders", "1", "id"])
    ]
    states = [one["document"]["state"] for one in payload["workOrders"]]
    assert states == ["APPROVED", "DRAFT"]
    await works.stock(A=("5", "2"))
    again = await planner.turned(**command)
    assert again["refused"] == []
    assert [one["document"]["state"] for one in again["workOrders"]] == ["APPROVED", "APPROVED"]
    assert [one["id"] for one in again["workOrders"]] == [
        one["id"] for one in payload["workOrders"]
    ]


async def test_of_two_at_once_one_makes_the_order(planner: Planner) -> None:
    await planner.workshop.simple(P="A")
    await planner.order("sales_order", "P", "5", 9)
    await planner.plan()
    made = await wanted(planner, make=True)
    main = planner.workshop.shop.places["MAIN"]
    payloads = await asyncio.gather(*(planner.turned(made, placeId=main) for _ in range(4)))
    assert sum(bool(one["workOrders"]) for one in payloads) == 1
    codes = {error["code"] for one in payloads for error in one["errors"]}
    assert codes == {"BOM_MANUFACTURING_ORDERED_ALREADY"}


async def test_work_counts_as_supply_and_demand(planner: Planner, schema: ComposedSchema) -> None:
    """By-products are expected, too; what was scrapped does not come any more."""
    workshop = planner.workshop
    works = Works(workshop, schema)
    by: Json = {"itemId": await workshop.item("W"), "quantity": "1", "kind": "BY_PRODUCT"}
    await workshop.save("P", await workshop.line("A", "2"), outputs=[by])
    await works.stock(A=("20", "2"))
    order = await works.order("P", "10", dueOn=planner.day(5), startsOn=planner.day(3))
    await planner.order("sales_order", "P", "10", 9)
    await planner.order("sales_order", "W", "10", 9)
    await planner.told(A={"safetyStock": "1"})
    await planner.plan()
    assert await planner.brief() == [("A", "1", 3, 3)]  # 20 are for the work
    await works.do("Issue", orderId=order["id"])  # what is in work is not there any more
    await planner.plan()
    assert await planner.brief() == [("A", "1", 0, 0)]
    order = await works.do("Report", orderId=order["id"], quantity="4", scrapped="2")
    assert parts(order, "used")["A"] == (12,)
    await planner.plan()
    # 4 are there and 4 will come of P; of W with what was scrapped as well
    assert [one for one in await planner.brief() if one[0] == "P"] == [("P", "2", 9, 9)]
    assert [one for one in await planner.brief() if one[0] == "W"] == []
