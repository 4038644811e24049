"""How a figure is made and judged, and how a span is cut into points of a trend. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Self

from pydantic import BaseModel, Field, model_validator

from core.decimals import Exact, exact
from core.errors import INVALID, LIMIT_EXCEEDED, refuse

DECIMALS = 6
"""Decimals that a figure is shown with; it is judged before it is rounded."""
MOST_POINTS = 60
"""Points of one trend: five years of months."""


class Unit(StrEnum):
    """What an indicator counts in."""

    RATIO = "ratio"
    PERCENT = "percent"
    HOURS = "hours"
    DAYS = "days"
    AMOUNT = "amount"


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"
    BETWEEN = "between"


class Health(StrEnum):
    """How a figure is judged by its bounds."""

    IDEAL = "ideal"
    WATCH = "watch"
    ALARM = "alarm"


class Step(StrEnum):
    """How long a point of a trend is: calendar months, or weeks from Monday."""

    MONTH = "month"
    WEEK = "week"


_Mark = Decimal | None


class Bounds(BaseModel, frozen=True, extra="forbid"):
    """Where a figure is ideal, both ends included, and beyond what it is alarming. What lies between is to
    be watched. An end that is None is open; where all are, nothing is judged."""

    ideal_from: _Mark = Field(default=None, description="It is ideal from here on.")
    ideal_to: _Mark = Field(default=None, description="It is ideal up to here.")
    alarm_below: _Mark = Field(default=None, description="Below this it is alarming.")
    alarm_above: _Mark = Field(default=None, description="Above this it is alarming.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low = [one for one in (self.alarm_below, self.ideal_from) if one is not None]
        high = [one for one in (self.ideal_to, self.alarm_above) if one is not None]
        marks = [*low, *high]
        if marks != sorted(marks):
            raise ValueError("the bounds are not in order")
        return self

    def judge(self, value: Exact) -> Health | None:
        """How healthy a figure is."""
        if self == UNJUDGED:
            return None
        found = exact(value)
        if _less(found, self.alarm_below) or _less(self.alarm_above, found):
            return Health.ALARM
        if _less(found, self.ideal_from) or _less(self.ideal_to, found):
            return Health.WATCH
        return Health.IDEAL


UNJUDGED = Bounds()
"""The bounds of what is only looked at."""


def _less(one: Exact | None, other: Exact | None) -> bool:
    return one is not None and other is not None and exact(one) < exact(other)


@dataclass(frozen=True, slots=True)
class Span:
    """Business dates from ``since`` to ``until``, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: a part and its whole, or a sum and how many it is of; a plain amount has the
    whole 1. ``factor`` is what the quotient is still multiplied by, such as the spans of a year.

    A unit of per cent is made of the quotient by whoever shows it.
    """

    numerator: Exact
    denominator: Exact = 1
    factor: Exact = 1

    def value(self, unit: Unit) -> Fraction | None:
        """The figure, unrounded; None where there is nothing to divide by. TypeError for floats."""
        whole = exact(self.denominator)
        if not whole:
            return None
        scale = 100 if unit is Unit.PERCENT else 1
        return exact(self.numerator) * exact(self.factor) * scale / whole


def points(span: Span, step: Step) -> list[Span]:
    """The months or weeks of a span; the first and the last end where it does. Refuses too many."""
    found: list[Span] = []
    since = span.since
    while since <= span.until:
        if len(found) == MOST_POINTS:
            raise refuse(LIMIT_EXCEEDED, "by", field="by", limit=MOST_POINTS)
        until = min(_end(since, step), span.until)
        found.append(Span(since, until))
        if until == date.max:
            break
        since = until + timedelta(days=1)
    return found


def _end(day: date, step: Step) -> date:
    """The last day of the month or week that a day lies in."""
    if step is Step.WEEK:
        return date.fromordinal(min(day.toordinal() + 6 - day.weekday(), date.max.toordinal()))
    if day.month == 12:
        return date(day.year, 12, 31)
    return date(day.year, day.month + 1, 1) - timedelta(days=1)


def span_of(since: date, until: date) -> Span:
    """The span between two days. Refuses one that ends before it begins."""
    if until < since:
        reason = "A span cannot end before it begins."
        raise refuse(INVALID, "until", reason=reason, reason_zh="结束日期不能早于开始日期。")
    return Span(since, until)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month; the first day there is if none."""
    month = day.year * 12 + day.month - 1 - months
    if month < 12:
        return date.min
    year, zero = divmod(month, 12)
    last = _end(date(year, zero + 1, 1), Step.MONTH).day
    return date(year, zero + 1, min(day.day, last))
