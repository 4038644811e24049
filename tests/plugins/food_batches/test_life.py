"""Near expiry, mark-downs, customers' minimum and the keeping of records."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife
from plugins.food_batches.rules.life import (
    Freshness,
    NearLevel,
    enough_life,
    freshness,
    keep_records_until,
    markdown,
    near_days,
    near_days_of,
)
from plugins.food_batches.rules.records import Batch, Item, MinimumLife

DAY = date(2026, 3, 1)
LOT, ITEM = uuid7(), uuid7()


def batch(left: int | None, made: int | None = None) -> Batch:
    """A batch with so many days left at DAY, made so many days before it."""
    return Batch(
        LOT,
        ITEM,
        None if made is None else DAY - timedelta(days=made),
        None if left is None else DAY + timedelta(days=left),
    )


@pytest.mark.parametrize(
    ("shelf_life", "near"),
    [
        *[(3650, 45), (365, 45), (364, 20), (180, 20), (179, 15), (90, 15), (89, 10), (30, 10)],
        *[(29, 5), (16, 5), (15, 4), (12, 4), (11, 3), (8, 3), (7, 2), (4, 2), (3, 1), (0, 1)],
    ],
)
def test_the_usual_table(shelf_life: int, near: int) -> None:
    assert near_days(shelf_life) == near


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_longer_keeping_goods_are_near_no_later(one: int, other: int) -> None:
    assert near_days(min(one, other)) <= near_days(max(one, other))


def test_no_level_fits() -> None:
    assert near_days(10, (NearLevel(shelf_life_at_least=30, days=5),)) == 0
    assert near_days(10, ()) == 0


def test_the_item_knows_better_and_the_unknown_is_warned_of_early() -> None:
    assert near_days_of(batch(10, 20), None) == 10
    assert near_days_of(batch(10, 20), Item(ITEM, near_days=3)) == 3
    assert near_days_of(batch(10), Item(ITEM, shelf_life=ShelfLife(12, LifeUnit.MONTHS))) == 45
    assert near_days_of(batch(10), None) == 45


@given(st.integers(-50, 50), st.integers(0, 50))
def test_fresh_near_expired(left: int, near: int) -> None:
    found = freshness(DAY + timedelta(days=left), DAY, near)
    assert (found is Freshness.EXPIRED) == (left < 0)
    assert (found is Freshness.NEAR) == (0 <= left <= near)
    assert freshness(None, DAY, near) is Freshness.FRESH


@pytest.mark.parametrize(
    ("left", "percent"), [(21, 0), (20, 10), (11, 10), (10, 30), (6, 30), (5, 50), (0, 50), (-1, 0)]
)
def test_suggested_markdown(left: int, percent: int) -> None:
    assert markdown(DAY + timedelta(days=left), DAY, 20) == Decimal(percent)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60))
def test_less_life_is_never_dearer(one: int, other: int, near: int) -> None:
    less, more = sorted((one, other))
    at_less = markdown(DAY + timedelta(days=less), DAY, near)
    assert at_less >= markdown(DAY + timedelta(days=more), DAY, near)


@pytest.mark.parametrize(
    ("left", "made", "minimum", "enough"),
    [
        (60, 30, MinimumLife(fraction=Fraction(2, 3)), True),
        (59, 31, MinimumLife(fraction=Fraction(2, 3)), False),
        (10, 0, MinimumLife(days=10), True),
        (9, 0, MinimumLife(days=10), False),
        (None, 5, MinimumLife(days=10), True),
        (0, 5, MinimumLife(days=0), True),
        (500, None, MinimumLife(fraction=Fraction(1, 100)), False),  # of a shelf life unknown
        (0, 5, None, True),
    ],
)
def test_a_customers_minimum(
    left: int | None, made: int | None, minimum: MinimumLife | None, enough: bool
) -> None:
    assert enough_life(batch(left, made), DAY, minimum, None) is enough


def test_the_shelf_life_of_the_item_stands_in_for_the_day_of_making() -> None:
    third = MinimumLife(fraction=Fraction(1, 3))
    assert enough_life(batch(10), DAY, third, ShelfLife(30))
    assert not enough_life(batch(10), DAY, third, ShelfLife(31))


@given(st.integers(0, 400), st.integers(1, 400), st.fractions(0, 1))
def test_a_share_is_exact(left: int, made: int, share: Fraction) -> None:
    found = enough_life(batch(left, made), DAY, MinimumLife(fraction=share), None)
    assert found == (left * share.denominator >= (left + made) * share.numerator)


def test_records_are_kept() -> None:
    assert keep_records_until(DAY, date(2026, 8, 31)) == date(2027, 2, 28)
    assert keep_records_until(date(2024, 2, 29), None) == date(2026, 2, 28)
    assert keep_records_until(DAY, date(2026, 8, 31), months=12) == date(2027, 8, 31)
