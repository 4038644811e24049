"""The plugins' side of a posting: what they read, decide and write (P2), at the points of the decision.

Part of the locked state. A tenant without modules has none, and pays nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.db.database import RawTransaction
from core.db.questions import Answer, Asking, Question
from core.documents.facts import ItemFacts, PlaceFacts
from core.documents.records import Document, DocumentDraft, Line
from core.documents.types import Effect
from core.errors import Refusal, Refused, raise_any
from core.extension.containment import ask, contained
from core.extension.records import (
    Lot,
    LotPart,
    Module,
    Modules,
    Movement,
    Offer,
    Posting,
    Reads,
    Row,
    Write,
)
from core.extension.registry import Registry
from core.extension.rows import Rows, key_of, misfit, rows_of_lots, rows_where
from core.ledger.records import BalanceKey, Basis, Flow, Legs, lot_id
from core.ledger.state import State
from core.ledger.stock import covered_now, outgoing

Rowsets = list[tuple[sa.Table, Answer[list[Row]]]]
"""Rows of plugins' tables on their way."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """What the documents of a batch concern; ``lots`` are known, with what they belong to, and ``named`` are
    further ones."""

    items: Collection[UUID]
    parties: Collection[UUID]
    documents: Collection[UUID]
    lots: frozenset[UUID] = frozenset()
    named: frozenset[UUID] = frozenset()


class Plugged:
    """Asks the plugins that a tenant has switched on, in their order."""

    def __init__(self, plugins: Registry, modules: Modules) -> None:
        self._plugins, self._modules = plugins, modules
        self._rows = Rows()
        self._failed: dict[UUID, Refused] = {}
        """Of documents whose lots a plugin could not tell."""

    def named(self, documents: Iterable[DocumentDraft | Document]) -> frozenset[UUID]:
        """The lots that plugins find named in documents, in fields of their own. Where that fails, the
        document is refused when it is decided, and no other."""
        found: set[UUID] = set()
        for document in documents:
            for module in self._modules:
                try:
                    given = {"lines": document.lines}
                    found |= set(ask(self._plugins, module.name, "named_lots", UUID, **given) or ())
                except Refused as refused:
                    self._failed[document.id] = refused
        return frozenset(found)

    async def ask(self, put: Asking, concerned: Concerned) -> Rowsets:
        """Ask for what the plugins want to know of these, after the lock (rule 3.2)."""
        wanted = [one for module in self._modules for one in _reads(self._plugins, module.name)]
        return [
            (one.table, await put(question))
            for one in wanted
            if (question := _question(one, concerned)) is not None
        ]

    def learn(self, rowsets: Rowsets) -> None:
        """Take in the answers."""
        for table, answer in rowsets:
            for row in answer.value:
                self._rows.put(table, row)

    def split(self, state: State, document: Document) -> dict[int, list[LotPart]]:
        """The parts of lines, by line, as plugins say which lots these are about."""
        found: dict[int, list[LotPart]] = {}
        for module in self._modules:
            posting = self._posting(state, document, module)
            told = ask(self._plugins, module.name, "split_lines", LotPart, posting=posting)
            parts: dict[int, list[LotPart]] = defaultdict(list)
            for part in told or ():
                parts[part.line].append(part)
            with contained(module.name, "split_lines"):
                for no, own in parts.items():
                    if no in found:
                        raise ValueError(f"line {no} was split by another module")
                    if reason := _unsplit(document, no, own):
                        raise ValueError(f"line {no}: {reason}")
            found |= parts
        return found

    def allocate(
        self,
        state: State,
        document: Document,
        line: Line,
        keys: Sequence[tuple[BalanceKey, Decimal]],
    ) -> list[BalanceKey] | None:
        """The balances that a line may take, in order, where plugins say so: each chooses among what those
        before it left. None where none does."""
        offers = {Offer(key.place, key.lot, free): key for key, free in keys}
        left: list[Offer] | None = None
        for module in self._modules:
            posting = self._posting(state, document, module)
            chosen = ask(
                self._plugins,
                module.name,
                "allocate",
                Offer,
                posting=posting,
                line=line,
                offers=tuple(offers if left is None else left),
            )
            if chosen is not None:
                with contained(module.name, "allocate"):
                    if len(set(chosen)) < len(chosen):
                        raise ValueError("an offer was chosen twice")
                    if not set(chosen) <= set(offers if left is None else left):
                        raise ValueError("an offer was chosen that was not made")
                left = chosen
        return None if left is None else [offers[offer] for offer in left]

    def check(self, state: State, document: Document, movements: tuple[Movement, ...] = ()) -> None:
        """Raise Refused with everything that plugins have against a document."""
        refusals: list[Refusal] = []
        for module in self._modules:
            posting = self._posting(state, document, module, movements)
            told = ask(self._plugins, module.name, "check_posting", Refusal, posting=posting)
            refusals += told or ()
        raise_any(refusals)

    def conclude(
        self, state: State, document: Document, movements: tuple[Movement, ...] = ()
    ) -> None:
        """Take in the rows that go into the books with a document that nothing refuses any more."""
        found: list[Write] = []
        for module in self._modules:
            posting = self._posting(state, document, module, movements)
            told = ask(self._plugins, module.name, "posting_rows", Write, posting=posting)
            with contained(module.name, "posting_rows"):
                for write in told or ():
                    self._check_write(module, write)
            found += told or ()
        for write in found:
            self._rows.write(write.table, write.row)

    async def write(self, tx: RawTransaction) -> None:
        """Write the rows of all documents of the batch."""
        await self._rows.flush(tx)

    def _check_write(self, module: Module, write: Write) -> None:
        plugin = self._plugins.get(module.name)
        declared = plugin and plugin.manifest.tables
        if not declared or declared.named(write.table.name) is not write.table:
            raise ValueError(f"{write.table.name} is not a table that {module.name} declares")
        if reason := misfit(write.table, write.row):
            raise ValueError(f"{write.table.name}: {reason}")

    def _posting(
        self,
        state: State,
        document: Document,
        module: Module,
        movements: tuple[Movement, ...] = (),
    ) -> Posting:
        if document.id in self._failed:
            raise self._failed[document.id]
        return Posting(document, _View(state, module, self._rows), movements)


def _question(wanted: Reads, concerned: Concerned) -> Question[list[Row]] | None:
    """How to ask for it; None where there is nothing to ask."""
    if wanted.by == "lot_id":
        # without any lot there may still be rows of goods that have none
        if not (concerned.lots or concerned.named or "item_id" in key_of(wanted.table)):
            return None
        return rows_of_lots(wanted.table, concerned.lots, concerned.named, concerned.items)
    ids = {
        "item_id": concerned.items,
        "party_id": concerned.parties,
        "document_id": concerned.documents,
    }[wanted.by]
    return rows_where(wanted.table, wanted.by, list(ids)) if ids else None


@lru_cache(maxsize=256)
def _reads(plugins: Registry, module: str) -> tuple[Reads, ...]:
    """What a plugin wants to know of postings: it is asked once, not with every posting."""
    return tuple(ask(plugins, module, "posting_reads", Reads) or ())


@dataclass(frozen=True, slots=True)
class _View:
    """The locked state as a plugin sees it (:class:`core.extension.records.View`)."""

    _state: State
    _module: Module
    _rows: Rows

    @property
    def settings(self) -> Any:
        return self._module.settings

    @property
    def now(self) -> datetime:
        return self._state.now

    @property
    def today(self) -> date:
        return self._state.today

    def today_at(self, place_id: UUID) -> date:
        state = self._state
        return state.places.today_at(place_id, state.now, state.rules.accounting_zone)

    def item(self, item_id: UUID) -> ItemFacts:
        return self._state.items[item_id]

    def place(self, place_id: UUID) -> PlaceFacts:
        return self._state.places.by_id[place_id]

    def lot(self, lot_id: UUID) -> Lot | None:
        known = self._state.lots.get(lot_id)
        if known is None:
            return None
        return Lot(known.id, known.item_id, known.code, known.parent_id, known.received_on)

    def lot_named(self, item_id: UUID, code: str) -> Lot | None:
        return self.lot(lot_id(item_id, code))

    def on_hand(self, item_id: UUID) -> Mapping[tuple[UUID, UUID], Decimal]:
        return {(key.place, key.lot): q for key, q in self._state.on_hand(item_id).items()}

    def promised(self, item_id: UUID) -> Mapping[tuple[UUID, int], Decimal]:
        return {p.key: p.quantity for p in outgoing(self._state, item_id) if p.quantity}

    def covered(self, item_id: UUID) -> Mapping[tuple[UUID, int], Decimal]:
        return covered_now(self._state, item_id)

    def row(self, table: sa.Table, **key: Any) -> Row | None:
        return self._rows.get(table, key)

    def rows(self, table: sa.Table, **equal: Any) -> list[Row]:
        return self._rows.find(table, equal)


def _unsplit(document: Document, no: int, parts: Sequence[LotPart]) -> str | None:
    """Why these cannot be the parts of a line, in words for the plugin's author; None if they can."""
    if not 1 <= no <= len(document.lines) or not document.lines[no - 1].stocked:
        return "there is no such line of goods"
    if len({part.lot_code for part in parts}) < len(parts) or not all(p.lot_code for p in parts):
        return "each part needs a lot of its own"
    counts = document.type.effect is Effect.COUNT
    if any(part.quantity < 0 or (part.quantity == 0 and not counts) for part in parts):
        return "a part has no quantity"
    whole = document.lines[no - 1].quantity
    if whole is None or sum(part.quantity for part in parts) != whole:
        return "the parts do not come to its quantity"
    return None


