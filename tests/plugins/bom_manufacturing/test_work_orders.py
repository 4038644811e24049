"""Work orders over HTTP, on the real database; after each test the books must tally (``conftest``)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.planner import SETTINGS, Planner
from tests.plugins.bom_manufacturing.works import Works, parts, worth
from tests.plugins.bom_manufacturing.workshop import NAME, Workshop
from tests.shop import Json, Shop

D = Decimal


async def test_from_release_to_closing(works: Works) -> None:
    """Release, issue, a part reported, more issued, some brought back, the rest reported, closed."""
    order = await works.order("P", "4")
    assert (order["status"], order["open"], order["bom"]["version"]) == ("RELEASED", "4", "1")
    assert parts(order, "ordered") == {"A": (8,), "B": (4,)}
    assert parts(order, "toIssue") == {"A": (8,), "B": (4,)}  # the picking list
    assert {one["place"]["code"] for one in order["parts"]["nodes"]} == {"MAIN"}
    issued = await works.do("Issue", orderId=order["id"])
    assert parts(issued, "issued", "toIssue", "inWork") == {"A": (8, 0, 8), "B": (4, 0, 4)}
    assert worth(issued) == 28
    await works.do("Charge", orderId=order["id"], kind="LABOUR", amount="10")
    first = await works.do("Report", orderId=order["id"], quantity="1")
    assert (first["reported"], first["open"]) == ("1", "3")
    assert worth(first) == D("28.50")  # 21 of components, 7.50 of labour
    assert await works.on_hand("P") == (1, D("9.50"))
    more = [{"itemId": works.workshop.items["A"], "quantity": "2"}]
    extra = await works.do("Issue", orderId=order["id"], lines=more)
    assert parts(extra, "issued", "inWork")["A"] == (8, 8)
    back = [{"line": 2, "quantity": "1"}, {"line": 3, "quantity": "1", "lost": True}]
    returned = await works.do("Return", orderId=order["id"], lines=back)
    assert parts(returned, "issued", "inWork", "writtenOff") == {"A": (7, 7, 0), "B": (3, 2, 1)}
    last = await works.do("Report", orderId=order["id"], quantity="3")
    assert (last["status"], last["open"], worth(last)) == ("COMPLETED", "0", 0)
    assert parts(last, "standard", "used", "variance", "varianceValue") == {
        "A": (8, 9, 1, 2),
        "B": (4, 3, -1, -3),
    }
    # 9 of A, 3 of B, the labour; what was spoiled went to scrap
    assert await works.on_hand("P") == (4, D("37.00"))
    assert figures(last["cost"]) == {
        "components": 27,
        "charges": 10,
        "received": 37,
        "unitCost": D("9.25"),
        "writtenOff": 3,
        "chargesLost": 0,
    }
    closed = await works.do("Close", orderId=order["id"])
    assert (closed["status"], worth(closed), closed["inWork"]["nodes"]) == ("CLOSED", 0, [])
    assert await works.refused("Issue", orderId=order["id"], lines=more) == [
        "BOM_MANUFACTURING_CLOSED"
    ]


def figures(cost: Json) -> dict[str, Decimal | None]:
    return {name: None if value is None else D(value) for name, value in cost.items()}


async def test_a_draft_reserves_nothing_and_is_written_anew(works: Works) -> None:
    draft = await works.draft("P", "4", overPercent="10", dueOn="2026-05-01")
    assert (draft["status"], draft["overPercent"], draft["dueOn"]) == ("DRAFT", "10", "2026-05-01")
    again = await works.draft("P", "6", id=draft["id"], revision=draft["revision"])
    assert parts(again, "ordered") == {"A": (12,), "B": (6,)}
    stale = await works.refused(
        "SaveWorkOrder",
        itemId=works.workshop.items["P"],
        placeId=works.workshop.shop.places["MAIN"],
        quantity="1",
        id=draft["id"],
        revision=draft["revision"],
    )
    assert stale == ["STALE_REVISION"]
    assert await works.refused("Issue", orderId=draft["id"]) == ["BOM_MANUFACTURING_NOT_RELEASED"]
    query = """mutation($input: DocumentStepInput!) { deleteDraft(input: $input) {
      errors { code } } }"""
    asked = {"commandId": str(uuid7()), "id": again["id"], "revision": again["revision"]}
    asked["id"] = (await document_of(works, again))["id"]
    answer = await works.workshop.shop.ask(query, input=asked)
    assert answer["deleteDraft"]["errors"] == []
    assert await works.read(again) is None


async def document_of(works: Works, order: Json) -> Json:
    query = (
        "query($id: ID!) { bomManufacturingWorkOrder(id: $id) { document { id businessDate } } }"
    )
    found = await works.workshop.shop.ask(query, id=order["id"])
    document: Json = found["bomManufacturingWorkOrder"]["document"]
    return document


async def test_losses_phantoms_and_what_others_supply(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    await workshop.save("SUB", await workshop.line("C", "3"))
    await workshop.save(
        "P",
        await workshop.line("SUB", "2", phantom=True),
        await workshop.line("A", "1", scrapPercent="10", setupLoss="2", multiple="5"),
        await workshop.line("GREASE", "1", supply="CONSUMABLE"),
        await workshop.line("THEIRS", "1", supply="PROCESSOR"),
    )
    draft = await works.draft("P", "10")
    assert parts(draft, "ordered") == {"C": (60,), "A": (15,)}


async def test_no_bill_no_order(works: Works) -> None:
    items, places = works.workshop.items, works.workshop.shop.places
    sent = {"itemId": items["A"], "placeId": places["MAIN"]}
    codes = await works.refused("SaveWorkOrder", quantity="1", **sent)
    assert codes == ["BOM_MANUFACTURING_NO_BOM"]
    sent["itemId"] = items["P"]
    codes = await works.refused("SaveWorkOrder", quantity="0", **sent)
    assert codes == ["BOM_MANUFACTURING_OUT_OF_RANGE"]
    codes = await works.refused("SaveWorkOrder", quantity="1", overPercent="101", **sent)
    assert codes == ["BAD_TOLERANCE"]


async def test_a_shortage_is_told_with_what_could_stand_in(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    alternate = {"itemId": await workshop.item("ALT"), "priority": 1, "ratio": "2"}
    await workshop.save("P", await workshop.line("A", "2", alternates=[alternate]))
    await works.stock(A=("5", "2"), ALT=("7", "1"))
    await works.order("P", "2")
    draft = await works.draft("P", "2")
    query = """query($id: ID!) { bomManufacturingShortages(orderId: $id) {
      line quantity item { code } alternates { free item { code } } } }"""
    found = (await workshop.shop.ask(query, id=draft["id"]))["bomManufacturingShortages"]
    assert found == [
        {
            "line": 2,
            "quantity": "3",
            "item": {"code": "A"},
            "alternates": [{"free": "7", "item": {"code": "ALT"}}],
        }
    ]
    instead = await works.draft("P", "2", alternates=True)
    assert parts(instead, "ordered") == {"A": (1,), "ALT": (6,)}
    # a phantom's alternates are told as well
    await workshop.save("Q", await workshop.line("P", "1", phantom=True))
    draft = await works.draft("Q", "2")
    assert (await workshop.shop.ask(query, id=draft["id"]))["bomManufacturingShortages"] == found


async def test_of_orders_that_wait_for_a_component_the_last_one_lacks_it(works: Works) -> None:
    settings = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      errors { code } } }"""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    assert (await works.workshop.shop.ask(settings, input=sent))["updateSettings"]["errors"] == []
    first, last = await works.order("P", "8"), await works.order("P", "4")
    query = """query($id: ID!) { bomManufacturingShortages(orderId: $id) {
      quantity item { code } } }"""
    found = [
        (await works.workshop.shop.ask(query, id=one["id"]))["bomManufacturingShortages"]
        for one in (first, last)
    ]
    lacking = [{"quantity": "4", "item": {"code": "A"}}, {"quantity": "2", "item": {"code": "B"}}]
    assert found == [[], lacking]
    early = await works.send("Issue", orderId=last["id"])
    assert [e["code"] for e in early["errors"]] == ["OUT_OF_STOCK"]
    await works.do("Issue", orderId=first["id"])


