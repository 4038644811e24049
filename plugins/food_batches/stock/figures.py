"""What food's indicators are measured from: sums over core's ledger and this module's rows. Reads only."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from core.plugin_api import Span, Transaction, rows

_THROUGH = (
    "(%s::uuid IS NULL OR EXISTS (SELECT FROM entry o"
    " JOIN place p ON p.tenant_id = o.tenant_id AND p.id = o.place_id AND %s = ANY(p.path)"
    " WHERE o.tenant_id = e.tenant_id AND o.event_sequence = e.event_sequence"
    " AND o.event_flow = e.event_flow AND o.pool_id IS NOT NULL))"
)
"""The entry's goods came from or went to a place, or one below it."""


async def controlled_items(tx: Transaction) -> list[UUID]:
    """The items that are kept by batch."""
    found = await rows(
        tx,
        "SELECT item_id FROM food_batches_item WHERE tenant_id = %s AND batch_control",
        tx.tenant_id,
    )
    return [row[0] for row in found]


async def scrapped_and_received(
    tx: Transaction, span: Span, place_id: UUID | None
) -> tuple[Decimal, Decimal]:
    """What the goods cost that were scrapped in a span after their batch had expired, and those that came
    in from suppliers meanwhile, less what went back; of items that are kept by batch."""
    ((scrapped, received),) = await rows(
        tx,
        "SELECT coalesce(sum(e.value) FILTER (WHERE a.account = 'scrap'"  # noqa: S608 - ours
        "  AND b.expires_on < e.event_on), 0),"
        " coalesce(-sum(e.value) FILTER (WHERE a.account = 'supplier'), 0) FROM entry e"
        " JOIN place a ON a.tenant_id = e.tenant_id AND a.id = e.place_id"
        "  AND a.account IN ('scrap', 'supplier')"
        " JOIN food_batches_item f ON f.tenant_id = e.tenant_id AND f.item_id = e.item_id"
        "  AND f.batch_control"
        " LEFT JOIN lot l ON l.tenant_id = e.tenant_id AND l.id = e.lot_id"
        " LEFT JOIN food_batches_batch b ON b.tenant_id = e.tenant_id"
        "  AND b.lot_id = coalesce(l.parent_id, l.id)"
        f" WHERE e.tenant_id = %s AND e.effective_on BETWEEN %s AND %s AND {_THROUGH}",
        *(tx.tenant_id, span.since, span.until, place_id, place_id),
    )
    return Decimal(scrapped), Decimal(received)


async def recovered(tx: Transaction, span: Span, zone: str) -> tuple[Decimal, Decimal]:
    """Of the batches of recalls that were begun in a span, by the days of a time zone: what was frozen or
    came back, and what there was in all, in base units."""
    ((caught, produced),) = await rows(
        tx,
        "SELECT coalesce(sum(b.on_hand + coalesce(r.quantity, 0)), 0), coalesce(sum(b.produced), 0)"
        " FROM food_batches_recall c"
        " JOIN food_batches_recall_batch b ON b.tenant_id = c.tenant_id AND b.recall_id = c.id"
        " LEFT JOIN (SELECT recall_id, lot_id, sum(quantity) quantity FROM food_batches_recall_return"
        "  WHERE tenant_id = %s GROUP BY 1, 2) r ON r.recall_id = b.recall_id AND r.lot_id = b.lot_id"
        " WHERE c.tenant_id = %s AND NOT c.drill"
        " AND (c.opened_at AT TIME ZONE %s)::date BETWEEN %s AND %s",
        *(tx.tenant_id, tx.tenant_id, zone, span.since, span.until),
    )
    return Decimal(caught), Decimal(produced)


async def places_of_ours(tx: Transaction, place_id: UUID | None) -> set[UUID]:
    """The places that hold goods, all or those at one and below it."""
    found = await rows(
        tx,
        "SELECT id FROM place WHERE tenant_id = %s AND holds_stock"
        " AND (%s::uuid IS NULL OR %s = ANY(path))",
        *(tx.tenant_id, place_id, place_id),
    )
    return {row[0] for row in found}
