"""What deliveries take of a component, by rule alone."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from plugins.bom_manufacturing.bills.rules.records import ANY, ZERO, Bom, Item, Line, Supply
from plugins.bom_manufacturing.subcontracting.rules import (
    Processed,
    Used,
    further,
    processed,
    to_send,
)

D = Decimal


def test_what_the_bill_allows_for_scrap_may_be_lost() -> None:
    bom = Bom(
        "P",
        (
            Line("A", D(3), scrap_pct=D(5), setup_loss=D(2), multiple=D(10)),
            Line("S", D(2), phantom=True, scrap_pct=D(10)),
            Line("T", D(1), supply=Supply.PROCESSOR),
            Line("O", D(1), supply=Supply.CONSUMABLE),
            Line("B", D(1), supply=Supply.BACKFLUSH),
        ),
        output_quantity=D(2),
    )
    boms: dict[Item, Bom] = {
        "P": bom,
        "S": Bom("S", (Line("A", D(1)), Line("B", D(4), scrap_pct=D(50)))),
    }
    found = {one.item: one for one in to_send(boms, bom, 10, ANY)}
    assert list(found) == ["A", "B"]
    # A: 15 x 1.05 + 2 is 17.75, up to 20, and 11 for the phantom; 1.5 and 1 each without losses
    assert found["A"].quantity == 31
    assert found["A"].per_unit == Fraction(5, 2)
    assert found["A"].allowance_pct == D(7)  # (1.575 + 1.1) / 2.5
    assert found["B"].quantity == 5 + 66
    assert found["B"].per_unit == Fraction(9, 2)


def test_an_allowance_that_was_not_used_may_be_used_later() -> None:
    first = further(2, D(10), (ZERO, Used()), D(10), ZERO, 0)
    assert first == Used(D(20), ZERO, ZERO)
    second = further(2, D(10), (D(10), first), D(5), D(4), 0)
    assert second == Used(D(10), D(3), D(1))


def test_the_first_delivery_is_that_of_the_plain_rule() -> None:
    plain = processed(2, 4, 1, 2, 15)
    first = further(2, D(15), (ZERO, Used()), D(5), D(2), 2)
    assert plain.used == Fraction(first.used)
    assert plain.allowed_loss == Fraction(first.allowed_loss)
    assert plain.charged_loss == Fraction(first.charged_loss)


amounts = st.decimals(0, 100, places=2)
deliveries = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12)
ratios = st.fractions(Fraction(1, 50), 20, max_denominator=60)


@given(ratios, st.decimals(0, 30, places=2), deliveries, st.integers(0, 3))
def test_deliveries_add_up_to_the_whole(
    per_unit: Fraction, allowance: Decimal, parts: list[tuple[Decimal, Decimal]], dp: int
) -> None:
    """In whatever parts: use is that of the whole, rounded once; no loss is lost, and none is ours beyond
    the allowance."""
    made, so_far, told = ZERO, Used(), ZERO
    for delivered, lost in parts:
        step = further(per_unit, allowance, (made, so_far), delivered, lost, dp)
        assert min(step.used, step.allowed_loss, step.charged_loss) >= 0
        assert step.allowed_loss + step.charged_loss == lost
        so_far = Used(
            so_far.used + step.used,
            so_far.allowed_loss + step.allowed_loss,
            so_far.charged_loss + step.charged_loss,
        )
        made, told = made + delivered, told + lost
    assert abs(Fraction(so_far.used) - per_unit * Fraction(made)) <= Fraction(1, 2 * 10**dp)
    assert so_far.allowed_loss <= so_far.used * allowance / 100
    assert so_far.consumed == so_far.used + told


def test_a_processor_used_components_for_what_was_rejected_too() -> None:
    found = processed(2, 90, 10, lost=5, allowance_pct=2)
    assert found == Processed(Fraction(200), Fraction(4), Fraction(1))
    assert found.consumed == 205
    assert processed(2, 90, 10).consumed == 200
    with pytest.raises(Refused):
        processed(2, -1, 0)
