"""What a plugin's hooks are given, and what they answer: frozen records, no session, no engine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel

from core.db.database import Database, Transaction
from core.documents.facts import ItemFacts, PlaceFacts
from core.documents.records import Document, Line
from core.tenancy.rules import Principal

Row = Mapping[str, Any]
"""A row of a plugin's table by column, without ``tenant_id``."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module as it is switched on for a tenant, with the tenant's settings for it."""

    name: str
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules that a tenant has switched on, in the order of the registry."""

    on: Mapping[str, Module] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.on)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.on.values())


@dataclass(frozen=True, slots=True)
class Reads:
    """Rows that a plugin wants to know when a posting is decided. Core reads them set-based, after the
    items are locked, where ``table.by`` is among what the posting concerns: ``by`` is ``item_id`` (of
    its lines), ``party_id``, ``lot_id`` (every lot of these items that has stock or is named, what it
    belongs to, and, where the table's key has the item, too, goods without a lot) or ``document_id`` (the
    document itself and the one that it goes back to, which are locked too)."""

    table: sa.Table
    by: str


@dataclass(frozen=True, slots=True)
class Write:
    """A row to be written with the posting: inserted, or brought up to date where its key is there.

    Only into declared tables of the plugin itself; ``tenant_id`` is core's to fill. What may change
    must belong to one item of the posting, whose guard is locked, or to its document or that one's
    source, which are.
    """

    table: sa.Table
    row: Row


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot, as core knows it: an item's goods of one identity."""

    id: UUID
    item_id: UUID
    code: str
    parent_id: UUID | None
    received_on: date


@dataclass(frozen=True, slots=True)
class Movement:
    """Goods that a posting moves: ``quantity`` in base units from a place to a place, of which one may
    be a virtual account. ``lot_id`` is the nil id for goods without a lot."""

    line: int
    item_id: UUID
    lot_id: UUID
    quantity: Decimal
    source: UUID
    target: UUID


@dataclass(frozen=True, slots=True)
class Offer:
    """Goods that a line may take: what is free of one lot at one place."""

    place_id: UUID
    lot_id: UUID
    free: Decimal


@dataclass(frozen=True, slots=True)
class LotPart:
    """The part of a line that is of one lot: ``quantity`` in base units; of a count, how many were found.

    ``unit`` says that the lot is one piece, of which there can be only one, in one place. ``parent_code``
    names the lot that a new one belongs to, by which it is valued, held and traced along.
    """

    line: int
    lot_code: str
    quantity: Decimal
    unit: bool = False
    parent_code: str | None = None


class View(Protocol):
    """The locked state that a posting is decided on. Everything it gives is a copy or cannot change."""

    @property
    def settings(self) -> Any:
        """The tenant's settings for this plugin, an instance of the manifest's model."""

    @property
    def now(self) -> datetime:
        """The database's clock."""

    @property
    def today(self) -> date:
        """Today in the tenant's accounting zone (ledger rule 6.1)."""

    def today_at(self, place_id: UUID) -> date:
        """Today at a place: in its own time zone, that of the nearest place above it, or the tenant's."""

    def item(self, item_id: UUID) -> ItemFacts:
        """An item of the posting. KeyError for others."""

    def place(self, place_id: UUID) -> PlaceFacts:
        """Any place of the tenant, virtual accounts included."""

    def lot(self, lot_id: UUID) -> Lot | None:
        """A lot of an item of the posting that has stock or is named, also one that this posting makes."""

    def lot_named(self, item_id: UUID, code: str) -> Lot | None:
        """The same, by its code."""

    def on_hand(self, item_id: UUID) -> Mapping[tuple[UUID, UUID], Decimal]:
        """What is there of an item, by place and lot."""

    def promised(self, item_id: UUID) -> Mapping[tuple[UUID, int], Decimal]:
        """What orders still promise of an item, by order and line."""

    def covered(self, item_id: UUID) -> Mapping[tuple[UUID, int], Decimal]:
        """How much of that is in stock and not held when the order's turn comes: an earlier promise is
        served first."""

    def row(self, table: sa.Table, **key: Any) -> Row | None:
        """A row that the plugin asked for (:class:`Reads`) by its whole key, with what earlier
        documents of the same batch wrote."""

    def rows(self, table: sa.Table, **equal: Any) -> list[Row]:
        """All such rows in which these columns have these values."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One document on its way into the books. ``movements`` is what it will move, with the lots that
    were allocated; empty while they are being allocated, and for orders, which only promise.
    ``reverses`` is true of a reversal, whose lines and movements mirror those of its original."""

    document: Document
    view: View
    movements: tuple[Movement, ...] = ()

    @property
    def reverses(self) -> bool:
        return self.document.reverses_id is not None

    def line(self, no: int) -> Line:
        """A line by its number, which counts from 1."""
        return self.document.lines[no - 1]


@dataclass(frozen=True, slots=True)
class Posted:
    """A document that was posted or approved and is in the books for good."""

    document_id: UUID
    type_code: str
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done regularly for every tenant that has the module on.

    ``every`` divides time into slots from 1970 on (an hour, a day), and each slot has its effect once,
    whatever processes there are and however they end: ``run`` does its work in the transaction that marks
    the slot as done. A slot that passed while nothing ran is made up for once, not once for each.
    """

    name: str
    every: timedelta
    run: Callable[[Transaction], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class PostingJob:
    """Like a :class:`Job`, for what posts documents, each of which is a transaction of its own.

    ``run`` gets the tenant's work and a principal for it: nobody of the tenant's members, but the system.
    The slot is marked as done once ``run`` has ended. It may have been cut off before that, or be at it in
    two processes at once, so what was posted already must not be posted again: ``run`` looks, and a key of
    the plugin's table, written with the document, lets one in.
    """

    name: str
    every: timedelta
    run: Callable[[Work, Principal], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Work:
    """The tenant's data, for a plugin's own tables: a unit of work of this tenant and no other."""

    tenant_id: UUID
    database: Database

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that may write."""
        return self.database.transaction(self.tenant_id)

    def snapshot(self) -> AbstractAsyncContextManager[Transaction]:
        """One moment to read in."""
        return self.database.snapshot(self.tenant_id)
