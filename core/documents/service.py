"""The life of a document before and beside its posting: drafts, approval, closing of orders.

What writes the ledger is not here: posting, approving an order and reversing go through the one door,
``core.ledger.posting``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from core import commands, outbox
from core.audit.tables import record
from core.db.database import Database, Transaction
from core.db.questions import ask
from core.documents import reading as stored_documents
from core.documents import storing
from core.documents.facts import Reference
from core.documents.heads import MAX_LINES
from core.documents.lifecycle import ALREADY_EXECUTED, Event, State, next_state
from core.documents.progress import Progress
from core.documents.records import Document, DocumentDraft, Stored
from core.documents.rules import head_of, joined, resolve
from core.documents.storing import Filed
from core.documents.types import Effect
from core.errors import (
    DUPLICATE,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    STALE_REVISION,
    Refusal,
    Refused,
    define,
    raise_any,
)
from core.ledger import loading, reading, reservations
from core.tenancy.rules import Principal
from core.tenancy.tables import next_change

IS_SOURCE = define(
    "IS_SOURCE",
    en="Other documents go back to this one ({count}). Change or delete them first.",
    zh="有 {count} 张单据以此单据为来源,请先修改或删除它们。",
)


async def save_draft(
    db: Database,
    principal: Principal,
    command_id: UUID,
    draft: DocumentDraft,
    revision: int | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Write a draft, or write it anew: ``revision`` is the one its writer saw, None for a new one.

    Nothing moves and nothing is promised. Raises Refused with everything that is wrong with it.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        await save_draft_within(tx, principal.user_id, draft, revision)
        return {"id": draft.id}

    outcome = await commands.run(
        db, principal.tenant_id, command_id, "saveDraft", {**asked, "revision": revision}, work
    )
    return UUID(outcome["id"])


async def save_draft_within(
    tx: Transaction, actor: UUID, draft: DocumentDraft, revision: int | None
) -> Document:
    """The same in a transaction that does more. Answers with the draft's content."""
    # The source is locked as well: it could be deleted before this draft names it.
    named = [draft.id] if draft.source_id is None else [draft.id, draft.source_id]
    await stored_documents.lock_documents(tx, named)
    stored = await stored_documents.documents(tx, named)
    known = stored.get(draft.id)
    document = resolve(draft, await _reference(tx, draft))
    if draft.source_id == draft.id or draft.source_id not in {None, *stored}:
        raise Refused(Refusal(NOT_FOUND, ("sourceId",), {"id": str(draft.source_id)}))
    if known is None:
        if revision is not None:
            raise Refused(Refusal(NOT_FOUND, ("id",), {"id": str(draft.id)}))
        mark = await next_change(tx)
        filed = Filed(document, State.DRAFT.value, actor)
        await storing.insert(tx, [filed], None, mark)
    else:
        if revision is None:
            details = {"field": "id", "value": str(draft.id)}
            raise Refused(Refusal(DUPLICATE, ("id",), details))
        _check(known, revision, Event.EDIT)
        await storing.replace_draft(tx, document, await next_change(tx))
    await record(tx, actor, "document.save", "document", draft.id)
    return document


async def add_to_draft(tx: Transaction, actor: UUID, draft: DocumentDraft) -> Document:
    """Add lines to the stored draft of this id, in a transaction that does more; the draft is made where
    there is none. Answers with its content as it is then.

    The head of a stored draft stays as it is, whatever ``draft`` says. Raises Refused, with paths of the
    lines as they stand in ``draft``.
    """
    named = [draft.id] if draft.source_id is None else [draft.id, draft.source_id]
    await stored_documents.lock_documents(tx, named)
    stored = await stored_documents.documents(tx, named)
    known = stored.get(draft.id)
    if known is None:
        document = resolve(draft, await _reference(tx, draft))
        if draft.source_id not in {None, *stored}:
            raise Refused(Refusal(NOT_FOUND, ("sourceId",), {"id": str(draft.source_id)}))
        filed = Filed(document, State.DRAFT.value, actor)
        await storing.insert(tx, [filed], None, await next_change(tx))
    else:
        _check(known, known.revision, Event.EDIT)
        if len(known.document.lines) + len(draft.lines) > MAX_LINES:
            details = {"field": "lines", "limit": MAX_LINES}
            raise Refused(Refusal(LIMIT_EXCEEDED, ("lines",), details))
        more = replace(head_of(known.document), lines=draft.lines)
        document = joined(known.document, resolve(more, await _reference(tx, more)))
        fresh = document.lines[len(known.document.lines) :]
        await storing.add_lines(tx, document, fresh, await next_change(tx))
    await record(tx, actor, "document.save", "document", draft.id)
    return document


