"""Warranty (质保): so many months from the day of the sale."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

LONGEST = 1_200
"""Months."""


def until(sold_on: date, months: int) -> date:
    """The last day of the warranty: the same day of the month, or the month's last one."""
    year, month = divmod(sold_on.year * 12 + sold_on.month - 1 + months, 12)
    return date(year, month + 1, min(sold_on.day, monthrange(year, month + 1)[1]))


def covered(sold_on: date | None, last: date | None, on: date) -> bool:
    """Whether the warranty covers a day, the first and the last one included."""
    return sold_on is not None and last is not None and sold_on <= on <= last
