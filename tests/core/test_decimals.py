"""Rounding and sharing hold for any figures, not only for those of the worked examples."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decimals import Rounding, exact, rounded, share, to_multiple

D = Decimal
amounts = st.decimals(-10_000_000, 10_000_000, places=2)
values = st.fractions(-1_000_000, 1_000_000, max_denominator=10_000)
weights = st.lists(st.decimals(0, 1_000_000, places=4), min_size=1, max_size=30).filter(any)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Rounding.HALF_UP, ["0.13", "0.12", "-0.13", "0.01", "-0.01"]),
        (Rounding.HALF_EVEN, ["0.12", "0.12", "-0.12", "0.01", "-0.01"]),
        (Rounding.UP, ["0.13", "0.13", "-0.13", "0.01", "-0.01"]),
        (Rounding.DOWN, ["0.12", "0.12", "-0.12", "0.00", "0.00"]),
        (Rounding.FLOOR, ["0.12", "0.12", "-0.13", "0.00", "-0.01"]),
        (Rounding.CEILING, ["0.13", "0.13", "-0.12", "0.01", "0.00"]),
    ],
)
def test_modes(mode: Rounding, expected: list[str]) -> None:
    given_values = ["0.125", "0.124", "-0.125", "0.007", "-0.007"]
    assert [rounded(D(value), 2, mode) for value in given_values] == [D(e) for e in expected]
    assert [rounded(Fraction(value), 2, mode) for value in given_values] == [D(e) for e in expected]


@given(values, st.integers(0, 6), st.sampled_from(Rounding))
def test_rounding_stays_within_one_step(value: Fraction, dp: int, mode: Rounding) -> None:
    result = rounded(value, dp, mode)
    assert -result.as_tuple().exponent == dp  # type: ignore[operator]
    assert abs(exact(result) - value) < Fraction(1, 10**dp)


@given(st.decimals(-1_000_000, 1_000_000, places=6), st.integers(0, 5), st.sampled_from(Rounding))
def test_decimals_and_fractions_round_alike(value: Decimal, dp: int, mode: Rounding) -> None:
    assert rounded(value, dp, mode) == rounded(Fraction(value), dp, mode)


@given(amounts, weights)
def test_shares_lose_nothing_and_keep_the_sign(amount: Decimal, parts: list[Decimal]) -> None:
    shares = share(amount, parts, 2)
    assert sum(shares) == amount
    assert all(part * amount >= 0 for part in shares)
    assert all(not part for part, weight in zip(shares, parts, strict=True) if not weight)


def test_four_cents_over_seven_lines() -> None:
    assert share(D("0.04"), [1] * 7, 2) == [D(c) / 100 for c in (1, 0, 1, 0, 1, 0, 1)]


@pytest.mark.parametrize(
    ("amount", "parts"), [("1.005", [1]), ("1.00", [0, 0]), ("1.00", [2, -1]), ("1.00", [])]
)
def test_what_cannot_be_shared(amount: str, parts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"finer|nothing|negative"):
        share(D(amount), parts, 2)


def test_nothing_is_shared_over_nothing() -> None:
    assert share(D("0.00"), [0, 0], 2) == [D(0), D(0)]


@given(values, st.fractions(Fraction(1, 100), 100, max_denominator=100))
def test_a_multiple_is_one_and_is_never_short(value: Fraction, multiple: Fraction) -> None:
    result = to_multiple(value, multiple)
    assert (result / multiple).denominator == 1
    assert abs(value) <= abs(result) < abs(value) + multiple


@pytest.mark.parametrize("inexact", [1.5, True, "1.5", None])
def test_inexact_numbers_are_refused(inexact: Any) -> None:
    with pytest.raises(TypeError):
        exact(inexact)
    with pytest.raises(TypeError):
        rounded(inexact, 2)


@pytest.mark.parametrize("text", ["NaN", "Infinity"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        rounded(D(text), 2)
    with pytest.raises(ValueError, match="above zero"):
        to_multiple(1, 0)
