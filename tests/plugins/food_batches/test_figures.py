"""Second quantities, licences, and a recall in figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.types import Effect
from core.ids import uuid7
from plugins.food_batches.rules.intake import valid_licence
from plugins.food_batches.rules.recall import (
    Delivered,
    recovery_rate,
    return_rate,
    shares,
)
from plugins.food_batches.rules.records import Item, Licence, LicenceKind
from plugins.food_batches.rules.weight import (
    SECOND_RANGE,
    SECOND_REQUIRED,
    SECOND_UNKNOWN,
    check_second,
    must_be_weighed,
    portion,
    spread,
)

D = Decimal
SALMON = Item(uuid7(), second_unit_id=uuid7(), second_min=D("3.5"), second_max=D(5))
quantities = st.decimals("0.001", "1000000", places=3)


@pytest.mark.parametrize(
    ("item", "quantity", "second", "code"),
    [
        (SALMON, "10", "42.35", None),
        (SALMON, "10", "35", None),
        (SALMON, "10", "50", None),
        (SALMON, "10", "34.999", SECOND_RANGE),
        (SALMON, "10", "50.001", SECOND_RANGE),
        (SALMON, "10", "-1", SECOND_RANGE),
        (SALMON, "10", None, SECOND_REQUIRED),
        (SALMON, "0", "0", None),
        (SALMON, "0", None, None),
        (SALMON, "0", "1", SECOND_RANGE),
        (Item(uuid7(), second_unit_id=uuid7()), "10", "0", SECOND_RANGE),
        (Item(uuid7(), second_unit_id=uuid7()), "10", "1e9", None),
        (Item(uuid7()), "10", "5", SECOND_UNKNOWN),
        (Item(uuid7()), "10", None, None),
    ],
)
def test_second_quantities(item: Item, quantity: str, second: str | None, code: str | None) -> None:
    told = None if second is None else D(second)
    found = [one.code for one in check_second(item, "S", D(quantity), told, required=True)]
    assert found == ([code] if code else [])


def test_what_is_weighed() -> None:
    assert must_be_weighed(Effect.RECEIVE, sold=False)
    assert must_be_weighed(Effect.ISSUE, sold=True)
    assert not must_be_weighed(Effect.MOVE, sold=False)
    assert not list(check_second(SALMON, "S", D(1), None, required=False))


@given(quantities, st.lists(quantities, min_size=1, max_size=6))
def test_parts_sum_to_what_was_weighed(second: D, parts: list[D]) -> None:
    found = spread(second, parts)
    assert sum(found, D(0)) == second
    assert all(part >= 0 for part in found)
    for part, quantity in zip(found, parts, strict=True):
        fair = Fraction(second) * Fraction(quantity) / sum(map(Fraction, parts))
        assert abs(Fraction(part) - fair) <= Fraction(1, 10**6)


@given(quantities, quantities, quantities)
def test_a_part_never_takes_more_than_there_is(second: D, on_hand: D, quantity: D) -> None:
    part = portion(second, on_hand, quantity)
    assert 0 <= part <= second
    assert quantity < on_hand or part == second


def test_licences() -> None:
    food, trade = LicenceKind.FOOD_PRODUCTION, LicenceKind.FOOD_TRADE
    old = Licence(food, "SC1", date(2026, 1, 31))
    new = Licence(food, "SC2", date(2031, 1, 31))
    other = Licence(LicenceKind.BUSINESS, "91", None)
    last_day = date(2026, 1, 31)
    assert valid_licence([old], (food,), last_day) == old
    assert valid_licence([old], (food,), date(2026, 2, 1)) is None
    assert valid_licence([old, new], (food,), last_day) == new
    assert valid_licence([other], (food, trade), last_day) is None
    assert valid_licence([other], (LicenceKind.BUSINESS,), last_day) == other


def test_a_recall_in_figures() -> None:
    lot, ann, bob = uuid7(), uuid7(), uuid7()
    told = [
        Delivered(ann, lot, D(30)),
        Delivered(bob, lot, D(50)),
        Delivered(ann, lot, D(-13), returned=True),
        Delivered(ann, lot, D(1), returned=True),
        Delivered(None, lot, D(1)),
    ]
    found = shares(told)
    assert [(one.party_id, one.delivered, one.returned, one.outstanding) for one in found] == [
        (bob, D(50), D(0), D(50)),
        (ann, D(30), D(12), D(18)),
        (None, D(1), D(0), D(1)),
    ]
    assert return_rate(found) == Fraction(12, 81)
    assert recovery_rate(D(100), D(19), D(12)) == Fraction(31, 100)
    assert recovery_rate(D(0), D(0), D(0)) is None
    assert return_rate([]) is None


moves = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-9, 9).filter(bool)), max_size=20
)


@given(moves)
def test_nothing_is_lost_among_customers(told: list[tuple[int, int, int]]) -> None:
    deliveries = [Delivered(UUID(int=p), UUID(int=lot), D(q), returned=q < 0) for p, lot, q in told]
    found = shares(deliveries)
    assert sum((one.outstanding for one in found), D(0)) == sum(q for _, _, q in told)
    assert len({(one.party_id, one.lot_id) for one in found}) == len(found)
