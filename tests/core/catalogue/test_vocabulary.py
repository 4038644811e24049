"""Units and categories."""

from __future__ import annotations

import pytest

from core.catalogue.records import CategoryDraft, CategoryFilter, UnitDraft
from core.catalogue.tables import categories_by_id, changed_categories, list_categories
from core.catalogue.vocabulary import create_category, create_unit, update_category, update_unit
from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.tenancy.rules import Principal


async def test_a_unit_is_counted_ever_more_finely_never_less(
    db: Database, principal: Principal
) -> None:
    unit = await create_unit(db, principal, uuid7(), UnitDraft(code="jin", name="斤", decimals=1))
    unit = await update_unit(db, principal, uuid7(), unit.id, 1, {"decimals": 2})
    assert (unit.decimals, unit.revision) == (2, 2)
    with pytest.raises(Refused) as refused:
        await update_unit(db, principal, uuid7(), unit.id, 2, {"decimals": 1})
    assert [r.code for r in refused.value.refusals] == ["FEWER_DECIMALS"]
    for draft, code in (
        (UnitDraft(code="JIN", name="again"), "DUPLICATE"),
        (UnitDraft(code="fine", name="fine", decimals=7), "LIMIT_EXCEEDED"),
    ):
        with pytest.raises(Refused) as refused:
            await create_unit(db, principal, uuid7(), draft)
        assert [r.code for r in refused.value.refusals] == [code]


async def test_categories_move_with_what_is_below(db: Database, principal: Principal) -> None:
    food = await create_category(db, principal, uuid7(), CategoryDraft(code="F", name="食品"))
    drink = await create_category(
        db, principal, uuid7(), CategoryDraft(code="D", name="饮料", parent_id=food.id)
    )
    cola = await create_category(
        db, principal, uuid7(), CategoryDraft(code="C", name="可乐", parent_id=drink.id)
    )
    assert cola.path == (food.id, drink.id, cola.id)
    moved = await update_category(db, principal, uuid7(), drink.id, 1, {"parent_id": None})
    assert moved.path == (drink.id,)
    async with db.snapshot(principal.tenant_id) as tx:
        below = (await categories_by_id(tx, [cola.id]))[cola.id]
        within = await list_categories(tx, CategoryFilter(within=drink.id), limit=9)
        changed = await changed_categories(tx, cola.changed, 9)
    assert below.path == (drink.id, cola.id)
    assert [c.code for c in within] == ["C", "D"]
    assert [c.code for c in changed] == ["D", "C"]
    with pytest.raises(Refused) as refused:
        await update_category(db, principal, uuid7(), drink.id, 2, {"parent_id": cola.id})
    assert [r.code for r in refused.value.refusals] == ["CYCLE"]
