"""A working calendar (工作日历): lead times count days that are worked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Weekdays that are worked (Monday is 0), days off, and days that are worked in their stead (调休)."""

    weekdays: frozenset[int] = frozenset(range(5))
    off: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether a day is worked."""
        return day in self.extra or (day.weekday() in self.weekdays and day not in self.off)

    def between(self, start: date, end: date) -> WorkingDays:
        """The working days from a day through another."""
        days = ((start + timedelta(n)) for n in range((end - start).days + 1))
        return WorkingDays.of(day for day in days if self.works(day))


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Working days as numbers, so that a lead time is a subtraction."""

    days: tuple[date, ...] = field(default=())

    @classmethod
    def of(cls, days: Iterable[date]) -> WorkingDays:
        """Ascending days."""
        return cls(tuple(days))

    def number(self, day: date) -> int:
        """The number of a day; of one that is not worked, that of the working day before it, by which
        what it needs must be there. -1 before the first."""
        return bisect_right(self.days, day) - 1

    def day(self, number: int) -> date:
        """The day of a number. IndexError outside."""
        if number < 0:
            raise IndexError(number)
        return self.days[number]
