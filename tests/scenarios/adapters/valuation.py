"""Sharing of landed cost: :mod:`core.documents.amounts`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.documents.amounts import Basis, BasisLine, allocate_cost, share_already_out
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

BASES = {"qty": Basis.QUANTITY, "value": Basis.AMOUNT, **{basis.value: basis for basis in Basis}}


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The ``calc`` operations of module ``valuation``."""
    dp = scenario.policy.get("amount_dp", 2)
    lines = [Fields("lines", raw) for raw in scenario.given.get("lines") or ()]

    def shares(step: Fields) -> list[Decimal]:
        name = step.text("basis")
        if name not in BASES:
            raise NotYet(f"basis {name}")
        return allocate_cost(
            step.number("amount"), BASES[name], [_basis_line(line) for line in lines], dp
        )

    def allocated(_: str, step: Fields) -> dict[str, Decimal]:
        return dict(zip((line.text("id") for line in lines), shares(step), strict=True))

    def allocated_min(_: str, step: Fields) -> bool:
        return min(shares(step)) >= 0

    def allocated_sum(_: str, step: Fields) -> Decimal:
        return sum(shares(step), Decimal(0))

    def already_out(_: str, step: Fields) -> Decimal:
        return share_already_out(step.number("amount"), step.number("out"), step.number("of"), dp)

    return {
        "allocate_cost": allocated,
        "allocate_cost_min": allocated_min,
        "allocate_cost_sum": allocated_sum,
        "share_already_out": already_out,
    }


def _basis_line(line: Fields) -> BasisLine:
    zero = Decimal(0)
    return BasisLine(
        quantity=line.number("qty", zero),
        amount=line.number("amount", zero),
        weight=line.number("weight", zero),
        volume=line.number("volume", zero),
        manual=line.number("manual", zero),
    )
