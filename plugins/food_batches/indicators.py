"""What a food trader watches: what is about to expire, what was thrown away, and whether recalls reach."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    Better,
    Bounds,
    Indicator,
    IndicatorUnit,
    Measured,
    Span,
    Transaction,
    accounting_zone,
    module_settings,
    stock_on,
)
from plugins.food_batches import tables
from plugins.food_batches.rules import life
from plugins.food_batches.rules.life import Freshness
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import figures

NAME = "food_batches"


async def _near_expiry(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    settings: FoodSettings = await module_settings(tx, NAME)
    inside = await figures.places_of_ours(tx, place)
    lines = [
        line
        for line in await stock_on(tx, await figures.controlled_items(tx), span.until)
        if line.place_id in inside
    ]
    items = await tables.items_by_id(tx, {line.item_id for line in lines})
    batches = await tables.batches_by_lot(tx, {line.lot_id for line in lines})
    total, near = Decimal(0), Decimal(0)
    for line in lines:
        total += line.value
        if batch := batches.get(line.lot_id):
            days = life.near_days_of(batch, items.get(line.item_id), settings.near_levels)
            if life.freshness(batch.expires_on, span.until, days) is not Freshness.FRESH:
                near += line.value
    return Measured(near, max(total, Decimal(0)))


async def _scrapped(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    scrapped, received = await figures.scrapped_and_received(tx, span, place)
    return Measured(scrapped, max(received, Decimal(0)))


async def _recovered(tx: Transaction, span: Span, place: UUID | None) -> Measured | None:
    if place is not None:
        return None  # a recall is everywhere
    return Measured(*await figures.recovered(tx, span, await accounting_zone(tx)))


INDICATORS = (
    Indicator(
        f"{NAME}.near_expiry_share",
        "Near-expiry stock share",
        "临期库存占比",
        "Value of stock near its expiry or past it, in per cent of all stock kept by batch, at the end of the"
        " span.",
        "期末临期及过期库存金额 ÷ 批次管理商品的库存总额。",
        IndicatorUnit.PERCENT,
        Better.LOWER,
        _near_expiry,
        Bounds(ideal_to=Decimal(5), alarm_above=Decimal(10)),
        ("food_batches.read", "cost.read"),
    ),
    Indicator(
        f"{NAME}.expired_scrap_rate",
        "Expired scrap rate",
        "过期报废率",
        "Cost of goods scrapped after they had expired, in per cent of the cost of goods received from"
        " suppliers in the span, of items kept by batch.",
        "过期报废金额 ÷ 同期采购入库金额(批次管理商品)。",
        IndicatorUnit.PERCENT,
        Better.LOWER,
        _scrapped,
        Bounds(ideal_to=Decimal(1), alarm_above=Decimal(3)),
        ("food_batches.read", "cost.read"),
    ),
    Indicator(
        f"{NAME}.recall_recovery_rate",
        "Recall recovery rate",
        "召回率",
        "What was frozen of recalled batches and what came back since, in per cent of all there was, of the"
        " recalls begun in the span; drills do not count. It has no figure of a single place.",
        "召回批次中冻结与收回的数量 ÷ 批次总量(按所选期间开始的召回,不含演练;不按地点统计)。",
        IndicatorUnit.PERCENT,
        Better.HIGHER,
        _recovered,
        Bounds(ideal_from=Decimal(95), alarm_below=Decimal(80)),
        ("food_batches.read",),
    ),
)
