"""Who goes first among orders that wait for the same goods: what was promised earlier (decision 0013)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.facts import PlaceFacts
from core.documents.lifecycle import Event
from core.documents.service import step
from core.ids import NIL, uuid7
from core.ledger.holds import HoldDraft, place_hold
from core.ledger.posting import post
from core.ledger.requests import PostStored
from core.ledger.state import Places, Promised
from core.ledger.stock import covered
from core.ledger.views.reserved import reserved
from tests.core.extension.making import installed
from tests.core.ledger.conftest import OpenWorld
from tests.core.ledger.work import begun, module, order
from tests.ledger_world import World, codes

GONE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def seller(open_world: OpenWorld) -> World:
    """Ten pieces, and orders that may wait for more."""
    world = await open_world(reserve_on_order="backorder")
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, "2"))
    return world


async def ordered(world: World, quantity: int, **more: Any) -> UUID:
    return await world.posted("sales_order", world.line("A", quantity, **more))


async def delivered(world: World, of: UUID, quantity: int, **more: Any) -> list[str]:
    """Deliver an order's first line; why not, with what is said to be available."""
    head = {key: more.pop(key) for key in ("on",) if key in more}
    line = world.line("A", quantity, source_line=1, **more)
    verdict = await world.try_("issue", line, source_id=of, **head)
    return [f"{r.code} {r.details.get('available')}" for r in verdict.refusals]


async def turns(world: World, *orders: UUID) -> list[tuple[Any, Any] | None]:
    """What is reserved for the first line of orders, and how much of it is covered."""
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        found = await reserved(tx, [(of, 1) for of in orders])
    kept = [found.get((of, 1)) for of in orders]
    return [(one.quantity, one.covered) if one else None for one in kept]


async def take(world: World, of: UUID, event: Event) -> None:
    ((revision,),) = await world.rows("SELECT revision FROM document WHERE id = %s", of)
    if event is not Event.APPROVE:
        await step(world.db, world.principal, uuid7(), of, revision, event)
        return
    asked = world.asked(world.draft("sales_order")).command
    verdict = await post(world.db, world.principal, PostStored(asked, of, revision))
    assert verdict.outcome is not None, codes(verdict)


async def test_orders_that_wait_for_the_same_goods_are_served_in_turn(seller: World) -> None:
    first, second = await ordered(seller, 8), await ordered(seller, 5)
    assert await turns(seller, first, second) == [(8, 8), (5, 2)]
    assert await seller.refused("issue", seller.line("A", 1)) == ["OUT_OF_STOCK"]
    assert await delivered(seller, second, 3) == ["OUT_OF_STOCK 2"]
    assert await delivered(seller, second, 1) == []
    assert await delivered(seller, first, 8) == []
    assert await turns(seller, first, second) == [None, (4, 1)]
    assert await delivered(seller, second, 4) == ["OUT_OF_STOCK 1"]
    await seller.posted("receipt", seller.line("A", 3, "2"))
    assert await delivered(seller, second, 4) == []


async def test_the_first_is_served_though_all_there_is_is_less_than_it_waits_for(
    seller: World,
) -> None:
    first, second = await ordered(seller, 30), await ordered(seller, 30)
    assert await turns(seller, first, second) == [(30, 10), (30, 0)]
    assert await delivered(seller, second, 1) == ["OUT_OF_STOCK 0"]
    assert await delivered(seller, first, 11) == ["OUT_OF_STOCK 10"]
    assert await delivered(seller, first, 10) == []
    assert await turns(seller, first, second) == [(20, 0), (30, 0)]


async def test_what_an_order_takes_beyond_its_promise_waits_behind_all_others(
    seller: World,
) -> None:
    first, second = await ordered(seller, 4), await ordered(seller, 5)
    both = seller.line("A", 4, source_line=1), seller.line("A", 2)
    assert await seller.refused("issue", *both, source_id=first) == ["OUT_OF_STOCK"]
    both = seller.line("A", 4, source_line=1), seller.line("A", 1)
    await seller.posted("issue", *both, source_id=first)
    assert await turns(seller, second) == [(5, 5)]


