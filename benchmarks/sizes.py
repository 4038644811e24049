"""How much a run does. A size changes how sure the figures are, never what is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

SEED = 20_260_301
"""Of every choice of items; printed with the result."""

LINES = 3
"""Lines of each document, here and on the floor."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """``seconds`` of measuring follow ``warm_up`` seconds that nobody counts; every contestant has its
    turn in each of the ``rounds``. ``movements`` are those that a trace goes through, ``serials`` the units
    of one line, ``emptied`` those of an item that are gone, ``planned`` the items of the largest run of
    planning and the lines of the bill that is exploded."""

    name: str
    items: int
    tenants: int
    clients: int
    rounds: int
    seconds: float
    warm_up: float
    movements: int
    serials: int
    emptied: int
    planned: int

    @property
    def items_each(self) -> int:
        """Items of each of the many tenants: all of them together have as many as the one."""
        return max(LINES, self.items // self.tenants)


FULL = Sizes("full", 10_000, 64, 64, 5, 5.0, 1.5, 100_000, 10_000, 100_000, 10_000)
QUICK = replace(
    FULL,
    name="quick",
    rounds=1,
    seconds=1.5,
    warm_up=0.5,
    movements=20_000,
    emptied=10_000,
    planned=2_000,
)
TINY = Sizes("tiny", 60, 4, 4, 1, 0.3, 0.1, 200, 200, 200, 100)
"""For the test that the whole thing runs: its figures mean nothing."""

SIZES = {size.name: size for size in (FULL, QUICK, TINY)}
