"""What a food trader wants to hear at once, as events: of the hourly job, of what people do to batches,
and of what a posting brought in.

A sale of goods near their expiry is none: that is what mark-downs are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from core.plugin_api import Event, Posted, Transaction, Work, emit_many, module_settings, today
from plugins.food_batches import tables
from plugins.food_batches.recall.tables import open_recalls
from plugins.food_batches.rules import dates, life
from plugins.food_batches.rules.life import Freshness
from plugins.food_batches.rules.records import Batch
from plugins.food_batches.stock import tables as stock

NAME = "food_batches"


class Alert(StrEnum):
    """What happened to a batch; the topic of the event is this after the module's name and a dot."""

    NEAR = "near"
    EXPIRED = "expired"
    HELD = "held"
    RECALLED = "recalled"
    RETURNED = "returned"
    SHORT_DATED = "short_dated"

    @property
    def topic(self) -> str:
        return f"{NAME}.{self.value}"


async def tell(
    tx: Transaction,
    told: Iterable[tuple[Alert, Batch, dict[str, Any]]],
    on: date | None = None,
) -> None:
    """Put alerts into the outbox, each of a batch and with what else is to be told."""
    found = list(told)
    items = await stock.item_codes(tx, {batch.item_id for _, batch, _ in found})
    numbers = await stock.lot_codes(tx, {batch.lot_id for _, batch, _ in found})
    day = on or await today(tx)
    events = []
    for alert, batch, more in found:
        expires_on = batch.expires_on
        left = None if expires_on is None else dates.remaining_days(expires_on, day)
        about = {"lot_id": batch.lot_id, "item_id": batch.item_id, "item": items[batch.item_id]}
        about |= {"batch": numbers[batch.lot_id], "expires_on": expires_on, "days_left": left}
        events.append(Event(alert.topic, {**about, **more}))
    await emit_many(tx, events)


async def tell_of_what_came(work: Work, postings: Sequence[Posted]) -> None:
    """Tell of goods under recall that a customer brought back, and of deliveries that are near their expiry
    already, or past it. Nobody's books depend on it: it may be lost."""
    async with work.transaction() as tx:
        came = await stock.brought_in(tx, {one.document_id for one in postings})
        batches = await tables.batches_by_lot(tx, {one.lot_id for one in came})
        if not batches:
            return
        on, settings = await today(tx), await module_settings(tx, NAME)
        items = await tables.items_by_id(tx, {batch.item_id for batch in batches.values()})
        recalls = await open_recalls(tx, batches.keys())
        told: list[tuple[Alert, Batch, dict[str, Any]]] = []
        for one in came:
            batch = batches.get(one.lot_id)
            if batch is None:
                continue
            more = {"document_id": one.document_id, "quantity": one.quantity}
            near = life.near_days_of(batch, items.get(batch.item_id), settings.near_levels)
            if one.account == "customer" and one.lot_id in recalls:
                told.append((Alert.RETURNED, batch, {**more, "recall_id": recalls[one.lot_id]}))
            elif one.account == "supplier" and _short(batch, on, near):
                told.append((Alert.SHORT_DATED, batch, more))
        await tell(tx, told, on)


def _short(batch: Batch, on: date, near: int) -> bool:
    return life.freshness(batch.expires_on, on, near) is not Freshness.FRESH
