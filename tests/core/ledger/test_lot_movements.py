"""The movements of lots, as tracing sees them."""

from __future__ import annotations

from collections.abc import Iterable

from core.ledger.records import lot_id
from core.ledger.views.lots import LotMovement, lot_movements
from tests.ledger_world import World


async def told(world: World, item: str, *lots: str) -> list[str]:
    ids = [lot_id(world.items[item], code) for code in lots]
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        return list(_sentences(world, await lot_movements(tx, ids)))


def _sentences(world: World, movements: Iterable[LotMovement]) -> Iterable[str]:
    places = {id_: code for code, id_ in world.places.items()}
    for one in movements:
        source = one.source_account or places[one.source]
        target = one.target_account or places[one.target]
        yield f"{one.type_code} {one.line}: {one.quantity:f} {source} > {target}"


async def test_a_lot_is_followed_through_all_its_documents(world: World) -> None:
    await world.item("A")
    await world.item("P")
    await world.place("SHOP", "store")
    await world.posted("receipt", world.line("A", 9, "2", lot_code="L1"))
    await world.posted("receipt", world.line("A", 9, "2", lot_code="L2"))
    await world.posted("transfer", world.line("A", 4, lot_code="L1", to="SHOP"), on=2)
    await world.posted("issue", world.line("A", 1, lot_code="L1", at="SHOP"), on=3)
    await world.posted(
        "conversion",
        world.line("A", 2, lot_code="L1", role="consume"),
        world.line("P", 1, lot_code="X", role="produce"),
        on=3,
    )
    undone = await world.posted("issue", world.line("A", 1, lot_code="L1"), on=3)
    await world.undone(undone)
    later = await world.posted("issue", world.line("A", 1, lot_code="L1"), on=3)
    await world.undone(later, on=4)
    assert await told(world, "A", "L1") == [
        "receipt 1: 9 supplier > MAIN",
        "transfer 1: 4 MAIN > SHOP",
        "issue 1: 1 SHOP > customer",
        "conversion 1: 2 MAIN > production",
        "conversion 2: 1 production > MAIN",
        "issue 1: 1 MAIN > customer",
        "issue 1: 1 customer > MAIN",
    ]
    assert await told(world, "P", "X") == [
        "conversion 1: 2 MAIN > production",
        "conversion 2: 1 production > MAIN",
    ]
    assert await told(world, "A", "none") == []
