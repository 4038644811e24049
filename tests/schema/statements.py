"""Counting what a request sends to the database, so that no field quietly asks once per row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from core.db.database import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that connections of this pool send meanwhile, by SQLAlchemy or straight through
    psycopg, without the one that sets the tenant."""
    sent: list[str] = []
    lent: set[int] = set()
    execute = psycopg.AsyncCursor.execute

    def checkout(connection: Any, *_rest: Any) -> None:
        lent.add(id(connection.driver_connection))

    async def noted(cursor: Any, query: Any, *given: Any, **named: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if id(cursor.connection) in lent and "set_config('app.tenant'" not in text:
            sent.append(text)
        return await execute(cursor, query, *given, **named)

    engine = database._engine.sync_engine
    sa.event.listen(engine, "checkout", checkout)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.AsyncCursor, "execute", noted)
            yield sent
    finally:
        sa.event.remove(engine, "checkout", checkout)
