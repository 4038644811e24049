"""How much is ordered at a time (批量规则), and when to order without a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from math import lcm

from core.plugin_api import Exact, Refusal, Rounding, define, exact, refuse, rounded, to_multiple

LOT_RULE = define(
    "BOM_MANUFACTURING_LOT_RULE",
    en="Such lots cannot be ordered: {reason}.",
    zh="批量规则无效:{reason}。",
)
TOO_MANY_LOTS = define(
    "BOM_MANUFACTURING_TOO_MANY_LOTS",
    en="{quantity} in lots of {maximum} would be more than {limit} orders at once.",
    zh="{quantity} 按每批 {maximum} 拆分将超过 {limit} 张订单。",
)
MOST_LOTS = 1000
"""Orders that one need is split into at most."""


@dataclass(frozen=True, slots=True)
class LotRule:
    """Lot for lot where nothing is set. ``fixed`` orders this quantity, as often as needed; ``periods``
    orders what so many periods need together; an economic order quantity is a ``minimum``."""

    minimum: Decimal = Decimal(0)
    maximum: Decimal | None = None
    multiple: Decimal | None = None
    fixed: Decimal | None = None
    periods: int = 1

    def refusals(self) -> Iterator[Refusal]:
        """Why no lot can keep the rule."""
        for name in ("maximum", "multiple", "fixed"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                yield Refusal(LOT_RULE, (name,), {"reason": f"{name} {value} ≤ 0"})
                return
        if self.minimum < 0:
            yield Refusal(LOT_RULE, ("minimum",), {"reason": f"minimum {self.minimum} < 0"})
        if self.periods < 1:
            yield Refusal(LOT_RULE, ("periods",), {"reason": f"periods {self.periods} < 1"})
        least = self._raised(Fraction(self.minimum or self.multiple or 0))
        if self.maximum is not None and self.maximum < least:
            reason = f"maximum {self.maximum} < {least}"
            yield Refusal(LOT_RULE, ("maximum",), {"reason": reason})

    def in_steps(self, decimals: int) -> LotRule:
        """The rule for an item that is counted at so many decimals: of whole pieces no half is ordered.
        What the rule asks for is raised, so that lots keep both."""
        step = Fraction(1, 10**decimals)
        multiple = step if self.multiple is None else _common(Fraction(self.multiple), step)
        whole = rounded(multiple, decimals)
        fixed = None if self.fixed is None else to_multiple(self.fixed, step)
        least = to_multiple(self.minimum, multiple) or multiple
        return replace(
            self,
            maximum=None if self.maximum is None else max(self.maximum, rounded(least, decimals)),
            multiple=whole,
            fixed=None if fixed is None else rounded(fixed, decimals),
        )

    def lots(self, need: Exact) -> list[Fraction]:
        """The lots that cover a need: none above the maximum, none below the minimum, all multiples.
        Raises Refused where they would be too many."""
        rest = exact(need)
        if not self.minimum and self.fixed is None and self.maximum is None:
            return [self._raised(rest)] if rest > 0 else []
        largest = self.fixed or self.maximum
        if largest is not None and rest > largest * MOST_LOTS:
            raise refuse(TOO_MANY_LOTS, quantity=rounded(rest, 6), maximum=largest, limit=MOST_LOTS)
        found = []
        while rest > 0:
            lot = self._lot(rest)
            found.append(lot)
            rest -= lot
        return found

    def _lot(self, rest: Fraction) -> Fraction:
        if self.fixed is not None:
            return Fraction(self.fixed)
        lot = self._raised(max(rest, Fraction(self.minimum)))
        if self.maximum is None or lot <= self.maximum:
            return lot
        top = Fraction(self.maximum)
        return top if self.multiple is None else to_multiple(top, self.multiple, Rounding.DOWN)

    def _raised(self, quantity: Fraction) -> Fraction:
        if self.multiple is None or quantity.denominator == self.multiple == 1:
            return quantity
        return to_multiple(quantity, self.multiple)


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least that is a multiple of both."""
    parts = lcm(one.denominator, other.denominator)
    return Fraction(lcm(int(one * parts), int(other * parts)), parts)


def eoq(annual_demand: Exact, order_cost: Exact, holding_cost: Exact) -> Decimal:
    """The economic order quantity (经济订货批量): the root of 2·D·S / H, at 28 digits."""
    if exact(holding_cost) <= 0 or exact(annual_demand) < 0 or exact(order_cost) < 0:
        raise refuse(LOT_RULE, "holdingCost", reason=f"holding cost {holding_cost} ≤ 0")
    square = 2 * exact(annual_demand) * exact(order_cost) / exact(holding_cost)
    with localcontext() as context:
        context.prec = 28
        return (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()


def stock_cost(
    annual_demand: Exact, order_cost: Exact, holding_cost: Exact, order_quantity: Exact
) -> tuple[Fraction, Fraction]:
    """What a year costs at an order quantity: ordering, and holding half of it on average."""
    lot = exact(order_quantity)
    if lot <= 0:
        raise refuse(LOT_RULE, "orderQuantity", reason=f"order quantity {order_quantity} ≤ 0")
    return exact(annual_demand) / lot * exact(order_cost), lot / 2 * exact(holding_cost)


def reorder_point(daily_demand: Exact, lead_days: Exact, safety_stock: Exact = 0) -> Fraction:
    """The stock at which to order (再订货点): what the lead time needs, and the safety stock."""
    return exact(daily_demand) * exact(lead_days) + exact(safety_stock)


def safety_stock(z: Exact, deviation: Exact) -> Fraction:
    """``z`` for the service level times the deviation of demand over the lead time (安全库存)."""
    return exact(z) * exact(deviation)


def replenish(
    minimum: Exact, maximum: Exact, forecast: Exact, multiple: Exact | None = None
) -> Fraction:
    """What to order where the forecast is below the minimum: up to the maximum, in whole multiples.
    Raises Refused where the minimum is above the maximum."""
    if exact(minimum) > exact(maximum):
        raise refuse(LOT_RULE, "maximum", reason=f"maximum {maximum} < {minimum}")
    if exact(forecast) >= exact(minimum):
        return Fraction(0)
    need = exact(maximum) - exact(forecast)
    return to_multiple(need, multiple) if multiple else need
