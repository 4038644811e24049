"""Batching: a hundred resolvers that each want one object send one statement.

A *batch function* takes a transaction and the keys wanted, and answers with a mapping; a key it
leaves out means "nothing there". ``context.load(batch, key)`` waits for the answer to one key; that to
None is None, and nothing is asked.
Parameters after the key (a page size, a day) are passed on to the batch function, and only equal
parameters share a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.db.database import Transaction

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BatchFunction = Callable[..., Awaitable[Mapping[K, V]]]
Reading = Callable[[], AbstractAsyncContextManager[Transaction]]

BATCH_SIZE = 1000


@dataclass(slots=True)
class _Queue:
    """What was asked of one batch function: answers given, and keys still waiting."""

    batch: BatchFunction[Any, Any]
    parameters: tuple[Hashable, ...]
    answers: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)
    waiting: list[Hashable] = field(default_factory=list)


async def _nothing() -> None:
    """What there is of no key."""


class Loaders:
    """The loaders of one request. Nothing is remembered from one request to the next."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._queues: dict[tuple[Any, ...], _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def load(
        self, batch: BatchFunction[K, V], key: K | None, *parameters: Hashable
    ) -> Awaitable[V | None]:
        """The value of ``key``, fetched together with the other keys wanted at this moment; of no key
        None."""
        if key is None:
            return _nothing()
        queue = self._queues.get((batch, parameters))
        if queue is None:
            queue = self._queues[batch, parameters] = _Queue(batch, parameters)
        answer = queue.answers.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = queue.answers[key] = loop.create_future()
            queue.waiting.append(key)
            if len(queue.waiting) == 1:
                # Not at once: the resolvers next in line shall add their keys first.
                loop.call_soon(self._start, queue)
        return answer

    def _start(self, queue: _Queue) -> None:
        task = asyncio.ensure_future(self._fetch(queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, queue: _Queue) -> None:
        try:
            async with self._reading() as tx:
                # Keys are taken only now: those that came while the connection was busy join in.
                while queue.waiting:
                    keys = queue.waiting[:BATCH_SIZE]
                    del queue.waiting[:BATCH_SIZE]
                    await _answer(queue, tx, keys)
        except Exception as error:
            # No connection: whoever waits for a key would wait until the deadline.
            keys, queue.waiting = queue.waiting, []
            _fail(queue, keys, error)

    def forget(self) -> None:
        """Drop what was read: after a mutation the world is another."""
        self._queues.clear()

    async def stop(self) -> None:
        """Stop what is still being fetched."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(queue: _Queue, tx: Transaction, keys: Sequence[Hashable]) -> None:
    try:
        values = await queue.batch(tx, keys, *queue.parameters)
    except Exception as error:
        _fail(queue, keys, error)
        return
    for key in keys:
        answer = queue.answers[key]
        if not answer.done():
            answer.set_result(values.get(key))


def _fail(queue: _Queue, keys: Sequence[Hashable], error: Exception) -> None:
    for key in keys:
        answer = queue.answers[key]
        if not answer.done():
            answer.set_exception(error)
            answer.exception()  # marks it as seen, should its field be gone meanwhile
