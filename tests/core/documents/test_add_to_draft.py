"""Lines that are added to a draft one by one, as scanners do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.db.database import Database
from core.documents.records import Document, DocumentDraft
from core.documents.service import add_to_draft
from core.errors import Refused
from core.ids import uuid7
from tests.ledger_world import World


async def add(world: World, draft: DocumentDraft) -> Document:
    async with world.db.transaction(world.principal.tenant_id) as tx:
        return await add_to_draft(tx, world.principal.user_id, draft)


async def refused(world: World, draft: DocumentDraft) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(Refused) as raised:
        await add(world, draft)
    return [(refusal.code, refusal.path) for refusal in raised.value.refusals]


async def test_lines_come_behind_and_the_head_stays(db: Database) -> None:
    world = await World.open(db)
    await world.item("A")
    first = world.draft("receipt", world.line("A", 2, "1.50"), on=1, remark="morning")
    made = await add(world, first)
    assert (made.remark, [line.no for line in made.lines], made.total) == (
        "morning",
        [1],
        Decimal(3),
    )
    more = replace(
        world.draft("issue", world.line("A", 3, 2), world.line("A", 1, 2), on=5), id=first.id
    )
    made = await add(world, more)
    assert (made.type_code, made.business_date) == ("receipt", first.business_date)
    assert [line.no for line in made.lines] == [1, 2, 3]
    assert made.total == Decimal(11)
    stored = await world.rows(
        "SELECT d.type, d.remark, d.revision, d.total, count(*), sum(l.total) FROM document d"
        " JOIN document_line l ON l.document_id = d.id WHERE d.id = %s GROUP BY 1, 2, 3, 4",
        first.id,
    )
    assert stored == [("receipt", "morning", 2, Decimal(11), 3, Decimal(11))]


async def test_what_cannot_be_added_changes_nothing(db: Database) -> None:
    world = await World.open(db)
    await world.item("A")
    line = world.line("A", 1, 1)
    posted = await world.posted("receipt", line)
    draft = world.draft("receipt", *[line] * 1000)
    await add(world, draft)
    one_more = replace(draft, lines=(line,))
    assert await refused(world, one_more) == [("LIMIT_EXCEEDED", ("lines",))]
    wrong = replace(world.draft("receipt", world.line("A", 0, 1)), id=uuid7())
    assert await refused(world, wrong) == [("BAD_QUANTITY", ("lines", 0, "quantity"))]
    assert await refused(world, replace(one_more, id=posted)) == [("WRONG_STATE", ())]
    nowhere = replace(one_more, id=uuid7(), source_id=uuid7())
    assert await refused(world, nowhere) == [("NOT_FOUND", ("sourceId",))]
    assert await world.rows("SELECT count(*) FROM document") == [(2,)]
