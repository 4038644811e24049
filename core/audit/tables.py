"""The audit trail (S2): who did what to which object. Written with the deed, never altered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.canonical import plain
from core.db import bulk
from core.db.database import RawTransaction, Transaction
from core.db.metadata import Moment, Uuid, tenant_table
from core.ids import uuid7

audit = tenant_table(
    "audit",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("actor", Uuid, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object_id", Uuid, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    sa.Index(None, "tenant_id", "at", "id"),
    sa.Index(None, "tenant_id", "object_id", "id"),
    append_only=True,
)


@dataclass(frozen=True, slots=True)
class Act:
    """One deed: ``action`` (``item.create``) on the object of ``kind``; details as JSON values."""

    actor: UUID
    action: str
    kind: str
    object_id: UUID
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A deed as it was recorded."""

    id: UUID
    at: datetime
    actor: UUID
    action: str
    kind: str
    object_id: UUID
    details: dict[str, Any]


async def record(
    tx: RawTransaction,
    actor: UUID,
    action: str,
    kind: str,
    object_id: UUID,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one deed in the transaction that does it."""
    await record_many(tx, [Act(actor, action, kind, object_id, details or {})])


async def record_many(tx: RawTransaction, acts: Iterable[Act]) -> None:
    """Write many deeds."""
    await bulk.insert(
        tx,
        audit,
        "id actor action kind object_id details",
        [(uuid7(), a.actor, a.action, a.kind, a.object_id, plain(a.details)) for a in acts],
    )


async def list_audit(
    tx: Transaction,
    *,
    object_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """Deeds, newest first: from ``since`` on and before ``until``. ``before`` is the (at, id) of the
    last row already seen."""
    t = audit.c
    query = _rows(tx)
    if object_id is not None:
        query = query.where(t.object_id == object_id)
    if since is not None:
        query = query.where(t.at >= since)
    if until is not None:
        query = query.where(t.at < until)
    if before is not None:
        query = query.where(sa.tuple_(t.at, t.id) < sa.tuple_(*before))
    query = query.order_by(t.at.desc(), t.id.desc()).limit(limit)
    return [AuditRow(*row) for row in await tx.sql.execute(query)]


async def audit_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, AuditRow]:
    """Deeds by their ids."""
    query = _rows(tx).where(audit.c.id == sa.any_(sa.literal(list(ids), ARRAY(Uuid))))
    return {row.id: AuditRow(*row) for row in await tx.sql.execute(query)}


def _rows(tx: RawTransaction) -> sa.Select[Any]:
    t = audit.c
    query = sa.select(t.id, t.at, t.actor, t.action, t.kind, t.object_id, t.details)
    return query.where(t.tenant_id == tx.tenant_id)
