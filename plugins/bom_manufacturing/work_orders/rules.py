"""The figures of a work order: what it needs, and what a report takes out of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from core.plugin_api import Exact, Rounding, define, exact, rounded
from plugins.bom_manufacturing.bills.rules.bom import Stock, choose, components
from plugins.bom_manufacturing.bills.rules.records import (
    ANY,
    Alternate,
    Bom,
    Boms,
    Item,
    Line,
    Supply,
    Variant,
)

STOPPED = define(
    "BOM_MANUFACTURING_STOPPED",
    en="The work order is stopped: resume it first.",
    zh="工单已暂停,请先恢复。",
)
CLOSED = define(
    "BOM_MANUFACTURING_CLOSED",
    en="The work order is closed: resume it first if it should go on.",
    zh="工单已结案;如需继续,请先反结案。",
)
NOT_RELEASED = define(
    "BOM_MANUFACTURING_NOT_RELEASED",
    en="The work order is not released: release it first.",
    zh="工单尚未下达,请先下达。",
)
BEFORE_ORDER = define(
    "BOM_MANUFACTURING_BEFORE_ORDER",
    en="{date} lies before the day of the work order, {ordered}: name that day or a later one.",
    zh="日期 {date} 早于工单日期 {ordered},请填写该日或之后的日期。",
)
NOT_A_WORK_ORDER = define(
    "BOM_MANUFACTURING_NOT_A_WORK_ORDER",
    en="There is no such work order. Work orders are made with bomManufacturingSaveWorkOrder.",
    zh="没有该生产工单。生产工单请用 bomManufacturingSaveWorkOrder 创建。",
)
PRODUCT_FIRST = define(
    "BOM_MANUFACTURING_PRODUCT_FIRST",
    en="The first line of a work order is its product: what is made comes out, what is taken apart goes in."
    " Write the draft anew with bomManufacturingSaveWorkOrder.",
    zh="生产工单首行必须是产品:生产、返工为产出,拆解为投入。"
    "请用 bomManufacturingSaveWorkOrder 重新保存草稿。",
)
OUTDATED = define(
    "BOM_MANUFACTURING_OUTDATED",
    en="The work order changed at the same moment. Send the report again.",
    zh="工单在同一时刻已被更新,请重新提交报工。",
)
MORE_THAN_CHARGED = define(
    "BOM_MANUFACTURING_MORE_THAN_CHARGED",
    en="{amount} is more than the {charged} that was charged and is in no product yet.",
    zh="{amount} 超过该工单尚未分摊的费用 {charged}。",
)
NOT_SCRAPPED = define(
    "BOM_MANUFACTURING_NOT_SCRAPPED",
    en="{quantity} of scrap cannot be taken back: {scrapped} was reported without goods. What came with goods"
    " goes with the reversal of its receipt.",
    zh="无法冲回报废 {quantity}:单独报废的数量为 {scrapped};随完工入库上报的报废请冲销该入库单。",
)
GOODS_IN_WORK = define(
    "BOM_MANUFACTURING_GOODS_IN_WORK",
    en="Goods are in work for {count} work orders, {number} among them: close these first.",
    zh="仍有 {count} 张生产工单(如 {number})存在在制品,请先结案。",
)
SHORT = define(
    "BOM_MANUFACTURING_SHORT",
    en="{quantity} of {item} are missing: receive them, or write the draft anew with alternates.",
    zh="物料 {item} 缺 {quantity}:请先入库,或启用替代料重新保存草稿。",
)
NO_BOM = define(
    "BOM_MANUFACTURING_NO_BOM",
    en="{item} has no bill of material in force on {date}.",
    zh="物料 {item} 在 {date} 没有有效的物料清单。",
)
NOTHING_TO_ISSUE = define(
    "BOM_MANUFACTURING_NOTHING_TO_ISSUE",
    en="Nothing is left to be issued: name what is taken beyond the order.",
    zh="没有待领物料;超定额领料请指明物料。",
)

_SHARE = Decimal(1).scaleb(-6)


@dataclass(frozen=True, slots=True)
class Component:
    """What a work order takes of one item, how it gets to the work, and the line that asks for it."""

    item: Item
    quantity: Fraction
    supply: Supply
    line: Line


def needed(boms: Boms, bom: Bom, quantity: Exact, variant: Variant = ANY) -> list[Component]:
    """What a quantity takes, each item once by how it is supplied and what may stand in for it. What a
    processor supplies, and what lies ready at the work, is not taken for an order."""
    found: dict[tuple[Item, Supply, tuple[Alternate, ...]], Component] = {}
    for need in components(boms, bom, quantity, variant):
        line = need.line
        if not line.supply.taken:
            continue
        key = (line.item, line.supply, line.alternates)
        known = found.get(key)
        so_far = known.quantity if known else Fraction(0)
        first = known.line if known else line
        found[key] = Component(line.item, so_far + need.quantity, line.supply, first)
    return list(found.values())


def alternates(boms: Boms, bom: Bom) -> dict[Item, list[Item]]:
    """What may stand in for which component of a bill and of its phantoms, by priority."""
    found: dict[Item, list[Alternate]] = {}
    open_ = [bom]
    for made in open_:
        for line in made.lines:
            found.setdefault(line.item, []).extend(line.alternates)
            if line.phantom and line.item in boms:
                open_.append(boms[line.item])
    return {
        item: list(dict.fromkeys(one.item for one in sorted(some, key=lambda one: one.priority)))
        for item, some in found.items()
    }


def substituted(parts: Sequence[Component], free: Stock) -> list[Component]:
    """The same with alternates where a component is short and they are there, by priority; what is missing
    of all of them stays with the component. What has no alternate takes what lies free first."""
    left = {item: exact(quantity) for item, quantity in free.items()}
    found: list[Component] = []
    for part in sorted(parts, key=lambda one: bool(one.line.alternates)):
        taken, rest = choose(part.line, part.quantity, left)
        quantities = dict(taken)
        for item, quantity in taken:
            left[item] -= quantity
        if rest:
            quantities[part.item] = quantities.get(part.item, Fraction(0)) + rest
        found += [Component(i, q, part.supply, part.line) for i, q in quantities.items()]
    return found


def due(whole: Exact, ordered: Exact, before: Exact, more: Exact, decimals: int) -> Decimal:
    """What ``more`` of an order takes of a component, or brings of a by-product, of which the order has
    ``whole``: by running total, so that parts come to what all at once would."""

    def until(quantity: Fraction) -> Decimal:
        return rounded(exact(whole) * quantity / exact(ordered), decimals)

    return until(exact(before) + exact(more)) - until(exact(before))


def taken(there: Decimal, quantity: Exact, open_: Exact, decimals: int) -> Decimal:
    """What a partial report takes of what is in work: its part by what is still expected; the last takes
    all."""
    if exact(quantity) >= exact(open_):
        return there
    part = rounded(exact(there) * exact(quantity) / exact(open_), decimals)
    return min(there, part)


def rounded_need(quantity: Fraction, decimals: int) -> Decimal:
    """A need as it stands in an order: never short."""
    return rounded(quantity, decimals, Rounding.CEILING)


def parted(share: Decimal | None, quantities: Sequence[Decimal]) -> list[Decimal | None]:
    """A share of the cost over what comes in several lots, by quantity; the last takes the rest."""
    if not share:
        return [share] * len(quantities)
    whole = sum(map(exact, quantities), Fraction(0))
    found = [rounded(exact(share) * exact(one) / whole, 6, Rounding.FLOOR) for one in quantities]
    return [*found[:-1], found[-1] + share - sum(found)] if found else []


def shares(worth: Mapping[int, Exact]) -> dict[int, Decimal]:
    """Percents by which outputs share the cost, by what each is worth; equal where none is worth anything.
    The first takes the rest and has none."""
    whole = sum((exact(one) for one in worth.values()), Fraction(0))
    parts = {
        key: exact(one) / whole if whole else Fraction(1, len(worth)) for key, one in worth.items()
    }
    return {
        key: Decimal(100 * part.numerator / Decimal(part.denominator)).quantize(_SHARE, ROUND_DOWN)
        for key, part in list(parts.items())[1:]
    }
