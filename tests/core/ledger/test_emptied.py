"""What is gone is not read with every posting, and still known when it is needed: its last cost, its day, its
holds. And what is not read stays as few rows as if it had never been."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from core.db.database import rows
from core.documents.records import LineDraft
from core.ids import uuid7
from core.ledger.holds import HoldDraft, place_hold
from core.ledger.loading import Loaded, load
from core.ledger.records import lot_id
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World, day

D = Decimal


async def values(world: World, item: str) -> dict[str, Decimal]:
    """What lots of an item are worth that has pools by lot."""
    found = await world.rows(
        "SELECT l.code, sum(p.value) FROM pool p JOIN lot l ON l.tenant_id = p.tenant_id"
        " AND l.id = p.lot_id WHERE p.item_id = %s AND p.quantity <> 0 GROUP BY 1",
        world.items[item],
    )
    return dict(found)


async def loaded(world: World, *lines: LineDraft, **head: Any) -> Loaded:
    """What a posting of these lines on time reads."""
    draft = world.draft("issue", *lines, **head)
    items = {line.item_id for line in lines}
    async with world.db.transaction(world.principal.tenant_id) as tx:
        return await load(tx, items, documents=[draft], named=())


async def gone(world: World, item: str, codes: Iterable[str], cost: Any, on: int = 1) -> None:
    """Lots that came and went."""
    lines = [world.line(item, 1, cost, lot_code=code) for code in codes]
    await world.posted("receipt", *lines, on=on)
    away = [world.line(item, 1, lot_code=code) for code in codes]
    await world.posted("issue", *away, on=on)


async def test_what_is_empty_is_read_where_it_is_named_only(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A")
    await gone(world, "A", [f"L{n}" for n in range(20)], 3)
    state = (await loaded(world, world.line("A", 1))).state
    assert (state.lots, state.books.pools, dict(state.books.balances)) == ({}, {}, {})
    await world.posted("receipt", world.line("A", 1, 5, lot_code="THERE"), on=2)
    read = await loaded(world, world.line("A", 1, lot_code="L7"), world.line("A", 1))
    assert {lot.code for lot in read.state.lots.values()} == {"L7", "THERE"}
    assert {key.lot for key in read.pools} == {
        lot_id(world.items["A"], code) for code in ("L7", "THERE")
    }
    assert list(read.balances.values()) == [1]
    async with world.db.transaction(world.principal.tenant_id) as tx:
        everything = await load(tx, [world.items["A"]])
    assert len(everything.state.lots) == len(everything.pools) == 21


async def test_what_waited_for_others_is_not_read(open_world: OpenWorld) -> None:
    world = await open_world()
    await world.item("A")
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 9, 2))
    for _ in range(3):
        sent = await world.posted("dispatch", world.line("A", 1, to="SHOP"), on=2)
        arrived = world.line("A", 1, source_line=1, to="SHOP")
        await world.posted("arrival", arrived, place_id=None, source_id=sent, on=2)
    under_way = await world.posted("dispatch", world.line("A", 2, to="SHOP"), on=3)
    read = await loaded(world, world.line("A", 1), on=3)
    waiting = {key.document for key in read.pools if key.document in {sent, under_way}}
    assert (waiting, len(read.pools)) == ({under_way}, 2)


async def test_fulfilled_orders_and_old_holds_are_not_read(open_world: OpenWorld) -> None:
    world = await open_world()
    await world.item("A")
    await world.posted("receipt", world.line("A", 9, 2, lot_code="L1"))
    await hold(world, "A", "L1")
    assert len((await loaded(world, world.line("A", 1))).state.holds) == 1
    await world.posted("scrap", world.line("A", 9), on=2)
    await world.posted("receipt", world.line("A", 4, 2), on=3)
    order = await world.posted("sales_order", world.line("A", 4), on=3)
    state = (await loaded(world, world.line("A", 1))).state
    assert [one.quantity for one in state.promises[world.items["A"]]] == [4]
    await world.posted("issue", world.line("A", 4, source_line=1), source_id=order, on=3)
    state = (await loaded(world, world.line("A", 1))).state
    assert (state.promises, state.holds) == ({}, [])


async def test_goods_that_come_back_cost_what_their_lot_last_cost(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A", purchase_price=D(99))
    await gone(world, "A", ["L1"], 10)
    await gone(world, "A", ["L2", "L3"], 30)
    for n, type_ in enumerate(("gain", "return_from_customer", "count"), start=1):
        await world.posted(type_, world.line("A", 1, lot_code=f"L{n}"), on=2)
    assert await values(world, "A") == {"L1": 10, "L2": 30, "L3": 30}
    kept = await world.rows("SELECT first_cost, last_cost FROM pool ORDER BY last_cost")
    assert kept == [(99, 10), (99, 30), (99, 30)]
    assert len(await world.rows("SELECT FROM balance")) == 3


async def test_goods_that_come_back_by_what_was_sold(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot_place")
    await world.item("A")
    await world.posted("receipt", world.line("A", 2, 10, lot_code="L1"))
    sold = await world.posted("issue", world.line("A", 2, 50, lot_code="L1"), on=2)
    back = world.line("A", 1, source_line=1)
    await world.posted("return_from_customer", back, source_id=sold, on=3)
    assert await values(world, "A") == {"L1": 10}


async def test_an_emptied_place_and_what_is_owed_keep_their_cost(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_place", negative_stock="allow")
    await world.item("A", purchase_price=D(99))
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 1, 7, at="SHOP"))
    await world.posted("issue", world.line("A", 1, at="SHOP"), on=2)
    await world.posted("issue", world.line("A", 2, at="SHOP"), on=3)
    assert await world.stock("A") == (D(-2), D(-14))
    await world.posted("receipt", world.line("A", 3, 8, at="SHOP"), on=4)
    assert await world.stock("A") == (D(1), D(8))
    assert await world.account("true_up") == 2


async def test_a_pool_at_zero_between_places_keeps_its_cost(open_world: OpenWorld) -> None:
    """What one place has and another owes: the pool is empty, its lot is not."""
    world = await open_world(cost_scope="item_lot", negative_stock="allow")
    await world.item("A", purchase_price=D(99))
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 1, 7, lot_code="L1"))
    await world.posted("issue", world.line("A", 1, lot_code="L1", at="SHOP"), on=2)
    await world.posted("transfer", world.line("A", 1, to="SHOP"), on=3)
    assert await world.on_hand("A") == 0
    await world.posted("gain", world.line("A", 1, lot_code="L1"), on=4)
    assert await values(world, "A") == {"L1": 7}


async def test_a_lot_keeps_the_day_it_first_came(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A")
    await gone(world, "A", ["OLD"], 1, on=1)
    await world.posted("receipt", world.line("A", 1, 2, lot_code="NEW"), on=2)
    await world.posted("receipt", world.line("A", 1, 3, lot_code="OLD"), on=3)
    assert await received(world) == {"NEW": day(2), "OLD": day(1)}
    await world.posted("issue", world.line("A", 1), on=4)
    assert await values(world, "A") == {"NEW": 2}


async def test_a_hold_waits_for_what_comes_back(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A")
    await gone(world, "A", ["L1"], 1)
    await hold(world, "A", "L1")
    both = [
        world.draft("gain", world.line("A", 1, lot_code="L1"), on=2),
        world.draft("issue", world.line("A", 1, lot_code="L1"), on=2),
    ]
    _, issue = await world.many(*both)
    assert [refusal.code for refusal in issue.refusals] == ["ON_HOLD"]
    assert await world.refused("issue", world.line("A", 1, lot_code="L1"), on=3) == ["ON_HOLD"]


async def test_what_is_named_and_gone_is_short_not_unknown(open_world: OpenWorld) -> None:
    world = await open_world()
    await world.item("A")
    await gone(world, "A", ["L1"], 1)
    assert await world.refused("issue", world.line("A", 1, lot_code="L1")) == ["OUT_OF_STOCK"]
    assert await world.refused("issue", world.line("A", 1, lot_code="L2")) == ["NOT_FOUND"]


async def test_late_news_still_knows_all_that_is_gone(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A")
    await gone(world, "A", ["L1", "L2"], 4, on=2)
    late = world.line("A", 1, lot_code="L1")
    assert await world.refused("issue", late, on=1) == ["OUT_OF_STOCK"]
    await world.posted("receipt", world.line("A", 1, 6, lot_code="L1"), on=1)
    # the two of L1 share one cost from the first of the month on, and the sale of the second day is dearer
    assert await values(world, "A") == {"L1": 5}
    assert await world.account("customer") == 9


async def received(world: World) -> dict[str, date]:
    return dict(await world.rows("SELECT code, received_on FROM lot"))


async def hold(world: World, item: str, lot: str) -> None:
    id_ = world.items[item]
    draft = HoldDraft(id_, "recall", lot_id=lot_id(id_, lot))
    await place_hold(world.db, world.principal, uuid7(), draft)


async def test_a_quantity_changes_within_its_page(world: World) -> None:
    """No index of balances or pools depends on a quantity, so that postings of a hot item leave no trail
    of dead index entries behind."""
    await world.item("A")
    await world.posted("receipt", world.line("A", 100, 3))
    async with world.db.transaction(world.principal.tenant_id) as tx:
        for table, column in (("balance", "on_hand"), ("pool", "quantity")):
            change = f"UPDATE {table} SET {column} = {column} - 1 WHERE item_id = %s"
            await tx.raw.execute(change.encode(), (world.items["A"],))
            hot = await rows(
                tx,
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = %s",
                table,
            )
            assert hot == [(1, 1)], table
        await tx.raw.execute(b"ROLLBACK")
