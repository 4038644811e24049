"""Documents: finding, writing, approving, posting, reversing."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.documents import queries, service
from core.documents.lifecycle import Event
from core.documents.queries import DocumentFilter
from core.documents.types import TYPES as DOCUMENT_TYPES
from core.documents.types import Effect
from core.errors import LIMIT_EXCEEDED, Refusal, Refused, refuse
from core.ids import uuid7
from core.ledger import posting
from core.ledger.requests import Post, PostStored, Request, Reverse, Verdict
from schema.access import PART, field, input_type, mutation_field, object_type, query_field
from schema.context import Info
from schema.document_inputs import DocumentInput, asked, draft_of, note
from schema.document_types import Document, DocumentState, DocumentType, documents_by_id
from schema.errors import Payload, UserError, payload_type, user_error
from schema.limits import MAX_BULK
from schema.relay import After, Connection, First, connection, optional_uuid, page_of, uuid_of


@strawberry.enum(description="The order of a list of documents.")
class DocumentOrder(Enum):
    """Newest first, but for devices that follow changes."""

    BUSINESS_DATE = enum_value("business_date", description="Latest business date first.")
    POSTED = enum_value("posted", description="Posted last first; posted ones only.")
    CHANGED = enum_value(
        "changed", description="In the order of their changes, oldest first: for devices."
    )


_KEYS: dict[str, type] = {"business_date": dt.date, "posted": int, "changed": int}


@input_type
class DocumentFilterInput:
    """Which documents; all that is given must hold."""

    types: list[str] | None = field("Codes of their types.", default=None)
    states: list[DocumentState] | None = field("Their states.", default=None)
    party_id: strawberry.ID | None = field("Of this party.", default=None)
    place_id: strawberry.ID | None = field("At, from or to this very place.", default=None)
    source_id: strawberry.ID | None = field("Going back to this document.", default=None)
    item_id: strawberry.ID | None = field("With a line of this item.", default=None)
    since: dt.date | None = field("From this business date on.", default=None)
    until: dt.date | None = field("Up to this business date.", default=None)
    number: str | None = field("With exactly this number.", default=None)
    reference: str | None = field("With exactly this reference.", default=None)
    changed_since: int | None = field("Changed after this mark.", default=None)


@payload_type
class DocumentPayload(Payload):
    """The document as it stands now."""

    document: Document | None = field("The document; null if it was refused.", default=None)


@payload_type
class DeleteDraftPayload(Payload):
    """The id of the draft that is gone."""

    deleted_id: strawberry.ID | None = field("Its id.", default=None)


@object_type(permission=PART)
class DocumentVerdict:
    """What became of one document of a bulk."""

    command_id: UUID = field("The command it was sent with.")
    document: Document | None = field("The document; null if it was refused.")
    errors: list[UserError] = field("Why it was refused; empty otherwise.", size=1)


@payload_type
class PostDocumentsPayload(Payload):
    """A verdict for each document, in the order they were sent."""

    verdicts: list[DocumentVerdict] | None = field("The verdicts.", default=None)


@input_type
class PostDocumentInput:
    """A new document to post at once."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    document: DocumentInput = field("The document.")


@input_type
class PostDocumentsInput:
    """Documents to post, each on its own."""

    documents: list[PostDocumentInput] = field("At most 1,000, posted in this order.")


@input_type
class SaveDraftInput:
    """A draft, new or changed."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    document: DocumentInput = field("The whole content; on a change with the draft's `id`.")
    revision: int | None = field("The revision you saw; left out for a new draft.", default=None)


@input_type
class DocumentStepInput:
    """A step in a document's life."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    id: strawberry.ID = field("The document.")
    revision: int = field("The revision you saw.")


