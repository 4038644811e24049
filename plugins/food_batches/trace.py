"""One step up and one step down (召回追溯): where the goods of a batch came from, and everywhere they went.

Pure walking over movements that are given; who asks brings them generation by generation with
:func:`follow`. Goods of one batch become goods of another in a document that consumes and produces
(production, splitting, merging); everything such a document produced descends from everything it consumed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from core.plugin_api import NIL
from plugins.food_batches.rules.recall import Delivered

Direction = Literal["up", "down"]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moved:
    """Goods of a lot that a posted document moved: ``quantity`` in base units, above zero, from a place
    to a place. An account is the name of a virtual place, None where the place is one of ours."""

    document_id: UUID
    type_code: str
    number: str
    on: date
    line: int
    item_id: UUID
    lot_id: UUID
    quantity: Decimal
    source: UUID
    target: UUID
    source_account: str | None
    target_account: str | None
    party_id: UUID | None = None
    reverses_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A document in which goods of one lot became goods of another."""

    document_id: UUID
    consumed: UUID
    produced: UUID


ReadMovements = Callable[[Collection[UUID]], Awaitable[Sequence[Moved]]]
"""Every movement of these lots, and for each document that consumes and produces some of them all of its
movements, so that the next generation is seen."""


async def follow(
    read: ReadMovements, lots: Iterable[UUID], direction: Direction
) -> tuple[set[UUID], list[Moved]]:
    """The lots and all that descends from them (or that they descend from), with their movements; one
    question per generation."""
    genealogy = Genealogy()
    reached: set[UUID] = set()
    wanted = set(lots)
    movements: dict[tuple[object, ...], Moved] = {}
    while wanted:
        reached |= wanted
        brought = await read(wanted)
        genealogy.add(brought)
        for one in brought:
            movements[one.document_id, one.line, one.lot_id, one.source, one.target] = one
        wanted = genealogy.closure(wanted, direction) - reached
    return reached, [one for one in movements.values() if one.lot_id in reached]


class Genealogy:
    """Which lots became which, as far as movements were told. A document that was reversed made nothing,
    nor did its reversal."""

    def __init__(self, movements: Iterable[Moved] = ()) -> None:
        self._consumed: dict[UUID, set[UUID]] = defaultdict(set)
        self._produced: dict[UUID, set[UUID]] = defaultdict(set)
        self._consumers: dict[UUID, set[UUID]] = defaultdict(set)
        self._makers: dict[UUID, set[UUID]] = defaultdict(set)
        self._undone: set[UUID] = set()
        self.add(movements)

    def add(self, movements: Iterable[Moved]) -> None:
        """Take in movements; the same ones again change nothing."""
        for one in movements:
            if one.reverses_id is not None:
                self._undone |= {one.document_id, one.reverses_id}
            if one.lot_id == NIL:
                continue
            if one.target_account == "production":
                self._consumed[one.document_id].add(one.lot_id)
                self._consumers[one.lot_id].add(one.document_id)
            elif one.source_account == "production":
                self._produced[one.document_id].add(one.lot_id)
                self._makers[one.lot_id].add(one.document_id)

    def closure(self, lots: Iterable[UUID], direction: Direction) -> set[UUID]:
        """The lots and all that descends from them, or that they descend from."""
        documents, others = (
            (self._consumers, self._produced)
            if direction == "down"
            else (self._makers, self._consumed)
        )
        reached = set(lots)
        open_ = list(reached)
        while open_:
            for document in documents.get(open_.pop(), set()) - self._undone:
                fresh = others.get(document, set()) - reached
                reached |= fresh
                open_ += fresh
        return reached

    def links(self) -> Iterator[Link]:
        """Each document with each pair of lots that it made one of the other."""
        for document in self._consumed.keys() - self._undone:
            for before in self._consumed[document]:
                for after in self._produced.get(document, set()) - {before}:
                    yield Link(document, before, after)


def on_hand(movements: Iterable[Moved]) -> dict[tuple[UUID, UUID], Decimal]:
    """What is left of the lots, by place and lot; transit is a place."""
    left: dict[tuple[UUID, UUID], Decimal] = defaultdict(Decimal)
    for one in movements:
        if _ours(one.source_account):
            left[one.source, one.lot_id] -= one.quantity
        if _ours(one.target_account):
            left[one.target, one.lot_id] += one.quantity
    return {key: quantity for key, quantity in left.items() if quantity}


def delivered(movements: Iterable[Moved]) -> Iterator[Delivered]:
    """What went to customers, and what came back; a reversal takes back what it reverses."""
    for one in movements:
        if one.target_account == "customer":
            yield Delivered(one.party_id, one.lot_id, one.quantity)
        elif one.source_account == "customer":
            yield Delivered(one.party_id, one.lot_id, -one.quantity)


def came_in(movements: Iterable[Moved]) -> dict[UUID, Decimal]:
    """How much of each lot there was in all: what came from outside or was made, without what customers
    brought back, less what was reversed."""
    made: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in movements:
        into, out_of = _ours(one.target_account), _ours(one.source_account)
        if into == out_of or "customer" in (one.source_account, one.target_account):
            continue
        if into and one.reverses_id is None:
            made[one.lot_id] += one.quantity
        elif out_of and one.reverses_id is not None:
            made[one.lot_id] -= one.quantity
    return dict(made)


def receipts(movements: Iterable[Moved]) -> list[Moved]:
    """The receipts that brought the lots in, oldest first, without those that were reversed."""
    undone = {one.reverses_id for one in movements if one.reverses_id is not None}
    found = [
        one
        for one in movements
        if one.source_account in ("supplier", "opening", "other")
        and one.reverses_id is None
        and one.document_id not in undone
    ]
    return sorted(found, key=lambda one: (one.on, one.number, one.line))


def _ours(account: str | None) -> bool:
    return account is None or account == "in_transit"
