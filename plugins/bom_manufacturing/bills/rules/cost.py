"""What a product costs by its bill (成本卷积): from the lowest level up, each line rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from core.plugin_api import LIMIT_EXCEEDED, Exact, Rounding, define, exact, refuse, rounded
from plugins.bom_manufacturing.bills.rules.bom import line_need
from plugins.bom_manufacturing.bills.rules.records import (
    ANY,
    ZERO,
    Bom,
    Boms,
    Item,
    Operation,
    Output,
    Supply,
    Variant,
)

NO_COST = define(
    "BOM_MANUFACTURING_NO_COST",
    en="{item} has no cost to roll up from: receive some of it, or tell its purchase price.",
    zh="{item} 没有可用于成本卷积的成本:请先入库,或填写采购价。",
)
SHARES = define(
    "BOM_MANUFACTURING_SHARES",
    en="By-products and co-products take {taken} of {total}: nothing is left for the product.",
    zh="副产品与联产品占去 {taken}(共 {total}),主产品已无余额。",
)

MOST_QUANTITIES = 100_000
"""Quantities of made items that one cost may ask for: ways down can double at each level."""


def operation_cost(operation: Operation, quantity: Exact = 1) -> Fraction:
    """What the work of a quantity costs. A cycle that was begun is paid whole, if it is whole cycles that
    are worked: 5.4 kg cost six."""
    cycles = exact(quantity) / Fraction(operation.cycle_quantity)
    if operation.whole_cycles:
        cycles = Fraction(rounded(cycles, 0, Rounding.CEILING))
    run = Fraction(operation.minutes) * cycles * 100 / Fraction(operation.efficiency_pct)
    return (Fraction(operation.setup_minutes) + run) * Fraction(operation.hour_rate) / 60


def cost_shares(total: Decimal, outputs: Sequence[Output], dp: int = 2) -> list[Decimal]:
    """The value of each by- and co-product, then what is left for the main product. Raises Refused where
    that would be below zero."""
    values = [
        rounded(Fraction(one.unit_value) * Fraction(one.quantity), dp)
        if one.unit_value is not None
        else rounded(Fraction(total) * Fraction(one.share_pct) / 100, dp)
        for one in outputs
    ]
    taken = sum(values, ZERO)
    if taken > max(total, ZERO):
        raise refuse(SHARES, "outputs", taken=taken, total=total)
    return [*values, total - taken]


def cost(
    boms: Boms,
    costs: Mapping[Item, Exact],
    item: Item,
    quantity: Exact,
    *,
    variant: Variant = ANY,
    dp: int = 2,
    one_level: bool = False,
) -> Decimal:
    """What a quantity of an item costs by its bill: each line at the quantity needed, rounded; what is
    made costs what it is made of, or with ``one_level`` what is known of it. Raises Refused where a cost is
    missing."""
    known: dict[tuple[Item, Fraction], Decimal] = {}

    def of_bom(bom: Bom, amount: Fraction, top: bool) -> Decimal:
        lines = [
            of_item(line.item, line_need(line, bom, amount), top and one_level and not line.phantom)
            for line in bom.lines
            if line.applies(variant.attributes, variant.on) and line.supply is not Supply.PROCESSOR
        ]
        work = [rounded(operation_cost(one, amount), dp) for one in bom.operations]
        runs = amount / Fraction(bom.output_quantity)
        outputs = [_times(one, runs) for one in bom.outputs]
        return cost_shares(sum((*lines, *work), ZERO), outputs, dp)[-1]

    def of_item(each: Item, amount: Fraction, as_known: bool) -> Decimal:
        if each in boms and not (as_known and each in costs):
            if (each, amount) not in known:
                if len(known) >= MOST_QUANTITIES:
                    raise refuse(LIMIT_EXCEEDED, "item", field="lines", limit=MOST_QUANTITIES)
                known[each, amount] = of_bom(boms[each], amount, False)
            return known[each, amount]
        if each not in costs:
            raise refuse(NO_COST, "item", item=str(each))
        return rounded(amount * exact(costs[each]), dp)

    if item not in boms:
        return of_item(item, exact(quantity), True)
    return of_bom(boms[item], exact(quantity), True)


def roll_up(
    boms: Boms,
    costs: Mapping[Item, Exact],
    codes: Mapping[Item, int],
    *,
    variant: Variant = ANY,
    dp: int = 2,
    unit_dp: int = 6,
) -> dict[Item, Decimal]:
    """The unit cost of every made item, the lowest level first, each of the run its bill describes: what
    is kept as standard cost. ``codes`` are low-level codes, ascending."""
    units: dict[Item, Exact] = dict(costs)
    made: dict[Item, Decimal] = {}
    for item in reversed(list(codes)):
        if item in boms:
            run = boms[item].output_quantity
            total = cost({item: boms[item]}, units, item, run, variant=variant, dp=dp)
            made[item] = units[item] = rounded(Fraction(total) / Fraction(run), unit_dp)
    return made


def _times(output: Output, runs: Fraction) -> Output:
    """An output of several runs; its value follows its quantity."""
    if output.unit_value is None:
        return output
    quantity = rounded(Fraction(output.quantity) * runs, 12)
    return Output(output.item, quantity, output.kind, output.share_pct, output.unit_value)
