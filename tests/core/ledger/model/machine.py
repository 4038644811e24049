"""The state machine: every act goes to the model and through the door, and both must say the same."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from core.db.database import Database
from tests.core.ledger.model.comparison import Comparison
from tests.core.ledger.model.papers import Act, Paper, Setup
from tests.core.ledger.model.plans import FIRST, LAST, Planner, setups

T = TypeVar("T")

COMING = ["receipt", "receipt", "receipt", "opening", "other_in", "gain"]
GOING = ["issue", "issue", "loss", "scrap", "internal_use", "other_out"]
MOVING = ["transfer", "transfer", "dispatch", "arrival", "arrival"]
BACK = ["return_from_customer", "return_to_supplier"]
COST = ["landed_cost", "cost_adjustment", "standard_cost"]
CONVERTING = ["conversion", "assembly", "disassembly"]
EVERYTHING = [*COMING, *GOING, *MOVING, *BACK, *COST, *CONVERTING, "count", "undo"]
EVERYTHING += ["sales_order", "purchase_order", "undo"]


class Machine(RuleBasedStateMachine):
    """``runner`` and ``db`` are set by who runs it; hypothesis knows no event loop."""

    runner: ClassVar[Runner]
    db: ClassVar[Database]
    superuser_url: ClassVar[str]
    last: ClassVar[Comparison]
    """What ran last, for who wants to know how it failed."""

    run: Comparison
    today: date

    @initialize(setup=setups())
    def open(self, setup: Setup) -> None:
        self.run = self._run(Comparison.open(self.db, self.superuser_url, setup))
        Machine.last, self.today = self.run, FIRST

    @rule(data=st.data(), kind=st.sampled_from(COMING))
    def come(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(GOING))
    def go(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(MOVING))
    def move(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(BACK))
    def give_back(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(COST))
    def revalue(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(CONVERTING))
    def convert(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data())
    def count(self, data: st.DataObject) -> None:
        self._paper(data, "count")

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        self._paper(data, "undo")

    @rule(data=st.data(), kind=st.sampled_from(["sales_order", "sales_order", "purchase_order"]))
    def order(self, data: st.DataObject, kind: str) -> None:
        self._paper(data, kind)

    @rule(data=st.data(), kinds=st.lists(st.sampled_from(EVERYTHING), min_size=2, max_size=6))
    def batch(self, data: st.DataObject, kinds: list[str]) -> None:
        """Papers that arrive together come out like one after the other."""
        acts: list[Act] = []
        for kind in kinds:
            act = self._planner(data).paper(kind)
            if isinstance(act, Paper):
                act = replace(act, expired=False)
            if act is not None:
                acts.append(act)
                self.run.expect(act)
        if acts:
            self._run(self.run.carry_out(acts))

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        self._act(self._planner(data).hold())

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self._act(self._planner(data).release())

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        self._act(self._planner(data).step())

    @rule(data=st.data())
    def books(self, data: st.DataObject) -> None:
        self._act(self._planner(data).books())

    @rule(days=st.integers(1, 3))
    def sleep(self, days: int) -> None:
        self.today = min(LAST, self.today + timedelta(days=days))

    def teardown(self) -> None:
        if hasattr(self, "run") and not self.run.broken:
            self._run(self.run.finish())

    # what the rules share

    def _planner(self, data: st.DataObject) -> Planner:
        return Planner(self.run.ledger, data.draw, len(self.run.plan) + 1, self.today)

    def _paper(self, data: st.DataObject, kind: str) -> None:
        self._act(self._planner(data).paper(kind))

    def _act(self, act: Act | None) -> None:
        if act is not None:
            self._run(self.run.carry_out([act]))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)
