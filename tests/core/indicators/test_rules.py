"""How figures are judged and spans are cut."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import Refused
from core.indicators.rules import (
    MOST_POINTS,
    Bounds,
    Health,
    Measured,
    Span,
    Step,
    Unit,
    months_before,
    points,
    span_of,
)

TURNOVER = Bounds(ideal_from=Decimal(4), ideal_to=Decimal(8))
COUNTS = Bounds(ideal_to=Decimal("0.5"), alarm_above=Decimal(2))


@pytest.mark.parametrize(
    ("bounds", "value", "health"),
    [
        (TURNOVER, "3.999", Health.WATCH),
        (TURNOVER, "4", Health.IDEAL),
        (TURNOVER, "8", Health.IDEAL),
        (TURNOVER, "8.001", Health.WATCH),
        (COUNTS, "0.5", Health.IDEAL),
        (COUNTS, "2", Health.WATCH),
        (COUNTS, "2.000001", Health.ALARM),
        (Bounds(ideal_from=Decimal(90), alarm_below=Decimal(90)), "89.9", Health.ALARM),
        (Bounds(), "7", None),
    ],
)
def test_judging(bounds: Bounds, value: str, health: Health | None) -> None:
    assert bounds.judge(Decimal(value)) is health


def test_it_is_judged_before_it_is_rounded() -> None:
    assert TURNOVER.judge(Fraction(8) + Fraction(1, 10**9)) is Health.WATCH


@pytest.mark.parametrize(
    "marks",
    [{"ideal_from": 8, "ideal_to": 4}, {"alarm_below": 5, "ideal_from": 4}, {"ideal_to": "NaN"}],
)
def test_bounds_that_make_no_sense(marks: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Bounds.model_validate(marks)


def test_values() -> None:
    assert Measured(Decimal(1), Decimal(3)).value(Unit.RATIO) == Fraction(1, 3)
    assert Measured(Decimal(1), Decimal(3)).value(Unit.PERCENT) == Fraction(100, 3)
    assert Measured(Decimal(1), 2, Fraction(365, 31)).value(Unit.RATIO) == Fraction(365, 62)
    assert Measured(Decimal(1), 0).value(Unit.RATIO) is None
    with pytest.raises(TypeError):
        Measured(0.1).value(Unit.AMOUNT)  # type: ignore[arg-type]  # what a plugin might answer


DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(9998, 12, 31))


@given(DAYS, st.integers(0, 400), st.sampled_from(Step))
def test_points_cover_a_span_without_gap(since: date, days: int, step: Step) -> None:
    span = Span(since, since + timedelta(days=days))
    found = points(span, step)
    assert (found[0].since, found[-1].until) == (span.since, span.until)
    for one, other in itertools.pairwise(found):
        assert other.since == one.until + timedelta(days=1)
        assert other.since.day == 1 if step is Step.MONTH else other.since.weekday() == 0
    assert sum(one.days for one in found) == span.days


def test_limits_of_spans() -> None:
    assert len(points(Span(date(2021, 1, 1), date(2025, 12, 31)), Step.MONTH)) == MOST_POINTS
    with pytest.raises(Refused, match="60"):
        points(Span(date(2021, 1, 1), date(2026, 1, 1)), Step.MONTH)
    with pytest.raises(Refused, match="span"):
        span_of(date(2026, 1, 2), date(2026, 1, 1))
    assert points(Span(date(9999, 12, 30), date.max), Step.WEEK) == [
        Span(date(9999, 12, 30), date.max)
    ]


def test_months_before() -> None:
    assert months_before(date(2026, 8, 31), 6) == date(2026, 2, 28)
    assert months_before(date(2026, 3, 15), 6) == date(2025, 9, 15)
    assert months_before(date(1, 3, 1), 6) == date.min
