"""The one door: everything that moves stock, value or promises goes through here (ledger rule 3).

A batch of one tenant is locked, read, decided and written in one transaction; a document on its own is
a batch of one. What needs history (late news, reversal, landed cost) leaves the batch and goes alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg
import sqlalchemy as sa

from core import commands
from core.commands import CommandRaceError
from core.db.database import Database, Transaction
from core.documents import reading as stored_documents
from core.documents.lifecycle import Event, State, next_state
from core.documents.records import Document, DocumentDraft, Stored
from core.documents.rules import resolve
from core.documents.types import TYPES, Effect
from core.errors import DUPLICATE, NOT_FOUND, STALE_REVISION, Refusal, Refused, define, raise_any
from core.ledger import late, recording
from core.ledger.decide import Decision, decide
from core.ledger.loading import Loaded, items_of, load
from core.ledger.requests import Post, PostStored, Request, Reverse, Verdict
from core.ledger.seal import mark_due
from core.ledger.stock import OUT_OF_STOCK
from core.ledger.writing import ConflictError
from core.tenancy.rules import Principal

T = TypeVar("T")

MAX_BATCH = 128
"""Documents decided in one transaction; a larger bulk is cut (rule 3.9)."""

_ATTEMPTS = 8

UNIT_ELSEWHERE = define(
    "UNIT_ELSEWHERE",
    en="This unit is already in another place.",
    zh="该单件已在其他地点。",
)
BUSY = define(
    "BUSY",
    en="Others are working on the same goods. Send the same command again.",
    zh="其他人正在操作相同的货品,请用相同的 commandId 重试。",
)

_CONSTRAINTS = {
    "document_pkey": DUPLICATE,
    "balance_oversold": OUT_OF_STOCK,
    "balance_unit": UNIT_ELSEWHERE,
    "balance_unit_in_one_place": UNIT_ELSEWHERE,
}
"""The last guards of the database (rule 3.7), in the words of the refusal they stand for."""


async def post(db: Database, principal: Principal, request: Request) -> Verdict:
    """Carry out one request. Its refusals come back in the verdict."""
    return (await post_many(db, principal, [request]))[0]


async def post_many(
    db: Database, principal: Principal, requests: Sequence[Request]
) -> list[Verdict]:
    """Carry out requests in order, each with a verdict of its own (rule 2.4).

    A command that was carried out before is answered as it was then. Raises OutcomeUnknownError if the
    connection breaks at COMMIT.
    """
    verdicts: list[Verdict] = []
    for start in range(0, len(requests), MAX_BATCH):
        verdicts += await _chunk(db, principal, requests[start : start + MAX_BATCH])
    if any(verdict.outcome for verdict in verdicts):
        mark_due(principal.tenant_id)
    return verdicts


async def _chunk(db: Database, principal: Principal, requests: Sequence[Request]) -> list[Verdict]:
    """Runs of documents that may share a batch go together; order is kept."""
    try:
        answers = await _retrying(lambda: _batch(db, principal, requests))
    except Refused as busy:
        return [Verdict(refusals=busy.refusals)] * len(requests)
    except psycopg.IntegrityError as error:
        if len(requests) == 1:
            return [Verdict(refusals=(_refusal(error),))]
        answers = [None] * len(requests)  # the batch failed as a whole: its documents go one by one
    verdicts: list[Verdict] = []
    for index, answer in enumerate(answers):
        if answer is None:
            answer = await _alone(db, principal, requests[index])
        verdicts.append(answer)
    return verdicts


async def _retrying(once: Callable[[], Awaitable[T]]) -> T:
    """Run a whole transaction again where it lost a race (rule 3.8); a refused command may be the echo
    of its own twin, which the next attempt sees."""
    for _ in range(_ATTEMPTS):
        try:
            return await once()
        except (CommandRaceError, ConflictError, late.GrewError):
            continue
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            continue
        except sa.exc.DBAPIError as error:
            if not commands.is_retryable(error):
                raise
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != "command_pkey":
                raise
    raise Refused(Refusal(BUSY))


async def _batch(
    db: Database, principal: Principal, requests: Sequence[Request]
) -> list[Verdict | None]:
    """Decide and write what can go together. None stands for a request that must go alone: late news,
    or one that follows such a request in the batch and so must wait for it."""
    async with db.transaction(principal.tenant_id) as tx:
        known = await _known(tx, requests)
        fresh = [r for r in requests if r.command.id not in known]
        stored = await _stored(tx, fresh)
        loaded = await _load(tx, fresh, stored)
        known |= await _known(tx, fresh)
        verdicts: list[Verdict | None] = []
        decisions: list[tuple[Request, Decision]] = []
        decided: set[UUID] = set()
        waiting = False
        for request in requests:
            verdict = known.get(request.command.id)
            if verdict is None and not decided.isdisjoint(_meets(request, stored)):
                waiting = True  # what goes back to another of the batch waits until that is in
            if verdict is None and not waiting:
                waiting = _needs_history(request, stored, loaded)
            if verdict is None and not waiting:
                try:
                    decision = _decide(request, stored, loaded, len(decisions))
                except Refused as refused:
                    verdict = Verdict(refusals=refused.refusals)
                else:
                    decisions.append((request, decision))
                    decided |= {request.command.id, decision.document.id}
            verdicts.append(verdict)
        outcomes = await recording.record(tx, principal, loaded, stored, decisions)
    return _answers(requests, verdicts, [r for r, _ in decisions], outcomes)


def _meets(request: Request, stored: dict[UUID, Stored]) -> set[UUID | None]:
    """The command and the documents that must be in the books before this request is decided."""
    if isinstance(request, Post):
        return {request.command.id, request.draft.id, request.draft.source_id}
    known = stored.get(request.document_id)
    source = known.document.source_id if known else None
    return {request.command.id, request.document_id, source}


def _answers(
    requests: Sequence[Request],
    verdicts: list[Verdict | None],
    written: Sequence[Request],
    outcomes: Sequence[Verdict],
) -> list[Verdict | None]:
    by_request = {id(request): outcome for request, outcome in zip(written, outcomes, strict=True)}
    return [
        by_request.get(id(request), verdict)
        for request, verdict in zip(requests, verdicts, strict=True)
    ]


async def _alone(db: Database, principal: Principal, request: Request) -> Verdict:
    """A posting of its own transaction, with as much history as it needs."""
    reach: frozenset[UUID] = frozenset()

    async def once() -> Verdict:
        nonlocal reach
        async with db.transaction(principal.tenant_id) as tx:
            known = await _known(tx, [request])
            if request.command.id in known:
                return known[request.command.id]
            stored = await _stored(tx, [request])
            reach |= await late.reach(tx, request, stored)
            loaded = await _load(tx, [request], stored, reach)
            if request.command.id in (known := await _known(tx, [request])):
                return known[request.command.id]
            grown = await late.reach(tx, request, stored)
            if not grown <= reach:
                reach |= grown
                raise late.GrewError
            if _needs_history(request, stored, loaded):
                document = _document(request, stored, loaded)
                decision = await late.decide(tx, loaded, request, document, stored)
            else:
                decision = _decide(request, stored, loaded, 0)
            return (await recording.record(tx, principal, loaded, stored, [(request, decision)]))[0]

    try:
        return await _retrying(once)
    except Refused as refused:
        return Verdict(refusals=refused.refusals)
    except psycopg.IntegrityError as error:
        return Verdict(refusals=(_refusal(error),))


async def _known(tx: Transaction, requests: Sequence[Request]) -> dict[UUID, Verdict]:
    answers = await commands.known_many(tx, [request.command for request in requests])
    return {
        id_: Verdict(refusals=(answer,)) if isinstance(answer, Refusal) else Verdict(answer)
        for id_, answer in answers.items()
    }


async def _stored(tx: Transaction, requests: Sequence[Request]) -> dict[UUID, Stored]:
    ids = [r.document_id for r in requests if not isinstance(r, Post)]
    return await stored_documents.documents(tx, ids)


async def _load(
    tx: Transaction,
    requests: Sequence[Request],
    stored: dict[UUID, Stored],
    further: frozenset[UUID] = frozenset(),
) -> Loaded:
    """Lock in the one order that all postings share, then read (rules 3.1 and 3.2)."""
    documents: list[DocumentDraft | Document] = [s.document for s in stored.values()]
    documents += [r.draft for r in requests if isinstance(r, Post)]
    sources = {d.source_id for d in documents if d.source_id is not None}
    items = set(further).union(*(items_of(d) for d in documents))
    before = await stored_documents.items_of_documents(tx, sources)
    await stored_documents.lock_documents(tx, {*stored, *sources, *before.sources})
    stored.update(await stored_documents.documents(tx, list(stored)))
    parties = {d.party_id for d in documents if d.party_id is not None}
    return await load(tx, items | before.items, sources | before.sources, parties)


def _needs_history(request: Request, stored: dict[UUID, Stored], loaded: Loaded) -> bool:
    state = loaded.state
    if isinstance(request, Reverse):
        return request.document_id in stored
    if isinstance(request, Post):
        document: DocumentDraft | Document = request.draft
        effect = TYPES[request.draft.type].effect if request.draft.type in TYPES else None
    elif request.document_id in stored:
        document = stored[request.document_id].document
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


def _document(request: Request, stored: dict[UUID, Stored], loaded: Loaded) -> Document:
    """The document a request is about, checked as far as its own content and state go."""
    rules = loaded.state.rules
    if isinstance(request, Post):
        document = resolve(request.draft, loaded.reference())
        required = document.type_code in rules.approval_required
        _step(State.DRAFT, document, approval_required=required)
        return document
    known = stored.get(request.document_id)
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


def _decide(request: Request, stored: dict[UUID, Stored], loaded: Loaded, index: int) -> Decision:
    document = _document(request, stored, loaded)
    approved = isinstance(request, PostStored) and stored[document.id].state == "approved"
    return decide(loaded.state, document, index, approved=approved)


def _refusal(error: psycopg.IntegrityError) -> Refusal:
    name = error.diag.constraint_name or ""
    code = _CONSTRAINTS.get(name)
    if code is None:
        raise error
    details = {"field": "id", "value": "", "item": "?", "place": "?", "wanted": "?", "available": 0}
    return Refusal(code, ("id",) if code == DUPLICATE else ("lines",), details)
