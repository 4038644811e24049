"""Promises never exceed what is available, and what leaves was there."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.ledger.availability import (
    Cell,
    Row,
    Strategy,
    available,
    available_along,
    pick,
    reservable,
    shown,
)

D = Decimal
quantities = st.decimals(0, 100, places=1)
events = st.lists(
    st.tuples(st.sampled_from(["allocate", "release", "ship", "adjust_to", "trim"]), quantities),
    max_size=20,
)


@given(quantities, events)
def test_a_cell_without_threshold_is_never_promised_beyond_its_stock(
    start: Decimal, steps: list[tuple[str, Decimal]]
) -> None:
    cell = Cell(start)
    for event, quantity in steps:
        if event == "adjust_to":
            continue
        try:
            if event == "trim":
                cell = cell.adjust_to(quantity, trim_reservation=True)
            else:
                cell = getattr(cell, event)(quantity)
        except Refused:
            continue
        assert cell.on_hand >= 0
        assert 0 <= cell.allocated <= cell.on_hand


def test_allocate_release_ship() -> None:
    cell = Cell(D(5)).allocate(D(3)).release(D(1))
    assert (cell.on_hand, cell.allocated, cell.saleable) == (D(5), D(2), D(3))
    shipped = cell.ship(D(2))
    assert (shipped.on_hand, shipped.allocated, shipped.saleable) == (D(3), D(0), D(3))


def test_promising_is_not_shipping() -> None:
    sold_ahead = Cell(D(3), threshold=D(-5)).allocate(D(8))
    assert sold_ahead.saleable == 0
    with pytest.raises(Refused, match="3 is on hand"):
        sold_ahead.ship(D(8))
    shipped = sold_ahead.ship(D(3))
    assert (shipped.on_hand, shipped.allocated) == (D(0), D(5))
    assert shipped.adjust_to(D(10)).ship(D(5)).allocated == 0


def test_a_positive_threshold_keeps_stock_back() -> None:
    cell = Cell(D(3), threshold=D(2))
    assert cell.saleable == 1
    with pytest.raises(Refused, match="1 is available"):
        cell.allocate(D(2))


def test_shown_at_zero_but_kept_below() -> None:
    cell = Cell(D(5)).allocate(D(7), allow_backorder=True)
    assert (cell.available, cell.saleable, cell.projected) == (D(-2), D(0), D(-2))
    assert cell.release(D(1)).saleable == 0


def test_a_count_trims_and_finding_goods_restores_nothing() -> None:
    trimmed = Cell(D(100), D(80)).adjust_to(D(50), trim_reservation=True)
    assert (trimmed.allocated, trimmed.saleable) == (D(50), D(0))
    found = trimmed.adjust_to(D(100), trim_reservation=True)
    assert (found.allocated, found.saleable) == (D(50), D(50))
    assert found.reallocate(D(80)).allocated == 80
    assert found.reallocate(D(120)).allocated == 100


def test_held_stock_is_there_but_neither_promised_nor_shipped() -> None:
    cell = Cell(D(5), held=D(5))
    assert (cell.on_hand, cell.saleable) == (D(5), D(0))
    with pytest.raises(Refused):
        cell.ship(D(1))


@pytest.mark.parametrize("event", ["allocate", "release", "ship", "adjust_to", "reallocate"])
def test_negative_quantities_are_refused(event: str) -> None:
    with pytest.raises(Refused):
        getattr(Cell(D(5), D(5)), event)(D(-1))


def test_no_more_is_released_than_was_promised() -> None:
    with pytest.raises(Refused, match="1 is reserved"):
        Cell(D(5), D(1)).release(D(2))


def test_the_scarcest_level_decides() -> None:
    bin_b, store = available(D(5)), available(D(10), D(8))
    assert available_along([bin_b, store]) == 2
    assert shown(available(D(1), D(2), D(3), D(4))) == 0


def test_the_total_decides_not_each_row() -> None:
    assert reservable([D(-2), D(2)], D(10)) == 0
    assert reservable([D(3), D(-2), D(5), D(23)], D(10)) == 10
    assert reservable([D(3), D(-2), D(5)], D(10)) == 6


rows = st.lists(
    st.builds(
        Row,
        name=st.text("ABC", min_size=1, max_size=2),
        place=st.sampled_from(["X", "Y"]),
        free=st.decimals(-20, 50, places=1),
        received=st.sampled_from(["", "2025-01-01", "2025-02-01"]),
        distance=st.decimals(0, 9, places=0),
    ),
    max_size=8,
)


@given(rows, quantities, st.sampled_from(Strategy), st.booleans())
def test_a_pick_takes_what_is_there_and_says_what_is_missing(
    stock: list[Row], quantity: Decimal, strategy: Strategy, whole: bool
) -> None:
    found = pick(stock, quantity, strategy, all_or_nothing=whole)
    taken = sum((part for _, part in found.picks), D(0))
    assert taken + found.short == quantity
    assert all(0 < part <= row.free for row, part in found.picks)
    if not whole:
        assert taken == reservable([row.free for row in stock], quantity)
    elif found.short:
        assert not found.picks


STOCK = [
    Row("MIDDLE", "B", D(4), "2025-02-01", D(2)),
    Row("OLD", "C", D(2), "2025-01-01", D(3)),
    Row("NEW", "A", D(3), "2025-03-01", D(1)),
    Row("NEWER", "A", D(5), "2025-03-01", D(1)),
]


@pytest.mark.parametrize(
    ("strategy", "quantity", "expected"),
    [
        (Strategy.FIFO, 5, [("OLD", 2), ("MIDDLE", 3)]),
        (Strategy.LIFO, 6, [("NEWER", 5), ("NEW", 1)]),
        (Strategy.CLOSEST, 4, [("NEW", 3), ("NEWER", 1)]),
        (Strategy.LARGEST, 6, [("NEWER", 5), ("MIDDLE", 1)]),
        (Strategy.SMALLEST, 3, [("OLD", 2), ("NEW", 1)]),
        (Strategy.PLACE, 5, [("MIDDLE", 4), ("OLD", 1)]),
        (Strategy.FULL_FIRST, 6, [("NEWER", 5), ("OLD", 1)]),
        (Strategy.FULL_FIRST, 9, [("NEWER", 5), ("MIDDLE", 4)]),
    ],
)
def test_strategies(strategy: Strategy, quantity: int, expected: list[tuple[str, int]]) -> None:
    found = pick(STOCK, D(quantity), strategy)
    assert [(row.name, int(part)) for row, part in found.picks] == expected


def test_places_restrict_and_order() -> None:
    found = pick(STOCK, D(10), Strategy.PLACE, places=["C", "B"])
    assert [(row.name, int(part)) for row, part in found.picks] == [("OLD", 2), ("MIDDLE", 4)]
    assert found.short == 4
