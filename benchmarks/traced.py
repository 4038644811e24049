"""The product in one process, watched: ``python -m benchmarks.traced`` serves the data folder of the
environment, and ``GET /spans`` tells where the time went since it was last asked."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import uvicorn
from psycopg.abc import Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

import server.app
from benchmarks import spans
from benchmarks.spans import ANSWER, AUTH, BEGIN, COMMIT, LOCKS, READS, WRITES, Spans


def main() -> None:
    found = Spans()
    spans.watch(found)
    watch_driver(found)
    server.app.keep_sealed = spans.in_background(server.app.keep_sealed)  # type: ignore[attr-defined]  # patched
    app = server.app.create_app()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
        elif scope["path"] == "/spans":
            body = orjson.dumps(found.take())
            await Response(body, media_type="application/json")(scope, receive, send)
        else:
            found.requests += 1
            with found.span(spans.REST):
                await app(scope, receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/graphql", flush=True)
    uvicorn.Server(uvicorn.Config(watched, log_level="warning")).run(sockets=[listener])


def watch_driver(found: Spans) -> None:
    """Book statements to what they are for, and the wait for their answer apart."""
    execute, wait = psycopg.AsyncCursor.execute, psycopg.AsyncConnection.wait

    async def executed(self: Any, query: Query, *args: Any, **kwargs: Any) -> Any:
        step = step_of(str(query), found.step)
        if step is None:
            return await execute(self, query, *args, **kwargs)
        found.statements[step] += 1
        with found.span(step):
            return await execute(self, query, *args, **kwargs)

    async def waited(self: Any, *args: Any, **kwargs: Any) -> Any:
        with found.span(found.step or "", waiting=True):
            return await wait(self, *args, **kwargs)

    def ending(way: Callable[..., Any], step: str) -> Callable[..., Any]:
        async def ended(self: Any, *args: Any) -> Any:
            with found.span(found.step if found.step in (AUTH, ANSWER) else step):
                return await way(self, *args)

        return ended

    psycopg.AsyncCursor.execute = executed  # type: ignore[method-assign]  # watched
    psycopg.AsyncConnection.wait = waited  # type: ignore[method-assign]  # watched
    for owner, name, step in (
        (psycopg.AsyncConnection, "commit", COMMIT),
        (psycopg.AsyncTransaction, "__aenter__", BEGIN),
        (psycopg.AsyncTransaction, "__aexit__", COMMIT),
    ):
        setattr(owner, name, ending(getattr(owner, name), step))


def step_of(query: str, around: str | None) -> str | None:
    """What a statement is for; None outside of requests. Whatever reads the answer back is that."""
    if around in (None, AUTH, ANSWER):
        return around
    text = query.removeprefix("b").strip("'\"").lstrip().lower()
    if "for update" in text or "advisory" in text:
        return LOCKS
    if not text.strip(" ;") or text.startswith(("select set_config", "begin", "set ", "show ")):
        return BEGIN  # an empty statement is the pool asking whether the connection still lives
    if text.startswith("commit"):
        return COMMIT
    return READS if text.startswith("select") else WRITES


if __name__ == "__main__":
    main()
