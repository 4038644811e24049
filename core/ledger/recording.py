"""The write of a posting: state, then the tenant's sequence row as the last lock, then the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from core import commands
from core.audit.tables import Act, record_many
from core.commands import CommandRaceError
from core.db.database import Transaction
from core.documents import storing
from core.documents.records import Document, Stored
from core.documents.storing import Filed
from core.ids import uuid7
from core.ledger import writing
from core.ledger.decide import Decision
from core.ledger.loading import Loaded
from core.ledger.records import PENDING, BalanceKey
from core.ledger.requests import Request, Reverse, Verdict
from core.outbox.tables import Event, emit_many
from core.tenancy.rules import Principal


async def record(
    tx: Transaction,
    principal: Principal,
    loaded: Loaded,
    stored: dict[UUID, Stored],
    decided: Sequence[tuple[Request, Decision]],
) -> list[Verdict]:
    """Write decisions and return their outcomes, in order. Raises ConflictError, CommandRaceError."""
    if not decided:
        return []
    decisions = [decision for _, decision in decided]
    journal = [d for d in decisions if d.state == "posted"]
    corrected = [d for d in journal if d.corrections]
    await _state(tx, loaded, decisions)
    granted = await writing.take_numbers(
        tx,
        loaded.state,
        len(journal) + len(corrected),
        min(d.document.business_date for d in decisions),
    )
    sequences = {d.document.id: granted.first + n for n, d in enumerate(journal)}
    real = {PENDING + n: sequences[d.document.id] for n, d in _pending(decisions, sequences)}
    extra = [_revaluation(loaded, d) for d in corrected]
    for n, further in enumerate(extra):
        sequences[further.document.id] = granted.first + len(journal) + n
    everything = [*decisions, *extra]
    numbers = {s.document.id: s.number for s in stored.values() if s.number is not None}
    numbers |= await writing.document_numbers(
        tx, [d.document for d in everything if d.document.id not in numbers]
    )
    drafts = {s.document.id for s in stored.values() if s.state != "posted"}
    await writing.lots(tx, {k: v for d in decisions for k, v in d.lots.items()})
    await writing.pools(tx, loaded.state, loaded.pools, real)
    filed = [
        Filed(d.document, d.state, numbers[d.document.id], sequences.get(d.document.id))
        for d in everything
    ]
    new = [f for f in filed if f.document.id not in drafts]
    old = [f for f in filed if f.document.id in drafts]
    await storing.insert(tx, new, principal.user_id, granted.at, granted.mark)
    await storing.conclude(tx, old, principal.user_id, granted.at, granted.mark)
    await writing.progress(tx, [step for d in decisions for step in d.progress])
    await writing.promises(tx, [promise for d in decisions for promise in d.promises])
    await _journal(tx, loaded, [*journal, *extra], sequences, real)
    outcomes = [
        {"id": str(d.document.id), "number": numbers[d.document.id], "state": d.state}
        for d in decisions
    ]
    done = [(r.command, outcome) for (r, _), outcome in zip(decided, outcomes, strict=True)]
    if await commands.remember_many(tx, done) < len(done):
        raise CommandRaceError
    await _tell(tx, principal, decided, numbers)
    return [Verdict(outcome) for outcome in outcomes]


async def _state(tx: Transaction, loaded: Loaded, decisions: Sequence[Decision]) -> None:
    state = loaded.state
    posted = [p for d in decisions for p in [*d.entries, *d.corrections]]
    touched = {
        BalanceKey(p.flow.item, key.place, key.lot)
        for p in posted
        for key, leg in p.legs.items()
        if key.pool is not None and leg.quantity
    }
    await writing.balances(tx, state, loaded.balances, touched)
    await writing.guards(tx, {p.flow.item: state.moved_through[p.flow.item] for p in posted})


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
    tx: Transaction,
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
    tx: Transaction,
    principal: Principal,
    decided: Sequence[tuple[Request, Decision]],
    numbers: dict[UUID, str],
) -> None:
    acts, events = [], []
    for request, decision in decided:
        document = decision.document
        verb = "reverse" if isinstance(request, Reverse) else _VERB[decision.state]
        details = {"type": document.type_code, "number": numbers[document.id]}
        acts.append(Act(f"document.{verb}", "document", document.id, details))
        events.append(Event(f"document.{decision.state}", {"id": document.id, **details}))
    await record_many(tx, principal.user_id, acts)
    await emit_many(tx, events)


_VERB = {"posted": "post", "approved": "approve"}
