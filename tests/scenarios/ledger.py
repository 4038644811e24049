"""``kind: ledger``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios.model import NotYet, Scenario
from tests.scenarios.run import Runner


@contextmanager
def house() -> Iterator[Runner]:
    def run(scenario: Scenario) -> list[str]:
        raise NotYet("ledger")

    yield run