async def step(
    db: Database,
    principal: Principal,
    command_id: UUID,
    document_id: UUID,
    revision: int,
    event: Event,
) -> UUID:
    """One step of a document's life: delete, submit, approve (not an order), reject, unapprove, close
    or reopen. Raises Refused; approving an order is a posting and refused here."""

    async def work(tx: Transaction) -> dict[str, Any]:
        known = await _locked(tx, document_id)
        order = known.document.type.effect is Effect.ORDER
        progress = await reservations.progress(tx, known.document) if order else Progress.NONE
        after = _check(known, revision, event, progress=progress)
        if event is Event.UNAPPROVE and await stored_documents.dependents(tx, document_id):
            raise Refused(Refusal(ALREADY_EXECUTED))  # what goes back to it, line by line or not
        if order and event is Event.CLOSE:
            await reservations.release(tx, known)
        elif order and event is Event.UNAPPROVE:
            await reservations.withdraw(tx, known.document)
        elif order and event is Event.REOPEN:
            await reservations.restore(tx, known.document)
        await record(tx, principal.user_id, f"document.{event.value}", "document", document_id)
        mark = await next_change(tx)
        if after is State.DELETED:
            await _refuse_source(tx, document_id)
            await storing.delete_draft(tx, document_id)
        else:
            columns: dict[str, object] = {}
            if event is Event.APPROVE:
                columns["approved_by"] = principal.user_id
            elif event in (Event.UNAPPROVE, Event.REJECT):
                columns["approved_by"] = None
            await storing.set_state(tx, document_id, after.value, mark, **columns)
            told = {"id": document_id, "type": known.document.type_code, "number": known.number}
            await outbox.emit_many(tx, [outbox.Event(f"document.{after.value}", told)])
        return {"id": document_id}

    asked = {"id": document_id, "revision": revision}
    await commands.run(db, principal.tenant_id, command_id, f"{event.value}Document", asked, work)
    return document_id


async def _locked(tx: Transaction, document_id: UUID) -> Stored:
    await stored_documents.lock_documents(tx, [document_id])
    known = (await stored_documents.documents(tx, [document_id])).get(document_id)
    if known is None:
        raise Refused(Refusal(NOT_FOUND, ("id",), {"id": str(document_id)}))
    return known


async def _refuse_source(tx: Transaction, document_id: UUID) -> None:
    if count := await stored_documents.count_named_by(tx, document_id):
        raise Refused(Refusal(IS_SOURCE, ("id",), {"count": count}))


def _check(
    known: Stored, revision: int, event: Event, *, progress: Progress = Progress.NONE
) -> State:
    if known.revision != revision:
        details = {"seen": revision, "actual": known.revision}
        raise Refused(Refusal(STALE_REVISION, ("revision",), details))
    order = known.document.type.effect is Effect.ORDER
    after = next_state(State(known.state), event, order=order, progress=progress)
    raise_any([after] if isinstance(after, Refusal) else [])
    assert isinstance(after, State)
    return after


async def _reference(tx: Transaction, draft: DocumentDraft) -> Reference:
    version, *_ = await ask(tx, reading.sequence_row())
    known = await loading.rules(tx, version)
    parties = [draft.party_id] if draft.party_id is not None else []
    return Reference(
        items=await ask(tx, reading.items(loading.items_of(draft))),
        places=known.places.by_id,
        parties=await ask(tx, reading.parties(parties)),
        amount_dp=known.settings.amount_dp,
        prices_include_tax=known.settings.prices_include_tax,
        modules=known.modules.names,
    )
