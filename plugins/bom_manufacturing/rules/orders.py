"""The figures of work orders (生产工单) and of subcontracting (委外加工)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.plugin_api import Exact, Ordered, define, exact, refuse, rounded
from plugins.bom_manufacturing.rules.bom import components
from plugins.bom_manufacturing.rules.records import ANY, ZERO, Bom, Boms, Item, Supply, Variant

MORE_THAN_WIP = define(
    "BOM_MANUFACTURING_MORE_THAN_WIP",
    en="{amount} cannot leave the order: {wip} is in work.",
    zh="无法转出 {amount}:该工单在制品余额为 {wip}。",
)
BAD_AMOUNT = define(
    "BOM_MANUFACTURING_BAD_AMOUNT",
    en="{amount} is not an amount above zero.",
    zh="{amount} 不是大于零的数值。",
)
NEGATIVE_AT_PROCESSOR = define(
    "BOM_MANUFACTURING_NEGATIVE_AT_PROCESSOR",
    en="The processor has {on_hand} of {item}; {quantity} would be used.",
    zh="加工方现有 {item} {on_hand},本次需耗用 {quantity}。",
)


@dataclass(frozen=True, slots=True)
class Work:
    """What stands in work (在制品): issued and charged, less what came back and what was received.

    ``closed`` is the rest that went to variance; then nothing is left in work.
    """

    issued: Decimal = ZERO
    returned: Decimal = ZERO
    charged: Decimal = ZERO
    received: Decimal = ZERO
    closed: Decimal = ZERO

    @property
    def wip(self) -> Decimal:
        """The value in work."""
        return self.issued - self.returned + self.charged - self.received - self.closed

    def issue(self, value: Decimal) -> Work:
        """Components go in."""
        return replace(self, issued=self.issued + _positive(value))

    def charge(self, value: Decimal) -> Work:
        """Labour, overhead, a fee."""
        return replace(self, charged=self.charged + _positive(value))

    def take_back(self, value: Decimal) -> Work:
        """Components come back."""
        return replace(self, returned=self.returned + self._within(value))

    def receive(self, value: Decimal) -> Work:
        """Goods come out, at no more than what is in work."""
        return replace(self, received=self.received + self._within(value))

    def close(self) -> tuple[Work, Decimal]:
        """The rest goes to variance (差异); it may be below zero where goods came out at standard cost."""
        return replace(self, closed=self.closed + self.wip), self.wip

    def _within(self, value: Decimal) -> Decimal:
        if _positive(value) > self.wip:
            raise refuse(MORE_THAN_WIP, "amount", amount=value, wip=self.wip)
        return value


def receipt_value(work: Work, ordered: Ordered, quantity: Decimal, dp: int = 2) -> Decimal:
    """What a partial report takes out of work: its part of what is in work, by what is still expected; the
    last takes all."""
    if quantity >= ordered.open:
        return work.wip
    return rounded(Fraction(work.wip) * Fraction(quantity) / Fraction(ordered.open), dp)


@dataclass(frozen=True, slots=True)
class Use:
    """What one component should have been, and what it was."""

    standard: Fraction
    actual: Fraction

    @property
    def variance(self) -> Fraction:
        """Used beyond the standard; below zero is saved."""
        return self.actual - self.standard


def backflush(
    boms: Boms,
    bom: Bom,
    reported: Exact,
    actual: Mapping[Item, Exact] | None = None,
    variant: Variant = ANY,
) -> dict[Item, Use]:
    """What a reported quantity takes of components that are backflushed (倒冲): the standard need, unless
    it was told what was taken. What was taken without being in the bill has no standard."""
    told = actual or {}
    standard: dict[Item, Fraction] = {}
    for need in components(boms, bom, reported, variant):
        if need.line.supply is Supply.BACKFLUSH:
            standard[need.line.item] = standard.get(need.line.item, Fraction(0)) + need.quantity
    return {
        item: Use(
            standard.get(item, Fraction(0)), exact(told.get(item, standard.get(item, Fraction(0))))
        )
        for item in dict.fromkeys([*standard, *told])
    }


@dataclass(frozen=True, slots=True)
class Processed:
    """A receipt from a processor: how much of a component it uses, of what is allowed for, and lost."""

    used: Fraction
    allowed_loss: Fraction
    charged_loss: Fraction

    @property
    def consumed(self) -> Fraction:
        """What leaves the stock at the processor."""
        return self.used + self.allowed_loss + self.charged_loss


def processed(
    per_unit: Exact, received: Exact, rejected: Exact, lost: Exact = 0, allowance_pct: Exact = 0
) -> Processed:
    """What a receipt uses of one component. Goods that were rejected were made of it as well; a loss is
    ours up to the allowance, beyond it the processor's."""
    for amount in (per_unit, received, rejected, lost, allowance_pct):
        if exact(amount) < 0:
            raise refuse(BAD_AMOUNT, amount=rounded(amount, 6))
    used = exact(per_unit) * (exact(received) + exact(rejected))
    ours = min(exact(lost), used * exact(allowance_pct) / 100)
    return Processed(used, ours, exact(lost) - ours)


def received_value(
    consumed: Decimal, fee: Decimal, charges: Decimal, charged_loss: Decimal = ZERO
) -> Decimal:
    """What goods from a processor are worth: components, fee and charges, without what he owes us."""
    return consumed + fee + charges - charged_loss


def check_at_processor(
    item: Item, on_hand: Exact, quantity: Exact, *, allow_negative: bool
) -> Fraction:
    """How far the stock at a processor goes below zero: he used his own, or we forgot to send. Raises
    Refused where that is not allowed."""
    short = max(Fraction(0), exact(quantity) - exact(on_hand))
    if short and not allow_negative:
        details = {"item": str(item), "on_hand": rounded(on_hand, 6)}
        details |= {"quantity": rounded(quantity, 6)}
        raise refuse(NEGATIVE_AT_PROCESSOR, "quantity", **details)
    return short


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise refuse(BAD_AMOUNT, "amount", amount=value)
    return value
