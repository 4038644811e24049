"""Figures of work orders and of subcontracting."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.progress import Ordered
from core.errors import Refused
from plugins.bom_manufacturing.rules.orders import (
    Processed,
    Work,
    backflush,
    check_at_processor,
    processed,
    receipt_value,
    received_value,
)
from plugins.bom_manufacturing.rules.records import Bom, Item, Line, Supply

D = Decimal


def test_what_is_in_work_is_issues_and_charges_less_receipts() -> None:
    work = Work().issue(D(100)).charge(D(20)).take_back(D(10)).receive(D(90))
    assert work.wip == 20
    closed, variance = work.close()
    assert (closed.wip, variance) == (D(0), D(20))
    with pytest.raises(Refused, match="20 is in work"):
        work.receive(D("20.01"))
    with pytest.raises(Refused):
        work.issue(D(0))


def test_partial_reports_take_their_part_and_the_last_the_rest() -> None:
    work, ordered = Work().issue(D("100.00")), Ordered(D(3))
    values = []
    for _ in range(3):
        value = receipt_value(work, ordered, D(1))
        work, ordered = work.receive(value), ordered.take(D(1))
        values.append(value)
    assert values == [D("33.33"), D("33.34"), D("33.33")]
    assert work.wip == 0


@given(
    st.integers(1, 10**7), st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 9)
)
def test_value_in_is_value_out(cents: int, reports: list[int], late: int) -> None:
    """Whatever is reported in which parts, and charged meanwhile."""
    work, ordered = Work().issue(D(cents) / 100), Ordered(D(sum(reports)))
    values = D(0)
    for place, quantity in enumerate(reports):
        if place == len(reports) // 2 and late:
            work = work.charge(D(late) / 100)
        value = receipt_value(work, ordered, D(quantity))
        assert value >= 0
        work = work.receive(value) if value else work
        ordered = ordered.take(D(quantity))
        values += value
    assert values == work.issued + work.charged
    assert work.close()[1] == 0


def test_backflush_takes_the_standard_unless_told() -> None:
    bom = Bom(
        "P",
        (
            Line("A", D(2), D(10), supply=Supply.BACKFLUSH),
            Line("B", D(1), supply=Supply.BACKFLUSH),
            Line("C", D(1)),
        ),
    )
    boms: dict[Item, Bom] = {"P": bom}
    found = backflush(boms, bom, 10, {"A": 25, "X": 1})
    figures = {item: (use.standard, use.actual) for item, use in found.items()}
    assert {item: tuple(map(int, use)) for item, use in figures.items()} == {
        "A": (22, 25),
        "B": (10, 10),
        "X": (0, 1),
    }
    assert found["A"].variance == 3


def test_a_processor_used_components_for_what_was_rejected_too() -> None:
    found = processed(2, 90, 10, lost=5, allowance_pct=2)
    assert found == Processed(Fraction(200), Fraction(4), Fraction(1))
    assert found.consumed == 205
    assert processed(2, 90, 10).consumed == 200
    with pytest.raises(Refused):
        processed(2, -1, 0)


def test_goods_from_a_processor_are_worth_what_went_in() -> None:
    assert received_value(D(1000), D(1000), D(100)) == 2100
    assert received_value(D(1000), D(1000), D(100), charged_loss=D(50)) == 2050


def test_below_zero_at_a_processor() -> None:
    assert check_at_processor("RM", 5, 8, allow_negative=True) == 3
    assert check_at_processor("RM", 8, 8, allow_negative=False) == 0
    with pytest.raises(Refused) as refused:
        check_at_processor("RM", 5, 8, allow_negative=False)
    assert refused.value.refusals[0].code == "BOM_MANUFACTURING_NEGATIVE_AT_PROCESSOR"
