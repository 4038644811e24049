"""Each expectation of a ledger scenario is compared, and each alteration of it reported."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.scenarios.figures import Figure, Where, differing
from tests.scenarios.model import Broken
from tests.scenarios.test_runner import leaves

D = Decimal


class Shelf:
    """Books with one item in them."""

    def balance(self, where: Where) -> Mapping[str, Figure]:
        if where == Where("ITEM", "A"):
            return {"qty": D(1), "value": D("10.00"), "unit_cost": D(10)}
        return {"qty": D(3), "value": D("100.00"), "unit_cost": Fraction(100, 3)}

    def move(self, step: str, where: Where) -> Mapping[str, Figure]:
        balance: dict[str, Figure] = {"balance_qty": D(3), "balance_value": D("100.00")}
        return {"qty": D(-1), "value": D("-33.33"), **balance}

    def layers(self, where: Where) -> list[list[Figure]]:
        return [[D(1), D("20.00")], [D(2), Fraction(80, 2)]]

    def account(self, name: str, item: str) -> Decimal:
        return {"cogs": D("33.33"), "true_up": D("-5.00"), "expensed": D("0.00")}[name]


EXPECT: dict[str, Any] = {
    "balances": [
        {"item": "ITEM", "qty": 3, "value": 100, "unit_cost": D("33.3333")},
        {"item": "ITEM", "loc": "A", "qty": 1},
    ],
    "moves": [
        {"step": "s1", "qty": -1, "value": D("-33.33"), "balance_qty": 3, "balance_value": 100}
    ],
    "layers": [{"item": "ITEM", "layers": [[1, 20], [2, 40]]}],
    "cogs": {"ITEM": D("33.33")},
    "true_up": {"ITEM": -5},
    "expensed": {"ITEM": 0},
}
FIGURES = [p for p in leaves(EXPECT) if p[-1] not in ("item", "loc", "step")]


def test_all_agree() -> None:
    assert list(differing(EXPECT, Shelf())) == []


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: ".".join(map(str, path)))
def test_each_alteration_is_reported(path: tuple[Any, ...]) -> None:
    wrong = copy.deepcopy(EXPECT)
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += 1
    assert len(list(differing(wrong, Shelf()))) == 1


def test_a_layer_too_many_or_too_few_is_reported() -> None:
    for layers in ([[1, 20]], [[1, 20], [2, 40], [0, 0]]):
        assert list(differing({"layers": [{"item": "ITEM", "layers": layers}]}, Shelf()))


@pytest.mark.parametrize(
    "expect",
    [
        {"balances": [{"item": "ITEM", "quantity": 3}]},
        {"balances": [{"item": "ITEM"}]},
        {"moves": [{"step": "s1", "cost": 3}]},
        {"moves": [{"step": "s1"}]},
        {"layers": [{"item": "ITEM"}]},
    ],
)
def test_what_is_not_compared_is_broken(expect: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        list(differing(expect, Shelf()))
