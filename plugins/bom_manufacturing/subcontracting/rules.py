"""What a receipt from a processor (委外收货) takes of each component, over all receipts of its order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.plugin_api import Exact, Rounding, define, exact, refuse, rounded
from plugins.bom_manufacturing.bills.rules.bom import components
from plugins.bom_manufacturing.bills.rules.records import ZERO, Bom, Boms, Item, Variant

BAD_AMOUNT = define(
    "BOM_MANUFACTURING_BAD_AMOUNT",
    en="{amount} is not an amount above zero.",
    zh="{amount} 不是大于零的数值。",
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


@dataclass(frozen=True, slots=True)
class Component:
    """A component of an order: ``per_unit`` of the product without losses, ``quantity`` to be sent for all
    of it with losses, and in percent of what is used how much may be lost."""

    item: Item
    per_unit: Fraction
    quantity: Fraction
    allowance_pct: Decimal


@dataclass(frozen=True, slots=True)
class Used:
    """What was taken of a component, in base units as they are posted."""

    used: Decimal = ZERO
    allowed_loss: Decimal = ZERO
    charged_loss: Decimal = ZERO

    @property
    def consumed(self) -> Decimal:
        """What leaves the stock at the processor."""
        return self.used + self.allowed_loss + self.charged_loss


def to_send(boms: Boms, bom: Bom, quantity: Exact, variant: Variant) -> list[Component]:
    """The components that a processor needs of us for a quantity, each item once. What the bill allows
    for scrap is what he may lose."""
    needed = _by_item(boms, bom, quantity, variant)
    exactly = {key: _without_losses(one) for key, one in boms.items()}
    per_unit = _by_item(exactly, _without_losses(bom), 1, variant)
    scrap = {key: _without_losses(one, keep_scrap=True) for key, one in boms.items()}
    with_scrap = _by_item(scrap, _without_losses(bom, keep_scrap=True), 1, variant)
    return [
        Component(item, per_unit[item], need, rounded((with_scrap[item] / each - 1) * 100, 6))
        for item, need in needed.items()
        for each in [per_unit[item]]
    ]


def further(
    per_unit: Exact,
    allowance_pct: Decimal,
    before: tuple[Decimal, Used],
    delivered: Decimal,
    lost: Decimal,
    dp: int,
) -> Used:
    """What a delivery, received and rejected together, takes of a component after what was delivered and
    taken ``before``.

    Reckoned on the whole order, so that thirds of a piece add up: the last of three takes what the first
    two left. What may be lost grows with what is used, and what was not lost yet may be lost later; what
    was charged stays charged.
    """
    made, so_far = before
    whole: Processed = processed(per_unit, made + delivered, 0, lost, allowance_pct)
    used = max(ZERO, rounded(whole.used, dp) - so_far.used)
    may_be = rounded(exact(so_far.used + used) * exact(allowance_pct) / 100, dp, Rounding.FLOOR)
    ours = min(lost, max(ZERO, may_be - so_far.allowed_loss))
    return Used(used, ours, lost - ours)


def _by_item(boms: Boms, bom: Bom, quantity: Exact, variant: Variant) -> dict[Item, Fraction]:
    found: dict[Item, Fraction] = {}
    for need in components(boms, bom, quantity, variant):
        if need.line.supply.taken:
            found[need.line.item] = found.get(need.line.item, Fraction(0)) + need.quantity
    return found


def _without_losses(bom: Bom, *, keep_scrap: bool = False) -> Bom:
    """The bill as if nothing were lost at set-up or by rounding up, and no scrap unless that is kept."""
    return replace(
        bom,
        lines=tuple(
            replace(
                line,
                scrap_pct=line.scrap_pct if keep_scrap else ZERO,
                setup_loss=ZERO,
                multiple=None,
            )
            for line in bom.lines
        ),
    )
