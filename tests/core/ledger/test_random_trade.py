"""Whatever is posted, in whatever order, late or in time, reversed or not: the books tally, and all of
history played again from nothing comes out as it stands."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from core.ledger.posting import post
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
