"""Items, units, barcodes and categories: their tables and all their SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.catalogue.records import (
    Barcode,
    Category,
    CategoryFilter,
    FullItem,
    Item,
    ItemFilter,
    ItemUnit,
    Unit,
)
from core.db import bulk
from core.db.database import Transaction
from core.db.metadata import Number, Uuid, metadata, tenant_key, tenant_table
from core.ledger.tables import item_guard
from core.masterdata.rules import columns_of
from core.masterdata.tables import Order, Register, among
from core.search import door, patterns, spaced
from core.tenancy.settings import CostScope

category = tenant_table(
    "category",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("parent_id", Uuid),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("path", ARRAY(Uuid), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "parent_id"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("path[cardinality(path)] = id", name="path_ends_here"),
    tenant_key("parent_id", to="category"),
)

unit = tenant_table(
    "unit",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("decimals", sa.SmallInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("decimals between 0 and 6", name="decimals"),
)

item = tenant_table(
    "item",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("category_id", Uuid),
    sa.Column("base_unit_id", Uuid, nullable=False),
    sa.Column("mnemonic", sa.Text, nullable=False),
    sa.Column("list_price", Number),
    sa.Column("purchase_price", Number),
    sa.Column("weight", Number),
    sa.Column("volume", Number),
    sa.Column("negative_stock", sa.Text),
    sa.Column("costing_method", sa.Text),
    sa.Column("cost_scope", sa.Text),
    sa.Column("standard_cost", Number),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "category_id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("kind in ('stocked','service')", name="kind_known"),
    sa.CheckConstraint("negative_stock in ('forbid','allow')", name="negative_stock"),
    sa.CheckConstraint(
        "costing_method in ('moving_average','fifo','standard','specific')", name="costing_method"
    ),
    sa.CheckConstraint(
        "cost_scope in ('item','item_place','item_lot','item_lot_place','serial')",
        name="cost_scope",
    ),
    tenant_key("category_id", to="category"),
    tenant_key("base_unit_id", to="unit"),
)

item_unit = tenant_table(
    "item_unit",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("unit_id", Uuid, primary_key=True),
    sa.Column("numerator", Number, nullable=False),
    sa.Column("denominator", Number, nullable=False),
    sa.CheckConstraint("numerator > 0 and denominator > 0", name="ratio_positive"),
    tenant_key("item_id", to="item"),
    tenant_key("unit_id", to="unit"),
)
"""1 of this unit is numerator / denominator base units, exactly (L8). The base unit has no row."""

barcode = tenant_table(
    "barcode",
    sa.Column("code", sa.Text(collation="C"), primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("unit_id", Uuid, nullable=False),
    sa.Index(None, "tenant_id", "item_id"),
    tenant_key("item_id", to="item"),
    tenant_key("unit_id", to="unit"),
)

metadata.info.setdefault("extra_ddl", []).append(
    (
        "search of items",
        door("search_items", "item", {"kind": "text", "active": "boolean", "category_id": "uuid"}),
    )
)

items = Register(item, Item)
units = Register(unit, Unit)
categories = Register(category, Category)


# Items


async def items_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Item]:
    return await items.by_id(tx, ids)


async def items_by_code(tx: Transaction, keys: Collection[str]) -> dict[str, Item]:
    """Items by code key, see :func:`core.text.code_key`."""
    return await items.by_code(tx, keys)


async def items_by_barcode(tx: Transaction, codes: Collection[str]) -> dict[str, Barcode]:
    """What scanned codes stand for: item and unit."""
    return {b.code: b for b in await _barcodes(tx, among(barcode.c.code, codes))}


async def changed_items(tx: Transaction, since: int, limit: int) -> list[Item]:
    """Items written after the mark ``since``, archived ones included."""
    return await items.changed(tx, since, limit)


async def units_of_items(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, list[ItemUnit]]:
    """The further units of each item, smallest first; the base unit is not among them."""
    c = item_unit.c
    query = (
        sa.select(c.item_id, c.unit_id, c.numerator, c.denominator)
        .where(c.tenant_id == tx.tenant_id, among(c.item_id, ids))
        .order_by(c.numerator / c.denominator, c.unit_id)
    )
    found: dict[UUID, list[ItemUnit]] = defaultdict(list)
    for row in await tx.sql.execute(query):
        found[row.item_id].append(ItemUnit(*row))
    return found


async def barcodes_of_items(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, list[Barcode]]:
    """The barcodes of each item, sorted."""
    found: dict[UUID, list[Barcode]] = defaultdict(list)
    for b in await _barcodes(tx, among(barcode.c.item_id, ids)):
        found[b.item_id].append(b)
    return found


async def list_items(
    tx: Transaction,
    wanted: ItemFilter,
    order: Order = "code",
    *,
    after: UUID | None = None,
    descending: bool = False,
    limit: int,
) -> list[Item]:
    """A page of items; ``after`` is the id of the last one already seen."""
    query = items.query(tx, wanted.changed_since)
    if found_by := patterns(wanted.search or ""):
        # In the order of codes the search itself turns the pages and stops when one is full.
        paged = order == "code" and not descending and wanted.changed_since is None
        start = items.key_of(tx, "code", after) if paged and after else sa.null()
        query = _found(tx, query, wanted, found_by, start, limit if paged else None)
    else:
        query = _filtered(tx, query, wanted)
    return await items.page(tx, query, order, after=after, descending=descending, limit=limit)


async def count_items(tx: Transaction, wanted: ItemFilter) -> int:
    query = items.query(tx, wanted.changed_since)
    if found_by := patterns(wanted.search or ""):
        query = _found(tx, query, wanted, found_by, sa.null(), None)
    else:
        query = _filtered(tx, query, wanted)
    return await items.count(tx, query)


def _filtered(tx: Transaction, query: sa.Select[Any], wanted: ItemFilter) -> sa.Select[Any]:
    if wanted.category_id is not None:
        query = query.where(item.c.category_id.in_(_below(tx, wanted.category_id)))
    if wanted.kinds is not None:
        query = query.where(item.c.kind.in_(wanted.kinds))
    if wanted.active is not None:
        query = query.where(item.c.active == wanted.active)
    return query


def _found(
    tx: Transaction,
    query: sa.Select[Any],
    wanted: ItemFilter,
    found_by: list[str],
    after: sa.ColumnElement[Any],
    at_most: int | None,
) -> sa.Select[Any]:
    """Narrow the query through the door past row-level security (see :mod:`core.search`)."""
    within: sa.ColumnElement[Any] = sa.null()
    if wanted.category_id is not None:
        within = sa.func.array(_below(tx, wanted.category_id).scalar_subquery())
    search = sa.func.search_items(
        sa.literal(found_by, ARRAY(sa.Text)),
        sa.cast(None if wanted.kinds is None else list(wanted.kinds), ARRAY(sa.Text)),
        sa.cast(None if wanted.active is None else [wanted.active], ARRAY(sa.Boolean)),
        sa.cast(within, ARRAY(Uuid)),
        sa.cast(after, sa.Text),
        sa.cast(at_most, sa.Integer),
    ).column_valued("found")
    return query.where(item.c.id.in_(sa.select(search)))


def _below(tx: Transaction, category_id: UUID) -> sa.Select[Any]:
    inside = sa.literal(category_id, Uuid) == sa.any_(category.c.path)
    return sa.select(category.c.id).where(category.c.tenant_id == tx.tenant_id, inside)


async def _barcodes(tx: Transaction, which: sa.ColumnElement[bool]) -> list[Barcode]:
    c = barcode.c
    query = (
        sa.select(c.code, c.item_id, c.unit_id)
        .where(c.tenant_id == tx.tenant_id, which)
        .order_by(c.code)
    )
    return [Barcode(*row) for row in await tx.sql.execute(query)]


# Writing items


async def full_items(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, FullItem]:
    """Items with their units and barcodes."""
    found = await items.by_id(tx, ids)
    its_units = await units_of_items(tx, found)
    its_barcodes = await barcodes_of_items(tx, found)
    return {
        i: FullItem(found[i], tuple(its_units.get(i, ())), tuple(its_barcodes.get(i, ())))
        for i in found
    }


async def lock_guards(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, date | None]:
    """Lock what every posting of these items locks (ledger rule 3.1), sorted, and read until when
    each has moved; None for an item that never did."""
    c = item_guard.c
    query = (
        sa.select(c.item_id, c.moved_through)
        .where(c.tenant_id == tx.tenant_id, among(c.item_id, ids))
        .order_by(c.item_id)
        .with_for_update()
    )
    return {row.item_id: row.moved_through for row in await tx.sql.execute(query)}


async def change_cost_scope(
    tx: Transaction, ids: Collection[UUID], before: CostScope | None, after: CostScope | None
) -> None:
    """Give items another cost scope, those of them that have this one and never moved: for what a plugin
    makes of items, within the transaction that saves them and holds their guards."""
    c, g = item.c, item_guard.c
    moved = sa.select(g.item_id).where(
        g.tenant_id == tx.tenant_id, among(g.item_id, ids), g.moved_through.is_not(None)
    )
    await tx.sql.execute(
        sa.update(item)
        .where(c.tenant_id == tx.tenant_id, among(c.id, ids), c.id.not_in(moved))
        .where(c.cost_scope.is_not_distinct_from(before))
        .values(cost_scope=after)
    )


async def put_items(
    tx: Transaction,
    after: Collection[FullItem],
    before: Mapping[UUID, FullItem],
    key: Callable[[str], str],
) -> None:
    """Write items over what was there; ``key`` makes a code's key."""
    rows = [
        {**columns_of(f.item), "code_key": key(f.item.code), "search": _search_text(f)}
        for f in after
    ]
    await items.put(tx, rows)
    for table, part in ((item_unit, "units"), (barcode, "barcodes")):
        new = {f.item.id: getattr(f, part) for f in after}
        old = {i: getattr(before[i], part) if i in before else () for i in new}
        await _replace(tx, table, {i: parts for i, parts in new.items() if parts != old[i]})


