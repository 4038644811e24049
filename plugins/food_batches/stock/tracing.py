"""A trace through the books of core: which lots, everything that moved of them, and in which documents."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows
from plugins.food_batches import trace
from plugins.food_batches.rules.recall import Share, shares
from plugins.food_batches.stock import tables as stock
from plugins.food_batches.stock.tables import OF_LOTS
from plugins.food_batches.trace import Converted, Direction, Moved


@dataclass(frozen=True, slots=True)
class Left:
    """What is there of a lot at a place of ours, or under way between them; in base units."""

    place_id: UUID
    lot_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Brought:
    """What a supplier delivered of a lot, less what went back; None is a supplier who was not named."""

    party_id: UUID | None
    lot_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Trace:
    """The lots that descend from some, or that these descend from, they themselves included; with all that
    moved of them. ``ends`` are the documents behind which goods had no lot any more, or not yet."""

    lots: frozenset[UUID]
    moved: tuple[Moved, ...]
    ends: frozenset[UUID]

    def customers(self) -> list[Share]:
        """Who got how much."""
        return shares(trace.delivered(self.moved))

    def left(self) -> Iterator[Left]:
        """Where something is left."""
        for (place, lot), quantity in trace.on_hand(self.moved).items():
            yield Left(place, lot, quantity)

    def suppliers(self) -> Iterator[Brought]:
        """Who brought it."""
        for (party, lot), quantity in trace.suppliers(self.moved).items():
            yield Brought(party, lot, quantity)

    def produced(self) -> dict[UUID, Decimal]:
        """How much of each lot there was in all, without what became other goods."""
        used = trace.used_up(self.moved)
        return {
            lot: quantity - used.get(lot, Decimal(0))
            for lot, quantity in trace.came_in(self.moved).items()
        }

    def on_hand(self) -> dict[UUID, Decimal]:
        """How much of each lot is left, over all places."""
        found: dict[UUID, Decimal] = {}
        for left in self.left():
            found[left.lot_id] = found.get(left.lot_id, Decimal(0)) + left.quantity
        return found


async def traced(tx: Transaction, lots: Collection[UUID], direction: Direction) -> Trace:
    """Follow these lots through production, splitting and merging, one question per generation."""
    told: list[Converted] = []

    async def read(wanted: Collection[UUID]) -> list[Converted]:
        found = await stock.converted(tx, wanted)
        told.extend(found)
        return found

    reached = await trace.follow(read, lots, direction)
    ends = trace.lost_track(told, reached, direction)
    moved = await stock.moved(tx, reached)
    return Trace(frozenset(reached), tuple(moved), frozenset(ends))


async def untraced(tx: Transaction, lots: Collection[UUID]) -> Trace:
    """These lots alone, wherever they came from and whatever they became."""
    return Trace(frozenset(lots), tuple(await stock.moved(tx, lots)), frozenset())


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
    """Documents that moved some of these lots, with their posting numbers, in the order of posting."""
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
