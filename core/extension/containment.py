"""Calls into a plugin that wait for nothing: one plugin at a time, with a time limit, and its failure named
(P7). Those that are awaited are contained in ``core.extension.awaited``.

In-process Python is no sandbox. What ends by itself or can be interrupted is contained here: any exception,
a hang, an answer of another kind or without end. What swallows the interruption and goes on, or ends the
process, is not: then the worker is replaced by its supervisor, and the ledger is whole, because whatever a
posting wrote was not committed.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
import types
from collections.abc import Awaitable, Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import islice
from types import FrameType
from typing import Any, TypeVar

import structlog

from core.errors import Refused, refuse
from core.extension.failures import MODULE_FAILED
from core.extension.registry import Registry

T = TypeVar("T")

HOOK_SECONDS = 1.0
"""After this a hook is interrupted. It waits for nothing and decides in microseconds; what it does under
the locks keeps everybody else waiting, too."""
LAST_SECONDS = 4.0
"""How long a hook may go on after it was interrupted, before the process is ended."""
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
    plugin = plugins.get(module)
    if plugin is None:
        return None
    caller = plugins.caller(plugin, name)
    if not caller.get_hookimpls():
        return None

    def call(**given: Any) -> Any:
        answers = caller(**given)
        return answers[0] if answers else None  # pluggy leaves out what answers None

    return call


def answering(plugins: Registry, on: Collection[str], name: str) -> list[str]:
    """The plugins among these modules that have a hook of this name, in the order of the registry."""
    return [
        plugin.name
        for plugin in plugins
        if plugin.name in on and hook(plugins, plugin.name, name) is not None
    ]


def ask(plugins: Registry, module: str, name: str, kind: type[T], **given: Any) -> list[T] | None:
    """What a plugin's hook answers, as a list of ``kind``; None where it has no such hook or no answer.

    Raises Refused with MODULE_FAILED and the module's name, whatever the plugin does.
    """
    call = hook(plugins, module, name)
    if call is None:
        return None
    with contained(module, name), interrupted(HOOK_SECONDS):
        found = call(**given)
        return None if found is None else _checked(found, kind)
    raise AssertionError  # for the type checker: the block above returns or raises


@contextmanager
def contained(module: str, name: str, *passing: type[BaseException]) -> Iterator[None]:
    """Turn whatever a plugin raises into a refusal that names it; what it refuses itself passes, and so
    do faults of these kinds."""
    passed: tuple[type[BaseException], ...] = (Refused, *passing)
    began = time.perf_counter()
    try:
        yield
    except passed:
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


@types.coroutine
def stepwise(call: Awaitable[T]) -> Generator[Any, Any, T]:
    """Await something of a plugin's that may forget to wait: each step from one waiting to the next is
    interrupted after HOOK_SECONDS, because nothing else runs meanwhile.

    What is no ordinary exception becomes a RuntimeError: some would end the whole event loop.
    """
    steps: Any = call.__await__()
    step = partial(steps.send, None)
    while True:
        try:
            with interrupted(HOOK_SECONDS):
                waited = step()
        except StopIteration as end:
            answer: T = end.value
            return answer
        except (Exception, asyncio.CancelledError):
            raise
        except BaseException as fault:
            raise RuntimeError(f"{type(fault).__name__}: {fault}") from fault
        try:
            step = partial(steps.send, (yield waited))
        except GeneratorExit:
            steps.close()
            raise
        except BaseException as fault:
            step = partial(steps.throw, fault)


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Raise HookTimeout in what runs longer, also in the middle of a sleep or a loop.

    Signals reach the main thread only, which is where a server's event loop runs; elsewhere there is no
    limit. What swallows the interruption and goes on ends the process after LAST_SECONDS more, for it
    would never answer again: the supervisor sees it alive, because its other threads are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGALRM) is not _alarm:
        signal.signal(signal.SIGALRM, _alarm)
    if _collection not in gc.callbacks:
        gc.callbacks.append(_collection)
    _warned.clear()
    _collected[:] = [0.0]
    _began[:] = [(time.thread_time(), seconds)]
    signal.setitimer(signal.ITIMER_REAL, seconds, LAST_SECONDS)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:  # the alarm may have come just before: it must not come a second time
            signal.setitimer(signal.ITIMER_REAL, 0)


_warned: list[bool] = []
"""Holds something once the present block was interrupted."""


_began: list[tuple[float, float]] = []
"""The processor time when the present block began, and its seconds; empty once it was spared."""


_collecting: list[float] = []
"""The processor time when the garbage collection that is under way began."""
_collected: list[float] = [0.0]
"""The processor time that collections took in the present block."""
_SOON = 0.01
"""Seconds after which an alarm comes again that came during a collection."""


def _collection(phase: str, info: dict[str, int]) -> None:
    if phase == "start":
        _collecting[:] = [time.thread_time()]
    elif _collecting:
        _collected[0] += time.thread_time() - _collecting.pop()


def _starved() -> bool:
    """Whether a block has worked, but for less than half its time, because the machine is busy with other
    work, or collected garbage: it is given three times as long again, once. What sleeps does not work, and
    what spins works all the time."""
    if not _began:
        return False
    since, seconds = _began.pop()
    worked = time.thread_time() - since
    if not (0.05 * seconds < worked and worked - _collected[0] < 0.5 * seconds):
        return False
    signal.setitimer(signal.ITIMER_REAL, 3 * seconds, LAST_SECONDS)
    return True


def _alarm(number: int, frame: FrameType | None) -> None:
    if _collecting:  # raised now, it would be ignored, and the block would go on
        signal.setitimer(signal.ITIMER_REAL, _SOON, LAST_SECONDS)
        return
    if not _warned and _starved():
        return
    if _warned:
        _log.critical("a plugin does not stop: this process ends", process=os.getpid())
        os._exit(1)
    _warned.append(True)
    raise HookTimeout(f"no answer within {HOOK_SECONDS:g} s")


def _checked(found: Iterable[Any], kind: type[T]) -> list[T]:
    answers = list(islice(found, MAX_ANSWERS + 1))
    if len(answers) > MAX_ANSWERS:
        raise ValueError(f"more than {MAX_ANSWERS} answers")
    for answer in answers:
        if not isinstance(answer, kind):
            raise TypeError(f"{kind.__name__} expected, {type(answer).__name__} answered")
    return answers