async def _replace(
    tx: Transaction, table: sa.Table, parts: Mapping[UUID, Iterable[ItemUnit | Barcode]]
) -> None:
    if not parts:
        return
    mine = among(table.c.item_id, parts)
    await tx.sql.execute(sa.delete(table).where(table.c.tenant_id == tx.tenant_id, mine))
    rows = [columns_of(p) for some in parts.values() for p in some]
    if rows:
        await bulk.insert(tx, table, " ".join(rows[0]), [list(row.values()) for row in rows])


def _search_text(full: FullItem) -> str:
    codes = (b.code for b in full.barcodes)
    return spaced((full.item.code, full.item.name, full.item.mnemonic, *codes))


# Units and categories


async def units_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Unit]:
    return await units.by_id(tx, ids)


async def list_units(tx: Transaction, *, active: bool | None = True) -> list[Unit]:
    """All units by code; there are dozens at most."""
    query = units.query(tx).order_by(unit.c.code_key)
    if active is not None:
        query = query.where(unit.c.active == active)
    return await units.all(tx, query)


async def put_units(tx: Transaction, rows: Iterable[Unit], key: Callable[[str], str]) -> None:
    """Write units; ``key`` makes a code's key."""
    await units.put(tx, [{**columns_of(u), "code_key": key(u.code)} for u in rows])


