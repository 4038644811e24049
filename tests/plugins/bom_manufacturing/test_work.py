"""The figures of work orders, by themselves."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plugins.bom_manufacturing.bills.rules.records import Alternate, Bom, Item, Line, Supply
from plugins.bom_manufacturing.work_orders import rules as work

D = Decimal


def test_an_item_is_taken_once_by_how_it_is_supplied() -> None:
    sub = Bom("S", (Line("A", D(3)),))
    bom = Bom(
        "P",
        (
            Line("A", D(2)),
            Line("S", D(1), phantom=True),
            Line("A", D(1), supply=Supply.BACKFLUSH),
            Line("T", D(1), supply=Supply.PROCESSOR),
            Line("G", D(1), supply=Supply.CONSUMABLE),
        ),
    )
    boms: dict[Item, Bom] = {"P": bom, "S": sub}
    found = [(p.item, int(p.quantity), p.supply) for p in work.needed(boms, bom, 10)]
    assert found == [("A", 50, Supply.ISSUE), ("A", 10, Supply.BACKFLUSH)]


def test_alternates_fill_what_is_short_and_each_piece_is_taken_once() -> None:
    line = Line("A", D(1), alternates=(Alternate("X", 2, D(2)), Alternate("Y", 1)))
    part = work.Component("A", Fraction(5), Supply.ISSUE, line)
    found = work.substituted([part, part], {"A": 1, "X": 4, "Y": 2})
    assert [(p.item, int(p.quantity)) for p in found] == [
        ("A", 1),
        ("Y", 2),
        ("X", 4),
        ("A", 5),
    ]


def test_an_alternate_stands_in_only_where_its_line_says_so() -> None:
    """A goes in by two ways; only one of them takes B instead, and leaves what there is to the other."""
    boms: dict[Item, Bom] = {
        "P": Bom(
            "P", (Line("SUB", D(1), phantom=True), Line("A", D(4), alternates=(Alternate("B"),)))
        ),
        "SUB": Bom("SUB", (Line("A", D(3)),)),
    }
    parts = work.needed(boms, boms["P"], 2)
    assert sorted(one.quantity for one in parts) == [6, 8]
    taken = work.substituted(parts, {"A": D(7), "B": D(100)})
    assert sorted((str(one.item), int(one.quantity)) for one in taken) == [
        ("A", 1),
        ("A", 6),
        ("B", 7),
    ]
    assert work.alternates(boms, boms["P"]) == {"SUB": [], "A": ["B"]}


def test_alternates_of_phantoms_are_told_by_priority() -> None:
    some = (Alternate("C", 2), Alternate("B", 1))
    boms: dict[Item, Bom] = {"SUB": Bom("SUB", (Line("A", D(1), alternates=some),))}
    bom = Bom("P", (Line("SUB", D(1), phantom=True), Line("A", D(1), alternates=some[:1])))
    assert work.alternates(boms, bom) == {"SUB": [], "A": ["B", "C"]}


@given(
    st.integers(1, 10**6),
    st.lists(st.integers(1, 50), min_size=1, max_size=12),
    st.integers(0, 6),
)
def test_parts_come_to_what_all_at_once_would(
    thousandths: int, reports: list[int], digits: int
) -> None:
    whole, ordered = D(thousandths) / 1000, D(sum(reports))
    before, parts = D(0), []
    for quantity in reports:
        parts.append(work.due(whole, ordered, before, quantity, digits))
        before += quantity
    assert sum(parts) == work.due(whole, ordered, 0, ordered, digits)
    assert all(part >= 0 for part in parts)


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 50), min_size=1, max_size=12),
    st.integers(0, 6),
    st.integers(0, 20),
)
def test_reports_take_all_that_is_in_work(
    thousandths: int, reports: list[int], digits: int, more: int
) -> None:
    """Whatever is reported in which parts, and issued meanwhile; no part takes more than there is."""
    there, open_ = round(D(thousandths) / 1000, digits), D(sum(reports))
    issued, used = there, D(0)
    for place, quantity in enumerate(reports):
        if place == len(reports) // 2:
            there, issued = there + more, issued + more
        part = work.taken(there, quantity, open_, digits)
        assert 0 <= part <= there
        there, used, open_ = there - part, used + part, open_ - quantity
    assert not there
    assert used == issued


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_shares_leave_the_first_what_is_its(costs: list[int]) -> None:
    found = work.shares(dict(enumerate(costs)))
    assert set(found) == set(range(1, len(costs)))
    assert all(share >= 0 for share in found.values())
    assert sum(found.values()) <= 100
    whole = sum(costs)
    for key, share in found.items():
        exact = Fraction(100 * costs[key], whole) if whole else Fraction(100, len(costs))
        assert 0 <= exact - Fraction(share) < Fraction(1, 10**6)


@given(
    st.decimals(0, D("99.999999"), places=6),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=9),
)
def test_a_share_over_several_lots_is_the_same_share(share: D, quantities: list[int]) -> None:
    found = work.parted(share, [D(one) for one in quantities])
    assert sum(one or D(0) for one in found) == share
    assert all(one is not None and one >= 0 for one in found)


def test_no_share_stays_none() -> None:
    assert work.parted(None, [D(1), D(2)]) == [None, None]
    assert work.parted(D(10), []) == []
