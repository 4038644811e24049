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
        "B1",
        "documents/s, uniform, one tenant / floor",
        "product uniform",
        "floor uniform",
        "rate",
        0.5,
        1.0,
        1.5,
    ),
    Goal(
        "B1",
        "… / floor that numbers without gaps too",
        "product uniform",
        "floor numbered",
        "rate",
    ),
    Goal(
        "B1t",
        "documents/s, many tenants at once / floor",
        "product many",
        "floor many",
        "rate",
        0.35,
        0.6,
        1.0,
    ),
    Goal(
        "B2",
        "documents/s, hot item / uniform",
        "product hot",
        "product uniform",
        "rate",
        None,
        0.9,
        1.0,
    ),
    Goal(
        "B3",
        "documents/s, hot item / hot floor",
        "product hot",
        "floor hot",
        "rate",
        3,
        8,
        13,
    ),
    Goal(
        "B4",
        "p99, uniform / floor's",
        "product uniform",
        "floor uniform",
        "p99",
        None,
        1.0,
        0.25,
        smaller=True,
    ),
    Goal(
        "B4",
        "p99, hot item / hot floor's",
        "product hot",
        "floor hot",
        "p99",
        None,
        0.2,
        0.05,
        smaller=True,
    ),
    Goal(
        "B5",
        "one client: p50 / floor's",
        "product alone",
        "floor alone",
        "p50",
        None,
        3.0,
        1.5,
        smaller=True,
    ),
    Goal(
        "B6",
        "page of 50 nodes, 3 levels: requests/s / its SQL alone",
        "product page",
        "floor page",
        "rate",
        0.25,
        0.6,
        0.8,
    ),
)

IDS = tuple(dict.fromkeys(goal.id for goal in GOALS))
