"""Closing and reopening the books, and what late news does to a closed period."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.errors import Refused
from core.ids import uuid7
from core.ledger.periods import Books, close_period, reopen_period
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World, codes

D = Decimal
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


async def close(world: World, through: date) -> Books:
    return await close_period(world.db, world.principal, uuid7(), through)


async def refusal(world: World, through: date) -> str:
    with pytest.raises(Refused) as refused:
        await close(world, through)
    return refused.value.refusals[0].code


async def test_a_closed_period_takes_no_document(world: World) -> None:
    await world.item("A")
    receipt = await world.posted("receipt", world.line("A", 5, 2))
    assert (await close(world, MARCH)).closed_through == MARCH
    assert await world.refused("receipt", world.line("A", 1, 2), on=31) == ["PERIOD_CLOSED"]
    assert codes(await world.undo(receipt)) == ["PERIOD_CLOSED"]
    await world.posted("receipt", world.line("A", 1, 2), on=date(2026, 4, 1))
    reopened = await reopen_period(world.db, world.principal, uuid7(), None)
    assert reopened.closed_through is None
    await world.posted("receipt", world.line("A", 1, 2), on=31)


async def test_only_months_that_are_over_are_closed_in_order(world: World) -> None:
    assert await refusal(world, MARCH - timedelta(days=1)) == "NOT_A_MONTH_END"
    assert await refusal(world, date(2030, 1, 31)) == "MONTH_NOT_OVER"
    command = uuid7()
    for _ in range(2):  # the same command twice closes once
        await close_period(world.db, world.principal, command, APRIL)
    assert await refusal(world, MARCH) == "NOT_LATER"
    with pytest.raises(Refused):
        await reopen_period(world.db, world.principal, uuid7(), APRIL)
    assert (await reopen_period(world.db, world.principal, uuid7(), MARCH)).closed_through == MARCH
    done = await world.rows(
        "SELECT count(*) FROM audit WHERE action LIKE 'period.%%' AND 1 = %s", 1
    )
    assert done == [(2,)]


async def test_corrections_of_a_closed_period_count_on_the_first_open_day(world: World) -> None:
    await world.item("A")
    receipt = await world.posted("receipt", world.line("A", 10, 10))
    await world.posted("issue", world.line("A", 4, 20), on=2)
    await close(world, MARCH)
    cost = await world.posted(
        "landed_cost", source_id=receipt, extra_cost="10", on=date(2026, 4, 5)
    )
    assert await world.stock("A") == (D(6), D(66))
    days = await world.rows(
        "SELECT DISTINCT effective_on FROM entry WHERE effective_on > %s", MARCH
    )
    assert days == [(date(2026, 4, 1),)]
    values = await world.rows("SELECT period, value FROM period_pool ORDER BY 1")
    assert values == [(date(2026, 3, 1), D(60)), (date(2026, 4, 1), D(66))]
    await world.undone(cost)
    assert await world.stock("A") == (D(6), D(60))


async def test_what_rests_has_a_row_in_the_period_that_is_closed(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 10))
    await close(world, APRIL)
    found = await world.rows("SELECT period, quantity FROM period_balance ORDER BY 1")
    assert found == [(date(2026, 3, 1), D(10)), (date(2026, 4, 1), D(10))]
    assert await world.rows(
        "SELECT value FROM period_pool WHERE period = %s", APRIL.replace(day=1)
    ) == [(D(100),)]


async def test_late_news_before_a_later_month_carries_on(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 10), on=date(2026, 2, 3))
    await world.posted("receipt", world.line("A", 5, 10), on=date(2026, 5, 3))
    await world.posted("issue", world.line("A", 4, 20), on=7)
    found = await world.rows("SELECT period, quantity FROM period_balance ORDER BY 1")
    assert found == [(date(2026, m, 1), D(q)) for m, q in ((2, 10), (3, 6), (5, 11))]


async def test_late_news_may_be_booked_on_the_day_it_comes(open_world: OpenWorld) -> None:
    world = await open_world(backdated="post_now")
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 10), on=2)
    await world.posted("issue", world.line("A", 4, 20), on=3)
    await world.posted("receipt", world.line("A", 6, 20), on=1)
    assert await world.account("customer") == D(40)
    assert await world.stock("A") == (D(12), D(180))