@input_type
class ReverseDocumentInput:
    """A posted document to reverse."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    id: strawberry.ID = field("The document to reverse.")
    reversal_id: UUID | None = field("The id of the reversal, made by you.", default=None)
    date: dt.date | None = field("Its business date; the original's when left out.", default=None)
    remark: str | None = field("Why.", default=None)


DocumentId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The document's global id.")
]
Number = Annotated[str | None, strawberry.argument(description="Or its number.")]
Filter = Annotated[
    DocumentFilterInput | None, strawberry.argument(description="Which documents; all if left out.")
]
OrderBy = Annotated[DocumentOrder, strawberry.argument(description="In which order.")]
Input = strawberry.argument(description="What to do.")


class Queries:
    """Finding documents."""

    @query_field(permission="documents.read")
    async def document_types(self, info: Info) -> list[DocumentType]:
        """The types of document there are."""
        on = {None, *info.context.principal.modules}
        found = [t for t in DOCUMENT_TYPES.values() if not t.system and t.module in on]
        return [DocumentType.of(t, info.context.language) for t in found]

    @query_field(permission="documents.read")
    async def document(
        self, info: Info, id: DocumentId = None, number: Number = None
    ) -> Document | None:
        """One document, by its id or its number."""
        key = uuid_of(id, "Document", "id") if id is not None else None
        if key is None and number is not None:
            async with info.context.reading() as tx:
                key = await queries.find_number(tx, number)
        return await info.context.load(documents_by_id, key) if key else None

    @query_field(permission="documents.read")
    async def documents(
        self,
        info: Info,
        filter: Filter = None,
        order_by: OrderBy = DocumentOrder.BUSINESS_DATE,
        first: First = None,
        after: After = None,
    ) -> Connection[Document]:
        """Documents."""
        order: Any = order_by.value
        wanted = _filter(filter)
        page = page_of(first, after, key=(_KEYS[order], UUID))
        async with info.context.reading() as tx:
            start: Any = page.after
            found = await queries.list_ids(tx, wanted, order, start, page.limit)
            documents = await documents_by_id(tx, [key for _, key in found])

        async def count() -> int:
            async with info.context.reading() as tx:
                return await queries.count(tx, wanted)

        return connection(
            page, found, node=lambda row: documents[row[1]], cursor=lambda row: row, count=count
        )


class Mutations:
    """Writing documents."""

    @mutation_field(permission="documents.write")
    async def save_draft(
        self, info: Info, input: Annotated[SaveDraftInput, Input]
    ) -> DocumentPayload:
        """Save a draft. It is checked like a posting as far as its own content goes, and moves
        nothing."""
        draft = draft_of(input.document, "document")
        context = info.context
        content = {"document": input.document}
        try:
            key = await service.save_draft(
                context.database,
                context.principal,
                input.command_id,
                draft,
                input.revision,
                content,
            )
        except Refused as refused:
            raise _under_document(refused) from None
        return await _payload(info, key)

    @mutation_field(permission="documents.write")
    async def delete_draft(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DeleteDraftPayload:
        """Delete a draft. What was posted is never deleted, it is reversed."""
        await _step(info, input, Event.DELETE)
        return DeleteDraftPayload(deleted_id=input.id)

    @mutation_field(permission="documents.submit")
    async def submit_document(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Submit a draft for approval; its content is frozen."""
        return await _payload(info, await _step(info, input, Event.SUBMIT))

    @mutation_field(permission="documents.approve")
    async def reject_document(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Send a submitted document back to draft."""
        return await _payload(info, await _step(info, input, Event.REJECT))

    @mutation_field(permission="documents.approve", ledger=True)
    async def approve_document(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Approve a document. An order's promises are made with it: stock is reserved, or expected, and
        orders that wait for the same goods are served in the sequence of their approval; other documents
        are posted afterwards with `postDraft`."""
        key = uuid_of(input.id, "Document", "id")
        async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
            known = (await documents_by_id(tx, [key])).get(key)
        if known is not None and DOCUMENT_TYPES[known.type_code].effect is Effect.ORDER:
            return await _post(info, _stored(input, "approveDocument"))
        return await _payload(info, await _step(info, input, Event.APPROVE))

    @mutation_field(permission="documents.approve", ledger=True)
    async def unapprove_document(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Take an approval back (反审核), while nothing of the document was carried out. An order gives up
        its turn: approved again, it waits behind those approved meanwhile."""
        return await _payload(info, await _step(info, input, Event.UNAPPROVE))

    @mutation_field(permission="documents.approve", ledger=True)
    async def close_order(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Close an order: its rest will not come, and what it still reserves is free."""
        return await _payload(info, await _step(info, input, Event.CLOSE))

    @mutation_field(permission="documents.approve", ledger=True)
    async def reopen_order(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Open a closed order again; what is still open is promised anew, behind the orders that wait
        already."""
        return await _payload(info, await _step(info, input, Event.REOPEN))

    @mutation_field(permission="documents.post", ledger=True)
    async def post_document(
        self, info: Info, input: Annotated[PostDocumentInput, Input]
    ) -> DocumentPayload:
        """Write a document and post it at once; an order is approved. All of it happens, or
        nothing."""
        return await _post(info, _new(input, "document"))

    @mutation_field(permission="documents.post", ledger=True)
    async def post_draft(
        self, info: Info, input: Annotated[DocumentStepInput, Input]
    ) -> DocumentPayload:
        """Post a saved draft."""
        return await _post(info, _stored(input, "postDraft"))

    @mutation_field(permission="documents.post", ledger=True, bulk=True)
    async def post_documents(
        self, info: Info, input: Annotated[PostDocumentsInput, Input]
    ) -> PostDocumentsPayload:
        """Post many documents, in order, each with its own command and verdict: one that is refused
        does not stop the others."""
        if len(input.documents) > MAX_BULK:
            raise refuse(LIMIT_EXCEEDED, "documents", field="documents", limit=MAX_BULK)
        return PostDocumentsPayload(verdicts=await _post_many(info, input.documents))

    @mutation_field(permission="documents.reverse", ledger=True)
    async def reverse_document(
        self, info: Info, input: Annotated[ReverseDocumentInput, Input]
    ) -> DocumentPayload:
        """Reverse a posted document (红冲) by its mirror. Refused while other documents depend on it,
        or where its goods are gone."""
        return await _post(
            info,
            Reverse(
                asked(input.command_id, "reverseDocument", input),
                input.reversal_id or uuid7(),
                uuid_of(input.id, "Document", "id"),
                input.date,
                note(input.remark, "remark"),
            ),
        )


def _filter(wanted: DocumentFilterInput | None) -> DocumentFilter:
    if wanted is None:
        return DocumentFilter()

    def key(global_id: strawberry.ID | None, type_name: str, name: str) -> UUID | None:
        return optional_uuid(global_id, type_name, "filter", name)

    return DocumentFilter(
        types=None if wanted.types is None else tuple(wanted.types),
        states=None if wanted.states is None else tuple(str(s.value) for s in wanted.states),
        party_id=key(wanted.party_id, "Party", "partyId"),
        place_id=key(wanted.place_id, "Place", "placeId"),
        source_id=key(wanted.source_id, "Document", "sourceId"),
        item_id=key(wanted.item_id, "Item", "itemId"),
        since=wanted.since,
        until=wanted.until,
        number=wanted.number,
        reference=wanted.reference,
        changed_since=wanted.changed_since,
    )


def _new(input: PostDocumentInput, *path: str | int) -> Post:
    draft = draft_of(input.document, *path)
    return Post(asked(input.command_id, "postDocument", input), draft)


def _stored(input: DocumentStepInput, operation: str) -> PostStored:
    command = asked(input.command_id, operation, input)
    return PostStored(command, uuid_of(input.id, "Document", "id"), input.revision)


async def _step(info: Info, input: DocumentStepInput, event: Event) -> UUID:
    context, key = info.context, uuid_of(input.id, "Document", "id")
    return await service.step(
        context.database, context.principal, input.command_id, key, input.revision, event
    )


async def _post(info: Info, request: Request) -> DocumentPayload:
    verdict = await posting.post(info.context.database, info.context.principal, request)
    if verdict.outcome is None:
        refused = Refused(*verdict.refusals)
        raise _under_document(refused) if isinstance(request, Post) else refused
    if verdict.stored is not None:
        return DocumentPayload(document=Document.of(verdict.stored))
    return await _payload(info, UUID(verdict.outcome["id"]))


async def _post_many(info: Info, inputs: list[PostDocumentInput]) -> list[DocumentVerdict]:
    verdicts: dict[int, Verdict] = {}
    requests: dict[int, Post] = {}
    for index, one in enumerate(inputs):
        try:
            requests[index] = _new(one)
        except Refused as refused:
            verdicts[index] = Verdict(refusals=refused.refusals)
    context = info.context
    made = await posting.post_many(context.database, context.principal, list(requests.values()))
    verdicts |= dict(zip(requests, made, strict=True))
    documents = {v.stored.document.id: Document.of(v.stored) for v in made if v.stored is not None}
    ids = {UUID(v.outcome["id"]) for v in made if v.outcome is not None}
    if repeated := ids - documents.keys():
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            documents |= await documents_by_id(tx, list(repeated))
    return [
        DocumentVerdict(
            command_id=one.command_id,
            document=documents[UUID(v.outcome["id"])] if v.outcome is not None else None,
            errors=[
                user_error(r.under("documents", index, "document"), context.language)
                for r in v.refusals
            ],
        )
        for index, one in enumerate(inputs)
        for v in [verdicts[index]]
    ]


async def _payload(info: Info, key: UUID) -> DocumentPayload:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        found = await documents_by_id(tx, [key])
    return DocumentPayload(document=found.get(key))


def _under_document(refused: Refused) -> Refused:
    """Core's paths begin in the document; the caller's in the input."""

    def placed(refusal: Refusal) -> Refusal:
        outside = refusal.path[:1] in (("document",), ("commandId",), ("revision",))
        return refusal if outside else refusal.under("document")

    return Refused(*(placed(r) for r in refused.refusals))
