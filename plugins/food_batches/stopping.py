"""Holds of core under batches: what may not be used is not promised either. Each batch has one per cause."""

from __future__ import annotations

from uuid import UUID

from core.plugin_api import HoldDraft, Transaction, free_goods, hold_goods
from plugins.food_batches.rules.records import Batch, Cause
from plugins.food_batches.stock.holds import forget_hold, holds_in_force, keep_hold


async def stop(tx: Transaction, actor: UUID, batch: Batch, cause: Cause, reason: str) -> None:
    """Place a hold under a batch, everywhere; one that is there already will do. Its item must be locked.
    Raises Refused."""
    if (batch.lot_id, cause) in await holds_in_force(tx, [batch.lot_id]):
        return
    draft = HoldDraft(item_id=batch.item_id, reason=reason, lot_id=batch.lot_id)
    await keep_hold(tx, batch.lot_id, cause, await hold_goods(tx, actor, draft))


async def let_go(tx: Transaction, actor: UUID, batch: Batch, cause: Cause) -> None:
    """Release the hold under a batch; nothing where there is none, or somebody released it."""
    placed = (await holds_in_force(tx, [batch.lot_id])).get((batch.lot_id, cause))
    if placed is not None:
        await free_goods(tx, actor, placed)
    await forget_hold(tx, batch.lot_id, cause)
