"""The goals: which ratio of whose turns, and how large or small it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.turns import Measure, Turns, ratio

Level = Literal["no", "first", "yes", "stretch"]

PRODUCT = "product"
"""Contestants of this name come once per number of server processes."""


@dataclass(frozen=True, slots=True)
class Goal:
    """``over`` is divided by ``under``. ``first`` is what must hold at the beginning, ``must`` what must
    hold in the end; a goal without targets is told for information."""

    id: str
    what: str
    over: str
    under: str
    measure: Measure
    first: float | None = None
    must: float | None = None
    stretch: float | None = None
    smaller: bool = False

    def names(self, processes: int) -> tuple[str, str]:
        """The two contestants, as their turns are filed."""
        over, under = (
            f"{name}, {processes}" if name.startswith(PRODUCT) else name
            for name in (self.over, self.under)
        )
        return over, under

    def figure(self, turns: Turns, processes: int) -> float | None:
        """The ratio for this number of server processes; None where it was not measured."""
        over, under = (turns.get(name) for name in self.names(processes))
        return ratio(over, under, self.measure) if over and under else None

    def level(self, figure: float) -> Level | None:
        """What the figure meets; None where there is no target."""
        if self.must is None:
            return None
        if self._meets(figure, self.stretch):
            return "stretch"
        if self._meets(figure, self.must):
            return "yes"
        return "first" if self._meets(figure, self.first) else "no"

    def _meets(self, figure: float, target: float | None) -> bool:
        if target is None:
            return False
        return figure <= target if self.smaller else figure >= target


GOALS = (
    Goal(
        id="B1",
        what="documents/s, uniform, one tenant / floor",
        over="product uniform",
        under="floor uniform",
        measure="rate",
        first=0.5,
        must=1.0,
        stretch=1.5,
    ),
    Goal(
        id="B1",
        what="… / floor that numbers without gaps too",
        over="product uniform",
        under="floor numbered",
        measure="rate",
    ),
    Goal(
        id="B1",
        what="… processor time of a document / of the floor's",
        over="product uniform",
        under="floor uniform",
        measure="cpu",
        smaller=True,
    ),
    Goal(
        id="B1t",
        what="documents/s, many tenants at once / floor",
        over="product many",
        under="floor many",
        measure="rate",
        first=0.35,
        must=0.6,
        stretch=1.0,
    ),
    Goal(
        id="B2",
        what="documents/s, hot item / uniform",
        over="product hot",
        under="product uniform",
        measure="rate",
        must=0.9,
        stretch=1.0,
    ),
    Goal(
        id="B3",
        what="documents/s, hot item / hot floor",
        over="product hot",
        under="floor hot",
        measure="rate",
        first=3,
        must=8,
        stretch=13,
    ),
    Goal(
        id="B4",
        what="p99, uniform / floor's",
        over="product uniform",
        under="floor uniform",
        measure="p99",
        must=1.0,
        stretch=0.25,
        smaller=True,
    ),
    Goal(
        id="B4",
        what="p99, hot item / hot floor's",
        over="product hot",
        under="floor hot",
        measure="p99",
        must=0.2,
        stretch=0.05,
        smaller=True,
    ),
    Goal(
        id="B5",
        what="one client: p50 / floor's",
        over="product alone",
        under="floor alone",
        measure="p50",
        must=3.0,
        stretch=1.5,
        smaller=True,
    ),
    Goal(
        id="B6",
        what="page of 50 nodes, 3 levels: requests/s / its SQL alone",
        over="product page",
        under="floor page",
        measure="rate",
        first=0.25,
        must=0.6,
        stretch=0.8,
    ),
)

IDS = tuple(dict.fromkeys(goal.id for goal in GOALS))
