"""Colours and size groups: what styles are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import (
    DUPLICATE,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    Database,
    Principal,
    Transaction,
    clean,
    record_audit,
    refuse,
    run_command,
    uuid7,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.refusals import SIZE_IN_USE

LONGEST_CODE = 32
LONGEST_NAME = 200
MOST_SIZES = 100


async def save_colour(
    db: Database,
    principal: Principal,
    command_id: UUID,
    id_: UUID | None,
    code: str,
    name: str,
    *,
    active: bool = True,
) -> UUID:
    """Make a colour, or change the one of this id. Nothing new is made in one that is archived; what
    there is of it stays in use. Raises Refused."""
    code = clean(code, "code", LONGEST_CODE)
    row = {"code": code, "name": clean(name, "name", LONGEST_NAME), "active": active}

    async def work(tx: Transaction) -> Mapping[str, Any]:
        if id_ is not None and id_ not in await tables.colours(tx, [id_]):
            raise refuse(NOT_FOUND, "id", id=str(id_))
        saved = id_ or uuid7()
        await refuse_taken(tx, tables.colour, code, saved)
        await tables.put(tx, tables.colour, [{"id": saved, **row}])
        action = "apparel_variants.save_colour"
        await record_audit(tx, principal.user_id, action, "apparel_variants_colour", saved, row)
        return {"id": saved}

    asked = {"id": id_, **row}
    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.saveColour", asked, work
    )
    return UUID(outcome["id"])


async def save_size_group(
    db: Database,
    principal: Principal,
    command_id: UUID,
    id_: UUID | None,
    code: str,
    name: str,
    sizes: Sequence[str],
) -> UUID:
    """Make a size group of these sizes in this order, or change the one of this id: a size keeps what
    it is by its code, wherever it stands, and goes only while no variant has it. Raises Refused."""
    row = {"code": clean(code, "code", LONGEST_CODE), "name": clean(name, "name", LONGEST_NAME)}
    wanted = _sizes(sizes)

    async def work(tx: Transaction) -> Mapping[str, Any]:
        known = (await tables.size_groups(tx, [id_])).get(id_) if id_ is not None else None
        if id_ is not None and known is None:
            raise refuse(NOT_FOUND, "id", id=str(id_))
        saved = id_ or uuid7()
        await refuse_taken(tx, tables.size_group, row["code"], saved)
        await tables.put(tx, tables.size_group, [{"id": saved, **row}])
        before = {size.code: size.id for size in known.sizes} if known else {}
        gone = [before[code] for code in before.keys() - set(wanted)]
        for size in await tables.used_sizes(tx, gone):
            raise refuse(SIZE_IN_USE, "sizes", size=size)
        await tables.remove_sizes(tx, gone)
        written = [
            {
                "id": before.get(size) or uuid7(),
                "size_group_id": saved,
                "code": size,
                "position": n,
            }
            for n, size in enumerate(wanted)
        ]
        await tables.put(tx, tables.size, written)
        details = {**row, "sizes": wanted}
        action, kind = "apparel_variants.save_size_group", "apparel_variants_size_group"
        await record_audit(tx, principal.user_id, action, kind, saved, details)
        return {"id": saved}

    asked = {"id": id_, **row, "sizes": wanted}
    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.saveSizeGroup", asked, work
    )
    return UUID(outcome["id"])


async def refuse_taken(tx: Transaction, table: sa.Table, code: str, own: UUID) -> None:
    """Refuse a code that another row has. Of two that come at once the database refuses the later,
    whose command runs again and finds the earlier here."""
    if await tables.taken(tx, table, code) not in (None, own):
        raise refuse(DUPLICATE, "code", field="code", value=code)


def _sizes(sizes: Sequence[str]) -> list[str]:
    if not 1 <= len(sizes) <= MOST_SIZES:
        raise refuse(LIMIT_EXCEEDED, "sizes", field="sizes", limit=f"1–{MOST_SIZES}")
    wanted = [clean(size, "sizes", LONGEST_CODE) for size in sizes]
    for n, size in enumerate(wanted):
        if size in wanted[:n]:
            raise refuse(DUPLICATE, "sizes", n, field="sizes", value=size)
    return wanted
