"""Turns of contestants, interleaved: A B C A B C …, so that what the machine does meanwhile hits all."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from benchmarks.processes import CLOCK, Meter

Measure = Literal["rate", "p50", "p99", "cpu"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant did in one round: requests per second, and times in seconds. ``total`` is all
    it did, warm-up included; ``cpu`` says whose seconds of processor time that took."""

    rate: float
    p50: float
    p99: float
    total: int
    cpu: Mapping[str, float] = field(default_factory=dict)

    def of(self, measure: Measure) -> float:
        """The figure of this name; ``cpu`` is everybody's processor time per request."""
        if measure == "cpu":
            spent = sum(seconds for whose, seconds in self.cpu.items() if whose != CLOCK)
            return spent / self.total if self.total else 0.0
        return {"rate": self.rate, "p50": self.p50, "p99": self.p99}[measure]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that is measured. ``work`` is told the round, so that no two rounds are alike; what ``before``
    counted is given to ``after``, which raises where the turn left something wrong. Neither is timed."""

    name: str
    work: Callable[[int], Turn]
    meter: Meter
    before: Callable[[], int] = lambda: 0
    after: Callable[[Turn, int], None] = lambda turn, before: None


Turns = dict[str, list[Turn]]


def take(contestants: list[Contestant], rounds: int, tell: Callable[[str], None]) -> Turns:
    """Every contestant's turns, in the order of the rounds."""
    turns: Turns = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        for contestant in contestants:
            tell(f"round {number + 1} of {rounds}: {contestant.name}")
            before = contestant.before()
            with contestant.meter as meter:
                turn = contestant.work(number)
            contestant.after(turn, before)
            turns[contestant.name].append(replace(turn, cpu={**meter.spent, **turn.cpu}))
    return turns


def median(turns: list[Turn], measure: Measure) -> float:
    """Over the rounds."""
    return statistics.median(turn.of(measure) for turn in turns)


def ratio(over: list[Turn], under: list[Turn], measure: Measure) -> float | None:
    """The median of the rounds' ratios. A round in which one of them answered nothing at all has no
    ratio: no time is not a short time. None where no round has one."""
    found = [
        a.of(measure) / b.of(measure)
        for a, b in zip(over, under, strict=True)
        if b.of(measure) and (measure == "cpu" or (a.rate and b.rate))
    ]
    return statistics.median(found) if found else None
