"""Where value goes in cases that are easy to get wrong, each with figures worked by hand."""

from __future__ import annotations

from decimal import Decimal

from core.catalogue.service import update_item
from core.ids import uuid7
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World


async def layers(world: World, item: str) -> list[tuple[Decimal, Decimal]]:
    found = await world.rows(
        "SELECT y.quantity, y.value FROM layer y JOIN pool p ON p.id = y.pool_id"
        " WHERE p.item_id = %s ORDER BY origin_on, origin_sequence, origin_flow",
        world.items[item],
    )
    return [(quantity, value) for quantity, value in found]


async def test_a_decrease_leaves_no_fifo_layer_below_zero(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="fifo")
    await world.item("A")
    await world.posted("receipt", world.line("A", 9, "1"))
    await world.posted("receipt", world.line("A", 1, "91"), on=2)
    await world.posted("cost_adjustment", world.line("A", amount="-50"), on=3, place_id=None)
    # by quantity 45 of it would fall on nine pieces that are worth 9; by value half of each goes
    assert await layers(world, "A") == [
        (Decimal(9), Decimal("4.50")),
        (Decimal(1), Decimal("45.50")),
    ]


async def test_an_increase_raises_every_piece_alike(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="fifo")
    await world.item("A")
    await world.posted("receipt", world.line("A", 9, "1"))
    await world.posted("receipt", world.line("A", 1, "91"), on=2)
    await world.posted("cost_adjustment", world.line("A", amount="10"), on=3, place_id=None)
    assert await layers(world, "A") == [(Decimal(9), Decimal(18)), (Decimal(1), Decimal(92))]


async def test_a_later_reversal_gives_every_place_its_own_cost_back(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_place")
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 1, "10"))
    await world.posted("receipt", world.line("A", 1, "30", at="B1"))
    sale = await world.posted("issue", world.line("A", 2), on=2)
    await world.undone(sale, on=3)
    pools = await world.rows(
        "SELECT p.code, o.value FROM pool o JOIN place p ON p.id = o.place_id ORDER BY 1"
    )
    assert pools == [("B1", Decimal(30)), ("MAIN", Decimal(10))]


async def test_a_remaining_landed_cost_gives_no_cent_too_many(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_place", landed_cost="remaining")
    await world.item("A")
    await world.place("SHOP")
    receipt = await world.posted("receipt", world.line("A", 2, "5"))
    await world.posted("transfer", world.line("A", 1, to="SHOP"))
    await world.posted("landed_cost", source_id=receipt, extra_cost="0.01", on=2)
    # half a cent each would round to a cent each, and minus one cent to expense
    assert await world.stock("A") == (Decimal(2), Decimal("10.01"))
    assert await world.account("landed_cost_expensed") == 0


async def test_a_new_value_is_not_booked_to_goods_on_their_way(open_world: OpenWorld) -> None:
    world = await open_world()
    await world.item("A")
    await world.posted("receipt", world.line("A", 6, "2"))
    await world.posted("dispatch", world.line("A", 4), on=2)
    await world.posted("cost_adjustment", world.line("A", amount="3"), on=3, place_id=None)
    assert await world.account("in_transit") == 8


async def test_a_pool_keeps_the_cost_that_it_first_knew(open_world: OpenWorld) -> None:
    world = await open_world(negative_stock="allow")
    item = await world.item("A", purchase_price=Decimal(4))
    await world.posted("issue", world.line("A", 2), on=5)
    await update_item(world.db, world.principal, uuid7(), item, 1, {"purchase_price": Decimal(9)})
    await world.posted("issue", world.line("A", 1), on=2)
    # late news plays the sale of day 5 again: what was known then was 4, whatever the price is now
    assert await world.stock("A") == (Decimal(-3), Decimal(-12))
