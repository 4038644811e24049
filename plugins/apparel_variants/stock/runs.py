"""Broken size runs (断码): read only, set-based, of one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.plugin_api import NIL, Transaction, rows


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to look at: at a place and below it, of a season, a year, a band. ``each_place`` tells
    the stores and warehouses apart."""

    place_id: UUID | None = None
    season: str | None = None
    year: int | None = None
    band: str | None = None
    each_place: bool = False


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies of one colour of a style, size by size in their order, at one place or at all."""

    style_id: UUID
    style_code: str
    colour_id: UUID | None
    place_id: UUID | None
    sizes: tuple[str, ...]
    on_hand: tuple[Decimal, ...]

    @property
    def key(self) -> tuple[str, UUID, UUID, UUID]:
        """Where it stands in the list."""
        return self.style_code, self.style_id, self.colour_id or NIL, self.place_id or NIL


_RUNS = (
    " FROM (WITH cell AS (SELECT s.id AS style_id, s.code, v.colour_id, v.item_id, z.code AS size,"
    "   z.position, i.active FROM apparel_variants_style s"
    "   JOIN apparel_variants_variant v ON v.tenant_id = s.tenant_id AND v.style_id = s.id"
    "   JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
    "   JOIN item i ON i.tenant_id = v.tenant_id AND i.id = v.item_id"
    "   WHERE s.tenant_id = %s AND (%s::text IS NULL OR s.season = %s)"
    "   AND (%s::integer IS NULL OR s.year = %s) AND (%s::text IS NULL OR s.band = %s)),"
    "  lying AS (SELECT b.item_id, h.id AS place_id, sum(b.on_hand) AS on_hand FROM balance b"
    "   JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id AND p.holds_stock"
    "   AND p.kind NOT IN ('transit', 'work')"
    "   LEFT JOIN LATERAL (SELECT q.id FROM place q WHERE %s AND q.tenant_id = p.tenant_id"
    "    AND q.id = ANY(p.path) AND q.kind <> 'bin'"
    "    ORDER BY cardinality(q.path) DESC LIMIT 1) h ON true"
    "   WHERE b.tenant_id = %s AND (%s::uuid IS NULL OR %s = ANY(p.path))"
    "   AND b.item_id IN (SELECT item_id FROM cell) GROUP BY 1, 2),"
    "  held AS (SELECT DISTINCT c.style_id, c.colour_id, l.place_id FROM cell c"
    "   JOIN lying l ON l.item_id = c.item_id AND l.on_hand > 0)"
    "  SELECT c.style_id AS id, c.code, c.colour_id, d.place_id,"
    "   array_agg(c.size ORDER BY c.position) AS sizes,"
    "   array_agg(coalesce(l.on_hand, 0) ORDER BY c.position) AS on_hand"
    "  FROM held d JOIN cell c ON c.style_id = d.style_id"
    "   AND c.colour_id IS NOT DISTINCT FROM d.colour_id"
    "  LEFT JOIN lying l ON l.item_id = c.item_id AND l.place_id IS NOT DISTINCT FROM d.place_id"
    "  WHERE c.active OR l.on_hand > 0 GROUP BY 1, 2, 3, 4"
    "  HAVING bool_or(coalesce(l.on_hand, 0) <= 0)) r"
)
_KEY = "coalesce(r.colour_id, %s), coalesce(r.place_id, %s)"


async def broken_runs(
    tx: Transaction, wanted: RunFilter, after: tuple[str, UUID, UUID, UUID] | None, limit: int
) -> list[Lying]:
    """Colours of styles of which some sizes are there and others are not (断码), by style and colour. What
    is archived and gone is not missing."""
    found = await rows(
        tx,
        f"SELECT r.id, r.code, r.colour_id, r.place_id, r.sizes, r.on_hand{_RUNS}"
        f' WHERE %s::text IS NULL OR (r.code COLLATE "C", r.id, {_KEY}) > (%s, %s, %s, %s)'
        f' ORDER BY r.code COLLATE "C", r.id, {_KEY} LIMIT %s',
        *_wanted(tx, wanted),
        after[0] if after else None,
        *(NIL, NIL),
        *(after or (None,) * 4),
        *(NIL, NIL),
        limit,
    )
    return [Lying(row[0], row[1], row[2], row[3], tuple(row[4]), tuple(row[5])) for row in found]


async def count_broken_runs(tx: Transaction, wanted: RunFilter) -> int:
    """How many there are."""
    found = await rows(tx, f"SELECT count(*){_RUNS}", *_wanted(tx, wanted))
    return int(found[0][0])


def _wanted(tx: Transaction, wanted: RunFilter) -> tuple[object, ...]:
    return (
        tx.tenant_id,
        *(wanted.season,) * 2,
        *(wanted.year,) * 2,
        *(wanted.band,) * 2,
        wanted.each_place,
        tx.tenant_id,
        *(wanted.place_id,) * 2,
    )
