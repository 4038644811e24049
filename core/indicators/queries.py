"""What core's indicators are measured from: sums over the ledger and the documents. Reads only, set-based."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from core.db.database import Transaction, rows
from core.indicators.rules import Span
from core.ledger.views.positions import Moment, positions

_BELOW = "(%s::uuid IS NULL OR %s = ANY(p.path))"
_STANDS = (
    " d.state = 'posted' AND d.reverses_id IS NULL AND NOT EXISTS (SELECT FROM document r"
    "  WHERE r.tenant_id = d.tenant_id AND r.reverses_id = d.id)"
)
"""A document that was posted and not reversed."""


async def stock_values(tx: Transaction, on: date, place_id: UUID | None) -> dict[UUID, Decimal]:
    """What stock is worth at the end of a day, by item: at a place and below it, or all of ours."""
    if place_id is not None:
        return await _values_at(tx, on, place_id)
    found = await rows(
        tx,
        "SELECT item_id, sum(value) FROM (SELECT q.item_id, p.value FROM pool q"
        "  CROSS JOIN LATERAL (SELECT value FROM period_pool p WHERE p.tenant_id = q.tenant_id"
        "   AND p.item_id = q.item_id AND p.pool_id = q.id AND p.period < %s"
        "   ORDER BY p.period DESC LIMIT 1) p WHERE q.tenant_id = %s"
        " UNION ALL SELECT e.item_id, e.value FROM entry e"
        "  JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id"
        "   AND (p.account IS NULL OR p.kind IN ('transit', 'work'))"
        "  WHERE e.tenant_id = %s AND e.pool_id IS NOT NULL AND e.effective_on BETWEEN %s AND %s) v"
        " GROUP BY item_id HAVING sum(value) <> 0",
        *(on.replace(day=1), tx.tenant_id, tx.tenant_id, on.replace(day=1), on),
    )
    return {row[0]: row[1] for row in found}


async def _values_at(tx: Transaction, on: date, place_id: UUID) -> dict[UUID, Decimal]:
    """Where places share a cost pool, the share of these."""
    found = await rows(
        tx,
        "SELECT b.item_id, b.place_id FROM balance b"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id AND %s = ANY(p.path)"
        " WHERE b.tenant_id = %s GROUP BY 1, 2",
        place_id,
        tx.tenant_id,
    )
    inside, values = {row[1] for row in found}, dict[UUID, Decimal]()
    for line in (await positions(tx, {row[0] for row in found}, Moment(on=on))).values():
        if line.place_id in inside:
            values[line.item_id] = values.get(line.item_id, Decimal(0)) + line.value
    return values


async def cost_of_sales(tx: Transaction, span: Span, place_id: UUID | None) -> Decimal:
    """What the goods cost that were sold in a span, less those that came back; from a place and below it."""
    ((found,),) = await rows(
        tx,
        "SELECT coalesce(sum(e.value), 0) FROM entry e JOIN place a ON a.tenant_id = e.tenant_id"
        " AND a.id = e.place_id AND a.account IN ('customer', 'true_up')"
        " WHERE e.tenant_id = %s AND e.effective_on BETWEEN %s AND %s"
        " AND (%s::uuid IS NULL OR EXISTS (SELECT FROM entry o"
        "  JOIN place p ON p.tenant_id = o.tenant_id AND p.id = o.place_id AND %s = ANY(p.path)"
        "  WHERE o.tenant_id = e.tenant_id AND o.event_sequence = e.event_sequence"
        "  AND o.event_flow = e.event_flow AND o.pool_id IS NOT NULL))",
        *(tx.tenant_id, span.since, span.until, place_id, place_id),
    )
    return Decimal(found)


async def counted(tx: Transaction, span: Span, place_id: UUID | None) -> tuple[Decimal, Decimal]:
    """What was counted in a span, and by how much it differed from the book, gains and losses added up."""
    ((apart, total),) = await rows(
        tx,
        "WITH sheet AS (SELECT d.sequence, l.no, l.quantity FROM document d"  # noqa: S608 - ours
        "  JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id AND l.stocked"
        "  JOIN place p ON p.tenant_id = d.tenant_id AND p.id = coalesce(l.place_id, d.place_id)"
        f"   AND {_BELOW} WHERE d.tenant_id = %s AND d.type = 'count'"
        f"  AND d.business_date BETWEEN %s AND %s AND{_STANDS})"
        " SELECT coalesce((SELECT sum(abs(f.quantity)) FROM (SELECT sum(e.quantity) quantity"
        "   FROM sheet s JOIN entry e ON e.tenant_id = %s AND e.event_sequence = s.sequence"
        "    AND e.event_line = s.no JOIN place a ON a.tenant_id = e.tenant_id"
        "    AND a.id = e.place_id AND a.account = 'gain_loss'"
        "   GROUP BY e.event_sequence, e.event_flow) f), 0),"
        " coalesce((SELECT sum(quantity) FROM sheet), 0)",
        *(place_id, place_id, tx.tenant_id, span.since, span.until, tx.tenant_id),
    )
    return Decimal(apart), Decimal(total)


async def fulfilment(tx: Transaction, span: Span, place_id: UUID | None) -> tuple[Decimal, int]:
    """Seconds from the approval of sales orders to the shipments that left for them in a span, added up,
    and how many shipments that were."""
    ((seconds, shipments),) = await rows(
        tx,
        "SELECT coalesce(sum(extract(epoch FROM d.posted_at - o.at)), 0), count(*) FROM document d"  # noqa: S608 - ours
        " JOIN document s ON s.tenant_id = d.tenant_id AND s.id = d.source_id"
        "  AND s.type = 'sales_order'"
        " CROSS JOIN LATERAL (SELECT max(a.at) AS at FROM audit a WHERE a.tenant_id = s.tenant_id"
        "  AND a.object_id = s.id AND a.action = 'document.approve' AND a.at <= d.posted_at) o"
        " JOIN place p ON p.tenant_id = d.tenant_id AND p.id = coalesce(d.place_id, s.place_id)"
        f"  AND {_BELOW} WHERE d.tenant_id = %s AND d.type = 'issue' AND o.at IS NOT NULL"
        f" AND d.business_date BETWEEN %s AND %s AND{_STANDS}",
        *(place_id, place_id, tx.tenant_id, span.since, span.until),
    )
    return Decimal(seconds), int(shipments)


async def purchases_due(
    tx: Transaction, span: Span, place_id: UUID | None, today: date
) -> tuple[int, int]:
    """Lines of purchase orders that were due in a span, and how many of them had come in full by then. What
    may still come today is not counted."""
    ((due, in_time),) = await rows(
        tx,
        "SELECT count(*), count(*) FILTER (WHERE come) FROM (SELECT l.due_on,"  # noqa: S608 - ours
        "  coalesce((SELECT sum(g.quantity) FROM document d JOIN document_line g"
        "   ON g.tenant_id = d.tenant_id AND g.document_id = d.id AND g.source_line = l.no"
        "   WHERE d.tenant_id = o.tenant_id AND d.source_id = o.id AND d.type = 'receipt'"
        f"   AND d.business_date <= l.due_on AND{_STANDS}), 0) >= l.quantity AS come FROM document o"
        "  JOIN document_line l ON l.tenant_id = o.tenant_id AND l.document_id = o.id"
        "  JOIN place p ON p.tenant_id = o.tenant_id AND p.id = coalesce(l.place_id, o.place_id)"
        f"   AND {_BELOW} WHERE o.tenant_id = %s AND o.type = 'purchase_order'"
        "  AND o.state IN ('approved', 'closed') AND l.due_on BETWEEN %s AND %s) w"
        " WHERE come OR due_on < %s",
        *(place_id, place_id, tx.tenant_id, span.since, span.until, today),
    )
    return int(due), int(in_time)


async def sold_since(tx: Transaction, after: date, until: date, place_id: UUID | None) -> set[UUID]:
    """Items of which something was sold, from a place and below it, after a day and until another."""
    found = await rows(
        tx,
        "SELECT e.item_id FROM entry e JOIN place a ON a.tenant_id = e.tenant_id"
        " AND a.id = e.place_id AND a.account = 'customer'"
        " WHERE e.tenant_id = %s AND e.effective_on > %s AND e.effective_on <= %s"
        " AND (%s::uuid IS NULL OR EXISTS (SELECT FROM entry o"
        "  JOIN place p ON p.tenant_id = o.tenant_id AND p.id = o.place_id AND %s = ANY(p.path)"
        "  WHERE o.tenant_id = e.tenant_id AND o.event_sequence = e.event_sequence"
        "  AND o.event_flow = e.event_flow AND o.pool_id IS NOT NULL))"
        " GROUP BY e.item_id HAVING sum(e.quantity) > 0",
        *(tx.tenant_id, after, until, place_id, place_id),
    )
    return {row[0] for row in found}


async def had_by(tx: Transaction, item_ids: set[UUID], day: date) -> set[UUID]:
    """Those of these items that had come to us by a day, wherever they lie now."""
    found = await rows(
        tx,
        "SELECT i.id FROM unnest(%s::uuid[]) i(id) WHERE EXISTS (SELECT FROM entry e"
        " WHERE e.tenant_id = %s AND e.item_id = i.id AND e.effective_on <= %s"
        " AND e.pool_id IS NOT NULL AND e.quantity > 0)",
        *(list(item_ids), tx.tenant_id, day),
    )
    return {row[0] for row in found}
