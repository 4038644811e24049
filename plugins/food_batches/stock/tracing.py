"""A trace through the books of core: which lots, everything that moved of them, and in which documents."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction
from plugins.food_batches import trace
from plugins.food_batches.rules.recall import Share, shares
from plugins.food_batches.stock import tables as stock
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
    """Follow these lots through production, splitting and merging, one question per generation. A part
    of a lot, a unit say, stands for the whole."""
    told: list[Converted] = []
    lots = await _whole(tx, lots)

    async def read(wanted: Collection[UUID]) -> list[Converted]:
        found = await stock.converted(tx, {*wanted, *await stock.parts_of_lots(tx, wanted)})
        whole = await stock.wholes(tx, {one.lot_id for one in found})
        found = [replace(one, lot_id=whole.get(one.lot_id, one.lot_id)) for one in found]
        told.extend(found)
        return found

    reached = await trace.follow(read, lots, direction)
    ends = trace.lost_track(told, reached, direction)
    moved = await _moved(tx, reached)
    return Trace(frozenset(reached), tuple(moved), frozenset(ends))


async def untraced(tx: Transaction, lots: Collection[UUID]) -> Trace:
    """These lots alone, wherever they came from and whatever they became; parts stand for the whole."""
    lots = await _whole(tx, lots)
    return Trace(frozenset(lots), tuple(await _moved(tx, lots)), frozenset())


async def _whole(tx: Transaction, lots: Collection[UUID]) -> set[UUID]:
    return {*(await stock.wholes(tx, lots)).values()}


async def _moved(tx: Transaction, lots: Collection[UUID]) -> list[Moved]:
    """What moved of these lots, their parts included."""
    parts = await stock.parts_of_lots(tx, lots)
    whole = await stock.wholes(tx, parts)
    found = await stock.moved(tx, {*lots, *parts})
    return [replace(one, lot_id=whole.get(one.lot_id, one.lot_id)) for one in found]
