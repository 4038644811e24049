"""Items: made, changed, archived, read."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core.audit.tables import list_audit
from core.catalogue.records import BarcodeDraft, Item, ItemChanges, ItemDraft, ItemUnitDraft, Unit
from core.catalogue.service import archive_item, create_item, update_item
from core.catalogue.tables import (
    barcodes_of_items,
    changed_items,
    items_by_barcode,
    items_by_id,
    list_units,
    units_of_items,
)
from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.ledger.tables import item_guard
from core.tenancy.rules import Principal
from core.tenancy.service import create_tenant


@pytest.fixture
async def units(db: Database, principal: Principal) -> dict[str, Unit]:
    async with db.snapshot(principal.tenant_id) as tx:
        return {u.code: u for u in await list_units(tx)}


async def _make(db: Database, principal: Principal, **fields: Any) -> Item:
    draft = ItemDraft(**{"code": "A", "name": "可口可乐", **fields})
    return await create_item(db, principal, uuid7(), draft)


async def _change(db: Database, principal: Principal, item: Item, changes: ItemChanges) -> Item:
    return await update_item(db, principal, uuid7(), item.id, item.revision, changes)


def _found(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(r.code, r.path) for r in refused.value.refusals]


async def test_a_draft_needs_a_code_and_a_name(
    db: Database, principal: Principal, units: dict[str, Unit]
) -> None:
    item = await _make(db, principal)
    assert (item.kind, item.base_unit_id) == ("stocked", units["pcs"].id)
    assert (item.mnemonic, item.active, item.revision) == ("KKKL", True, 1)
    async with db.snapshot(principal.tenant_id) as tx:
        guards = await tx.sql.execute(sa.select(item_guard.c.item_id))
        (deed,) = await list_audit(tx, object_id=item.id)
    assert guards.scalars().all() == [item.id]
    assert (deed.action, deed.details["code"]) == ("item.create", "A")


async def test_units_have_exact_ratios_and_barcodes_of_their_own(
    db: Database, principal: Principal, units: dict[str, Unit]
) -> None:
    third = ItemUnitDraft(unit_id=units["pack"].id, numerator=Decimal(1), denominator=Decimal(3))
    box = ItemUnitDraft(unit_id=units["box"].id, numerator=Decimal(24))
    item = await _make(
        db,
        principal,
        units=(box, third),
        barcodes=(BarcodeDraft(code="690"), BarcodeDraft(code="169", unit_id=box.unit_id)),
    )
    async with db.snapshot(principal.tenant_id) as tx:
        kept = (await units_of_items(tx, [item.id]))[item.id]
        codes = (await barcodes_of_items(tx, [item.id]))[item.id]
        scanned = await items_by_barcode(tx, ["169", "000"])
    assert [(u.unit_id, u.numerator, u.denominator) for u in kept] == [
        (third.unit_id, Decimal(1), Decimal(3)),
        (box.unit_id, Decimal(24), Decimal(1)),
    ]
    assert [(b.code, b.unit_id) for b in codes] == [
        ("169", box.unit_id),
        ("690", units["pcs"].id),
    ]
    assert scanned.keys() == {"169"}

    item = await _change(db, principal, item, {"units": (box,), "barcodes": ()})
    async with db.snapshot(principal.tenant_id) as tx:
        assert [u.unit_id for u in (await units_of_items(tx, [item.id]))[item.id]] == [box.unit_id]
        assert item.id not in await barcodes_of_items(tx, [item.id])


async def test_everything_wrong_is_said_at_once(
    db: Database, principal: Principal, units: dict[str, Unit]
) -> None:
    unknown, box = uuid7(), units["box"].id
    with pytest.raises(Refused) as refused:
        await _make(
            db,
            principal,
            code="A\u202eB",
            name="",
            list_price=Decimal("-1"),
            weight=Decimal("1e30"),
            volume=Decimal("NaN"),
            costing_method="lifo",
            category_id=unknown,
            units=(
                ItemUnitDraft(unit_id=box, numerator=Decimal(0)),
                ItemUnitDraft(unit_id=box, numerator=Decimal(1)),
            ),
            barcodes=(
                BarcodeDraft(code="1"),
                BarcodeDraft(code="1"),
                BarcodeDraft(code="2", unit_id=unknown),
            ),
        )
    assert _found(refused) == [
        ("BAD_TEXT", ("code",)),
        ("REQUIRED", ("name",)),
        ("BAD_NUMBER", ("list_price",)),
        ("BAD_NUMBER", ("weight",)),
        ("BAD_NUMBER", ("volume",)),
        ("CHOICE", ("costing_method",)),
        ("NOT_FOUND", ("category_id",)),
        ("BAD_RATIO", ("units", 0, "numerator")),
        ("UNIT_TWICE", ("units", 1, "unit_id")),
        ("BARCODE_TWICE", ("barcodes", 1, "code")),
        ("UNIT_OF_BARCODE", ("barcodes", 2, "unit_id")),
    ]


async def test_codes_and_barcodes_belong_to_one_item(db: Database, principal: Principal) -> None:
    item = await _make(db, principal, barcodes=(BarcodeDraft(code="690"),))
    with pytest.raises(Refused) as refused:
        await _make(db, principal, code="a", barcodes=(BarcodeDraft(code="690"),))
    assert _found(refused) == [("DUPLICATE", ("code",)), ("DUPLICATE", ("barcodes", 0, "code"))]
    with pytest.raises(Refused) as refused:
        await _make(db, principal, code="B", id=item.id)
    assert _found(refused) == [("DUPLICATE", ("id",))]


async def test_a_change_leaves_what_it_does_not_name_and_clears_what_is_none(
    db: Database, principal: Principal
) -> None:
    item = await _make(db, principal, list_price=Decimal("3.50"), weight=Decimal("0.4"))
    item = await _change(db, principal, item, {"name": "百事可乐", "weight": None})
    assert (item.list_price, item.weight, item.mnemonic) == (Decimal("3.50"), None, "BSKL")
    item = await _change(db, principal, item, {"mnemonic": "PEPSI"})
    item = await _change(db, principal, item, {"name": "百事"})
    assert item.mnemonic == "PEPSI"
    assert item.revision == 4
    item = await archive_item(db, principal, uuid7(), item.id, item.revision)
    assert not item.active


async def test_what_was_asked_before_is_answered_before_it_is_compared(
    db: Database, principal: Principal
) -> None:
    item, command = await _make(db, principal), uuid7()
    changes: ItemChanges = {"name": "B"}
    first = await update_item(db, principal, command, item.id, 1, changes)
    assert await update_item(db, principal, command, item.id, 1, changes) == first
    with pytest.raises(Refused) as refused:
        await update_item(db, principal, uuid7(), item.id, 1, changes)
    assert _found(refused) == [("STALE_REVISION", ("revision",))]
    with pytest.raises(Refused) as refused:
        await update_item(db, principal, command, item.id, 1, {"name": "C"})
    assert _found(refused) == [("COMMAND_REUSED", ("commandId",))]


async def test_what_its_books_were_kept_by_is_fixed_once_an_item_moved(
    db: Database, principal: Principal, units: dict[str, Unit]
) -> None:
    item = await _make(db, principal)
    item = await _change(db, principal, item, {"base_unit_id": units["kg"].id})
    async with db.transaction(principal.tenant_id) as tx:
        moved = sa.update(item_guard).values(moved_through=date(2026, 1, 31))
        await tx.sql.execute(moved.where(item_guard.c.item_id == item.id))
    fixed: list[ItemChanges] = [
        {"base_unit_id": units["pcs"].id},
        {"costing_method": "fifo"},
        {"cost_scope": "item_place"},
        {"kind": "service"},
        {"standard_cost": Decimal("2.50")},
    ]
    for changes in fixed:
        with pytest.raises(Refused) as refused:
            await _change(db, principal, item, changes)
        assert _found(refused) == [("ITEM_MOVED", tuple(changes))]
    assert (await _change(db, principal, item, {"negative_stock": "allow"})).revision == 3


async def test_a_device_that_asks_what_changed_misses_nothing(
    db: Database, principal: Principal
) -> None:
    a, b = [await _make(db, principal, code=code) for code in "AB"]
    async with db.snapshot(principal.tenant_id) as tx:
        seen = await changed_items(tx, 0, 10)
    assert [i.id for i in seen] == [a.id, b.id]
    a = await archive_item(db, principal, uuid7(), a.id, 1)
    await asyncio.gather(*(_make(db, principal, code=f"C{n}") for n in range(8)))
    async with db.snapshot(principal.tenant_id) as tx:
        since, later = seen[-1].changed, []
        while page := await changed_items(tx, since, 3):
            later += page
            since = page[-1].changed
    assert later[0] == a
    assert len({i.changed for i in later}) == len(later) == 9


async def test_writers_at_once_agree_on_one_winner(db: Database, principal: Principal) -> None:
    drafts = [ItemDraft(code="A", name=f"name {n}") for n in range(6)]
    answers = await asyncio.gather(
        *(create_item(db, principal, uuid7(), d) for d in drafts), return_exceptions=True
    )
    assert sum(isinstance(a, Item) for a in answers) == 1
    assert all(isinstance(a, Item | Refused) for a in answers)

    command, draft = uuid7(), ItemDraft(code="B", name="twin")
    twins = await asyncio.gather(*(create_item(db, principal, command, draft) for _ in range(4)))
    assert len({t.id for t in twins}) == 1

    item = twins[0]
    changed = await asyncio.gather(
        *(_change(db, principal, item, {"name": f"n{n}"}) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(c, Item) for c in changed) == 1


async def test_another_tenants_item_does_not_exist(db: Database, principal: Principal) -> None:
    item = await _make(db, principal)
    other = await create_tenant(db, f"other {uuid7()}")
    async with db.snapshot(other.id) as tx:
        assert await items_by_id(tx, [item.id]) == {}
        assert await changed_items(tx, 0, 10) == []
