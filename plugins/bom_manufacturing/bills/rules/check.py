"""Whether a bill can be kept, as far as it says so itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from core.plugin_api import LIMIT_EXCEEDED, REQUIRED, Refusal, define
from plugins.bom_manufacturing.bills.rules.records import ZERO, Bom, Item, Line, Operation, Output

OUT_OF_RANGE = define(
    "BOM_MANUFACTURING_OUT_OF_RANGE",
    en="{field} must be {wanted}, not {value}.",
    zh="{field} 应为 {wanted},不能为 {value}。",
)
DATES_REVERSED = define(
    "BOM_MANUFACTURING_DATES_REVERSED",
    en="Valid until {until} lies before valid from {start}.",
    zh="失效日期 {until} 早于生效日期 {start}。",
)
ARCHIVED = define(
    "BOM_MANUFACTURING_ARCHIVED",
    en="{item} is archived: restore it first, or name another item.",
    zh="物料 {item} 已归档:请先恢复,或改用其他物料。",
)
OUTPUT_VALUE = define(
    "BOM_MANUFACTURING_OUTPUT_VALUE",
    en="What comes out besides is worth a share of the cost or a fixed value, not both.",
    zh="副产品/联产品只能按比例或按固定价值计价,不能同时填写。",
)
OUTPUT_SHARES = define(
    "BOM_MANUFACTURING_OUTPUT_SHARES",
    en="What comes out besides takes {share} % of the cost; less than 100 must be left to it.",
    zh="副产品与联产品共占成本 {share}%,必须小于 100%。",
)
OUTPUT_OF_ITSELF = define(
    "BOM_MANUFACTURING_OUTPUT_OF_ITSELF",
    en="The product itself is no by-product.",
    zh="产品本身不能作为副产品。",
)
SAME_OUTPUT = define(
    "BOM_MANUFACTURING_SAME_OUTPUT",
    en="An item comes out besides once: put its quantities together.",
    zh="同一副产品/联产品只能填写一行,请合并数量。",
)
PHANTOM = define(
    "BOM_MANUFACTURING_PHANTOM",
    en="A phantom is passed through: what may stand in, and whose it is, is said of its components in its own"
    " bill.",
    zh="虚拟件由其下级代替:替代料与供料方式请在其自身的物料清单中填写。",
)
SAME_ALTERNATE = define(
    "BOM_MANUFACTURING_SAME_ALTERNATE",
    en="An item cannot stand in for itself, nor twice on one line.",
    zh="物料不能作为自身的替代料,同一行也不能重复。",
)
SAME_ATTRIBUTE = define(
    "BOM_MANUFACTURING_SAME_ATTRIBUTE",
    en="{attribute} is named twice.",
    zh="属性 {attribute} 重复。",
)

MOST_LINES = 1000
MOST_PARTS = 50
"""Outputs and operations of a bill, alternates and conditions of a line."""
LONGEST_VERSION = 50
_MOST = Decimal(10) ** 12


def refusals(bom: Bom) -> Iterator[Refusal]:
    """What speaks against a bill; paths begin at its fields."""
    if not bom.version:
        yield Refusal(REQUIRED, ("version",), {"field": "version"})
    if len(bom.version) > LONGEST_VERSION:
        yield _too_many("version", LONGEST_VERSION)
    yield from positive("outputQuantity", bom.output_quantity)
    yield from _dates(bom.valid_from, bom.valid_until)
    if not bom.lines:
        yield Refusal(REQUIRED, ("lines",), {"field": "lines"})
    if len(bom.lines) > MOST_LINES:
        yield _too_many("lines", MOST_LINES)
        return
    for name, parts in (("outputs", bom.outputs), ("operations", bom.operations)):
        if len(parts) > MOST_PARTS:
            yield _too_many(name, MOST_PARTS)
            return
    for n, line in enumerate(bom.lines):
        yield from (one.under("lines", n) for one in _line(line))
    for n, output in enumerate(bom.outputs):
        yield from (one.under("outputs", n) for one in _output(output, bom))
    seen = set[Item]()
    for n, output in enumerate(bom.outputs):
        if output.item in seen:
            yield Refusal(SAME_OUTPUT, ("outputs", n, "itemId"))
        seen.add(output.item)
    share = sum((output.share_pct for output in bom.outputs), ZERO)
    if share >= 100:
        yield Refusal(OUTPUT_SHARES, ("outputs",), {"share": share})
    for n, operation in enumerate(bom.operations):
        yield from (one.under("operations", n) for one in _operation(operation))


def _line(line: Line) -> Iterator[Refusal]:
    yield from positive("quantity", line.quantity)
    yield from not_negative("scrapPercent", line.scrap_pct, 1000)
    yield from not_negative("setupLoss", line.setup_loss)
    if line.multiple is not None:
        yield from positive("multiple", line.multiple)
    yield from _dates(line.valid_from, line.valid_until)
    for name, count in (("alternates", line.alternates), ("conditions", line.conditions)):
        if len(count) > MOST_PARTS:
            yield _too_many(name, MOST_PARTS)
    if line.phantom and line.alternates:
        yield Refusal(PHANTOM, ("alternates",))
    if line.phantom and not line.supply.taken:
        yield Refusal(PHANTOM, ("supply",))
    items = [line.item, *(alternate.item for alternate in line.alternates)]
    if len(set(items)) < len(items):
        yield Refusal(SAME_ALTERNATE, ("alternates",))
    for n, alternate in enumerate(line.alternates):
        yield from (one.under("alternates", n) for one in positive("ratio", alternate.ratio))
        yield from (
            one.under("alternates", n)
            for one in not_negative("priority", Decimal(alternate.priority), 1000)
        )
    for n, (name, values) in enumerate(line.conditions.items()):
        if not name:
            yield Refusal(REQUIRED, ("conditions", n, "attribute"), {"field": "attribute"})
        if not values or "" in values:
            yield Refusal(REQUIRED, ("conditions", n, "values"), {"field": "values"})


def _output(output: Output, bom: Bom) -> Iterator[Refusal]:
    yield from positive("quantity", output.quantity)
    yield from not_negative("sharePercent", output.share_pct, 100)
    if output.unit_value is not None:
        yield from not_negative("unitValue", output.unit_value)
        if output.share_pct:
            yield Refusal(OUTPUT_VALUE, ("unitValue",))
    if output.item == bom.item:
        yield Refusal(OUTPUT_OF_ITSELF, ("itemId",))


def _operation(operation: Operation) -> Iterator[Refusal]:
    yield from not_negative("minutes", operation.minutes)
    yield from not_negative("setupMinutes", operation.setup_minutes)
    yield from not_negative("hourRate", operation.hour_rate)
    yield from positive("efficiencyPercent", operation.efficiency_pct)
    yield from positive("cycleQuantity", operation.cycle_quantity)


def positive(name: str, value: Decimal) -> Iterator[Refusal]:
    """Why a quantity is none."""
    if not 0 < value < _MOST:
        yield Refusal(
            OUT_OF_RANGE, (name,), {"field": name, "wanted": "> 0, < 10¹²", "value": value}
        )


def amount(name: str, value: Decimal, decimals: int) -> Iterator[Refusal]:
    """Why an amount of money is none."""
    if not 0 < value < _MOST or value != round(value, decimals):
        wanted = f"> 0, < 10¹², {decimals} decimals"
        yield Refusal(OUT_OF_RANGE, (name,), {"field": name, "wanted": wanted, "value": value})


def not_negative(name: str, value: Decimal, most: int | Decimal = _MOST) -> Iterator[Refusal]:
    """Why a figure is none that may be zero."""
    if not 0 <= value <= most:
        details = {"field": name, "wanted": f"0 … {most}", "value": value}
        yield Refusal(OUT_OF_RANGE, (name,), details)


def _dates(start: date | None, until: date | None) -> Iterator[Refusal]:
    if start is not None and until is not None and until < start:
        details = {"start": start.isoformat(), "until": until.isoformat()}
        yield Refusal(DATES_REVERSED, ("validUntil",), details)


def _too_many(name: str, limit: int) -> Refusal:
    return Refusal(LIMIT_EXCEEDED, (name,), {"field": name, "limit": limit})
