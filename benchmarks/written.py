"""Which rows a piece of work wrote, table by table: how the floor is held to what the product does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

TRAILING = frozenset({"seal"})
"""Written later and for many documents at once (ledger rule 7.1), so by no posting. The product has to
seal meanwhile; the floor is spared it."""


@dataclass(frozen=True, slots=True)
class Written:
    """So many rows, the columns that hold something in them, and their mean size in bytes."""

    rows: int
    filled: frozenset[str]
    size: int


@contextmanager
def written(url: str) -> Iterator[dict[str, Written]]:
    """What is written during the block, by table; there once the block is left. Nothing else may write
    meanwhile. A row that was written twice counts once: what is compared is what stays."""
    found: dict[str, Written] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        since = connection.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
        ).fetchone()
        assert since is not None
        yield found
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        ).fetchall()
        for (name,) in tables:
            rows = _of(connection, name, int(since[0]))
            if rows.rows and name not in TRAILING:
                found[name] = rows


def differences(product: dict[str, Written], floor: dict[str, Written]) -> list[str]:
    """Where the floor writes other rows than the product; empty where it is a floor."""
    told = []
    for name in sorted(product.keys() | floor.keys()):
        ours, theirs = product.get(name), floor.get(name)
        if ours is None or theirs is None or ours.rows != theirs.rows:
            counts = [0 if rows is None else rows.rows for rows in (ours, theirs)]
            told.append(f"{name}: the product writes {counts[0]} rows, the floor {counts[1]}")
        elif ours.filled != theirs.filled:
            told.append(f"{name}: only one of them fills {sorted(ours.filled ^ theirs.filled)}")
    return told


def _of(connection: psycopg.Connection, name: str, since: int) -> Written:
    new = sql.SQL("FROM {} t WHERE xmin::text::bigint >= {}").format(
        sql.Identifier(name), sql.Literal(since)
    )
    count = sql.SQL("SELECT count(*), coalesce(avg(pg_column_size(t.*)), 0)::int ") + new
    columns = (
        sql.SQL("SELECT DISTINCT e.key FROM (SELECT to_jsonb(t) j ")
        + new
        + sql.SQL(") x, jsonb_each(j) e WHERE e.value <> 'null'")
    )
    rows = connection.execute(count).fetchone()
    assert rows is not None
    filled = frozenset(name for (name,) in connection.execute(columns)) if rows[0] else frozenset()
    return Written(rows[0], filled, rows[1])
