"""Work that does not end when it is cancelled: the caller is answered in time all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from core.deadline import within


async def test_the_result_or_the_error_of_work_that_is_in_time() -> None:
    async def fails() -> None:
        raise ValueError("this")

    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="this"):
        await within(5, fails())


@pytest.mark.parametrize("ending", [0.0, 1.5])
async def test_late_work_is_cancelled_and_not_waited_for(ending: float) -> None:
    ended = asyncio.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.05, _stubborn(ending, ended.set))
    assert time.monotonic() - began < 1
    await asyncio.wait_for(ended.wait(), 5)


async def test_the_caller_that_is_cancelled_waits_until_the_work_has_ended() -> None:
    ended = asyncio.Event()
    waiting = asyncio.ensure_future(within(5, _stubborn(0.05, ended.set)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def _stubborn(ending: float, ended: Callable[[], None]) -> None:
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await asyncio.sleep(ending)
        ended()
        raise
