"""``kind: calc``: each step is one call of the rule that the product itself uses.

Adapters name the rules; they compute nothing. What has no adapter is not yet offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.errors import Refused
from tests.scenarios.adapters import (
    apparel,
    bom,
    core,
    count,
    food,
    mrp,
    reservation,
    serial,
    uom,
    valuation,
)
from tests.scenarios.compare import differences
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

Answer = Any
Operation = Callable[[str, Fields], Answer]
ADAPTERS: Mapping[str, Callable[[Scenario], Mapping[str, Operation]]] = {
    "apparel": apparel.operations,
    "bom": bom.operations,
    "core": core.operations,
    "count": count.operations,
    "food": food.operations,
    "mrp": mrp.operations,
    "reservation": reservation.operations,
    "serial": serial.operations,
    "subcontract": lambda _: core.order_operations(),
    "uom": uom.operations,
    "valuation": valuation.operations,
}


def run(scenario: Scenario) -> Iterator[str]:
    """Everything that differs. Raises NotYet where the product offers no such rule."""
    if scenario.module not in ADAPTERS:
        raise NotYet(f"module {scenario.module}")
    operations = ADAPTERS[scenario.module](scenario)
    if missing := sorted({step.op for step in scenario.steps} - operations.keys()):
        raise NotYet(", ".join(missing))
    answers: dict[str, Answer] = {}
    refused: dict[str, str] = {}
    for step in scenario.steps:
        fields = Fields(step.id, step.fields)
        try:
            answers[step.id] = operations[step.op](step.id, fields)
        except Refused as refusal:
            refused[step.id] = str(refusal)
        else:
            fields.finish()
    yield from _refusals(set(scenario.expect.get("refused", ())), refused)
    for step_id, expected in scenario.expect.get("results", {}).items():
        if step_id in answers:
            yield from differences(step_id, expected, answers[step_id])
        else:
            yield f"{step_id}: expected an answer, was refused: {refused[step_id]}"


def _refusals(expected: set[str], refused: Mapping[str, str]) -> Iterator[str]:
    for step_id in sorted(expected - refused.keys()):
        yield f"{step_id}: expected to be refused, was done"
    for step_id in sorted(refused.keys() - expected):
        yield f"{step_id}: refused: {refused[step_id]}"
