"""Set-based writes: one statement for many rows, sent as one array per column.

Rows go in sorted by their key wherever two processes may write the same ones: inserting the same rows
in different order deadlocks (ledger rule 3.4). The caller sorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.db.database import Transaction

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def insert(
    tx: Transaction,
    table: sa.Table,
    columns: str,
    rows: Iterable[Sequence[Any]],
    *,
    conflict: str = "",
) -> None:
    """Insert rows of this tenant. ``columns`` are the blank-separated names after ``tenant_id``;
    ``conflict`` is an ON CONFLICT clause."""
    await run(tx, _insert(table, columns) + conflict, table, columns, rows)


async def run(
    tx: Transaction, query: str, table: sa.Table, columns: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Run ``query``, in which ``{rows}`` stands for the rows as a relation ``r`` with the columns
    ``tenant_id`` and ``columns``, typed like those of ``table``."""
    listed = [(tx.tenant_id, *row) for row in rows]
    if listed:
        arrays = [list(column) for column in zip(*listed, strict=True)]
        await tx.raw.execute(query.replace("{rows}", _relation(table, columns)).encode(), arrays)


@lru_cache(maxsize=256)
def _relation(table: sa.Table, columns: str) -> str:
    names = ["tenant_id", *columns.split()]
    kinds = [table.c[name].type.compile(_DIALECT) for name in names]
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) r({', '.join(names)})"


@lru_cache(maxsize=256)
def _insert(table: sa.Table, columns: str) -> str:
    names = ", ".join(f'"{name}"' for name in ["tenant_id", *columns.split()])
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM {{rows}} "  # noqa: S608 - our names
