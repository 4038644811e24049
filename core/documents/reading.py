"""Reads stored documents, their lines and their progress, for the posting door. SQL only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.db.database import RawTransaction, Row, rows
from core.documents.records import Document, Line, Source, SourceLine, Stored


async def lock_documents(tx: RawTransaction, ids: Collection[UUID]) -> None:
    """First of all locks: stored drafts and source documents, by id (rule 3.1)."""
    if ids:
        await rows(
            tx,
            "SELECT id FROM document WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE",
            tx.tenant_id,
            list(ids),
        )


_LINE = (
    "no, item_id, unit_id, entered_quantity, numerator, denominator, quantity, unit_price,"
    " discount_pct, tax_rate, net, tax, total, stocked, lot_code, place_id, to_place_id,"
    " source_line, role, share, over_pct, due_on, expires_at, description, cause, remark, extensions"
)


async def lines(tx: RawTransaction, ids: Collection[UUID]) -> dict[UUID, dict[int, Line]]:
    """The stored lines of documents, by document and number."""
    found = await rows(
        tx,
        f"SELECT document_id, {_LINE} FROM document_line"  # noqa: S608 - a constant of ours
        " WHERE tenant_id = %s AND document_id = ANY(%s) ORDER BY document_id, no",
        tx.tenant_id,
        list(ids),
    )
    stored: dict[UUID, dict[int, Line]] = {}
    for row in found:
        line = Line(*row[1:])
        stored.setdefault(row[0], {})[line.no] = line
    return stored


async def page_of_lines(
    tx: RawTransaction, ids: Collection[UUID], after: int, limit: int
) -> dict[UUID, list[Line]]:
    """The next lines of each document behind a line number."""
    found = await rows(
        tx,
        f"SELECT d.id, l.* FROM unnest(%s::uuid[]) d(id) CROSS JOIN LATERAL (SELECT {_LINE}"  # noqa: S608 - our names
        " FROM document_line WHERE tenant_id = %s AND document_id = d.id AND no > %s"
        " ORDER BY no LIMIT %s) l",
        list(ids),
        tx.tenant_id,
        after,
        limit,
    )
    pages: dict[UUID, list[Line]] = {}
    for row in found:
        pages.setdefault(row[0], []).append(Line(*row[1:]))
    return pages


async def count_lines(tx: RawTransaction, ids: Collection[UUID]) -> dict[UUID, int]:
    """How many lines documents have."""
    found = await rows(
        tx,
        "SELECT document_id, count(*) FROM document_line"
        " WHERE tenant_id = %s AND document_id = ANY(%s) GROUP BY 1",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: row[1] for row in found}


async def sources(tx: RawTransaction, ids: Collection[UUID]) -> dict[UUID, Source]:
    """Documents that others go back to, with the progress of their lines."""
    if not ids:
        return {}
    heads = await rows(
        tx,
        "SELECT d.id, d.type, d.state, d.sequence, d.business_date, d.place_id,"
        " EXISTS (SELECT FROM document m WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id),"
        " d.source_id, d.number FROM document d WHERE d.tenant_id = %s AND d.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    stored = await lines(tx, ids)
    progress = {
        (r[0], r[1]): (r[2], r[3])
        for r in await rows(
            tx,
            "SELECT document_id, no, executed, returned FROM line_progress"
            " WHERE tenant_id = %s AND document_id = ANY(%s)",
            tx.tenant_id,
            list(ids),
        )
    }
    return {
        r[0]: Source(
            id=r[0],
            type_code=r[1],
            state=r[2],
            sequence=r[3],
            business_date=r[4],
            place_id=r[5],
            reversed=r[6],
            source_id=r[7],
            number=r[8],
            lines={
                no: SourceLine(line, *progress.get((r[0], no), (Decimal(0), Decimal(0))))
                for no, line in stored.get(r[0], {}).items()
            },
        )
        for r in heads
    }


@dataclass(frozen=True, slots=True)
class Before:
    """What source documents stand on: their items, the lots their lines name, as item and code, and the
    documents they go back to themselves."""

    items: frozenset[UUID]
    lots: frozenset[tuple[UUID, str]]
    sources: frozenset[UUID]


async def items_of_documents(tx: RawTransaction, ids: Collection[UUID]) -> Before:
    """Links never change, so they are read before anything is locked (rule 3.1)."""
    if not ids:
        return Before(frozenset(), frozenset(), frozenset())
    named = await rows(
        tx,
        "SELECT DISTINCT item_id, lot_code FROM document_line"
        " WHERE tenant_id = %s AND document_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    sources = await rows(
        tx,
        "SELECT DISTINCT source_id FROM document"
        " WHERE tenant_id = %s AND id = ANY(%s) AND source_id IS NOT NULL",
        tx.tenant_id,
        list(ids),
    )
    return Before(
        items=frozenset(item for item, _ in named),
        lots=frozenset((item, code) for item, code in named if code is not None),
        sources=frozenset(r[0] for r in sources),
    )


async def documents(tx: RawTransaction, ids: Collection[UUID]) -> dict[UUID, Stored]:
    """Stored documents with their lines."""
    found = await heads(tx, ids)
    stored = await lines(tx, found) if found else {}
    return {
        key: replace(
            head, document=replace(head.document, lines=tuple(stored.get(key, {}).values()))
        )
        for key, head in found.items()
    }


async def heads(tx: RawTransaction, ids: Collection[UUID]) -> dict[UUID, Stored]:
    """Stored documents without their lines, which may be a thousand."""
    if not ids:
        return {}
    found = await rows(
        tx,
        "SELECT d.id, d.type, d.business_date, d.net, d.tax, d.total, d.party_id, d.party_name,"
        " d.address, d.country, d.place_id, d.to_place_id, d.source_id, d.reverses_id, d.reference,"
        " d.remark, d.cause, d.extra_cost, d.cost_basis, d.extensions, d.state, d.revision,"
        " d.number, d.sequence, d.created_by, d.approved_by, d.posted_at, (SELECT m.id"
        " FROM document m WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id)"
        " FROM document d WHERE d.tenant_id = %s AND d.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {r[0]: Stored(_document(r), *r[20:]) for r in found}


_HEAD = [
    "net",
    "tax",
    "total",
    "party_id",
    "party_name",
    "address",
    "country",
    "place_id",
    "to_place_id",
    "source_id",
    "reverses_id",
    "reference",
    "remark",
    "cause",
    "extra_cost",
    "cost_basis",
    "extensions",
]


def _document(r: Row) -> Document:
    further: dict[str, Any] = dict(zip(_HEAD, r[3:20], strict=True))
    return Document(id=r[0], type_code=r[1], business_date=r[2], lines=(), **further)


async def dependents(tx: RawTransaction, document_id: UUID) -> int:
    """How many unreversed documents go back to this one; its own revaluations do not count."""
    found = await rows(
        tx,
        "SELECT count(*) FROM document d WHERE d.tenant_id = %s AND d.source_id = %s"
        " AND d.type <> 'revaluation' AND d.reverses_id IS NULL"
        " AND d.state IN ('posted', 'approved', 'closed') AND NOT EXISTS"
        " (SELECT FROM document m WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id)",
        tx.tenant_id,
        document_id,
    )
    return int(found[0][0])


async def count_named_by(tx: RawTransaction, document_id: UUID) -> int:
    """How many documents name this one as their source, drafts among them."""
    found = await rows(
        tx,
        "SELECT count(*) FROM document WHERE tenant_id = %s AND source_id = %s",
        tx.tenant_id,
        document_id,
    )
    count: int = found[0][0]
    return count
