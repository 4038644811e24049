"""Which goods a document takes, and what is promised of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.documents.lifecycle import Event
from core.documents.service import step
from core.ids import uuid7
from core.ledger.periods import close_period
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World, codes, day

GONE = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_store_puts_away_what_is_not_in_the_bin_yet(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 3, "2", at="B1"))
    await world.posted("receipt", world.line("A", 2, "2"))
    put_away = world.line("A", 3, to="B1")
    assert await world.refused("transfer", put_away, on=2) == ["OUT_OF_STOCK"]
    await world.posted("transfer", world.line("A", 2, to="B1"), on=2)
    assert await world.on_hand("A", "B1") == 5
    await world.posted("receipt", world.line("A", 1, "2"), on=1)  # late news plays the move again


async def test_a_bin_is_emptied_into_its_store(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 3, "2", at="B1"))
    await world.posted("transfer", world.line("A", 3, at="B1", to="MAIN"))
    assert await world.on_hand("A", "MAIN") == 3


async def test_of_lots_of_one_day_the_first_by_code_goes_first(open_world: OpenWorld) -> None:
    for _ in range(4):  # by id, a lot of chance leads in one of two tenants
        world = await open_world(cost_scope="item_lot")
        await world.item("A")
        for lot in ("L2", "L1", "L3"):
            await world.posted("receipt", world.line("A", 1, "2", lot_code=lot))
        await world.posted("issue", world.line("A", 1), on=2)
        left = await world.rows(
            "SELECT l.code FROM balance b JOIN lot l ON l.id = b.lot_id WHERE on_hand > 0"
        )
        assert {code for (code,) in left} == {"L2", "L3"}


@pytest.mark.parametrize("kind", ["purchase_order", "sales_order"])
async def test_what_comes_after_its_promise_expired_leaves_books_that_tally(
    world: World, kind: str
) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 9, "2"))
    order = await world.posted(kind, world.line("A", 4, expires_at=GONE))
    delivery = "receipt" if kind == "purchase_order" else "issue"
    line = world.line("A", 1, "2", source_line=1)
    delivered = await world.posted(delivery, line, source_id=order)
    await world.tallies()
    await world.undone(delivered)


async def test_undoing_a_delivery_promises_nothing_where_orders_reserve_nothing(
    open_world: OpenWorld,
) -> None:
    world = await open_world(reserve_on_order="off")
    await world.item("A")
    await world.posted("receipt", world.line("A", 4, "2"))
    order = await world.posted("sales_order", world.line("A", 4))
    sale = await world.posted("issue", world.line("A", 4, source_line=1), source_id=order)
    await world.undone(sale)
    await world.posted("issue", world.line("A", 4), on=2)


async def test_a_late_count_is_a_fact_like_one_in_time(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, "2"))
    await world.posted("sales_order", world.line("A", 5))
    await world.posted(
        "count", world.line("A", 4), on=2
    )  # in time, it may say less than is promised
    await world.posted("receipt", world.line("A", 1, "2"), on=6)
    await world.posted("count", world.line("A", 3), on=3)
    assert await world.on_hand("A") == 4


async def test_a_promise_that_has_run_out_counts_for_nothing_in_its_own_batch(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, "2"))
    order = world.draft("sales_order", world.line("A", 4, expires_at=GONE), on=2)
    sale = world.draft("issue", world.line("A", 5), on=2)
    assert [verdict.refusals for verdict in await world.many(order, sale)] == [(), ()]


async def test_a_unit_is_in_one_place_after_each_document_of_a_batch(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="specific", cost_scope="serial")
    await world.item("A")
    await world.place("SHOP")
    unit = {"lot_code": "U1"}
    await world.posted("receipt", world.line("A", 1, "2", **unit))
    twice = world.draft("receipt", world.line("A", 1, "2", at="SHOP", **unit))
    sale = world.draft("issue", world.line("A", 1, **unit))
    refused, sold = await world.many(
        twice, sale
    )  # only the batch as a whole leaves it in one place
    assert codes(refused) == ["UNIT_ELSEWHERE"]
    assert sold.outcome is not None


async def test_an_order_is_opened_again_after_its_month_was_closed(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, "2"))
    order = await world.posted("sales_order", world.line("A", 4), world.line("A", 1))
    await world.posted("issue", world.line("A", 1, source_line=2), source_id=order)
    for event in (Event.CLOSE, Event.REOPEN):
        ((seen,),) = await world.rows("SELECT revision FROM document WHERE id = %s", order)
        await step(world.db, world.principal, uuid7(), order, seen, event)
        if event is Event.CLOSE:
            await close_period(world.db, world.principal, uuid7(), day(31))
    assert await world.rows("SELECT line, quantity FROM promise WHERE quantity > 0") == [(1, 4)]


async def test_the_lines_of_a_document_are_one_moment_late_or_in_time(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.place("SHOP")
    lines = [world.line("A", 2, at="SHOP", to="B1"), world.line("A", 2, at="MAIN", to="SHOP")]
    await world.posted("receipt", world.line("A", 6, "2"))
    await world.posted("transfer", *lines, on=2)
    await world.posted("receipt", world.line("A", 1, "2"), on=5)
    await world.posted("transfer", *lines, on=3)
    assert await world.on_hand("A", "B1") == 4