async def test_lines_of_one_order_do_not_stand_in_each_others_way(seller: World) -> None:
    lines = seller.line("A", 10), seller.line("A", 10)
    first = await seller.posted("sales_order", *lines)
    await seller.posted("issue", seller.line("A", 10, source_line=2), source_id=first)


async def test_a_bin_is_served_in_turn_with_the_store_above_it(seller: World) -> None:
    for code in ("B1", "B2"):
        await seller.place(code, "bin", "MAIN")
        await seller.posted("transfer", seller.line("A", 5, to=code))
    first, second = await ordered(seller, 8), await ordered(seller, 5, at="B2")
    assert await turns(seller, first, second) == [(8, 8), (5, 2)]
    assert await delivered(seller, second, 5, at="B2") == ["OUT_OF_STOCK 2"]
    assert await delivered(seller, first, 8) == []
    assert await turns(seller, second) == [(5, 2)]
    assert await delivered(seller, second, 2, at="B2") == []


async def test_what_is_there_for_a_bin_stays_there(seller: World) -> None:
    for code in ("B1", "B2"):
        await seller.place(code, "bin", "MAIN")
        await seller.posted("transfer", seller.line("A", 5, to=code))
    first, second = await ordered(seller, 5), await ordered(seller, 5, at="B2")
    assert await turns(seller, first, second) == [(5, 5), (5, 5)]
    assert await delivered(seller, first, 5, at="B2") == ["OUT_OF_STOCK 0"]
    assert await delivered(seller, first, 5, at="B1") == []
    assert await delivered(seller, second, 5, at="B2") == []


async def test_goods_of_another_place_have_not_been_promised_to_the_order(seller: World) -> None:
    await seller.place("SHOP")
    await seller.posted("receipt", seller.line("A", 5, "2", at="SHOP"))
    first, second = await ordered(seller, 5, at="SHOP"), await ordered(seller, 10)
    assert await delivered(seller, first, 5, at="MAIN") == ["OUT_OF_STOCK 0"]
    assert await delivered(seller, second, 10) == []
    assert await delivered(seller, first, 5, at="SHOP") == []


@pytest.mark.parametrize(
    ("away", "back"), [(Event.CLOSE, Event.REOPEN), (Event.UNAPPROVE, Event.APPROVE)]
)
async def test_who_gives_up_a_promise_goes_to_the_end(
    seller: World, away: Event, back: Event
) -> None:
    first, second = await ordered(seller, 8), await ordered(seller, 5)
    await take(seller, first, away)
    assert await turns(seller, first, second) == [None, (5, 5)]
    await take(seller, first, back)
    assert await turns(seller, first, second) == [(8, 5), (5, 5)]
    assert await delivered(seller, first, 6) == ["OUT_OF_STOCK 5"]
    assert await delivered(seller, first, 5) == []
    assert await delivered(seller, second, 5) == []


async def test_a_delivery_that_is_undone_keeps_its_turn(seller: World) -> None:
    first = await ordered(seller, 8)
    line = seller.line("A", 8, source_line=1)
    sale = await seller.posted("issue", line, source_id=first)
    second = await ordered(seller, 5)
    assert await turns(seller, first, second) == [None, (5, 2)]
    await seller.undone(sale)
    assert await turns(seller, first, second) == [(8, 8), (5, 2)]


async def test_all_of_a_reopened_order_goes_to_the_end(seller: World) -> None:
    lines = seller.line("A", 4), seller.line("A", 4)
    first = await seller.posted("sales_order", *lines)
    sale = await seller.posted("issue", seller.line("A", 4, source_line=1), source_id=first)
    await take(seller, first, Event.CLOSE)
    second = await ordered(seller, 9)
    await take(seller, first, Event.REOPEN)
    third = await ordered(seller, 1)
    await seller.undone(sale)
    assert await turns(seller, first, second, third) == [(4, 1), (9, 9), (1, 0)]


async def test_a_promise_that_has_run_out_has_no_turn(seller: World) -> None:
    gone, second = await ordered(seller, 8, expires_at=GONE), await ordered(seller, 9)
    assert await turns(seller, gone, second) == [None, (9, 9)]
    assert await delivered(seller, gone, 2) == ["OUT_OF_STOCK 1"]
    assert await delivered(seller, second, 9) == []
    assert await delivered(seller, gone, 1) == []


