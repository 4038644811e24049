"""Sellers at two processes want the same last unit: one gets it, the others are told why not (G8)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.races.crowd import Crowd, codes, line, posting

ROUNDS = 15
FULL_ROUNDS = 100


async def test_of_many_sellers_of_the_last_unit_one_wins(crowd: Crowd) -> None:
    await sell_the_last(crowd, ROUNDS)


@pytest.mark.slow
async def test_of_many_sellers_of_the_last_unit_one_wins_every_time(crowd: Crowd) -> None:
    await sell_the_last(crowd, FULL_ROUNDS)


async def sell_the_last(crowd: Crowd, rounds: int) -> None:
    """One unit comes in, everybody sells it, ``rounds`` times."""
    item = await crowd.item("LAST")
    sellers = len(crowd.clients)
    for round_ in range(rounds):
        await crowd.posted("receipt", line(item, 1, 3))
        sales = [posting(crowd.document("issue", line(item, 1, 5))) for _ in range(sellers)]
        payloads = await crowd.at_once(sales)
        assert codes(payloads) == {"done": 1, "OUT_OF_STOCK": sellers - 1}, f"round {round_}"
        told = Counter(
            (error["details"]["item"], error["details"]["place"])
            + (error["details"]["wanted"], error["details"]["available"])
            for payload in payloads
            for error in payload["errors"]
        )
        assert told == {("LAST", "MAIN", "1", "0"): sellers - 1}, f"round {round_}"
