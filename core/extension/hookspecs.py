"""The hooks of the core: what a plugin may do, when it is asked, and what a failure does.

A plugin is a module with a ``manifest`` and functions marked ``@hookimpl`` that are named like these and
take any of their arguments. No hook is called for a tenant that has the module switched off. A hook gets
records and answers with values; what it may not do is written at each. Hooks run in the order of
dependencies, then of names. What the GraphQL schema gains is declared in ``schema/hookspecs.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pluggy

from core.db.database import Transaction
from core.documents.records import Line, LineDraft
from core.documents.types import DocumentType
from core.errors import Refusal
from core.extension.records import (
    Job,
    LotPart,
    Offer,
    Posted,
    Posting,
    PostingJob,
    Reads,
    Work,
    Write,
)
from core.imports.columns import ImportColumn
from core.indicators.records import Indicator

PROJECT = "tallybook"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class CoreHooks:
    """Every hook of the core. All are optional."""

    @hookspec
    def document_types(self) -> Sequence[DocumentType]:
        """Further types of document over core's effects; asked once, at start.

        A code, or a prefix of numbers, that another plugin or core has is refused at start. Tenants
        without the module do not see the type.
        """
        raise NotImplementedError

    @hookspec
    def posting_reads(self) -> Sequence[Reads]:
        """Which rows of its own tables the plugin wants to know when postings are decided; asked once,
        at start."""
        raise NotImplementedError

    @hookspec
    def named_lots(self, lines: Sequence[Line | LineDraft]) -> Iterable[UUID]:
        """Which lots the lines of a document name in the plugin's own field, beside their ``lot_code``; their
        ids are made by ``lot_id``, whether there are such lots or not.

        Asked before the state is read, which has the lots that are in stock and those that are named: a
        lot that is gone is known only if it is named. Not asked for what reads all there ever was, late
        documents and reversals. It fails closed, like ``allocate``.
        """
        raise NotImplementedError

    @hookspec
    def split_lines(self, posting: Posting) -> Iterable[LotPart]:
        """Which lots lines are about, and how much of each: a line that has parts is carried out part by
        part, as if each were a line of its own that names this lot; amounts are shared by quantity.

        Asked once for a document under the lock, before anything is allocated; not for orders and
        reversals. The parts of a line must come to its quantity, each lot once. One module can split a
        line; lines that none splits stay as they are. It may raise Refused, with paths from the document
        on. It fails closed, like ``allocate``.
        """
        raise NotImplementedError

    @hookspec
    def allocate(
        self, posting: Posting, line: Line, offers: Sequence[Offer]
    ) -> Sequence[Offer] | None:
        """Which goods a line takes that names no lot, or one that lies there in parts: those of ``offers``
        that may be taken, in the order in which to take them, or None to leave the line to others.

        Asked under the lock, before the movements are made; ``offers`` come in core's own order, which
        is first in, first out; a plugin is offered what those before it chose, in their order, so that each
        may leave out or rank what it knows of. It fails closed: an exception,
        or an offer that was not offered, refuses the posting with MODULE_FAILED.
        """
        raise NotImplementedError

    @hookspec
    def check_posting(self, posting: Posting) -> Iterable[Refusal]:
        """Why a document may not be posted; nothing where it may.

        Asked under the lock, after allocation, for orders, postings, late documents and reversals.
        Paths of refusals start at the document. It fails closed, like ``allocate``.
        """
        raise NotImplementedError

    @hookspec
    def posting_rows(self, posting: Posting) -> Iterable[Write]:
        """Rows of the plugin's own tables that go into the books with the document (a *participant*).

        Asked when nothing refuses. Core checks tables, columns and types, and writes all rows of a
        batch sorted by key, in the same transaction. It fails closed, like ``allocate``.
        """
        raise NotImplementedError

    @hookspec
    def posted(self, work: Work, postings: Sequence[Posted]) -> Awaitable[None]:
        """What became of a batch, after its commit: an *observer*.

        ``work`` opens transactions of this tenant, for the plugin's own tables. It cannot refuse and
        its failure is nobody's: it is logged with the plugin's name, and after five failures within
        ten minutes the observer is switched off for that tenant until the process starts anew, with
        an alert in the audit (``module.observer_off``). A process that ends tells nobody what was on
        its way: who must miss nothing reads the documents since the last posting number he knows.
        """
        raise NotImplementedError

    @hookspec
    def jobs(self) -> Sequence[Job | PostingJob]:
        """What is to be done regularly; asked once, at start.

        A run that fails is rolled back, logged with the plugin's name, and tried again in the next round.
        """
        raise NotImplementedError

    @hookspec
    def save_attributes(
        self, tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
    ) -> Awaitable[Iterable[Refusal]]:
        """Store what was sent for the plugin with master data: ``kind`` is ``item``, ``party`` or
        ``place``, ``values`` what stood in the field named after the plugin, by object.

        Awaited in the transaction that saves the objects, after they are written; a value of None
        clears what is kept. The path of a refusal begins with the id of its object, as text, and leads
        on from within the field, or after ``OF_CORE`` from a field of core's own; without the id it is
        about all of them. What is refused is rolled back, and so is everything on a failure. A violated
        constraint that the manifest names counts as its refusal.
        """
        raise NotImplementedError

    @hookspec
    def item_attributes(
        self, tx: Transaction, item_ids: Collection[UUID]
    ) -> Awaitable[Mapping[UUID, Mapping[str, str]]]:
        """What the plugin knows of items that others may go by, as texts by attribute: those of
        ``item_ids`` of which it knows something.

        Other plugins read it with ``attributes_of_items``, under the plugin's name. Awaited in the
        transaction of whoever asks, for two seconds at most, and only reads. It fails closed: an
        exception refuses what the other wanted it for, with MODULE_FAILED.
        """
        raise NotImplementedError

    @hookspec
    def indicators(self) -> Sequence[Indicator]:
        """Figures that managers look at beside core's own; asked once, at start.

        Codes begin with the plugin's name and a dot. Each is measured in a snapshot, contained by itself:
        what fails is shown as MODULE_FAILED in its place, and hinders no other.
        """
        raise NotImplementedError

    @hookspec
    def import_columns(self) -> Sequence[ImportColumn]:
        """Columns that files of items or parties may have for the plugin; asked once, at start.

        What the cells of a row say reaches ``save_attributes`` as if it had been sent in the plugin's field,
        but for what no column tells, which is absent: then it stays as it is kept.
        """
        raise NotImplementedError

    @hookspec
    def enabling(self, tx: Transaction) -> Awaitable[Iterable[Refusal]]:
        """What stands in the way of switching the module on for this tenant; may bring its rows up to
        date with what happened while it was off.

        Awaited in the transaction that switches, before the module counts as on, for two seconds at
        most. Also asked in one that only reads, to show what stands in the way: say it before you
        write. It fails closed: an exception refuses the switch with MODULE_FAILED.
        """
        raise NotImplementedError

    @hookspec
    def disabling(self, tx: Transaction) -> Awaitable[Iterable[Refusal]]:
        """What stands in the way of switching it off: stock that would be stranded, goods on hold.
        Asked like ``enabling``, while the module is on."""
        raise NotImplementedError

    @hookspec
    def differences(self, tx: Transaction) -> Awaitable[Iterable[str]]:
        """Invariants of the plugin's own rows that do not hold, one sentence each, for
        ``tallybook verify``. Awaited in a transaction that only reads, for half a minute at most: whole
        tables are looked at."""
        raise NotImplementedError
