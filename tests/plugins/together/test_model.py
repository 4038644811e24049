"""Every set of modules against a model of its goods: whatever is done in whatever order, both agree."""

from __future__ import annotations

import os
from asyncio import Runner
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.db.database import Database
from core.extension.registry import Registry
from tests.plugins.together.acting import ACTS, Act, Actor
from tests.plugins.together.sets import SERIAL, SETS, Together, name_of

EXAMPLES, STEPS = 4, 14
MANY, LONG = int(os.environ.get("TALLYBOOK_TOGETHER_SEQUENCES", "40")), 30
"""Sequences of each set and acts of each; the second line is the long run."""

BEGIN: list[Act] = [("receive", n, n, n) for n in range(4)]
"""Goods to begin with: two batches at two places."""
SCOPES = ("item", "item_lot", "serial")

figures = st.integers(0, 63)
acts = st.tuples(st.sampled_from([*ACTS, "receive", "sell"]), st.integers(0, 1), figures, figures)


class Runs:
    """A loop with a pool of connections of its own: hypothesis calls from outside any loop."""

    def __init__(self, runner: Runner, db: Database) -> None:
        self.runner, self.db = runner, db
        self.done: Counter[str] = Counter()

    def run(self, set_: Sequence[str], scope: str, plan: Sequence[Act]) -> None:
        self.runner.run(self._run(set_, scope, plan))

    async def _run(self, set_: Sequence[str], scope: str, plan: Sequence[Act]) -> None:
        actor = Actor(await Together.start(self.db, set_, scope))
        for act in [*BEGIN, *plan]:
            await actor.act(act)
        assert await actor.books.differences(deep=True) == []
        self.done += actor.done


@pytest.fixture
def runs(database_url: str, installed: Registry) -> Iterator[Runs]:
    with Runner() as runner:

        async def connect() -> Database:
            return Database.connect(database_url, pool_size=2)

        runs = Runs(runner, runner.run(connect()))
        yield runs
        runner.run(runs.db.close())


def try_all(runs: Runs, set_: Sequence[str], examples: int, steps: int) -> None:
    scopes = st.sampled_from(SCOPES if SERIAL in set_ else SCOPES[:2])
    plans = st.lists(acts, min_size=steps, max_size=steps)

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],  # made small by shortening the plan that it tells
        suppress_health_check=list(HealthCheck),  # an act is a posting: slow by their measure
    )
    @given(scope=scopes, plan=plans)
    def tried(scope: str, plan: list[Act]) -> None:
        runs.run(set_, scope, plan)

    tried()


@pytest.mark.parametrize("set_", SETS, ids=name_of)
def test_books_and_model_agree(runs: Runs, set_: Sequence[str]) -> None:
    try_all(runs, set_, EXAMPLES, STEPS)
    assert runs.done["supplier to MAIN"]
    assert runs.done["refused"]


@pytest.mark.slow
@pytest.mark.parametrize("set_", SETS, ids=name_of)
def test_books_and_model_agree_for_long(runs: Runs, set_: Sequence[str]) -> None:
    try_all(runs, set_, MANY, LONG)
    assert runs.done["undo refused"]
