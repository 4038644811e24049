"""Making, changing and archiving places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction
from core.errors import Refusal, Refused
from core.extension import attributes
from core.ids import uuid7
from core.ledger.tables import stock_exists
from core.masterdata.rules import (
    ARCHIVED,
    accepted,
    change_payload,
    moved_below,
    numbered,
    payload,
    sent_with,
)
from core.masterdata.service import get, get_revision, refuse_existing, refuse_taken
from core.places.rules import (
    PLACE_IN_USE,
    Place,
    PlaceChanges,
    PlaceDraft,
    changed_place,
    new_place,
)
from core.places.tables import put_places, register, root_place, subtree
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings
from core.tenancy.settings import zones
from core.tenancy.tables import next_change
from core.text import code_key


async def create_place(
    db: Database, principal: Principal, command_id: UUID, draft: PlaceDraft
) -> Place:
    """Make a place below its parent (L7). Postings under way start over with the new tree."""

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": await create_place_within(tx, principal, draft)}

    outcome = await commands.run(
        db, principal.tenant_id, command_id, "createPlace", payload(draft), work
    )
    return await read_place(db, principal, UUID(outcome["id"]))


async def create_place_within(tx: Transaction, principal: Principal, draft: PlaceDraft) -> UUID:
    """The same, in a transaction that does more. Raises Refused."""
    mark = await next_change(tx, new_rules=True)
    place_id = draft.id or uuid7()
    await refuse_existing(tx, register, place_id)
    parent = await _parent(tx, draft.parent_id)
    place = accepted(new_place(place_id, draft, parent, zones()))
    await _write(tx, [replace(place, changed=mark)])
    sent = sent_with(draft.extensions)
    await attributes.save_one(tx, principal.modules, "place", place_id, sent)
    await record(tx, principal.user_id, "place.create", "place", place_id, payload(draft))
    return place_id


async def update_place(
    db: Database,
    principal: Principal,
    command_id: UUID,
    place_id: UUID,
    revision: int,
    changes: PlaceChanges,
) -> Place:
    """Change a place, if it is still at ``revision``. A new parent takes everything below along."""
    asked = change_payload(place_id, revision, changes)

    async def work(tx: Transaction) -> dict[str, Any]:
        # The first mark locks the tree; the subtree's marks follow once it is known.
        mark = await next_change(tx, new_rules=True)
        before = await get_revision(tx, register, place_id, revision)
        parent = None
        if "parent_id" in changes or before.parent_id is not None:
            parent = await _parent(tx, changes.get("parent_id", before.parent_id))
        after = accepted(changed_place(before, changes, parent, zones()))
        if before.active and not after.active:
            await _refuse_in_use(tx, before)
        await _write(tx, [replace(after, changed=mark)])
        if after.path != before.path:
            await _move_below(tx, before, after)
        sent = changes.get("extensions")
        await attributes.save_one(tx, principal.modules, "place", place_id, sent)
        await record(tx, principal.user_id, "place.update", "place", place_id, asked)
        return {"id": place_id}

    outcome = await commands.run(db, principal.tenant_id, command_id, "updatePlace", asked, work)
    return await read_place(db, principal, UUID(outcome["id"]))


async def archive_place(
    db: Database, principal: Principal, command_id: UUID, place_id: UUID, revision: int
) -> Place:
    """Take a place out of use. Refused while stock or active places are in it."""
    return await update_place(db, principal, command_id, place_id, revision, {"active": False})


async def read_place(db: Database, principal: Principal, place_id: UUID) -> Place:
    """A place by id, in a snapshot of its own."""
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, register, place_id)


async def _parent(tx: Transaction, parent_id: UUID | None) -> Place:
    if parent_id is None:
        return await root_place(tx)
    parent = await get(tx, register, parent_id, "parentId")
    if not parent.active:
        details = {"field": "parentId", "value": parent.code}
        raise Refused(Refusal(ARCHIVED, ("parentId",), details))
    return parent


async def _refuse_in_use(tx: Transaction, place: Place) -> None:
    below = [p for p in await subtree(tx, place.id) if p.id != place.id and p.active]
    if below or await stock_exists(tx, place.id):
        raise Refused(Refusal(PLACE_IN_USE, ("active",), {"code": place.code}))


async def _move_below(tx: Transaction, before: Place, after: Place) -> None:
    """Give everything below a moved place its new path."""
    below = [p for p in await subtree(tx, before.id) if p.id != before.id]
    if not below:
        return
    moved = moved_below(below, before.path, after.path)
    await _write(tx, numbered(moved, await next_change(tx, len(moved))), recoded=False)


async def _write(tx: Transaction, places: list[Place], *, recoded: bool = True) -> None:
    case_sensitive = (await load_settings(tx)).codes_case_sensitive

    def key(code: str) -> str:
        return code_key(code, case_sensitive=case_sensitive)

    if recoded:
        for place in places:
            await refuse_taken(tx, register, place.id, place.code, key(place.code))
    await put_places(tx, places, key)
