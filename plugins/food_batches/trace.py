"""One step up and one step down (追溯): where the goods of a batch came from, and everywhere they went.

Pure walking and summing over rows that are given. Goods of one batch become goods of another in a document
that consumes and produces (production, splitting, merging): everything it produced descends from everything
it consumed. Those documents are few and are walked generation by generation; the movements are many and
come summed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from core.plugin_api import NIL
from plugins.food_batches.rules.recall import Delivered

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Converted:
    """A lot that a posted document consumed, or produced; ``reverses_id`` names the document it undoes."""

    document_id: UUID
    lot_id: UUID
    consumed: bool
    reverses_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved of a lot in all, in base units, from a place to a place, for one party. An account is
    the name of a virtual place, None where the place is one of ours. ``reversal`` says that it undid what
    had moved the other way."""

    lot_id: UUID
    quantity: Decimal
    source: UUID
    target: UUID
    source_account: str | None
    target_account: str | None
    party_id: UUID | None = None
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A document in which goods of one lot became goods of another."""

    document_id: UUID
    consumed: UUID
    produced: UUID


ReadConverted = Callable[[Collection[UUID]], Awaitable[Sequence[Converted]]]
"""Everything that the documents consumed and produced which consumed or produced one of these lots."""


async def follow(read: ReadConverted, lots: Iterable[UUID], direction: Direction) -> set[UUID]:
    """The lots and all that descends from them, or that they descend from; one question per
    generation."""
    genealogy = Genealogy()
    reached: set[UUID] = set()
    wanted = set(lots)
    while wanted:
        reached |= wanted
        genealogy.add(await read(wanted))
        wanted = genealogy.closure(wanted, direction) - reached
    return reached


class Genealogy:
    """Which lots became which, as far as was told. A document that was reversed made nothing, nor did its
    reversal."""

    def __init__(self, converted: Iterable[Converted] = ()) -> None:
        self._consumed: dict[UUID, set[UUID]] = defaultdict(set)
        self._produced: dict[UUID, set[UUID]] = defaultdict(set)
        self._consumers: dict[UUID, set[UUID]] = defaultdict(set)
        self._makers: dict[UUID, set[UUID]] = defaultdict(set)
        self._undone: set[UUID] = set()
        self.add(converted)

    def add(self, converted: Iterable[Converted]) -> None:
        """Take in what was told; the same again changes nothing."""
        for one in converted:
            if one.reverses_id is not None:
                self._undone |= {one.document_id, one.reverses_id}
            elif one.lot_id != NIL:
                lots, documents = (
                    (self._consumed, self._consumers)
                    if one.consumed
                    else (self._produced, self._makers)
                )
                lots[one.document_id].add(one.lot_id)
                documents[one.lot_id].add(one.document_id)

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


def lost_track(
    converted: Iterable[Converted], lots: Collection[UUID], direction: Direction
) -> set[UUID]:
    """The documents behind which the trace of these lots ends: what they became, or were made of, had no
    lot."""
    told = list(converted)
    undone = {key for one in told if one.reverses_id for key in (one.document_id, one.reverses_id)}
    forth = direction == "down"
    ours = {one.document_id for one in told if one.lot_id in lots and one.consumed is forth}
    ends = {one.document_id for one in told if one.lot_id == NIL and one.consumed is not forth}
    return (ours & ends) - undone


def on_hand(moved: Iterable[Moved]) -> dict[tuple[UUID, UUID], Decimal]:
    """What is left of the lots, by place and lot; transit is a place."""
    left: dict[tuple[UUID, UUID], Decimal] = defaultdict(Decimal)
    for one in moved:
        if _ours(one.source_account):
            left[one.source, one.lot_id] -= one.quantity
        if _ours(one.target_account):
            left[one.target, one.lot_id] += one.quantity
    return {key: quantity for key, quantity in left.items() if quantity}


def delivered(moved: Iterable[Moved]) -> Iterator[Delivered]:
    """What customers got, and what came back of it. A sale that was reversed was never got, and a return
    that was reversed never came back."""
    for one in moved:
        if one.target_account == "customer":
            yield Delivered(one.party_id, one.lot_id, one.quantity, returned=one.reversal)
        elif one.source_account == "customer":
            yield Delivered(one.party_id, one.lot_id, -one.quantity, returned=not one.reversal)


def came_in(moved: Iterable[Moved]) -> dict[UUID, Decimal]:
    """How much of each lot there was in all: what came from outside or was made, without what customers
    brought back, less what was reversed."""
    made: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in moved:
        into, out_of = _ours(one.target_account), _ours(one.source_account)
        if into == out_of or "customer" in (one.source_account, one.target_account):
            continue
        if into and not one.reversal:
            made[one.lot_id] += one.quantity
        elif out_of and one.reversal:
            made[one.lot_id] -= one.quantity
    return dict(made)


def used_up(moved: Iterable[Moved]) -> dict[UUID, Decimal]:
    """How much of each lot became other goods, less what was reversed."""
    used: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in moved:
        if one.target_account == "production" and not one.reversal:
            used[one.lot_id] += one.quantity
        elif one.source_account == "production" and one.reversal:
            used[one.lot_id] -= one.quantity
    return dict(used)


def suppliers(moved: Iterable[Moved]) -> dict[tuple[UUID | None, UUID], Decimal]:
    """Who brought the lots, one step up: how much each supplier delivered of each, less what was reversed
    or went back."""
    brought: dict[tuple[UUID | None, UUID], Decimal] = defaultdict(Decimal)
    for one in moved:
        if one.source_account == "supplier":
            brought[one.party_id, one.lot_id] += one.quantity
        elif one.target_account == "supplier":
            brought[one.party_id, one.lot_id] -= one.quantity
    return {key: quantity for key, quantity in brought.items() if quantity}


def _ours(account: str | None) -> bool:
    return account in (None, "in_transit", "in_work")