def movements(state: State, flows: Iterable[Flow]) -> tuple[Movement, ...]:
    """What a document is going to move, before it is carried out."""
    return tuple(_movement(state, flow) for flow in flows)


def backwards(events: Iterable[tuple[Flow, Legs]]) -> tuple[Movement, ...]:
    """What the reversal of a document moves: what its events moved in all, the other way round."""
    found = []
    for flow, legs in events:
        by_place: dict[UUID, Decimal] = defaultdict(Decimal)
        for key, leg in legs.items():
            by_place[key.place] += leg.quantity
        ends = {quantity > 0: place for place, quantity in by_place.items() if quantity}
        if ends:
            quantity = max(by_place.values())
            found.append(
                Movement(flow.line, flow.item, flow.lot, quantity, ends[True], ends[False])
            )
    return tuple(found)


def _movement(state: State, flow: Flow) -> Movement:
    source, target, quantity = flow.source.place, flow.target.place, flow.quantity
    if flow.basis is Basis.COUNT and flow.given is not None:
        # A count says what there is; what it moves is the difference from the book.
        book = state.books.balances.get(BalanceKey(flow.item, target, flow.lot), Decimal(0))
        quantity = flow.given - book
        if quantity < 0:
            source, target, quantity = target, source, -quantity
    return Movement(flow.line, flow.item, flow.lot, quantity, source, target)
