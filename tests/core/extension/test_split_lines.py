"""Lines that a plugin splits by lot: each part moves, costs and goes back as a line of its own would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database
from core.documents.records import Line, LineDraft
from core.errors import LIMIT_EXCEEDED, refuse
from core.extension.records import LotPart, Posting
from core.ledger.records import lot_id
from tests.core.extension.making import installed, plugin, switch_on
from tests.ledger_world import World

D = Decimal
Split = Callable[[World], Any]


def split_lines(posting: Posting) -> Iterator[LotPart]:
    """``S1 S2=0 S3`` in the remark of a line: so many of each lot, one if nothing is said; the first word
    may be the lot they belong to, as in ``BOX: S1 S2``."""
    for line in posting.document.lines:
        parent, _, codes = (line.remark or "").rpartition(":")
        for word in codes.split():
            code, _, quantity = word.partition("=")
            if code == "REFUSE":
                limit = {"field": "lots", "limit": 1}
                raise refuse(LIMIT_EXCEEDED, "lines", line.no - 1, "remark", **limit)
            yield LotPart(line.no, code, D(quantity or 1), code[0] == "S", parent or None)


@pytest.fixture
async def world(db: Database) -> AsyncIterator[World]:
    with installed(plugin("testing", split_lines)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        await world.item("A", cost_scope="serial")
        await world.item("L", cost_scope="item_lot")
        await world.place("SHOP")
        yield world
        await world.tallies()


async def lots(world: World, item: str = "A", place: str = "MAIN") -> dict[str, Decimal]:
    found = await world.rows(
        "SELECT l.code, b.on_hand FROM balance b JOIN lot l ON l.id = b.lot_id"
        " AND l.tenant_id = b.tenant_id WHERE b.item_id = %s AND b.place_id = %s AND b.on_hand <> 0",
        *(world.items[item], world.places[place]),
    )
    return dict(found)


async def values(world: World, item: str = "A") -> dict[str, Decimal]:
    found = await world.rows(
        "SELECT l.code, p.value FROM pool p JOIN lot l ON l.id = p.lot_id"
        " AND l.tenant_id = p.tenant_id WHERE p.item_id = %s AND p.quantity <> 0",
        world.items[item],
    )
    return dict(found)


async def test_a_line_of_units_moves_them_one_by_one(world: World) -> None:
    await world.posted("receipt", world.line("A", 3, amount="10", remark="S1 S2 S3"))
    assert await values(world) == {"S1": D("3.33"), "S2": D("3.34"), "S3": D("3.33")}
    await world.posted("transfer", world.line("A", 2, to="SHOP", remark="S1 S3"), on=2)
    assert await lots(world) == {"S2": 1}
    assert await lots(world, place="SHOP") == {"S1": 1, "S3": 1}
    again = world.line("A", 2, 1, remark="S4 S1")
    assert await world.refused("receipt", again, on=2) == ["UNIT_ELSEWHERE"]
    gone = world.line("A", 2, remark="S2 S1")
    assert await world.refused("issue", gone, on=3) == ["OUT_OF_STOCK"]
    sent = await world.posted("dispatch", world.line("A", 2, remark="S1 S3"), at="SHOP", on=3)
    arrived = world.line("A", 1, source_line=1, to="MAIN", remark="S3")
    await world.posted("arrival", arrived, place_id=None, source_id=sent, on=4)
    assert await lots(world) == {"S2": 1, "S3": 1}
    assert await lots(world, place="SHOP") == {}


async def test_units_go_back_at_their_own_cost(world: World) -> None:
    await world.posted("receipt", world.line("A", 1, 42, remark="S1"))
    await world.posted("receipt", world.line("A", 1, 113, remark="S2"))
    sold = await world.posted("issue", world.line("A", 2, 200, remark="S1 S2"), on=2)
    back = world.line("A", 1, source_line=1, remark="S2")
    await world.posted("return_from_customer", back, source_id=sold, on=3)
    assert await values(world) == {"S2": D(113)}


async def test_a_lot_that_lies_in_parts_is_taken_from_them(world: World) -> None:
    for item in ("L", "A"):
        await world.posted("receipt", world.line(item, 2, 5, remark="BOX: S1 S2"), on=1)
        await world.posted("receipt", world.line(item, 1, 7, remark="BAG: S3"), on=1)
    await world.posted("issue", world.line("L", 1, 9, lot_code="BOX"), on=2)
    assert await lots(world, "L") == {"S2": 1, "S3": 1}
    for batch, wanted in (("BOX", 2), ("BAG", 2)):
        line = world.line("L", wanted, lot_code=batch)
        assert await world.refused("issue", line, on=2) == ["OUT_OF_STOCK"]
    # Of units with a cost of their own somebody has to say which.
    assert await world.refused("issue", world.line("A", 1, lot_code="BOX"), on=2) == ["UNIT_LOT"]
    sent = await world.posted("dispatch", world.line("L", 1, lot_code="BOX"), on=3)
    head = {"source_id": sent, "place_id": None, "on": 4}
    await world.posted(
        "arrival", world.line("L", 1, source_line=1, to="SHOP", lot_code="BOX"), **head
    )
    assert await lots(world, "L", "SHOP") == {"S2": 1}


async def test_a_reversal_takes_back_all_parts(world: World) -> None:
    receipt = await world.posted("receipt", world.line("A", 2, 5, remark="S1 S2"))
    sold = await world.posted("issue", world.line("A", 2, 9, remark="S1 S2"), on=2)
    await world.undone(sold)
    assert await lots(world) == {"S1": 1, "S2": 1}
    await world.undone(receipt, on=3)
    assert await lots(world) == {}


async def test_a_backdated_line_is_split_as_well(world: World) -> None:
    await world.posted("receipt", world.line("A", 2, 5, remark="S1 S2"), on=1)
    await world.posted("issue", world.line("A", 1, 9, remark="S1"), on=4)
    await world.posted("transfer", world.line("A", 1, to="SHOP", remark="S2"), on=3)
    assert await lots(world, place="SHOP") == {"S2": 1}
    early = world.line("A", 1, to="SHOP", remark="S1")
    assert await world.refused("transfer", early, on=3) == ["LATER_SHORT"]


async def test_a_unit_that_was_counted_is_not_undone_before_that(world: World) -> None:
    receipt = await world.posted("receipt", world.line("A", 2, 5, remark="S1 S2"), on=1)
    moved = await world.posted("transfer", world.line("A", 1, to="SHOP", remark="S1"), on=2)
    count = await world.posted("count", world.line("A", 1, at="SHOP", remark="S1"), on=3)
    [refusal] = (await world.undo(moved)).refusals
    assert refusal.code == "UNIT_COUNTED"
    assert refusal.details == {"item": "A", "lot": "S1", "date": "2026-03-03"}
    assert [one.code for one in (await world.undo(receipt)).refusals] == ["LATER_SHORT"]
    await world.undone(moved, on=4)
    await world.undone(count, on=4)
    await world.undone(receipt, on=5)
    assert await lots(world) == {}


async def test_a_count_says_what_was_found_of_each_lot(world: World) -> None:
    await world.set(count_approval_pct="10")
    await world.posted("receipt", world.line("L", 9, 5, remark="X=4 Y=5"))
    exact = world.line("L", 9, remark="X=4 Y=5")
    await world.posted("count", exact, on=2)
    away = world.line("L", 5, remark="X=0 Y=5")
    assert await world.refused("count", away, on=2) == ["COUNT_NEEDS_APPROVAL"]
    await world.set(count_approval_pct=None)
    await world.posted("count", away, on=2)
    assert await lots(world, "L") == {"Y": 5}


async def test_outputs_are_split_and_their_costs_come_to_the_whole(world: World) -> None:
    await world.posted("receipt", world.line("L", 10, 1, remark="X=10"))
    made = [
        world.line("L", 10, role="consume", remark="X=10"),
        world.line("A", 3, role="produce", remark="S1 S2 S3"),
        world.line("L", 3, role="produce", share="40", remark="Y=1 Z=2"),
    ]
    await world.posted("conversion", *made, on=2)
    assert await values(world) == {"S1": 2, "S2": 2, "S3": 2}
    assert await values(world, "L") == {"Y": D("1.33"), "Z": D("2.67")}


async def test_units_belong_to_a_lot_and_are_held_with_it(world: World) -> None:
    await world.posted("receipt", world.line("L", 2, 5, remark="BOX: S1 S2"))
    assert await world.rows(
        "SELECT l.code, p.code FROM lot l JOIN lot p ON p.id = l.parent_id"
        " AND p.tenant_id = l.tenant_id ORDER BY 1"
    ) == [("S1", "BOX"), ("S2", "BOX")]
    assert await values(world, "L") == {"BOX": D(10)}


async def test_a_lot_of_many_is_no_unit(world: World) -> None:
    await world.posted("receipt", world.line("L", 2, 5, lot_code="S1"))
    assert await world.refused("receipt", world.line("L", 1, 5, remark="S1")) == ["NOT_A_UNIT"]


@pytest.mark.parametrize("remark", ["S1", "S1 S1", "S1 S2 S3=0", "S1 S2 S3"])
async def test_parts_that_are_none_refuse_the_posting(world: World, remark: str) -> None:
    line = world.line("A", 2, 5, remark=remark)
    assert await world.refused("receipt", line) == ["MODULE_FAILED"]
    assert await lots(world) == {}


async def test_a_refusal_says_where(world: World) -> None:
    lines = world.line("A", 1, 5, remark="S1"), world.line("A", 1, 5, remark="REFUSE")
    [refusal] = (await world.try_("receipt", *lines)).refusals
    assert (refusal.code, refusal.path) == (LIMIT_EXCEEDED, ("lines", 1, "remark"))


async def test_one_module_splits_a_line(db: Database) -> None:
    def twice(posting: Posting) -> Iterable[LotPart]:
        return split_lines(posting)

    twice.__name__ = "split_lines"
    with installed(plugin("testing", split_lines), plugin("other", twice)):
        world = await World.open(db)
        await world.item("A")
        for name in ("testing", "other"):
            await switch_on(db, world.principal, name)
        [refusal] = (await world.try_("receipt", world.line("A", 1, 5, remark="S1"))).refusals
        assert refusal.code == "MODULE_FAILED"
        assert await world.on_hand("A") == 0
        await world.tallies()


def named_lots(lines: Sequence[Line | LineDraft]) -> Iterator[UUID]:
    """Those of ``split_lines``."""
    for line in lines:
        for word in (line.remark or "").replace(":", " ").split():
            if word == "BROKEN":
                raise ValueError("there is no such lot")
            yield lot_id(line.item_id, word.partition("=")[0])


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
async def test_parts_of_lots_that_are_gone(db: Database, told: bool) -> None:
    """Whether the plugin tells which lots it names or not, they are what they were: untold, it takes a
    second try."""
    with installed(plugin("testing", split_lines, *([named_lots] if told else []))):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        for item, scope in (("L", "item_lot"), ("A", "serial")):
            await world.item(item, cost_scope=scope, purchase_price=D(99))
            await world.posted("receipt", world.line(item, 3, 5, remark="BOX: S1 S2 S3"))
            await world.posted("issue", world.line(item, 3, remark="S1 S2 S3"), on=2)
            await world.posted("gain", world.line(item, 2, remark="S1 S3"), on=3)
        assert await values(world, "A") == {"S1": 5, "S3": 5}
        assert await values(world, "L") == {"BOX": 10}
        belong = await world.rows("SELECT count(*) FROM lot WHERE parent_id IS NOT NULL")
        assert belong == [(6,)]
        again = [world.draft("gain", world.line("A", 1, remark=s), on=3) for s in ("S2", "S2")]
        first, second = await world.many(*again)
        assert first.outcome is not None
        assert [refusal.code for refusal in second.refusals] == ["UNIT_ELSEWHERE"]
        await world.tallies()


async def test_who_cannot_tell_the_lots_refuses_its_own_document(db: Database) -> None:
    with installed(plugin("testing", split_lines, named_lots)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        await world.item("A", cost_scope="serial")
        lines = [world.line("A", 1, 5, remark=remark) for remark in ("S1", "BROKEN", "S2")]
        verdicts = await world.many(*(world.draft("receipt", line) for line in lines))
        refused = [[refusal.code for refusal in one.refusals] for one in verdicts]
        assert refused == [[], ["MODULE_FAILED"], []]
        assert await lots(world) == {"S1": 1, "S2": 1}
        await world.tallies()
