"""What cells mean, and how headers are matched."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core.errors import Refused
from core.imports.cells import BAD_CELL, cell_day, cell_flag, cell_number, cell_whole
from core.imports.columns import (
    COLUMN_MISSING,
    COLUMN_TWICE,
    TOO_MANY_CELLS,
    UNKNOWN_COLUMN,
    Kind,
    Placed,
    Told,
    by_header,
    matched,
    told,
)
from core.imports.files import Row
from core.imports.own import COLUMNS

KNOWN = by_header(Placed(None, column) for column in COLUMNS if column.kind is Kind.ITEM)


@pytest.mark.parametrize("text", ["0", "-1.50", "1234.5", "000"])
def test_plain_numbers(text: str) -> None:
    assert cell_number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["1,234", "1.234,5", "１２", "1e5", "∞", "NaN", "+1", "1 000", ".5", "5.", "٣", "=1+1"]
)
def test_numbers_that_could_mean_something_else(text: str) -> None:
    with pytest.raises(Refused) as caught:
        cell_number(text)
    (refusal,) = caught.value.refusals
    assert refusal.code == BAD_CELL
    assert text in refusal.message("zh")
    assert "1234.50" in refusal.message("en")


def test_other_cells() -> None:
    assert [cell_flag(text) for text in ("Yes", "是", "0", "否")] == [True, True, False, False]
    assert cell_day("2026-02-28") == date(2026, 2, 28)
    assert cell_whole("12") == 12
    for read, text in ((cell_flag, "maybe"), (cell_day, "2026-02-30"), (cell_day, "28/2/2026")):
        with pytest.raises(Refused):
            read(text)
    with pytest.raises(Refused):
        cell_whole("1.0")


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        (("Code", "name"), []),
        (("编码", " NAME "), []),
        (("code", "name", "colour"), [UNKNOWN_COLUMN]),
        (("code", "编码", "name"), [COLUMN_TWICE]),
        (("code", "", "name"), [UNKNOWN_COLUMN]),
        (("name",), [COLUMN_MISSING]),
        ((), [COLUMN_MISSING, COLUMN_MISSING]),
    ],
)
def test_headers(header: tuple[str, ...], codes: list[str]) -> None:
    if not codes:
        assert [name for name, _ in matched(header, KNOWN)] == list(header)
        return
    with pytest.raises(Refused) as caught:
        matched(header, KNOWN)
    assert [refusal.code for refusal in caught.value.refusals] == codes


def test_rows() -> None:
    headers = matched(("code", "name", "list price"), KNOWN)
    found = told(Row(2, ("001", "Milk", "2.50")), headers)
    assert found == Told(2, {"code": "001", "name": "Milk", "list_price": Decimal("2.50")}, {})
    assert told(Row(2, ("001", "Milk")), headers) == Told(2, {"code": "001", "name": "Milk"}, {})
    wrong = told(Row(2, ("", "Milk", "2,50")), headers)
    assert isinstance(wrong, list)
    assert [(one.code, one.path) for one in wrong] == [
        (BAD_CELL, ("list price",)),
        ("REQUIRED", ("code",)),
    ]
    more = told(Row(2, ("1", "Milk", "1", "", "5")), headers)
    assert isinstance(more, list)
    assert [one.code for one in more] == [TOO_MANY_CELLS]
