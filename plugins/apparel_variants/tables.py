"""Tables of apparel variants with all their SQL: each is a tenant's, and leads to core, never back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Number, Tables, Transaction, Uuid, rows
from plugins.apparel_variants.records import Colour, Pack, PackLine, Size, SizeGroup, Style, Variant

tables = Tables("apparel_variants")

colour = tables.table(
    "colour",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.UniqueConstraint("tenant_id", "code"),
    sa.CheckConstraint("code <> ''", name="code"),
)

size_group = tables.table(
    "size_group",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "code"),
    sa.CheckConstraint("code <> ''", name="code"),
)

size = tables.table(
    "size",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("size_group_id", Uuid, nullable=False),
    sa.Column("code", sa.Text(collation="C"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    tables.key("size_group_id", to=size_group),
    sa.UniqueConstraint("tenant_id", "size_group_id", "code"),
    sa.UniqueConstraint(
        "tenant_id", "size_group_id", "position", deferrable=True, initially="DEFERRED"
    ),
    sa.CheckConstraint("code <> ''", name="code"),
)
"""Sizes in their order within a group; two may change places in one transaction."""

style = tables.table(
    "style",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size_group_id", Uuid),
    sa.Column("season", sa.Text),
    sa.Column("year", sa.Integer),
    sa.Column("band", sa.Text),
    sa.Column("list_price", Number),
    sa.Column("purchase_price", Number),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    tables.key("size_group_id", to=size_group),
    sa.UniqueConstraint("tenant_id", "code"),
    sa.CheckConstraint("code <> ''", name="code"),
    sa.CheckConstraint("year BETWEEN 1900 AND 9999", name="year"),
    sa.CheckConstraint("list_price >= 0 AND purchase_price >= 0", name="prices"),
    sa.Index(None, "tenant_id", "year", "season"),
)

variant = tables.table(
    "variant",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("style_id", Uuid, nullable=False),
    sa.Column("colour_id", Uuid),
    sa.Column("size_id", Uuid),
    tables.key("item_id", to="item"),
    tables.key("style_id", to=style),
    tables.key("colour_id", to=colour),
    tables.key("size_id", to=size),
    sa.UniqueConstraint(
        "tenant_id", "style_id", "colour_id", "size_id", postgresql_nulls_not_distinct=True
    ),
    sa.Index(None, "tenant_id", "colour_id"),
    sa.Index(None, "tenant_id", "size_id"),
)
"""What a core item is of a style. A style without colours or sizes has one variant without them."""

pack = tables.table(
    "pack",
    sa.Column("item_id", Uuid, primary_key=True),
    tables.key("item_id", to="item"),
)
"""Core items that are ratio packs."""

pack_line = tables.table(
    "pack_line",
    sa.Column("pack_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    tables.key("pack_id", to=pack, target=("item_id",)),
    tables.key("item_id", to=variant, target=("item_id",)),
    sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity"),
    sa.Index(None, "tenant_id", "item_id"),
    append_only=True,
)
"""How many of each variant lie in a pack. They stay: packs in stock hold what they were packed with."""

counter = tables.table(
    "counter",
    sa.Column("prefix", sa.Text, primary_key=True),
    sa.Column("next", sa.BigInteger, nullable=False),
    sa.CheckConstraint("next >= 0", name="next"),
)
"""The next number for a barcode behind each prefix."""


async def colours(tx: Transaction, ids: Collection[UUID] | None = None) -> dict[UUID, Colour]:
    """Colours by id, or all of them, in order of their codes."""
    found = await _read(tx, colour, "id", ids, colour.c.code)
    return {row["id"]: Colour(**row) for row in found}


async def size_groups(
    tx: Transaction, ids: Collection[UUID] | None = None
) -> dict[UUID, SizeGroup]:
    """Size groups with their sizes in order, by id, or all of them, in order of their codes."""
    found = await _read(tx, size_group, "id", ids, size_group.c.code)
    sizes: dict[UUID, list[Size]] = {row["id"]: [] for row in found}
    for row in await _read(tx, size, "size_group_id", list(sizes), size.c.position):
        sizes[row["size_group_id"]].append(Size(row["id"], row["code"], row["position"]))
    return {row["id"]: SizeGroup(**row, sizes=tuple(sizes[row["id"]])) for row in found}


async def styles(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Style]:
    """Styles by id."""
    return {row["id"]: Style(**row) for row in await _read(tx, style, "id", ids, style.c.code)}


@dataclass(frozen=True, slots=True)
class StyleFilter:
    """Which styles to list; None admits all. ``search`` is part of a code or a name."""

    search: str | None = None
    season: str | None = None
    year: int | None = None
    band: str | None = None
    active: bool | None = True


async def list_styles(
    tx: Transaction, wanted: StyleFilter, after: tuple[str, UUID] | None, limit: int
) -> list[Style]:
    """Styles by code."""
    query = sa.select(style).where(*_matching(tx, wanted))
    if after is not None:
        query = query.where(sa.tuple_(style.c.code, style.c.id) > after)
    found = await tx.sql.execute(query.order_by(style.c.code, style.c.id).limit(limit))
    return [Style(**_own(row)) for row in found]


async def count_styles(tx: Transaction, wanted: StyleFilter) -> int:
    """How many styles there are."""
    query = sa.select(sa.func.count()).select_from(style).where(*_matching(tx, wanted))
    found: int = (await tx.sql.execute(query)).scalar_one()
    return found


def _matching(tx: Transaction, wanted: StyleFilter) -> Iterable[sa.ColumnElement[bool]]:
    yield style.c.tenant_id == tx.tenant_id
    for name in ("season", "year", "band", "active"):
        value = getattr(wanted, name)
        if value is not None:
            yield style.c[name] == value
    if wanted.search:
        yield sa.or_(
            style.c.code.icontains(wanted.search, autoescape=True),
            style.c.name.icontains(wanted.search, autoescape=True),
        )


async def sizes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Size]:
    """Sizes by id."""
    found = await _read(tx, size, "id", ids, size.c.id)
    return {row["id"]: Size(row["id"], row["code"], row["position"]) for row in found}


async def lock_style(tx: Transaction, style_id: UUID) -> Style | None:
    """A style that nobody else changes until this transaction ends."""
    query = sa.select(style).where(style.c.tenant_id == tx.tenant_id, style.c.id == style_id)
    found = (await tx.sql.execute(query.with_for_update())).first()
    return None if found is None else Style(**_own(found))


async def hold_size_group(tx: Transaction, group_id: UUID) -> None:
    """Let nobody take sizes out of a group until this transaction ends, whose variants have them."""
    query = sa.select(size_group.c.id).where(
        size_group.c.tenant_id == tx.tenant_id, size_group.c.id == group_id
    )
    await tx.sql.execute(query.with_for_update(read=True))


async def taken(tx: Transaction, table: sa.Table, code: str) -> UUID | None:
    """Whose this code is, among colours, size groups or styles."""
    query = sa.select(table.c.id).where(table.c.tenant_id == tx.tenant_id, table.c.code == code)
    found: UUID | None = await tx.sql.scalar(query)
    return found


async def variants_of_styles(tx: Transaction, ids: Collection[UUID]) -> list[Variant]:
    """The variants of styles, by colour and size in their order; what has none comes first."""
    found = await rows(
        tx,
        "SELECT v.item_id, v.style_id, v.colour_id, v.size_id FROM apparel_variants_variant v"
        " LEFT JOIN apparel_variants_colour c ON c.tenant_id = v.tenant_id AND c.id = v.colour_id"
        " LEFT JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
        " WHERE v.tenant_id = %s AND v.style_id = ANY(%s)"
        " ORDER BY v.style_id, c.code NULLS FIRST, z.position NULLS FIRST, v.item_id",
        tx.tenant_id,
        list(ids),
    )
    return [Variant(*row) for row in found]


async def variants_by_item(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Variant]:
    """What core items are of their styles; items that are none are left out."""
    found = await _read(tx, variant, "item_id", ids, variant.c.item_id)
    return {row["item_id"]: Variant(**row) for row in found}


async def attributes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Style, colour and size of items, by their codes, as far as they have them."""
    found = await rows(
        tx,
        "SELECT v.item_id, s.code, c.code, z.code FROM apparel_variants_variant v"
        " JOIN apparel_variants_style s ON s.tenant_id = v.tenant_id AND s.id = v.style_id"
        " LEFT JOIN apparel_variants_colour c ON c.tenant_id = v.tenant_id AND c.id = v.colour_id"
        " LEFT JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
        " WHERE v.tenant_id = %s AND v.item_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    names = ("style", "colour", "size")
    return {
        item_id: {name: code for name, code in zip(names, told, strict=True) if code is not None}
        for item_id, *told in found
    }


async def packs(tx: Transaction, ids: Collection[UUID] | None = None) -> dict[UUID, Pack]:
    """Packs by the id of their item, or all of them."""
    found = [row["item_id"] for row in await _read(tx, pack, "item_id", ids, pack.c.item_id)]
    lines: dict[UUID, list[PackLine]] = {item: [] for item in found}
    for row in await _read(tx, pack_line, "pack_id", found, pack_line.c.item_id):
        lines[row["pack_id"]].append(PackLine(row["item_id"], row["quantity"]))
    return {item: Pack(item, tuple(some)) for item, some in lines.items()}


async def put(tx: Transaction, table: sa.Table, written: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, or bring them up to date where their keys are there; sorted, as locks are taken."""
    ready = [{"tenant_id": tx.tenant_id, **row} for row in written]
    if not ready:
        return
    keys = [column.name for column in table.primary_key.columns]
    made: Any = postgresql.insert(table)
    rest = {name: made.excluded[name] for name in ready[0] if name not in keys}
    if rest and not table.info["append_only"]:
        made = made.on_conflict_do_update(index_elements=keys, set_=rest)
    elif not rest:
        made = made.on_conflict_do_nothing()
    await tx.sql.execute(made, sorted(ready, key=lambda row: [str(row[key]) for key in keys]))


async def remove_sizes(tx: Transaction, ids: Collection[UUID]) -> None:
    """Take sizes away that no variant has."""
    await tx.sql.execute(
        sa.delete(size).where(size.c.tenant_id == tx.tenant_id, size.c.id.in_(list(ids)))
    )


async def used_sizes(tx: Transaction, ids: Collection[UUID]) -> list[str]:
    """The codes of those of these sizes that variants have."""
    query = (
        sa.select(size.c.code)
        .where(size.c.tenant_id == tx.tenant_id, size.c.id.in_(list(ids)))
        .where(
            sa.exists().where(
                variant.c.tenant_id == size.c.tenant_id, variant.c.size_id == size.c.id
            )
        )
        .order_by(size.c.position)
    )
    return list((await tx.sql.scalars(query)).all())


async def next_number(tx: Transaction, prefix: str) -> int:
    """The next number behind a prefix; nobody else takes one until this transaction ends."""
    await put_counter(tx, prefix, 0, keep=True)
    query = sa.select(counter.c.next).where(
        counter.c.tenant_id == tx.tenant_id, counter.c.prefix == prefix
    )
    found: int = (await tx.sql.execute(query.with_for_update())).scalar_one()
    return found


async def put_counter(tx: Transaction, prefix: str, number: int, *, keep: bool = False) -> None:
    """Go on at this number; ``keep`` leaves a counter that is there as it is."""
    made = postgresql.insert(counter).values(tenant_id=tx.tenant_id, prefix=prefix, next=number)
    await tx.sql.execute(
        made.on_conflict_do_nothing()
        if keep
        else made.on_conflict_do_update(
            index_elements=["tenant_id", "prefix"], set_={"next": made.excluded.next}
        )
    )


_DIFFERENCES = (
    "SELECT 'variant ' || i.code || ' has a size of another group than its style'"
    " FROM apparel_variants_variant v"
    " JOIN item i ON i.tenant_id = v.tenant_id AND i.id = v.item_id"
    " JOIN apparel_variants_style s ON s.tenant_id = v.tenant_id AND s.id = v.style_id"
    " JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
    " WHERE v.tenant_id = %s AND z.size_group_id IS DISTINCT FROM s.size_group_id",
    "SELECT 'pack ' || i.code || ' holds nothing' FROM apparel_variants_pack p"
    " JOIN item i ON i.tenant_id = p.tenant_id AND i.id = p.item_id"
    " WHERE p.tenant_id = %s AND NOT EXISTS (SELECT FROM apparel_variants_pack_line l"
    "  WHERE l.tenant_id = p.tenant_id AND l.pack_id = p.item_id)",
    "SELECT 'style ' || s.code || ' has no variant' FROM apparel_variants_style s"
    " WHERE s.tenant_id = %s AND NOT EXISTS (SELECT FROM apparel_variants_variant v"
    "  WHERE v.tenant_id = s.tenant_id AND v.style_id = s.id)",
)


async def differences(tx: Transaction) -> list[str]:
    """What does not hold in the rows of this module, one sentence each."""
    found = []
    for query in _DIFFERENCES:
        found += await rows(tx, query, tx.tenant_id)
    return sorted(row[0] for row in found)


def _own(row: sa.Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "tenant_id"}


async def _read(
    tx: Transaction,
    table: sa.Table,
    by: str,
    ids: Collection[UUID] | None,
    order: sa.ColumnElement[Any],
) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.tenant_id == tx.tenant_id)
    if ids is not None:
        query = query.where(table.c[by].in_(list(ids)))
    found = await tx.sql.execute(query.order_by(order))
    return [_own(row) for row in found]
