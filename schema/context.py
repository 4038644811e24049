"""What every resolver knows of its request: who asks, in which language, and one view of the data.

A query reads in one snapshot, opened when the first resolver needs it. Resolvers and loaders share
its connection and queue for it, so a request never holds more than one. A mutation does its work in
its service's own transaction; what its payload then reads comes from a snapshot taken afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Hashable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self, TypeAlias

import strawberry

from core.db.database import Database, Transaction
from core.errors import Language
from core.outbox import Hub, Listener
from core.tenancy.rules import Principal
from schema.loaders import BatchFunction, K, Loaders, V


class Context:
    """One request. Use it as ``async with``: leaving closes the snapshot, also when cancelled."""

    def __init__(self, database: Database, principal: Principal, language: Language = "en") -> None:
        self.database = database
        self.principal = principal
        self.language = language
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._writing = False
        self._stack = AsyncExitStack()
        self._snapshot: Transaction | None = None
        self._spoiled = False
        self._loaders = Loaders(self.reading)
        self._listeners: list[Listener] = []

    def may(self, permission: str) -> bool:
        """Whether the caller's roles carry this permission."""
        return self.principal.may(permission)

    def load(
        self, batch: BatchFunction[K, V], key: K | None, *parameters: Hashable
    ) -> Awaitable[V | None]:
        """One value through a batch function (:mod:`schema.loaders`); of no key None."""
        self._refuse_deadlock()
        return self._loaders.load(batch, key, *parameters)

    def events(self, *topics: str) -> Listener:
        """What happens in the tenant from now on under these topics, for the generator of a subscription:
        ``async for heard in info.context.events("document.posted")``."""
        listener = self.database.companion(Hub).listen(self.principal.tenant_id, topics)
        self._listeners.append(listener)
        return listener

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """The request's snapshot, for this resolver alone until it leaves the block.

        Inside the block await neither a loader nor ``reading`` again: they queue for the same
        connection.
        """
        self._refuse_deadlock()
        async with self._lock:
            # A plugin that failed may have taken the connection along (core.extension.awaited).
            if self._spoiled or (self._snapshot is not None and self._snapshot.sql.closed):
                await self._close()
            if self._snapshot is None:
                opened = self.database.snapshot(self.principal.tenant_id)
                self._snapshot = await self._stack.enter_async_context(opened)
            self._holder = asyncio.current_task()
            try:
                yield self._snapshot
            except asyncio.CancelledError:
                # A statement may be in flight (a sibling field failed, the client went away): this
                # connection is not read from again and does not go back to the pool.
                self._spoiled = True
                raise
            finally:
                self._holder = None

    def _refuse_deadlock(self) -> None:
        if self._writing:
            raise RuntimeError("a mutation reads inside its service's transaction, not beside it")
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("this resolver already holds the request's connection")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around a mutation's resolver: its service has its own transaction, and a request that
        held a snapshot beside it could starve the pool."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    async def renew(self) -> None:
        """Let go of the snapshot and of what was read in it: the next read sees what is now."""
        self._loaders.forget()
        async with self._lock:
            await self._close()

    async def _close(self, error: BaseException | None = None) -> None:
        if self._spoiled and error is None:
            error = asyncio.CancelledError()
        self._spoiled, self._snapshot = False, None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.__aexit__(type(error) if error else None, error, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # In a task of its own: cut off once more while it leaves, a request would keep its connection.
        leaving = asyncio.ensure_future(self._leave(error))
        _leaving.add(leaving)
        leaving.add_done_callback(_leaving.discard)
        await asyncio.shield(leaving)

    async def _leave(self, error: BaseException | None) -> None:
        for listener in self._listeners:
            listener.close()
        await self._loaders.stop()
        async with self._lock:
            await self._close(error)


class Lasting(Context):
    """That of a subscription's generator, which lasts for hours: it holds no snapshot."""

    def load(
        self, batch: BatchFunction[K, V], key: K | None, *parameters: Hashable
    ) -> Awaitable[V | None]:
        raise RuntimeError("a subscription loads in the fields of what it yields")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A moment of its own, each time anew."""
        async with self.database.snapshot(self.principal.tenant_id) as tx:
            yield tx


_leaving: set[asyncio.Task[None]] = set()
"""Requests that are closing their snapshots: the event loop alone would not keep them alive."""

Info: TypeAlias = strawberry.Info[Context, None]
