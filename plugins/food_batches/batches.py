"""Batches as people change them: corrected with a reason, held and released. Every change is audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypedDict
from uuid import UUID

from core.plugin_api import (
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    Database,
    Principal,
    Refusal,
    Transaction,
    clean,
    define,
    lock_guards,
    raise_any,
    record_audit,
    refuse,
    run_command,
    today_by_place,
)
from plugins.food_batches import alerts, stopping, tables
from plugins.food_batches.alerts import Alert
from plugins.food_batches.rules import dates, intake
from plugins.food_batches.rules.records import Batch, Cause, Item, Status
from plugins.food_batches.stock import lists
from plugins.food_batches.stock import tables as stock

WRONG_STATUS = define(
    "FOOD_BATCHES_WRONG_STATUS",
    en="Batch {lot} is {status}: this is possible only while it is {wanted}.",
    zh="批次 {lot} 状态为 {status},仅 {wanted} 状态可执行此操作。",
)

LONGEST_TEXT = 64
LONGEST_REASON = 500
MOST_CERTIFICATES = 50


class Changes(TypedDict, total=False):
    """What to change of a batch. An absent field stays; None clears it, and a date that is cleared
    follows from the other one by the item's shelf life."""

    produced_on: Any
    expires_on: Any
    supplier_number: str | None
    origin: str | None
    certificates: tuple[UUID, ...]


async def update_batch(
    db: Database,
    principal: Principal,
    command_id: UUID,
    lot_id: UUID,
    changes: Changes,
    reason: str | None,
) -> None:
    """Correct what is known of a batch. A date that was known needs a reason to be another. Goods that
    counted as expired and are not any more are free at once. Raises Refused."""
    told: dict[str, Any] = dict(changes)
    for name in ("supplier_number", "origin"):
        if name in told:
            told[name] = _text(told[name], name)
    why = _reason(reason) if reason is not None else None

    async def work(tx: Transaction, before: Batch) -> Mapping[str, Any]:
        item = (await tables.items_by_id(tx, [before.item_id]))[before.item_id]
        after = _corrected(before, told, item)
        code = await _code(tx, lot_id)
        raise_any(_problems(before, after, item, code, why))
        await tables.put_batches(tx, [after])
        days = await today_by_place(tx)
        here = {days[place] for place in await lists.places_of_lot(tx, lot_id)}
        if not dates.expired(after.expires_on, min(here or days.values())):
            await stopping.let_go(tx, principal.user_id, after, Cause.EXPIRED)
        return {"before": _plain(before), "after": _plain(after), "reason": why}

    asked = {"id": lot_id, "set": told, "cleared": sorted(_cleared(told)), "reason": reason}
    await _change(db, principal, command_id, ("updateBatch", asked), lot_id, work)


async def hold_batch(
    db: Database, principal: Principal, command_id: UUID, lot_id: UUID, reason: str
) -> None:
    """Let nobody use a batch from now on, wherever it lies. Raises Refused."""

    async def work(tx: Transaction, batch: Batch) -> Mapping[str, Any]:
        raise_any(_must_be(Status.RELEASED, batch, await _code(tx, lot_id)))
        why = _reason(reason)
        await stopping.stop(tx, principal.user_id, batch, Cause.HELD, why)
        await tables.put_batches(tx, [replace(batch, status=Status.HELD)])
        await alerts.tell(tx, [(Alert.HELD, batch, {})])
        return {"reason": why}

    asked = {"id": lot_id, "reason": reason}
    await _change(db, principal, command_id, ("hold", asked), lot_id, work)


