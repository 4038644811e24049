"""Sums over the ledger: layers, virtual accounts, the period summary, availability."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from core.db.database import Transaction, rows
from core.decimals import rounded
from core.ids import NIL
from core.ledger.availability import available
from core.ledger.indicators import turnover
from core.ledger.records import ZERO
from core.ledger.views.positions import Moment, positions


@dataclass(frozen=True, slots=True)
class CostLayer:
    """What is left of one receipt in one cost pool; below zero, goods sold before they came."""

    pool_id: UUID
    item_id: UUID
    place_id: UUID | None
    lot_id: UUID | None
    received_on: date
    sequence: int
    document_id: UUID
    quantity: Decimal
    value: Decimal


async def cost_layers(
    tx: Transaction, item_id: UUID, place_id: UUID | None, lot_id: UUID | None
) -> list[CostLayer]:
    """The item's layers, oldest first; of the pool of one place or lot where these tell pools apart."""
    found = await rows(
        tx,
        "SELECT l.pool_id, q.item_id, nullif(q.place_id, %s), nullif(q.lot_id, %s), l.origin_on,"
        " l.origin_sequence, d.id, l.quantity, l.value FROM pool q"
        " JOIN layer l ON l.tenant_id = q.tenant_id AND l.pool_id = q.id"
        " JOIN document d ON d.tenant_id = l.tenant_id AND d.sequence = l.origin_sequence"
        " WHERE q.tenant_id = %s AND q.item_id = %s"
        " AND (%s::uuid IS NULL OR q.place_id IN (%s, %s)) AND (%s::uuid IS NULL OR q.lot_id IN (%s, %s))"
        " ORDER BY l.origin_on, l.origin_sequence, l.origin_flow, l.pool_id LIMIT 1000",
        NIL,
        NIL,
        tx.tenant_id,
        item_id,
        place_id,
        place_id,
        NIL,
        lot_id,
        lot_id,
        NIL,
    )
    return [CostLayer(*row) for row in found]


@dataclass(frozen=True, slots=True)
class AccountValue:
    """What went to a virtual place: quantity and value, signed as seen from that place."""

    place_id: UUID
    item_id: UUID
    quantity: Decimal
    value: Decimal


async def account_values(
    tx: Transaction,
    *,
    item_ids: Collection[UUID] | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 1000,
) -> list[AccountValue]:
    """Value by virtual place and item over a span of business dates: cost of sales (customer),
    true-up, landed cost expensed, gain and loss, and so on."""
    listed = None if item_ids is None else list(item_ids)
    found = await rows(
        tx,
        "SELECT e.place_id, e.item_id, sum(e.quantity), sum(e.value) FROM entry e"
        " WHERE e.tenant_id = %s AND e.pool_id IS NULL AND (%s::uuid[] IS NULL OR e.item_id = ANY(%s))"
        " AND (%s::date IS NULL OR e.effective_on >= %s) AND (%s::date IS NULL OR e.effective_on <= %s)"
        " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %s",
        tx.tenant_id,
        listed,
        listed,
        since,
        since,
        until,
        until,
        limit,
    )
    return [AccountValue(*row) for row in found]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """Opening, in, out and closing of one item over a span (收发存汇总)."""

    item_id: UUID
    opening_quantity: Decimal
    opening_value: Decimal
    in_quantity: Decimal
    in_value: Decimal
    out_quantity: Decimal
    out_value: Decimal
    cost_of_sales: Decimal

    @property
    def turnover(self) -> Decimal | None:
        """Inventory turnover (库存周转率) of the span; None where there was no stock to turn over."""
        if self.opening_value + self.closing_value <= 0:
            return None
        return rounded(turnover(self.cost_of_sales, self.opening_value, self.closing_value), 2)

    @property
    def closing_quantity(self) -> Decimal:
        return self.opening_quantity + self.in_quantity - self.out_quantity

    @property
    def closing_value(self) -> Decimal:
        return self.opening_value + self.in_value - self.out_value


async def summary_items(tx: Transaction, after: UUID | None, limit: int) -> list[UUID]:
    """The items that ever moved, in order of id."""
    found = await rows(
        tx,
        "SELECT item_id FROM item_guard WHERE tenant_id = %s AND moved_through IS NOT NULL"
        " AND item_id > %s ORDER BY item_id LIMIT %s",
        tx.tenant_id,
        after or NIL,
        limit,
    )
    return [row[0] for row in found]


