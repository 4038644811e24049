"""Each hour: what may not be used any more is held, and who wants to know hears what came near its expiry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NIL,
    Transaction,
    lock_guards,
    module_settings,
    today_by_place,
)
from plugins.food_batches import alerts, stopping, tables
from plugins.food_batches.alerts import NAME, Alert
from plugins.food_batches.near import NearLine, near_expiry
from plugins.food_batches.rules.records import Batch, Cause
from plugins.food_batches.stock import lists
from plugins.food_batches.stock.holds import newly_told

MOST_HOLDS = 500
"""Holds placed in one run, so that sales of other goods do not wait for long; the next run goes on. Until
then no posting takes these goods either: they are only promised still."""

_REASONS = {Cause.HELD: "Batch on hold 批次冻结", Cause.EXPIRED: "Expired 已过期"}


async def watch(tx: Transaction) -> None:
    """Hold what has expired and what is on hold without one, then tell of what came near. Run again it
    finds nothing to do."""
    await hold_unusable(tx)
    await tell_of_expiry(tx)


async def hold_unusable(tx: Transaction) -> int:
    """Place the holds that are missing under batches in stock; how many."""
    days = await today_by_place(tx)
    found = await lists.unguarded(tx, days, MOST_HOLDS)
    await lock_guards(tx, {item for item, _, _ in found})
    # Somebody may have released, corrected or held one before it was locked.
    still = {*await lists.unguarded(tx, days, MOST_HOLDS)} & {*found}
    batches = await tables.batches_by_lot(tx, {lot for _, lot, _ in still})
    for _, lot, cause in sorted(still):
        await stopping.stop(tx, NIL, batches[lot], Cause(cause), _REASONS[Cause(cause)])
    return len(still)


async def tell_of_expiry(tx: Transaction) -> int:
    """Put an event into the outbox for each batch in stock that has come near its expiry, or past it,
    and was not told of; how many."""
    lines = await near_expiry(tx, await module_settings(tx, NAME), await today_by_place(tx))
    by_lot: dict[UUID, list[NearLine]] = defaultdict(list)
    for line in lines:
        by_lot[line.batch.lot_id].append(line)
    fresh = await _untold(tx, [some[0] for some in by_lot.values()])
    told = [_alert(some) for lot, some in by_lot.items() if lot in fresh]
    await alerts.tell(tx, told)
    return len(told)


async def _untold(tx: Transaction, lines: Sequence[NearLine]) -> set[UUID]:
    """Those of these that nobody was told of yet; from now on they have been."""
    return await newly_told(
        tx,
        [
            {
                "lot_id": line.batch.lot_id,
                "freshness": line.freshness.value,
                "expires_on": line.batch.expires_on,
            }
            for line in lines
        ],
    )


def _alert(lines: Sequence[NearLine]) -> tuple[Alert, Batch, dict[str, Any]]:
    quantity = sum((one.quantity for one in lines), Decimal(0))
    more = {"quantity": quantity, "places": [one.place_id for one in lines]}
    return Alert(lines[0].freshness.value), lines[0].batch, more
