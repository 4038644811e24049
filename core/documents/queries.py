"""Lists of documents, their lines, and what was sold. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from core.db.database import Transaction
from core.documents.tables import document, document_line, line_progress

Order = Literal["business_date", "posted", "changed"]
GroupBy = Literal["day", "country", "party", "item", "type"]

_SALES = ("issue", "return_from_customer", "drop_shipment")


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents. ``search`` finds number and reference by their beginning."""

    types: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    party_id: UUID | None = None
    place_id: UUID | None = None
    source_id: UUID | None = None
    item_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    number: str | None = None
    reference: str | None = None
    changed_since: int | None = None


async def list_ids(
    tx: Transaction,
    wanted: DocumentFilter,
    order: Order,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> list[tuple[Any, UUID]]:
    """(sort value, id) of documents, newest first; by change mark, oldest first."""
    d = document.c
    key = {"business_date": d.business_date, "posted": d.sequence, "changed": d.changed}[order]
    query = sa.select(key, d.id).where(*_conditions(tx, wanted))
    if order == "posted":
        query = query.where(d.sequence.is_not(None))
    rising = order == "changed"
    if after is not None:
        pair, last = sa.tuple_(key, d.id), sa.tuple_(*after)
        query = query.where(pair > last if rising else pair < last)
    way = (key, d.id) if rising else (key.desc(), d.id.desc())
    return [(row[0], row[1]) for row in await tx.sql.execute(query.order_by(*way).limit(limit))]


async def count(tx: Transaction, wanted: DocumentFilter) -> int:
    """How many documents match."""
    query = sa.select(sa.func.count()).select_from(document).where(*_conditions(tx, wanted))
    return int((await tx.sql.execute(query)).scalar_one())


def _conditions(tx: Transaction, wanted: DocumentFilter) -> list[sa.ColumnElement[bool]]:
    d, w = document.c, wanted
    found: list[sa.ColumnElement[bool]] = [d.tenant_id == tx.tenant_id]
    for column, values in ((d.type, w.types), (d.state, w.states)):
        if values is not None:
            found.append(column.in_(values))
    for column, value in (
        (d.party_id, w.party_id),
        (d.source_id, w.source_id),
        (d.number, w.number),
        (d.reference, w.reference),
    ):
        if value is not None:
            found.append(column == value)
    if w.place_id is not None:
        found.append(sa.or_(d.place_id == w.place_id, d.to_place_id == w.place_id))
    if w.since is not None:
        found.append(d.business_date >= w.since)
    if w.until is not None:
        found.append(d.business_date <= w.until)
    if w.changed_since is not None:
        found.append(d.changed > w.changed_since)
    if w.item_id is not None:
        lines = sa.select(document_line.c.document_id).where(
            document_line.c.tenant_id == tx.tenant_id, document_line.c.item_id == w.item_id
        )
        found.append(d.id.in_(lines))
    return found


async def find_number(tx: Transaction, number: str) -> UUID | None:
    """The document with this number; numbers are unique per type, and types differ by prefix."""
    query = sa.select(document.c.id).where(
        document.c.tenant_id == tx.tenant_id, document.c.number == number
    )
    return (await tx.sql.execute(query)).scalars().first()


@dataclass(frozen=True, slots=True)
class LineProgress:
    """How far a line was carried out, and how much of it went back, in base units."""

    executed: Decimal
    returned: Decimal


async def progress_of_lines(
    tx: Transaction, keys: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], LineProgress]:
    """Progress of lines by (document, line number); untouched lines are absent."""
    p = line_progress.c
    query = sa.select(p.document_id, p.no, p.executed, p.returned).where(
        p.tenant_id == tx.tenant_id, p.document_id.in_({key[0] for key in keys})
    )
    return {(row[0], row[1]): LineProgress(row[2], row[3]) for row in await tx.sql.execute(query)}


@dataclass(frozen=True, slots=True)
class SalesLine:
    """What was sold and what came back, by one key; net and total without and with tax."""

    key: str | None
    sold_quantity: Decimal
    sold_net: Decimal
    sold_total: Decimal
    returned_quantity: Decimal
    returned_net: Decimal
    returned_total: Decimal


async def sales(
    tx: Transaction,
    group_by: GroupBy,
    *,
    since: date | None = None,
    until: date | None = None,
    after: str | None = None,
    limit: int,
) -> list[SalesLine]:
    """Posted sales by day, country, party, item or type, in order of the key. A reversal takes back
    what it reverses. Rows without a key (no party, no country) come first, under the empty key."""
    d, line = document.c, document_line.c
    keys: dict[GroupBy, sa.ColumnElement[Any]] = {
        "day": sa.cast(d.business_date, sa.Text),
        "country": sa.func.coalesce(d.country, ""),
        "party": sa.func.coalesce(sa.cast(d.party_id, sa.Text), ""),
        "item": sa.cast(line.item_id, sa.Text),
        "type": d.type,
    }
    key = keys[group_by].collate("C")
    back = d.type == "return_from_customer"

    def total(column: sa.ColumnElement[Any], returned: bool) -> sa.ColumnElement[Any]:
        chosen = sa.func.sum(column).filter(back if returned else ~back)
        return sa.func.coalesce(chosen, 0)

    query = (
        sa.select(
            key,
            *(
                total(column, returned)
                for returned in (False, True)
                for column in (line.quantity, line.net, line.total)
            ),
        )
        .select_from(
            document.join(
                document_line,
                sa.and_(line.tenant_id == d.tenant_id, line.document_id == d.id),
            )
        )
        .where(d.tenant_id == tx.tenant_id, d.state == "posted", d.type.in_(_SALES))
        .group_by(key)
        .order_by(key)
        .limit(limit)
    )
    if since is not None:
        query = query.where(d.business_date >= since)
    if until is not None:
        query = query.where(d.business_date <= until)
    if after is not None:
        query = query.where(key > after)
    return [SalesLine(*row) for row in await tx.sql.execute(query)]
