"""What a run found, as tables for people and as JSON for the record."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from benchmarks.breakdown import Breakdown
from benchmarks.goals import GOALS, Goal
from benchmarks.processes import API, CLIENT, POSTGRES
from benchmarks.turns import Turn, Turns, median


class Apart(Protocol):
    """What was measured in a database of its own, by its name."""

    def table(self) -> Table:
        """The figures for people."""

    def figures(self) -> dict[str, Any]:
        """The figures for the record."""


@dataclass
class Report:
    """Filled as the run goes on."""

    size: str
    seed: int
    machine: dict[str, str | float]
    processes: tuple[int, ...]
    wanted: tuple[str, ...]
    rows: dict[str, int] = field(default_factory=dict)
    ceiling: float | None = None
    turns: Turns = field(default_factory=dict)
    breakdown: Breakdown | None = None
    apart: dict[str, Apart] = field(default_factory=dict)
    books: str = "not looked at"

    def goals(self) -> list[Goal]:
        return [goal for goal in GOALS if goal.id in self.wanted]

    def write(self, path: Path) -> None:
        """Everything, each turn included."""
        found: dict[str, Any] = {
            "size": self.size,
            "seed": self.seed,
            "machine": self.machine,
            "rows": self.rows,
            "ceiling": self.ceiling,
            "books": self.books,
            "goals": [self._goal(goal) for goal in self.goals()],
            "turns": {name: [asdict(t) for t in turns] for name, turns in self.turns.items()},
            **{name: one.figures() for name, one in self.apart.items()},
            "breakdown": asdict(self.breakdown) if self.breakdown else None,
        }
        path.write_text(json.dumps(found, indent=1) + "\n")

    def show(self, console: Console) -> None:
        """Print the tables."""
        if self.turns:
            console.print(self._goal_table(), self._turn_table())
        if self.breakdown:
            console.print(_breakdown_table(self.breakdown))
            for name in self.breakdown.gone:
                console.print(f"not there to be watched: {name}")
        for one in self.apart.values():
            console.print(one.table())
        if not self.machine:
            return
        facts = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        console.print(f"machine: {facts}; size {self.size}, seed {self.seed}")
        rows = ", ".join(f"{name} {count}" for name, count in self.rows.items())
        console.print(f"rows of one document, here as on the floor: {rows}")
        if self.ceiling:
            console.print(
                f"load generator against a server that does nothing: {self.ceiling:,.0f}/s"
            )
        console.print(f"books: {self.books}")

    def _goal(self, goal: Goal) -> dict[str, Any]:
        told = asdict(goal)
        for processes in self.processes:
            figure = goal.figure(self.turns, processes)
            level = None if figure is None else goal.level(figure)
            told[f"processes {processes}"] = {"figure": figure, "meets": level}
        return told

    def _goal_table(self) -> Table:
        table = Table(title="Goals: medians of the rounds' ratios")
        for name in ("goal", "what", "first", "must", "stretch"):
            table.add_column(name, justify="left" if name in ("goal", "what") else "right")
        for count in self.processes:
            table.add_column("1 process" if count == 1 else f"{count} processes", justify="right")
            table.add_column("met")
        for goal in self.goals():
            sign = "≤ " if goal.smaller else "≥ "
            targets = [
                "" if target is None else f"{sign}{target:g}"
                for target in (goal.first, goal.must, goal.stretch)
            ]
            cells = []
            for count in self.processes:
                figure = goal.figure(self.turns, count)
                level = None if figure is None else goal.level(figure)
                cells += ["–" if figure is None else f"{figure:.3g}", level or ""]
            table.add_row(goal.id, goal.what, *targets, *cells)
        return table

    def _turn_table(self) -> Table:
        table = Table(title="Contestants: medians over the rounds; processor time per request")
        table.add_column("contestant")
        for name in ("/s", "p50 ms", "p99 ms", f"{API} µs", f"{POSTGRES} µs", f"{CLIENT} µs"):
            table.add_column(name, justify="right")
        for name, turns in self.turns.items():
            times = [f"{median(turns, measure) * 1000:,.2f}" for measure in ("p50", "p99")]
            spent = [_spent(turns, whose) for whose in (API, POSTGRES, CLIENT)]
            table.add_row(name, f"{median(turns, 'rate'):,.0f}", *times, *spent)
        return table


def _spent(turns: list[Turn], whose: str) -> str:
    """Microseconds of processor time per request."""
    total = sum(turn.total for turn in turns)
    seconds = [turn.cpu[whose] for turn in turns if whose in turn.cpu]
    return f"{sum(seconds) / total * 1e6:,.0f}" if seconds and total else "–"


def _breakdown_table(found: Breakdown) -> Table:
    table = Table(
        title="Where the microseconds of one document go: one client, one process, watched",
        caption=f"means of {found.documents} documents",
    )
    table.add_column("step")
    for name in ("in Python", "awaiting database", "share", "server's own CPU", "statements"):
        table.add_column(name, justify="right")
    for step in found.steps:
        share = (step.python + step.database) / found.total if found.total else 0
        table.add_row(
            step.name,
            f"{step.python:,.0f}",
            f"{step.database:,.0f}",
            f"{share:.1%}",
            f"{step.busy:,.0f}",
            f"{step.statements:.1f}",
        )
    outside = found.outside / found.total if found.total else 0
    table.add_row("HTTP parser, sockets, client", f"{found.outside:,.0f}", "", f"{outside:.1%}")
    python = sum(step.python for step in found.steps) + found.outside
    database = sum(step.database for step in found.steps)
    statements = sum(step.statements for step in found.steps)
    busy = sum(step.busy for step in found.steps)
    sums = [f"{python:,.0f}", f"{database:,.0f}", "100.0%", f"{busy:,.0f}", f"{statements:.1f}"]
    table.add_section()
    table.add_row("total", *sums)
    return table
