"""One snapshot per query, one statement per level, and nothing left open."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from schema.context import Context
from tests.schema.toy import PretendedDatabase, run, toy_context, toys_by_id


async def test_a_query_reads_in_one_snapshot_and_one_statement_per_level() -> None:
    database = PretendedDatabase()
    async with toy_context(database) as context:
        result = await run(context, "{ toys(first: 60) { nodes { shelf { name } } } }")
    assert result.data
    assert len(result.data["toys"]["nodes"]) == 60
    assert database.journal.statements == [("list", 61), ("shelves", 3)]
    assert database.journal.opened == 1
    assert database.journal.closed == ["ended"]


async def test_without_reading_nothing_is_opened() -> None:
    database = PretendedDatabase()
    async with toy_context(database) as context:
        await run(context, "{ __typename }")
    assert database.journal.opened == 0


async def test_cancellation_reaches_the_snapshot() -> None:
    database = PretendedDatabase()
    started = asyncio.Event()

    async def slow(tx: object, keys: object) -> dict[UUID, object]:
        started.set()
        await asyncio.sleep(60)
        return {}

    async def request() -> None:
        async with toy_context(database) as context:
            await context.load(slow, UUID(int=1))

    task = asyncio.ensure_future(request())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.journal.closed == ["CancelledError"]


async def test_a_request_cut_off_again_while_it_leaves_closes_its_snapshot() -> None:
    database = PretendedDatabase()
    started = asyncio.Event()

    async def slow(tx: object, keys: object) -> dict[UUID, object]:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)  # as psycopg waits for the cancelled statement
        return {}

    async def request() -> None:
        async with toy_context(database) as context:
            await context.load(slow, UUID(int=1))

    task = asyncio.ensure_future(request())
    await started.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    await asyncio.sleep(0.05)
    assert database.journal.closed == ["CancelledError"]


async def test_what_is_still_running_at_the_end_spoils_the_connection() -> None:
    database = PretendedDatabase()
    started = asyncio.Event()

    async def slow(tx: object, keys: object) -> dict[UUID, object]:
        started.set()
        await asyncio.sleep(60)
        return {}

    async with toy_context(database) as context:
        abandoned = context.load(slow, UUID(int=1))
        await started.wait()
    assert database.journal.closed == ["CancelledError"]
    assert not abandoned.done()  # type: ignore[attr-defined]


async def test_waiting_for_oneself_is_refused_not_waited_for() -> None:
    async with toy_context(PretendedDatabase()) as context:
        async with context.reading():
            with pytest.raises(RuntimeError, match="already holds"):
                await context.load(toys_by_id, UUID(int=1))
            with pytest.raises(RuntimeError, match="already holds"):
                async with context.reading():
                    pass


async def test_a_mutation_reads_what_it_wrote_not_what_was_before() -> None:
    database = PretendedDatabase()
    async with toy_context(database) as context:
        with context.writing(), pytest.raises(RuntimeError, match="inside its service"):
            context.load(toys_by_id, UUID(int=1000))
        await context.load(toys_by_id, UUID(int=1000))
        await context.renew()
        await context.load(toys_by_id, UUID(int=1000))
    assert database.journal.opened == 2
    assert [name for name, _ in database.journal.statements] == ["toys", "toys"]


async def test_a_failing_batch_fails_each_of_its_keys() -> None:
    async def broken(tx: object, keys: object) -> dict[UUID, object]:
        raise LookupError("gone")

    async with toy_context(PretendedDatabase()) as context:
        answers = [context.load(broken, UUID(int=n)) for n in range(3)]
        for answer in answers:
            with pytest.raises(LookupError):
                await answer


async def test_parameters_keep_batches_apart() -> None:
    seen: list[tuple[int, int]] = []

    async def by(tx: object, keys: list[int], factor: int) -> dict[int, int]:
        seen.append((factor, len(keys)))
        return {key: key * factor for key in keys}

    async with toy_context(PretendedDatabase()) as context:
        answers = [context.load(by, key, factor) for key in (1, 2, 2) for factor in (10, 20)]
        assert await asyncio.gather(*answers) == [10, 20, 20, 40, 20, 40]
    assert sorted(seen) == [(10, 2), (20, 2)]


@pytest.mark.parametrize(
    ("query", "closed"),
    [
        ("{ slow(seconds: 60) toys(first: -1) { nodes { name } } }", ["CancelledError"]),
        ("{ slow(seconds: 0) toys(first: 1) { nodes { name } } }", ["ended"]),
    ],
)
async def test_a_field_stopped_by_its_siblings_failure_spoils_the_connection(
    query: str, closed: list[str]
) -> None:
    database = PretendedDatabase()
    async with toy_context(database) as context:
        await run(context, query)
    assert database.journal.closed == closed


async def test_a_spoiled_connection_is_not_read_from_again() -> None:
    database = PretendedDatabase()

    async def read(context: Context) -> None:
        async with context.reading():
            await asyncio.sleep(60)

    async with toy_context(database) as context:
        task = asyncio.ensure_future(read(context))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await context.load(toys_by_id, UUID(int=1000))
    assert database.journal.closed == ["CancelledError", "ended"]


async def test_many_requests_many_of_them_cancelled() -> None:
    database = PretendedDatabase()

    async def request(number: int) -> None:
        async with toy_context(database) as context:
            await run(context, "{ toys { nodes { shelf { name } } } slow(seconds: 0.01) }")

    tasks = [asyncio.ensure_future(request(n)) for n in range(100)]
    await asyncio.sleep(0.005)
    for task in tasks[::3]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in done) == len(tasks[::3])
    assert len(database.journal.closed) == database.journal.opened
