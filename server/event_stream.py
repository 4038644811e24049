"""Server-sent events, by the protocol of graphql-sse with one connection for each operation.

Each answer is an event ``next``; the last event is ``complete``. A comment now and then keeps what lies
between alive, and finds out who is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.deadline import within
from schema.execute import Answer

EVENTS = "text/event-stream"
SEND_SECONDS = 15.0
"""After this without taking anything the client is taken for gone."""
_ALIVE = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # nginx would keep events back
}

Told = AsyncGenerator[Mapping[str, Any] | Answer | None, None]
"""What is sent: answers as they come, and None as a sign of life."""


class EventStream(Response):
    """An answer that goes on until its events end, the client is gone, or takes nothing any more."""

    def __init__(self, first: Mapping[str, Any] | None, told: Told) -> None:
        super().__init__(None, 200, _HEADERS, f"{EVENTS}; charset=utf-8")
        del self.headers["content-length"]
        self._first, self._told = first, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_disconnected(receive))
        async with aclosing(self._told):
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                sending.cancel()
                await asyncio.wait({sending, gone})
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        with suppress(OSError, TimeoutError):  # nobody is there any more
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            await _write(send, _event(self._first))
            async for answer in self._told:
                await _write(send, _event(answer))
            await _write(send, _COMPLETE)
            await send({"type": "http.response.body", "body": b""})


def only(answer: Answer) -> EventStream:
    """The one answer to what is no subscription, or to one that has no events."""

    async def nothing() -> Told:
        return
        yield

    return EventStream(answer.body, nothing())


async def started(told: Told) -> EventStream | Answer:
    """What hears has begun to listen; or the one answer there is. Raises Refused."""
    try:
        first = await anext(told)
    except BaseException:
        await told.aclose()
        raise
    if isinstance(first, Answer):
        await told.aclose()
        return first
    return EventStream(first, told)


def _event(answer: Mapping[str, Any] | Answer | None) -> bytes:
    if answer is None:
        return _ALIVE
    assert not isinstance(answer, Answer)
    return b"event: next\ndata: " + orjson.dumps(answer) + b"\n\n"


async def _write(send: Send, body: bytes) -> None:
    async def write() -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})

    await within(SEND_SECONDS, write())


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
