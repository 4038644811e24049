"""Which holds of core lie under which batches, and what was told of them. SQL only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Row, Transaction, rows
from plugins.food_batches.rules.records import Cause
from plugins.food_batches.tables import alert, hold

_ROWS = 1_000
"""Rows of one statement: the protocol allows 65,535 parameters."""


async def keep_hold(tx: Transaction, lot_id: UUID, cause: Cause, hold_id: UUID) -> None:
    """This hold lies under this batch from now on."""
    row = {"tenant_id": tx.tenant_id, "lot_id": lot_id, "cause": cause.value}
    made = postgresql.insert(hold).values(**row, hold_id=hold_id)
    keys = ["tenant_id", "lot_id", "cause"]
    await tx.sql.execute(
        made.on_conflict_do_update(index_elements=keys, set_={"hold_id": made.excluded.hold_id})
    )


async def forget_hold(tx: Transaction, lot_id: UUID, cause: Cause) -> None:
    """None does any more."""
    t = hold.c
    await tx.sql.execute(
        sa.delete(hold).where(
            t.tenant_id == tx.tenant_id, t.lot_id == lot_id, t.cause == cause.value
        )
    )


async def holds_in_force(
    tx: Transaction, lot_ids: Collection[UUID]
) -> dict[tuple[UUID, Cause], UUID]:
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


async def newly_told(tx: Transaction, alerts: Sequence[Row]) -> set[UUID]:
    """The batches of these alerts that nobody was told of yet; from now on they have been."""
    values = [{"tenant_id": tx.tenant_id, **row} for row in alerts]
    fresh: set[UUID] = set()
    for start in range(0, len(values), _ROWS):
        made = postgresql.insert(alert).values(values[start : start + _ROWS])
        told = await tx.sql.execute(made.on_conflict_do_nothing().returning(alert.c.lot_id))
        fresh |= set(told.scalars())
    return fresh
