"""From bytes to rows: what spreadsheets write, and what nobody should."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LIMIT_EXCEEDED, Refused
from core.imports.files import (
    BAD_ENCODING,
    BAD_FILE,
    DELIMITERS,
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_RECORD,
    NO_ROWS,
    Table,
    decoded,
    read,
)

KNOWN = {"code", "name", "编码", "名称"}


def table(text: str, most_rows: int = 100) -> Table:
    return read(text, KNOWN.__contains__, most_rows)


def refused(work: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        work()
    return [refusal.code for refusal in caught.value.refusals]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_encodings(encoding: str) -> None:
    found = table(decoded("编码,名称\nA,牛奶 1升\n".encode(encoding)))
    assert found.header == ("编码", "名称")
    assert found.rows[0].cells == ("A", "牛奶 1升")


@pytest.mark.parametrize("data", ["编码".encode("utf-16"), b"\xfe\xff\x00c", b"code\n\xff\xff\xff"])
def test_other_encodings_are_refused(data: bytes) -> None:
    assert refused(lambda: decoded(data)) == [BAD_ENCODING]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiters(delimiter: str) -> None:
    text = f'code{delimiter}name\r\n001{delimiter}"a, b; c"\r\n'
    found = table(text)
    assert found.rows[0].cells == ("001", "a, b; c")


def test_lines_are_those_of_the_file() -> None:
    found = table('\ufeffcode,name,,\n\n1,"two\nlines"\n , \n2,x,\n')
    assert found.header == ("code", "name")
    assert [(row.line, row.cells[0]) for row in found.rows] == [(3, "1"), (6, "2")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", NO_ROWS),
        ("code,name\n", NO_ROWS),
        ("code,name\n1,a\0b\n", BAD_FILE),
        ('code,name\n1,"never ends\n2,b\n', BAD_FILE),
        ('code,name\n1,"a"b\n', BAD_FILE),
        ('code,name\n1,"a\n' + "x\n" * MAX_RECORD, BAD_FILE),
        ("code," + "a" * (MAX_RECORD + 1) + "\n", BAD_FILE),
        ("code,name\n1," + "a" * 150_000 + "\n", BAD_FILE),
        (",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)) + "\n1\n", LIMIT_EXCEEDED),
        ("code\n" + "1\n" * 101, LIMIT_EXCEEDED),
    ],
)
def test_what_cannot_be_read(text: str, code: str) -> None:
    assert refused(lambda: table(text)) == [code]


@pytest.mark.parametrize("filling", [b"a", b",", b'"', b"a,", b'"\n",', b"\n", b"\xd6\xd0"])
def test_the_largest_files_cost_little(filling: bytes) -> None:
    """A file of 100 MB is not looked at; one that just fits, of whatever, stops at the first limit."""
    assert refused(lambda: decoded(filling * (100 * 1024**2 // len(filling)))) == [LIMIT_EXCEEDED]
    data = b"code,name\n" + filling * ((MAX_BYTES - 100) // len(filling))
    tracemalloc.start()
    try:
        codes = refused(lambda: read(decoded(data), KNOWN.__contains__, 5000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert codes[0] in (BAD_FILE, LIMIT_EXCEEDED, NO_ROWS)
    assert peak < 150 * 1024**2


CELLS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters='\n",;'), max_size=20
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), st.sampled_from(DELIMITERS))
def test_what_was_written_is_read(rows: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([["code", "name"], *rows])
    wanted = [tuple(c.strip() for c in row) for row in rows if any(c.strip() for c in row)]
    if not wanted:
        return
    assert [row.cells for row in table(written.getvalue()).rows] == wanted
