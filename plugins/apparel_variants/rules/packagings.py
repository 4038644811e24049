"""How a quantity is packed: whole pallets first, then boxes, then pieces. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from core.plugin_api import define, refuse, rounded

P = TypeVar("P", bound=Hashable)

BAD_QUANTITY = define(
    "APPAREL_VARIANTS_BAD_QUANTITY",
    en="What is packed is a quantity of zero or more.",
    zh="装箱数量须不小于零。",
)
NOT_PACKABLE = define(
    "APPAREL_VARIANTS_NOT_PACKABLE",
    en="{left} of {quantity} fit into none of these packagings: allow a smaller one.",
    zh="{quantity} 中有 {left} 装不进所选的任何包装,请加入更小的包装。",
)


def spread(quantity: Decimal, packagings: Mapping[P, Decimal | Fraction]) -> dict[P, Decimal]:
    """How many of each packaging hold a quantity, the biggest filled first; those of which none is
    needed are left out. What holds one is the piece itself, of which there may be a fraction.

    Raises Refused where something is left that fits into none.
    """
    if not quantity.is_finite() or quantity < 0:
        raise refuse(BAD_QUANTITY, "quantity")
    left = Fraction(quantity)
    found: dict[P, Decimal] = {}
    for name, holds in sorted(packagings.items(), key=lambda one: -one[1]):
        number = left if holds == 1 else Fraction(left // Fraction(holds))
        if number:
            found[name] = Decimal(number.numerator) / number.denominator
        left -= number * Fraction(holds)
    if left:
        rest = rounded(left, 6)
        raise refuse(NOT_PACKABLE, "quantity", quantity=quantity, left=rest)
    return found
