"""What is kept of recalls: questions to their tables, and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import Transaction, rows
from plugins.food_batches import tables

Place = tuple[datetime, UUID]
"""Where a recall stands in the list."""


@dataclass(frozen=True, slots=True)
class Recall:
    """A recall, or a drill of one."""

    id: UUID
    reason: str
    drill: bool
    opened_by: UUID
    opened_at: datetime
    closed_at: datetime | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """A lot of a recall, in base units: how much there was, what was frozen, what came back since."""

    recall_id: UUID
    lot_id: UUID
    hold_id: UUID | None
    produced: Decimal
    on_hand: Decimal
    returned: Decimal


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back with a line of a document while the recall was open; below zero where a return was
    reversed."""

    document_id: UUID
    line: int
    lot_id: UUID
    party_id: UUID | None
    quantity: Decimal


async def insert(
    tx: Transaction,
    recall_id: UUID,
    actor: UUID,
    reason: str,
    milliseconds: int,
    recalled: Iterable[Recalled],
    *,
    drill: bool = False,
) -> None:
    """Write a recall with its lots. A drill is over at once."""
    row: dict[str, Any] = {"tenant_id": tx.tenant_id, "id": recall_id, "reason": reason}
    row |= {"drill": drill, "opened_by": actor, "milliseconds": milliseconds}
    if drill:
        row["closed_at"] = sa.func.now()
    await tx.sql.execute(sa.insert(tables.recall).values(**row))
    lots = [
        {
            "tenant_id": tx.tenant_id,
            "recall_id": recall_id,
            "lot_id": one.lot_id,
            "hold_id": one.hold_id,
            "produced": one.produced,
            "on_hand": one.on_hand,
            "closed": drill,
        }
        for one in sorted(recalled, key=lambda one: one.lot_id)
    ]
    await tx.sql.execute(sa.insert(tables.recall_batch), lots)


async def close(tx: Transaction, recall_id: UUID) -> bool:
    """End a recall; False where it is none that is open. What comes back later is not counted."""
    found = await rows(
        tx,
        "UPDATE food_batches_recall SET closed_at = now()"
        " WHERE tenant_id = %s AND id = %s AND closed_at IS NULL RETURNING id",
        tx.tenant_id,
        recall_id,
    )
    table = tables.recall_batch
    await tx.sql.execute(
        sa.update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.recall_id == recall_id)
        .values(closed=True)
    )
    return bool(found)


async def open_recalls(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, UUID]:
    """The open recalls of these lots, by lot."""
    found = await rows(
        tx,
        "SELECT lot_id, recall_id FROM food_batches_recall_batch"
        " WHERE tenant_id = %s AND lot_id = ANY(%s) AND NOT closed ORDER BY recall_id",
        tx.tenant_id,
        list(lots),
    )
    return {row[0]: row[1] for row in found}


async def recalls_by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Recall]:
    """Recalls and drills by their ids."""
    found = await rows(
        tx,
        f"SELECT {_COLUMNS} FROM food_batches_recall WHERE tenant_id = %s AND id = ANY(%s)",  # noqa: S608 - ours
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Recall(*row) for row in found}


async def list_recalls(
    tx: Transaction, *, drills: bool | None, open_: bool | None, after: Place | None, limit: int
) -> list[Recall]:
    """Recalls and drills, the newest first."""
    found = await rows(
        tx,
        f"SELECT {_COLUMNS} FROM food_batches_recall WHERE tenant_id = %s"  # noqa: S608 - ours
        " AND (%s::boolean IS NULL OR drill = %s)"
        " AND (%s::boolean IS NULL OR (closed_at IS NULL) = %s)"
        " AND (%s::timestamptz IS NULL OR (opened_at, id) < (%s, %s::uuid))"
        " ORDER BY opened_at DESC, id DESC LIMIT %s",
        *(tx.tenant_id, drills, drills, open_, open_),
        *((after[0], *after) if after else (None,) * 3),
        limit,
    )
    return [Recall(*row) for row in found]


async def recalled_lots(tx: Transaction, recalls: Collection[UUID]) -> dict[UUID, list[Recalled]]:
    """The lots of each recall, in the order of their ids."""
    found = await rows(
        tx,
        "SELECT b.recall_id, b.lot_id, b.hold_id, b.produced, b.on_hand,"
        " coalesce(sum(r.quantity), 0) FROM food_batches_recall_batch b"
        " LEFT JOIN food_batches_recall_return r USING (tenant_id, recall_id, lot_id)"
        " WHERE b.tenant_id = %s AND b.recall_id = ANY(%s)"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2",
        tx.tenant_id,
        list(recalls),
    )
    by_recall: dict[UUID, list[Recalled]] = {recall: [] for recall in recalls}
    for row in found:
        by_recall[row[0]].append(Recalled(*row))
    return by_recall


async def returns_of(tx: Transaction, recalls: Collection[UUID]) -> dict[UUID, list[Returned]]:
    """What came back, by recall."""
    found = await rows(
        tx,
        "SELECT recall_id, document_id, line, lot_id, party_id, quantity"
        " FROM food_batches_recall_return WHERE tenant_id = %s AND recall_id = ANY(%s)",
        tx.tenant_id,
        list(recalls),
    )
    by_recall: dict[UUID, list[Returned]] = {recall: [] for recall in recalls}
    for row in found:
        by_recall[row[0]].append(Returned(*row[1:]))
    return by_recall


async def documents_of(
    tx: Transaction, recalls: Collection[UUID], party: UUID | None, after: int, limit: int
) -> dict[UUID, list[tuple[int, UUID]]]:
    """Documents that moved batches of each recall, all or those of a party, with their posting numbers
    and in that order."""
    found = await rows(
        tx,
        "SELECT k.id, d.sequence, d.id FROM unnest(%s::uuid[]) k (id) CROSS JOIN LATERAL"
        " (WITH own AS MATERIALIZED (SELECT DISTINCT e.event_sequence FROM food_batches_recall_batch b"
        "    CROSS JOIN LATERAL (SELECT b.lot_id UNION ALL SELECT l.id FROM lot l"
        "     WHERE l.tenant_id = b.tenant_id AND l.parent_id = b.lot_id) o"
        "    JOIN entry e ON e.tenant_id = b.tenant_id AND e.lot_id = o.lot_id AND e.quantity <> 0"
        "    AND e.lot_id <> '00000000-0000-0000-0000-000000000000' AND e.event_sequence > %s"
        "    WHERE b.tenant_id = %s AND b.recall_id = k.id)"
        "   SELECT d.sequence, d.id FROM own"
        "   JOIN document d ON d.tenant_id = %s AND d.sequence = own.event_sequence"
        "   WHERE %s::uuid IS NULL OR d.party_id = %s ORDER BY d.sequence LIMIT %s) d ORDER BY 1, 2",
        *(list(recalls), after, tx.tenant_id, tx.tenant_id, party, party, limit),
    )
    by_recall: dict[UUID, list[tuple[int, UUID]]] = {recall: [] for recall in recalls}
    for recall, sequence, document in found:
        by_recall[recall].append((sequence, document))
    return by_recall


_COLUMNS = "id, reason, drill, opened_by, opened_at, closed_at, milliseconds"
