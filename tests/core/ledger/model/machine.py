"""The state machine: every act goes to the model and through the door, and both must say the same."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Coroutine
from datetime import date, timedelta
from random import Random
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from core.db.database import Database
from tests.core.ledger.model.comparison import Comparison
from tests.core.ledger.model.papers import Paper, Undo
from tests.core.ledger.model.plans import FIRST, LAST, Planner, setup

T = TypeVar("T")

chance = st.randoms(use_true_random=True)
"""Acts are drawn by chance alone: hypothesis itself likes the same small figures again and again, and what
it would shrink is made small in another way (:func:`reduced`)."""

KINDS = {
    **{"receipt": 6, "opening": 2, "other_in": 2, "gain": 2},
    **{"issue": 7, "loss": 1, "scrap": 1, "internal_use": 1, "other_out": 1},
    **{"transfer": 4, "dispatch": 2, "arrival": 3},
    **{"return_from_customer": 3, "return_to_supplier": 2},
    **{"landed_cost": 3, "cost_adjustment": 2, "standard_cost": 2, "count": 3},
    **{"conversion": 2, "assembly": 1, "disassembly": 1},
    **{"sales_order": 3, "requisition": 1, "purchase_order": 2, "undo": 5},
}
"""Kinds of papers, and how often each is handed in."""


class Machine(RuleBasedStateMachine):
    """``runner`` and ``db`` are set by who runs it; hypothesis knows no event loop."""

    runner: ClassVar[Runner]
    db: ClassVar[Database]
    superuser_url: ClassVar[str]
    last: ClassVar[Comparison]
    """What ran last, for who wants to know how it failed."""

    run: Comparison
    today: date

    @initialize(random=chance)
    def open(self, random: Random) -> None:
        setup_ = setup(random)
        self.run = self._run(Comparison.open(self.db, self.superuser_url, setup_))
        Machine.last, self.today = self.run, FIRST
        for _ in range(3):
            self._run(self.run.carry_out(self._paper(random, "opening")))

    @rule(random=chance)
    def one(self, random: Random) -> None:
        """One paper."""
        self._run(self.run.carry_out(self._paper(random)))

    @rule(random=chance)
    def another(self, random: Random) -> None:
        """One paper more: most of what happens is papers that come one by one."""
        self.one(random)

    @rule(random=chance)
    def together(self, random: Random) -> None:
        """Papers that arrive together come out like one after the other."""
        for _ in range(random.randint(2, 6)):
            self.run.expect(self._paper(random))
        self._run(self.run.carry_out())

    @rule(random=chance)
    def queue(self, random: Random) -> None:
        """Orders wait for the same goods, and some who wait ask for theirs."""
        if self.run.ledger.setup.rules["reserve_on_order"] == "off":
            self.one(random)
            return
        item, place, there = self._planner(random).wanted()
        for _ in range(2):
            self.run.expect(self._planner(random).wait(item, place, there))
        for _ in range(3):
            self.run.expect(self._planner(random).serve(item))
        self._run(self.run.carry_out())

    @rule(random=chance)
    def around(self, random: Random) -> None:
        """Holds come and go, orders are closed, promises run out, periods end, settings change."""
        planner = self._planner(random)
        orders = [planner.step, planner.step, planner.reserve]
        plan = [planner.hold, planner.release, *orders, planner.books]
        act = random.choice(plan)()
        if act is not None:
            self._run(self.run.carry_out(act))

    def teardown(self) -> None:
        if hasattr(self, "run") and not self.run.broken:
            self._run(self.run.finish())

    # what the rules share

    def _planner(self, random: Random) -> Planner:
        return Planner(self.run.ledger, random, len(self.run.plan) + 1, self.today)

    def _paper(self, random: Random, kind: str = "") -> Paper | Undo:
        """The next paper; now and then it is the next day."""
        if not kind and random.random() < 0.25:
            self.today = min(LAST, self.today + timedelta(days=1))
        paper = None
        while paper is None:
            (drawn,) = random.choices(list(KINDS), list(KINDS.values()))
            paper = self._planner(random).paper(kind or drawn)
        return paper

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)
