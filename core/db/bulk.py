"""Set-based writes: one statement for many rows, sent as one array per column.

Rows go in sorted by their key wherever two processes may write the same ones: inserting the same rows
in different order deadlocks (ledger rule 3.4). The caller sorts. What is put together here as text are
names of our own tables and columns; values travel as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter, methodcaller
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.db.database import RawTransaction, Row

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # the library leaves it untyped


async def insert(
    tx: RawTransaction,
    table: sa.Table,
    columns: str,
    rows: Iterable[Sequence[Any]],
    *,
    conflict: str = "",
) -> None:
    """Insert rows of this tenant. ``columns`` are the blank-separated names after ``tenant_id``;
    ``conflict`` is an ON CONFLICT clause."""
    await run(tx, inserting(table, columns) + conflict, table, columns, rows)


async def run(
    tx: RawTransaction, query: str, table: sa.Table, columns: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Run ``query``, in which ``{rows}`` stands for the rows as a relation ``r`` with the columns
    ``tenant_id`` and ``columns``, typed like those of ``table``. In a pipeline it waits for nothing."""
    await _send(tx, query, table, columns, rows)


async def fetch(
    tx: RawTransaction, query: str, table: sa.Table, columns: str, rows: Iterable[Sequence[Any]]
) -> list[Row]:
    """Run such a ``query`` and wait for the rows that it returns."""
    cursor = await _send(tx, query, table, columns, rows)
    return await cursor.fetchall() if cursor is not None else []


@lru_cache(maxsize=256)
def inserting(table: sa.Table, columns: str) -> str:
    """The statement, up to its ON CONFLICT, that inserts ``{rows}``."""
    names = ", ".join(f'"{name}"' for name in ["tenant_id", *columns.split()])
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM {{rows}} "  # noqa: S608 - our names


async def _send(
    tx: RawTransaction, query: str, table: sa.Table, columns: str, rows: Iterable[Sequence[Any]]
) -> psycopg.AsyncCursor[Row] | None:
    values = list(zip(*rows, strict=True))
    if not values:
        return None
    arrays = map(_array, _writers(table, columns), values)
    sql = query.replace("{rows}", _relation(table, columns)).encode()
    return await tx.raw.execute(sql, [tx.tenant_id, *arrays])


def _array(write: Callable[[Any], str], values: Sequence[Any]) -> str:
    """An array literal. Written by hand because the driver's own takes longer than the statement."""
    return "{" + ",".join(["NULL" if v is None else write(v) for v in values]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(value: Any) -> str:
    return _quoted(orjson.dumps(value).decode())


@lru_cache(maxsize=256)
def _writers(table: sa.Table, columns: str) -> list[Callable[[Any], str]]:
    """How a value of each column is written in an array."""
    return [_writer(table.c[name].type) for name in columns.split()]


def _writer(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], str]:
    match kind:
        case sa.Uuid():
            return attrgetter("hex")
        case sa.Date() | sa.DateTime():
            return methodcaller("isoformat")
        case sa.JSON():
            return _json
        case sa.Text() | sa.LargeBinary():
            return _quoted
    return str


@lru_cache(maxsize=256)
def _relation(table: sa.Table, columns: str) -> str:
    names = columns.split()
    kinds = [_kind(table.c[name]) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    listed = ", ".join(names)
    return f"(SELECT %s::uuid AS tenant_id, u.* FROM unnest({arrays}) u({listed})) r"  # noqa: S608 - our names


def _kind(column: sa.Column[Any]) -> str:
    """The column's type; an array of text has no collation of its own."""
    if isinstance(column.type, sa.Text):
        return "TEXT"
    return column.type.compile(_DIALECT)
