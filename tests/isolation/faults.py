"""The core's schema with fields that fail: while reading, and halfway through writing."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
import strawberry

from core.audit.tables import record
from core.db.database import rows
from core.errors import NOT_FOUND, refuse
from core.ids import uuid7
from schema.access import field, mutation_field, query_field
from schema.compose import CORE_MODULES, ComposedSchema, build_schema
from schema.context import Info
from schema.errors import Payload, payload_type

How = Annotated[
    str, strawberry.argument(description="`statement`, `error`, `refusal` or `backend`.")
]

BROKEN = {
    "statement": "select 1 / 0",
    "backend": "select pg_terminate_backend(pg_backend_pid())",
}


@payload_type
class FailPayload(Payload):
    """Nothing ever."""

    done: bool | None = field("Never.", default=None)


def _fail(how: str) -> None:
    if how == "refusal":
        raise refuse(NOT_FOUND, "how", id=how)
    if how == "error":
        raise ValueError("a fault of ours")


class Queries:
    @query_field(permission="catalogue.read")
    async def fail_reading(self, info: Info, how: How) -> bool | None:
        """Fails while it holds the request's snapshot."""
        async with info.context.reading() as tx:
            await tx.sql.execute(sa.text("select id from item limit 1"))
            _fail(how)
            await tx.sql.execute(sa.text(BROKEN[how]))
        return True


class Mutations:
    @mutation_field(permission="catalogue.write")
    async def fail_writing(self, info: Info, how: How) -> FailPayload:
        """Fails in a transaction that has written."""
        who = info.context.principal
        async with info.context.database.transaction(who.tenant_id) as tx:
            await record(tx, who.user_id, "nothing.done", "nothing", uuid7())
            _fail(how)
            await rows(tx, BROKEN[how])
        return FailPayload(done=True)


def failing_schema() -> ComposedSchema:
    """The core's schema and the fields that fail."""
    modules = CORE_MODULES
    return build_schema(
        [*(m.Queries for m in modules if hasattr(m, "Queries")), Queries],
        [*(m.Mutations for m in modules if hasattr(m, "Mutations")), Mutations],
        [type_ for m in modules for type_ in getattr(m, "TYPES", ())],
    )
