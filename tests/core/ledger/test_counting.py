"""Counts: differences, thresholds, rates, dates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.ledger.counting import (
    Band,
    CountLine,
    band,
    count_line,
    difference_pct,
    needs_approval,
    next_count,
    variance_rate,
)
from core.ledger.indicators import turnover
from tests.ledger_world import World

D = Decimal
quantities = st.decimals(0, 100_000, places=3)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def test_the_threshold_of_the_worked_example() -> None:
    gain, small = count_line(D(2), D(3)), count_line(D(4), D("4.1"))
    assert [difference_pct(gain), difference_pct(small)] == [50, Fraction("2.5")]
    assert needs_approval(gain, D(10))
    assert not needs_approval(small, D(10))
    assert not needs_approval(gain, D(50)), "on the threshold is not above it"
    assert variance_rate([gain, small]) == D("15.49")


def test_gains_and_losses_are_not_netted() -> None:
    assert variance_rate([CountLine(D(10), D(12)), CountLine(D(10), D(8))]) == 20


def test_goods_unknown_to_the_book() -> None:
    assert difference_pct(count_line(D(0), D(3))) == 100
    assert difference_pct(count_line(D(0), D(0))) == 0
    assert difference_pct(count_line(D(-2), D(1))) == 150


@given(quantities, quantities)
def test_a_loss_is_as_bad_as_a_gain(book: Decimal, off: Decimal) -> None:
    more, less = CountLine(book, book + off), CountLine(book, book - off)
    assert difference_pct(more) == difference_pct(less)
    assert more.difference == -less.difference


def test_counts_below_zero_and_empty_sheets_are_refused() -> None:
    with pytest.raises(Refused):
        count_line(D(1), D(-1))
    with pytest.raises(Refused):
        variance_rate([])
    with pytest.raises(Refused):
        variance_rate([CountLine(D(5), D(0))])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0", Band.IDEAL),
        ("0.49", Band.IDEAL),
        ("0.5", Band.WATCH),
        ("2", Band.WATCH),
        ("2.01", Band.ALARM),
    ],
)
def test_bands(rate: str, expected: Band) -> None:
    assert band(D(rate), D("0.5"), D(2)) is expected


@given(days, st.integers(1, 400), st.integers(0, 800))
def test_the_next_count_is_always_ahead(today: date, every: int, ago: int) -> None:
    last = today - timedelta(days=ago)
    due = next_count(today, every, last)
    assert due > today
    assert due in (last + timedelta(days=every), today + timedelta(days=1))


def test_never_counted_and_no_interval() -> None:
    today = date(2025, 6, 10)
    assert next_count(today, 30) == date(2025, 7, 10)
    with pytest.raises(Refused):
        next_count(today, 0)


def test_turnover() -> None:
    assert turnover(D(1200), D(100), D(300)) == 6
    with pytest.raises(Refused):
        turnover(D(1200), D(0), D(0))


@pytest.mark.parametrize("lot", [None, "L1"])
async def test_the_reversal_of_a_count_with_a_cost_gives_all_its_value_back(
    world: World, lot: str | None
) -> None:
    """Played again, it once gave back the goods that were found and kept what the others had gained."""
    await world.item("A")
    await world.posted("receipt", world.line("A", 3, "1"), world.line("A", 1, "1", lot_code="L1"))
    count = await world.posted("count", world.line("A", 6, "2.5", lot_code=lot), on=2)
    await world.undone(count, on=3)
    assert await world.stock("A") == (
        Decimal(4),
        Decimal(4),
    )  # and so it must be when history is played again
