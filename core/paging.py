"""Keyset pages: a page costs the same however far down the list it lies (F2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the previous page: the value it is ordered by, and its id."""

    key: str | int
    id: UUID


def page(
    query: sa.Select[Any],
    key: sa.ColumnElement[Any],
    id_column: sa.ColumnElement[UUID],
    *,
    after: Cursor | None,
    descending: bool,
    limit: int,
) -> sa.Select[Any]:
    """``query`` ordered by (key, id), starting after the cursor, at most ``limit`` rows."""
    if after is not None:
        here = sa.tuple_(key, id_column)
        there = sa.tuple_(sa.literal(after.key, key.type), sa.literal(after.id, id_column.type))
        query = query.where(here < there if descending else here > there)
    order = (key.desc(), id_column.desc()) if descending else (key, id_column)
    return query.order_by(*order).limit(limit)
