"""Lanes: what arrives while a transaction is under way goes together in the next one (ledger rule 3.9).

A hot row is held across the flush of a commit, and whoever else wants it queues for one flush each.
Taken together, a hundred jobs wait for one flush. There is no timed window: a job that finds a free lane
starts at once, and under load the batches grow by themselves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from core.db.database import Lane

Job = TypeVar("Job")
Verdict = TypeVar("Verdict")


class Again:
    """The answer to a job that must wait for another of its batch: it goes first in the next one."""


AGAIN = Again()


@dataclass(slots=True)
class _Waiting(Generic[Job, Verdict]):
    job: Job
    weight: int
    verdict: asyncio.Future[Verdict] = field(default_factory=asyncio.Future)


class Lanes(Generic[Job, Verdict]):
    """Some lanes, and who waits for them.

    ``work`` carries out jobs of one tenant on a lane and answers each; an exception answers them all.
    A batch holds at most ``jobs`` of them, and of ``weight`` in all unless one alone is heavier. Of one
    tenant at most one batch is under way, so that a batch never waits for the locks of another of its
    lanes. After ``seconds`` its connection counts as dead: a database that does not answer must not keep
    the lane from those who come later.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        work: Callable[[Lane, UUID, list[Job]], Coroutine[Any, Any, Sequence[Verdict | Again]]],
        *,
        jobs: int,
        weight: int,
        seconds: float,
    ) -> None:
        self._work, self._jobs, self._weight, self._seconds = work, jobs, weight, seconds
        self._lanes, self._free = tuple(lanes), list(lanes)
        self._waiting: dict[UUID, deque[_Waiting[Job, Verdict]]] = {}
        self._turn: deque[UUID] = deque()
        """Tenants that wait for a lane; the next is the one that waits longest."""
        self._running: set[asyncio.Task[None]] = set()

    async def join(self, tenant_id: UUID, job: Job, weight: int = 1) -> Verdict:
        """Wait for one's turn and for the verdict. Who is cancelled before its turn is left out; later,
        the job is carried out and nobody hears of it."""
        one: _Waiting[Job, Verdict] = _Waiting(job, weight)
        queue = self._waiting.get(tenant_id)
        if queue is None:  # nothing of this tenant waits or is under way
            queue = self._waiting[tenant_id] = deque()
            self._turn.append(tenant_id)
        queue.append(one)
        self._start()
        return await one.verdict

    async def close(self) -> None:
        """Let what is under way or waiting end, then close the lanes."""
        while self._running:
            await asyncio.gather(*self._running)
        for lane in self._lanes:
            await lane.close()

    def _start(self) -> None:
        while self._free and self._turn:
            lane = self._free.pop()
            # A lane works for many requests: it does not carry what the first one set in its context.
            task = asyncio.get_running_loop().create_task(self._drive(lane), context=Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _drive(self, lane: Lane) -> None:
        """Carry out batches as long as any tenant waits."""
        try:
            while self._turn:
                tenant_id = self._turn.popleft()
                batch = self._take(tenant_id)
                if batch:
                    await self._carry_out(lane, tenant_id, batch)
                if self._waiting[tenant_id]:
                    self._turn.append(tenant_id)
                else:
                    del self._waiting[tenant_id]
        finally:
            self._free.append(lane)

    def _take(self, tenant_id: UUID) -> list[_Waiting[Job, Verdict]]:
        batch: list[_Waiting[Job, Verdict]] = []
        queue, weight = self._waiting[tenant_id], 0
        while queue and len(batch) < self._jobs:
            if batch and weight + queue[0].weight > self._weight:
                break
            one = queue.popleft()
            if not one.verdict.done():  # its client has not gone away
                batch.append(one)
                weight += one.weight
        return batch

    async def _carry_out(
        self, lane: Lane, tenant_id: UUID, batch: list[_Waiting[Job, Verdict]]
    ) -> None:
        work = asyncio.ensure_future(self._work(lane, tenant_id, [one.job for one in batch]))
        try:
            while not (await asyncio.wait({work}, timeout=self._seconds))[0]:
                lane.abandon()
            verdicts = work.result()
        except BaseException as error:
            for one in batch:
                if not one.verdict.done():
                    one.verdict.set_exception(error)
            if not isinstance(error, Exception):
                work.cancel()
                raise
            return
        for one, verdict in reversed(list(zip(batch, verdicts, strict=True))):
            if isinstance(verdict, Again):
                self._waiting[tenant_id].appendleft(one)
            elif not one.verdict.done():
                one.verdict.set_result(verdict)
