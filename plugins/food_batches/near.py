"""Goods near their expiry (临期) or past it: what lies where, what it is worth, and what to take off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, stock_now
from plugins.food_batches import tables
from plugins.food_batches.rules import dates, life
from plugins.food_batches.rules.life import Freshness
from plugins.food_batches.rules.records import Batch, Status
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import lists
from plugins.food_batches.stock import tables as stock

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class NearLine:
    """Goods of a batch at a place. They count as near from ``near_days`` before expiry on; ``markdown``
    is in percent, None where they may not be sold."""

    batch: Batch
    place_id: UUID
    quantity: Decimal
    value: Decimal
    days_left: int
    near_days: int
    freshness: Freshness
    markdown: Decimal | None


@dataclass(frozen=True, slots=True)
class NearTotals:
    """Over all lines of a list: how many batches, and what they are worth, near and expired."""

    near_batches: int = 0
    near_value: Decimal = ZERO
    expired_batches: int = 0
    expired_value: Decimal = ZERO


async def near_expiry(
    tx: Transaction,
    settings: FoodSettings,
    days: Mapping[UUID, date],
    *,
    place_id: UUID | None = None,
    item_ids: Collection[UUID] | None = None,
) -> list[NearLine]:
    """What lies in our places, or at one and below it, and is near its expiry or past it on the day it is
    there (``days``); those that expire first in front."""
    longest = max((level.days for level in settings.near_levels), default=0)
    through = dates.before(max(days.values()), -max(longest, await lists.longest_warning(tx)))
    lying = await lists.lying_until(tx, through, place_id, item_ids)
    items = {one.item_id for one in lying}
    known = await tables.items_by_id(tx, items)
    batches = await tables.batches_by_lot(tx, {one.lot_id for one in lying})
    near = {
        lot: life.near_days_of(batch, known.get(batch.item_id), settings.near_levels)
        for lot, batch in batches.items()
    }
    fresh = Freshness.FRESH
    listed = [
        one
        for one in lying
        if life.freshness(batches[one.lot_id].expires_on, days[one.place_id], near[one.lot_id])
        is not fresh
    ]
    worth = await _worth(tx, {one.item_id for one in listed})
    return [
        _line(
            one,
            batches[one.lot_id],
            worth[one.place_id, one.lot_id],
            near[one.lot_id],
            settings,
            days[one.place_id],
        )
        for one in listed
    ]


async def _worth(tx: Transaction, item_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Decimal]:
    """What the goods of each batch at each place are worth, by place and batch."""
    found: dict[tuple[UUID, UUID], Decimal] = defaultdict(Decimal)
    lines = await stock_now(tx, item_ids)
    whole = await stock.wholes(tx, {line.lot_id for line in lines})
    for line in lines:
        found[line.place_id, whole.get(line.lot_id, line.lot_id)] += line.value
    return found


def _line(
    lying: lists.Lying, batch: Batch, value: Decimal, near: int, settings: FoodSettings, on: date
) -> NearLine:
    assert batch.expires_on is not None
    freshness = life.freshness(batch.expires_on, on, near)
    sold = batch.status is Status.RELEASED and freshness is Freshness.NEAR
    return NearLine(
        batch,
        lying.place_id,
        lying.quantity,
        value,
        dates.remaining_days(batch.expires_on, on),
        near,
        freshness,
        life.markdown(batch.expires_on, on, near, settings.markdowns) if sold else None,
    )


def totals(lines: Collection[NearLine]) -> NearTotals:
    """The sums of a list; a batch that lies at several places is one."""

    def of(wanted: Freshness) -> tuple[int, Decimal]:
        some = [line for line in lines if line.freshness is wanted]
        return len({line.batch.lot_id for line in some}), sum((line.value for line in some), ZERO)

    return NearTotals(*of(Freshness.NEAR), *of(Freshness.EXPIRED))
