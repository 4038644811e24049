"""``python -m benchmarks [--quick] [GOAL …]``: measure, check the books, print the tables."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import books, breakdown, emptied, goals, planning, serials, tracing
from benchmarks.floor import FLOOR, FloorKind
from benchmarks.goals import PRODUCT, Goal
from benchmarks.lab import Lab, Tell, flush_seconds, open_lab
from benchmarks.report import Apart, Report
from benchmarks.requests import Kind
from benchmarks.serving import Serving, product, started
from benchmarks.sizes import SEED, SIZES, Sizes
from benchmarks.turns import Contestant, take
from core.db import roles

WHERE = "where"
"""Asks, beside the goals, for where the microseconds go."""

APART: dict[str, Callable[[Sizes, int, Tell], Apart]] = {
    "trace": tracing.run,
    "serials": serials.run,
    "emptied": emptied.run,
    "plan": planning.run,
}
"""What is measured by itself: the trace of a batch, units with serial numbers, what history costs, explosions
and planning."""

PROCESSES = (1, 2)

FLOORS: dict[str, FloorKind] = {
    "uniform": "uniform",
    "numbered": "numbered",
    "hot": "hot",
    "many": "many",
    "alone": "uniform",
}
KINDS: dict[str, Kind] = {
    "uniform": "uniform",
    "hot": "hot",
    "many": "uniform",
    "alone": "uniform",
    "page": "page",
}
_ALL = (*goals.IDS, WHERE, *APART)


def main(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="GOAL …", help=f"Of {', '.join(_ALL)}; all if none."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The same as --size quick.")] = False,
    size: Annotated[str, typer.Option(help=f"How much to do: {', '.join(SIZES)}.")] = "full",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds; 0 for the size's own.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the whole result to this file.")] = None,
) -> None:
    """Measure the product against its floor, in turns, and print figures, targets and what was met."""
    asked = tuple(wanted or _ALL)
    if unknown := [name for name in asked if name not in _ALL]:
        raise typer.BadParameter(f"no such goal: {', '.join(unknown)}")
    if size not in SIZES:
        raise typer.BadParameter(f"no such size: {size}")
    console = Console(width=None if Console().is_terminal else 130)
    sizes = SIZES["quick" if quick else size]
    report = run(asked, sizes, rounds or sizes.rounds, console)
    report.show(console)
    if json is not None:
        report.write(json)


def run(asked: tuple[str, ...], sizes: Sizes, rounds: int, console: Console) -> Report:
    """The whole run. Raises RuntimeError where anything refuses, fails or does not tally."""

    since = time.monotonic()

    def tell(what: str) -> None:
        console.print(f"{time.monotonic() - since:5.0f} s  {what}", style="dim")

    report = Report(sizes.name, SEED, {}, PROCESSES, asked)
    if not APART.keys() >= set(asked):
        _in_turns(report, sizes, rounds, tell)
    for name, measure in APART.items():
        if name in asked:
            report.apart[name] = measure(sizes, rounds, tell)
    return report


def _in_turns(report: Report, sizes: Sizes, rounds: int, tell: Tell) -> None:
    """The goals, and where the microseconds go."""
    with open_lab(sizes, tell) as lab:
        report.machine = _machine(lab)
        report.rows = {name: rows.rows for name, rows in lab.rows.items()}
        if report.goals():
            tell("the load generator alone")
            with started(["-m", "benchmarks.ceiling"], lab.folder, "ceiling") as nothing:
                report.ceiling = lab.load(nothing.url, "uniform", sizes.clients).rate
            with ExitStack() as stack:
                serving = {n: stack.enter_context(product(lab.folder, n)) for n in PROCESSES}
                for one in serving.values():
                    tell("warming up")
                    lab.load(one.url, "uniform", sizes.clients, salt=900)
                report.turns = take(contestants(lab, serving, report.goals()), rounds, tell)
        if WHERE in report.wanted:
            tell("where the microseconds go")
            report.breakdown = breakdown.breakdown(lab)
        tell("the books")
        report.books = asyncio.run(_books(lab))


def contestants(lab: Lab, serving: dict[int, Serving], wanted: list[Goal]) -> list[Contestant]:
    """Whoever the goals compare, each once, the floor beside the product that is measured by it."""
    names = dict.fromkeys(
        name for goal in wanted for n in serving for name in reversed(goal.names(n))
    )
    return [_contestant(lab, serving, name) for name in sorted(names, key=_together)]


def _together(name: str) -> tuple[int, str]:
    group = name.partition(" ")[2].partition(",")[0]
    order = ("numbered", "uniform", "hot", "many", "alone", "page")
    return order.index(group), name


def _contestant(lab: Lab, serving: dict[int, Serving], name: str) -> Contestant:
    who, _, rest = name.partition(" ")
    what, _, processes = rest.partition(", ")
    if who == PRODUCT:
        count = int(processes)
        return lab.product(what, serving[count], count, KINDS[what], many=what == "many")
    if what == "page":
        return lab.floor_page()
    return lab.floor(what, FLOORS[what], 1 if what == "alone" else None)


async def _books(lab: Lab) -> str:
    found = await books.verified(lab.server.url(roles.APP), lab.world)
    found += [
        f"floor: {told}"
        for told in await books.floor_differences(lab.server.url(roles.APP, FLOOR), lab.world)
    ]
    if found:
        raise RuntimeError(f"the books differ: {found[:5]}")
    return "they tally, after every turn and in the end, the floor's too"


def _machine(lab: Lab) -> dict[str, str | float]:
    return {
        "processors": float(os.cpu_count() or 0),
        "load before": round(os.getloadavg()[0], 1),
        "flush ms": round(flush_seconds(lab.server.cluster.home) * 1000, 2),
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
