"""Amounts of a document: line amounts with discount and tax, totals, and the sharing of landed
cost.

Amounts are rounded HALF_UP to the tenant's ``amount_dp`` (`domain.md` §1), once per figure; what
is shared is shared by running total (ledger rule 5.4). Percentages are written as people do: 13
means 13 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.decimals import exact, percent, rounded, share, times
from core.errors import Refusal, define, refuse

BAD_DISCOUNT = define(
    "BAD_DISCOUNT",
    en="A discount is between 0 and 100 percent; {value} is not.",
    zh="折扣应在 0 到 100 之间,{value} 无效。",
)
BAD_TAX_RATE = define(
    "BAD_TAX_RATE",
    en="A tax rate is zero or more; {value} is not.",
    zh="税率不能为负,{value} 无效。",
)
BASIS_ZERO = define(
    "BASIS_ZERO",
    en="The cost cannot be shared by {basis}: the lines have none, or less than none.",
    zh="无法按“{basis}”分摊费用:各行的分摊基数合计为零或含有负数。",
)
MANUAL_SUM = define(
    "MANUAL_SUM",
    en="The shares given sum to {given}, the cost is {amount}.",
    zh="手工分摊合计为 {given},与费用金额 {amount} 不符。",
)
MORE_OUT_THAN_RECEIVED = define(
    "MORE_OUT_THAN_RECEIVED",
    en="{out} cannot have left of {received} received.",
    zh="收到 {received},不可能已发出 {out}。",
)


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line comes to. ``net + tax = total``; ``gross - discount`` is net or, with
    tax-inclusive prices, total.
    """

    gross: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal


def line_amounts(
    quantity: Decimal,
    unit_price: Decimal,
    *,
    discount_pct: Decimal = Decimal(0),
    tax_pct: Decimal = Decimal(0),
    prices_include_tax: bool = False,
    dp: int = 2,
) -> LineAmounts:
    """Amounts of a line, each HALF_UP at ``dp``. Refuse with :func:`check_rates` beforehand.

    The discounted amount is rounded from the exact product, not from the rounded gross, so that
    the discount column absorbs the difference and never the customer.
    """
    exact_gross = times(quantity, unit_price)
    gross = rounded(exact_gross, dp)
    charged = rounded(percent(exact_gross, 100 - discount_pct), dp) if discount_pct else gross
    if prices_include_tax:
        net = rounded(exact(charged) / (1 + exact(tax_pct) / 100), dp)
        return LineAmounts(gross, gross - charged, net, charged - net, charged)
    tax = rounded(percent(charged, tax_pct), dp)
    return LineAmounts(gross, gross - charged, charged, tax, charged + tax)


def check_rates(discount_pct: Decimal, tax_pct: Decimal) -> list[Refusal]:
    """Refusals for a discount outside 0…100 and a negative tax rate."""
    refusals = []
    if not 0 <= discount_pct <= 100:
        refusals.append(Refusal(BAD_DISCOUNT, ("discountPct",), {"value": discount_pct}))
    if tax_pct < 0:
        refusals.append(Refusal(BAD_TAX_RATE, ("taxRate",), {"value": tax_pct}))
    return refusals


def document_totals(lines: Iterable[LineAmounts]) -> LineAmounts:
    """The sum of the lines: a document never rounds again what its lines have rounded."""
    found = list(lines)
    return LineAmounts(
        sum((line.gross for line in found), Decimal(0)),
        sum((line.discount for line in found), Decimal(0)),
        sum((line.net for line in found), Decimal(0)),
        sum((line.tax for line in found), Decimal(0)),
        sum((line.total for line in found), Decimal(0)),
    )


class Basis(StrEnum):
    """What a landed cost is shared by."""

    AMOUNT = "amount"
    QUANTITY = "quantity"
    WEIGHT = "weight"
    VOLUME = "volume"
    EQUAL = "equal"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class BasisLine:
    """A receipt line as landed cost sees it: all figures are of the whole line, not per piece."""

    quantity: Decimal
    amount: Decimal = Decimal(0)
    weight: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    manual: Decimal = Decimal(0)


def allocate_cost(
    amount: Decimal, basis: Basis, lines: Sequence[BasisLine], dp: int = 2
) -> list[Decimal]:
    """The share of a landed cost that each line bears.

    Refuses a basis whose total is zero, because any share would be invented, a receipt without lines
    that could bear it, and manual shares that do not sum to the cost.
    """
    if not lines:
        raise refuse(BASIS_ZERO, "costBasis", basis=basis.value)
    if basis is Basis.MANUAL:
        given = sum((line.manual for line in lines), Decimal(0))
        if given != amount:
            raise refuse(MANUAL_SUM, "lines", given=given, amount=amount)
        return [line.manual for line in lines]
    weights = [_weight(line, basis) for line in lines]
    if sum(weights) <= 0 or min(weights) < 0:
        raise refuse(BASIS_ZERO, "costBasis", basis=basis.value)
    return share(amount, weights, dp)


def share_already_out(amount: Decimal, out: Decimal, received: Decimal, dp: int = 2) -> Decimal:
    """The part of a later cost that belongs to what has left, under the policy "remaining"
    (`domain.md` §1).

    It goes to expense; the rest stays on stock. Ten received, one sold: 100 of freight leaves 90
    on stock.
    """
    if received <= 0 or not 0 <= out <= received:
        raise refuse(MORE_OUT_THAN_RECEIVED, out=out, received=received)
    return share(amount, [out, received - out], dp)[0]


def _weight(line: BasisLine, basis: Basis) -> Decimal:
    match basis:
        case Basis.AMOUNT:
            return line.amount
        case Basis.WEIGHT:
            return line.weight
        case Basis.VOLUME:
            return line.volume
        case Basis.EQUAL:
            return Decimal(1)
    return line.quantity
