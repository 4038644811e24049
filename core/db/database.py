"""The one place where transactions begin and end.

Application code never commits: it works inside ``async with database.transaction(tenant)`` and either
leaves normally (commit) or raises (rollback). The tenant is set as the first statement of each
transaction and only for that transaction, because a session-level setting survives a rollback and
shows the next user of the pooled connection a stranger's rows.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.generators import send
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import define

OUTCOME_UNKNOWN = define(
    "OUTCOME_UNKNOWN",
    en="The connection to the database broke while saving. Send the same command again to learn"
    " whether it was carried out.",
    zh="保存时数据库连接中断。请用相同的 commandId 重新发送,以确认是否已执行。",
)

_CONNECT_SECONDS = 5
_SET_TENANT = sa.text("select set_config('app.tenant', :tenant, true)")


class OutcomeUnknownError(Exception):
    """The connection broke at COMMIT: the work may be durable. The same command id tells (rule 2.5)."""


@dataclass(frozen=True, slots=True)
class RawTransaction:
    """A transaction of one tenant that speaks through psycopg alone, as the posting path does."""

    tenant_id: UUID
    raw: psycopg.AsyncConnection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Transaction(RawTransaction):
    """A transaction of one tenant. ``sql`` speaks SQLAlchemy Core, ``raw`` is psycopg itself."""

    sql: AsyncConnection


Row = tuple[Any, ...]


async def rows(tx: RawTransaction, query: str, *parameters: object) -> list[Row]:
    """Run one statement through psycopg, which prepares it after its first uses."""
    cursor = await tx.raw.execute(query.encode(), parameters or None)
    return await cursor.fetchall()


async def identity(tx: RawTransaction) -> Row:
    """What no other transaction has in common with this one: who let strangers work in a transaction
    asks before and after whether it is still the same, and still its tenant's."""
    (found,) = await rows(tx, "SELECT now(), current_setting('app.tenant', true), current_user")
    return found


class Companion(Protocol):
    """What lives as long as a database and must be closed before it."""

    async def close(self) -> None: ...


C = TypeVar("C", bound=Companion)


class Database:
    """A pool of connections of the application's role."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._companions: dict[object, Companion] = {}

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10) -> Database:
        """Make the pool for ``postgresql://…``; nothing is opened before the first transaction."""
        engine = create_async_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS},
        )
        return cls(engine)

    async def close(self) -> None:
        for companion in self._companions.values():
            await companion.close()
        self._companions.clear()
        await self._engine.dispose()

    def companion(self, make: Callable[[Database], C]) -> C:
        """What ``make`` makes for this database: made when first asked for, closed with it."""
        made = self._companions.get(make)
        if made is None:
            made = self._companions[make] = make(self)
        return cast(C, made)

    def lane(self) -> Lane:
        """A connection beside the pool, for who keeps one busy; not yet open."""
        return Lane(self._engine.url)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        """A connection of one's own beside the pool, outside of any transaction: for notices."""
        connection = await _connect(self._engine.url, autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()

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
    async def directory(self, *, read_only: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction without a tenant: for the global tables, used by ``core.tenancy`` alone."""
        async with self._connection(read_only=read_only) as connection:
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
            except sa.exc.DBAPIError as error:
                broken = isinstance(error, sa.exc.OperationalError) or error.connection_invalidated
                if broken and not read_only:  # what only read has no outcome to be unsure of
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
    return Transaction(tenant_id, driver, connection)


class Lane:
    """One connection kept for transactions that come one after the other, as postings do: no check-out,
    no ping. It is opened when first needed, and anew after it broke."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[RawTransaction]:
        """A read-write transaction of this tenant at READ COMMITTED, as that of the pool.

        Its statements travel in one pipeline: those whose rows nobody asks for wait for nothing, and
        their errors come with the next answer, at the latest with that of COMMIT. One transaction at
        a time. Raises OutcomeUnknownError if the connection breaks once COMMIT is on its way.
        """
        connection = await self._opened()
        committing = False
        try:
            async with connection.pipeline():
                await connection.execute(_ENTER_LANE, (str(tenant_id),))
                yield RawTransaction(tenant_id, connection)
                committing = True
                await _flush(connection)
                await connection.commit()
        except asyncio.CancelledError:
            # Whatever was under way: this connection is not used again.
            await connection.close()
            raise
        except Exception as error:
            if connection.closed and committing:
                raise OutcomeUnknownError from error
            if not connection.closed:
                await connection.rollback()
            raise

    def abandon(self) -> None:
        """Let go of a connection that does not answer: what waits for it fails at once. The socket is
        shut and nothing is asked of the server, because the driver's own way of cancelling waits for it."""
        if self._connection is not None and not self._connection.closed:
            with socket.socket(fileno=os.dup(self._connection.fileno())) as connected:
                connected.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _opened(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await _connect(self._url, prepare_threshold=1)
        return self._connection


async def _flush(connection: psycopg.AsyncConnection[Row]) -> None:
    """Send all that is on its way. The driver begins to wait for the answer of COMMIT with large statements
    half sent, and the server for their rest."""
    await connection.wait(send(connection.pgconn))


async def _connect(url: sa.URL, **options: Any) -> psycopg.AsyncConnection[Row]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return await psycopg.AsyncConnection.connect(plain, connect_timeout=_CONNECT_SECONDS, **options)


_ENTER_LANE = (
    b"select set_config('app.tenant', %s, true),"
    b" set_config('plan_cache_mode', 'force_generic_plan', true)"
)
"""Planning anew for every set of parameters took a quarter of a posting's time in the database."""
