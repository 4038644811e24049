"""The ledger against a plain model of it (G14): whatever is asked in whatever order, one by one or in
batches, both give the same verdicts and the same books."""

from __future__ import annotations

import os
from asyncio import Runner
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from core.db.database import Database
from tests.core.ledger.model.comparison import reduced
from tests.core.ledger.model.machine import Machine

EXAMPLES, STEPS = 20, 25
MANY, LONG = int(os.environ.get("TALLYBOOK_MODEL_SEQUENCES", "300")), 50
"""Sequences and steps of each; the second line is the long run (3,000 sequences weekly)."""


@pytest.fixture(scope="module")
def machine(database_url: str, superuser_url: str) -> Iterator[type[Machine]]:
    """The machine with a loop and a pool of connections of its own: hypothesis calls it from outside
    any loop, and the loop must be the one that the pool was opened in."""
    with Runner() as runner:

        async def connect() -> Database:
            return Database.connect(database_url)

        Machine.runner, Machine.superuser_url = runner, superuser_url
        Machine.db = runner.run(connect())
        yield Machine
        runner.run(Machine.db.close())


def run(machine: type[Machine], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],  # a failing plan is made small by leaving out acts: see below
        suppress_health_check=list(HealthCheck),  # a step is a posting: slow by their measure
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except AssertionError:
        plan, told = machine.runner.run(reduced(machine.last))
        acts = "\n".join(str(acts) for acts in plan)
        pytest.fail(f"{machine.last.ledger.setup}\n{acts}\n{told}", pytrace=False)


def test_ledger_and_model_agree(machine: type[Machine]) -> None:
    run(machine, EXAMPLES, STEPS)


@pytest.mark.slow
def test_ledger_and_model_agree_for_long(machine: type[Machine]) -> None:
    run(machine, MANY, LONG)
