"""What the books say of variants: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import NIL, Transaction, rows

_AT = (
    " (%s::uuid IS NULL OR EXISTS (SELECT FROM entry o JOIN place q ON q.tenant_id = o.tenant_id"
    " AND q.id = o.place_id WHERE o.tenant_id = e.tenant_id AND o.sequence = e.sequence"
    " AND o.event_sequence = e.event_sequence AND o.event_flow = e.event_flow AND o.no <> e.no"
    " AND o.quantity <> 0 AND %s = ANY(q.path)))"
)
"""Whether the goods of an entry ``e`` lay at a place, or below it, before or after: its other leg does."""


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
class RunFilter:
    """Which runs to look at: at a place and below it, of a season, a year."""

    place_id: UUID | None = None
    season: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies of one colour of a style, size by size in their order."""

    style_id: UUID
    style_code: str
    colour_id: UUID | None
    sizes: tuple[str, ...]
    on_hand: tuple[Decimal, ...]

    @property
    def key(self) -> tuple[str, UUID, UUID]:
        """Where it stands in the list."""
        return self.style_code, self.style_id, self.colour_id or NIL


_RUNS = (
    " FROM (SELECT s.id, s.code, v.colour_id, array_agg(z.code ORDER BY z.position) AS sizes,"
    "  array_agg(coalesce(b.on_hand, 0) ORDER BY z.position) AS on_hand"
    "  FROM apparel_variants_style s"
    "  JOIN apparel_variants_variant v ON v.tenant_id = s.tenant_id AND v.style_id = s.id"
    "  JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
    "  LEFT JOIN LATERAL (SELECT sum(x.on_hand) AS on_hand FROM balance x"
    "   JOIN place p ON p.tenant_id = x.tenant_id AND p.id = x.place_id AND p.holds_stock"
    "   WHERE x.tenant_id = v.tenant_id AND x.item_id = v.item_id"
    "   AND (%s::uuid IS NULL OR %s = ANY(p.path))) b ON true"
    "  WHERE s.tenant_id = %s AND (%s::text IS NULL OR s.season = %s)"
    "  AND (%s::integer IS NULL OR s.year = %s)"
    "  GROUP BY s.id, s.code, v.colour_id"
    "  HAVING bool_or(b.on_hand > 0) AND bool_or(coalesce(b.on_hand, 0) <= 0)) r"
)


async def broken_runs(
    tx: Transaction, wanted: RunFilter, after: tuple[str, UUID, UUID] | None, limit: int
) -> list[Lying]:
    """Colours of styles of which some sizes are there and others are not (断码), by style and colour."""
    found = await rows(
        tx,
        f"SELECT r.id, r.code, r.colour_id, r.sizes, r.on_hand{_RUNS}"
        " WHERE %s::text IS NULL OR (r.code, r.id, coalesce(r.colour_id, %s)) > (%s, %s, %s)"
        ' ORDER BY r.code COLLATE "C", r.id, coalesce(r.colour_id, %s) LIMIT %s',
        *_wanted(tx, wanted),
        after[0] if after else None,
        NIL,
        *(after or (None, None, None)),
        NIL,
        limit,
    )
    return [Lying(row[0], row[1], row[2], tuple(row[3]), tuple(row[4])) for row in found]


async def count_broken_runs(tx: Transaction, wanted: RunFilter) -> int:
    """How many there are."""
    found = await rows(tx, f"SELECT count(*){_RUNS}", *_wanted(tx, wanted))
    return int(found[0][0])


def _wanted(tx: Transaction, wanted: RunFilter) -> tuple[object, ...]:
    return (
        *(wanted.place_id,) * 2,
        tx.tenant_id,
        *(wanted.season,) * 2,
        *(wanted.year,) * 2,
    )
