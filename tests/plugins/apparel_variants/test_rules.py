"""The rules of apparel: by example, and what must hold of all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from plugins.apparel_variants.rules import codes, packagings, sizes
from plugins.apparel_variants.rules.matrix import Matrix, check_lines, check_rows, combinations

D = Decimal
WEIGHTS = st.dictionaries(
    st.integers(0, 11), st.decimals("0", "1000", places=3), min_size=1, max_size=12
).filter(lambda weights: any(weights.values()))


def test_remainders_go_to_the_largest_and_of_equal_ones_to_the_earlier() -> None:
    assert sizes.size_curve(D(10), {"S": D(1), "M": D(1), "L": D(1)}) == {"S": 4, "M": 3, "L": 3}
    # 7 pieces over 5, 3, 2: 3.5, 2.1, 1.4
    assert sizes.size_curve(D(7), {"S": D(5), "M": D(3), "L": D(2)}) == {"S": 4, "M": 2, "L": 1}


@given(st.integers(0, 100_000), WEIGHTS)
def test_a_curve_gives_all_and_no_size_a_piece_off_its_share(
    total: int, weights: dict[int, Decimal]
) -> None:
    spread = sizes.size_curve(D(total), weights)
    assert sum(spread.values()) == total
    whole = sum(map(Fraction, weights.values()), Fraction(0))
    for size, weight in weights.items():
        assert abs(spread[size] - Fraction(total) * Fraction(weight) / whole) < 1


@pytest.mark.parametrize(
    ("total", "weights", "code"),
    [
        (D("1.5"), {"S": D(1)}, sizes.BAD_TOTAL),
        (D(-1), {"S": D(1)}, sizes.BAD_TOTAL),
        (D("NaN"), {"S": D(1)}, sizes.BAD_TOTAL),
        (D(3), {"S": D(0)}, sizes.BAD_CURVE),
        (D(3), {"S": D(2), "M": D(-1)}, sizes.BAD_CURVE),
        (D(3), {}, sizes.BAD_CURVE),
    ],
)
def test_curves_that_make_no_sense(total: Decimal, weights: dict[str, Decimal], code: str) -> None:
    with pytest.raises(Refused) as refused:
        sizes.size_curve(total, weights)
    assert [refusal.code for refusal in refused.value.refusals] == [code]


def test_packs() -> None:
    ratio = dict(zip("ABCDEF", (1, 2, 3, 3, 2, 1), strict=True))
    assert sizes.pieces(ratio) == 12
    assert sizes.packed(ratio, D(3))["C"] == 9
    assert sizes.whole_packs(ratio, dict.fromkeys("ABCDEF", D(7))) == 2
    assert sizes.whole_packs(ratio, {"A": D(100)}) == 0
    for wrong in ({}, {"A": 0}, {"A": 10_001}):
        with pytest.raises(Refused):
            sizes.pieces(wrong)


@given(
    st.dictionaries(st.integers(0, 5), st.integers(1, 9), min_size=1),
    st.dictionaries(st.integers(0, 5), st.decimals("0", "99", places=0)),
)
def test_whole_packs_are_there_and_one_more_is_not(
    ratio: dict[int, int], there: dict[int, Decimal]
) -> None:
    def fits(packs: int) -> bool:
        return all(there.get(one, D(0)) >= n for one, n in sizes.packed(ratio, D(packs)).items())

    packs = sizes.whole_packs(ratio, there)
    assert fits(packs)
    assert not fits(packs + 1)


def test_broken_runs() -> None:
    run = sizes.size_run([D(1), D(0), D(2), None, D(3), D(-1)])
    assert (run.there, run.missing, run.longest, run.broken) == (3, (1, 5), 2, True)
    assert not sizes.size_run([D(0), D(0)]).broken  # sold out
    assert not sizes.size_run([D(1), None, D(1)]).broken


def test_sell_through() -> None:
    assert sizes.sell_through(D(2), D(1)) == D("66.67")
    assert sizes.sell_through(D(0), D(0)) is None


def test_check_digits_of_printed_codes() -> None:
    for printed in ("4006381333931", "5901234123457", "96385074", "614141999996"):
        assert codes.check_digit(printed[:-1]) == printed[-1]


@given(st.sampled_from([*codes.IN_HOUSE, "6901234"]), st.integers(0, 99_999))
def test_one_digit_read_wrongly_is_noticed(prefix: str, number: int) -> None:
    made = codes.barcode(prefix, number)
    assert len(made) == codes.LENGTH
    for place in range(codes.LENGTH - 1):
        wrong = made[:place] + str((int(made[place]) + 1) % 10) + made[place + 1 :]
        assert codes.check_digit(wrong[:-1]) != wrong[-1]


def test_numbers_pass_over_those_that_are_taken_and_come_to_an_end() -> None:
    taken = [codes.barcode("20", 1), codes.barcode("20", 3)]
    assert codes.numbers("20", 1, taken, 3) == [2, 4, 5]
    with pytest.raises(Refused) as refused:
        codes.numbers("69012345678", 8, (), 3)
    assert refused.value.refusals[0].details == {"prefix": "69012345678", "left": 2, "needed": 3}


def test_codes_of_variants() -> None:
    assert codes.variant_code("T1", "RED", "M") == "T1-RED-M"
    assert codes.variant_code("T1", None, "M", "/") == "T1/M"
    assert codes.variant_name("Shirt", "red", None) == "Shirt red"


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 11)), st.decimals("-999", "999", places=2)
    )
)
def test_a_matrix_adds_up_both_ways(cells: dict[tuple[int, int], Decimal]) -> None:
    matrix = Matrix(tuple(range(8)), tuple(range(12)), cells)
    assert sum(map(matrix.row_total, matrix.rows)) == matrix.total() == sum(cells.values())
    assert matrix.column_totals() == [
        sum(column) for column in zip(*map(matrix.row, matrix.rows), strict=True)
    ]


def test_rows_and_lines_must_fit() -> None:
    (wrong,) = check_rows([[D(1), None], [D(1)]], 2, "T1")
    assert wrong.path == ("rows", 1, "cells")
    assert check_lines(1000) == []
    assert [refusal.code for refusal in check_lines(1001)] == ["LIMIT_EXCEEDED"]


def test_combinations() -> None:
    assert combinations({"a": ["1", "2"], "b": ["x"]}) == [("1", "x"), ("2", "x")]
    assert combinations({}) == [()]


@given(
    st.integers(0, 10**6),
    st.dictionaries(st.sampled_from("ABCDE"), st.integers(2, 5000), max_size=5),
)
def test_packagings_hold_all_and_none_could_be_bigger(total: int, sizes_: dict[str, int]) -> None:
    holds = {**{name: D(n) for name, n in sizes_.items()}, "piece": D(1)}
    found = packagings.spread(D(total), holds)
    assert sum(number * holds[name] for name, number in found.items()) == total
    for size in holds.values():  # what lies in smaller ones would not fill this one
        smaller = sum(number * holds[one] for one, number in found.items() if holds[one] < size)
        assert smaller < size


def test_what_fits_into_no_packaging_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        packagings.spread(D(55), {"box": D(50)})
    (refusal,) = refused.value.refusals
    assert (refusal.code, refusal.details["left"]) == (packagings.NOT_PACKABLE, 5)
    with pytest.raises(Refused):
        packagings.spread(D("NaN"), {"piece": D(1)})
