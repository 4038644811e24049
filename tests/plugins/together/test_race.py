"""Two sellers at the last number of the batch that expires first, and its recall, at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from core.db.database import Database
from schema.compose import ComposedSchema
from tests.plugins.together.mall import CREATE_ITEM, RECALL, Mall
from tests.plugins.together.sets import FOOD, SERIAL
from tests.shop import Json

ROUNDS = 20
UNITS = """query($i: ID!) { serialNumbersUnits(itemId: $i, states: [SOLD]) { nodes { number } } }"""


@pytest.mark.parametrize("others", [0, 2])
async def test_the_last_number_is_sold_once_or_frozen(
    db: Database, schema: ComposedSchema, others: int
) -> None:
    """With ``others`` in a later batch both sellers get something, without them at most one does."""
    mall = await Mall.open(db, schema, (FOOD, SERIAL))
    outcomes: Counter[tuple[bool, int]] = Counter()
    for round_ in range(ROUNDS):
        code = f"R{round_}"
        controls: Json = {"foodBatches": {}, "serialNumbers": {}, "costScope": "SERIAL"}
        made = await mall.done(CREATE_ITEM, code=code, name=code, **controls)
        item = mall.items[code] = made["item"]["id"]
        await mall.receive("EARLY", 5, "E", item=code)
        later = [f"L{n}" for n in range(others)]
        if later:
            await mall.receive("LATE", 40, *later, item=code)

        async def sell(code: str = code) -> list[str]:
            payload = await mall.shop.post("issue", mall.line(1, item=code), on=mall.day(0))
            return [error["code"] for error in payload["errors"]]

        async def recall(code: str = code, wait: int = round_ % 3) -> str:
            for _ in range(wait * 8):
                await asyncio.sleep(0)  # begins a little later from round to round
            batch = mall.batch_id("EARLY", code)
            started = await mall.done(RECALL, batches=[batch], reason="glass")
            [one] = started["recall"]["batches"]["nodes"]
            frozen: str = one["frozen"]
            return frozen

        first, second, frozen = await asyncio.gather(sell(), sell(), recall())
        nodes = (await mall.shop.ask(UNITS, i=item))["serialNumbersUnits"]["nodes"]
        sold = {node["number"] for node in nodes}
        gone = "E" in sold
        assert int(frozen) == 1 - gone, f"round {round_}"
        refused = [one for one in (first, second) if one]
        assert len(sold) == 2 - len(refused), f"round {round_}"
        assert len(refused) == (0 if others else 2 - gone), f"round {round_}"
        assert {code for one in refused for code in one} <= {"OUT_OF_STOCK", "ON_HOLD"}
        assert (await mall.left(code)).get("MAIN", set()) == {"E", *later} - sold
        outcomes[gone, len(refused)] += 1
    await mall.tallies()
    assert sum(outcomes.values()) == ROUNDS
