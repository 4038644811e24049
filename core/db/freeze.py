"""Renders the declared tables to SQL: ``python -m core.db.freeze`` writes the first migration anew.

A migration is text, so that a later change of a declaration cannot change what was already run
somewhere. Until the first release there is one revision and it may be rewritten; a test says when
the file is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.sql.ddl import sort_tables_and_constraints

from core.db.protect import REFUSE_CHANGE, protection
from core.db.schema import metadata

INITIAL = Path(__file__).parent / "migrations" / "0001_initial.sql"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in the library


def render(tables: sa.MetaData) -> str:
    """The whole schema as one SQL script, in an order that depends on the declarations alone."""
    return (
        "-- Written by `python -m core.db.freeze` from the tables declared in core.\n\n"
        + "\n\n".join(f"{statement.strip()};" for statement in _statements(tables))
        + "\n"
    )


def _statements(tables: sa.MetaData) -> Iterator[str]:
    # Some hosts install extensions themselves and allow nobody else to.
    yield "create extension if not exists pg_trgm"
    yield REFUSE_CHANGE
    ordered = sort_tables_and_constraints(tables.sorted_tables)  # type: ignore[no-untyped-call]  # untyped in the library
    for table, constraints in ordered:
        if table is None:
            yield from (_sql(AddConstraint(constraint)) for constraint in constraints)
            continue
        yield _sql(CreateTable(table, include_foreign_key_constraints=list(constraints)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _sql(CreateIndex(index))
        yield from protection(table)
    # Each stands alone; by name, because the order of imports is nobody's promise.
    for name, sql in sorted(tables.info.get("extra_ddl", [])):
        yield f"-- {name}\n{sql.strip().rstrip(';')}"


def _sql(element: ExecutableDDLElement) -> str:
    return str(element.compile(dialect=_DIALECT))


if __name__ == "__main__":
    INITIAL.write_text(render(metadata), encoding="utf-8")
