"""From the bytes of a CSV file to rows of text. Pure; limits come before everything else.

A file may be hostile: a hundred megabytes in one line, quotes that never end, half a million columns. What
is read at once is bounded by the longest record, not by the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.errors import LIMIT_EXCEEDED, define, refuse

MAX_BYTES = 16 * 1024 * 1024
MAX_COLUMNS = 200
MAX_RECORD = 200_000
"""Characters of one record: a row with all its cells, over however many lines."""
MAX_LINES = 200_000
DELIMITERS = (",", ";", "\t")

BAD_FILE = define(
    "IMPORT_BAD_FILE",
    en="This is no CSV file that can be read: line {line}: {reason}.",
    zh="无法读取该 CSV 文件:第 {line} 行:{reason_zh}。",
)
BAD_ENCODING = define(
    "IMPORT_BAD_ENCODING",
    en="The file is neither UTF-8 nor GB18030. Save it as CSV UTF-8 and try again.",
    zh="文件编码既不是 UTF-8 也不是 GB18030,请另存为 UTF-8 编码的 CSV 后重试。",
)
NO_ROWS = define(
    "IMPORT_NO_ROWS",
    en="The file has no rows below its header.",
    zh="文件的表头下没有数据行。",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the number of its first line in the file, and its cells without surrounding blanks."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What stands in a file. Rows without any text are left out."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a mark, or GB18030, in which spreadsheets in Chinese save.
    Refuses what is larger than MAX_BYTES before it is looked at, and any other encoding."""
    if len(data) > MAX_BYTES:
        raise refuse(LIMIT_EXCEEDED, field="file", limit=f"{MAX_BYTES // 1024**2} MiB")
    if data.startswith(
        (b"\xff\xfe", b"\xfe\xff")
    ):  # UTF-16, which GB18030 would take for something
        raise refuse(BAD_ENCODING)
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refuse(BAD_ENCODING)


def read(text: str, known: Callable[[str], bool], most_rows: int) -> Table:
    """The table in a text. It is separated by whatever makes the most ``known`` headers of the first line:
    comma, semicolon or tab. Refuses (IMPORT_BAD_FILE) quotes that do not end, and NUL."""
    if len(text) > MAX_BYTES:
        raise refuse(LIMIT_EXCEEDED, field="file", limit=f"{MAX_BYTES // 1024**2} MiB")
    text = text.removeprefix("\ufeff")
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise refuse(BAD_FILE, line=line, reason="it holds NUL", reason_zh="含有空字符 NUL")
    records = _records(text, _delimiter(text, known))
    header = next(records, Row(1, ()))
    if len(header.cells) > MAX_COLUMNS:
        raise refuse(LIMIT_EXCEEDED, field="columns", limit=MAX_COLUMNS)
    rows: list[Row] = []
    for row in records:
        if len(rows) == most_rows:
            raise refuse(LIMIT_EXCEEDED, field="rows", limit=most_rows)
        rows.append(row)
    if not rows:
        raise refuse(NO_ROWS)
    return Table(_without_empty_end(header.cells), tuple(rows))


def _delimiter(text: str, known: Callable[[str], bool]) -> str:
    def headers(delimiter: str) -> int:
        try:
            first = next(_records(text, delimiter), Row(1, ()))
        except Exception:  # said again where the one is read that was chosen
            return 0
        return sum(map(known, first.cells))

    return max(DELIMITERS, key=headers)


def _records(text: str, delimiter: str) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line, lines.since = reader.line_num + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = str(error)
            raise refuse(
                BAD_FILE, line=line, reason=reason, reason_zh=f"格式错误({reason})"
            ) from None
        row = tuple(cell.strip() for cell in cells)
        if any(row):
            yield Row(line, row)


class _Lines:
    """The lines of a text, one after the other, as long as no record becomes too long."""

    def __init__(self, text: str) -> None:
        self._lines, self._no = io.StringIO(text, newline=""), 0
        self.since = 0
        """Characters since the last record."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._lines.readline(MAX_RECORD + 1)
        if not line:
            raise StopIteration
        self._no += 1
        self.since += len(line)
        if self._no > MAX_LINES:  # empty ones among them, which make no row
            raise refuse(LIMIT_EXCEEDED, field="lines", limit=MAX_LINES)
        if self.since > MAX_RECORD:
            raise refuse(
                BAD_FILE,
                line=self._no,
                reason=f"a row has more than {MAX_RECORD} characters",
                reason_zh=f"单行超过 {MAX_RECORD} 个字符",
            )
        return line


def _without_empty_end(cells: Sequence[str]) -> tuple[str, ...]:
    """Spreadsheets write delimiters behind the last header."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])
