"""Bills as they are stored: read in whole sets, a statement for each table however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import Transaction, rows
from plugins.bom_manufacturing.bills import tables
from plugins.bom_manufacturing.bills.rules.records import (
    Alternate,
    Bom,
    Kind,
    Line,
    Operation,
    Output,
    Supply,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A version that is kept. ``revision`` counts its changes."""

    id: UUID
    item_id: UUID
    revision: int
    bom: Bom


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What core knows of an item. ``standard_cost`` is the one in force; ``known_cost`` is what it costs
    where none is there: its standard cost, else the last known one, on average over places, else what it is
    bought for. None where none is set."""

    code: str
    active: bool
    standard_cost: Decimal | None
    known_cost: Decimal | None


async def lock(tx: Transaction) -> None:
    """Bills of a tenant change one after the other, until the transaction ends: two that are both right by
    themselves could close a cycle together."""
    key = f"bom_manufacturing:{tx.tenant_id}"
    await rows(tx, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", key)


async def item_facts(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, ItemFacts]:
    """What core knows of items."""
    found = await rows(
        tx,
        "SELECT i.id, i.code, i.active, coalesce(s.cost, i.standard_cost), coalesce(s.cost, i.standard_cost,"
        "  (SELECT avg(q.last_cost) FROM pool q WHERE q.tenant_id = i.tenant_id AND q.item_id = i.id"
        "   AND q.last_cost > 0), i.purchase_price)"
        " FROM item i LEFT JOIN LATERAL (SELECT c.cost FROM standard_cost c WHERE c.tenant_id = i.tenant_id"
        "  AND c.item_id = i.id ORDER BY c.since DESC, c.sequence DESC LIMIT 1) s ON true"
        " WHERE i.tenant_id = %s AND i.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: ItemFacts(*row[1:]) for row in found}


async def decimals(tx: Transaction, items: Collection[UUID]) -> dict[UUID, int]:
    """How many decimals the base units of items have."""
    found = await rows(
        tx,
        "SELECT i.id, u.decimals FROM item i JOIN unit u ON u.tenant_id = i.tenant_id"
        " AND u.id = i.base_unit_id WHERE i.tenant_id = %s AND i.id = ANY(%s)",
        tx.tenant_id,
        list(items),
    )
    return dict(found)


async def free_stock(
    tx: Transaction, items: Collection[UUID], places: Collection[UUID] | None
) -> dict[UUID, Decimal]:
    """What lies of items and is not promised, at some places and below or at all of ours."""
    chosen = None if places is None else list(places)
    found = await rows(
        tx,
        "SELECT b.item_id, sum(b.on_hand - b.allocated) FROM balance b"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        " WHERE b.tenant_id = %s AND b.item_id = ANY(%s)"
        " AND p.kind NOT IN ('virtual', 'transit', 'work', 'processor')"
        " AND (%s::uuid[] IS NULL OR p.path && %s::uuid[]) GROUP BY 1",
        tx.tenant_id,
        list(items),
        chosen,
        chosen,
    )
    return dict(found)


async def ways_down(tx: Transaction, items: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """All that is under items, alternates and every version included: components by what they go
    into."""
    found = await rows(
        tx,
        "WITH RECURSIVE below (id) AS (SELECT unnest(%s::uuid[]) UNION SELECT c.item_id FROM below"  # noqa: S608 - ours
        f"  {_COMPONENTS})"
        f" SELECT DISTINCT b.item_id, c.item_id FROM below {_COMPONENTS} ORDER BY 1, 2",
        list(items),
        *(tx.tenant_id,) * 6,
    )
    ways: dict[UUID, list[UUID]] = defaultdict(list)
    for parent, child in found:
        ways[parent].append(child)
    return ways


async def made_items(tx: Transaction) -> list[UUID]:
    """All items that are made, by any version."""
    query = "SELECT DISTINCT item_id FROM bom_manufacturing_bom WHERE tenant_id = %s ORDER BY 1"
    return [row[0] for row in await rows(tx, query, tx.tenant_id)]


async def bills_below(
    tx: Transaction, items: Collection[UUID], first: date, last: date
) -> list[Stored]:
    """The versions in force on any of some days, of items and of all under them."""
    found = await rows(
        tx,
        "WITH RECURSIVE below (id) AS (SELECT unnest(%s::uuid[]) UNION SELECT l.item_id FROM below"
        "  JOIN bom_manufacturing_bom b ON b.tenant_id = %s AND b.item_id = below.id"
        "  AND (b.valid_from IS NULL OR b.valid_from <= %s)"
        "  AND (b.valid_until IS NULL OR b.valid_until >= %s)"
        "  JOIN bom_manufacturing_line l ON l.tenant_id = b.tenant_id AND l.bom_id = b.id)"
        " SELECT b.id FROM below JOIN bom_manufacturing_bom b ON b.tenant_id = %s AND b.item_id = below.id"
        " WHERE (b.valid_from IS NULL OR b.valid_from <= %s)"
        " AND (b.valid_until IS NULL OR b.valid_until >= %s) ORDER BY 1",
        *(list(items), tx.tenant_id, last, first, tx.tenant_id, last, first),
    )
    return list((await by_ids(tx, [row[0] for row in found])).values())


async def bills_above(tx: Transaction, item: UUID) -> list[Stored]:
    """All versions of what an item goes into, directly or not, be it as an alternate."""
    found = await rows(
        tx,
        "WITH RECURSIVE above (id) AS (SELECT %s::uuid UNION SELECT b.item_id FROM above"
        "  JOIN LATERAL (SELECT bom_id FROM bom_manufacturing_line"
        "    WHERE tenant_id = %s AND item_id = above.id UNION"
        "    SELECT bom_id FROM bom_manufacturing_alternate"
        "    WHERE tenant_id = %s AND item_id = above.id) u ON true"
        "  JOIN bom_manufacturing_bom b ON b.tenant_id = %s AND b.id = u.bom_id)"
        " SELECT b.id FROM above JOIN bom_manufacturing_bom b"
        " ON b.tenant_id = %s AND b.item_id = above.id WHERE b.item_id <> %s ORDER BY 1",
        *(item, *(tx.tenant_id,) * 4, item),
    )
    return list((await by_ids(tx, [row[0] for row in found])).values())


async def versions_of(tx: Transaction, item: UUID, after: UUID | None, limit: int) -> list[Stored]:
    """The versions of an item, in the order in which they were first saved."""
    found = await rows(
        tx,
        "SELECT id FROM bom_manufacturing_bom WHERE tenant_id = %s AND item_id = %s"
        " AND (%s::uuid IS NULL OR id > %s) ORDER BY id LIMIT %s",
        *(tx.tenant_id, item, after, after, limit),
    )
    return list((await by_ids(tx, [row[0] for row in found])).values())


async def by_version(tx: Transaction, item: UUID, version: str) -> tuple[UUID, int] | None:
    """The id and the revision of a version."""
    found = await rows(
        tx,
        "SELECT id, revision FROM bom_manufacturing_bom"
        " WHERE tenant_id = %s AND item_id = %s AND version = %s",
        *(tx.tenant_id, item, version),
    )
    return (found[0][0], found[0][1]) if found else None


async def by_ids(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Stored]:
    """Bills by their ids, in that order."""
    if not ids:
        return {}
    heads = {row["id"]: row for row in await _of(tx, tables.bom, tables.bom.c.id, ids)}
    alternates = defaultdict(list)
    for row in await _of(tx, tables.alternate, tables.alternate.c.bom_id, ids):
        alternate = Alternate(row["item_id"], row["priority"], row["ratio"])
        alternates[row["bom_id"], row["line"]].append(alternate)
    lines = defaultdict(list)
    for row in await _of(tx, tables.line, tables.line.c.bom_id, ids):
        lines[row["bom_id"]].append(_line(row, alternates[row["bom_id"], row["line"]]))
    outputs = defaultdict(list)
    for row in await _of(tx, tables.output, tables.output.c.bom_id, ids):
        outputs[row["bom_id"]].append(_output(row))
    operations = defaultdict(list)
    for row in await _of(tx, tables.operation, tables.operation.c.bom_id, ids):
        operations[row["bom_id"]].append(_operation(row))
    return {
        key: Stored(
            key,
            heads[key]["item_id"],
            heads[key]["revision"],
            Bom(
                heads[key]["item_id"],
                tuple(lines[key]),
                heads[key]["output_quantity"],
                heads[key]["version"],
                heads[key]["valid_from"],
                heads[key]["valid_until"],
                tuple(outputs[key]),
                tuple(operations[key]),
            ),
        )
        for key in ids
        if key in heads
    }


async def write(tx: Transaction, key: UUID, revision: int, bom: Bom) -> None:
    """Write a version, over what was there of it."""
    head = {
        "item_id": bom.item,
        "version": bom.version,
        "output_quantity": bom.output_quantity,
        "valid_from": bom.valid_from,
        "valid_until": bom.valid_until,
        "revision": revision,
    }
    own = {"tenant_id": tx.tenant_id}
    if revision == 1:
        await tx.sql.execute(sa.insert(tables.bom).values(**own, id=key, **head))
    else:
        for table in (tables.alternate, tables.line, tables.output, tables.operation):
            mine = (table.c.tenant_id == tx.tenant_id) & (table.c.bom_id == key)
            await tx.sql.execute(sa.delete(table).where(mine))
        mine = (tables.bom.c.tenant_id == tx.tenant_id) & (tables.bom.c.id == key)
        await tx.sql.execute(sa.update(tables.bom).where(mine).values(**head))
    for table, written in _parts(bom):
        if written:
            ready = [{**own, "bom_id": key, **row} for row in written]
            await tx.sql.execute(sa.insert(table), ready)


def _parts(bom: Bom) -> Iterable[tuple[sa.Table, list[dict[str, Any]]]]:
    yield (
        tables.line,
        [
            {
                "line": n,
                "item_id": one.item,
                "quantity": one.quantity,
                "scrap_pct": one.scrap_pct,
                "setup_loss": one.setup_loss,
                "multiple": one.multiple,
                "phantom": one.phantom,
                "supply": one.supply.value,
                "valid_from": one.valid_from,
                "valid_until": one.valid_until,
                "conditions": {name: sorted(values) for name, values in one.conditions.items()},
            }
            for n, one in enumerate(bom.lines, start=1)
        ],
    )
    yield (
        tables.alternate,
        [
            {"line": n, "item_id": each.item, "priority": each.priority, "ratio": each.ratio}
            for n, one in enumerate(bom.lines, start=1)
            for each in one.alternates
        ],
    )
    yield (
        tables.output,
        [
            {
                "line": n,
                "item_id": one.item,
                "quantity": one.quantity,
                "kind": one.kind.value,
                "share_pct": one.share_pct,
                "unit_value": one.unit_value,
            }
            for n, one in enumerate(bom.outputs, start=1)
        ],
    )
    yield (
        tables.operation,
        [
            {
                "line": n,
                "minutes": one.minutes,
                "hour_rate": one.hour_rate,
                "setup_minutes": one.setup_minutes,
                "efficiency_pct": one.efficiency_pct,
                "cycle_quantity": one.cycle_quantity,
                "whole_cycles": one.whole_cycles,
            }
            for n, one in enumerate(bom.operations, start=1)
        ],
    )


def _line(row: Mapping[str, Any], alternates: list[Alternate]) -> Line:
    return Line(
        item=row["item_id"],
        quantity=row["quantity"],
        scrap_pct=row["scrap_pct"],
        setup_loss=row["setup_loss"],
        multiple=row["multiple"],
        phantom=row["phantom"],
        supply=Supply(row["supply"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        conditions={name: frozenset(values) for name, values in row["conditions"].items()},
        alternates=tuple(sorted(alternates, key=lambda one: (one.priority, str(one.item)))),
    )


def _output(row: Mapping[str, Any]) -> Output:
    kind = Kind(row["kind"])
    return Output(row["item_id"], row["quantity"], kind, row["share_pct"], row["unit_value"])


def _operation(row: Mapping[str, Any]) -> Operation:
    return Operation(
        minutes=row["minutes"],
        hour_rate=row["hour_rate"],
        setup_minutes=row["setup_minutes"],
        efficiency_pct=row["efficiency_pct"],
        cycle_quantity=row["cycle_quantity"],
        whole_cycles=row["whole_cycles"],
    )


async def _of(
    tx: Transaction, table: sa.Table, column: sa.Column[Any], keys: Collection[UUID]
) -> list[Mapping[str, Any]]:
    query = (
        sa.select(table)
        .where(table.c.tenant_id == tx.tenant_id, column == sa.any_(sa.literal(list(keys), _UUIDS)))
        .order_by(*table.primary_key.columns)
    )
    return [dict(row._mapping) for row in await tx.sql.execute(query)]


_COMPONENTS = (
    "JOIN bom_manufacturing_bom b ON b.tenant_id = %s AND b.item_id = below.id"
    " JOIN LATERAL (SELECT item_id FROM bom_manufacturing_line WHERE tenant_id = %s AND bom_id = b.id"
    "  UNION SELECT item_id FROM bom_manufacturing_alternate WHERE tenant_id = %s AND bom_id = b.id)"
    " c ON true"
)
_UUIDS: sa.types.TypeEngine[Any] = sa.ARRAY(sa.Uuid)
