"""Postings that need history: backdated documents, reversals, landed cost on goods that moved on."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.db.database import RawTransaction
from core.documents import reading as stored_documents
from core.documents.progress import BELOW_NOTHING
from core.documents.records import Document, Stored
from core.documents.types import Effect
from core.errors import Refusal, Refused, define, raise_any
from core.ids import NIL
from core.ledger import history, tracing
from core.ledger.decide import (
    Decision,
    Progressed,
    check,
    check_count,
    check_value,
    fulfilled,
    moved,
    progressed,
    promise_of,
    promises,
    restandard,
    settle_promises,
)
from core.ledger.flows import Builder
from core.ledger.history import History
from core.ledger.landed import landed_shares
from core.ledger.loading import Loaded
from core.ledger.plugged import backwards, movements
from core.ledger.records import PENDING, ZERO, Balances, Event, Flow, Method, Position
from core.ledger.replay import opposite, replay
from core.ledger.requests import Post, Request, Reverse
from core.ledger.state import Promised, State
from core.ledger.stock import check_leaving

ALREADY_REVERSED = define(
    "ALREADY_REVERSED",
    en="Document {number} has already been reversed.",
    zh="单据 {number} 已红冲。",
)
NOT_REVERSIBLE = define(
    "NOT_REVERSIBLE",
    en="Only a posted document can be reversed, and a reversal cannot be reversed itself.",
    zh="只有已记账的单据可以红冲,红冲单本身不能再红冲。",
)
HAS_DEPENDENTS = define(
    "HAS_DEPENDENTS",
    en="{count} document(s) depend on {number}. Reverse them first.",
    zh="有 {count} 张单据依赖 {number},请先红冲它们。",
)
BEFORE_ORIGINAL = define(
    "BEFORE_ORIGINAL",
    en="A reversal cannot be dated before its original ({date}).",
    zh="红冲日期不能早于原单据日期({date})。",
)


class GrewError(Exception):
    """More items are concerned than were locked: roll back, begin again with the larger set (6.5)."""

    def __init__(self, items: frozenset[UUID]) -> None:
        super().__init__(items)
        self.items = items


async def reach(
    tx: RawTransaction, request: Request, stored: dict[UUID, Stored]
) -> frozenset[UUID]:
    """The items that the news can reach, read without lock (rule 6.5)."""
    draft = request.draft if isinstance(request, Post) else None
    if draft is None:
        known = stored.get(request.document_id) if not isinstance(request, Post) else None
        if known is None:
            return frozenset()
        items = {line.item_id for line in known.document.lines if line.stocked}
        start, source = known.document.business_date, known.document.source_id
    else:
        items = {line.item_id for line in draft.lines}
        start, source = draft.business_date, draft.source_id
    if source is not None:
        before = await stored_documents.sources(tx, [source])
        if source in before:  # a landed cost goes back to its receipt and plays that again, too
            start = min(start, before[source].business_date)
            items |= {s.line.item_id for s in before[source].lines.values() if s.line.stocked}
    return await history.connected(tx, items, Position(start, 0, 0))


async def decide(
    tx: RawTransaction,
    loaded: Loaded,
    request: Request,
    document: Document,
    stored: dict[UUID, Stored],
) -> Decision:
    """Decide one such posting. Raises Refused."""
    if isinstance(request, Reverse):
        return await _reverse(tx, loaded, request, stored[request.document_id])
    if document.type.effect is Effect.LANDED and loaded.state.rules.landed_cost == "repost":
        check(loaded.state, document)
        return await _landed(tx, loaded, document)
    approved = document.id in stored and stored[document.id].state == "approved"
    return await _backdated(tx, loaded, document, approved=approved)


async def _backdated(
    tx: RawTransaction, loaded: Loaded, document: Document, *, approved: bool
) -> Decision:
    """The document takes its place at the end of its day; what came later is played again."""
    state = loaded.state
    check(state, document)
    start = Position(document.business_date, PENDING, 0)
    past = await history.since(tx, state, list(state.items), start)
    now = deepcopy(state.books) if state.rules.backdated == "post_now" else None
    await _rewind(tx, state, past, start)
    builder = Builder(state, document, PENDING)
    if not approved:
        raise_any(check_count(state, builder))
    flows = builder.build()
    check_value(state, flows)
    if state.plugged is not None:
        goods = movements(state, flows)
        state.plugged.check(state, document, goods)
        state.plugged.conclude(state, document, goods)
    steps, own = list(progressed(state, document)), fulfilled(state, document)
    decision = Decision(document, "posted", lots=builder.lots, progress=steps)
    restandard(state, document, PENDING, decision)
    result = replay(state, past.events, flows, reversed_=past.reversed)
    if now is not None:  # quantities hold at every date; the value is booked as of today
        now.policies = state.books.policies
        state.books = now
        result = replay(state, [], flows)
    decision.entries, decision.corrections = result.entries, result.corrections
    if document.type.effect is not Effect.COUNT:  # what was counted is a fact, whatever is promised
        _check_now(loaded, document, own)
    settle_promises(state, decision, own)
    moved(state, document, flows)
    return decision


async def _landed(tx: RawTransaction, loaded: Loaded, document: Document) -> Decision:
    """Landed cost as if it had been on the receipt: what was sold since becomes dearer (repost)."""
    state = loaded.state
    source = state.sources[document.source_id or NIL]
    shares = landed_shares(state, document, source)
    places = {no: state.books.origins[source.sequence or 0, no] for no in shares}
    amended = {Event(o.sequence, o.flow): shares[no] for no, o in places.items()}
    first = min(places.values())
    start = Position(first.on, first.sequence, 0)
    past = await history.since(tx, state, list(state.items), start)
    await _rewind(tx, state, past, start)
    result = replay(state, past.events, [], amended=amended, reversed_=past.reversed)
    decision = Decision(document, "posted")
    for posted in result.corrections:
        own = posted.flow.event in amended
        (decision.entries if own else decision.corrections).append(posted)
    return decision


async def _reverse(
    tx: RawTransaction, loaded: Loaded, request: Reverse, original: Stored
) -> Decision:
    state = loaded.state
    await _check_reversible(tx, original)
    document = mirror(original.document, request)
    check(state, replace(document, source_id=None))
    await _consult(tx, state, original, document)
    if document.business_date < original.document.business_date:
        details = {"date": original.document.business_date.isoformat()}
        raise Refused(Refusal(BEFORE_ORIGINAL, ("date",), details))
    sequence = original.sequence or 0
    amended = {event: -given for event, given in (await tracing.amended(tx, sequence)).items()}
    same_day = document.business_date == original.document.business_date or bool(amended)
    restored: list[tuple[UUID, Decimal]] = []
    if same_day:
        _forget_standards(state, sequence)
        start = await _first_position(tx, sequence, document.business_date)
    else:
        start = Position(document.business_date, PENDING, 0)
        restored = _restore_standards(state, sequence, start)
    past = await history.since(tx, state, list(state.items), start)
    flows: list[Flow] = []
    if not same_day:
        flows = await _opposites(tx, state, sequence, document)
    await _rewind(tx, state, past, start, (flow.link for flow in flows if flow.link))
    dropped = past.reversed | ({sequence} if same_day else frozenset())
    result = replay(state, past.events, flows, amended=amended, reversed_=dropped)
    decision = Decision(document, "posted", entries=result.entries, standards=restored)
    for posted in result.corrections:
        own = posted.flow.event.sequence == sequence or posted.flow.event in amended
        if own and not amended:
            given = posted.flow.given
            posted = replace(posted, given=None if given is None else -given)
        (decision.entries if own else decision.corrections).append(posted)
    _check_now(loaded, document, [])
    _undo_progress(state, original.document, decision)
    moved(state, document, flows)
    return decision


async def _consult(tx: RawTransaction, state: State, original: Stored, document: Document) -> None:
    """Let modules check a reversal, and write what it takes back of theirs. Raises Refused."""
    if state.plugged is None:
        return
    past = await history.of_document(tx, state, original.sequence or 0)
    goods = backwards((event.flow, event.legs) for event in past.events)
    state.plugged.check(state, document, goods)
    state.plugged.conclude(state, document, goods)


def mirror(document: Document, request: Reverse) -> Document:
    """The red document: the same content with negative quantities and amounts (红字单据)."""
    lines = tuple(
        replace(
            line,
            entered_quantity=None if line.entered_quantity is None else -line.entered_quantity,
            quantity=None if line.quantity is None else -line.quantity,
            net=-line.net,
            tax=-line.tax,
            total=-line.total,
        )
        for line in document.lines
    )
    return replace(
        document,
        id=request.id,
        business_date=request.on or document.business_date,
        lines=lines,
        net=-document.net,
        tax=-document.tax,
        total=-document.total,
        reverses_id=document.id,
        remark=request.remark,
    )


async def _check_reversible(tx: RawTransaction, original: Stored) -> None:
    if original.reversed_by_id is not None:
        raise Refused(Refusal(ALREADY_REVERSED, ("id",), {"number": original.number}))
    wrong = original.document.reverses_id is not None or original.document.type.system
    if original.state != "posted" or wrong:
        raise Refused(Refusal(NOT_REVERSIBLE, ("id",)))
    count = await stored_documents.dependents(tx, original.document.id)
    if count:
        details = {"count": count, "number": original.number}
        raise Refused(Refusal(HAS_DEPENDENTS, ("id",), details))


def _restore_standards(state: State, sequence: int, start: Position) -> list[tuple[UUID, Decimal]]:
    """From here on the standard costs hold that held without the reversed document."""
    restored = []
    for item, policy in state.books.policies.items():
        without = [s for s in policy.standards if s[0].sequence != sequence]
        if len(without) == len(policy.standards):
            continue
        cost = replace(policy, standards=without).standard_at(start)
        if cost is not None:
            restored.append((item, cost))
            policy.standards = sorted([*policy.standards, (start, cost)])
    return restored


def _forget_standards(state: State, sequence: int) -> None:
    for policy in state.books.policies.values():
        policy.standards = [s for s in policy.standards if s[0].sequence != sequence]


async def _first_position(tx: RawTransaction, sequence: int, on: date) -> Position:
    """Where the document's first event stands: for a landed cost, at the receipt it corrects, all of
    it, because an output of a conversion is worth what its lines before took."""
    first = await tracing.first_position(tx, sequence)
    return Position(on, sequence, 0) if first is None else first._replace(flow=0)


async def _opposites(
    tx: RawTransaction, state: State, sequence: int, document: Document
) -> list[Flow]:
    own = await history.of_document(tx, state, sequence)
    return [
        opposite(
            event,
            Event(PENDING, n + 1),
            document.id,
            document.business_date,
            at_standard=state.method(event.flow.item) is Method.STANDARD,
        )
        for n, event in enumerate(own.events)
    ]


async def _rewind(
    tx: RawTransaction,
    state: State,
    past: History,
    start: Position,
    links: Iterable[tuple[int, int]] = (),
) -> None:
    sources = [
        (source.sequence, no)
        for source in state.sources.values()
        if source.sequence is not None and source.type.effect is not Effect.ORDER
        for no in source.lines
    ]
    await history.rewind(tx, state, past, start, [*links, *sources])


def _check_now(
    loaded: Loaded,
    document: Document,
    own: list[tuple[Promised, Decimal]],
) -> None:
    """What the news takes from today's stock must be free today, like any issue's."""
    state, before = loaded.state, loaded.balances
    after = state.books.balances
    changes = [(key, after.get(key, ZERO) - before.get(key, ZERO)) for key in {*after, *before}]
    books = state.books
    state.books = replace(books, balances=Balances(before))
    try:
        raise_any(
            check_leaving(
                state,
                [(key, change) for key, change in changes if change],
                respect_holds=document.type.holds,
                own=own,
            )
        )
    finally:
        state.books = books


def _undo_progress(state: State, original: Document, decision: Decision) -> None:
    """Give back what the original had done of its source, and open its promises again."""
    source = state.sources.get(original.source_id or NIL)
    if source is None or original.type.effect is Effect.LANDED:
        return
    order = source.type.effect is Effect.ORDER
    for line in original.lines:
        if line.source_line is None:
            continue
        back = -line.base_quantity
        known = source.lines[line.source_line]
        if original.type.returns:
            decision.progress.append(Progressed(source.id, line.source_line, returned=back))
            known.returned += back
        else:
            if order and known.done + back < 0:  # what it brought has come back since
                details = {"quantity": -back, "done": known.done}
                raise Refused(Refusal(BELOW_NOTHING, ("id",), details))
            decision.progress.append(Progressed(source.id, line.source_line, executed=back))
            known.executed += back
        if order and promises(state, source, known.line):
            left = max(ZERO, known.line.base_quantity - known.done)
            if original.type.returns:  # it had promised nothing anew
                left = min(left, _promised(state, source.id, known.line.no))
            decision.promises.append(promise_of(source, known.line, left))


def _promised(state: State, order: UUID, line: int) -> Decimal:
    """What is still promised for an order's line; one past its expiry counts for nothing."""
    made = (one for known in state.promises.values() for one in known)
    return sum((one.quantity for one in made if one.key == (order, line)), ZERO)
