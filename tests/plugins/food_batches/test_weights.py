"""Second quantities in the books: what was weighed is found with the goods, lot by lot or without any."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.db.database import Database
from core.documents.records import LineDraft
from plugins.food_batches import plugin
from tests.core.extension.making import switch_on
from tests.ledger_world import World

NAME = "food_batches"


async def fishmonger(db: Database) -> World:
    """SALMON is kept by batch, EELS are not, and both are weighed."""
    world = await World.open(db)
    await switch_on(db, world.principal, NAME)
    await world.place("SHOP")
    ((unit,),) = await world.rows("SELECT id FROM unit ORDER BY code LIMIT 1")
    for code, batches in (("SALMON", True), ("EELS", False)):
        item = await world.item(code)
        facts = {"batch_control": batches, "second_unit_id": unit}
        async with db.transaction(world.principal.tenant_id) as tx:
            assert list(await plugin.save_attributes(tx, "item", {item: facts})) == []
    return world


def weighed(world: World, item: str, quantity: int, weight: str, **more: Any) -> LineDraft:
    told = {"second_quantity": Decimal(weight)}
    return world.line(item, quantity, 5, extensions={NAME: told}, **more)


async def weights(world: World) -> dict[tuple[str, str, str], Decimal]:
    found = await world.rows(
        "SELECT i.code, p.code, coalesce(l.code, ''), s.quantity FROM food_batches_second_balance s"
        " JOIN item i ON i.tenant_id = s.tenant_id AND i.id = s.item_id JOIN place p"
        " ON p.tenant_id = s.tenant_id AND p.id = s.place_id LEFT JOIN lot l"
        " ON l.tenant_id = s.tenant_id AND l.id = s.lot_id WHERE s.quantity <> 0"
    )
    return {row[:3]: row[3] for row in found}


async def test_weights_follow_the_goods(db: Database) -> None:
    world = await fishmonger(db)
    lines = (
        weighed(world, "SALMON", 4, "16.4", lot_code="B1"),
        weighed(world, "EELS", 10, "5"),
    )
    await world.posted("receipt", *lines)
    moved = world.line("SALMON", 1, to="SHOP"), world.line("EELS", 4, to="SHOP")
    await world.posted("transfer", *moved, on=2)
    await world.posted("issue", weighed(world, "EELS", 5, "2.6"), on=3)
    assert await weights(world) == {
        ("SALMON", "MAIN", "B1"): Decimal("12.3"),
        ("SALMON", "SHOP", "B1"): Decimal("4.1"),
        ("EELS", "MAIN", ""): Decimal("0.4"),
        ("EELS", "SHOP", ""): Decimal(2),
    }
    await told_well(world)


async def test_what_comes_back_of_a_batch_that_was_gone_is_weighed_again(db: Database) -> None:
    world = await fishmonger(db)
    for number in ("B1", "B2"):
        await world.posted("receipt", weighed(world, "SALMON", 2, "8", lot_code=number))
        await world.posted("issue", weighed(world, "SALMON", 2, "7.9", lot_code=number), on=2)
    assert await weights(world) == {}
    back = weighed(world, "SALMON", 1, "3.9", lot_code="B1")
    await world.posted("return_from_customer", back, on=3)
    assert await weights(world) == {("SALMON", "MAIN", "B1"): Decimal("3.9")}
    await told_well(world)


async def told_well(world: World) -> None:
    await world.tallies()
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await plugin.differences(tx) == []
