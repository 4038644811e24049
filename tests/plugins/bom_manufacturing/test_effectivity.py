"""Which version of a bill holds: the one in force when an order is begun, planned or written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from plugins.bom_manufacturing.bills.rules.bom import effective
from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Line
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.planning.rules.mrp import (
    Planned,
    Requirement,
    Situation,
    Source,
    plan,
)
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.outwork import Outwork
from tests.plugins.bom_manufacturing.planner import CALENDAR, Planner
from tests.plugins.bom_manufacturing.test_netting import DAYS, NAMES, events, situations
from tests.plugins.bom_manufacturing.works import Works, parts

D = Decimal
START = date(2026, 3, 2)


def begun(period: int) -> date:
    """What is late begins on the first day."""
    return START + timedelta(max(0, period))


days = st.none() | st.integers(0, 12).map(lambda n: START + timedelta(n))


@given(st.lists(st.tuples(days, days), max_size=5), st.integers(-2, 14))
def test_the_version_of_a_day_is_the_same_as_by_looking_at_all(
    spans: list[tuple[date | None, date | None]], n: int
) -> None:
    boms = [Bom("A", version=str(m), valid_from=a, valid_until=b) for m, (a, b) in enumerate(spans)]
    versions, day = Versions(boms), START + timedelta(n)
    assert versions.in_force("A", day) == effective(boms, day)
    assert dict(versions.on(day)) == {bom.item: bom for bom in [effective(boms, day)] if bom}
    assert versions.in_force("B", day) is None


@given(situations())
def test_one_version_for_ever_is_as_if_there_were_no_days(situation: Situation) -> None:
    boms = [bom for item in situation.versions for bom in situation.versions.of(item)]
    last = START + timedelta(DAYS)
    dated = [replace(bom, valid_from=START, valid_until=last) for bom in boms]
    expected = plan(situation)
    for versions in (boms, dated):
        assert plan(replace(situation, versions=Versions(versions), day=begun)) == expected


@st.composite
def changing(draw: st.DrawFn) -> tuple[Situation, dict[Item, list[tuple[int, Bom | None]]]]:
    """Items made of some of those behind them, by what changes on a day: another bill, none, or lines of
    the same bill. Also the bills as lists of the day they begin and what is in force from then on."""
    items: dict[Item, Planned] = {
        name: Planned(
            D(draw(st.integers(0, 40))), D(draw(st.integers(0, 9))), draw(st.integers(0, 3))
        )
        for name in NAMES
    }
    boms, known = list[Bom](), dict[Item, list[tuple[int, Bom | None]]]()
    for n, name in enumerate(NAMES[:-1]):
        behind = st.sampled_from(NAMES[n + 1 :])
        first, second = (
            tuple(Line(part, D(draw(st.integers(1, 4)))) for part in draw(st.sets(behind)))
            for _ in range(2)
        )
        change = draw(st.integers(0, DAYS))
        day = START + timedelta(change)
        before, after = day - timedelta(1), Bom(name, second, version="2", valid_from=day)
        until = Bom(name, first, valid_until=before)
        match draw(st.sampled_from(["version", "over", "ends", "begins", "lines"])):
            case "version":
                boms += [until, after]
                known[name] = [(-99, until), (change, after)]
            case "over":  # the old one is not ended: the new one came last
                boms += [after, replace(until, valid_until=None)]
                known[name] = [(-99, until), (change, after)]
            case "ends":
                boms.append(until)
                known[name] = [(-99, until), (change, None)]
            case "begins":
                boms.append(after)
                known[name] = [(-99, None), (change, after)]
            case "lines":
                lines = [replace(one, valid_until=before) for one in first]
                lines += [replace(one, valid_from=day) for one in second]
                boms.append(Bom(name, tuple(lines)))
                known[name] = [(-99, until), (change, after)]
    demand = [
        Requirement(name, day, Fraction(quantity), Source.DEMAND)
        for name in NAMES[:3]
        for day, quantity in draw(events)
    ]
    return Situation(items, Versions(boms), demand, day=begun), known


@given(changing())
def test_another_way_to_the_same_figures_over_a_change(
    given_: tuple[Situation, dict[Item, list[tuple[int, Bom | None]]]],
) -> None:
    """What is planned up to a day is the most that ever lacked up to then; its components are those of what
    is in force on the day it is begun, which is the first day at the earliest."""
    situation, known = given_
    gross: dict[Item, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for need in situation.demand:
        gross[need.item][need.period] += need.quantity
    expected: dict[tuple[Item, int, bool], Fraction] = {}
    for name in NAMES:
        facts = situation.items[name]
        gross[name][0] += Fraction(facts.safety_stock)
        span = range(-30, DAYS)
        lacking = (
            need - Fraction(facts.on_hand) for need in accumulate(gross[name][d] for d in span)
        )
        made = list(accumulate(lacking, max, initial=Fraction(0)))
        for day, before, after in zip(span, made, made[1:], strict=False):
            if after > before:
                release = day - facts.lead_time
                bom = None
                for since, one in known.get(name, []):
                    if since <= max(0, release):
                        bom = one
                expected[name, day, bom is not None] = after - before
                for line in bom.lines if bom else ():
                    gross[line.item][release] += (after - before) * Fraction(line.quantity)
    found: dict[tuple[Item, int, bool], Fraction] = defaultdict(Fraction)
    for order in plan(situation).orders:
        found[order.item, order.receipt, situation.made(order)] += order.quantity
    assert found == expected


async def test_a_change_amid_the_horizon(planner: Planner) -> None:
    """Each planned order goes by the version of the day it is released, the order made of it by the same,
    and then nothing more is suggested."""
    workshop = planner.workshop
    main = workshop.shop.places["MAIN"]
    until, since = planner.day(14), planner.day(15)
    await workshop.save("P", await workshop.line("A", "2"), version="1", validUntil=until)
    await workshop.save(
        "P",
        await workshop.line("S"),
        await workshop.line("B", "3", validUntil=planner.day(24)),
        await workshop.line("C", "4", validFrom=planner.day(25)),
        version="2",
        validFrom=since,
    )
    await workshop.save("S", await workshop.line("D"), validFrom=planner.day(10))  # not made today
    await workshop.save("Q", await workshop.line("E"), validUntil=until)  # bought later on
    await planner.told(P={"leadTime": 2}, S={"leadTime": 3})
    await planner.told(**{code: {"supplierId": await planner.supplier(code)} for code in "ABCDEQ"})
    for quantity, due in (("1", 1), ("10", 16), ("20", 17), ("30", 30)):
        await planner.order("sales_order", "P", quantity, due)
    for due in (14, 15):
        await planner.order("sales_order", "Q", "5", due)
    await planner.plan()
    assert sorted(await planner.brief(make=True)) == [
        ("P", "1", -1, 1),  # late, and begun today
        ("P", "10", 14, 16),
        ("P", "20", 15, 17),
        ("P", "30", 28, 30),
        ("Q", "5", 14, 14),
        ("S", "20", 12, 15),
        ("S", "30", 25, 28),
    ]
    assert sorted(await planner.brief(make=False)) == [
        ("A", "2", -1, -1),
        ("A", "20", 14, 14),
        ("B", "60", 15, 15),
        ("C", "120", 28, 28),
        ("D", "20", 12, 12),
        ("D", "30", 25, 25),
        ("E", "5", 14, 14),
        ("Q", "5", 15, 15),
    ]
    suggested = await planner.suggestions()
    bought = {one["item"]["code"]: one["supplier"] for one in suggested if not one["make"]}
    assert bought["Q"] == {"name": "Q"}
    made = await planner.turned([one["id"] for one in suggested], placeId=main, approve=True)
    assert made["errors"] == made["refused"] == []
    assert sorted(
        (one["item"]["code"], one["quantity"], one["bom"]["version"]) for one in made["workOrders"]
    ) == [
        ("P", "1", "1"),
        ("P", "10", "1"),
        ("P", "20", "2"),
        ("P", "30", "2"),
        ("Q", "5", "1"),
        ("S", "20", "1"),
        ("S", "30", "1"),
    ]
    await planner.plan()
    assert await planner.suggestions() == []


async def test_the_first_working_day_may_lie_behind_the_horizon(planner: Planner) -> None:
    """Who plans for a day off plans for the working day after it, by the version in force then."""
    tomorrow = planner.today + timedelta(1)
    weekday = tomorrow.strftime("%A").upper()
    assert await planner.send(CALENDAR, weekdays=[weekday])
    await planner.workshop.save(
        "P", await planner.workshop.line("A"), version="1", validUntil=planner.day(0)
    )
    await planner.workshop.save(
        "P", await planner.workshop.line("B"), version="2", validFrom=planner.day(1)
    )
    await planner.order("sales_order", "P", "5", 0)
    await planner.plan(days=1)
    assert sorted(await planner.brief()) == [("B", "5", 1, 1), ("P", "5", 1, 1)]
    keys = [one["id"] for one in await planner.suggestions(make=True)]
    made = await planner.turned(keys, placeId=planner.workshop.shop.places["MAIN"])
    assert [one["bom"] for one in made["workOrders"]] == [{"version": "2"}]


async def test_a_work_order_goes_by_the_day_it_is_begun(
    planner: Planner, schema: ComposedSchema
) -> None:
    workshop, works = planner.workshop, Works(planner.workshop, schema)
    until, since = planner.day(6), planner.day(8)
    await workshop.save("P", await workshop.line("A"), version="1", validUntil=until)
    await workshop.save("P", await workshop.line("F", phantom=True), version="2", validFrom=since)
    await workshop.save("F", await workshop.line("B"), version="1", validUntil=planner.day(9))
    spare = {"itemId": await workshop.item("D"), "priority": 1}
    await workshop.save(
        "F", await workshop.line("C", alternates=[spare]), version="2", validFrom=planner.day(10)
    )

    async def drafted(**sent: str) -> tuple[str, set[str]]:
        order = await works.draft("P", "1", **sent)
        return order["bom"]["version"], set(parts(order))

    assert await drafted() == ("1", {"A"})
    assert await drafted(startsOn=planner.day(6), dueOn=planner.day(20)) == ("1", {"A"})
    assert await drafted(startsOn=planner.day(8)) == ("2", {"B"})
    assert await drafted(dueOn=planner.day(10)) == ("2", {"C"})
    assert await drafted(on=planner.day(9)) == ("2", {"B"})
    payload = await works.send(
        "SaveWorkOrder",
        itemId=workshop.items["P"],
        quantity="1",
        placeId=workshop.shop.places["MAIN"],
        startsOn=planner.day(7),
    )
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("BOM_MANUFACTURING_NO_BOM", ["itemId"])
    assert error["details"]["date"] == planner.day(7)
    # what may stand in is that of the same day, too
    await works.stock(D=("5", "1"))
    order = await works.draft("P", "1", startsOn=planner.day(10))
    query = """query($id: ID!) { bomManufacturingShortages(orderId: $id) {
      item { code } alternates { item { code } } } }"""
    found = (await workshop.shop.ask(query, id=order["id"]))["bomManufacturingShortages"]
    [short] = found
    assert short == {"item": {"code": "C"}, "alternates": [{"item": {"code": "D"}}]}


async def test_an_order_to_a_processor_goes_by_the_day_components_are_sent(
    outwork: Outwork,
) -> None:
    workshop = outwork.workshop
    await workshop.save(
        "SHIRT", await workshop.line("BUTTON", "5"), version="2", validFrom="2026-04-01"
    )

    async def ordered(**sent: str) -> dict[str, str]:
        payload = await outwork.done(
            "OrderSubcontract",
            "OrderSubcontract",
            partyId=outwork.party,
            itemId=workshop.items["SHIRT"],
            placeId=workshop.shop.places["MAIN"],
            quantity="2",
            fee="1",
            **sent,
        )
        nodes = payload["order"]["components"]["nodes"]
        return {one["item"]["code"]: one["ordered"] for one in nodes}

    assert await ordered(startsOn="2026-03-31") == {"CLOTH": "5", "BUTTON": "6"}
    assert await ordered(startsOn="2026-04-01", dueOn="2026-04-09") == {"BUTTON": "10"}
