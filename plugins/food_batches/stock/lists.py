"""Lists over batches and core's stock, a page or a range at a time: read only, of one tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows
from plugins.food_batches.rules.records import Status

NEVER = date.max
"""Where batches without an expiry stand in a list: at its end."""


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches to list; all that is given must hold. ``place_id`` takes those of which something
    lies there or below, ``in_stock`` those of which something is left anywhere."""

    item_id: UUID | None = None
    expires_before: date | None = None
    status: Status | None = None
    place_id: UUID | None = None
    in_stock: bool = False


OF_BATCH = (
    "(SELECT b.lot_id AS id UNION ALL SELECT l.id FROM lot l"
    " WHERE l.tenant_id = b.tenant_id AND l.parent_id = b.lot_id)"
)
"""The lots in which goods of a batch ``b`` lie: its own, and those that are parts of it, units say."""

_FILTER = (
    " FROM food_batches_batch b WHERE b.tenant_id = %s AND (%s::uuid IS NULL OR b.item_id = %s)"
    " AND (%s::date IS NULL OR b.expires_on < %s) AND (%s::text IS NULL OR b.status = %s)"
    f" AND (NOT %s OR EXISTS (SELECT FROM {OF_BATCH} o JOIN balance s"
    "   ON s.tenant_id = b.tenant_id AND s.item_id = b.item_id AND s.lot_id = o.id"
    "  JOIN place p ON p.tenant_id = s.tenant_id AND p.id = s.place_id"
    "  WHERE s.on_hand > 0 AND (%s::uuid IS NULL OR %s = ANY(p.path))))"
)


async def list_batches(
    tx: Transaction, wanted: BatchFilter, after: tuple[date, UUID] | None, limit: int
) -> list[tuple[date, UUID]]:
    """Batches by the key of the list, expiry and lot: those that expire first in front."""
    found = await rows(
        tx,
        f"SELECT coalesce(b.expires_on, %s::date), b.lot_id{_FILTER}"
        " AND (%s::date IS NULL OR (coalesce(b.expires_on, %s::date), b.lot_id) > (%s, %s))"
        " ORDER BY 1, 2 LIMIT %s",
        NEVER,
        *_filter(tx, wanted),
        *(after[0] if after else None, NEVER, *(after or (None, None))),
        limit,
    )
    return [(row[0], row[1]) for row in found]


async def count_batches(tx: Transaction, wanted: BatchFilter) -> int:
    """How many batches there are."""
    found = await rows(tx, f"SELECT count(*){_FILTER}", *_filter(tx, wanted))
    return int(found[0][0])


