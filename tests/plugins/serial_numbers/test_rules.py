"""Entry, counting up, IMEI, warranty and the moves of a life: by example and by property."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LIMIT_EXCEEDED, Refused
from plugins.serial_numbers.rules import entry, imei, life, warranty
from plugins.serial_numbers.rules.life import State


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("10-15", "10 11 12 13 14 15"),
        ("10+3", "10 11 12 13"),
        ("100 + 2", "100 101 102"),
        ("10, 14, 20+3, 30-32", "10 14 20 21 22 23 30 31 32"),
        ("SN-001", "SN-001"),
        ("SN-001-SN-003", "SN-001 SN-002 SN-003"),
        ("SN-008 - SN-010", "SN-008 SN-009 SN-010"),
        ("098-101", "098 099 100 101"),
        ("A1A+2", "A1A A2A A3A"),
        ("A\nB\r\nC", "A B C"),
        ("7\uff0c8\u30019\uff1b10\uff5e11", "7 8 9 10 11"),
        ("ABC", "ABC"),
        ("", ""),
    ],
)
def test_what_is_entered(text: str, numbers: str) -> None:
    assert entry.expand(text) == numbers.split()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("15-10", entry.BAD_RANGE),
        ("8-012", entry.BAD_RANGE),
        ("ABC+3", entry.NOT_COUNTABLE),
        ("1+10000", LIMIT_EXCEEDED),
        ("1+9999, 20000", LIMIT_EXCEEDED),
        ("1-99999999999999999999", LIMIT_EXCEEDED),
        (f"1+{'9' * 5000}", LIMIT_EXCEEDED),
    ],
)
def test_what_cannot_be_entered(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        entry.expand(text)
    assert [refusal.code for refusal in refused.value.refusals] == [code]


def test_the_most_there_can_be() -> None:
    assert len(entry.expand("1+9999")) == entry.MOST


@given(
    st.text("ABC-", max_size=4),
    st.integers(0, 10**9),
    st.integers(1, 12),
    st.text("XYZ", max_size=3),
    st.integers(1, 50),
)
def test_counting_up_keeps_width_and_order(
    before: str, first: int, width: int, after: str, count: int
) -> None:
    start = f"{before}{first:0{width}}{after}"
    found = list(entry.count_up(start, count))
    assert found[0] == start
    assert len(set(found)) == len(found) == count
    assert all(one.startswith(before) and one.endswith(after) for one in found)
    middles = [one[len(before) : len(one) - len(after)] for one in found]
    assert [int(one) for one in middles] == list(range(first, first + count))
    assert all(len(one) == max(len(middles[0]), len(str(int(one)))) for one in middles)


@given(st.integers(0, 500), st.integers(0, 40))
def test_a_range_is_a_start_and_how_many_more(first: int, more: int) -> None:
    last = f"{first + more:03}"
    assert entry.expand(f"S{first:03}-S{last}") == entry.expand(f"S{first:03}+{more}")


@given(st.sets(st.integers(1, 30)), st.integers(0, 10))
def test_the_next_free_numbers(taken: set[int], count: int) -> None:
    used = {f"N{n:04}" for n in taken}
    found = entry.next_free("N0001", used, count)
    assert len(found) == count
    assert used.isdisjoint(found)
    free = [n for n in range(1, 60) if n not in taken]
    assert found == [f"N{n:04}" for n in free[:count]]


def test_numbers_are_cleaned_and_told_apart() -> None:
    assert entry.checked([" A1 ", "A2"]) == ["A1", "A2"]
    with pytest.raises(Refused) as refused:
        entry.checked(["A1", " A1"])
    assert [(r.code, r.path) for r in refused.value.refusals] == [(entry.TWICE, (1,))]


@pytest.mark.parametrize("number", ["490154203237518", "352099001761481"])
def test_phones(number: str) -> None:
    assert imei.is_imei(number)
    assert not imei.is_imei(number[:-1])
    assert not imei.is_imei(f"{number[:-2]}x{number[-1]}")


@given(st.text("0123456789", min_size=14, max_size=14), st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_found(digits: str, where: int, off: int) -> None:
    right = digits + str(imei.check_digit(digits))
    wrong = f"{right[:where]}{(int(right[where]) + off) % 10}{right[where + 1 :]}"
    assert imei.is_imei(right)
    assert not imei.is_imei(wrong)


@pytest.mark.parametrize(
    ("sold", "months", "last"),
    [
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 24, date(2028, 12, 1)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_warranty(sold: date, months: int, last: date) -> None:
    assert warranty.until(sold, months) == last
    assert warranty.covered(sold, last, last)
    assert not warranty.covered(sold, last, date(2030, 1, 1))


def test_what_was_sold_cannot_be_sold() -> None:
    for state in (None, *State):
        assert life.may_leave(state, "customer") == (state is State.IN_STOCK)
        assert life.may_come(state, "customer") == (state is State.SOLD)


def test_what_may_come_and_go() -> None:
    assert life.may_come(None, "supplier")
    assert life.may_come(State.RETURNED, "supplier")
    assert not life.may_come(State.SOLD, "supplier")
    assert not life.may_come(State.IN_STOCK, "supplier")
    assert not life.may_come(State.SCRAPPED, "gain_loss")
    assert life.may_leave(State.IN_REPAIR, None)
    assert life.may_leave(State.IN_REPAIR, "scrap")
    assert not life.may_leave(State.IN_TRANSIT, None)
    assert life.gone_to("supplier", undone=True) is State.INACTIVE
    assert life.gone_to("customer", undone=True) is State.SOLD
