"""Columns of imports: what each means, and how a file's columns and rows are matched with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import LIMIT_EXCEEDED, REQUIRED, Refusal, Refused, define
from core.imports.files import Row

UNKNOWN_COLUMN = define(
    "IMPORT_UNKNOWN_COLUMN",
    en="There is no column {column}. Query importColumns for those there are.",
    zh="没有列“{column}”。可用列请查询 importColumns。",
)
COLUMN_TWICE = define(
    "IMPORT_COLUMN_TWICE",
    en="The column {column} is there twice.",
    zh="列“{column}”重复。",
)
COLUMN_MISSING = define(
    "IMPORT_COLUMN_MISSING",
    en="The column {column} is missing.",
    zh="缺少列“{column}”。",
)
TOO_MANY_CELLS = define(
    "IMPORT_TOO_MANY_CELLS",
    en="This row has {cells} cells, the header {columns}.",
    zh="本行有 {cells} 个单元格,而表头只有 {columns} 列。",
)
MAX_CELL = 5_000


class Kind(StrEnum):
    """What rows become."""

    ITEM = "item"
    PARTY = "party"


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column of an import.

    ``en`` and ``zh`` are its headers; a file may have either. ``read`` turns the text of a cell, which is not
    empty, into values of the object by name: of a plugin's column into what ``save_attributes`` is given, in
    which every column adds its part, and what no column tells of an object that is there stays as it is.
    ``read`` may raise Refused; it must be quick and pure. ``field`` is the field of the plugin's input, as
    the API spells it, that the column stands for: refusals of it are told at the column.
    """

    kind: Kind
    field: str
    en: str
    zh: str
    about: str
    about_zh: str
    read: Callable[[str], Mapping[str, Any]]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A column and the module that it belongs to; None is core."""

    module: str | None
    column: ImportColumn


@dataclass(frozen=True, slots=True)
class Told:
    """What a row says: values of core's own by name, and those for modules."""

    line: int
    own: Mapping[str, Any]
    modules: Mapping[str, Mapping[str, Any]]


Headers = tuple[tuple[str, Placed], ...]
"""The columns of a file in their order, each with its header as it stands there."""


def header_key(header: str) -> str:
    """Headers are equal without regard to case and blanks around them."""
    return header.strip().casefold()


def by_header(columns: Iterable[Placed]) -> dict[str, Placed]:
    """Columns by each of their headers."""
    return {
        header_key(header): placed
        for placed in columns
        for header in (placed.column.en, placed.column.zh)
    }


def matched(header: Iterable[str], known: Mapping[str, Placed]) -> Headers:
    """The columns of a file. Raises Refused with all headers that are unknown, twice there, or lacking."""
    found: list[tuple[str, Placed]] = []
    refusals: list[Refusal] = []
    seen: set[int] = set()
    for name in header:
        placed = known.get(header_key(name))
        if placed is None:
            refusals.append(Refusal(UNKNOWN_COLUMN, (), {"column": name[:100]}))
            continue
        if id(placed) in seen:
            refusals.append(Refusal(COLUMN_TWICE, (), {"column": name}))
        seen.add(id(placed))
        found.append((name, placed))
    for placed in {id(one): one for one in known.values()}.values():
        if placed.column.required and id(placed) not in seen:
            name = f"{placed.column.en} / {placed.column.zh}"
            refusals.append(Refusal(COLUMN_MISSING, (), {"column": name}))
    if refusals:
        raise Refused(*refusals)
    return tuple(found)


def told(row: Row, headers: Headers) -> Told | list[Refusal]:
    """What a row says, or everything that cannot be read of it, each with the header in its path."""
    if any(row.cells[len(headers) :]):
        details = {"cells": len(row.cells), "columns": len(headers)}
        return [Refusal(TOO_MANY_CELLS, (), details)]
    own: dict[str, Any] = {}
    modules: dict[str, dict[str, Any]] = {}
    refusals: list[Refusal] = []
    for (header, placed), cell in zip(headers, row.cells, strict=False):
        if len(cell) > MAX_CELL:
            most = {"field": header, "limit": MAX_CELL}
            refusals.append(Refusal(LIMIT_EXCEEDED, (header,), most))
        elif cell:
            try:
                found = placed.column.read(cell)
            except Refused as refused:
                refusals += [Refusal(r.code, (header,), r.details) for r in refused.refusals]
                continue
            into = own if placed.module is None else modules.setdefault(placed.module, {})
            into.update(found)
    filled = {placed for (_, placed), cell in zip(headers, row.cells, strict=False) if cell}
    refusals += [
        Refusal(REQUIRED, (header,), {"field": header})
        for header, placed in headers
        if placed.column.required and placed not in filled
    ]
    return refusals or Told(row.line, own, modules)


def column_of(path: tuple[str | int, ...], headers: Headers) -> str | None:
    """The header of the column that a refusal is about, by its path into what was saved."""
    for header, placed in headers:
        where = (placed.module, placed.column.field) if placed.module else (placed.column.field,)
        if path[: len(where)] == where:
            return header
    return None
