"""The indicators of the core, with the bounds that are usual in trade."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.db.database import Transaction
from core.decimals import exact
from core.indicators import queries
from core.indicators.records import Indicator
from core.indicators.rules import (
    Better,
    Bounds,
    Measured,
    Span,
    Unit,
    months_before,
)
from core.ledger.views.present import today

_YEAR = 365
DEAD_MONTHS = 6
"""Stock of which nothing was sold for so long is dead (呆滞)."""


async def _turnover(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    cost = await queries.cost_of_sales(tx, span, place)
    before = dict[UUID, Decimal]()
    if span.since > date.min:
        before = await queries.stock_values(tx, span.since - timedelta(days=1), place)
    after = await queries.stock_values(tx, span.until, place)
    average = Fraction(sum(map(exact, (*before.values(), *after.values())))) / 2
    return Measured(cost, max(average, Fraction(0)), Fraction(_YEAR, span.days))


async def _count_difference(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    return Measured(*await queries.counted(tx, span, place))


async def _fulfilment(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    seconds, shipments = await queries.fulfilment(tx, span, place)
    return Measured(exact(seconds) / 3600, shipments)


async def _on_time(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    due, in_time = await queries.purchases_due(tx, span, place, await today(tx))
    return Measured(in_time, due)


async def _dead_stock(tx: Transaction, span: Span, place: UUID | None) -> Measured | None:
    values = await queries.stock_values(tx, span.until, place)
    total = sum(values.values(), Decimal(0))
    if total <= 0:
        return None
    since = months_before(span.until, DEAD_MONTHS)
    sold = await queries.sold_since(tx, since, span.until, place)
    dead = await queries.had_by(tx, values.keys() - sold, since)
    return Measured(sum((values[item] for item in dead), Decimal(0)), total)


OWN = (
    Indicator(
        "stock_turnover",
        "Stock turnover",
        "库存周转率",
        "Cost of sales over the average of opening and closing stock at cost, projected to a year: how often"
        " stock is sold and bought anew. Numerator and denominator are those of the span.",
        "销售成本 ÷ 期初期末平均库存金额,折算为年。分子与分母为所选期间的数值。",
        Unit.RATIO,
        Better.BETWEEN,
        _turnover,
        Bounds(ideal_from=Decimal(4), ideal_to=Decimal(8)),
        ("cost.read",),
    ),
    Indicator(
        "count_difference_rate",
        "Count difference rate",
        "盘点差异率",
        "Differences of counts from the book, gains and losses added up, in per cent of what was counted.",
        "盘点差异绝对值之和 ÷ 实盘总数,盘盈盘亏不相抵。",
        Unit.PERCENT,
        Better.LOWER,
        _count_difference,
        Bounds(ideal_to=Decimal("0.5"), alarm_above=Decimal(2)),
    ),
    Indicator(
        "order_fulfilment_hours",
        "Order fulfilment time",
        "订单履行周期",
        "Hours from the approval of a sales order to each shipment for it, on average.",
        "销售订单审核至发货的平均小时数。",
        Unit.HOURS,
        Better.LOWER,
        _fulfilment,
        Bounds(ideal_to=Decimal(24)),
    ),
    Indicator(
        "purchase_on_time_rate",
        "On-time purchase rate",
        "采购准时率",
        "Lines of purchase orders that had come in full by the day they were due, in per cent of those due.",
        "到期日前全部到货的采购订单行 ÷ 到期的采购订单行。",
        Unit.PERCENT,
        Better.HIGHER,
        _on_time,
        Bounds(ideal_from=Decimal(90), alarm_below=Decimal(90)),
    ),
    Indicator(
        "dead_stock_share",
        "Dead stock share",
        "呆滞库存占比",
        "Value of stock of which nothing was sold for six months and that was there before, in per cent of"
        " all stock at the end of the span. Moving goods between places does not rejuvenate them.",
        "超过六个月无销售且此前已入库的库存金额 ÷ 期末库存总额,内部调拨不影响库龄。",
        Unit.PERCENT,
        Better.LOWER,
        _dead_stock,
        Bounds(ideal_to=Decimal(15), alarm_above=Decimal(15)),
        ("cost.read",),
    ),
)
