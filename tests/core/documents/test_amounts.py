"""Amounts add up on every line and document, whatever the rates."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.amounts import (
    Basis,
    BasisLine,
    allocate_cost,
    check_rates,
    document_totals,
    line_amounts,
    share_already_out,
)
from core.errors import Refused

D = Decimal
quantities = st.decimals(0, 100_000, places=3)
prices = st.decimals(0, 100_000, places=4)
percents = st.decimals(0, 100, places=2)
costs = st.decimals(0, 1_000_000, places=2)


@given(quantities, prices, percents, percents, st.booleans(), st.integers(0, 4))
def test_the_figures_of_a_line_add_up(
    quantity: Decimal, price: Decimal, discount: Decimal, tax: Decimal, inclusive: bool, dp: int
) -> None:
    line = line_amounts(
        quantity,
        price,
        discount_pct=discount,
        tax_pct=tax,
        prices_include_tax=inclusive,
        dp=dp,
    )
    assert line.net + line.tax == line.total
    assert line.gross - line.discount == (line.total if inclusive else line.net)
    assert line.tax >= 0
    assert line.net >= 0
    assert document_totals([line, line]).total == 2 * line.total


def test_prices_with_and_without_tax() -> None:
    without = line_amounts(D(3), D("9.99"), discount_pct=D(10), tax_pct=D(13))
    assert (without.gross, without.discount, without.net) == (D("29.97"), D("3.00"), D("26.97"))
    assert (without.tax, without.total) == (D("3.51"), D("30.48"))
    inclusive = line_amounts(D(1), D(113), tax_pct=D(13), prices_include_tax=True)
    assert (inclusive.net, inclusive.tax, inclusive.total) == (D(100), D(13), D(113))


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    assert line_amounts(D("0.5"), D("0.05")).net == D("0.03")


def test_rates_out_of_range() -> None:
    assert check_rates(D(0), D(13)) == []
    assert [r.path for r in check_rates(D(101), D(-1))] == [("discountPct",), ("taxRate",)]


LINES = [
    BasisLine(D(5), D(50), D(50), D(5), D(3)),
    BasisLine(D(10), D(200), D(200), D(15), D(7)),
]


@pytest.mark.parametrize(
    ("basis", "amount", "expected"),
    [
        (Basis.EQUAL, 10, [5, 5]),
        (Basis.QUANTITY, 150, [50, 100]),
        (Basis.WEIGHT, 250, [50, 200]),
        (Basis.VOLUME, 20, [5, 15]),
        (Basis.AMOUNT, 250, [50, 200]),
        (Basis.MANUAL, 10, [3, 7]),
    ],
)
def test_landed_cost_bases(basis: Basis, amount: int, expected: list[int]) -> None:
    assert allocate_cost(D(amount), basis, LINES) == [D(e) for e in expected]


@given(costs, st.lists(st.decimals("0.01", 100_000, places=2), min_size=1, max_size=20))
def test_landed_cost_is_shared_whole(cost: Decimal, figures: list[Decimal]) -> None:
    shares = allocate_cost(cost, Basis.AMOUNT, [BasisLine(D(1), figure) for figure in figures])
    assert sum(shares) == cost
    assert min(shares) >= 0


@pytest.mark.parametrize("basis", [Basis.WEIGHT, Basis.VOLUME])
def test_a_basis_of_zero_is_refused(basis: Basis) -> None:
    with pytest.raises(Refused, match=f"shared by {basis}"):
        allocate_cost(D(10), basis, [BasisLine(D(1), D(1))])
    with pytest.raises(Refused):
        allocate_cost(D(10), basis, [])


def test_a_negative_basis_and_wrong_manual_shares_are_refused() -> None:
    with pytest.raises(Refused):
        allocate_cost(D(10), Basis.QUANTITY, [BasisLine(D(3)), BasisLine(D(-1))])
    with pytest.raises(Refused, match="sum to 10"):
        allocate_cost(D(11), Basis.MANUAL, LINES)


@given(costs, st.integers(0, 50), st.integers(1, 50))
def test_what_left_bears_its_share(cost: Decimal, out: int, kept: int) -> None:
    gone = share_already_out(cost, D(out), D(out + kept))
    assert 0 <= gone <= cost
    assert abs(gone * (out + kept) - cost * out) <= D("0.005") * (out + kept)


def test_one_of_ten_sold() -> None:
    assert share_already_out(D(100), D(1), D(10)) == 10
    with pytest.raises(Refused):
        share_already_out(D(100), D(11), D(10))
