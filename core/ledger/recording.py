"""The write of a posting: state, then the tenant's sequence row as the last lock, then the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core import commands
from core.audit.tables import Act, record_many
from core.db.database import RawTransaction
from core.documents import storing
from core.documents.records import Document, Stored
from core.documents.storing import Filed
from core.ids import uuid7
from core.ledger import writing
from core.ledger.decide import Decision
from core.ledger.loading import Loaded
from core.ledger.records import PENDING, BalanceKey
from core.ledger.requests import Reverse, Turn, Verdict
from core.outbox.tables import Event, emit_many


async def record(
    tx: RawTransaction,
    loaded: Loaded,
    stored: dict[UUID, Stored],
    decided: Sequence[tuple[Turn, Decision]],
) -> list[Verdict]:
    """Write decisions and return their outcomes, in order. Raises ConflictError."""
    if not decided:
        return []
    decisions = [decision for _, decision in decided]
    journal = [d for d in decisions if d.state == "posted"]
    corrected = [d for d in journal if d.corrections]
    await _state(tx, loaded, decisions)
    extra = [_revaluation(loaded, d) for d in corrected]
    everything = [*decisions, *extra]
    numbers = {s.document.id: s.number for s in stored.values() if s.number is not None}
    granted, numbered = await writing.take_numbers(
        tx,
        loaded.state,
        len(journal) + len(corrected),
        min(d.document.business_date for d in decisions),
        [d.document for d in everything if d.document.id not in numbers],
        len(decisions),
    )
    numbers |= numbered
    sequences = {d.document.id: granted.first + n for n, d in enumerate([*journal, *extra])}
    real = {PENDING + n: sequences[d.document.id] for n, d in _pending(decisions, sequences)}
    actors = {decision.document.id: turn.actor for turn, decision in decided}
    for cause, revaluation in zip(corrected, extra, strict=True):
        actors[revaluation.document.id] = actors[cause.document.id]
    filed = [
        Filed(d.document, d.state, actors[key], numbers[key], sequences.get(key))
        for d in everything
        for key in [d.document.id]
    ]
    verdicts = [
        _verdict(one, stored.get(one.document.id), granted.at) for one in filed[: len(decisions)]
    ]
    # Before the documents: a twin that was carried out meanwhile is found by its command, not by the
    # id of its document, which would look like somebody else's.
    await commands.remember_many(
        tx,
        [(t.command, v.outcome or {}) for (t, _), v in zip(decided, verdicts, strict=True)],
    )
    drafts = {s.document.id for s in stored.values() if s.state != "posted"}
    new = [f for f in filed if f.document.id not in drafts]
    old = [f for f in filed if f.document.id in drafts]
    await writing.lots(tx, {k: v for d in decisions for k, v in d.lots.items()})
    await writing.pools(tx, loaded.state, loaded.pools, real)
    await storing.insert(tx, new, granted.at, granted.mark)
    await storing.conclude(tx, old, granted.at, granted.mark)
    await writing.progress(tx, [step for d in decisions for step in d.progress])
    # a mark for each decision: what is promised first in a batch is served first, too
    marked = enumerate(decisions, granted.mark - len(decisions) + 1)
    await writing.promises(tx, [(promise, mark) for mark, d in marked for promise in d.promises])
    await _journal(tx, loaded, [*journal, *extra], sequences, real)
    if loaded.state.plugged is not None:
        await loaded.state.plugged.write(tx)
    await _tell(tx, decided, numbers)
    return verdicts


def _verdict(filed: Filed, before: Stored | None, at: datetime) -> Verdict:
    """The outcome, and the document as it lies in the database from now on."""
    outcome = {"id": str(filed.document.id), "number": filed.number, "state": filed.state}
    approver = before.approved_by if before else None
    if filed.state == "approved":
        approver = approver or filed.actor
    return Verdict(
        outcome,
        stored=Stored(
            document=filed.document,
            state=filed.state,
            revision=before.revision + 1 if before else 1,
            number=filed.number,
            sequence=filed.sequence,
            created_by=before.created_by if before else filed.actor,
            approved_by=approver,
            posted_at=at if filed.state == "posted" else None,
            reversed_by_id=None,
        ),
    )


async def _state(tx: RawTransaction, loaded: Loaded, decisions: Sequence[Decision]) -> None:
    state = loaded.state
    posted = [p for d in decisions for p in [*d.entries, *d.corrections]]
    touched = {
        BalanceKey(p.flow.item, key.place, key.lot)
        for p in posted
        for key, leg in p.legs.items()
        if key.pool is not None and leg.quantity
    }
    await writing.balances(tx, state, loaded.balances, touched)
    moved = {p.flow.item: state.moved_through[p.flow.item] for p in posted}
    further = {i: day for i, day in moved.items() if loaded.moved_through.get(i) != day}
    await writing.guards(tx, further)


def _pending(
    decisions: Sequence[Decision], sequences: dict[UUID, int]
) -> list[tuple[int, Decision]]:
    """Provisional numbers count all decisions of the batch, orders included."""
    return [(n, d) for n, d in enumerate(decisions) if d.document.id in sequences]


def _revaluation(loaded: Loaded, cause: Decision) -> Decision:
    """The system document that carries the corrections which another document caused (rule 6.4)."""
    closed = loaded.state.closed_through
    on = cause.document.business_date
    if closed is not None and on <= closed:
        on = closed + timedelta(days=1)
    zero = loaded.state.cent * 0
    document = Document(
        id=uuid7(),
        type_code="revaluation",
        business_date=on,
        lines=(),
        net=zero,
        tax=zero,
        total=zero,
        source_id=cause.document.id,
    )
    return Decision(document, "posted", entries=cause.corrections)


async def _journal(
    tx: RawTransaction,
    loaded: Loaded,
    journal: Sequence[Decision],
    sequences: dict[UUID, int],
    real: dict[int, int],
) -> None:
    numbered = [(d.document, sequences[d.document.id], d.entries) for d in journal]
    written = await writing.entries(tx, numbered, loaded.state.closed_through, real)
    for decision in journal:
        await writing.standards(tx, decision, sequences[decision.document.id])
    layers = [(sequence, posted) for _, sequence, entries in numbered for posted in entries]
    await writing.layer_entries(tx, layers, real)
    await writing.periods(tx, written)


async def _tell(
    tx: RawTransaction,
    decided: Sequence[tuple[Turn, Decision]],
    numbers: dict[UUID, str],
) -> None:
    acts, events = [], []
    for turn, decision in decided:
        document = decision.document
        verb = "reverse" if isinstance(turn.request, Reverse) else _VERB[decision.state]
        details = {"type": document.type_code, "number": numbers[document.id]}
        acts.append(Act(turn.actor, f"document.{verb}", "document", document.id, details))
        events.append(Event(f"document.{decision.state}", {"id": document.id, **details}))
    await record_many(tx, acts)
    await emit_many(tx, events)


_VERB = {"posted": "post", "approved": "approve"}
