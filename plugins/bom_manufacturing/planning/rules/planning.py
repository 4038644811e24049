"""What is told of an item for planning, forecasts less what was ordered, and days as numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from core.plugin_api import REQUIRED, Refusal, define, rounded
from plugins.bom_manufacturing.bills.rules.check import OUT_OF_RANGE, not_negative, positive
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.planning.rules.calendar import WorkingCalendar
from plugins.bom_manufacturing.planning.rules.lots import LOT_RULE, LotRule, eoq

MOST_DAYS = 1000
"""Working days of a lead time, and that one lot may be for."""
MOST_LOT = 10**12
"""What no quantity reaches."""

BOUGHT = define(
    "BOM_MANUFACTURING_BOUGHT",
    en="What a processor makes of components is made, not bought.",
    zh="委外加工的物料属于自制,不能设为采购。",
)


class Policy(StrEnum):
    """How much is ordered at a time (批量规则)."""

    LOT_FOR_LOT = "lot_for_lot"
    FIXED = "fixed"
    MULTIPLE = "multiple"
    MIN_MAX = "min_max"
    EOQ = "eoq"
    PERIODS = "periods"


_NEEDED = {
    Policy.FIXED: ("lot_quantity",),
    Policy.MULTIPLE: ("lot_multiple",),
    Policy.MIN_MAX: ("lot_minimum",),
    Policy.EOQ: ("annual_demand", "order_cost", "holding_cost"),
    Policy.PERIODS: ("lot_periods",),
}


@dataclass(frozen=True, slots=True)
class PlanningData:
    """What is told of an item. ``make`` is None where its bill decides; with ``subcontract`` the supplier
    makes it of our components, for ``processing_fee`` each. ``places`` are safety stocks of their own, which
    then count instead of the item's."""

    item: UUID
    make: bool | None = None
    subcontract: bool = False
    processing_fee: Decimal | None = None
    lead_time: int = 0
    safety_stock: Decimal = ZERO
    reorder_point: Decimal | None = None
    supplier: UUID | None = None
    policy: Policy = Policy.LOT_FOR_LOT
    lot_quantity: Decimal | None = None
    lot_minimum: Decimal | None = None
    lot_maximum: Decimal | None = None
    lot_multiple: Decimal | None = None
    lot_periods: int | None = None
    annual_demand: Decimal | None = None
    order_cost: Decimal | None = None
    holding_cost: Decimal | None = None
    places: tuple[tuple[UUID, Decimal], ...] = ()

    @property
    def lot_rule(self) -> LotRule:
        """The rule in figures. A multiple holds with every policy but the fixed quantity."""
        match self.policy:
            case Policy.FIXED:
                return LotRule(fixed=self.lot_quantity)
            case Policy.MIN_MAX:
                return LotRule(self.lot_minimum or ZERO, self.lot_maximum, self.lot_multiple)
            case Policy.EOQ:
                lot = eoq(self.annual_demand or 0, self.order_cost or 0, self.holding_cost or 0)
                return LotRule(rounded(lot, 6), multiple=self.lot_multiple)
            case Policy.PERIODS:
                return LotRule(multiple=self.lot_multiple, periods=self.lot_periods or 1)
        return LotRule(multiple=self.lot_multiple)

    def refusals(self) -> Iterator[Refusal]:
        """Why it cannot be kept; paths begin at the fields of the input."""
        wrong = [*self._figures()]
        yield from wrong
        if self.subcontract and self.make is False:
            yield Refusal(BOUGHT, ("subcontract",))
        for name in _NEEDED.get(self.policy, ()):
            if getattr(self, name) is None:
                yield Refusal(REQUIRED, (name,), {"field": _field(name)})
                wrong.append(Refusal(REQUIRED))
        if not wrong:
            rule = self.lot_rule
            for one in rule.refusals():
                yield Refusal(one.code, (f"lot_{one.path[0]}",), one.details)
            if rule.minimum >= MOST_LOT:
                details = {"reason": f"{rule.minimum} ≥ {MOST_LOT}"}
                yield Refusal(LOT_RULE, ("annual_demand",), details)

    def _figures(self) -> Iterator[Refusal]:
        yield from not_negative("leadTime", Decimal(self.lead_time), MOST_DAYS)
        yield from not_negative("safetyStock", self.safety_stock)
        if self.reorder_point is not None:
            yield from not_negative("reorderPoint", self.reorder_point)
        for name in ("lot_quantity", "lot_maximum", "lot_multiple", "holding_cost"):
            if (value := getattr(self, name)) is not None:
                yield from positive(_field(name), value)
        for name in ("processing_fee", "lot_minimum", "annual_demand", "order_cost"):
            if (value := getattr(self, name)) is not None:
                yield from not_negative(_field(name), value)
        if self.lot_periods is not None and not 1 <= self.lot_periods <= MOST_DAYS:
            details = {"field": "lotPeriods", "wanted": f"1 … {MOST_DAYS}"}
            yield Refusal(OUT_OF_RANGE, ("lotPeriods",), {**details, "value": self.lot_periods})
        for n, (_, quantity) in enumerate(self.places):
            yield from (one.under("safetyStocks", n) for one in not_negative("quantity", quantity))


