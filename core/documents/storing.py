"""Stores documents: drafts as people write them, and what the posting door makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.canonical import plain
from core.db import bulk
from core.db.database import RawTransaction, Transaction
from core.documents import tables
from core.documents.records import Document, Line


@dataclass(frozen=True, slots=True)
class Granted:
    """What the tenant's sequence row gave: the first posting number, the moment, the change mark."""

    first: int
    at: datetime
    mark: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A document with the state it is filed in, who filed it, its number, and, if posted, its posting
    number."""

    document: Document
    state: str
    actor: UUID
    number: str | None = None
    sequence: int | None = None


_HEAD = (
    "party_id party_name address country place_id to_place_id source_id reverses_id reference remark"
    " cause extra_cost cost_basis net tax total extensions"
)
_LINE = (
    "no item_id unit_id entered_quantity numerator denominator quantity unit_price discount_pct"
    " tax_rate net tax total stocked lot_code place_id to_place_id source_line role share over_pct"
    " due_on expires_at description cause remark extensions"
)


async def insert(
    tx: RawTransaction, filed: Iterable[Filed], at: datetime | None, mark: int
) -> None:
    """New documents with their lines; ``at`` is the moment of those that are posted."""
    ordered = sorted(filed, key=lambda f: f.document.id)
    await bulk.insert(
        tx,
        tables.document,
        f"id type state number sequence business_date posted_at created_by approved_by posted_by"
        f" changed {_HEAD}",
        [
            (f.document.id, f.document.type_code, f.state, f.number, f.sequence)
            + (f.document.business_date, at if f.state == "posted" else None, f.actor)
            + (*_deciders(f), mark, *_head(f.document))
            for f in ordered
        ],
    )
    await _insert_lines(tx, [f.document for f in ordered])


async def conclude(tx: RawTransaction, filed: Iterable[Filed], at: datetime, mark: int) -> None:
    """Stored drafts turn posted or, for orders, approved."""
    await bulk.run(
        tx,
        "UPDATE document t SET state = r.state, number = coalesce(t.number, r.number),"
        " sequence = r.sequence, posted_at = r.posted_at, revision = t.revision + 1,"
        " approved_by = coalesce(t.approved_by, r.approved_by), posted_by = r.posted_by,"
        " changed = r.changed FROM {rows} WHERE t.tenant_id = r.tenant_id AND t.id = r.id",
        tables.document,
        "id state number sequence posted_at approved_by posted_by changed",
        [
            (f.document.id, f.state, f.number, f.sequence, at if f.state == "posted" else None)
            + (*_deciders(f), mark)
            for f in sorted(filed, key=lambda f: f.document.id)
        ],
    )


async def replace_draft(tx: Transaction, document: Document, mark: int) -> None:
    """The draft's content is what its writer last saved."""
    await _delete_lines(tx, document.id)
    columns = f"id type business_date changed {_HEAD}"
    changes = ", ".join(f"{name} = r.{name}" for name in columns.split()[1:])
    await bulk.run(
        tx,
        f"UPDATE document t SET {changes}, revision = t.revision + 1 FROM {{rows}}"  # noqa: S608 - our names
        " WHERE t.tenant_id = r.tenant_id AND t.id = r.id",
        tables.document,
        columns,
        [(document.id, document.type_code, document.business_date, mark, *_head(document))],
    )
    await _insert_lines(tx, [document])


async def add_lines(tx: Transaction, document: Document, lines: Iterable[Line], mark: int) -> None:
    """A draft has further lines, ``lines`` of those of ``document``, and other totals."""
    table = tables.document
    await tx.sql.execute(
        sa.update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == document.id)
        .values(
            net=document.net,
            tax=document.tax,
            total=document.total,
            revision=table.c.revision + 1,
            changed=mark,
        )
    )
    await _insert_lines(tx, [replace(document, lines=tuple(lines))])


async def delete_draft(tx: Transaction, document_id: UUID) -> None:
    await _delete_lines(tx, document_id)
    table = tables.document
    await tx.sql.execute(
        sa.delete(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == document_id)
    )


async def _delete_lines(tx: Transaction, document_id: UUID) -> None:
    """With what is left of an order that was unapproved: the progress of nothing."""
    for table in (tables.line_progress, tables.document_line):
        own = (table.c.tenant_id == tx.tenant_id) & (table.c.document_id == document_id)
        await tx.sql.execute(sa.delete(table).where(own))


async def set_state(
    tx: Transaction, document_id: UUID, state: str, mark: int, **columns: object
) -> None:
    """A step of the document's life that posts nothing."""
    table = tables.document
    await tx.sql.execute(
        sa.update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == document_id)
        .values(state=state, revision=table.c.revision + 1, changed=mark, **columns)
    )


async def _insert_lines(tx: RawTransaction, documents: Iterable[Document]) -> None:
    await bulk.insert(
        tx,
        tables.document_line,
        f"document_id {_LINE}",
        [(document.id, *_line(line)) for document in documents for line in document.lines],
    )


def _deciders(filed: Filed) -> tuple[UUID | None, UUID | None]:
    """Who approved it and who posted it, as far as that happens now."""
    return (
        filed.actor if filed.state == "approved" else None,
        filed.actor if filed.state == "posted" else None,
    )


def _head(document: Document) -> list[Any]:
    values = [getattr(document, name) for name in _HEAD.split()]
    return [*values[:-1], plain(document.extensions)]


def _line(line: Line) -> list[Any]:
    values = [getattr(line, name) for name in _LINE.split()]
    return [*values[:-1], plain(line.extensions)]
