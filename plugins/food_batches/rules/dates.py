"""Dates of a batch: from production to expiry and back, and the one answer to "is it expired?"."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.plugin_api import define, refuse

BAD_DATE = define(
    "FOOD_BATCHES_BAD_DATE",
    en="{text} is not a date of the form YYMMDD.",
    zh="{text} 不是 YYMMDD 格式的日期。",
)


class LifeUnit(StrEnum):
    """What a shelf life (保质期) is counted in."""

    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """How long goods keep from the day they were made; ``value`` is above zero."""

    value: int
    unit: LifeUnit = LifeUnit.DAYS


def expiry(produced_on: date, life: ShelfLife) -> date:
    """The last day on which goods made that day are good.

    Months end on the same day of the month, or on the last day of a shorter one.
    """
    return _moved(produced_on, life.value, life.unit)


def production(expires_on: date, life: ShelfLife) -> date:
    """The day on which goods that expire then were made, counted back the same way."""
    return _moved(expires_on, -life.value, life.unit)


def derived(
    produced_on: date | None, expires_on: date | None, life: ShelfLife | None
) -> tuple[date | None, date | None]:
    """Both dates, the missing one from the other; what is printed on the goods is never overruled."""
    if life is not None and produced_on is not None and expires_on is None:
        return produced_on, expiry(produced_on, life)
    if life is not None and expires_on is not None and produced_on is None:
        return production(expires_on, life), expires_on
    return produced_on, expires_on


def expired(expires_on: date | None, on: date) -> bool:
    """Whether goods may not be used any more: from the day *after* their date. ``on`` is the day it is
    at the place of the goods; what has no expiry never expires."""
    return expires_on is not None and on > expires_on


def remaining_days(expires_on: date, on: date) -> int:
    """Days of life left; zero on the last day, below zero afterwards."""
    return (expires_on - on).days


def before(day: date, days: int) -> date:
    """So many days earlier: alert, best use and removal are counted back from expiry."""
    return _moved(day, -days, LifeUnit.DAYS)


def after_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    return _moved(day, months, LifeUnit.MONTHS)


def gs1_date(text: str, today: date) -> date:
    """A date as barcodes write it, ``YYMMDD``; day 00 is the end of the month.

    The century is the one that brings it to between 49 years before ``today`` and 50 after (GS1 General
    Specifications 7.12). Raises Refused for what is no date.
    """
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        raise refuse(BAD_DATE, text=text)
    ahead = (int(text[:2]) - today.year) % 100
    year = today.year + (ahead if ahead <= 50 else ahead - 100)
    month, day = int(text[2:4]), int(text[4:])
    if not 1 <= month <= 12 or day > (last := calendar.monthrange(year, month)[1]):
        raise refuse(BAD_DATE, text=text)
    return date(year, month, day or last)


def _moved(day: date, amount: int, unit: LifeUnit) -> date:
    """Never beyond the calendar: a date nobody lives to see stays the last one there is."""
    edge = date.max if amount > 0 else date.min
    try:
        if unit is LifeUnit.DAYS:
            return day + timedelta(days=amount)
        months = day.year * 12 + day.month - 1 + amount
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    except (OverflowError, ValueError):
        return edge
