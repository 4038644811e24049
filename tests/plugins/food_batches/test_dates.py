"""Dates of a batch, both ways, and the day after which it is expired."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from plugins.food_batches.rules.dates import (
    BAD_DATE,
    LifeUnit,
    ShelfLife,
    derived,
    expired,
    expiry,
    gs1_date,
    production,
    remaining_days,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
LIVES = st.builds(ShelfLife, st.integers(1, 4000), st.just(LifeUnit.DAYS))
MONTHS = st.builds(ShelfLife, st.integers(1, 240), st.just(LifeUnit.MONTHS))


@pytest.mark.parametrize(
    ("made", "life", "good_through"),
    [
        ("2025-01-01", ShelfLife(30), "2025-01-31"),
        ("2024-02-28", ShelfLife(1), "2024-02-29"),
        ("2025-01-15", ShelfLife(12, LifeUnit.MONTHS), "2026-01-15"),
        ("2025-01-31", ShelfLife(1, LifeUnit.MONTHS), "2025-02-28"),
        ("2024-02-29", ShelfLife(12, LifeUnit.MONTHS), "2025-02-28"),
        ("2025-08-31", ShelfLife(6, LifeUnit.MONTHS), "2026-02-28"),
    ],
)
def test_expiry_of_examples(made: str, life: ShelfLife, good_through: str) -> None:
    assert expiry(date.fromisoformat(made), life) == date.fromisoformat(good_through)


@given(DAYS, LIVES)
def test_days_go_back_as_they_came(made: date, life: ShelfLife) -> None:
    assert production(expiry(made, life), life) == made
    assert (expiry(made, life) - made).days == life.value


@given(DAYS, MONTHS)
def test_months_end_on_the_day_or_the_last_of_a_shorter_month(made: date, life: ShelfLife) -> None:
    end = expiry(made, life)
    assert (end.year - made.year) * 12 + end.month - made.month == life.value
    assert end.day == made.day or (end.day < made.day and (end + timedelta(days=1)).day == 1)
    assert production(end, life) <= made
    assert expiry(production(end, life), life) == end


@given(DAYS, st.one_of(LIVES, MONTHS))
def test_either_date_follows_from_the_other_and_both_stand(made: date, life: ShelfLife) -> None:
    assert derived(made, None, life) == (made, expiry(made, life))
    assert derived(None, made, life) == (production(made, life), made)
    assert derived(made, made, life) == (made, made)
    assert derived(made, None, None) == (made, None)


@given(DAYS)
def test_expired_the_day_after(last: date) -> None:
    assert not expired(last, last)
    assert expired(last, last + timedelta(days=1))
    assert not expired(None, last)
    assert remaining_days(last, last) == 0


def test_the_calendar_has_an_end() -> None:
    assert expiry(date(9999, 12, 1), ShelfLife(36500)) == date.max
    assert production(date(1, 1, 1), ShelfLife(1200, LifeUnit.MONTHS)) == date.min


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("260200", "2026-02-28"),
        ("280200", "2028-02-29"),
        ("261231", "2026-12-31"),
        ("760101", "2076-01-01"),  # fifty years ahead
        ("770101", "1977-01-01"),  # forty-nine back
        ("991225", "1999-12-25"),
    ],
)
def test_dates_of_barcodes(text: str, day: str) -> None:
    assert gs1_date(text, date(2026, 11, 26)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text", ["261300", "260231", "260001", "26010", "2601011", "26010x", "２６0101"]
)
def test_what_is_no_date_of_a_barcode(text: str) -> None:
    with pytest.raises(Refused) as refused:
        gs1_date(text, date(2026, 11, 26))
    assert [one.code for one in refused.value.refusals] == [BAD_DATE]


@given(DAYS, DAYS)
def test_a_date_within_fifty_years_comes_back(day: date, today: date) -> None:
    if -49 <= day.year - today.year <= 50:
        assert gs1_date(f"{day:%y%m%d}", today) == day
