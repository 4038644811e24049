"""Counting what a request sends to the database, so that no field quietly asks once per row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from core.db.database import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that this pool sends meanwhile through SQLAlchemy, without the one that sets
    the tenant."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "set_config('app.tenant'" not in statement:
            sent.append(statement)

    engine = database._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
