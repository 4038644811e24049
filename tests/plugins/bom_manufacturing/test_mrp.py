"""Planning by the textbook's examples, and what must hold of any plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused, raise_any
from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Line
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.planning.rules import lots
from plugins.bom_manufacturing.planning.rules.calendar import WorkingCalendar
from plugins.bom_manufacturing.planning.rules.lots import LotRule
from plugins.bom_manufacturing.planning.rules.mrp import (
    Advice,
    Firm,
    Planned,
    Requirement,
    Situation,
    Source,
    plan,
)

D = Decimal


def wanted(item: Item, period: int, quantity: int, reference: str = "") -> Requirement:
    return Requirement(item, period, Fraction(quantity), Source.DEMAND, reference)


@pytest.mark.parametrize(
    ("rule", "need", "expected"),
    [
        (LotRule(), 7, [7]),
        (LotRule(minimum=D(50)), 16, [50]),
        (LotRule(D(50), D(100)), 140, [100, 50]),
        (LotRule(D(50), D(500), D(25)), 112, [125]),
        (LotRule(maximum=D(100), multiple=D(30)), 200, [90, 90, 30]),
        (LotRule(fixed=D(40)), 100, [40, 40, 40]),
        (LotRule(), 0, []),
    ],
)
def test_lots(rule: LotRule, need: int, expected: list[int]) -> None:
    assert list(rule.refusals()) == []
    assert rule.lots(need) == expected


@pytest.mark.parametrize(
    "rule",
    [
        LotRule(D(-1)),
        LotRule(maximum=D(0)),
        LotRule(D(50), D(49)),
        LotRule(maximum=D(20), multiple=D(25)),
        LotRule(D(26), D(49), D(25)),
        LotRule(periods=0),
        LotRule(fixed=D(0)),
    ],
)
def test_rules_that_no_lot_can_keep(rule: LotRule) -> None:
    with pytest.raises(Refused, match="cannot be ordered"):
        raise_any(rule.refusals())


@pytest.mark.parametrize(
    ("rule", "decimals", "need", "expected"),
    [
        (LotRule(), 0, "5.5", [6]),
        (LotRule(), 3, "3.9655", [D("3.966")]),
        (LotRule(D("111.803399")), 0, "5", [112]),
        (LotRule(multiple=D("2.5")), 0, "6", [10]),
        (LotRule(multiple=D("0.75")), 1, "1", [D("1.5")]),
        (LotRule(fixed=D("2.5")), 0, "4", [3, 3]),
        (LotRule(maximum=D("0.4")), 0, "1.5", [1, 1]),
        (LotRule(maximum=D("2.5")), 0, "4", [2, 2]),
        (LotRule(D("1.5"), D("3"), D("1.5")), 0, "4", [3, 3]),
        (LotRule(D("1.5"), D("1.5")), 0, "1", [2]),
    ],
)
def test_no_parts_are_ordered_of_what_is_counted_whole(
    rule: LotRule, decimals: int, need: str, expected: list[Decimal]
) -> None:
    assert rule.in_steps(decimals).lots(D(need)) == expected


def test_lots_without_end_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        LotRule(fixed=D("0.000001")).lots(1000)
    assert refused.value.refusals[0].code == "BOM_MANUFACTURING_TOO_MANY_LOTS"


def test_each_level_is_netted_after_all_it_goes_into() -> None:
    """E goes into A directly and by way of B: it must wait for both."""
    boms: dict[Item, Bom] = {
        "A": Bom("A", (Line("E", D(1)), Line("B", D(1)))),
        "B": Bom("B", (Line("E", D(2)),)),
    }
    items: dict[Item, Planned] = {
        "A": Planned(lead_time=1, on_hand=D(10)),
        "B": Planned(lead_time=2),
        "E": Planned(lead_time=1, on_hand=D(60)),
    }
    firm = [Firm("E", 2, D(100), "PO1")]
    found = plan(Situation(items, Versions(boms.values()), [wanted("A", 5, 60)], firm, start=1))
    assert found.levels == {"A": 0, "B": 1, "E": 2}
    assert found.items["A"].net == {5: 50}
    assert found.items["E"].gross == {4: 50, 2: 100}
    assert found.items["E"].net == {}  # 60 + 100 cover 100, then 50
    assert found.items["E"].available == {2: 60, 4: 10}


def test_safety_stock_is_wanted_on_the_first_day() -> None:
    items: dict[Item, Planned] = {"A": Planned(on_hand=D(4), safety_stock=D(10))}
    found = plan(Situation(items, Versions(), [wanted("A", 5, 3)])).items["A"]
    assert found.net == {0: 6, 5: 3}
    assert [peg.requirement.source for peg in found.pegs] == [
        Source.SAFETY,
        Source.SAFETY,
        Source.DEMAND,
    ]


def test_periods_of_supply_are_ordered_together() -> None:
    items: dict[Item, Planned] = {"A": Planned(on_hand=D(5), lot=LotRule(periods=3))}
    demand = [wanted("A", n, 10) for n in (1, 2, 3, 4, 9)]
    orders = plan(Situation(items, Versions(), demand)).orders
    assert [(one.receipt, int(one.quantity)) for one in orders] == [(1, 25), (4, 10), (9, 10)]


def test_a_release_that_has_passed_is_shown() -> None:
    items: dict[Item, Planned] = {"A": Planned(lead_time=5)}
    [late] = plan(Situation(items, Versions(), [wanted("A", 3, 1)])).orders
    assert (late.release, late.receipt, late.past_due) == (-2, 3, True)


def test_a_phantom_passes_straight_through() -> None:
    boms: dict[Item, Bom] = {
        "A": Bom("A", (Line("F", D(2)),)),
        "F": Bom("F", (Line("M", D(3)),)),
    }
    phantom = Planned(D(99), D(5), 7, LotRule(D(50)), phantom=True)
    items: dict[Item, Planned] = {"A": Planned(lead_time=1), "F": phantom}
    found = plan(Situation(items, Versions(boms.values()), [wanted("A", 4, 5)]))
    assert found.items["M"].gross == {3: 30}


def test_firm_orders_stay_and_are_told_what_to_do() -> None:
    items: dict[Item, Planned] = {"A": Planned(on_hand=D(10))}
    firm = [Firm("A", n, D(10), f"PO{n}") for n in (2, 6, 7, 9)]
    demand = [wanted("A", 1, 10), wanted("A", 4, 10), wanted("A", 5, 10), wanted("A", 7, 10)]
    found = plan(Situation(items, Versions(), demand, firm)).items["A"]
    told = {message.firm.reference: (message.advice, message.period) for message in found.messages}
    assert told == {
        "PO2": (Advice.POSTPONE, 4),
        "PO6": (Advice.BRING_FORWARD, 5),
        "PO9": (Advice.CANCEL, None),
    }
    assert found.net == {5: 10}  # where nobody moves the order, this is lacking


def test_why_leads_up_to_the_demand() -> None:
    boms: dict[Item, Bom] = {
        "A": Bom("A", (Line("B", D(1)),)),
        "B": Bom("B", (Line("M", D(1)),)),
    }
    found = plan(
        Situation({}, Versions(boms.values()), [wanted("A", 3, 2, "SO7"), wanted("A", 4, 1, "SO8")])
    )
    bottom = [order.number for order in found.orders if order.item == "M"]
    why = found.why(bottom[0])
    assert [peg.requirement.item for peg in why] == ["M", "B", "A"]
    assert why[-1].requirement.reference == "SO7"


def test_working_days_are_counted() -> None:
    calendar = WorkingCalendar(
        off=frozenset({date(2025, 10, 1)}), extra=frozenset({date(2025, 9, 28)})
    )
    days = calendar.between(date(2025, 9, 26), date(2025, 10, 6))
    assert days.days[:4] == (
        date(2025, 9, 26),
        date(2025, 9, 28),  # a Sunday that is worked
        date(2025, 9, 29),
        date(2025, 9, 30),
    )
    assert days.number(date(2025, 9, 27)) == 0  # what is needed on a Saturday is there on Friday
    assert days.day(days.number(date(2025, 10, 2)) - 1) == date(2025, 9, 30)
    assert days.number(date(2025, 9, 1)) == -1
    with pytest.raises(IndexError):
        days.day(-1)


def test_ordering_without_a_plan() -> None:
    assert lots.eoq(1000, 10, D("0.5")) == 200
    assert lots.stock_cost(1000, 10, D("0.5"), 200) == (Fraction(50), Fraction(50))
    assert lots.reorder_point(10, 7, 20) == 90
    assert lots.safety_stock(D("1.65"), 20) == 33
    assert lots.replenish(10, 50, 9, 12) == 48
    assert lots.replenish(10, 50, 10) == 0
    with pytest.raises(Refused):
        lots.eoq(1000, 10, 0)
    with pytest.raises(Refused, match="10 < 50"):
        lots.replenish(50, 10, 9)


quantities = st.integers(1, 200)
rules = st.one_of(
    st.just(LotRule()),
    st.builds(LotRule, minimum=st.integers(0, 40).map(D), multiple=st.integers(1, 9).map(D)),
    st.builds(LotRule, fixed=st.integers(5, 60).map(D)),
    st.builds(LotRule, periods=st.integers(1, 4)),
)


@given(
    st.lists(st.tuples(st.integers(0, 12), quantities), max_size=8),
    st.lists(st.tuples(st.integers(0, 12), quantities), max_size=4),
    st.integers(0, 100),
    st.integers(0, 30),
    rules,
)
def test_no_period_lacks_anything_and_every_need_is_pegged(
    demand: list[tuple[int, int]],
    placed: list[tuple[int, int]],
    on_hand: int,
    safety: int,
    rule: LotRule,
) -> None:
    boms: dict[Item, Bom] = {"A": Bom("A", (Line("M", D(2)),))}
    items: dict[Item, Planned] = {
        "A": Planned(D(on_hand), D(safety), 2, rule),
        "M": Planned(lead_time=1),
    }
    firm = [Firm("A", period, D(quantity)) for period, quantity in placed]
    found = plan(
        Situation(items, Versions(boms.values()), [wanted("A", p, q) for p, q in demand], firm)
    )
    for item in found.items.values():
        assert all(figure >= 0 for figure in item.available.values())
        assert sum(peg.quantity for peg in item.pegs) == sum(item.gross.values())
        assert all(one <= other for one, other in pairwise(item.available))
    made = sum(order.quantity for order in found.items["A"].orders)
    if made:
        assert sum(found.items["M"].gross.values()) == 2 * made
    for order in found.orders:
        assert order.release == order.receipt - items[order.item].lead_time
        assert order.past_due == (order.release < 0)