async def release_batch(
    db: Database, principal: Principal, command_id: UUID, lot_id: UUID, reason: str
) -> None:
    """Let a held batch be used again. Of goods that keep for a time it must be known until when.
    Raises Refused."""

    async def work(tx: Transaction, batch: Batch) -> Mapping[str, Any]:
        code = await _code(tx, lot_id)
        raise_any(_must_be(Status.HELD, batch, code))
        item = (await tables.items_by_id(tx, [batch.item_id]))[batch.item_id]
        if item.shelf_life is not None and batch.expires_on is None:
            names = await stock.item_codes(tx, [batch.item_id])
            raise refuse(intake.DATES_REQUIRED, "id", lot=code, item=names[batch.item_id])
        why = _reason(reason)
        await stopping.let_go(tx, principal.user_id, batch, Cause.HELD)
        await tables.put_batches(tx, [replace(batch, status=Status.RELEASED)])
        return {"reason": why}

    asked = {"id": lot_id, "reason": reason}
    await _change(db, principal, command_id, ("release", asked), lot_id, work)


async def _change(
    db: Database,
    principal: Principal,
    command_id: UUID,
    command: tuple[str, Mapping[str, Any]],
    lot_id: UUID,
    work: Callable[[Transaction, Batch], Awaitable[Mapping[str, Any]]],
) -> None:
    """Carry out a change of one batch under the guard of its item, so that a sale is decided either
    before it or with it."""
    name, asked = command

    async def locked(tx: Transaction) -> Mapping[str, Any]:
        known = (await tables.batches_by_lot(tx, [lot_id])).get(lot_id)
        if known is None:
            raise refuse(NOT_FOUND, "id", id=str(lot_id))
        await lock_guards(tx, [known.item_id])
        batch = (await tables.batches_by_lot(tx, [lot_id]))[lot_id]
        details = await work(tx, batch)
        action = f"food_batches.{name}"
        await record_audit(tx, principal.user_id, action, "lot", lot_id, details)
        return {"id": lot_id}

    operation = f"foodBatches.{name}"
    await run_command(db, principal.tenant_id, command_id, operation, asked, locked)


def _corrected(before: Batch, told: Mapping[str, Any], item: Item) -> Batch:
    after = replace(before, **told)
    made, expires = dates.derived(after.produced_on, after.expires_on, item.shelf_life)
    return replace(after, produced_on=made, expires_on=expires)


def _problems(
    before: Batch, after: Batch, item: Item, code: str, reason: str | None
) -> list[Refusal]:
    found: list[Refusal] = []
    for name, path in (("produced_on", "producedOn"), ("expires_on", "expiresOn")):
        was = getattr(before, name)
        if was is not None and was != getattr(after, name) and reason is None:
            why = {
                "reason": "A date that was known is corrected: say why.",
                "reason_zh": "更正已登记的日期须填写原因。",
            }
            found.append(Refusal(INVALID, ("reason",), {"field": path, **why}))
    if after.produced_on and after.expires_on and after.expires_on < after.produced_on:
        details = {"lot": code, "expires_on": after.expires_on.isoformat()}
        details["produced_on"] = after.produced_on.isoformat()
        found.append(Refusal(intake.DATES_REVERSED, ("expiresOn",), details))
    if after.expires_on is None and before.expires_on is not None and item.shelf_life is not None:
        details = {"lot": code, "item": ""}
        found.append(Refusal(intake.DATES_REQUIRED, ("expiresOn",), details))
    if len(after.certificates) > MOST_CERTIFICATES:
        limit = {"field": "certificates", "limit": MOST_CERTIFICATES}
        found.append(Refusal(LIMIT_EXCEEDED, ("certificates",), limit))
    return found


def _must_be(wanted: Status, batch: Batch, code: str) -> list[Refusal]:
    if batch.status is wanted:
        return []
    details = {"lot": code, "status": batch.status.value, "wanted": wanted.value}
    return [Refusal(WRONG_STATUS, ("id",), details)]


async def _code(tx: Transaction, lot_id: UUID) -> str:
    return (await stock.lot_codes(tx, [lot_id]))[lot_id]


def _reason(reason: str) -> str:
    return clean(reason, "reason", LONGEST_REASON)


def _text(text: str | None, name: str) -> str | None:
    return None if text is None else clean(text, name, LONGEST_TEXT, required=False) or None


def _cleared(told: Mapping[str, Any]) -> list[str]:
    return [name for name, value in told.items() if value is None]


def _plain(batch: Batch) -> dict[str, Any]:
    kept = batch.row()
    del kept["item_id"], kept["status"]
    return kept
