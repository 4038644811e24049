"""The figures of subcontracting (委外加工)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.plugin_api import Exact, define, exact, refuse, rounded
from plugins.bom_manufacturing.rules.records import ZERO, Item

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
