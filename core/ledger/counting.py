"""Stock counts: differences, what needs a manager, how good the count was, when the next is due
(§5).

Differences compare with the book at the moment of counting, never at approval. Gains are never
netted against losses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.decimals import Exact, exact, rounded
from core.errors import define, refuse

COUNT_NEGATIVE = define(
    "COUNT_NEGATIVE",
    en="A count cannot be below zero; {counted} is.",
    zh="盘点数量不能为负,{counted} 无效。",
)
NOTHING_COUNTED = define(
    "NOTHING_COUNTED",
    en="A variance rate needs at least one counted piece.",
    zh="尚无实盘数量,无法计算盘点差异率。",
)
BAD_INTERVAL = define(
    "BAD_INTERVAL",
    en="Counts recur every one or more days, not every {days}.",
    zh="盘点周期至少为 1 天,{days} 无效。",
)


class Band(StrEnum):
    """How a count's variance rate is judged."""

    IDEAL = "ideal"
    WATCH = "watch"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class CountLine:
    """What the book said at the moment of counting, and what was counted."""

    book: Decimal
    counted: Decimal

    @property
    def difference(self) -> Decimal:
        """Counted less book: a gain (盘盈) above zero, a loss (盘亏) below."""
        return self.counted - self.book


def count_line(book: Decimal, counted: Decimal) -> CountLine:
    """A line of a count sheet. Refuses a counted quantity below zero; the book may be below
    zero.
    """
    if counted < 0:
        raise refuse(COUNT_NEGATIVE, "counted", counted=counted)
    return CountLine(book, counted)


def difference_pct(line: CountLine) -> Fraction:
    """The absolute difference in percent of the book, unrounded; goods the book did not know
    count as 100.

    Rule read in OCA's ``stock_inventory_discrepancy``.
    """
    if line.book:
        return abs(exact(line.difference) / exact(line.book)) * 100
    return Fraction(100 if line.difference else 0)


def needs_approval(line: CountLine, threshold_pct: Exact) -> bool:
    """Whether the difference is above the threshold, so that a manager must approve
    (`cnt-threshold`).
    """
    return difference_pct(line) > exact(threshold_pct)


def variance_rate(lines: Iterable[CountLine]) -> Decimal:
    """盘点差异率: sum of absolute differences over total counted, in percent, two decimals HALF_UP.

    Refuses a sheet on which nothing was counted.
    """
    found = list(lines)
    counted = sum((exact(line.counted) for line in found), Fraction(0))
    if counted == 0:
        raise refuse(NOTHING_COUNTED)
    apart = sum((abs(exact(line.difference)) for line in found), Fraction(0))
    return rounded(apart / counted * 100, 2)


def band(rate: Exact, ideal_below: Exact, alarm_above: Exact) -> Band:
    """Below the first mark is ideal, above the second alarm; on a mark and between them is
    watch.
    """
    value = exact(rate)
    if value < exact(ideal_below):
        return Band.IDEAL
    return Band.ALARM if value > exact(alarm_above) else Band.WATCH


def next_count(today: date, every_days: int, last: date | None = None) -> date:
    """The day a place is to be counted next.

    A place that is due today or overdue is due tomorrow, since today's work is already given
    out; a place never counted starts its interval today (rule read in odoo's
    ``stock.location``).
    """
    if every_days < 1:
        raise refuse(BAD_INTERVAL, "everyDays", days=every_days)
    due = (last or today) + timedelta(days=every_days)
    return max(due, today + timedelta(days=1))
