"""One scenario, one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.scenarios import calc
from tests.scenarios.model import Broken, NotYet, Scenario, load

Runner = Callable[[Scenario], Iterable[str]]


class Outcome(StrEnum):
    """What came out. Only ``agree`` counts as agreement."""

    AGREE = "agree"
    DIFFER = "differ"
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one file, and why."""

    name: str
    module: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()


def judge(path: Path, ledger: Runner) -> Verdict:
    """Run the scenario in a file. Whatever goes wrong is a difference, never an agreement."""
    try:
        scenario = load(path)
    except Broken as broken:
        return Verdict(path.stem, "?", Outcome.DIFFER, (f"broken: {broken}",))
    try:
        runner = calc.run if scenario.kind == "calc" else ledger
        found = tuple(runner(scenario))
    except NotYet as missing:
        return Verdict(scenario.id, scenario.module, Outcome.NOT_YET, (str(missing),))
    except Broken as broken:
        found = (f"broken: {broken}",)
    except Exception as error:  # one scenario must not stop the others
        found = (f"failed: {type(error).__name__}: {error}",)
    outcome = Outcome.DIFFER if found else Outcome.AGREE
    return Verdict(scenario.id, scenario.module, outcome, found)
