"""Cost cards (成本卡): what a portion costs by its recipe, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.plugin_api import Transaction, amount_decimals, rounded
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills.rules.bom import line_need
from plugins.bom_manufacturing.bills.rules.cost import cost
from plugins.bom_manufacturing.bills.rules.records import Supply
from plugins.bom_manufacturing.recipes.rules.usage import SHOWN_DP

COST_DP = 4
"""Decimals of what one portion costs: less than a cent, as cents are rounded for the whole recipe."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """A line of the recipe, for one portion."""

    item_id: UUID
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """What a portion costs. ``total`` is the cost of all ``portions`` of the recipe."""

    item_id: UUID
    version: str
    portions: Decimal
    total: Decimal
    lines: tuple[CardLine, ...]

    @property
    def cost(self) -> Decimal:
        return rounded(Fraction(self.total) / Fraction(self.portions), COST_DP)


async def card(tx: Transaction, asked: bills.Asked) -> Card | None:
    """The cost card of a dish, of what ingredients cost now; None where it has no recipe on that day.
    Raises Refused where an ingredient has no known cost."""
    bom = asked.boms.get(asked.item)
    if bom is None:
        return None
    costs = await bills.component_costs(tx, asked)
    portions = bom.output_quantity
    dp = await amount_decimals(tx)
    total = cost(asked.boms, costs, asked.item, portions, variant=asked.variant, dp=dp)
    lines = []
    for line in bom.lines:
        if not line.applies(asked.variant.attributes, asked.variant.on):
            continue
        need = line_need(line, bom, portions)
        spent = Decimal(0)
        if line.supply is not Supply.PROCESSOR:
            spent = cost(asked.boms, costs, line.item, need, variant=asked.variant, dp=dp)
        [item] = bills.uuids([line.item])
        lines.append(
            CardLine(
                item,
                rounded(need / Fraction(portions), SHOWN_DP),
                rounded(Fraction(spent) / Fraction(portions), COST_DP),
            )
        )
    return Card(asked.item, bom.version, portions, total, tuple(lines))
