"""The audit trail: who did what, and when."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from core.audit import tables
from schema.access import field, object_type, query_field
from schema.context import Info
from schema.relay import After, Connection, First, connection, decode_id, encode_id, page_of


@object_type(permission="audit.read")
class AuditEntry:
    """A deed: what was done to which object, by whom. Written with the deed, never altered."""

    at: dt.datetime = field("When.")
    actor_id: strawberry.ID = field("The user who did it; a nil id is the operator.")
    action: str = field("What, like `document.post`.")
    kind: str = field("Of what kind the object is.")
    object_id: UUID = field("The object.")
    details: JSON = field("Further figures.")

    @classmethod
    def of(cls, row: tables.AuditRow) -> AuditEntry:
        details: Any = row.details
        return cls(
            at=row.at,
            actor_id=encode_id("User", row.actor),
            action=row.action,
            kind=row.kind,
            object_id=row.object_id,
            details=details,
        )


OfObject = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Only of this object, by its global id."),
]


class Queries:
    """The audit trail."""

    @query_field(permission="audit.read")
    async def audit_trail(
        self, info: Info, object_id: OfObject = None, first: First = None, after: After = None
    ) -> Connection[AuditEntry]:
        """What was done, newest first."""
        page = page_of(first, after, key=(dt.datetime, UUID))
        decoded = decode_id(object_id) if object_id is not None else None
        if object_id is not None and decoded is None:
            return connection(page, [], node=AuditEntry.of, cursor=lambda row: (row.at, row.id))
        async with info.context.reading() as tx:
            before: Any = page.after
            found = await tables.list_audit(
                tx, object_id=decoded[1] if decoded else None, before=before, limit=page.limit
            )
        return connection(page, found, node=AuditEntry.of, cursor=lambda row: (row.at, row.id))
