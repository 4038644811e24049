"""Where the time of a request goes: every function that is watched books its own time, without that of
the watched functions it calls, to a step. Waiting for the database is booked apart.

Exact only while one request is under way at a time: then all that runs, in whatever task, runs for it.
What is known to run in the background is left out.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

REST = "HTTP, routing, JSON"
AUTH, ANSWER = "authentication", "answer read back"
DOOR = "door: the rest"
LOCKS, READS, WRITES = "door: locks", "door: reads", "door: writes"
BEGIN, COMMIT = "door: begin, tenant", "door: commit"

WATCHED: tuple[tuple[str, str, str], ...] = (
    ("server.graphql_route", "GraphQLRoute._principal", AUTH),
    ("schema.execute", "Executor.prepare", "GraphQL: parse, validate (cached)"),
    ("schema.execute", "Executor._gates", "GraphQL: gates, cost"),
    ("schema.execute", "Executor._execute", "GraphQL: coerce, resolve, complete"),
    ("graphql.execution.executor", "get_variable_values", "GraphQL: coerce variables"),
    ("schema.documents", "asked", "canonical hash"),
    ("schema.documents", "draft_of", "draft from input"),
    ("schema.documents", "_payload", ANSWER),
    ("core.ledger.posting", "post", DOOR),
    ("core.ledger.batch", "_decide", "door: decision"),
    ("core.ledger.batch", "_read", READS),
    ("core.ledger.recording", "record", WRITES),
)
"""Module, function, step. A function that is gone is named with the result; its time then counts with
that of its caller."""


@dataclass(eq=False)
class _Open:
    step: str
    since: float
    since_busy: float
    inner: float = 0.0
    inner_busy: float = 0.0


@dataclass
class Spans:
    """Sums of seconds per step, in Python and waiting for the database, since the last ``take``; and what
    of both was processor time of this thread, which neighbours on the machine do not stretch."""

    python: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    database: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    busy: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    statements: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    requests: int = 0
    gone: list[str] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)

    def take(self) -> dict[str, Any]:
        """What was booked, and begin anew."""
        told = {
            "python": dict(self.python),
            "database": dict(self.database),
            "busy": dict(self.busy),
            "statements": dict(self.statements),
            "requests": self.requests,
            "gone": self.gone,
        }
        for sums in (self.python, self.database, self.busy, self.statements):
            sums.clear()
        self.requests = 0
        return told

    @property
    def step(self) -> str | None:
        """The step that is open; None outside of requests, or in the background."""
        return self._open[-1].step if self._open and not BACKGROUND.get() else None

    @contextmanager
    def span(self, step: str, *, waiting: bool = False) -> Iterator[None]:
        """Book the time of the block to a step."""
        if BACKGROUND.get() or not (self._open or step == REST):
            yield
            return
        mine = _Open(step, time.perf_counter(), time.thread_time())
        self._open.append(mine)
        try:
            yield
        finally:
            took = time.perf_counter() - mine.since
            busy = time.thread_time() - mine.since_busy
            sums = self.database if waiting else self.python
            sums[step] += took - mine.inner
            self.busy[step] += busy - mine.inner_busy
            if mine in self._open:
                del self._open[self._open.index(mine) :]
            if self._open:
                self._open[-1].inner += took
                self._open[-1].inner_busy += busy


BACKGROUND: ContextVar[bool] = ContextVar("background", default=False)
"""Set in tasks that work for no request, like sealing."""


def watch(spans: Spans) -> None:
    """Wrap what is watched."""
    for module, path, step in WATCHED:
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part, None)
        function = getattr(owner, name, None)
        if function is None:
            spans.gone.append(f"{module}.{path}")
        else:
            setattr(owner, name, _wrapped(spans, function, step))


def _wrapped(spans: Spans, function: Callable[..., Any], step: str) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waited(*args: Any, **kwargs: Any) -> Any:
            with spans.span(step):
                return await function(*args, **kwargs)

        return waited

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with spans.span(step):
            return function(*args, **kwargs)

    return called


def in_background(function: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function whose work counts for no request."""

    @functools.wraps(function)
    async def apart(*args: Any, **kwargs: Any) -> Any:
        BACKGROUND.set(True)
        return await function(*args, **kwargs)

    return apart
