"""A batch that is being held while it is sold: decided before the hold, or not at all."""

from __future__ import annotations

import asyncio

from tests.plugins.food_batches.market import Market
from tests.shop import Json, line

ROUNDS = 20


async def test_nothing_is_sold_after_the_answer_of_a_hold(market: Market) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "A", "1000", expiresOn=market.day(20))
    id_ = (await market.batches())["A"]["id"]
    sold = 0

    async def sale() -> Json:
        return await market.shop.post("issue", line(milk, "1", "5"), on=market.day(0))

    for _ in range(ROUNDS):
        early = [asyncio.create_task(sale()) for _ in range(3)]
        held = await market.do("Hold", id=id_, reason="smells")
        assert held["errors"] == []
        left = int((await market.left(milk))["A"])  # as it is once the hold was answered
        late = await sale()
        assert [error["code"] for error in late["errors"]] == ["OUT_OF_STOCK"]
        sold += sum(not payload["errors"] for payload in await asyncio.gather(*early))
        assert left == int((await market.left(milk))["A"]) == 1000 - sold
        assert (await market.do("Release", id=id_, reason="good"))["errors"] == []
