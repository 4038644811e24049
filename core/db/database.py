"""The one place where transactions begin and end.

Application code never commits: it works inside ``async with database.transaction(tenant)`` and either
leaves normally (commit) or raises (rollback). The tenant is set as the first statement of each
transaction and only for that transaction, because a session-level setting survives a rollback and
shows the next user of the pooled connection a stranger's rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import define

OUTCOME_UNKNOWN = define(
    "OUTCOME_UNKNOWN",
    en="The connection to the database broke while saving. Send the same command again to learn"
    " whether it was carried out.",
    zh="保存时数据库连接中断。请用相同的 commandId 重新发送,以确认是否已执行。",
)

_SET_TENANT = sa.text("select set_config('app.tenant', :tenant, true)")


class OutcomeUnknownError(Exception):
    """The connection broke at COMMIT: the work may be durable. The same command id tells (rule 2.5)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of one tenant. ``sql`` speaks SQLAlchemy Core, ``raw`` is psycopg itself."""

    tenant_id: UUID
    sql: AsyncConnection
    raw: psycopg.AsyncConnection[tuple[object, ...]]


Row = tuple[Any, ...]


async def rows(tx: Transaction, query: str, *parameters: object) -> list[Row]:
    """Run one statement through psycopg, which prepares it after its first uses."""
    cursor = await tx.raw.execute(query.encode(), parameters or None)
    return await cursor.fetchall()


class Database:
    """A pool of connections of the application's role."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10) -> Database:
        """Make the pool for ``postgresql://…``; nothing is opened before the first transaction."""
        engine = create_async_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
        )
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[Transaction]:
        """A read-write transaction of this tenant at READ COMMITTED: a statement after the lock sees
        what was committed before it (ledger rule 3.2)."""
        async with self._connection() as connection:
            yield await _enter(connection, tenant_id)

    @asynccontextmanager
    async def snapshot(self, tenant_id: UUID) -> AsyncIterator[Transaction]:
        """A read-only transaction that sees one moment, however many statements it sends."""
        async with self._connection("REPEATABLE READ", read_only=True) as connection:
            yield await _enter(connection, tenant_id)

    @asynccontextmanager
    async def directory(self) -> AsyncIterator[AsyncConnection]:
        """A transaction without a tenant: for the global tables, used by ``core.tenancy`` alone."""
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _connection(
        self, isolation: str = "READ COMMITTED", *, read_only: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        connection = await self._engine.connect()
        try:
            await connection.execution_options(
                isolation_level=isolation, postgresql_readonly=read_only
            )
            await connection.begin()
            yield connection
            try:
                await connection.commit()
            except sa.exc.OperationalError as error:
                raise OutcomeUnknownError from error
            except sa.exc.DBAPIError as error:
                if error.connection_invalidated:
                    raise OutcomeUnknownError from error
                raise
        except BaseException as error:
            # A cancelled task may leave a statement in flight: such a connection never goes back to
            # the pool, whatever state it seems to be in.
            if isinstance(error, asyncio.CancelledError):
                await asyncio.shield(connection.invalidate())
            else:
                await connection.rollback()
            raise
        finally:
            await asyncio.shield(connection.close())


async def _enter(connection: AsyncConnection, tenant_id: UUID) -> Transaction:
    await connection.execute(_SET_TENANT, {"tenant": str(tenant_id)})
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return Transaction(tenant_id, connection, driver)
