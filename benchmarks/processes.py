"""Processor time of processes and all that they started. Linux only: it is read from ``/proc``."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

API, POSTGRES, CLIENT, CLOCK = "API", "PostgreSQL", "client", "clock"
"""Whose time it was."""
_TICK = os.sysconf("SC_CLK_TCK")


class Meter:
    """Use it as ``with``: afterwards ``spent`` has the seconds of each tree of processes, and of the
    clock."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self._roots = roots
        self._before: dict[str, float] = {}
        self.spent: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._before = self._now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = self._now()
        self.spent = {name: now[name] - self._before[name] for name in now}

    def _now(self) -> dict[str, float]:
        seconds = {name: _seconds(root) for name, root in self._roots.items()}
        return {CLOCK: time.monotonic(), **seconds}


def _seconds(root: int) -> float:
    """Of the process and its descendants: what the living used, and what the dead left them."""
    statistics = _all()
    family, waiting = set(), [root]
    while waiting:
        process = waiting.pop()
        family.add(process)
        waiting += [child for child, (parent, _) in statistics.items() if parent == process]
    return sum(statistics[process][1] for process in family if process in statistics) / _TICK


def _all() -> dict[int, tuple[int, int]]:
    """Parent and ticks of every process; ticks include those of children that ended."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # ended meanwhile
            continue
        found[int(folder.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found