async def categories_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Category]:
    return await categories.by_id(tx, ids)


async def changed_categories(tx: Transaction, since: int, limit: int) -> list[Category]:
    """Categories written after the mark ``since``, archived ones included."""
    return await categories.changed(tx, since, limit)


async def list_categories(
    tx: Transaction,
    wanted: CategoryFilter,
    order: Order = "code",
    *,
    after: UUID | None = None,
    descending: bool = False,
    limit: int,
) -> list[Category]:
    """A page of categories; ``after`` is the id of the last one already seen."""
    query = _matching(tx, wanted)
    return await categories.page(tx, query, order, after=after, descending=descending, limit=limit)


async def count_categories(tx: Transaction, wanted: CategoryFilter) -> int:
    return await categories.count(tx, _matching(tx, wanted))


async def subtree(tx: Transaction, category_id: UUID) -> list[Category]:
    """The category and everything below it."""
    return await categories.all(tx, _matching(tx, CategoryFilter(within=category_id, active=None)))


async def put_categories(
    tx: Transaction, rows: Iterable[Category], key: Callable[[str], str]
) -> None:
    """Write categories; ``key`` makes a code's key."""
    put = [{**columns_of(c), "path": list(c.path), "code_key": key(c.code)} for c in rows]
    await categories.put_tree(tx, put)


def _matching(tx: Transaction, wanted: CategoryFilter) -> sa.Select[Any]:
    query = categories.query(tx, wanted.changed_since)
    if wanted.within is not None:
        query = query.where(sa.literal(wanted.within, Uuid) == sa.any_(category.c.path))
    if wanted.active is not None:
        query = query.where(category.c.active == wanted.active)
    return query
