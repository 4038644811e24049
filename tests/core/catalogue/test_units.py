"""Units convert exactly and are rounded once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue import units
from core.decimals import Rounding
from core.errors import Refused

D = Decimal
ratios = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)
quantities = st.decimals(0, 1_000_000, places=3)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(quantities, ratios, ratios)
def test_there_and_back_is_the_same(quantity: Decimal, one: Fraction, other: Fraction) -> None:
    assert units.in_unit(units.in_unit(quantity, one, other), other, one) == quantity


@given(quantities, st.decimals(0, 1000, places=4), ratios, ratios)
def test_the_price_converts_inversely(
    quantity: Decimal, price: Decimal, one: Fraction, other: Fraction
) -> None:
    amount = units.in_unit(quantity, one, other) * units.convert_price(price, one, other)
    assert amount == Fraction(quantity) * Fraction(price)


def test_a_dozen_is_twelve() -> None:
    twelfth = units.ratio(1, 12)
    assert units.convert(D(1), units.ratio(1), twelfth, 0) == 12


def test_quantities_round_up_unless_told_otherwise() -> None:
    gram, kilogram = units.ratio(D("0.001")), units.ratio(1)
    assert units.convert(D(1234), gram, kilogram, 2) == D("1.24")
    assert units.convert(D(1234), gram, kilogram, 2, Rounding.HALF_UP) == D("1.23")
    assert units.convert(D(1234), gram, kilogram, 2, multiple=D("0.5")) == D("1.50")


def test_whole_units_refuse_fractions() -> None:
    units.require_whole(D("3.000"))
    with pytest.raises(Refused, match=r"2\.5 is not whole"):
        units.require_whole(D("2.5"))


@pytest.mark.parametrize(("above", "below"), [(0, 1), (1, 0), (-1, 2)])
def test_ratios_are_positive(above: int, below: int) -> None:
    with pytest.raises(Refused):
        units.ratio(above, below)


@given(quantities, days, st.integers(0, 60), st.integers(0, 60))
def test_the_parts_of_a_period_carry_the_whole(
    quantity: Decimal, first: date, length: int, cut: int
) -> None:
    last = first + timedelta(days=length)
    middle = first + timedelta(days=min(cut, length))
    carried = units.spread(quantity, first, last, first, middle)
    if middle < last:
        carried += units.spread(quantity, first, last, middle + timedelta(days=1), last)
    assert carried == Fraction(quantity)


def test_days_outside_the_estimate_carry_nothing() -> None:
    first, last = date(2025, 1, 1), date(2025, 1, 10)
    assert units.spread(D(100), first, last, date(2025, 1, 6), date(2025, 3, 1)) == 50
    assert units.spread(D(100), first, last, date(2025, 2, 1), date(2025, 3, 1)) == 0
    assert units.per_day(D(100), units.days_in(first, last), D("1.5")) == 15
    with pytest.raises(Refused):
        units.days_in(last, first)
    with pytest.raises(Refused):
        units.per_day(D(1), 0)