async def test_goods_on_hold_are_for_nobody(seller: World) -> None:
    await seller.place("B1", "bin", "MAIN")
    await seller.posted("transfer", seller.line("A", 4, to="B1"))
    first, second = await ordered(seller, 5), await ordered(seller, 5)
    hold = HoldDraft(seller.items["A"], "recall", seller.places["B1"], None)
    await place_hold(seller.db, seller.principal, uuid7(), hold)
    assert await turns(seller, first, second) == [(5, 5), (5, 1)]
    assert await delivered(seller, second, 2) == ["OUT_OF_STOCK 1"]
    assert await delivered(seller, first, 5) == []


async def test_of_a_batch_each_order_has_a_turn_of_its_own(seller: World) -> None:
    drafts = [seller.draft("sales_order", seller.line("A", 6)) for _ in range(3)]
    assert [v.refusals for v in await seller.many(*drafts)] == [()] * 3
    first, second, third = [draft.id for draft in drafts]
    assert await turns(seller, first, second, third) == [(6, 6), (6, 4), (6, 0)]
    sales = [
        seller.draft("issue", seller.line("A", quantity, source_line=1), source_id=of)
        for of, quantity in [(third, 1), (second, 5), (first, 6), (second, 5), (second, 4)]
    ]
    found = [[r.code for r in v.refusals] for v in await seller.many(*sales)]
    assert found == [["OUT_OF_STOCK"], ["OUT_OF_STOCK"], [], ["OUT_OF_STOCK"], []]


async def test_an_order_of_the_same_batch_is_behind_those_before_it(seller: World) -> None:
    first = await ordered(seller, 8)
    later = seller.draft("sales_order", seller.line("A", 9))
    sale = seller.draft("issue", seller.line("A", 8, source_line=1), source_id=first)
    assert [v.refusals for v in await seller.many(later, sale)] == [(), ()]
    assert await turns(seller, later.id) == [(9, 2)]


async def test_a_late_delivery_is_served_in_its_turn(seller: World) -> None:
    first, second = await ordered(seller, 8), await ordered(seller, 8)
    await seller.posted("receipt", seller.line("A", 1, "3"), on=6)
    assert await delivered(seller, second, 4, on=3) == ["OUT_OF_STOCK 3"]
    assert await delivered(seller, first, 8, on=3) == []
    assert await delivered(seller, second, 3, on=7) == []


async def test_of_a_late_order_the_approval_counts_and_not_the_date(seller: World) -> None:
    first = await seller.posted("sales_order", seller.line("A", 8), on=5)
    second = await seller.posted("sales_order", seller.line("A", 8), on=2)
    assert await turns(seller, first, second) == [(8, 8), (8, 2)]


async def test_where_orders_must_be_covered_a_loss_is_borne_by_the_last(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, "2"))
    first, second = await ordered(world, 5), await ordered(world, 5)
    assert await world.refused("sales_order", world.line("A", 1)) == ["NOT_RESERVABLE"]
    await world.posted("count", world.line("A", 7), on=2)
    assert await turns(world, first, second) == [(5, 5), (5, 2)]
    assert await delivered(world, second, 5, on=2) == ["OUT_OF_STOCK 2"]
    assert await delivered(world, first, 5, on=2) == []


async def test_below_zero_nobody_waits(open_world: OpenWorld) -> None:
    world = await open_world(reserve_on_order="backorder", negative_stock="allow")
    await world.item("A")
    first, second = await ordered(world, 3), await ordered(world, 5)
    assert await turns(world, first, second) == [(3, 0), (5, 0)]
    assert await delivered(world, second, 5) == []


async def test_a_lapsed_promise_shrinks_whatever_orders_do_by_now(seller: World) -> None:
    """The books hold no more promised than is open, also where orders promise nothing any more."""
    lapsed = await ordered(seller, 8, expires_at=GONE)
    await seller.set(reserve_on_order="off")
    assert await delivered(seller, lapsed, 5) == []
    assert await seller.rows("SELECT quantity FROM promise") == [(Decimal(0),)]


@pytest.fixture
def types() -> Iterator[None]:
    with installed(module()):
        yield


