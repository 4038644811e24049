"""The audit trail: who did what, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from core.audit import tables
from core.db.database import Transaction
from core.errors import NOT_FOUND, refuse
from schema.access import field, input_type, object_type, query_field
from schema.context import Info
from schema.relay import After, Connection, First, Node, connection, decode_id, encode_id, page_of
from schema.tenancy import User, users_by_id


async def audit_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, AuditEntry]:
    found = await tables.audit_by_id(tx, keys)
    return {key: AuditEntry.of(row) for key, row in found.items()}


@object_type(permission="audit.read", node=audit_by_id)
class AuditEntry(Node):
    """One deed: what was done to which object, by whom. It is written in the transaction that does
    it, and never altered or deleted."""

    actor_id: strawberry.Private[UUID]
    at: dt.datetime = field("When it was done.")
    action: str = field("What was done, such as `item.update` or `document.post`.")
    kind: str = field("The kind of object it was done to, such as `item`.")
    object_id: strawberry.ID = field("The object's global id: ask for it with `node`.")
    details: JSON = field("What was asked for and what became of it; its form depends on `action`.")

    @classmethod
    def of(cls, row: tables.AuditRow) -> AuditEntry:
        type_name = "".join(word.capitalize() for word in row.kind.split("_"))
        return cls(
            uuid=row.id,
            actor_id=row.actor,
            at=row.at,
            action=row.action,
            kind=row.kind,
            object_id=encode_id(type_name, row.object_id),
            details=cast(JSON, row.details),
        )

    @field
    async def actor(self, info: Info) -> User | None:
        """Who did it; null for the operator of the server."""
        return await info.context.load(users_by_id, self.actor_id)


@input_type
class AuditFilterInput:
    """Which deeds; all that is given must hold."""

    object_id: strawberry.ID | None = field(
        "Done to this object, by its global id of any type.", default=None
    )
    since: dt.datetime | None = field("From this moment on.", default=None)
    until: dt.datetime | None = field("Before this moment.", default=None)


AuditWanted = Annotated[AuditFilterInput | None, strawberry.argument(description="Which deeds.")]


class Queries:
    """The audit trail."""

    @query_field(permission="audit.read")
    async def audit_trail(
        self, info: Info, filter: AuditWanted = None, first: First = None, after: After = None
    ) -> Connection[AuditEntry]:
        """What was done in this tenant, newest first. It is not counted."""
        wanted = filter or AuditFilterInput()
        page = page_of(first, after, key=(dt.datetime, UUID))
        before: Any = page.after
        async with info.context.reading() as tx:
            rows = await tables.list_audit(
                tx,
                object_id=_object(wanted.object_id),
                since=wanted.since,
                until=wanted.until,
                before=before,
                limit=page.limit,
            )
        return connection(page, rows, node=AuditEntry.of, cursor=lambda row: (row.at, row.id))


def _object(global_id: str | None) -> UUID | None:
    if global_id is None:
        return None
    decoded = decode_id(global_id)
    if decoded is None:
        raise refuse(NOT_FOUND, "filter", "object_id", id=global_id[:200])
    return decoded[1]