def _filter(tx: Transaction, wanted: BatchFilter) -> tuple[object, ...]:
    return (
        tx.tenant_id,
        *(wanted.item_id,) * 2,
        *(wanted.expires_before,) * 2,
        *(wanted.status.value if wanted.status else None,) * 2,
        wanted.in_stock or wanted.place_id is not None,
        *(wanted.place_id,) * 2,
    )


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies of a batch at a place, in base units."""

    item_id: UUID
    place_id: UUID
    lot_id: UUID
    quantity: Decimal


async def lying_until(
    tx: Transaction,
    through: date,
    place_id: UUID | None = None,
    item_ids: Collection[UUID] | None = None,
) -> list[Lying]:
    """What lies in our places, or at one and below it, of batches that expire no later than a day:
    by expiry, item, place and lot."""
    found = await rows(
        tx,
        "SELECT b.item_id, s.place_id, b.lot_id, sum(s.on_hand) FROM food_batches_batch b"  # noqa: S608 - ours
        f" CROSS JOIN LATERAL {OF_BATCH} o"
        " JOIN balance s ON s.tenant_id = b.tenant_id AND s.item_id = b.item_id AND s.lot_id = o.id"
        " JOIN place p ON p.tenant_id = s.tenant_id AND p.id = s.place_id AND p.holds_stock"
        " WHERE b.tenant_id = %s AND b.expires_on <= %s AND s.on_hand > 0"
        " AND (%s::uuid IS NULL OR %s = ANY(p.path)) AND (%s::uuid[] IS NULL OR b.item_id = ANY(%s))"
        " GROUP BY b.expires_on, b.item_id, s.place_id, b.lot_id"
        " ORDER BY b.expires_on, b.item_id, s.place_id, b.lot_id",
        tx.tenant_id,
        through,
        *(place_id,) * 2,
        *(None if item_ids is None else list(item_ids),) * 2,
    )
    return [Lying(*row) for row in found]


async def longest_warning(tx: Transaction) -> int:
    """The most days before expiry from which an item of its own wants to be warned."""
    found = await rows(
        tx,
        "SELECT coalesce(max(near_days), 0) FROM food_batches_item WHERE tenant_id = %s",
        tx.tenant_id,
    )
    return int(found[0][0])


async def unguarded(
    tx: Transaction, days: Mapping[UUID, date], limit: int
) -> list[tuple[UUID, UUID, str]]:
    """Batches in stock that may not be used and under which no hold of core lies for that cause: item,
    lot and cause, in order of the items. A batch has expired once it has wherever it lies, by the day it is
    there (``days``): the hold is of all of it."""
    found = await rows(
        tx,
        "SELECT b.item_id, b.lot_id, c.cause FROM food_batches_batch b CROSS JOIN LATERAL"  # noqa: S608 - ours
        " (SELECT 'held' AS cause WHERE b.status = 'held'"
        "  UNION ALL SELECT 'expired' WHERE b.expires_on < %s"
        f"  AND NOT EXISTS (SELECT FROM {OF_BATCH} o JOIN balance s"
        "    ON s.tenant_id = b.tenant_id AND s.item_id = b.item_id AND s.lot_id = o.id"
        "   JOIN unnest(%s::uuid[], %s::date[]) AS d (place_id, today) USING (place_id)"
        "   WHERE s.on_hand > 0 AND b.expires_on >= d.today)) c"
        " WHERE b.tenant_id = %s AND NOT EXISTS (SELECT FROM food_batches_hold k"
        "  JOIN hold h ON h.tenant_id = k.tenant_id AND h.id = k.hold_id AND h.released_at IS NULL"
        "  WHERE k.tenant_id = b.tenant_id AND k.lot_id = b.lot_id AND k.cause = c.cause)"
        f" AND EXISTS (SELECT FROM {OF_BATCH} o JOIN balance s"
        "   ON s.tenant_id = b.tenant_id AND s.item_id = b.item_id AND s.lot_id = o.id"
        "  WHERE s.on_hand > 0)"
        " ORDER BY b.item_id, b.lot_id, c.cause LIMIT %s",
        max(days.values()),
        *(list(days), list(days.values())),
        tx.tenant_id,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in found]


async def stock_without_batch(
    tx: Transaction, item_id: UUID, place_id: UUID | None = None
) -> dict[UUID, Decimal]:
    """What lies of an item without a lot, by place."""
    found = await rows(
        tx,
        "SELECT s.place_id, s.on_hand FROM balance s"
        " WHERE s.tenant_id = %s AND s.item_id = %s AND s.on_hand > 0"
        " AND s.lot_id = '00000000-0000-0000-0000-000000000000'"
        " AND (%s::uuid IS NULL OR s.place_id = %s)",
        tx.tenant_id,
        item_id,
        *(place_id,) * 2,
    )
    return {row[0]: row[1] for row in found}


async def second_stock(
    tx: Transaction, keys: Collection[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], Decimal]:
    """The second quantity of what lies there, by item, place and lot."""
    items, places, lots = zip(*keys, strict=True)
    found = await rows(
        tx,
        "SELECT s.item_id, s.place_id, s.lot_id, s.quantity FROM food_batches_second_balance s"
        " JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS k (item_id, place_id, lot_id)"
        " USING (item_id, place_id, lot_id) WHERE s.tenant_id = %s",
        *(list(items), list(places), list(lots)),
        tx.tenant_id,
    )
    return {(row[0], row[1], row[2]): row[3] for row in found}


async def on_hand_of_lots(tx: Transaction, lot_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """What is left of lots in our places, their parts included."""
    found = await rows(
        tx,
        "SELECT coalesce(l.parent_id, l.id), sum(s.on_hand) FROM balance s"
        " JOIN lot l ON l.tenant_id = s.tenant_id AND l.item_id = s.item_id AND l.id = s.lot_id"
        " JOIN place p ON p.tenant_id = s.tenant_id AND p.id = s.place_id AND p.holds_stock"
        " WHERE s.tenant_id = %s AND (l.id = ANY(%s) OR l.parent_id = ANY(%s)) GROUP BY 1",
        *(tx.tenant_id, list(lot_ids), list(lot_ids)),
    )
    return {row[0]: row[1] for row in found}


async def places_of_lot(tx: Transaction, lot_id: UUID) -> set[UUID]:
    """Where something of a lot lies, or of its parts."""
    found = await rows(
        tx,
        "SELECT DISTINCT s.place_id FROM lot l JOIN balance s ON s.tenant_id = l.tenant_id"
        " AND s.item_id = l.item_id AND s.lot_id = l.id AND s.on_hand > 0"
        " WHERE l.tenant_id = %s AND (l.id = %s OR l.parent_id = %s)",
        *(tx.tenant_id, lot_id, lot_id),
    )
    return {row[0] for row in found}
