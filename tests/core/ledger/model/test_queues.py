"""Orders that wait for the same goods, against the model: one long line in front of a warehouse, its bin
and a shop, while goods come, are held, and orders are closed, reopened and run out."""

from __future__ import annotations

from random import Random

import pytest

from core.db.database import Database
from tests.core.ledger.model.comparison import Comparison
from tests.core.ledger.model.papers import Item, Setup, Step
from tests.core.ledger.model.plans import FIRST, Planner

PLACES: dict[str, tuple[str | None, str | None]] = {
    "ROOT": (None, None),
    "in_transit": (None, None),
    "MAIN": ("ROOT", None),
    "B1": ("MAIN", None),
    "SHOP": ("ROOT", None),
}
ITEMS = {code: Item("moving_average", "item") for code in ("A", "B", "C")}
RULES = {
    "negative_stock": "forbid",
    "return_in": "original_cost",
    "return_out": "original_cost",
    "landed_cost": "repost",
    "reserve_on_order": "backorder",
}
ROUNDS = 12


@pytest.mark.parametrize("seed", range(3))
async def test_who_waits_is_served_as_in_the_model(
    db: Database, superuser_url: str, seed: int
) -> None:
    run = await Comparison.open(db, superuser_url, Setup(ITEMS, PLACES, RULES))
    random = Random(seed)

    def planner() -> Planner:
        return Planner(run.ledger, random, len(run.plan) + 1, FIRST)

    for _ in range(ROUNDS):
        opening = planner().paper("opening")
        assert opening is not None
        run.expect(opening)
        item, place, there = planner().wanted()
        for _ in range(2):
            run.expect(planner().wait(item, place, there))
        for _ in range(4):
            run.expect(planner().serve(item))
        await run.carry_out()
        around = [planner().hold, planner().release, planner().step]
        if (act := random.choice(around)()) is not None:
            await run.carry_out(act)
        orders = [no for no, posted in run.ledger.posted.items() if posted.since]
        gives_up = random.choice(orders[-6:])
        for event in ("close", "reopen"):
            await run.carry_out(Step(gives_up, event))
    await run.finish()
