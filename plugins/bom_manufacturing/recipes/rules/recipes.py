"""Recipes (配方): what the dishes that were sold take of ingredients, and how that is rounded.

Quantities are fractions here; what is not taken yet is carried to the next closing, so that no split of days
takes more or less in all than one rounding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.plugin_api import Exact, exact, rounded
from plugins.bom_manufacturing.bills.rules.bom import components
from plugins.bom_manufacturing.bills.rules.records import ANY, Bom, Boms, Item, Variant

NEED_DP = 12
"""Decimals at which a need is kept: far finer than any unit, so that a day's is as good as exact."""


def ingredients(
    boms: Boms,
    sold: Mapping[Any, Exact],
    stocked: Collection[Item],
    variants: Mapping[Any, Variant] | None = None,
) -> dict[Item, Fraction]:
    """What dishes take of stocked ingredients. A preparation (半成品) that is kept in stock is taken as it
    is; a phantom, or one that is not kept, by what it is made of. What came back gives back."""
    passing = {made: _passing(boms, made, stocked) for made in boms}
    found: dict[Item, Fraction] = {}
    for dish, quantity in sold.items():
        if dish not in passing or not quantity:
            continue
        sign = 1 if quantity > 0 else -1
        variant = (variants or {}).get(dish, ANY)
        for need in components(passing, passing[dish], abs(exact(quantity)), variant):
            if need.line.item in stocked and need.line.supply.taken:
                item = need.line.item
                found[item] = found.get(item, Fraction(0)) + sign * need.quantity
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """What a closing takes of an ingredient: ``needed`` by the recipes, ``taken`` at the decimals of its
    unit (below zero where it comes back), and the ``rest`` that the next one goes on from."""

    needed: Decimal
    taken: Decimal
    rest: Decimal


def more(now: Exact, before: Exact) -> Decimal:
    """What a day needs beyond what its earlier closings kept as needed."""
    return rounded(exact(rounded(exact(now), NEED_DP)) - exact(before), NEED_DP)


def use(needed: Exact, rest: Exact, decimals: int) -> Use:
    """Round a need, with what earlier closings left of it, to the nearest step of the unit: what is left
    is never more than half a step."""
    kept = rounded(needed, NEED_DP)
    whole = exact(kept) + exact(rest)
    taken = rounded(whole, decimals)
    return Use(kept, taken, rounded(whole - exact(taken), NEED_DP))


def _passing(boms: Boms, made: Item, stocked: Collection[Item]) -> Bom:
    """A recipe of which all that is made and not kept in stock is passed through."""
    lines = tuple(
        line
        if line.phantom or line.item in stocked or line.item not in boms
        else replace(line, phantom=True)
        for line in boms[made].lines
    )
    return replace(boms[made], lines=lines)
