"""The matrix (二维表) of a style: rows are colours, columns sizes, with totals both ways. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Generic, TypeVar

from core.plugin_api import LIMIT_EXCEEDED, Refusal, define, rounded

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
Cells = Sequence[Sequence[Decimal | None]]

ROW_LENGTH = define(
    "APPAREL_VARIANTS_ROW_LENGTH",
    en="This row has {given} cells; {style} has {wanted} sizes.",
    zh="该行有 {given} 个单元格,而款式 {style} 有 {wanted} 个尺码。",
)
MOST_LINES = 1000
"""Lines that one document takes."""


@dataclass(frozen=True, slots=True)
class Matrix(Generic[R, C]):
    """Figures by row and column, of no others; what is not there counts as zero."""

    rows: tuple[R, ...]
    columns: tuple[C, ...]
    cells: Mapping[tuple[R, C], Decimal]

    def row(self, row: R) -> list[Decimal]:
        """The figures of a row, in the order of the columns."""
        nothing = Decimal(0)
        return [self.cells.get((row, column), nothing) for column in self.columns]

    def row_total(self, row: R) -> Decimal:
        """The sum of a row."""
        return sum(self.row(row), Decimal(0))

    def column_totals(self) -> list[Decimal]:
        """The sum of each column."""
        lines = [self.row(row) for row in self.rows]
        return [sum(column, Decimal(0)) for column in zip(*lines, strict=True)]

    def total(self) -> Decimal:
        """The sum of all."""
        return sum(self.cells.values(), Decimal(0))


def average_cost(quantity: Decimal, value: Decimal) -> Decimal | None:
    """What a piece cost on average, to six places; None where there is none."""
    return rounded(Fraction(value) / Fraction(quantity), 6) if quantity > 0 else None


def combinations(attributes: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Every variant that these values of attributes make, the last attribute running fastest; without
    attributes there is one."""
    return list(product(*attributes.values()))


def check_rows(rows: Iterable[Sequence[Decimal | None]], columns: int, style: str) -> list[Refusal]:
    """Rows that have another number of cells than the style has sizes."""
    found = []
    for n, cells in enumerate(rows):
        if len(cells) != columns:
            details = {"given": len(cells), "wanted": columns, "style": style}
            found.append(Refusal(ROW_LENGTH, ("rows", n, "cells"), details))
    return found


def check_lines(lines: int) -> list[Refusal]:
    """A matrix with more cells filled in than a document has lines."""
    if lines <= MOST_LINES:
        return []
    return [Refusal(LIMIT_EXCEEDED, ("styles",), {"field": "lines", "limit": MOST_LINES})]
