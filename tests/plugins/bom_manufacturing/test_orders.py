"""Figures of subcontracting."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from core.errors import Refused
from plugins.bom_manufacturing.rules.orders import (
    Processed,
    check_at_processor,
    processed,
    received_value,
)

D = Decimal


def test_a_processor_used_components_for_what_was_rejected_too() -> None:
    found = processed(2, 90, 10, lost=5, allowance_pct=2)
    assert found == Processed(Fraction(200), Fraction(4), Fraction(1))
    assert found.consumed == 205
    assert processed(2, 90, 10).consumed == 200
    with pytest.raises(Refused):
        processed(2, -1, 0)


def test_goods_from_a_processor_are_worth_what_went_in() -> None:
    assert received_value(D(1000), D(1000), D(100)) == 2100
    assert received_value(D(1000), D(1000), D(100), charged_loss=D(50)) == 2050


def test_below_zero_at_a_processor() -> None:
    assert check_at_processor("RM", 5, 8, allow_negative=True) == 3
    assert check_at_processor("RM", 8, 8, allow_negative=False) == 0
    with pytest.raises(Refused) as refused:
        check_at_processor("RM", 5, 8, allow_negative=False)
    assert refused.value.refusals[0].code == "BOM_MANUFACTURING_NEGATIVE_AT_PROCESSOR"
