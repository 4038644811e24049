"""Questions to the tables of core: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows


async def unnumbered(tx: Transaction, items: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Items with stock that is not told apart unit by unit, with their codes; of these, or of all under
    serial control."""
    # Said or not said: with "NULL or any of" the planner would look at every balance of the tenant.
    controlled = (
        "EXISTS (SELECT FROM serial_numbers_item s WHERE s.tenant_id = b.tenant_id"
        " AND s.item_id = b.item_id AND s.serial_control)"
    )
    found = await rows(
        tx,
        "SELECT DISTINCT i.id, i.code FROM balance b"  # noqa: S608 - ours
        " JOIN item i ON i.tenant_id = b.tenant_id AND i.id = b.item_id"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  AND (p.holds_stock OR p.account = 'in_transit')"
        " WHERE b.tenant_id = %s AND b.there AND NOT b.is_unit"
        f" AND {controlled if items is None else 'b.item_id = ANY(%s)'}",
        tx.tenant_id,
        *([] if items is None else [list(items)]),
    )
    return {row[0]: row[1] for row in found}


async def batches_of(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, UUID]:
    """The lots that units belong to; units that belong to none are absent."""
    found = await rows(
        tx,
        "SELECT id, parent_id FROM lot"
        " WHERE tenant_id = %s AND id = ANY(%s) AND parent_id IS NOT NULL",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: row[1] for row in found}


async def in_stock(tx: Transaction, items: Collection[UUID]) -> dict[UUID, str]:
    """Those of these items of which something is in stock or under way, with their codes."""
    found = await rows(
        tx,
        "SELECT DISTINCT i.id, i.code FROM balance b"
        " JOIN item i ON i.tenant_id = b.tenant_id AND i.id = b.item_id"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  AND (p.holds_stock OR p.account = 'in_transit')"
        " WHERE b.tenant_id = %s AND b.item_id = ANY(%s) AND b.there",
        tx.tenant_id,
        list(items),
    )
    return {row[0]: row[1] for row in found}


async def where(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, tuple[UUID, str | None]]:
    """Where units are now: the place, and which account it is, if any; those that are gone are absent."""
    found = await rows(
        tx,
        "SELECT b.lot_id, p.id, p.account FROM balance b"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  AND (p.holds_stock OR p.account = 'in_transit')"
        " WHERE b.tenant_id = %s AND b.lot_id = ANY(%s) AND b.there",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: (row[1], row[2]) for row in found}


async def on_hand_at(tx: Transaction, item_id: UUID, place_id: UUID) -> dict[UUID, str]:
    """The units of an item at a place itself, with their numbers."""
    found = await rows(
        tx,
        "SELECT l.id, l.code FROM balance b JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
        " WHERE b.tenant_id = %s AND b.item_id = %s AND b.place_id = %s AND b.there",
        tx.tenant_id,
        item_id,
        place_id,
    )
    return {row[0]: row[1] for row in found}


async def values(
    tx: Transaction, documents: Collection[UUID], lots: Collection[UUID]
) -> dict[tuple[UUID, UUID], Decimal]:
    """What units were worth when documents moved them, by document and lot, corrections included."""
    found = await rows(
        tx,
        "SELECT d.id, e.lot_id, sum(abs(e.value)) FROM document d JOIN LATERAL ("
        "  SELECT e.lot_id, e.event_flow, sum(e.value) AS value FROM entry e"
        "  WHERE e.tenant_id = d.tenant_id AND e.event_sequence = d.sequence AND e.lot_id = ANY(%s)"
        "  AND e.leg = 'target' GROUP BY 1, 2) e ON true"
        " WHERE d.tenant_id = %s AND d.id = ANY(%s) GROUP BY 1, 2",
        list(lots),
        tx.tenant_id,
        list(documents),
    )
    return {(row[0], row[1]): row[2] for row in found}