async def test_what_is_reported_beyond_the_tolerance_is_refused(works: Works) -> None:
    order = await works.order("P", "10", overPercent="10")
    await works.do("Issue", orderId=order["id"], lines=[{"line": 2, "quantity": "20"}])
    await works.do("Report", orderId=order["id"], quantity="9")
    beyond = await works.send("Report", orderId=order["id"], quantity="3")
    assert [(e["code"], e["path"]) for e in beyond["errors"]] == [("BEYOND_ORDER", ["quantity"])]
    last = await works.do("Report", orderId=order["id"], quantity="2")
    assert (last["reported"], last["open"]) == ("11", "0")


async def test_scrap_is_not_received_and_the_good_ones_bear_it(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    one = await works.do("Report", orderId=order["id"], quantity="1", scrapped="1")
    assert (one["reported"], one["scrapped"], one["open"]) == ("1", "1", "2")
    assert await works.on_hand("P") == (1, 14)
    none = await works.do("Report", orderId=order["id"], quantity="0", scrapped="1")
    assert (none["scrapped"], none["open"], worth(none)) == ("2", "1", 14)
    last = await works.do("Report", orderId=order["id"], quantity="1")
    assert (last["open"], worth(last)) == ("0", 0)
    assert await works.on_hand("P") == (2, 28)


async def test_backflush_takes_the_standard_or_what_is_told(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    await workshop.save(
        "P",
        await workshop.line("A", "2", supply="BACKFLUSH"),
        await workshop.line("B", "1", supply="BACKFLUSH"),
    )
    await works.stock(A=("30", "2"), B=("10", "3"))
    order = await works.order("P", "4")
    assert await works.refused("Issue", orderId=order["id"]) == [
        "BOM_MANUFACTURING_NOTHING_TO_ISSUE"
    ]
    first = await works.do("Report", orderId=order["id"], quantity="1")
    assert parts(first, "issued", "used", "variance") == {"A": (2, 2, 0), "B": (1, 1, 0)}
    used = [{"itemId": workshop.items["A"], "quantity": "9"}]
    last = await works.do("Report", orderId=order["id"], quantity="3", used=used)
    assert parts(last, "used", "variance") == {"A": (11, 3), "B": (4, 0)}
    assert await works.on_hand("A") == (19, 38)
    assert await works.on_hand("P") == (4, 34)


async def test_taking_apart_shares_the_cost_by_what_parts_cost(works: Works) -> None:
    made = await works.order("P", "4")
    await works.do("Issue", orderId=made["id"])
    await works.do("Report", orderId=made["id"], quantity="4")
    apart = await works.order("P", "3", kind="DISASSEMBLE")
    first = await works.do("Report", orderId=apart["id"], quantity="1")
    assert (first["reported"], first["open"]) == ("1", "2")
    assert (await works.on_hand("A"), await works.on_hand("B")) == ((14, 28), (7, 21))
    assert await works.on_hand("P") == (3, 21)
    last = await works.do("Report", orderId=apart["id"], quantity="2")
    assert (last["status"], await works.on_hand("P")) == ("COMPLETED", (1, 7))
    assert await works.refused("Report", orderId=apart["id"], quantity="1") == ["BEYOND_ORDER"]


async def test_rework_takes_the_product_and_what_is_named(works: Works) -> None:
    made = await works.order("P", "4")
    await works.do("Issue", orderId=made["id"])
    await works.do("Report", orderId=made["id"], quantity="4")
    extras = [{"itemId": works.workshop.items["B"], "quantity": "1"}]
    again = await works.order("P", "2", kind="REWORK", extras=extras)
    await works.do("Issue", orderId=again["id"])
    await works.do("Charge", orderId=again["id"], kind="LABOUR", amount="2")
    last = await works.do("Report", orderId=again["id"], quantity="2")
    assert (last["bom"], worth(last)) == (None, 0)
    assert await works.on_hand("P") == (4, 33)


async def test_the_rest_goes_to_variance_and_reservations_are_given_up(works: Works) -> None:
    order = await works.order("P", "8")
    await works.do("Issue", orderId=order["id"], lines=[{"line": 2, "quantity": "5"}])
    await works.do("Report", orderId=order["id"], quantity="1", used=[])
    sent = {"orderId": order["id"], "commandId": str(uuid7())}
    closed = await works.do("Close", **sent)
    assert closed == await works.do("Close", **sent)
    assert (closed["status"], worth(closed)) == ("CLOSED", 0)
    assert parts(closed, "writtenOff")["A"] == (4,)
    order = await works.order("P", "7")  # what was reserved is free again
    assert order["status"] == "RELEASED"


async def test_charges_that_no_product_bears_are_part_of_the_variance(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Charge", orderId=order["id"], kind="LABOUR", amount="8")
    order = await works.do("Report", orderId=order["id"], quantity="1")
    assert figures(order["cost"]) == {
        "components": 7,
        "charges": 2,
        "received": 9,
        "unitCost": 9,
        "writtenOff": 0,
        "chargesLost": 0,
    }
    closed = await works.do("Close", orderId=order["id"])
    assert figures(closed["cost"])["writtenOff"] == 21
    assert figures(closed["cost"])["chargesLost"] == 6


async def test_an_order_that_was_closed_too_early_goes_on(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"], lines=[{"line": 2, "quantity": "8"}])
    await works.do("Close", orderId=order["id"])
    sent = {"orderId": order["id"], "commandId": str(uuid7())}
    again = await works.do("Resume", **sent)
    assert again == await works.do("Resume", **sent)
    assert (again["status"], again["open"]) == ("RELEASED", "4")
    assert await works.refused(
        "Issue", orderId=order["id"], lines=[{"line": 3, "quantity": "5"}]
    ) == ["BEYOND_ORDER"]
    await works.do("Issue", orderId=order["id"])
    last = await works.do("Report", orderId=order["id"], quantity="4")
    assert parts(last, "used", "writtenOff") == {"A": (0, 8), "B": (4, 0)}


async def test_a_release_is_refused_for_what_is_missing_where_that_is_wanted(works: Works) -> None:
    await works.set(releaseShort=False, overProductionPct="5")
    draft = await works.draft("P", "11")
    assert draft["overPercent"] == "5"
    payload = await works.send("Release", id=draft["id"], revision=draft["revision"])
    assert [
        (e["code"], e["details"]["item"], e["details"]["quantity"]) for e in payload["errors"]
    ] == [
        ("BOM_MANUFACTURING_SHORT", "A", "2"),
        ("BOM_MANUFACTURING_SHORT", "B", "1"),
    ]


async def test_all_that_is_missing_is_told_where_nothing_may_be_promised_beyond_stock(
    works: Works,
) -> None:
    draft = await works.draft("P", "12")
    payload = await works.send("Release", id=draft["id"], revision=draft["revision"])
    assert [
        (one["code"], one["path"], one["details"]["item"], one["details"]["quantity"])
        for one in payload["errors"]
    ] == [
        ("BOM_MANUFACTURING_SHORT", ["id"], "A", "4"),
        ("BOM_MANUFACTURING_SHORT", ["id"], "B", "2"),
    ]
    query = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      errors { code } } }"""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    assert (await works.workshop.shop.ask(query, input=sent))["updateSettings"]["errors"] == []
    order = await works.do("Release", id=draft["id"], revision=draft["revision"])
    await works.stock(A=("4", "2"), B=("2", "3"))
    issued = await works.do("Issue", orderId=order["id"])
    assert parts(issued, "issued") == {"A": (24,), "B": (12,)}


async def test_a_stopped_order_takes_nothing_but_gives_back(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"], lines=[{"line": 2, "quantity": "4"}])
    stopped = await works.do("Stop", orderId=order["id"])
    assert stopped["status"] == "STOPPED"
    code = ["BOM_MANUFACTURING_STOPPED"]
    assert await works.refused("Issue", orderId=order["id"]) == code
    assert await works.refused("Report", orderId=order["id"], quantity="1") == code
    await works.do("Return", orderId=order["id"], lines=[{"line": 2, "quantity": "1"}])
    resumed = await works.do("Resume", orderId=order["id"])
    assert resumed["status"] == "RELEASED"
    await works.do("Issue", orderId=order["id"])


async def test_a_report_is_reversed_with_all_that_it_took(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    before = await works.do("Charge", orderId=order["id"], kind="FEE", amount="8")
    payload = await works.send("Report", orderId=order["id"], quantity="1", scrapped="1")
    asked = {"commandId": str(uuid7()), "id": payload["document"]["id"]}
    query = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
      errors { code } } }"""
    answer = await works.workshop.shop.ask(query, input=asked)
    assert answer["reverseDocument"]["errors"] == []
    after = await works.read(order)
    assert worth(after) == worth(before)
    assert figures(after["cost"]) == figures(before["cost"])
    assert [one["received"] for one in after["outputs"]] == ["0"]
    apart: Json = {"worth": None, "cost": None, "outputs": None}
    assert after | apart == before | apart
    assert await works.on_hand("P") == (0, 0)


async def test_the_same_report_counts_once(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    sent: dict[str, Any] = {"orderId": order["id"], "quantity": "4", "commandId": str(uuid7())}
    first, again = await works.send("Report", **sent), await works.send("Report", **sent)
    assert (first["errors"], first["document"]) == ([], again["document"])
    assert await works.on_hand("P") == (4, 28)


async def test_costs_are_shown_to_whoever_may_see_them(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Charge", orderId=order["id"], kind="FEE", amount="8")
    await works.do("Report", orderId=order["id"], quantity="1")
    shop = works.workshop.shop
    keeper = await Shop.enter(
        shop.database,
        shop.principal.tenant_id,
        roles=("storekeeper",),
        schema=works.schema,
        modules={NAME},
    )
    hers = Works(Workshop(keeper, works.workshop.items), works.schema)
    seen = await hers.read(order)
    assert (seen["reported"], seen["worth"], seen["charges"]) == ("1", None, None)
    assert [one["value"] for one in seen["inWork"]["nodes"]] == [None, None]
    assert [one["varianceValue"] for one in seen["parts"]["nodes"]] == [None, None]
    last = await hers.do("Report", orderId=order["id"], quantity="1")
    assert last["reported"] == "2"
    assert await hers.refused("Close", orderId=order["id"]) == ["PERMISSION_DENIED"]


async def test_core_takes_no_order_that_the_module_does_not_know(works: Works) -> None:
    line = {"itemId": works.workshop.items["P"], "quantity": "1", "role": "PRODUCE"}
    payload = await works.workshop.shop.post("bom_manufacturing_work_order", line)
    assert [e["code"] for e in payload["errors"]] == ["BOM_MANUFACTURING_NOT_A_WORK_ORDER"]
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    source = await document_of(works, order)
    made = {**line, "sourceLine": 1}
    beyond = await works.workshop.shop.post(
        "bom_manufacturing_production_receipt",
        made,
        sourceId=source["id"],
        extraCost="1",
        on=source["businessDate"],
    )
    assert [e["code"] for e in beyond["errors"]] == ["BOM_MANUFACTURING_MORE_THAN_CHARGED"]


async def test_the_value_of_a_variance_is_as_fine_as_amounts_are(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    settings = await Planner(workshop).send(SETTINGS, amountDp=3)
    assert settings["errors"] == []
    works = Works(workshop, schema)
    await workshop.save("P", await workshop.line("A", "2"))
    await works.stock(A=("20", "0.125"))
    order = await works.order("P", "1")
    await works.do("Issue", orderId=order["id"])
    used = [{"itemId": workshop.items["A"], "quantity": "3"}]
    order = await works.do("Report", orderId=order["id"], quantity="1", used=used)
    assert parts(order, "variance", "varianceValue") == {"A": (1, D("0.125"))}
