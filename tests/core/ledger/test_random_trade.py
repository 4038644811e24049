"""Whatever is posted, in whatever order, late or in time, reversed or not: the books tally, and all of
history played again from nothing comes out as it stands."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from core.ledger.posting import post, post_many
from tests.core.ledger.conftest import OpenWorld
from tests.core.ledger.random_trade import ITEMS, Trader
from tests.ledger_world import World

WAYS = [
    *(
        (method, scope)
        for method in ("moving_average", "fifo", "standard")
        for scope in ("item", "item_place")
    ),
    *(
        (method, scope)
        for method in ("moving_average", "fifo", "specific")
        for scope in ("item_lot", "item_lot_place")
    ),
]


async def trade(open_world: OpenWorld, method: str, scope: str, seed: int, steps: int) -> World:
    """A tenant in which a trader with this seed was at work."""
    random = Random(f"{method} {scope} {seed}")
    world = await open_world(
        costing_method=method,
        cost_scope=scope,
        negative_stock=random.choice(["forbid", "allow"]),
        return_in=random.choice(["original_cost", "current_cost"]),
        return_out=random.choice(["original_cost", "current_cost"]),
        landed_cost=random.choice(["repost", "remaining"]),
    )
    for code in ITEMS:
        facts = {"standard_cost": Decimal("2.5")} if method == "standard" else {}
        await world.item(code, **facts)
    await world.place("SHOP")
    lots = ("L1", "L2") if "lot" in scope else (None,)
    trader = Trader(world, random, lots)
    for _ in range(steps):
        await trader.may_close()
        request = trader.next()
        trader.told(request, await post(world.db, world.principal, request))
    assert len(trader.posted) > steps // 5
    return world


@pytest.mark.parametrize(("method", "scope"), WAYS)
async def test_books_of_a_random_trader_tally(
    open_world: OpenWorld, method: str, scope: str
) -> None:
    await trade(open_world, method, scope, seed=1, steps=30)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("method", "scope"), WAYS)
async def test_books_of_many_random_traders_tally(
    open_world: OpenWorld, method: str, scope: str, seed: int
) -> None:
    await trade(open_world, method, scope, seed=seed, steps=80)


@pytest.mark.parametrize("seed", range(3))
async def test_a_batch_comes_out_like_one_document_at_a_time(
    open_world: OpenWorld, seed: int
) -> None:
    outcomes = []
    for at_once in (False, True):
        world = await open_world(negative_stock="allow", cost_scope="item_place")
        for code in ITEMS:
            await world.item(code)
        await world.place("SHOP")
        trader = Trader(world, Random(seed))
        requests = [
            trader.next() for _ in range(40)
        ]  # he is told nothing: no reversals, no returns
        if at_once:
            verdicts = await post_many(world.db, world.principal, requests)
        else:
            verdicts = [await post(world.db, world.principal, request) for request in requests]
        outcomes.append(
            (
                [v.outcome and v.outcome["number"] for v in verdicts],
                [[r.code for r in v.refusals] for v in verdicts],
                [await world.stock(code) for code in ITEMS],
                await world.accounts(),
            )
        )
    assert outcomes[0] == outcomes[1]
