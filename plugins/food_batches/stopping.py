"""Holds of core under batches: what may not be used is not promised either. Each batch has one per cause."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import HoldDraft, Transaction, free_goods, hold_goods, rows
from plugins.food_batches.rules.records import Batch, Cause
from plugins.food_batches.tables import hold

Stopped = tuple[UUID, Cause]


async def stop(tx: Transaction, actor: UUID, batch: Batch, cause: Cause, reason: str) -> None:
    """Place a hold under a batch, everywhere; one that is there already will do. Its item must be locked.
    Raises Refused."""
    if (batch.lot_id, cause) in await in_force(tx, [batch.lot_id]):
        return
    draft = HoldDraft(item_id=batch.item_id, reason=reason, lot_id=batch.lot_id)
    placed = await hold_goods(tx, actor, draft)
    row = {"tenant_id": tx.tenant_id, "lot_id": batch.lot_id, "cause": cause.value}
    made = postgresql.insert(hold).values(**row, hold_id=placed)
    keys = ["tenant_id", "lot_id", "cause"]
    await tx.sql.execute(
        made.on_conflict_do_update(index_elements=keys, set_={"hold_id": made.excluded.hold_id})
    )


async def let_go(tx: Transaction, actor: UUID, batch: Batch, cause: Cause) -> None:
    """Release the hold under a batch; nothing where there is none, or somebody released it."""
    placed = (await in_force(tx, [batch.lot_id])).get((batch.lot_id, cause))
    if placed is not None:
        await free_goods(tx, actor, placed)
    t = hold.c
    await tx.sql.execute(
        sa.delete(hold).where(
            t.tenant_id == tx.tenant_id, t.lot_id == batch.lot_id, t.cause == cause.value
        )
    )


async def in_force(tx: Transaction, lot_ids: Collection[UUID]) -> dict[Stopped, UUID]:
    """The holds under these batches that were not released, by batch and cause."""
    found = await rows(
        tx,
        "SELECT b.lot_id, b.cause, b.hold_id FROM food_batches_hold b"
        " JOIN hold h ON h.tenant_id = b.tenant_id AND h.id = b.hold_id"
        " WHERE b.tenant_id = %s AND b.lot_id = ANY(%s) AND h.released_at IS NULL",
        tx.tenant_id,
        list(lot_ids),
    )
    return {(lot, Cause(cause)): placed for lot, cause, placed in found}
