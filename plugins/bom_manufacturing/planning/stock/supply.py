"""What a plan starts from: goods that are there, and what open orders will bring and take."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import DOCUMENT_TYPES, Effect, Transaction, rows
from plugins.bom_manufacturing.planning.rules.planning import Forecast, Sold


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What is still to come by a line of an order that stands, or to leave."""

    item: UUID
    document: UUID
    no: int
    due: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """Stock and orders at one moment."""

    on_hand: dict[UUID, Decimal]
    demand: list[OpenLine]
    supply: list[OpenLine]


async def known(tx: Transaction, place: UUID | None) -> Known:
    """What is there or on its way there and not held, and what is open, at a place and below or in all of
    ours; what was scrapped in work does not come. One statement sees both, so that what is received
    meanwhile counts once."""
    found = await rows(
        tx,
        "WITH goods AS (SELECT b.item_id, b.lot_id, p.path, b.on_hand AS quantity FROM balance b"
        "  JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  WHERE b.tenant_id = %s AND p.kind NOT IN ('virtual', 'transit', 'work', 'processor')"
        "  AND b.on_hand <> 0 UNION ALL"
        "  SELECT q.item_id, q.lot_id, coalesce(t.path, '{}'), q.quantity FROM pool q"
        "  JOIN place w ON w.tenant_id = q.tenant_id AND w.id = q.place_id AND w.kind = 'transit'"
        "  JOIN document d ON d.tenant_id = q.tenant_id AND d.id = q.document_id"
        "  LEFT JOIN place t ON t.tenant_id = d.tenant_id AND t.id = coalesce((SELECT l.to_place_id"
        "   FROM document_line l WHERE l.tenant_id = d.tenant_id AND l.document_id = d.id"
        "   AND l.item_id = q.item_id ORDER BY l.no LIMIT 1), d.to_place_id)"
        "  WHERE q.tenant_id = %s AND q.quantity <> 0)"
        " SELECT 'stock', g.item_id, NULL, 0, NULL, sum(g.quantity) FROM goods g"
        " WHERE (%s::uuid IS NULL OR %s = ANY(g.path)) AND NOT EXISTS"
        "  (SELECT FROM hold h WHERE h.tenant_id = %s AND h.item_id = g.item_id"
        "   AND h.released_at IS NULL AND (h.until IS NULL OR h.until > now())"
        "   AND (h.lot_id IS NULL OR h.lot_id = g.lot_id)"
        "   AND (h.place_id IS NULL OR h.place_id = ANY(g.path)))"
        " GROUP BY g.item_id UNION ALL"
        " SELECT CASE WHEN l.role = 'consume' THEN 'demand' WHEN l.role = 'produce' THEN 'supply'"
        "  WHEN d.type = ANY(%s) THEN 'demand' ELSE 'supply' END,"
        " l.item_id, l.document_id, l.no, coalesce(l.due_on, d.business_date),"
        " l.quantity - coalesce(g.executed - g.returned, 0) - coalesce(w.scrapped, 0)"
        " FROM document d JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        " LEFT JOIN line_progress g ON g.tenant_id = l.tenant_id"
        "  AND g.document_id = l.document_id AND g.no = l.no"
        " LEFT JOIN bom_manufacturing_work_order w ON w.tenant_id = l.tenant_id"
        "  AND w.document_id = l.document_id AND l.no = 1 AND l.role = 'produce'"
        " WHERE d.tenant_id = %s AND d.state = 'approved' AND d.type = ANY(%s) AND l.stocked"
        " AND (l.role IN ('consume', 'produce') OR l.role IS NULL AND d.type = ANY(%s))"
        " AND l.quantity > coalesce(g.executed - g.returned, 0) + coalesce(w.scrapped, 0)"
        " AND (%s::uuid IS NULL OR EXISTS"
        "  (SELECT FROM place p WHERE p.tenant_id = d.tenant_id"
        "   AND p.id = coalesce(l.place_id, d.place_id) AND %s = ANY(p.path)))"
        " ORDER BY 1, 5, 3, 4",
        *(tx.tenant_id, tx.tenant_id, place, place, tx.tenant_id),
        *([*_orders("customer")], tx.tenant_id),
        *([*_orders("customer", "supplier", None)], [*_orders("customer", "supplier")]),
        *(place, place),
    )
    lines: dict[str, list[OpenLine]] = {"demand": [], "supply": []}
    stock = {}
    for kind, item, document, no, due, quantity in found:
        if kind == "stock":
            stock[item] = quantity
        else:
            lines[kind].append(OpenLine(item, document, no, due, quantity))
    return Known(stock, **lines)


async def sold(tx: Transaction, forecasts: Collection[Forecast]) -> list[Sold]:
    """What customers ordered of forecast items in their periods, delivered or not; of orders that were
    closed, what was delivered."""
    if not forecasts:
        return []
    found = await rows(
        tx,
        "SELECT l.item_id, coalesce(p.path, '{}'), coalesce(l.due_on, d.business_date) AS due,"
        " sum(CASE d.state WHEN 'closed' THEN coalesce(g.executed, 0) ELSE l.quantity END)"
        " FROM document d JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        " LEFT JOIN line_progress g ON g.tenant_id = l.tenant_id"
        "  AND g.document_id = l.document_id AND g.no = l.no"
        " LEFT JOIN place p ON p.tenant_id = d.tenant_id AND p.id = coalesce(l.place_id, d.place_id)"
        " WHERE d.tenant_id = %s AND d.state IN ('approved', 'closed') AND d.type = ANY(%s)"
        " AND l.role IS NULL AND l.item_id = ANY(%s)"
        " AND coalesce(l.due_on, d.business_date) BETWEEN %s AND %s"
        " GROUP BY 1, 2, 3 ORDER BY 3, 1, 2",
        *(tx.tenant_id, [*_orders("customer")], list({one.item for one in forecasts})),
        *(min(one.starts_on for one in forecasts), max(one.ends_on for one in forecasts)),
    )
    return [Sold(*row) for row in found]


async def valid_bills(tx: Transaction, first: date, last: date) -> list[UUID]:
    """All versions of bills in force on any of some days."""
    found = await rows(
        tx,
        "SELECT id FROM bom_manufacturing_bom WHERE tenant_id = %s"
        " AND (valid_from IS NULL OR valid_from <= %s) AND (valid_until IS NULL OR valid_until >= %s)"
        " ORDER BY 1",
        *(tx.tenant_id, last, first),
    )
    return [row[0] for row in found]


async def places_within(tx: Transaction, place: UUID) -> set[UUID]:
    """A place and all below it."""
    found = await rows(
        tx, "SELECT id FROM place WHERE tenant_id = %s AND %s = ANY(path)", tx.tenant_id, place
    )
    return {row[0] for row in found}


def _orders(*parties: str | None) -> Iterator[str]:
    """The types of orders that name such a party."""
    return (
        one.code
        for one in DOCUMENT_TYPES.values()
        if one.effect is Effect.ORDER and one.party in parties
    )
