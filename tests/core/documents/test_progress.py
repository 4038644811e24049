"""Orders take no more than their tolerance, and give back no more than was taken."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.progress import Ordered, Progress
from core.errors import Refused

D = Decimal
quantities = st.decimals("0.001", 1000, places=3)


@given(quantities, st.decimals(0, 50, places=1), st.lists(quantities, max_size=10))
def test_never_beyond_the_limit(ordered: Decimal, over: Decimal, taken: list[Decimal]) -> None:
    line = Ordered(ordered, over)
    for quantity in taken:
        before = line
        try:
            line = line.take(quantity)
        except Refused:
            assert before.done + quantity > before.limit
        else:
            assert line.give_back(quantity) == before
        assert line.done <= line.limit
        assert line.open == max(D(0), ordered - line.done)


def test_progress_and_tolerance() -> None:
    line = Ordered(D(10), D(5))
    assert line.progress is Progress.NONE
    assert line.take(D(4)).progress is Progress.PARTIAL
    over = line.take(D("10.5"))
    assert (over.progress, over.open) == (Progress.DONE, D(0))
    with pytest.raises(Refused, match=r"at most 10\.5"):
        line.take(D("10.6"))


@pytest.mark.parametrize("quantity", [D(0), D(-1)])
def test_only_positive_quantities(quantity: Decimal) -> None:
    with pytest.raises(Refused):
        Ordered(D(10)).take(quantity)
    with pytest.raises(Refused):
        Ordered(D(10)).give_back(quantity)


def test_nothing_is_given_back_that_was_not_done() -> None:
    with pytest.raises(Refused, match="only 2 was done"):
        Ordered(D(10), done=D(2)).give_back(D(3))
