"""What the books say of variants: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows, stock_now

_AT = (
    " (%s::uuid IS NULL OR EXISTS (SELECT FROM entry o JOIN place q ON q.tenant_id = o.tenant_id"
    " AND q.id = o.place_id WHERE o.tenant_id = e.tenant_id AND o.sequence = e.sequence"
    " AND o.event_sequence = e.event_sequence AND o.event_flow = e.event_flow AND o.no <> e.no"
    " AND o.quantity <> 0 AND %s = ANY(q.path)))"
)
"""Whether the goods of an entry ``e`` lay at a place, or below it, before or after: its other leg does."""


_SINCE = "(%s::date IS NULL OR e.effective_on >= %s)"
_SOLD = (
    " FROM entry e"
    " JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id AND p.account = 'customer'"
    " WHERE e.tenant_id = %s AND e.item_id = ANY(%s) AND e.quantity <> 0"
    " AND (%s::date IS NULL OR e.effective_on >= %s)"
    f" AND (%s::date IS NULL OR e.effective_on <= %s) AND{_AT}"
)


async def sold(
    tx: Transaction,
    item_ids: Collection[UUID],
    place_id: UUID | None,
    since: date | None,
    until: date | None,
) -> dict[UUID, Decimal]:
    """What customers took of items from a place and those below it, less what came back, over a span of
    business dates."""
    found = await rows(
        tx,
        f"SELECT e.item_id, sum(e.quantity){_SOLD} GROUP BY 1",
        tx.tenant_id,
        list(item_ids),
        *(since,) * 2,
        *(until,) * 2,
        *(place_id,) * 2,
    )
    return {row[0]: row[1] for row in found}


async def progress(tx: Transaction, document_id: UUID) -> dict[int, tuple[Decimal, Decimal]]:
    """What was carried out and what came back of the lines of a document, by their numbers."""
    found = await rows(
        tx,
        "SELECT no, executed, returned FROM line_progress WHERE tenant_id = %s AND document_id = %s",
        tx.tenant_id,
        document_id,
    )
    return {row[0]: (row[1], row[2]) for row in found}


@dataclass(frozen=True, slots=True)
class SalesFilter:
    """Which variants to look at, where, and over which days; None admits all."""

    place_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    season: str | None = None
    year: int | None = None
    band: str | None = None
    style_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """What came, was sold and is left of one style, colour, size, season, year or band."""

    key: str
    name: str | None
    received: Decimal
    sold: Decimal
    on_hand: Decimal


_GROUPS = {
    "style": ("s.code", "s.name"),
    "colour": ("c.code", "c.name"),
    "size": ("z.code", "NULL"),
    "season": ("s.season", "NULL"),
    "year": ("s.year::text", "NULL"),
    "band": ("s.band", "NULL"),
}
_SOLD_BY = (
    " FROM (WITH wanted AS (SELECT v.item_id, {key} AS key, {name} AS name"  # noqa: S608 - our names
    "   FROM apparel_variants_variant v"
    "   JOIN apparel_variants_style s ON s.tenant_id = v.tenant_id AND s.id = v.style_id"
    "   LEFT JOIN apparel_variants_colour c ON c.tenant_id = v.tenant_id AND c.id = v.colour_id"
    "   LEFT JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
    "   WHERE v.tenant_id = %s AND {key} IS NOT NULL AND (%s::text IS NULL OR s.season = %s)"
    "   AND (%s::integer IS NULL OR s.year = %s) AND (%s::text IS NULL OR s.band = %s)"
    "   AND (%s::uuid IS NULL OR s.id = %s)),"
    "  moved AS (SELECT e.item_id,"
    "    -sum(e.quantity) FILTER (WHERE p.account = 'supplier' AND " + _SINCE + ") AS received,"
    "    sum(e.quantity) FILTER (WHERE p.account = 'customer' AND " + _SINCE + ") AS sold,"
    "    sum(e.quantity) FILTER (WHERE p.holds_stock AND p.kind NOT IN ('transit', 'work')) AS on_hand"
    "   FROM entry e JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id"
    "   WHERE e.tenant_id = %s AND e.item_id IN (SELECT item_id FROM wanted) AND e.quantity <> 0"
    "   AND (%s::date IS NULL OR e.effective_on <= %s)"
    "   AND CASE WHEN p.holds_stock THEN %s::uuid IS NULL OR %s = ANY(p.path)"
    "    ELSE p.account IN ('supplier', 'customer') AND" + _AT + " END GROUP BY 1)"
    "  SELECT w.key, min(w.name) AS name, coalesce(sum(m.received), 0) AS received,"
    "   coalesce(sum(m.sold), 0) AS sold, coalesce(sum(m.on_hand), 0) AS on_hand"
    "  FROM wanted w LEFT JOIN moved m ON m.item_id = w.item_id GROUP BY 1) g"
)


async def sold_by(
    tx: Transaction, group: str, wanted: SalesFilter, after: str | None, limit: int
) -> list[Sold]:
    """What came, was sold and is left, by style, colour, size, season, year or band, in order of their
    codes. What has none is left out. What is left is what was there at the end of the last day."""
    key, name = _GROUPS[group]
    found = await rows(
        tx,
        "SELECT g.key, g.name, g.received, g.sold, g.on_hand"
        + _SOLD_BY.format(key=key, name=name)
        + ' WHERE (%s::text IS NULL OR g.key COLLATE "C" > %s) ORDER BY g.key COLLATE "C" LIMIT %s',
        *_sales(tx, wanted),
        *(after,) * 2,
        limit,
    )
    return [Sold(*row) for row in found]


async def count_sold_by(tx: Transaction, group: str, wanted: SalesFilter) -> int:
    """How many there are."""
    key, name = _GROUPS[group]
    query = "SELECT count(*)" + _SOLD_BY.format(key=key, name=name)
    return int((await rows(tx, query, *_sales(tx, wanted)))[0][0])


def _sales(tx: Transaction, wanted: SalesFilter) -> tuple[object, ...]:
    return (
        tx.tenant_id,
        *(wanted.season,) * 2,
        *(wanted.year,) * 2,
        *(wanted.band,) * 2,
        *(wanted.style_id,) * 2,
        *(wanted.since,) * 4,
        tx.tenant_id,
        *(wanted.until,) * 2,
        *(wanted.place_id,) * 4,
    )


@dataclass(frozen=True, slots=True)
class Worth:
    """How much there is of an item, and what it is worth."""

    quantity: Decimal
    value: Decimal


async def worth(
    tx: Transaction, item_ids: Collection[UUID], place_ids: Collection[UUID | None]
) -> dict[tuple[UUID, UUID | None], Worth]:
    """What lies of items at each of these places and below them, None for all of ours, at its cost."""
    lying = await stock_now(tx, item_ids)
    found = await rows(
        tx,
        "SELECT id, path FROM place WHERE tenant_id = %s AND holds_stock AND kind NOT IN ('transit', 'work')",
        tx.tenant_id,
    )
    paths: dict[UUID, list[UUID]] = {row[0]: row[1] for row in found}
    sums: dict[tuple[UUID, UUID | None], Worth] = {}
    for line in lying:
        above = paths.get(line.place_id)
        if above is None:
            continue  # on its way, and not there
        for place in place_ids:
            if place is None or place in above:
                known = sums.get((line.item_id, place), Worth(Decimal(0), Decimal(0)))
                sums[line.item_id, place] = Worth(
                    known.quantity + line.quantity, known.value + line.value
                )
    return sums
