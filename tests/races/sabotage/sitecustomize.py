"""Takes the locks of the item guards away, or their order, or time, from a server that is started with
this folder in ``PYTHONPATH``: every Python imports ``sitecustomize``, the worker processes too.

It is done where statements leave for the database, whatever code sends them, so that the tests of races
are tested: without the lock they must fail, without the order they must see deadlocks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

VARIABLE = "TALLYBOOK_TEST_SABOTAGE"
SLOW_SECONDS = 7

_REWRITES: dict[str, Callable[[str], str]] = {
    "lock": lambda query: query.replace("FOR UPDATE", ""),
    # Without any ORDER BY the index gives the rows in order all the same.
    "order": lambda query: query.replace("ORDER BY item_id", "ORDER BY random()"),
}


def install(kind: str) -> None:
    """Rewrite what locks the item guards from here on; or be slow to start."""
    if kind == "time":
        time.sleep(SLOW_SECONDS)
        return
    import psycopg

    rewrite = _REWRITES[kind]
    send = psycopg.AsyncCursor.execute

    async def execute(self: Any, query: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(query, bytes) and b"item_guard" in query:
            query = rewrite(query.decode()).encode()
        return await send(self, query, *rest, **named)

    setattr(psycopg.AsyncCursor, "execute", execute)  # noqa: B010 - a method of another's class


if VARIABLE in os.environ:
    install(os.environ[VARIABLE])
