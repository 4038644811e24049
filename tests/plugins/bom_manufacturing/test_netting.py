"""What must hold of any plan, and netting against another way to the same figures."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Line
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.planning.rules.calendar import WorkingCalendar
from plugins.bom_manufacturing.planning.rules.lots import LotRule
from plugins.bom_manufacturing.planning.rules.mrp import (
    Firm,
    Planned,
    Requirement,
    Situation,
    Source,
    plan,
)
from plugins.bom_manufacturing.planning.rules.planning import Forecast, Sold, Timeline, unconsumed

D = Decimal
DAYS = 12
NAMES = "ABCDEF"
Events = list[tuple[int, int]]

events = st.lists(st.tuples(st.integers(0, DAYS - 1), st.integers(1, 60)), max_size=5)
lots = st.one_of(
    st.just(LotRule()),
    st.builds(LotRule, minimum=st.integers(0, 40).map(D), multiple=st.integers(1, 9).map(D)),
    st.builds(LotRule, maximum=st.integers(10, 40).map(D)),
    st.builds(LotRule, fixed=st.integers(5, 60).map(D)),
    st.builds(LotRule, periods=st.integers(1, 4)),
)


def planned(rules: st.SearchStrategy[LotRule]) -> st.SearchStrategy[Planned]:
    return st.builds(
        Planned,
        on_hand=st.integers(0, 80).map(D),
        safety_stock=st.integers(0, 20).map(D),
        lead_time=st.integers(0, 3),
        lot=rules,
    )


@st.composite
def situations(draw: st.DrawFn, rules: st.SearchStrategy[LotRule] = lots) -> Situation:
    """Six items, each made of some of those behind it."""
    items: dict[Item, Planned] = {name: draw(planned(rules)) for name in NAMES}
    boms: dict[Item, Bom] = {}
    for n, name in enumerate(NAMES[:-1]):
        parts = draw(st.sets(st.sampled_from(NAMES[n + 1 :]), max_size=3))
        if parts:
            lines = [
                Line(part, D(draw(st.integers(1, 4))), D(draw(st.sampled_from([0, 5]))))
                for part in sorted(parts)
            ]
            boms[name] = Bom(name, tuple(lines), D(draw(st.integers(1, 3))))
    demand = [
        Requirement(name, day, Fraction(quantity), Source.DEMAND, f"{name}{day}")
        for name in NAMES[:3]
        for day, quantity in draw(events)
    ]
    firm = [Firm(name, day, D(quantity)) for name in NAMES for day, quantity in draw(events)]
    return Situation(items, Versions(boms.values()), demand, firm)


@given(situations(st.just(LotRule())))
def test_another_way_to_the_same_figures(situation: Situation) -> None:
    """Without lots, what is planned up to a day is the most that was ever lacking up to then: no stock is
    carried from day to day, nor is a day looked at in the light of the one before."""
    gross: dict[Item, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for need in situation.demand:
        gross[need.item][need.period] += need.quantity
    expected: dict[tuple[Item, int], Fraction] = {}
    for name in NAMES:  # each comes before what it is made of
        facts = situation.items[name]
        gross[name][0] += Fraction(facts.safety_stock)
        days = range(-30, DAYS)
        needs = accumulate(gross[name][day] for day in days)
        firm = accumulate(
            sum(
                Fraction(one.quantity)
                for one in situation.firm
                if (one.item, one.period) == (name, d)
            )
            for d in days
        )
        lacking = (
            need - came - Fraction(facts.on_hand) for need, came in zip(needs, firm, strict=True)
        )
        made = list(accumulate(lacking, max, initial=Fraction(0)))
        for day, before, after in zip(days, made, made[1:], strict=False):
            if after > before:
                expected[name, day] = after - before
                if bom := situation.versions.in_force(name, None):
                    for line in bom.lines:
                        each = Fraction(line.quantity) * (100 + Fraction(line.scrap_pct)) / 100
                        amount = (after - before) * each / Fraction(bom.output_quantity)
                        gross[line.item][day - facts.lead_time] += amount
    found: dict[tuple[Item, int], Fraction] = defaultdict(Fraction)
    for order in plan(situation).orders:
        found[order.item, order.receipt] += order.quantity
    assert found == expected


@given(situations())
def test_stock_never_falls_below_the_safety_stock(situation: Situation) -> None:
    found = plan(situation)
    for item, one in found.items.items():
        facts = situation.items[item]
        floor = Fraction(facts.safety_stock)
        moves: dict[int, Fraction] = defaultdict(Fraction)
        for period, quantity in one.gross.items():
            moves[period] -= quantity
        moves[0] += floor  # it is kept back, not used
        for firm in situation.firm:
            if firm.item == item:
                moves[firm.period] += Fraction(firm.quantity)
        for order in one.orders:
            moves[order.receipt] += order.quantity
        stock = Fraction(facts.on_hand)
        for period in sorted(moves):
            stock += moves[period]
            assert stock >= (floor if period >= 0 else 0)
        assert stock >= floor


@given(situations())
def test_every_planned_order_is_for_something(situation: Situation) -> None:
    """Each covers a need, none more than it has, and the way up ends at somebody's demand or at a
    safety stock."""
    found = plan(situation)
    covered: dict[int, Fraction] = defaultdict(Fraction)
    for one in found.items.values():
        for peg in one.pegs:
            assert peg.quantity > 0
            if peg.order is not None:
                covered[peg.order] += peg.quantity
    for order in found.orders:
        assert 0 < covered[order.number] <= order.quantity
        tops = [peg for peg in found.why(order.number) if peg.requirement.order is None]
        assert {peg.requirement.source for peg in tops} <= {Source.DEMAND, Source.SAFETY}
        assert tops


@given(situations())
def test_no_lot_is_larger_than_its_rule_asks(situation: Situation) -> None:
    for item, one in plan(situation).items.items():
        rule = situation.items[item].lot
        needed = sum(one.gross.values(), Fraction(0))
        for order in one.orders:
            if rule.fixed is not None:
                assert order.quantity == rule.fixed
            elif rule.maximum is not None:
                assert order.quantity <= rule.maximum
            else:
                most = max(needed, Fraction(rule.minimum))
                assert order.quantity < most + Fraction(rule.multiple or 0) or not rule.multiple
                assert order.quantity <= most or rule.multiple
            assert rule.multiple is None or order.quantity % Fraction(rule.multiple) == 0
            assert order.quantity >= rule.minimum


ITEM, STORE, SHOP = UUID(int=1), UUID(int=2), UUID(int=3)
MONDAY = date(2026, 3, 2)


@given(
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(-3, 25), st.integers(0, 60), st.booleans()), max_size=8),
)
def test_orders_take_from_forecasts_what_is_there(
    everywhere: list[int], here: list[int], ordered: list[tuple[int, int, bool]]
) -> None:
    forecasts = [
        Forecast(
            uuid4(), ITEM, place, MONDAY + timedelta(7 * n), MONDAY + timedelta(7 * n + 6), D(q)
        )
        for place, quantities in ((None, everywhere), (SHOP, here))
        for n, q in enumerate(quantities)
    ]
    sold = [
        Sold(ITEM, (STORE, SHOP) if at_shop else (STORE,), MONDAY + timedelta(day), D(quantity))
        for day, quantity, at_shop in ordered
    ]
    rest = {one.id: quantity for one, quantity in unconsumed(forecasts, sold)}
    for n in range(3):
        week = [one for one in sold if 0 <= (one.on - MONDAY).days - 7 * n < 7]
        at_shop = sum(one.quantity for one in week if SHOP in one.path)
        left_here = max(D(0), D(here[n]) - at_shop)
        beyond = max(D(0), at_shop - here[n]) + sum(
            one.quantity for one in week if SHOP not in one.path
        )
        assert rest.get(forecasts[3 + n].id, D(0)) == left_here
        assert rest.get(forecasts[n].id, D(0)) == max(D(0), everywhere[n] - beyond)


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(-40, 40), max_size=10),
    st.sets(st.integers(-40, 40), max_size=10),
    st.integers(-20, 20),
)
def test_days_and_their_numbers(
    weekdays: set[int], off: set[int], extra: set[int], number: int
) -> None:
    calendar = WorkingCalendar(
        frozenset(weekdays),
        frozenset(MONDAY + timedelta(n) for n in off),
        frozenset(MONDAY + timedelta(n) for n in extra),
    )
    timeline = Timeline(calendar, MONDAY)
    day = timeline.day(number)
    assert calendar.works(day)
    worked = [d for n in range(-400, 400) if calendar.works(d := MONDAY + timedelta(n))]
    first = next(n for n, d in enumerate(worked) if d >= MONDAY)
    assert day == worked[first + number]
    assert timeline.number(day) == max(0, number)
    assert timeline.number(MONDAY - timedelta(100)) == 0
