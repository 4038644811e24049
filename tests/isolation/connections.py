"""Looks at every connection of this process, whoever keeps it: is a tenant left on it, or a
transaction open?"""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

from core.db.roles import APP

SETTLE_SECONDS = 10
_TENANT = "select nullif(current_setting('app.tenant', true), '')"


@dataclass
class Watch:
    """The connections made while it lasts, and what was wrong with those that were given back."""

    made: weakref.WeakSet[psycopg.AsyncConnection[Any]] = field(default_factory=weakref.WeakSet)
    wrong: list[str] = field(default_factory=list)
    returned: int = 0
    looked_at: int = 0

    def checked_in(self, driver: Any, _record: object) -> None:
        """A pool takes a connection back (SQLAlchemy's event: it is clean by now, or never)."""
        if driver is None or driver.driver_connection.closed:
            return  # it was thrown away
        self.returned += 1
        status = driver.driver_connection.info.transaction_status
        if status is not TransactionStatus.IDLE:
            self.wrong.append(f"given back in a transaction: {status.name}")
        # Nothing may be raised here: the pool would never get the connection back.
        with suppress(psycopg.OperationalError):  # its backend was killed at this moment
            cursor = driver.cursor()
            cursor.execute(_TENANT)
            ((tenant,),) = cursor.fetchall()
            cursor.close()
            driver.rollback()
            if tenant:
                self.wrong.append(f"given back with the tenant {tenant}")

    async def look(self) -> None:
        """Look at all connections there are, while nobody uses any."""
        for connection in list(self.made):
            if connection.closed:
                continue
            self.looked_at += 1
            status = connection.info.transaction_status
            if status is not TransactionStatus.IDLE:
                self.wrong.append(f"at rest in a transaction: {status.name}")
                continue
            try:
                found = await (await connection.execute(_TENANT)).fetchone()
                await connection.rollback()
            except psycopg.OperationalError:
                continue  # its backend was killed at rest; whoever takes it out finds that too
            if found and found[0]:
                self.wrong.append(f"at rest with the tenant {found[0]}")


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watch every connection that is made from here on, those of pools and any others."""
    watch = Watch()
    connect = psycopg.AsyncConnection.connect

    async def noting(*given: Any, **named: Any) -> psycopg.AsyncConnection[Any]:
        made = await connect(*given, **named)
        watch.made.add(made)
        return made

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", noting)
    sa.event.listen(sa.pool.Pool, "checkin", watch.checked_in)
    try:
        yield watch
    finally:
        sa.event.remove(sa.pool.Pool, "checkin", watch.checked_in)
        gc.collect()  # what was cut off warns of itself here, and not in some later test


async def settled(url: str) -> list[str]:
    """What the application's backends in this database are still doing once all requests are over;
    empty as soon as all of them rest. ``url`` is of who may see that."""
    query = (
        "select state || ': ' || query from pg_stat_activity"
        " where datname = current_database() and usename = %s and state <> 'idle'"
    )
    until = time.monotonic() + SETTLE_SECONDS
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while True:
            busy = [row[0] async for row in await connection.execute(query, [APP])]
            if not busy or time.monotonic() > until:
                return busy
            await asyncio.sleep(0.02)


async def kill_one(url: str) -> bool:
    """Terminate one backend of the application in this database; whether there was one."""
    query = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and usename = %s order by state, random() limit 1"
    )
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await (await connection.execute(query, [APP])).fetchone() is not None
