"""One posting transaction: lock, read, decide, write (rule 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core import commands
from core.db.database import RawTransaction
from core.db.lanes import AGAIN, Again
from core.documents import reading as stored_documents
from core.documents.lifecycle import Event, State, next_state
from core.documents.records import Document, DocumentDraft, Stored
from core.documents.rules import resolve
from core.documents.types import TYPES, Effect
from core.errors import NOT_FOUND, STALE_REVISION, Refusal, Refused, raise_any
from core.ledger import late, recording
from core.ledger.decide import Decision, decide
from core.ledger.loading import Loaded, items_of, load
from core.ledger.requests import Post, PostStored, Request, Reverse, Turn, Verdict
from core.ledger.writing import ConflictError


@dataclass(slots=True)
class _Batch:
    """What was read, and what is decided so far."""

    stored: dict[UUID, Stored]
    loaded: Loaded
    decided: list[tuple[Turn, Decision]] = field(default_factory=list)
    written: set[UUID] = field(default_factory=set)
    """The commands and the documents that were decided."""


async def together(
    tx: RawTransaction, turns: Sequence[Turn], *, ordered: bool
) -> list[Verdict | Again | None]:
    """Decide and write what can go together.

    None stands for a request that must go alone, AGAIN for one that must first find others in the books:
    it repeats a command of this batch or goes back to a document of it. Where the turns are ``ordered``,
    whoever sent them may rely on that, and all that follow such a request are to come again, too.
    """
    batch = await _read(tx, turns, history=False)
    verdicts: list[Verdict | Again | None] = []
    for turn in turns:
        held = ordered and verdicts and not isinstance(verdicts[-1], Verdict)
        verdicts.append(AGAIN if held else _verdict(batch, turn))
    recorded = await recording.record(tx, batch.loaded, batch.stored, batch.decided)
    written = {turn.command.id: v for (turn, _), v in zip(batch.decided, recorded, strict=True)}
    return [
        written[turn.command.id] if verdict is _DECIDED else verdict
        for turn, verdict in zip(turns, verdicts, strict=True)
    ]


async def alone(tx: RawTransaction, turn: Turn, reach: frozenset[UUID]) -> Verdict:
    """Post one request with as much history as it needs. ``reach`` are further items to lock.

    Raises Refused, and :class:`late.GrewError` with the items that it reaches beyond those locked.
    """
    reach |= await late.reach(tx, turn.request, await _stored(tx, [turn]))
    batch = await _read(tx, [turn], reach)
    if (known := _known(batch, turn)) is not None:
        return known
    grown = await late.reach(tx, turn.request, batch.stored)
    if not grown <= reach:
        raise late.GrewError(reach | grown)
    if _needs_history(batch, turn.request):
        document = _document(batch, turn.request)
        decision = await late.decide(tx, batch.loaded, turn.request, document, batch.stored)
    else:
        decision = _decide(batch, turn.request)
    made = await recording.record(tx, batch.loaded, batch.stored, [(turn, decision)])
    return made[0]


_DECIDED = Verdict()
"""Stands for the verdict of what is decided and still to be written."""


def _verdict(batch: _Batch, turn: Turn) -> Verdict | Again | None:
    known = _known(batch, turn)
    if known is not None:
        return known
    if not batch.written.isdisjoint(_meets(batch, turn)):
        return AGAIN
    if _needs_history(batch, turn.request):
        return None
    try:
        decision = _decide(batch, turn.request)
    except Refused as refused:
        return Verdict(refusals=refused.refusals)
    batch.decided.append((turn, decision))
    batch.written |= {turn.command.id, decision.document.id}
    return _DECIDED


def _known(batch: _Batch, turn: Turn) -> Verdict | None:
    """The verdict of a command that was carried out before (rule 2.4)."""
    before = batch.loaded.commands.get(turn.command.id)
    if before is None:
        return None
    answer = commands.answer_to(turn.command, *before)
    return Verdict(refusals=(answer,)) if isinstance(answer, Refusal) else Verdict(answer)


def _meets(batch: _Batch, turn: Turn) -> set[UUID | None]:
    """The command and the documents that must be in the books before this request is decided."""
    request = turn.request
    if isinstance(request, Post):
        return {request.command.id, request.draft.id, request.draft.source_id}
    known = batch.stored.get(request.document_id)
    source = known.document.source_id if known else None
    return {request.command.id, request.document_id, source}


async def _stored(tx: RawTransaction, turns: Sequence[Turn]) -> dict[UUID, Stored]:
    ids = [t.request.document_id for t in turns if not isinstance(t.request, Post)]
    return await stored_documents.documents(tx, ids)


async def _read(
    tx: RawTransaction,
    turns: Sequence[Turn],
    further: frozenset[UUID] = frozenset(),
    *,
    history: bool = True,
) -> _Batch:
    """Lock in the one order that all postings share, then read (rules 3.1 and 3.2). Links never change,
    so they are read before. Raises ConflictError where a draft was edited until it was locked: it may
    name other items and another source now."""
    stored = await _stored(tx, turns)
    documents: list[DocumentDraft | Document] = [s.document for s in stored.values()]
    documents += [t.request.draft for t in turns if isinstance(t.request, Post)]
    sources = {d.source_id for d in documents if d.source_id is not None}
    items = set(further).union(*(items_of(d) for d in documents))
    before = await stored_documents.items_of_documents(tx, sources)
    await stored_documents.lock_documents(tx, {*stored, *sources, *before.sources})
    seen = {key: known.revision for key, known in stored.items()}
    stored = await stored_documents.documents(tx, list(stored))
    if seen != {key: known.revision for key, known in stored.items()}:
        raise ConflictError
    loaded = await load(
        tx,
        items | before.items,
        sources | before.sources,
        {d.party_id for d in documents if d.party_id is not None},
        {turn.command.id for turn in turns},
        documents,
        named=None if history else before.lots,
    )
    return _Batch(stored, loaded)


def _needs_history(batch: _Batch, request: Request) -> bool:
    state = batch.loaded.state
    if isinstance(request, Reverse):
        return request.document_id in batch.stored
    if isinstance(request, Post):
        document: DocumentDraft | Document = request.draft
        effect = TYPES[request.draft.type].effect if request.draft.type in TYPES else None
    elif request.document_id in batch.stored:
        document = batch.stored[request.document_id].document
        effect = document.type.effect
    else:
        return False
    if effect is Effect.LANDED and state.rules.landed_cost == "repost":
        return True
    if effect is Effect.ORDER:
        return False
    items = items_of(document)
    if effect is Effect.LANDED and document.source_id in state.sources:
        items |= {s.line.item_id for s in state.sources[document.source_id].lines.values()}
    moved = (state.moved_through.get(item) for item in items)
    return any(day is not None and document.business_date < day for day in moved)


def _document(batch: _Batch, request: Request) -> Document:
    """The document a request is about, checked as far as its own content and state go."""
    rules = batch.loaded.state.rules
    if isinstance(request, Post):
        document = resolve(request.draft, batch.loaded.reference())
        required = document.type_code in rules.approval_required
        _step(State.DRAFT, document, approval_required=required)
        return document
    known = batch.stored.get(request.document_id)
    if known is None:
        raise Refused(Refusal(NOT_FOUND, ("id",), {"id": str(request.document_id)}))
    if isinstance(request, Reverse):
        return known.document
    if known.revision != request.revision:
        details = {"seen": request.revision, "actual": known.revision}
        raise Refused(Refusal(STALE_REVISION, ("revision",), details))
    required = known.document.type_code in rules.approval_required
    _step(State(known.state), known.document, approval_required=required)
    return known.document


def _step(state: State, document: Document, *, approval_required: bool) -> None:
    order = document.type.effect is Effect.ORDER
    event = Event.APPROVE if order else Event.POST
    after = next_state(state, event, order=order, approval_required=approval_required and not order)
    raise_any([after] if isinstance(after, Refusal) else [])


def _decide(batch: _Batch, request: Request) -> Decision:
    document = _document(batch, request)
    approved = isinstance(request, PostStored) and batch.stored[document.id].state == "approved"
    return decide(batch.loaded.state, document, len(batch.decided), approved=approved)
