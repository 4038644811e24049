"""Answers in time, whatever the work does when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_GRACE = 0.1
"""Seconds for cancelled work to end before the caller goes on without it."""
_leaving: set[asyncio.Task[Any]] = set()
"""Cancelled work that is still ending: the loop itself would forget it."""


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``; raises TimeoutError once ``seconds`` are over.

    ``asyncio.timeout`` would wait until the work has ended. A driver whose server does not answer any
    more first tries to cancel there what it sent, for many seconds, and the client has no answer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(seconds, 0))
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task}, timeout=_GRACE)
    if not task.done():
        _leaving.add(task)
    task.add_done_callback(_left)
    raise TimeoutError


def _left(task: asyncio.Task[Any]) -> None:
    _leaving.discard(task)
    if not task.cancelled():
        task.exception()  # asked for, so that the loop does not report what nobody waits for
