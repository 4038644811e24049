"""Calls into a plugin: one plugin at a time, with a time limit, and its failure named (P7).

In-process Python is no sandbox. What ends by itself or can be interrupted is contained here: any exception,
a hang, an answer of another kind or without end. What swallows the interruption and goes on, or ends the
process, is not: then the worker is replaced by its supervisor, and the ledger is whole, because whatever a
posting wrote was not committed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from types import FrameType
from typing import Any, TypeVar

import structlog

from core.db.database import Row, Transaction, rows
from core.deadline import within
from core.errors import Refused, refuse
from core.extension.failures import MODULE_FAILED
from core.extension.registry import Registry

T = TypeVar("T")

HOOK_SECONDS = 1.0
"""After this a hook is interrupted. It waits for nothing and decides in microseconds; what it does under
the locks keeps everybody else waiting, too."""
AWAITED_SECONDS = 5.0
"""The same for a hook that is awaited, and may ask the database."""
MAX_ANSWERS = 100_000
"""How much a hook may answer: more than the largest document could ask for."""

TRACE = "TALLYBOOK_TRACE_PLUGINS"
"""Environment variable: with any value, each call of a hook is logged with its plugin and its time."""

_log = structlog.get_logger("tallybook.plugins")


class HookTimeout(BaseException):
    """A hook took too long. No plain exception, which a plugin's own ``except`` would swallow."""


@lru_cache(maxsize=1024)
def hook(plugins: Registry, module: str, name: str) -> Callable[..., Any] | None:
    """The hook of one plugin, or None where it has none of this name."""
    others = [other.module for other in plugins if other.name != module]
    caller = plugins.manager.subset_hook_caller(name, others)
    if not caller.get_hookimpls():
        return None

    def call(**given: Any) -> Any:
        answers = caller(**given)
        return answers[0] if answers else None  # pluggy leaves out what answers None

    return call


def ask(plugins: Registry, module: str, name: str, kind: type[T], **given: Any) -> list[T] | None:
    """What a plugin's hook answers, as a list of ``kind``; None where it has no such hook or no answer.

    Raises Refused with MODULE_FAILED and the module's name, whatever the plugin does.
    """
    call = hook(plugins, module, name)
    if call is None:
        return None
    with contained(module, name), _interrupted(HOOK_SECONDS):
        found = call(**given)
        return None if found is None else _checked(found, kind)
    raise AssertionError  # for the type checker: the block above returns or raises


async def await_hook(
    plugins: Registry, module: str, name: str, kind: type[T], **given: Any
) -> list[T]:
    """The same for a hook that is awaited: an empty list where it has none or no answer."""
    call = hook(plugins, module, name)
    if call is None:
        return []
    tx = given.get("tx")

    async def answers() -> list[T]:
        found = await call(**given)
        return [] if found is None else _checked(found, kind)

    return await await_call(module, name, answers(), tx if isinstance(tx, Transaction) else None)


async def await_call(
    module: str,
    name: str,
    call: Coroutine[Any, Any, T],
    tx: Transaction | None = None,
    seconds: float = AWAITED_SECONDS,
) -> T:
    """Await something of a plugin's. Where it hangs, it is cancelled. A transaction that it was handed must
    be as it was: of the same tenant, and not ended. Raises Refused with MODULE_FAILED."""
    before = await _fingerprint(tx) if tx is not None else None
    try:
        with contained(module, name):
            found = await within(seconds, call)
            if tx is not None and await _fingerprint(tx) != before:
                raise RuntimeError("the transaction is not the one that was handed over")
            return found
    except Refused as refused:
        if tx is not None and refused.refusals[0].code == MODULE_FAILED:
            # What swallowed its cancellation may go on with this connection: nobody else gets it.
            await tx.sql.invalidate()
        raise
    raise AssertionError  # for the type checker: the block above returns or raises


async def _fingerprint(tx: Transaction) -> list[Row]:
    """When the transaction began, on which connection and for whom: another one has another."""
    return await rows(
        tx, "SELECT transaction_timestamp(), pg_backend_pid(), current_setting('app.tenant')"
    )


@contextmanager
def contained(module: str, name: str) -> Iterator[None]:
    """Turn whatever a plugin raises into a refusal that names it; what it refuses itself passes."""
    began = time.perf_counter()
    try:
        yield
    except Refused:
        raise
    except asyncio.CancelledError as fault:
        if _cancelled():  # not the plugin's doing: whoever waited for it is gone
            raise
        raise _failed(module, name, fault) from fault
    except BaseException as fault:
        raise _failed(module, name, fault) from fault
    finally:
        if TRACE in os.environ:
            took = f"{(time.perf_counter() - began) * 1e6:.0f}"
            _log.info("hook", plugin=module, hook=name, microseconds=took)


def _failed(module: str, name: str, fault: BaseException) -> Refused:
    told = f"{type(fault).__name__}: {fault}"[:500]
    _log.error("a plugin failed", plugin=module, hook=name, fault=told, exc_info=fault)
    return refuse(MODULE_FAILED, module=module)


def _cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop: a test, or the command line
        return False
    return task is not None and task.cancelling() > 0


@contextmanager
def _interrupted(seconds: float) -> Iterator[None]:
    """Raise HookTimeout in what runs longer, also in the middle of a sleep or a loop.

    Signals reach the main thread only, which is where a server's event loop runs; elsewhere there is no
    limit. The timer fires once: an alarm that came while the block is left must not come again later.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGALRM) is not _alarm:
        signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _alarm(number: int, frame: FrameType | None) -> None:
    raise HookTimeout(f"no answer within {HOOK_SECONDS:g} s")


def _checked(found: Iterable[Any], kind: type[T]) -> list[T]:
    answers = list(islice(found, MAX_ANSWERS + 1))
    if len(answers) > MAX_ANSWERS:
        raise ValueError(f"more than {MAX_ANSWERS} answers")
    for answer in answers:
        if not isinstance(answer, kind):
            raise TypeError(f"{kind.__name__} expected, {type(answer).__name__} answered")
    return answers
