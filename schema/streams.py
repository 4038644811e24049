"""Subscriptions that are being served: how many, for whom, and when they end.

Whoever listens is asked for anew all the time: a stream ends, and says why, when its token is revoked, a
permission is taken away or the module that its field is of is switched off. Each event is answered in a
context of its own, as a query would be at that moment.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.db.database import Database
from core.deadline import within
from core.errors import PERMISSION_DENIED, Language, Refusal, Refused, define, refuse
from core.tenancy.rules import Principal
from schema.access import ANY_MEMBER
from schema.context import Context, Lasting
from schema.errors import UNAUTHENTICATED, UNAVAILABLE, format_refusal, refusal_of
from schema.execute import Answer, Executor, Request
from schema.limits import MAX_STREAMS, MAX_TENANT_STREAMS

if TYPE_CHECKING:
    from schema.views import Views

TOO_MANY_STREAMS = define(
    "TOO_MANY_STREAMS",
    en="Too many subscriptions are open: at most {limit} at once. Close some, or try again later.",
    zh="打开的订阅过多:同时最多 {limit} 个。请关闭部分订阅或稍后重试。",
)
SUBSCRIPTION_ENDED = define(
    "SUBSCRIPTION_ENDED",
    en="What this subscription asks for is not there any more: its module was switched off.",
    zh="该订阅的内容已不存在:相关模块已停用。",
)
SERVER_STOPPING = define(
    "SERVER_STOPPING",
    en="The server stops. Subscribe again, and read anew what you show.",
    zh="服务器正在停止。请重新订阅并重新读取所显示的数据。",
)

CHECK_SECONDS = 1.0
"""How often it is asked whether whoever listens still may. A sign-in is remembered for three seconds
(``core.tenancy.sign_ins``), so that a change acts within five even where no notice of it comes."""
SIGN_IN_SECONDS = 2.0
QUIET_SECONDS = 10.0
"""After this without an event there is a sign of life."""
_GRACE = 0.5

Who = Callable[[], Awaitable[Principal | None]]
_END = object()


class Streams:
    """The subscriptions of one process."""

    def __init__(self, most: int = MAX_STREAMS, most_of_tenant: int = MAX_TENANT_STREAMS) -> None:
        self._most, self._most_of_tenant = most, most_of_tenant
        self._open: Counter[UUID] = Counter()
        self.closing = asyncio.Event()

    def close(self) -> None:
        """End all, and take no more: the process is about to end."""
        self.closing.set()

    @contextmanager
    def place(self, tenant_id: UUID) -> Iterator[None]:
        """Room for one more. Raises Refused where there is none."""
        if self.closing.is_set():
            raise refuse(SERVER_STOPPING)
        if self._open.total() >= self._most:
            raise refuse(TOO_MANY_STREAMS, limit=self._most)
        if self._open[tenant_id] >= self._most_of_tenant:
            raise refuse(TOO_MANY_STREAMS, limit=self._most_of_tenant)
        self._open[tenant_id] += 1
        try:
            yield
        finally:
            self._open[tenant_id] -= 1
            if not self._open[tenant_id]:
                del self._open[tenant_id]


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as it was asked for, and how to find out by whom it is heard by now."""

    request: Request
    language: Language
    database: Database
    views: Views
    who: Who

    def context(self, principal: Principal, *, lasting: bool = False) -> Context:
        return (Lasting if lasting else Context)(self.database, principal, self.language)


async def answers(
    asked: Asked, principal: Principal, streams: Streams
) -> AsyncGenerator[Mapping[str, Any] | Answer | None, None]:
    """What is sent to whoever listens: each answer as it comes, None as a sign of life; at first, None as
    soon as events are heard. Where nothing can be heard, one Answer and nothing else. Close it."""
    with streams.place(principal.tenant_id):
        async with asked.context(principal, lasting=True) as context:
            executor = asked.views.of(principal.modules)
            events = await executor.subscribe(asked.request, context)
            if isinstance(events, Answer):
                yield events
                return
            listening = Listening(asked, aiter(events), streams.closing)
            try:
                await listening.begin()
                yield None
                while not listening.ended:
                    yield await listening.next()
            finally:
                await listening.stop()


class Listening:
    """One subscription that is being served."""

    def __init__(self, asked: Asked, events: AsyncIterator[Any], closing: asyncio.Event) -> None:
        self._asked, self._events = asked, events
        self._closing = asyncio.ensure_future(closing.wait())
        self._coming = asyncio.ensure_future(self._next_event())
        self._quiet = 0.0
        self.ended = False

    async def begin(self) -> None:
        """Let the generator come to where it waits for the first time."""
        await asyncio.sleep(0)

    async def next(self) -> dict[str, Any] | None:
        """The next answer, or None as a sign of life; the last one says why it is the last, unless the
        subscription came to its end."""
        while True:
            began = asyncio.get_running_loop().time()
            await asyncio.wait(
                {self._coming, self._closing},
                timeout=CHECK_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._closing.done():
                return self._end(Refusal(SERVER_STOPPING))
            allowed = await self._allowed()
            if isinstance(allowed, Refusal):
                return self._end(allowed)
            if self._coming.done():
                self._quiet = 0.0
                return await self._told(*allowed)
            self._quiet += asyncio.get_running_loop().time() - began
            if self._quiet >= QUIET_SECONDS:
                self._quiet = 0.0
                return None

    async def stop(self) -> None:
        """Free what it holds, whatever the generator does about it."""
        for task in (self._coming, self._closing):
            task.cancel()
        await asyncio.wait({self._coming, self._closing}, timeout=_GRACE)
        if self._coming.done() and not self._coming.cancelled():
            self._coming.exception()  # asked for, so that the loop does not report what was told
        close = getattr(self._events, "aclose", None)
        if close is not None and self._coming.done():
            with suppress(Exception):  # told where it was contained
                await within(_GRACE, close())

    async def _next_event(self) -> Any:
        try:
            return await anext(self._events)
        except StopAsyncIteration:
            return _END

    async def _allowed(self) -> tuple[Executor, Principal] | Refusal:
        """With which view, and as whom, it is heard from now on; or why no longer."""
        asked = self._asked
        try:
            principal = await within(SIGN_IN_SECONDS, _found(asked.who))
        except Exception:  # the database is away: nobody knows who may listen
            return Refusal(UNAVAILABLE)
        if principal is None:
            return Refusal(UNAUTHENTICATED)
        executor = asked.views.of(principal.modules)
        prepared = executor.prepare(asked.request.query)
        if prepared.document is None:
            return Refusal(SUBSCRIPTION_ENDED)
        for permission in prepared.permissions:
            if permission != ANY_MEMBER and not principal.may(permission):
                return Refusal(PERMISSION_DENIED, details={"permission": permission})
        return executor, principal

    async def _told(self, executor: Executor, principal: Principal) -> dict[str, Any] | None:
        try:
            event = self._coming.result()
        except Refused as refused:
            return self._end(*refused.refusals)
        except Exception as fault:
            return self._end(refusal_of(fault))
        if event is _END:
            self.ended = True
            return None
        self._coming = asyncio.ensure_future(self._next_event())
        await asyncio.sleep(0)  # a generator that never waits leaves room for others
        request = replace(self._asked.request, waited=0)
        return (await executor.tell(event, request, self._asked.context(principal))).body

    def _end(self, *refusals: Refusal) -> dict[str, Any]:
        self.ended = True
        language = self._asked.language
        return {"errors": [format_refusal(refusal, language) for refusal in refusals]}


async def _found(who: Who) -> Principal | None:
    return await who()
