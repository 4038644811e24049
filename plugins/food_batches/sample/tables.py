"""Which samples are kept of batches (留样), and what became of them; with all their SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Moment, Number, Transaction, Uuid, rows
from plugins.food_batches.tables import batch, tables

sample = tables.table(
    "sample",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("kept_until", Moment, nullable=False),
    sa.Column("kept_at", sa.Text),
    tables.key("document_id", to="document"),
    tables.key("lot_id", to=batch, target=("lot_id",)),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("kept_at <> ''", name="kept_at"),
    sa.Index(None, "tenant_id", "kept_until", "document_id"),
    sa.Index(None, "tenant_id", "lot_id"),
    append_only=True,
)
"""The samples, each by the document with which its goods left the stock; in base units. One whose document
is reversed was none."""

disposal = tables.table(
    "sample_disposal",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("disposed_by", Uuid, nullable=False),
    sa.Column("disposed_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("remark", sa.Text),
    tables.key("document_id", to=sample, target=("document_id",)),
    append_only=True,
)
"""Samples that are not kept any more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, and what became of it. ``id`` is that of its document; ``place_id`` is where it was taken."""

    id: UUID
    lot_id: UUID
    quantity: Decimal
    kept_until: datetime
    kept_at: str | None
    taken_at: datetime
    place_id: UUID | None
    due: bool
    disposed_at: datetime | None
    remark: str | None


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples; all that is given must hold. ``due`` are those to be disposed of by now."""

    lot_id: UUID | None = None
    due: bool | None = None
    disposed: bool | None = None


_SAMPLES = (
    "SELECT s.document_id, s.lot_id, s.quantity, s.kept_until, s.kept_at, d.posted_at,"
    " coalesce(l.place_id, d.place_id),"
    " g.document_id IS NULL AND s.kept_until <= statement_timestamp(), g.disposed_at, g.remark"
    " FROM food_batches_sample s"
    " JOIN document d ON d.tenant_id = s.tenant_id AND d.id = s.document_id"
    " JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id AND l.no = 1"
    " LEFT JOIN food_batches_sample_disposal g"
    "  ON g.tenant_id = s.tenant_id AND g.document_id = s.document_id"
    " WHERE s.tenant_id = %s AND NOT EXISTS (SELECT FROM document r"
    "  WHERE r.tenant_id = d.tenant_id AND r.reverses_id = d.id)"
)


async def samples_by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Sample]:
    """Samples by their ids."""
    found = await rows(tx, f"{_SAMPLES} AND s.document_id = ANY(%s)", tx.tenant_id, list(ids))
    return {row[0]: Sample(*row) for row in found}


async def list_samples(
    tx: Transaction, wanted: SampleFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[Sample]:
    """Samples, those that may go first in front."""
    found = await rows(
        tx,
        f"{_SAMPLES} AND (%s::uuid IS NULL OR s.lot_id = %s)"
        " AND (%s::boolean IS NULL OR (g.document_id IS NOT NULL) = %s)"
        " AND (%s::boolean IS NULL"
        "  OR (g.document_id IS NULL AND s.kept_until <= statement_timestamp()) = %s)"
        " AND (%s::timestamptz IS NULL OR (s.kept_until, s.document_id) > (%s, %s::uuid))"
        " ORDER BY s.kept_until, s.document_id LIMIT %s",
        tx.tenant_id,
        *(wanted.lot_id,) * 2,
        *(wanted.disposed,) * 2,
        *(wanted.due,) * 2,
        *((after[0], *after) if after else (None,) * 3),
        limit,
    )
    return [Sample(*row) for row in found]


async def dispose(tx: Transaction, sample_id: UUID, actor: UUID, remark: str | None) -> bool:
    """A sample is not kept any more; False where it was not already."""
    made = await tx.sql.execute(
        postgresql.insert(disposal)
        .values(tenant_id=tx.tenant_id, document_id=sample_id, disposed_by=actor, remark=remark)
        .on_conflict_do_nothing()
        .returning(disposal.c.document_id)
    )
    return made.first() is not None
