"""Planning over HTTP, on the real database: from what is told to suggestions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.db.database import Database
from core.ids import uuid7
from schema.compose import ComposedSchema
from schema.plugin_api import uuid_of
from tests.plugins.bom_manufacturing.planner import (
    CALENDAR,
    FORECASTS,
    ORDER,
    OVER_TIME,
    PLACED,
    PLAN,
    SHORT,
    SUGGESTIONS,
    WHY,
    Planner,
)
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.schema.statements import statements
from tests.shop import line


async def test_what_is_told_of_an_item_is_shown_with_it(planner: Planner) -> None:
    steel = await planner.supplier()
    main = planner.workshop.shop.places["MAIN"]
    await planner.told(
        M={
            "make": False,
            "leadTime": 5,
            "safetyStock": "10",
            "safetyStocks": [{"placeId": main, "quantity": "7"}],
            "reorderPoint": "20",
            "supplierId": steel,
            "lotPolicy": "MIN_MAX",
            "lotMinimum": "50",
            "lotMaximum": "100",
            "lotMultiple": "25",
        }
    )
    asked = """query($id: ID!) { item(id: $id) { bomManufacturing { make leadTime safetyStock
      safetyStocks { quantity place { code } } reorderPoint supplier { name } lotPolicy lotMinimum
      lotMaximum lotMultiple lotQuantity } } }"""
    key = await planner.workshop.item("M")
    found = await planner.workshop.shop.ask(asked, id=key)
    assert found["item"]["bomManufacturing"] == {
        "make": False,
        "leadTime": 5,
        "safetyStock": "10",
        "safetyStocks": [{"quantity": "7", "place": {"code": "MAIN"}}],
        "reorderPoint": "20",
        "supplier": {"name": "Steel Ltd"},
        "lotPolicy": "MIN_MAX",
        "lotMinimum": "50",
        "lotMaximum": "100",
        "lotMultiple": "25",
        "lotQuantity": None,
    }
    assert await planner.try_told("M", None) == []
    assert (await planner.workshop.shop.ask(asked, id=key))["item"]["bomManufacturing"] is None


@pytest.mark.parametrize(
    ("facts", "code", "path"),
    [
        ({"leadTime": -1}, "BOM_MANUFACTURING_OUT_OF_RANGE", ["leadTime"]),
        ({"safetyStock": "-1"}, "BOM_MANUFACTURING_OUT_OF_RANGE", ["safetyStock"]),
        ({"lotPolicy": "FIXED"}, "REQUIRED", ["lotQuantity"]),
        ({"lotPolicy": "PERIODS"}, "REQUIRED", ["lotPeriods"]),
        (
            {"lotPolicy": "PERIODS", "lotPeriods": 1001},
            "BOM_MANUFACTURING_OUT_OF_RANGE",
            ["lotPeriods"],
        ),
        (
            {
                "lotPolicy": "EOQ",
                "annualDemand": "999999999999",
                "orderCost": "999999999999",
                "holdingCost": "0.000001",
            },
            "BOM_MANUFACTURING_LOT_RULE",
            ["annualDemand"],
        ),
        (
            {"lotPolicy": "EOQ", "annualDemand": "9", "orderCost": "1", "holdingCost": "0"},
            "BOM_MANUFACTURING_OUT_OF_RANGE",
            ["holdingCost"],
        ),
        (
            {"lotPolicy": "MIN_MAX", "lotMinimum": "9", "lotMaximum": "8"},
            "BOM_MANUFACTURING_LOT_RULE",
            ["lotMaximum"],
        ),
        ({"supplierId": "nobody"}, "NOT_FOUND", ["supplierId"]),
    ],
)
async def test_what_is_wrong_with_it_is_refused(
    planner: Planner, facts: dict[str, Any], code: str, path: list[str]
) -> None:
    [error] = await planner.try_told("M", facts)
    assert (error["code"], error["path"]) == (code, ["bomManufacturing", *path])


async def test_needs_go_down_the_levels_and_know_why(planner: Planner) -> None:
    """Ten bicycles for an order in 20 days: a frame each, two wheels, of 36 spokes with 5 % scrap."""
    workshop = planner.workshop
    await workshop.save("BIKE", await workshop.line("FRAME"), await workshop.line("WHEEL", "2"))
    await workshop.save("WHEEL", await workshop.line("SPOKE", "36", scrapPercent="5"))
    steel = await planner.supplier()
    await planner.told(
        BIKE={"leadTime": 2},
        WHEEL={"leadTime": 3},
        SPOKE={"leadTime": 10, "supplierId": steel, "lotPolicy": "MULTIPLE", "lotMultiple": "100"},
        FRAME={"leadTime": 4, "supplierId": steel},
    )
    await workshop.shop.posted(
        "receipt", line(workshop.items["WHEEL"], "5", "9"), line(workshop.items["FRAME"], "1", "90")
    )
    order = await planner.order("sales_order", "BIKE", "10", 20)
    await planner.order("purchase_order", "FRAME", "4", 30)
    run = await planner.plan()
    assert run["itemsDone"] == run["itemsTotal"] == 4
    assert await planner.brief() == [
        ("SPOKE", "600", 5, 15),  # 15 wheels × 36 × 1.05 = 567
        ("FRAME", "9", 14, 18),  # the four that are ordered come too late
        ("WHEEL", "15", 15, 18),
        ("BIKE", "10", 18, 20),
    ]
    assert await planner.brief(make=True) == [
        ("WHEEL", "15", 15, 18),
        ("BIKE", "10", 18, 20),
    ]
    assert await planner.brief(supplier=steel, by=planner.day(10)) == [("SPOKE", "600", 5, 15)]
    [spoke, *_] = await planner.suggestions()
    assert (spoke["make"], spoke["supplier"], spoke["pastDue"]) == (
        False,
        {"name": "Steel Ltd"},
        False,
    )
    why = await planner.nodes(WHY, id=spoke["id"])
    assert [(one["level"], one["item"]["code"], one["quantity"]) for one in why] == [
        (1, "SPOKE", "567"),
        (2, "WHEEL", "15"),
        (3, "BIKE", "10"),
    ]
    assert [one["source"] for one in why] == ["ORDER", "ORDER", "DEMAND"]
    assert [one["parent"] and one["parent"]["code"] for one in why] == ["WHEEL", "BIKE", None]
    assert why[-1]["document"] == {"number": order["number"]}
    [told] = await planner.nodes(PLACED, exceptions=True)
    assert (told["item"]["code"], told["advice"], told["neededOn"]) == (
        "FRAME",
        "BRING_FORWARD",
        planner.day(18),
    )


async def test_only_what_is_open_counts(planner: Planner) -> None:
    workshop = planner.workshop
    await workshop.shop.posted("receipt", line(await workshop.item("A"), "100", "1"))
    order = await planner.order("sales_order", "A", "30", 5)
    taken = line(workshop.items["A"], "20", "3", sourceLine=1)
    await workshop.shop.posted("issue", taken, sourceId=order["id"], on=planner.day(0))
    # 80 are there, and 10 are still open
    await planner.order("sales_order", "A", "75", 6)
    await planner.plan()
    assert await planner.brief() == [("A", "5", 6, 6)]


async def test_goods_on_hold_and_at_processors_are_not_there(planner: Planner) -> None:
    workshop = planner.workshop
    await workshop.shop.posted("receipt", line(await workshop.item("A"), "10", "1"))
    await planner.order("sales_order", "A", "10", 5)
    await planner.plan()
    assert await planner.brief() == []
    hold = """mutation($input: PlaceHoldInput!) { placeHold(input: $input) { errors { code } } }"""
    sent = {"commandId": str(uuid7()), "itemId": workshop.items["A"], "reason": "look at it"}
    assert (await workshop.shop.ask(hold, input=sent))["placeHold"]["errors"] == []
    await planner.plan()
    assert await planner.brief() == [("A", "10", 5, 5)]


async def test_orders_consume_the_forecast_of_their_period(planner: Planner) -> None:
    workshop = planner.workshop
    item = await workshop.item("A")
    main = workshop.shop.places["MAIN"]
    weeks = [
        {"itemId": item, "startsOn": planner.day(n), "endsOn": planner.day(n + 6), "quantity": "50"}
        for n in (7, 14)
    ]
    here = {**weeks[0], "placeId": main, "quantity": "20"}
    payload = await planner.send(FORECASTS, forecasts=[*weeks, here])
    assert payload == {"saved": 3, "errors": []}
    await workshop.shop.posted("receipt", line(item, "30", "1"))
    order = await planner.order("sales_order", "A", "30", 9)
    await planner.plan()
    # 30 ordered: 20 of the place's forecast and 10 of that for all; 40 of that are left
    assert await planner.brief() == [
        ("A", "10", 7, 7),
        ("A", "30", 9, 9),
        ("A", "50", 14, 14),
    ]
    gone = line(item, "10", "3", sourceLine=1)
    await workshop.shop.posted("issue", gone, sourceId=order["id"], on=planner.day(0))
    await planner.plan()  # what was delivered is not expected once more
    assert await planner.brief() == [
        ("A", "20", 7, 7),
        ("A", "20", 9, 9),
        ("A", "50", 14, 14),
    ]
    [late] = (await planner.send(FORECASTS, forecasts=[{**weeks[0], "startsOn": planner.day(8)}]))[
        "errors"
    ]
    assert (late["code"], late["path"]) == (
        "BOM_MANUFACTURING_FORECAST_OVERLAP",
        ["forecasts", "0", "startsOn"],
    )
    zero = await planner.send(FORECASTS, forecasts=[{**one, "quantity": "0"} for one in weeks])
    assert zero == {"saved": 0, "errors": []}
    listed = "{ bomManufacturingForecasts { nodes { quantity place { code } item { code } } } }"
    assert await planner.nodes(listed) == [
        {"quantity": "20", "place": {"code": "MAIN"}, "item": {"code": "A"}}
    ]


async def test_lead_times_count_days_that_are_worked(planner: Planner) -> None:
    monday = planner.today + timedelta(7 - planner.today.weekday())
    n = (monday - planner.today).days
    days = [{"day": planner.day(n), "worked": False}, {"day": planner.day(n + 5), "worked": True}]
    weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
    payload = await planner.send(CALENDAR, weekdays=weekdays, days=days)
    assert payload["calendar"] == {"weekdays": weekdays, "days": days}
    await planner.told(A={"leadTime": 6})
    await planner.order("sales_order", "A", "1", n + 8)  # Tuesday of the week after
    await planner.plan()
    # Monday, the Saturday that is worked, Friday to Tuesday; not the Monday that is off
    assert await planner.brief() == [("A", "1", n + 1, n + 8)]


async def test_safety_stock_reorder_point_and_what_is_late(planner: Planner) -> None:
    workshop = planner.workshop
    await planner.told(
        S={"safetyStock": "10", "leadTime": 3}, R={"reorderPoint": "30", "leadTime": 4}
    )
    await workshop.shop.posted(
        "receipt", line(workshop.items["S"], "4", "1"), line(workshop.items["R"], "25", "1")
    )
    await planner.order("sales_order", "R", "5", 2)
    await planner.plan()
    assert await planner.brief() == [("S", "6", -3, 0), ("R", "10", 0, 4)]
    [late] = await planner.suggestions(late=True)
    assert (late["item"]["code"], late["pastDue"]) == ("S", True)
    assert await planner.nodes(SHORT) == [
        {"quantity": "6", "lackingFrom": planner.day(0), "item": {"code": "S"}}
    ]
    [period, *_] = await planner.nodes(OVER_TIME, item=workshop.items["S"], bucket="DAY")
    assert (period["gross"], period["plannedReceipts"], period["projectedOnHand"]) == (
        "0",
        "6",
        "10",
    )


async def test_what_is_archived_is_not_filled_up_again(planner: Planner) -> None:
    """Neither safety stock nor forecast is for it any more; what was promised of it still is."""
    workshop = planner.workshop
    await planner.told(OLD={"safetyStock": "5", "reorderPoint": "9"})
    sent = {"itemId": await workshop.item("OLD"), "quantity": "7"}
    sent |= {"startsOn": planner.day(5), "endsOn": planner.day(15)}
    assert (await planner.send(FORECASTS, forecasts=[sent]))["errors"] == []
    await planner.order("sales_order", "OLD", "2", 8)
    await planner.plan()
    assert sum(int(one["quantity"]) for one in await planner.suggestions()) == 16
    seen = await workshop.shop.ask(
        "query($id: ID!) { item(id: $id) { revision } }", id=sent["itemId"]
    )
    archived = await planner.send(
        "mutation($input: ArchiveInput!) { archiveItem(input: $input) { errors { code } } }",
        id=sent["itemId"],
        revision=seen["item"]["revision"],
    )
    assert archived["errors"] == []
    await planner.plan()
    assert await planner.brief() == [("OLD", "2", 8, 8)]


async def test_an_order_behind_the_horizon_covers_nothing_before(planner: Planner) -> None:
    """However far it lies, nobody counts the days until then, and on the last of all days nobody works."""
    await planner.send(CALENDAR, weekdays=["MONDAY"])
    supplier = await planner.supplier()
    for due in ("9999-12-31", planner.day(61)):
        sent = {"itemId": await planner.workshop.item("A"), "quantity": "5", "unitPrice": "1"}
        await planner.workshop.shop.posted(
            "purchase_order", {**sent, "dueOn": due}, on=planner.day(0), partyId=supplier
        )
    await planner.order("sales_order", "A", "5", 59)
    await planner.plan(days=60)
    assert [one["quantity"] for one in await planner.suggestions()] == ["5"]
    # nobody is told to postpone what lies behind it; one of the two is wanted earlier
    told = [one["advice"] for one in await planner.nodes(PLACED, exceptions=False)]
    assert sorted(map(str, told)) == ["BRING_FORWARD", "None"]


async def test_what_is_counted_whole_is_ordered_whole(planner: Planner) -> None:
    """Half a roll and scrap make no part of a piece, which nobody could order."""
    workshop = planner.workshop
    supplier = await planner.supplier()
    units = (await workshop.shop.ask("{ units { id code } }"))["units"]
    by_code = {one["code"]: uuid_of(one["id"], "Unit") for one in units}
    await workshop.item("ROLL", base_unit_id=by_code["pcs"])
    await workshop.item("WIRE", base_unit_id=by_code["m"])
    lines = [
        await workshop.line("ROLL", "0.5"),
        await workshop.line("WIRE", "1", scrapPercent="3.3"),
    ]
    await workshop.save("LAMP", *lines)
    await planner.told(
        **{code: {"supplierId": supplier} for code in ("ROLL", "WIRE")},
    )
    await planner.order("sales_order", "LAMP", "3", 10)
    await planner.order("sales_order", "LAMP", "1", 20)
    await planner.plan()
    assert sorted(await planner.brief(make=False)) == [
        ("ROLL", "1", 20, 20),
        ("ROLL", "2", 10, 10),
        ("WIRE", "1.04", 20, 20),
        ("WIRE", "3.1", 10, 10),
    ]
    chosen = [{"id": one["id"]} for one in await planner.suggestions(make=False)]
    main = workshop.shop.places["MAIN"]
    payload = await planner.send(ORDER, suggestions=chosen, placeId=main)
    assert payload["errors"] == []


async def test_the_table_over_time(planner: Planner) -> None:
    workshop = planner.workshop
    await planner.told(A={"leadTime": 1, "lotPolicy": "FIXED", "lotQuantity": "40"})
    await workshop.shop.posted("receipt", line(workshop.items["A"], "15", "1"))
    await planner.order("purchase_order", "A", "10", 1)
    await planner.order("sales_order", "A", "20", 1)
    await planner.order("sales_order", "A", "30", 3)
    await planner.plan(days=5)
    found = await planner.nodes(OVER_TIME, item=workshop.items["A"], bucket="DAY")
    assert [one["startsOn"] for one in found] == [planner.day(n) for n in range(5)]
    figures = [
        [float(one[name]) for name in ("gross", "receipts", "plannedReceipts", "plannedReleases")]
        for one in found
    ]
    assert figures == [[0, 0, 0, 0], [20, 10, 0, 0], [0, 0, 0, 40], [30, 0, 40, 0], [0, 0, 0, 0]]
    assert [float(one["projectedOnHand"]) for one in found] == [15, 5, 5, 15, 15]
    [*_, total] = await planner.nodes(OVER_TIME, item=workshop.items["A"], bucket="MONTH")
    assert float(total["projectedOnHand"]) == 15


async def second_place(planner: Planner) -> str:
    store = """mutation($input: CreatePlaceInput!) { createPlace(input: $input) { place { id }
      errors { code message } } }"""
    made = await planner.send(store, code="S2", name="second", kind="WAREHOUSE")
    assert made["errors"] == []
    key: str = made["place"]["id"]
    return key


async def test_goods_under_way_are_where_they_go(planner: Planner) -> None:
    """Nobody orders them again while they are on the road; what was lost there is gone."""
    shop = planner.workshop.shop
    second, item = await second_place(planner), await planner.workshop.item("A")
    await shop.posted("receipt", line(item, "10", "1"))
    sent = await shop.posted("dispatch", line(item, "6"), toPlaceId=second)
    await planner.order("sales_order", "A", "8", 3, placeId=second)
    await planner.plan()
    assert await planner.brief() == []
    await planner.plan(placeId=second)
    assert await planner.brief() == [("A", "2", 3, 3)]
    await planner.plan(placeId=shop.places["MAIN"])
    assert await planner.brief() == []
    came = [line(item, "4") | {"toPlaceId": second, "sourceLine": 1}]
    came += [line(item, "1") | {"toPlaceId": second, "sourceLine": 1, "role": "LOST"}]
    await shop.posted("arrival", *came, sourceId=sent["id"])
    await planner.plan(placeId=second)
    assert await planner.brief() == [("A", "3", 3, 3)]


async def test_a_place_is_planned_by_itself(planner: Planner) -> None:
    workshop = planner.workshop
    await workshop.shop.posted("receipt", line(await workshop.item("A"), "10", "1"))
    second = await second_place(planner)
    await planner.order("sales_order", "A", "8", 3, placeId=second)
    await planner.told(A={"safetyStocks": [{"placeId": second, "quantity": "2"}]})
    await planner.plan()
    assert await planner.brief() == []
    await planner.plan(placeId=second)
    assert await planner.brief() == [("A", "2", 0, 0), ("A", "8", 3, 3)]


async def test_a_longer_list_takes_no_more_statements(planner: Planner) -> None:
    steel = await planner.supplier()
    await planner.told(**{f"I{n}": {"supplierId": steel} for n in range(6)})
    counts = []
    for some in (["I0"], [f"I{n}" for n in range(1, 6)]):
        for code in some:
            await planner.order("sales_order", code, "5", 9)
        await planner.plan()
        with statements(planner.workshop.shop.database) as sent:
            found = await planner.nodes(SUGGESTIONS)
        counts.append(len(sent))
    assert len(found) == 6
    assert counts[0] == counts[1]
    page = await planner.workshop.shop.ask(SUGGESTIONS, first=4)
    after = page["bomManufacturingSuggestions"]["pageInfo"]["endCursor"]
    rest = await planner.nodes(SUGGESTIONS, first=4, after=after)
    shown = [*page["bomManufacturingSuggestions"]["nodes"], *rest]
    assert [one["id"] for one in shown] == [one["id"] for one in found]


async def test_nothing_was_planned_yet_and_who_may(
    planner: Planner, db: Database, schema: ComposedSchema
) -> None:
    answer = await planner.workshop.shop.raw(SUGGESTIONS)
    assert answer["errors"][0]["extensions"]["code"] == "BOM_MANUFACTURING_NO_PLAN"
    [error] = (await planner.send(PLAN, days=0))["errors"]
    assert (error["code"], error["path"]) == ("BOM_MANUFACTURING_OUT_OF_RANGE", ["days"])
    viewer = await Workshop.open(db, schema, roles=("viewer",))
    payload = await Planner(viewer).send(PLAN)
    assert [one["code"] for one in payload["errors"]] == ["PERMISSION_DENIED"]
