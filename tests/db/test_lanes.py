"""Lanes: what arrives meanwhile goes together, one batch of a tenant at a time, nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from uuid import UUID, uuid4

import psycopg
import pytest

from core.db.database import Database, Lane, OutcomeUnknownError, rows
from core.db.lanes import AGAIN, Again, Lanes

A, B = uuid4(), uuid4()
spoken: ContextVar[str] = ContextVar("spoken", default="")


class Desk:
    """Work that waits until it is let go, and remembers what went together."""

    def __init__(self, db: Database, lanes: int = 1, jobs: int = 3, weight: int = 100) -> None:
        self.batches: list[tuple[UUID, list[str]]] = []
        self.go = asyncio.Event()
        self.under_way: set[UUID] = set()
        self.context: set[str] = set()
        self.again: set[str] = set()
        self.lanes: Lanes[str, str] = Lanes(
            [db.lane() for _ in range(lanes)], self.work, jobs=jobs, weight=weight, seconds=60
        )

    async def work(self, lane: Lane, tenant: UUID, jobs: list[str]) -> Sequence[str | Again]:
        assert tenant not in self.under_way
        self.under_way.add(tenant)
        self.batches.append((tenant, jobs))
        self.context.add(spoken.get())
        await self.go.wait()
        self.under_way.remove(tenant)
        if "bad" in jobs:
            raise ValueError("bad")
        first, *rest = jobs
        return [first.upper(), *(AGAIN if j in self.again else j.upper() for j in rest)]

    async def join(self, tenant: UUID, *jobs: str, weight: int = 1) -> list[asyncio.Task[str]]:
        """Each joins when the ones before it have joined, and the first lane has started."""
        tasks = []
        for job in jobs:
            tasks.append(asyncio.create_task(self.lanes.join(tenant, job, weight)))
            for _ in range(3):
                await asyncio.sleep(0)
        return tasks


async def test_a_free_lane_starts_at_once_and_the_rest_goes_together(db: Database) -> None:
    desk = Desk(db)
    tasks = await desk.join(A, "a", "b", "c", "d", "e")
    desk.go.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C", "D", "E"]
    assert desk.batches == [(A, ["a"]), (A, ["b", "c", "d"]), (A, ["e"])]
    await desk.lanes.close()


async def test_tenants_take_turns_and_never_two_batches_at_once(db: Database) -> None:
    desk = Desk(db, lanes=2, jobs=1)
    tasks = [*await desk.join(A, "a", "b", "c"), *await desk.join(B, "x")]
    assert desk.batches == [(A, ["a"]), (B, ["x"])]
    desk.go.set()
    await asyncio.gather(*tasks)
    assert [jobs for tenant, jobs in desk.batches if tenant == A] == [["a"], ["b"], ["c"]]


async def test_a_batch_stops_at_its_weight_unless_one_alone_is_heavier(db: Database) -> None:
    desk = Desk(db, jobs=10, weight=5)
    weights = {"a": 1, "b": 3, "c": 2, "d": 9, "e": 1}
    tasks = [task for j, w in weights.items() for task in await desk.join(A, j, weight=w)]
    desk.go.set()
    await asyncio.gather(*tasks)
    assert [jobs for _, jobs in desk.batches] == [["a"], ["b", "c"], ["d"], ["e"]]


async def test_who_must_wait_goes_first_in_the_next_batch(db: Database) -> None:
    desk = Desk(db)
    desk.again = {"c"}
    tasks = await desk.join(A, "a", "b", "c", "d", "e")
    desk.go.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C", "D", "E"]
    assert [jobs for _, jobs in desk.batches] == [["a"], ["b", "c", "d"], ["c", "e"]]


async def test_who_leaves_before_their_turn_is_left_out(db: Database) -> None:
    desk = Desk(db)
    tasks = await desk.join(A, "a", "b", "c")
    tasks[1].cancel()
    tasks[0].cancel()  # under way already: it is carried out, and nobody hears of it
    await asyncio.sleep(0)
    desk.go.set()
    assert await tasks[2] == "C"
    assert [jobs for _, jobs in desk.batches] == [["a"], ["c"]]


async def test_a_failed_batch_fails_for_its_own_and_the_lane_goes_on(db: Database) -> None:
    desk = Desk(db)
    tasks = await desk.join(A, "a", "bad", "c")
    desk.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(f) for f in found] == [str, ValueError, ValueError]
    assert await desk.lanes.join(A, "d") == "D"


async def test_a_lane_carries_nobody_s_context(db: Database) -> None:
    spoken.set("one request's")
    desk = Desk(db)
    desk.go.set()
    await desk.lanes.join(A, "a")
    assert desk.context == {""}


async def test_a_database_that_does_not_answer_is_given_up(
    db: Database, superuser_url: str
) -> None:
    backends = []

    async def sleep(lane: Lane, tenant: UUID, jobs: list[float]) -> list[str]:
        async with lane.transaction(tenant) as tx:
            backends.append(tx.raw.info.backend_pid)
            for seconds in jobs:
                await rows(tx, "SELECT pg_sleep(%s)", seconds)
        return ["done"] * len(jobs)

    lanes: Lanes[float, str] = Lanes([db.lane()], sleep, jobs=1, weight=1, seconds=0.5)
    async with asyncio.timeout(10):
        with pytest.raises(psycopg.OperationalError):
            await lanes.join(A, 60)
        assert await lanes.join(A, 0) == "done"
    await lanes.close()
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (backends[0],))  # it sleeps on


async def test_a_transaction_is_whole_and_its_tenant_gone_afterwards(db: Database) -> None:
    lane = db.lane()
    async with lane.transaction(A) as tx:
        assert await rows(tx, "SELECT current_setting('app.tenant')") == [(str(A),)]
        backend = tx.raw.info.backend_pid

    async def fail() -> None:
        async with lane.transaction(B) as tx:
            assert tx.raw.info.backend_pid == backend
            await tx.raw.execute(b"SELECT 1 / 0")  # nobody waits for it: COMMIT does

    with pytest.raises(psycopg.errors.DivisionByZero):
        await fail()
    async with lane.transaction(B) as tx:
        assert await rows(tx, "SELECT current_setting('app.tenant')") == [(str(B),)]
    assert tx.raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    await lane.close()


async def test_a_connection_that_broke_is_opened_anew(db: Database, superuser_url: str) -> None:
    lane = db.lane()
    async with lane.transaction(A) as tx:
        backend = tx.raw.info.backend_pid
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (backend,))

    async def one() -> list[tuple[int]]:
        async with lane.transaction(A) as tx:
            return await rows(tx, "SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        await one()
    assert await one() == [(1,)]
    await lane.close()


async def test_a_connection_that_breaks_at_commit_leaves_the_outcome_unknown(
    db: Database, superuser_url: str
) -> None:
    lane = db.lane()

    async def cut() -> None:
        async with lane.transaction(A) as tx:
            await rows(tx, "SELECT 1")
            with psycopg.connect(superuser_url, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", (tx.raw.info.backend_pid,))

    with pytest.raises(OutcomeUnknownError):
        await cut()
    await lane.close()


async def test_large_statements_are_sent_whole_before_the_commit(db: Database) -> None:
    lane = db.lane()
    large = "x" * 4_000_000
    async with asyncio.timeout(30), lane.transaction(A) as tx:
        for _ in range(5):  # nobody asks for rows, so nothing else makes the driver send the rest
            await tx.raw.execute("SELECT length(%s::text)", [large])
    await lane.close()