def _field(name: str) -> str:
    """What a field is called where it is sent."""
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected to be sold of an item in a period, at a place and below or anywhere. The last
    day is included."""

    id: UUID
    item: UUID
    place: UUID | None
    starts_on: date
    ends_on: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Sold:
    """What was ordered of an item for a day; ``path`` leads down to the place it is ordered from."""

    item: UUID
    path: Sequence[UUID]
    on: date
    quantity: Decimal


def unconsumed(
    forecasts: Iterable[Forecast], sold: Iterable[Sold]
) -> Iterator[tuple[Forecast, Decimal]]:
    """What is left of forecasts after what was ordered for the same period (预测冲销), delivered or not:
    an order takes from the forecast of its own place first, then of those above, then of that for all."""
    rest: dict[UUID, Decimal] = {}
    by_key: dict[tuple[UUID, UUID | None], list[Forecast]] = defaultdict(list)
    known = sorted(forecasts, key=lambda one: one.starts_on)
    for one in known:
        rest[one.id] = one.quantity
        by_key[one.item, one.place].append(one)
    starts = {key: [one.starts_on for one in some] for key, some in by_key.items()}
    for order in sold:
        left = order.quantity
        for place in (*reversed(order.path), None):
            at = bisect_right(starts.get((order.item, place), ()), order.on) - 1
            if at < 0 or left <= 0:
                continue
            found = by_key[order.item, place][at]
            if order.on <= found.ends_on:
                take = min(left, rest[found.id])
                rest[found.id] -= take
                left -= take
    return ((one, rest[one.id]) for one in known if rest[one.id] > 0)


@dataclass(slots=True)
class Timeline:
    """Working days as numbers from the start on: 0 is the first of them, -1 the one before it."""

    calendar: WorkingCalendar
    start: date
    _ahead: list[date] = field(default_factory=list)
    _behind: list[date] = field(default_factory=list)

    def number(self, day: date) -> int:
        """The working day by which what is wanted on a day must be there: 0 for all that is overdue."""
        while not self._ahead or self._ahead[-1] < day:
            last = self._ahead[-1] + timedelta(1) if self._ahead else self.start
            self._ahead.append(self._next(last, 1))
        return max(0, bisect_right(self._ahead, day) - 1)

    def day(self, number: int) -> date:
        """The day of a number."""
        days, step, at = (
            (self._ahead, 1, number) if number >= 0 else (self._behind, -1, -1 - number)
        )
        first = self.start if number >= 0 else self.start - timedelta(1)
        while len(days) <= at:
            days.append(self._next(days[-1] + timedelta(step) if days else first, step))
        return days[at]

    def _next(self, day: date, step: int) -> date:
        while not self.calendar.works(day):
            day += timedelta(step)
        return day
