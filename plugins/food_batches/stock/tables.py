"""Questions to the tables of core: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows
from plugins.food_batches.trace import Converted, Moved


@dataclass(frozen=True, slots=True)
class LotStock:
    """What is on hand of an item's lot and of its parts, over all of our places; the nil id stands for
    goods without."""

    item_id: UUID
    lot_id: UUID
    on_hand: Decimal


async def lots_in_stock(
    tx: Transaction, item_ids: Collection[UUID] | None = None
) -> list[LotStock]:
    """The lots in stock, of these items or of all that are kept by batch."""
    found = await rows(
        tx,
        "SELECT b.item_id, coalesce(l.parent_id, b.lot_id), sum(b.on_hand) FROM balance b"
        " LEFT JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        " WHERE b.tenant_id = %s AND b.on_hand <> 0 AND p.holds_stock"
        " AND CASE WHEN %s::uuid[] IS NULL THEN EXISTS (SELECT FROM food_batches_item i"
        "   WHERE i.tenant_id = b.tenant_id AND i.item_id = b.item_id AND i.batch_control)"
        "  ELSE b.item_id = ANY(%s) END"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        tx.tenant_id,
        *(list(item_ids) if item_ids is not None else None,) * 2,
    )
    return [LotStock(*row) for row in found]


async def _codes(tx: Transaction, table: str, ids: Collection[UUID]) -> dict[UUID, str]:
    found = await rows(
        tx,
        f"SELECT id, code FROM {table} WHERE tenant_id = %s AND id = ANY(%s)",  # noqa: S608 - our names
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: row[1] for row in found}


async def item_codes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, str]:
    """What people call items."""
    return await _codes(tx, "item", ids)


async def lot_codes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, str]:
    """The codes of lots, which are the numbers of batches."""
    return await _codes(tx, "lot", ids)


async def type_of_document(tx: Transaction, document_id: UUID) -> tuple[str, date] | None:
    """The type and the day of a stored document."""
    found = await rows(
        tx,
        "SELECT type, business_date FROM document WHERE tenant_id = %s AND id = %s",
        *(tx.tenant_id, document_id),
    )
    return (found[0][0], found[0][1]) if found else None


async def unit_codes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, str]:
    """What people call units."""
    return await _codes(tx, "unit", ids)


async def known_units(tx: Transaction, ids: Collection[UUID]) -> set[UUID]:
    """Those of these ids that are units of the tenant."""
    found = await rows(
        tx, "SELECT id FROM unit WHERE tenant_id = %s AND id = ANY(%s)", tx.tenant_id, list(ids)
    )
    return {row[0] for row in found}


OF_LOTS = (
    "e.tenant_id = %s AND e.lot_id = ANY(%s) AND e.quantity <> 0"
    " AND e.lot_id <> '00000000-0000-0000-0000-000000000000'"
)
"""Entries of lots. The index of lots leaves out the nil id, and is used only where the query says so."""


async def converted(tx: Transaction, lot_ids: Collection[UUID]) -> list[Converted]:
    """What the documents consumed and produced that consumed or produced one of these lots.

    Each document is looked up by itself, whatever the planner believes of how many there are.
    """
    found = await rows(
        tx,
        "WITH account AS MATERIALIZED"  # noqa: S608 - ours
        "  (SELECT id FROM place WHERE tenant_id = %s AND account = 'production'),"
        f" touched AS MATERIALIZED (SELECT DISTINCT e.event_sequence FROM entry e WHERE {OF_LOTS}"
        "  AND e.place_id = (SELECT id FROM account))"
        " SELECT DISTINCT d.id, f.lot_id, f.consumed, d.reverses_id FROM touched t"
        " CROSS JOIN LATERAL (SELECT e.lot_id, sum(e.quantity) > 0 AS consumed FROM entry e"
        "  WHERE e.tenant_id = %s AND e.event_sequence = t.event_sequence"
        "  AND e.place_id = (SELECT id FROM account)"
        "  GROUP BY e.event_flow, e.lot_id HAVING sum(e.quantity) <> 0 OFFSET 0) f"
        " CROSS JOIN LATERAL (SELECT id, reverses_id FROM document"
        "  WHERE tenant_id = %s AND sequence = t.event_sequence OFFSET 0) d",
        *(tx.tenant_id, tx.tenant_id, list(lot_ids), tx.tenant_id, tx.tenant_id),
    )
    return [Converted(*row) for row in found]


async def moved(tx: Transaction, lot_ids: Collection[UUID]) -> list[Moved]:
    """Everything that moved of these lots, summed by where from, where to, and for whom. Flows count as
    they stand after all corrections: one that was undone on its own day sums to nothing."""
    found = await rows(
        tx,
        "WITH flow AS MATERIALIZED (SELECT e.event_sequence, e.lot_id,"  # noqa: S608 - ours
        "  any_value(e.place_id) FILTER (WHERE e.leg = 'source') AS source,"
        "  any_value(e.place_id) FILTER (WHERE e.leg = 'target') AS target,"
        "  sum(e.quantity) FILTER (WHERE e.leg = 'target') AS quantity"
        f"  FROM entry e WHERE {OF_LOTS} GROUP BY e.event_sequence, e.event_flow, e.lot_id),"
        " head AS MATERIALIZED (SELECT sequence, party_id, reverses_id IS NOT NULL AS reversal"
        "  FROM document WHERE tenant_id = %s"
        "  AND sequence IN (SELECT DISTINCT event_sequence FROM flow)),"
        " total AS MATERIALIZED (SELECT f.lot_id, f.source, f.target, f.quantity > 0 AS forth,"
        "  h.party_id, h.reversal, sum(abs(f.quantity)) AS quantity"
        "  FROM flow f JOIN head h ON h.sequence = f.event_sequence WHERE f.quantity <> 0"
        "  GROUP BY 1, 2, 3, 4, 5, 6)"
        " SELECT w.lot_id, w.quantity, s.id, t.id, s.account, t.account, w.party_id, w.reversal"
        " FROM total w JOIN place s"
        "  ON s.tenant_id = %s AND s.id = CASE WHEN w.forth THEN w.source ELSE w.target END"
        " JOIN place t"
        "  ON t.tenant_id = %s AND t.id = CASE WHEN w.forth THEN w.target ELSE w.source END"
        " ORDER BY 1, 3, 4, 7, 8",
        *(tx.tenant_id, list(lot_ids), *(tx.tenant_id,) * 3),
    )
    return [Moved(*row) for row in found]


@dataclass(frozen=True, slots=True)
class Which:
    """Which documents of a trace: of one party, or only those that brought goods from a supplier."""

    party_id: UUID | None = None
    receipts: bool = False


async def documents_of(
    tx: Transaction,
    lots: Collection[UUID],
    which: Which,
    after: int | None = None,
    limit: int | None = None,
) -> list[tuple[int, UUID]]:
    """Documents that moved some of these lots, or of their parts, with their posting numbers, in the order
    of posting."""
    lots = {*lots, *await parts_of_lots(tx, lots)}
    found = await rows(
        tx,
        f"WITH own AS MATERIALIZED (SELECT DISTINCT e.event_sequence FROM entry e WHERE {OF_LOTS}"  # noqa: S608 - ours
        "  AND e.event_sequence > %s AND (NOT %s OR (e.quantity < 0 AND e.place_id ="
        "   (SELECT id FROM place WHERE tenant_id = %s AND account = 'supplier'))))"
        " SELECT d.sequence, d.id FROM own"
        " JOIN document d ON d.tenant_id = %s AND d.sequence = own.event_sequence"
        " WHERE (%s::uuid IS NULL OR d.party_id = %s) AND NOT (%s AND d.reverses_id IS NOT NULL)"
        " ORDER BY d.sequence LIMIT %s",
        *(tx.tenant_id, list(lots), after or 0, which.receipts, tx.tenant_id, tx.tenant_id),
        *(which.party_id, which.party_id, which.receipts, limit),
    )
    return [(row[0], row[1]) for row in found]


@dataclass(frozen=True, slots=True)
class Brought:
    """Goods of a lot that a document brought in, from the virtual account ``customer`` or ``supplier``."""

    document_id: UUID
    account: str
    lot_id: UUID
    quantity: Decimal


async def brought_in(tx: Transaction, documents: Collection[UUID]) -> list[Brought]:
    """What these documents brought in of lots. A sale that is reversed comes back from the customer; that
    goods sent back to a supplier are not, is no delivery."""
    found = await rows(
        tx,
        "SELECT d.id, p.account, coalesce(l.parent_id, l.id), -sum(e.quantity) FROM document d"
        " JOIN entry e ON e.tenant_id = d.tenant_id AND e.sequence = d.sequence"
        " JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id"
        "  AND p.account IN ('customer', 'supplier')"
        " JOIN lot l ON l.tenant_id = e.tenant_id AND l.id = e.lot_id"
        " WHERE d.tenant_id = %s AND d.id = ANY(%s)"
        "  AND (d.reverses_id IS NULL OR p.account = 'customer')"
        " GROUP BY 1, 2, 3 HAVING sum(e.quantity) < 0 ORDER BY 1, 2, 3",
        tx.tenant_id,
        list(documents),
    )
    return [Brought(*row) for row in found]


async def sequences(
    tx: Transaction, documents: Collection[UUID], after: int | None, limit: int
) -> list[tuple[int, UUID]]:
    """These documents with their posting numbers, in the order of posting."""
    found = await rows(
        tx,
        "SELECT sequence, id FROM document WHERE tenant_id = %s AND id = ANY(%s)"
        " AND sequence > %s ORDER BY sequence LIMIT %s",
        *(tx.tenant_id, list(documents), after or 0, limit),
    )
    return [(row[0], row[1]) for row in found]


async def parts_of_lots(tx: Transaction, lots: Collection[UUID]) -> set[UUID]:
    """The lots that are parts of these, units say."""
    found = await rows(
        tx,
        "SELECT id FROM lot WHERE tenant_id = %s AND parent_id = ANY(%s)",
        tx.tenant_id,
        list(lots),
    )
    return {row[0] for row in found}


async def wholes(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, UUID]:
    """The lots of which these are parts; for one that is no part, itself."""
    found = await rows(
        tx,
        "SELECT id, coalesce(parent_id, id) FROM lot WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: row[1] for row in found}


async def items_of_lots(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, UUID]:
    """The items of lots; lots that are not there are absent."""
    found = await rows(
        tx,
        "SELECT id, item_id FROM lot WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: row[1] for row in found}


async def base_units(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, UUID]:
    """The base units that lots are counted in."""
    found = await rows(
        tx,
        "SELECT l.id, i.base_unit_id FROM lot l"
        " JOIN item i ON i.tenant_id = l.tenant_id AND i.id = l.item_id"
        " WHERE l.tenant_id = %s AND l.id = ANY(%s)",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: row[1] for row in found}
