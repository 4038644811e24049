"""What becomes of documents, as it happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import strawberry

from core.outbox import Heard
from schema.access import PART, field, object_type, subscription_field
from schema.context import Info
from schema.document_types import Document, DocumentState, documents_by_id
from schema.masterdata import argument

MISSED = (
    "True where events were lost, because you were too slow or the server did not hear of them for a"
    " while. Nothing else is told then: read anew what you show."
)


@object_type(permission=PART)
class DocumentEvent:
    """A document has come into a state, or events were missed."""

    document_id: strawberry.Private[UUID | None]
    missed: bool = field(MISSED)
    at: dt.datetime = field("When it happened.")
    state: DocumentState | None = field(
        "The state it came into, which it may have left since; null where events were missed. A reversal"
        " is a document of its own that is POSTED."
    )

    @classmethod
    def of(cls, heard: Heard) -> DocumentEvent:
        if heard.missed:
            return cls(document_id=None, missed=True, at=heard.at, state=None)
        return cls(
            document_id=UUID(heard.payload["id"]),
            missed=False,
            at=heard.at,
            state=DocumentState(heard.topic.removeprefix("document.")),
        )

    @field
    async def document(self, info: Info) -> Document | None:
        """The document as it is now; null where it is gone or events were missed."""
        if self.document_id is None:
            return None
        return await info.context.load(documents_by_id, self.document_id)


class Subscriptions:
    """What becomes of documents."""

    @subscription_field(permission="documents.read")
    async def document_events(
        self,
        info: Info,
        types: Annotated[
            list[str] | None, argument("Only documents of these types; of all if left out.")
        ] = None,
        states: Annotated[
            list[DocumentState] | None, argument("Only what came into these; into any if left out.")
        ] = None,
    ) -> AsyncIterator[DocumentEvent]:
        """Each document that is submitted, approved, posted, closed, or given back to its writer, after
        it is durable."""
        wanted = DocumentState if states is None else states
        topics = [f"document.{state.value}" for state in wanted]
        async for heard in info.context.events(*topics):
            if heard.missed or types is None or heard.payload.get("type") in types:
                yield DocumentEvent.of(heard)
