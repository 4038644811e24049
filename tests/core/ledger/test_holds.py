"""Goods on hold do not leave to a customer, and may still be scrapped."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Refused
from core.ids import uuid7
from core.ledger.holds import Hold, HoldDraft, list_holds, place_hold, release_hold
from core.ledger.records import lot_id
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World


async def hold(world: World, item: str, **of: object) -> Hold:
    draft = HoldDraft(item_id=world.items[item], reason="recall", **of)  # type: ignore[arg-type]
    return await place_hold(world.db, world.principal, uuid7(), draft)


async def test_what_is_held_is_not_sold(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, 2))
    held = await hold(world, "A")
    sale = world.line("A", 1, 9)
    assert await world.refused("issue", sale) == ["ON_HOLD"]
    assert await world.refused("sales_order", sale) == ["NOT_RESERVABLE"]
    await world.posted("scrap", world.line("A", 1))
    await release_hold(world.db, world.principal, uuid7(), held.id)
    await world.posted("issue", sale)
    with pytest.raises(Refused):
        await release_hold(world.db, world.principal, uuid7(), held.id)


async def test_a_lot_on_hold_leaves_the_others_free(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    item = await world.item("A")
    for lot in ("X", "Y"):
        await world.posted("receipt", world.line("A", 5, 2, lot_code=lot))
    await hold(world, "A", lot_id=lot_id(item, "X"))
    assert await world.refused("issue", world.line("A", 1, 9, lot_code="X")) == ["ON_HOLD"]
    assert await world.refused("issue", world.line("A", 6, 9)) == ["OUT_OF_STOCK"]
    await world.posted("issue", world.line("A", 5, 9))


async def test_a_place_on_hold_and_its_end(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 5, 2, at="B1"), world.line("A", 5, 2))
    await hold(world, "A", place_id=world.places["B1"])
    past = datetime.now(UTC) - timedelta(hours=1)
    await hold(world, "A", until=past)
    assert await world.refused("issue", world.line("A", 6, 9)) == ["OUT_OF_STOCK"]
    await world.posted("issue", world.line("A", 5, 9))
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert len(await list_holds(tx, world.items["A"], None, 10)) == 1


async def test_a_sale_and_a_hold_at_once_are_one_after_the_other(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, 2))
    sale = world.try_("issue", world.line("A", 1, 9))
    verdict, held = await asyncio.gather(sale, hold(world, "A"))
    assert held.released_at is None
    assert verdict.outcome is not None or verdict.refusals[0].code == "ON_HOLD"
    assert await world.refused("issue", world.line("A", 1, 9)) == ["ON_HOLD"]
