"""The first pass over the file: the straight sums, and what must be in stock to begin with.

What is kept is per code, customer, day and country, never per line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from examples._retail_file import Kind, Line, is_service, kind_of

_COST_SHARE = Decimal("0.6")
"""The file knows no costs. Opening stock is valued at this part of the first price that was asked."""


@dataclass(slots=True)
class Code:
    """A stock code. ``balance`` is that without opening stock; ``needed`` is what opening stock keeps
    it from ever going below zero."""

    description: str = ""
    price: Decimal = Decimal(0)
    balance: int = 0
    needed: int = 0

    def cost(self, decimals: int) -> Decimal:
        """What a unit of the opening stock is worth: invented, see ``_COST_SHARE``."""
        return (self.price * _COST_SHARE).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(slots=True)
class Sums:
    """Straight sums over the lines of a file."""

    lines: int = 0
    without_cancellations: Decimal = Decimal(0)
    cancellations: Decimal = Decimal(0)
    decimals: int = 2
    first_day: date = date.max
    codes: dict[str, Code] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    by_day: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_country: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_customer: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_kind: dict[Kind, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    _back_today: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _today: date = date.min

    @property
    def opening_day(self) -> date:
        """The day before the first."""
        return self.first_day - timedelta(days=1)

    def on_hand(self) -> dict[str, int]:
        """Units that must be there at the end, by code of goods."""
        return {
            code: found.needed + found.balance
            for code, found in self.codes.items()
            if not is_service(code)
        }

    def add(self, line: Line) -> None:
        """Take one more line, in the order of the file. Raises ValueError if its day is past."""
        if line.day < self._today:
            raise ValueError(f"invoice {line.invoice} of {line.day} stands behind {self._today}")
        if line.day > self._today:
            self._back_today.clear()
            self._today = line.day
        self.lines += 1
        self.first_day = min(self.first_day, line.day)
        self.customers.setdefault(line.customer, line.country)
        exponent = line.unit_price.normalize().as_tuple().exponent
        self.decimals = max(self.decimals, -exponent if isinstance(exponent, int) else 0)
        if line.cancels:
            self.cancellations += line.amount
        else:
            self.without_cancellations += line.amount
        self._move(line)

    def _move(self, line: Line) -> None:
        code = self.codes.setdefault(line.code, Code())
        code.description = code.description or line.description
        code.price = code.price or max(line.unit_price, Decimal(0))
        kind = kind_of(line)
        if kind is None:
            return
        out = -line.quantity if kind is Kind.LOSS else line.quantity
        code.balance -= out
        # Within a day documents may be posted in any order: what came back that day does not count.
        self._back_today[line.code] += min(out, 0)
        code.needed = max(code.needed, -(code.balance + self._back_today[line.code]))
        if kind is not Kind.LOSS:
            self.by_kind[kind] += line.amount
            self.by_day[line.day.isoformat()] += line.amount
            self.by_country[line.country] += line.amount
            self.by_customer[line.customer] += line.amount


def sums_of(lines: Iterable[Line]) -> Sums:
    """The sums over all lines."""
    sums = Sums()
    for line in lines:
        sums.add(line)
    return sums
