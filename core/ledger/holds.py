"""Holds: goods that are there but may not be sold (rule 1.5).

A hold is placed under the guard of its item, so that a sale is decided either before it or with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction, rows
from core.db.questions import ask
from core.errors import DUPLICATE, NOT_FOUND, Refusal, Refused, define
from core.ids import uuid7
from core.ledger import reading
from core.tenancy.rules import Principal
from core.text import clean

HOLD_RELEASED = define(
    "HOLD_RELEASED", en="This hold has already been released.", zh="该冻结已解除。"
)

_REASON_LIMIT = 500
_COLUMNS = "id, item_id, place_id, lot_id, reason, placed_by, placed_at, until, released_at"


@dataclass(frozen=True, slots=True)
class HoldDraft:
    """What to hold: an item, all of it, or only at a place and below, or only a lot."""

    item_id: UUID
    reason: str
    place_id: UUID | None = None
    lot_id: UUID | None = None
    until: datetime | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it stands; past ``until`` or once released it stops nothing."""

    id: UUID
    item_id: UUID
    place_id: UUID | None
    lot_id: UUID | None
    reason: str
    placed_by: UUID
    placed_at: datetime
    until: datetime | None
    released_at: datetime | None


async def place_hold(
    db: Database, principal: Principal, command_id: UUID, draft: HoldDraft
) -> Hold:
    """Hold goods from now on. Raises Refused for an item, place or lot that is not there."""
    asked = {
        "id": draft.id,
        "itemId": draft.item_id,
        "placeId": draft.place_id,
        "lotId": draft.lot_id,
        "reason": draft.reason,
        "until": draft.until,
    }

    async def work(tx: Transaction) -> Mapping[str, Any]:
        return {"id": await hold_goods(tx, principal.user_id, draft)}

    outcome = await commands.run(db, principal.tenant_id, command_id, "placeHold", asked, work)
    return await _one(db, principal, UUID(outcome["id"]))


async def release_hold(db: Database, principal: Principal, command_id: UUID, hold_id: UUID) -> Hold:
    """Let the goods go. Raises Refused for a hold that is not there or was released."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        await free_goods(tx, principal.user_id, hold_id)
        return {"id": hold_id}

    asked = {"id": hold_id}
    await commands.run(db, principal.tenant_id, command_id, "releaseHold", asked, work)
    return await _one(db, principal, hold_id)


async def hold_goods(tx: Transaction, actor: UUID, draft: HoldDraft) -> UUID:
    """Place a hold in a transaction that does more; who holds several items does it in order of their
    ids, or two may wait for each other. Raises Refused."""
    reason = clean(draft.reason, "reason", _REASON_LIMIT)
    await _check(tx, draft)
    hold_id = draft.id or uuid7()
    await tx.raw.execute(
        b"INSERT INTO hold (tenant_id, id, item_id, place_id, lot_id, reason, placed_by, until)"
        b" VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (tx.tenant_id, hold_id, draft.item_id, draft.place_id, draft.lot_id, reason)
        + (actor, draft.until),
    )
    await record(tx, actor, "hold.place", "hold", hold_id, {"reason": reason})
    return hold_id


async def free_goods(tx: Transaction, actor: UUID, hold_id: UUID) -> None:
    """Release a hold in a transaction that does more. Raises Refused for one that is not there or was
    released."""
    known = (await holds_by_id(tx, [hold_id])).get(hold_id)
    if known is None:
        raise Refused(Refusal(NOT_FOUND, ("id",), {"id": str(hold_id)}))
    await ask(tx, reading.lock_items([known.item_id]))
    done = await rows(
        tx,
        "UPDATE hold SET released_at = clock_timestamp()"
        " WHERE tenant_id = %s AND id = %s AND released_at IS NULL RETURNING id",
        tx.tenant_id,
        hold_id,
    )
    if not done:
        raise Refused(Refusal(HOLD_RELEASED, ("id",)))
    await record(tx, actor, "hold.release", "hold", hold_id)


async def holds_by_id(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Hold]:
    """Holds by their ids."""
    found = await rows(
        tx,
        f"SELECT {_COLUMNS} FROM hold WHERE tenant_id = %s AND id = ANY(%s)",  # noqa: S608 - ours
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Hold(*row) for row in found}


async def list_holds(
    tx: Transaction, item_id: UUID | None, after: UUID | None, limit: int
) -> list[Hold]:
    """Holds in force, oldest first, of one item or of all."""
    found = await rows(
        tx,
        f"SELECT {_COLUMNS} FROM hold WHERE tenant_id = %s AND released_at IS NULL"  # noqa: S608 - our names
        " AND (until IS NULL OR until > clock_timestamp())"
        " AND (%s::uuid IS NULL OR item_id = %s) AND (%s::uuid IS NULL OR id > %s)"
        " ORDER BY id LIMIT %s",
        tx.tenant_id,
        *(item_id,) * 2,
        *(after,) * 2,
        limit,
    )
    return [Hold(*row) for row in found]


async def _check(tx: Transaction, draft: HoldDraft) -> None:
    if draft.id is not None and await holds_by_id(tx, [draft.id]):
        raise Refused(Refusal(DUPLICATE, ("id",), {"field": "id", "value": str(draft.id)}))
    if draft.item_id not in await ask(tx, reading.lock_items([draft.item_id])):
        raise Refused(Refusal(NOT_FOUND, ("itemId",), {"id": str(draft.item_id)}))
    if draft.lot_id is not None and not await rows(
        tx,  # this lot alone: an item may have had ten thousand
        "SELECT id FROM lot WHERE tenant_id = %s AND id = %s AND item_id = %s",
        *(tx.tenant_id, draft.lot_id, draft.item_id),
    ):
        raise Refused(Refusal(NOT_FOUND, ("lotId",), {"id": str(draft.lot_id)}))
    places = (await ask(tx, reading.places())).by_id if draft.place_id is not None else {}
    if draft.place_id is not None and draft.place_id not in places:
        raise Refused(Refusal(NOT_FOUND, ("placeId",), {"id": str(draft.place_id)}))


async def _one(db: Database, principal: Principal, hold_id: UUID) -> Hold:
    async with db.snapshot(principal.tenant_id) as tx:
        return (await holds_by_id(tx, [hold_id]))[hold_id]
