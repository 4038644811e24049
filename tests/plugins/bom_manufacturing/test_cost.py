"""Cost roll-up: each line rounded, the lowest level first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import Refused
from plugins.bom_manufacturing.bills.rules.bom import levels
from plugins.bom_manufacturing.bills.rules.cost import cost, cost_shares, operation_cost, roll_up
from plugins.bom_manufacturing.bills.rules.records import (
    Bom,
    Item,
    Kind,
    Line,
    Operation,
    Output,
    Supply,
)

D = Decimal
CRUMBLE = Bom(
    "CRUMBLE",
    (Line("BUTTER", D(5)), Line("BISCUIT", D(6))),
    D(11),
    operations=(
        Operation(D(5), D(10)),
        Operation(D(3), D(10)),
        Operation(D(5), D(10)),
    ),
)
COSTS: dict[Item, Decimal] = {"BUTTER": D("7.01"), "BISCUIT": D("1.5")}


def test_lines_are_rounded_and_cycles_are_whole() -> None:
    boms: dict[Item, Bom] = {"CRUMBLE": CRUMBLE}
    # 35.05 + 9.00, and 143 minutes at 10 an hour: 9.17 + 5.50 + 9.17
    assert cost(boms, COSTS, "CRUMBLE", 11) == D("67.89")
    # 5.4 kg: 17.21 + 4.42, and six cycles of work
    assert cost(boms, COSTS, "CRUMBLE", D("5.4")) == D("34.63")


def test_efficiency_and_setting_up() -> None:
    slow = Operation(D(30), D(60), setup_minutes=D(15), efficiency_pct=D(50))
    assert operation_cost(slow, 1) == 75
    assert operation_cost(slow, D("1.5")) == 135  # a cycle that was begun is paid
    exact = Operation(D(30), D(60), whole_cycles=False)
    assert operation_cost(exact, D("1.5")) == 45
    assert operation_cost(Operation(D(10), D(60), cycle_quantity=D(4)), 9) == 30


def test_one_level_takes_what_is_known() -> None:
    boms: dict[Item, Bom] = {
        "CAKE": Bom(
            "CAKE", (Line("CRUMBLE", D("5.4")), Line("BOX", D(2), supply=Supply.PROCESSOR))
        ),
        "CRUMBLE": CRUMBLE,
    }
    assert cost(boms, COSTS, "CAKE", 1) == D("34.63")
    assert cost(boms, COSTS | {"CRUMBLE": D(5)}, "CAKE", 1, one_level=True) == D("27.00")


def test_what_has_no_cost_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        cost({"CRUMBLE": CRUMBLE}, {"BUTTER": D(1)}, "CRUMBLE", 1)
    assert refused.value.refusals[0].code == "BOM_MANUFACTURING_NO_COST"
    assert refused.value.refusals[0].details == {"item": "BISCUIT"}


def test_ways_that_double_at_each_level_come_to_an_end() -> None:
    boms: dict[Item, Bom] = {
        n: Bom(n, (Line(n + 1, D(1)), Line(n + 1, D(1) + D(1) / 2 ** (n + 1)))) for n in range(30)
    }
    with pytest.raises(Refused) as refused:
        cost(boms, {30: 1}, 0, 1)
    assert refused.value.refusals[0].code == "LIMIT_EXCEEDED"
    same: dict[Item, Bom] = {n: Bom(n, (Line(n + 1, D(1)),) * 2) for n in range(30)}
    assert cost(same, {30: 1}, 0, 1) == 2**30


def test_by_products_take_their_part_and_the_product_the_rest() -> None:
    outputs = [
        Output("CHIPS", D(2), share_pct=D("33.333")),
        Output("DUST", D(3), Kind.CO_PRODUCT, unit_value=D("0.335")),
    ]
    assert cost_shares(D(100), outputs) == [D("33.33"), D("1.01"), D("65.66")]
    with pytest.raises(Refused):
        cost_shares(D(1), outputs)


def test_fixed_values_follow_the_quantity_made() -> None:
    bom = Bom("P", (Line("A", D(10)),), D(5), outputs=(Output("W", D(2), unit_value=D(1)),))
    assert cost({"P": bom}, {"A": D(1)}, "P", 5) == 8
    assert cost({"P": bom}, {"A": D(1)}, "P", 50) == 80


def test_standard_costs_roll_up_from_below() -> None:
    boms: dict[Item, Bom] = {
        "P": Bom("P", (Line("S", D(3)), Line("M", D(1))), D(2)),
        "S": Bom("S", (Line("M", D(1)),), D(3)),
    }

    def children(item: Item) -> list[Item]:
        return [line.item for line in boms[item].lines] if item in boms else []

    found = roll_up(boms, {"M": D(10)}, levels(children, ["P"]))
    assert found == {"S": D("3.333333"), "P": D("10")}
