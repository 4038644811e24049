"""A thousand items at once: one transaction, a verdict for each."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from core.catalogue.records import BarcodeDraft, ItemChanges, ItemDraft, ItemFilter, ItemSave
from core.catalogue.service import BULK_LIMIT, save_items, save_items_within
from core.catalogue.tables import barcodes_of_items, count_items, items_by_code
from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.tenancy.rules import Principal


def _save(code: str, revision: int | None = None, **fields: Any) -> ItemSave:
    draft = ItemDraft(**{"code": code, "name": "可乐", **fields})
    return ItemSave(command_id=uuid7(), draft=draft, revision=revision)


async def test_each_has_its_verdict_and_the_bad_do_not_hinder_the_good(
    db: Database, principal: Principal
) -> None:
    await save_items(db, principal, [_save("OLD", barcodes=(BarcodeDraft(code="690"),))])
    verdicts = await save_items(
        db,
        principal,
        [
            _save("A"),
            _save("A"),
            _save("B\x00"),
            _save("\ud800"),
            _save("C", barcodes=(BarcodeDraft(code="690"),)),
            _save("old", list_price=Decimal(5)),
            _save("OLD", revision=7),
            _save("D", list_price=Decimal("0.0000001")),
            _save("E"),
        ],
    )
    assert [[r.code for r in v.refusals] for v in verdicts] == [
        [],
        ["DUPLICATE"],
        ["BAD_TEXT"],
        ["BAD_TEXT"],
        ["DUPLICATE"],
        [],
        ["STALE_REVISION"],
        ["BAD_NUMBER"],
        [],
    ]
    async with db.snapshot(principal.tenant_id) as tx:
        found = await items_by_code(tx, ["a", "c", "d", "e", "old"])
        kept = await barcodes_of_items(tx, [found["old"].id])
    assert found.keys() == {"a", "e", "old"}
    assert (found["old"].list_price, found["old"].revision) == (Decimal(5), 2)
    assert [b.code for b in kept[found["old"].id]] == ["690"]


async def test_a_bulk_sent_again_changes_nothing(db: Database, principal: Principal) -> None:
    saves = [_save(f"A{n}", barcodes=(BarcodeDraft(code=f"69{n:04}"),)) for n in range(50)]
    first = await save_items(db, principal, saves)
    random.Random(7).shuffle(saves)
    again = await save_items(db, principal, saves)
    assert {v.id for v in first} == {v.id for v in again}
    async with db.snapshot(principal.tenant_id) as tx:
        found = await items_by_code(tx, [f"a{n}" for n in range(50)])
        assert await count_items(tx, ItemFilter()) == 50
    assert {i.revision for i in found.values()} == {1}


async def test_a_bulk_has_a_limit(db: Database, principal: Principal) -> None:
    with pytest.raises(Refused):
        await save_items(db, principal, [_save(f"A{n}") for n in range(BULK_LIMIT + 1)])


async def test_within_a_transaction_that_does_more_all_or_none(
    db: Database, principal: Principal
) -> None:
    """Made and changed together; a refusal leads to its place among what was wanted."""
    old, new = uuid7(), uuid7()
    await save_items(db, principal, [_save("OLD", id=old), _save("TAKEN")])
    price: ItemChanges = {"list_price": Decimal(7)}
    async with db.transaction(principal.tenant_id) as tx:
        draft = ItemDraft(code="NEW", name="new")
        await save_items_within(tx, principal, [(new, draft), (old, price)])
    more = (uuid7(), ItemDraft(code="MORE", name="more"))
    taken = (uuid7(), ItemDraft(code="taken", name="taken"))
    with pytest.raises(Refused) as refused:
        async with db.transaction(principal.tenant_id) as tx:
            await save_items_within(tx, principal, [more, taken, (uuid7(), price)])
    assert [(r.code, r.path) for r in refused.value.refusals] == [
        ("DUPLICATE", (1, "code")),
        ("NOT_FOUND", (2, "id")),
    ]
    with pytest.raises(Refused):
        async with db.transaction(principal.tenant_id) as tx:
            await save_items_within(tx, principal, [(old, price)] * (BULK_LIMIT + 1))
    async with db.snapshot(principal.tenant_id) as tx:
        found = await items_by_code(tx, ["new", "old", "more"])
    assert {code: (item.id, item.list_price) for code, item in found.items()} == {
        "new": (new, None),
        "old": (old, Decimal(7)),
    }
