"""The location tree: made, moved, archived (L7)."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from core.audit.tables import list_audit
from core.catalogue.records import ItemDraft
from core.catalogue.service import create_item
from core.db.database import Database
from core.errors import Refused
from core.ids import NIL, uuid7
from core.ledger.tables import balance
from core.places.rules import Place, PlaceChanges, PlaceDraft, PlaceKind, zone_of
from core.places.service import archive_place, create_place, update_place
from core.places.tables import (
    PlaceFilter,
    changed_places,
    count_places,
    list_places,
    places_by_account,
    places_by_id,
    root_place,
    subtree,
)
from core.tenancy.rules import Principal
from core.tenancy.service import create_tenant
from core.tenancy.tables import read_sequence


async def _make(
    db: Database, principal: Principal, code: str, kind: PlaceKind, parent: UUID | None = None
) -> Place:
    draft = PlaceDraft(code=code, name=f"Place {code}", kind=kind, parent_id=parent)
    return await create_place(db, principal, uuid7(), draft)


async def _change(db: Database, principal: Principal, place: Place, changes: PlaceChanges) -> Place:
    return await update_place(db, principal, uuid7(), place.id, place.revision, changes)


async def _refusal(db: Database, principal: Principal, place: Place, changes: PlaceChanges) -> str:
    with pytest.raises(Refused) as refused:
        await _change(db, principal, place, changes)
    return refused.value.refusals[0].code


async def test_a_move_takes_everything_below_along(db: Database, principal: Principal) -> None:
    north = await _make(db, principal, "N", "organisation")
    store = await _make(db, principal, "S", "store", north.id)
    stock = await _make(db, principal, "W", "warehouse", store.id)
    shelf = await _make(db, principal, "B", "bin", stock.id)
    assert shelf.path == (*north.path, store.id, stock.id, shelf.id)

    async with db.snapshot(principal.tenant_id) as tx:
        root, since = await root_place(tx), (await read_sequence(tx)).change
    moved = await _change(db, principal, stock, {"parent_id": root.id})
    async with db.snapshot(principal.tenant_id) as tx:
        below = (await places_by_id(tx, [shelf.id]))[shelf.id]
        changed = await changed_places(tx, since, 10)
        left = await subtree(tx, store.id)
        children = await list_places(tx, PlaceFilter(parent_id=stock.id), limit=9)
    assert moved.path == (root.id, stock.id)
    assert below.path == (root.id, stock.id, shelf.id)
    assert below.revision == shelf.revision + 1
    assert [p.id for p in changed] == [stock.id, shelf.id]
    assert [p.id for p in left] == [store.id]
    assert [p.id for p in children] == [shelf.id]


async def test_nothing_lies_below_itself(db: Database, principal: Principal) -> None:
    north = await _make(db, principal, "N", "organisation")
    inner = await _make(db, principal, "I", "organisation", north.id)
    assert await _refusal(db, principal, north, {"parent_id": inner.id}) == "CYCLE"
    assert await _refusal(db, principal, north, {"parent_id": north.id}) == "CYCLE"


async def test_each_kind_has_its_place(db: Database, principal: Principal) -> None:
    store = await _make(db, principal, "S", "store")
    with pytest.raises(Refused) as refused:
        await _make(db, principal, "O", "organisation", store.id)
    assert refused.value.refusals[0].code == "PLACE_PARENT"
    with pytest.raises(Refused) as refused:
        await _make(db, principal, "B", "bin")
    assert refused.value.refusals[0].code == "PLACE_PARENT"
    for kind in ("virtual", "transit"):
        with pytest.raises(Refused):
            await _make(db, principal, "V", kind)


async def test_the_accounts_belong_to_the_ledger(db: Database, principal: Principal) -> None:
    async with db.snapshot(principal.tenant_id) as tx:
        supplier = (await places_by_account(tx))["supplier"]
        root = await root_place(tx)
    assert await _refusal(db, principal, supplier, {"name": "Mine"}) == "PLACE_SYSTEM"
    with pytest.raises(Refused):
        await _make(db, principal, "~mine", "store")
    assert (await _change(db, principal, root, {"name": "集团"})).name == "集团"


async def test_what_is_in_use_stays(db: Database, principal: Principal) -> None:
    store = await _make(db, principal, "S", "store")
    shelf = await _make(db, principal, "B", "bin", store.id)
    assert await _refusal(db, principal, store, {"active": False}) == "PLACE_IN_USE"
    assert not (await archive_place(db, principal, uuid7(), shelf.id, shelf.revision)).active
    store = await archive_place(db, principal, uuid7(), store.id, store.revision)
    assert not store.active
    with pytest.raises(Refused) as refused:
        await _make(db, principal, "C", "bin", store.id)
    assert refused.value.refusals[0].code == "ARCHIVED"
    assert (await _change(db, principal, store, {"active": True})).active


async def test_a_place_with_stock_stays(db: Database, principal: Principal) -> None:
    store = await _make(db, principal, "S", "store")
    item = await create_item(db, principal, uuid7(), ItemDraft(code="A", name="A"))
    goods = {"tenant_id": principal.tenant_id, "item_id": item.id, "place_id": store.id}
    async with db.transaction(principal.tenant_id) as tx:
        await tx.sql.execute(sa.insert(balance).values(**goods, lot_id=NIL, on_hand=1))
    assert await _refusal(db, principal, store, {"active": False}) == "PLACE_IN_USE"
    async with db.transaction(principal.tenant_id) as tx:
        await tx.sql.execute(sa.update(balance).values(on_hand=0))
    assert not (await archive_place(db, principal, uuid7(), store.id, store.revision)).active


async def test_two_who_saw_the_same_do_not_overwrite_each_other(
    db: Database, principal: Principal
) -> None:
    store = await _make(db, principal, "S", "store")
    await _change(db, principal, store, {"name": "first"})
    assert await _refusal(db, principal, store, {"name": "second"}) == "STALE_REVISION"


async def test_a_code_is_taken_once_and_a_name_may_repeat(
    db: Database, principal: Principal
) -> None:
    await _make(db, principal, "S", "store")
    with pytest.raises(Refused) as refused:
        await _make(db, principal, "s", "store")
    assert refused.value.refusals[0].code == "DUPLICATE"


async def test_a_zone_is_inherited_until_a_place_has_its_own(
    db: Database, principal: Principal
) -> None:
    store = await _make(db, principal, "S", "store")
    shelf = await _make(db, principal, "B", "bin", store.id)
    assert zone_of(shelf, dict.fromkeys(shelf.path, store), "Asia/Shanghai") == "Asia/Shanghai"
    store = await _change(db, principal, store, {"zone": "Asia/Urumqi"})
    assert zone_of(shelf, {store.id: store}, "Asia/Shanghai") == "Asia/Urumqi"
    assert await _refusal(db, principal, store, {"zone": "Mars/Base"}) == "UNKNOWN_ZONE"


async def test_a_change_of_the_tree_is_audited_and_starts_postings_over(
    db: Database, principal: Principal
) -> None:
    async with db.snapshot(principal.tenant_id) as tx:
        before = await read_sequence(tx)
    command, draft = uuid7(), PlaceDraft(code="S", name="Store", kind="store")
    store = await create_place(db, principal, command, draft)
    assert await create_place(db, principal, command, draft) == store
    async with db.snapshot(principal.tenant_id) as tx:
        after = await read_sequence(tx)
        deeds = await list_audit(tx, object_id=store.id)
    assert after.rules_version == before.rules_version + 1
    assert [(d.action, d.actor) for d in deeds] == [("place.create", principal.user_id)]


async def test_pages_follow_one_another(db: Database, principal: Principal) -> None:
    store = await _make(db, principal, "S", "store")
    for n in range(7):
        await _make(db, principal, f"B{n}", "bin", store.id)
    wanted, seen, after = PlaceFilter(within=store.id, kinds=("bin",)), [], None
    async with db.snapshot(principal.tenant_id) as tx:
        assert await count_places(tx, wanted) == 7
        while page := await list_places(tx, wanted, after=after, limit=3):
            seen += [p.code for p in page]
            after = page[-1].id
        found = await list_places(tx, PlaceFilter(search="place b"), descending=True, limit=2)
        literal = await list_places(tx, PlaceFilter(search="%"), limit=2)
    assert seen == [f"B{n}" for n in range(7)]
    assert [p.code for p in found] == ["B6", "B5"]
    assert literal == []


async def test_another_tenants_place_does_not_exist(db: Database, principal: Principal) -> None:
    other = await create_tenant(db, f"other {uuid7()}")
    async with db.snapshot(other.id) as tx:
        theirs = await root_place(tx)
    with pytest.raises(Refused) as refused:
        await _make(db, principal, "S", "store", theirs.id)
    assert refused.value.refusals[0].code == "NOT_FOUND"
    async with db.snapshot(principal.tenant_id) as tx:
        assert await places_by_id(tx, [theirs.id]) == {}