@pytest.mark.usefixtures("types")
async def test_work_and_sales_wait_in_one_line(open_world: OpenWorld) -> None:
    world = await begun(await open_world(reserve_on_order="backorder"))
    await world.posted("opening", world.line("P", 10, 2))
    made = await order(world, 4, ("P", 8))
    sold = await world.posted("sales_order", world.line("P", 5))
    another = await order(world, 1, ("P", 3))
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        found = await reserved(tx, [(made, 1), (made, 2), (sold, 1), (another, 2)])
    assert {key: one.covered for key, one in found.items()} == {
        (made, 2): 8,
        (sold, 1): 2,
        (another, 2): 0,
    }
    of_another = world.line("P", 1, source_line=2)
    assert await world.refused("testing_issue", of_another, source_id=another) == ["OUT_OF_STOCK"]
    await world.posted("testing_issue", world.line("P", 8, source_line=2), source_id=made)
    assert await world.refused("issue", world.line("P", 3, source_line=1), source_id=sold) == [
        "OUT_OF_STOCK"
    ]
    await world.posted("issue", world.line("P", 2, source_line=1), source_id=sold)


# the rule itself

ROOT, STORE, LEFT, RIGHT, OTHER = (UUID(int=n) for n in range(1, 6))
PATHS = {
    ROOT: (ROOT,),
    STORE: (ROOT, STORE),
    LEFT: (ROOT, STORE, LEFT),
    RIGHT: (ROOT, STORE, RIGHT),
    OTHER: (ROOT, OTHER),
}
PLACES = Places(
    PlaceFacts(id_, f"P{n}", path, True, True, None, None, None)
    for n, (id_, path) in enumerate(PATHS.items())
)
ITEM = UUID(int=99)
quantities = st.integers(0, 12).map(Decimal)
stocks = st.fixed_dictionaries(dict.fromkeys(PATHS, quantities))
claims = st.lists(st.tuples(st.sampled_from(list(PATHS)), quantities), max_size=6)


def promised(wanted: list[tuple[UUID, Decimal]]) -> list[Promised]:
    return [
        Promised(UUID(int=100 + n), 1, ITEM, place, NIL, False, quantity, since=n)
        for n, (place, quantity) in enumerate(wanted, 1)
    ]


def with_below(stock: dict[UUID, Decimal]) -> dict[UUID, Decimal]:
    return {
        place: sum((q for at, q in stock.items() if place in PATHS[at]), Decimal(0))
        for place in PATHS
    }


@given(stocks, claims)
def test_no_more_is_covered_than_is_there(
    stock: dict[UUID, Decimal], wanted: list[tuple[UUID, Decimal]]
) -> None:
    promises, there = promised(wanted), with_below(stock)
    parts = covered(PLACES, promises, there)
    assert all(0 <= parts[p.key] <= p.quantity for p in promises)
    for place in PATHS:
        below = [p for p in promises if place in PATHS[p.place_id]]
        assert sum(parts[p.key] for p in below) <= there[place]


@given(stocks, claims, st.integers(0, 6))
def test_who_comes_later_takes_nothing_from_those_before(
    stock: dict[UUID, Decimal], wanted: list[tuple[UUID, Decimal]], known: int
) -> None:
    promises, there = promised(wanted), with_below(stock)
    before = covered(PLACES, promises[:known], there)
    after = covered(PLACES, promises[::-1], there)
    assert before == {p.key: after[p.key] for p in promises[:known]}


@given(stocks, claims, st.data())
def test_what_is_covered_can_leave_in_any_sequence(
    stock: dict[UUID, Decimal], wanted: list[tuple[UUID, Decimal]], data: st.DataObject
) -> None:
    """Each is served as far as it is covered, whoever comes first, and nobody's part changes."""
    promises, there = promised(wanted), with_below(stock)
    parts = covered(PLACES, promises, there)
    for promise in data.draw(st.permutations(promises)):
        now = covered(PLACES, promises, there)
        assert now[promise.key] == parts[promise.key]
        promise.quantity -= now[promise.key]
        for place in PATHS[promise.place_id]:
            there[place] -= now[promise.key]
            assert there[place] >= 0
