"""Units and categories: the words that items are described with. Making and changing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import record
from core.catalogue.records import (
    Category,
    CategoryChanges,
    CategoryDraft,
    Unit,
    UnitChanges,
    UnitDraft,
)
from core.catalogue.rules import checked_category, checked_unit
from core.catalogue.tables import categories, put_categories, put_units, subtree, units
from core.db.database import Database, Transaction
from core.ids import uuid7
from core.masterdata.rules import accepted, change_payload, moved_below, numbered, payload
from core.masterdata.service import get, get_revision, refuse_existing, refuse_taken
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings
from core.tenancy.tables import next_change
from core.text import code_key


async def create_unit(
    db: Database, principal: Principal, command_id: UUID, draft: UnitDraft
) -> Unit:
    """Make a unit of measure."""
    asked = payload(draft)

    async def work(tx: Transaction) -> dict[str, Any]:
        mark = await next_change(tx)
        unit_id = draft.id or uuid7()
        await refuse_existing(tx, units, unit_id)
        made = Unit(
            unit_id, draft.code, draft.name, draft.decimals, active=True, revision=1, changed=mark
        )
        await _write_unit(tx, accepted(checked_unit(made, None)))
        await record(tx, principal.user_id, "unit.create", "unit", unit_id, asked)
        return {"id": unit_id}

    outcome = await commands.run(db, principal.tenant_id, command_id, "createUnit", asked, work)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, units, UUID(outcome["id"]))


async def update_unit(
    db: Database,
    principal: Principal,
    command_id: UUID,
    unit_id: UUID,
    revision: int,
    changes: UnitChanges,
) -> Unit:
    """Change a unit, if it is still at ``revision``. Its decimals may only grow."""
    asked = change_payload(unit_id, revision, changes)

    async def work(tx: Transaction) -> dict[str, Any]:
        mark = await next_change(tx)
        before = await get_revision(tx, units, unit_id, revision)
        after = replace(before, **changes, revision=revision + 1, changed=mark)
        await _write_unit(tx, accepted(checked_unit(after, before)))
        await record(tx, principal.user_id, "unit.update", "unit", unit_id, asked)
        return {"id": unit_id}

    outcome = await commands.run(db, principal.tenant_id, command_id, "updateUnit", asked, work)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, units, UUID(outcome["id"]))


async def create_category(
    db: Database, principal: Principal, command_id: UUID, draft: CategoryDraft
) -> Category:
    """Make a category, at the top or below another."""
    asked = payload(draft)

    async def work(tx: Transaction) -> dict[str, Any]:
        mark = await next_change(tx)
        category_id = draft.id or uuid7()
        await refuse_existing(tx, categories, category_id)
        made = Category(
            id=category_id,
            parent_id=draft.parent_id,
            code=draft.code,
            name=draft.name,
            path=(category_id,),
            active=True,
            revision=1,
            changed=mark,
        )
        await _write_category(tx, await _below_parent(tx, made))
        await record(tx, principal.user_id, "category.create", "category", category_id, asked)
        return {"id": category_id}

    outcome = await commands.run(db, principal.tenant_id, command_id, "createCategory", asked, work)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, categories, UUID(outcome["id"]))


async def update_category(
    db: Database,
    principal: Principal,
    command_id: UUID,
    category_id: UUID,
    revision: int,
    changes: CategoryChanges,
) -> Category:
    """Change a category, if it is still at ``revision``. A new parent takes all below it along."""
    asked = change_payload(category_id, revision, changes)

    async def work(tx: Transaction) -> dict[str, Any]:
        mark = await next_change(tx)
        before = await get_revision(tx, categories, category_id, revision)
        after = replace(before, **changes, revision=revision + 1, changed=mark)
        after = await _below_parent(tx, after)
        await _write_category(tx, after)
        if after.path != before.path:
            below = [c for c in await subtree(tx, category_id) if c.id != category_id]
            moved = moved_below(below, before.path, after.path)
            if moved:
                marked = numbered(moved, await next_change(tx, len(moved)))
                await put_categories(tx, marked, await _key(tx))
        await record(tx, principal.user_id, "category.update", "category", category_id, asked)
        return {"id": category_id}

    outcome = await commands.run(db, principal.tenant_id, command_id, "updateCategory", asked, work)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, categories, UUID(outcome["id"]))


async def _below_parent(tx: Transaction, category: Category) -> Category:
    parent = None
    if category.parent_id is not None:
        parent = await get(tx, categories, category.parent_id, "parentId")
    return accepted(checked_category(category, parent))


async def _write_unit(tx: Transaction, unit: Unit) -> None:
    key = await _key(tx)
    await refuse_taken(tx, units, unit.id, unit.code, key(unit.code))
    await put_units(tx, [unit], key)


async def _write_category(tx: Transaction, category: Category) -> None:
    key = await _key(tx)
    await refuse_taken(tx, categories, category.id, category.code, key(category.code))
    await put_categories(tx, [category], key)


async def _key(tx: Transaction) -> Callable[[str], str]:
    case_sensitive = (await load_settings(tx)).codes_case_sensitive
    return lambda code: code_key(code, case_sensitive=case_sensitive)