async def period_summary(
    tx: Transaction, item_ids: Sequence[UUID], since: date, until: date
) -> list[SummaryLine]:
    """Opening comes from the period rows; in and out are the events of the span, each counted by what
    it brought or took on balance, so that a move between our own places is neither."""
    opening: dict[UUID, list[Decimal]] = {item: [ZERO, ZERO] for item in item_ids}
    # Before the first day that can be written there is nothing, and no day to ask for.
    before = None if since == date.min else Moment(on=since - timedelta(days=1))
    lines = {} if before is None else await positions(tx, item_ids, before)
    for line in lines.values():
        opening[line.item_id][0] += line.quantity
        opening[line.item_id][1] += line.value
    found = await rows(
        tx,
        "SELECT item_id, coalesce(sum(q) FILTER (WHERE q > 0), 0),"
        " coalesce(sum(v) FILTER (WHERE q > 0 OR (q = 0 AND v > 0)), 0),"
        " coalesce(-sum(q) FILTER (WHERE q < 0), 0),"
        " coalesce(-sum(v) FILTER (WHERE q < 0 OR (q = 0 AND v < 0)), 0)"
        " FROM (SELECT item_id, event_sequence, event_flow, sum(quantity) q, sum(value) v FROM entry"
        " WHERE tenant_id = %s AND item_id = ANY(%s) AND pool_id IS NOT NULL"
        " AND effective_on BETWEEN %s AND %s GROUP BY 1, 2, 3) e GROUP BY 1",
        tx.tenant_id,
        list(item_ids),
        since,
        until,
    )
    sold = await rows(
        tx,
        "SELECT e.item_id, sum(e.value) FROM entry e JOIN place p ON p.tenant_id = e.tenant_id"
        " AND p.id = e.place_id AND p.account IN ('customer', 'true_up') WHERE e.tenant_id = %s"
        " AND e.item_id = ANY(%s) AND e.effective_on BETWEEN %s AND %s GROUP BY 1",
        tx.tenant_id,
        list(item_ids),
        since,
        until,
    )
    moved = {row[0]: row[1:] for row in found}
    cost = {row[0]: row[1] for row in sold}
    none = (ZERO, ZERO, ZERO, ZERO)
    return [
        SummaryLine(item, q, v, m[0], m[1], m[2], m[3], cost.get(item, ZERO))
        for item in item_ids
        for q, v in [opening[item]]
        for m in [moved.get(item, none)]
    ]


@dataclass(frozen=True, slots=True)
class Availability:
    """What can be said about an item under a place (domain §2). Quantities in base units."""

    on_hand: Decimal
    reserved: Decimal
    on_hold: Decimal
    in_transit: Decimal
    on_order: Decimal

    @property
    def available(self) -> Decimal:
        """On hand less held less reserved: what may be sold or promised now; may be below zero."""
        return available(self.on_hand, self.reserved, self.on_hold)

    @property
    def projected(self) -> Decimal:
        """Available once everything on order and in transit has come."""
        return self.available + self.on_order + self.in_transit


async def availability(
    tx: Transaction, keys: Sequence[tuple[UUID, UUID | None]]
) -> dict[tuple[UUID, UUID | None], Availability]:
    """Availability of (item, place) pairs; without a place, over all places of ours."""
    found = await rows(
        tx,
        "SELECT k.item_id, k.place_id, coalesce(s.on_hand, 0), coalesce(r.reserved, 0),"
        " coalesce(s.held, 0), coalesce(s.transit, 0), coalesce(r.ordered, 0)"
        " FROM unnest(%s::uuid[], %s::uuid[]) k(item_id, place_id) LEFT JOIN LATERAL ("
        "  SELECT sum(b.on_hand) FILTER (WHERE p.kind NOT IN ('transit', 'work')) on_hand,"
        "   sum(b.on_hand) FILTER (WHERE p.kind = 'transit') transit,"
        "   sum(b.on_hand) FILTER (WHERE p.kind NOT IN ('transit', 'work') AND b.on_hand > 0 AND EXISTS ("
        "    SELECT FROM hold h LEFT JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
        "    WHERE h.tenant_id = b.tenant_id AND h.item_id = b.item_id AND h.released_at IS NULL"
        "    AND (h.until IS NULL OR h.until > clock_timestamp())"
        "    AND (h.lot_id IS NULL OR h.lot_id IN (b.lot_id, l.parent_id))"
        "    AND (h.place_id IS NULL OR h.place_id = ANY(p.path)))) held"
        "  FROM balance b JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  WHERE b.tenant_id = %s AND b.item_id = k.item_id"
        "  AND (k.place_id IS NULL OR k.place_id = ANY(p.path))) s ON true"
        " LEFT JOIN LATERAL (SELECT sum(m.quantity) FILTER (WHERE NOT m.incoming) reserved,"
        "  sum(m.quantity) FILTER (WHERE m.incoming) ordered FROM promise m"
        "  JOIN place p ON p.tenant_id = m.tenant_id AND p.id = m.place_id"
        "  WHERE m.tenant_id = %s AND m.item_id = k.item_id AND m.quantity > 0"
        "  AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())"
        "  AND (k.place_id IS NULL OR k.place_id = ANY(p.path))) r ON true",
        [key[0] for key in keys],
        [key[1] for key in keys],
        tx.tenant_id,
        tx.tenant_id,
    )
    return {(row[0], row[1]): Availability(*row[2:]) for row in found}


async def lots_by_id(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Item and code of lots."""
    found = await rows(
        tx,
        "SELECT id, item_id, code FROM lot WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: (row[1], row[2]) for row in found}
