"""Ratio packs by the codes of their items: read only, set-based, of one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.plugin_api import Transaction, rows
from plugins.apparel_variants import tables
from plugins.apparel_variants.records import Pack


@dataclass(frozen=True, slots=True)
class PackFilter:
    """Which packs to list; None admits all. ``style_id`` is of a style that lies in them."""

    item_ids: tuple[UUID, ...] | None = None
    style_id: UUID | None = None
    active: bool | None = True


_PACKS = (
    " FROM apparel_variants_pack p JOIN item i ON i.tenant_id = p.tenant_id AND i.id = p.item_id"
    " WHERE p.tenant_id = %s AND (%s::uuid[] IS NULL OR p.item_id = ANY(%s))"
    " AND (%s::boolean IS NULL OR i.active = %s) AND (%s::uuid IS NULL OR EXISTS ("
    "  SELECT FROM apparel_variants_pack_line l JOIN apparel_variants_variant v"
    "  ON v.tenant_id = l.tenant_id AND v.item_id = l.item_id"
    "  WHERE l.tenant_id = p.tenant_id AND l.pack_id = p.item_id AND v.style_id = %s))"
)


async def list_packs(
    tx: Transaction, wanted: PackFilter, after: tuple[str, UUID] | None, limit: int
) -> list[tuple[str, Pack]]:
    """Packs by the codes of their items, which come along."""
    found = await rows(
        tx,
        f"SELECT p.item_id, i.code_key{_PACKS}"
        " AND (%s::text IS NULL OR (i.code_key, p.item_id) > (%s, %s))"
        " ORDER BY i.code_key, p.item_id LIMIT %s",
        *_wanted_packs(tx, wanted),
        after[0] if after else None,
        *(after or (None, None)),
        limit,
    )
    known = await tables.packs(tx, [row[0] for row in found])
    return [(row[1], known[row[0]]) for row in found]


async def count_packs(tx: Transaction, wanted: PackFilter) -> int:
    """How many packs there are."""
    found = await rows(tx, f"SELECT count(*){_PACKS}", *_wanted_packs(tx, wanted))
    return int(found[0][0])


def _wanted_packs(tx: Transaction, wanted: PackFilter) -> tuple[object, ...]:
    ids = None if wanted.item_ids is None else list(wanted.item_ids)
    return (tx.tenant_id, *(ids,) * 2, *(wanted.active,) * 2, *(wanted.style_id,) * 2)
