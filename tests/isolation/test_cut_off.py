"""A client goes away at every moment there is: the only connection of the pool comes back each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
import sqlalchemy as sa

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from schema.catalogue import items_by_id
from schema.context import Context
from tests.isolation.connections import Watch, settled, watching
from tests.isolation.traffic import Member, codes, tenants
from tests.shop import POST, line

# What graphql-core made ready for a request that was cut off before it began is dropped unawaited.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

FINE = 8
"""How many times closer together the cuts of the full run are."""
LEAST = 5
"""Cuts before it was over: fewer, and nothing was cut."""
ENOUGH = 3
"""Times in a row that it must have been over first."""
AGAIN = (None, 7)
"""After so many turns more it is cut off once more, as when a deadline strikes meanwhile."""
PATIENCE = 5
"""Seconds in which the connection must be free again."""


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    with pytest.MonkeyPatch.context() as patched, watching(patched) as made:
        yield made


@pytest.fixture
async def single(database_url: str, watch: Watch) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database.connect(database_url, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
async def member(db: Database, single: Database) -> Member:
    (made,) = await tenants(db, single, 1, lambda n: "alone")
    return made


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def cut_off(request: Awaitable[object], after: int, again: int | None) -> bool:
    """Whether it could be: false where it was over before."""
    task = asyncio.ensure_future(request)
    await turns(after)
    if not task.cancel():
        await task
        return False
    if again is not None:
        await turns(again)
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return True


async def waits(url: str) -> list[str]:
    """What the tasks here and the backends there are at, to say why nothing goes on."""
    at = [f"{task.get_coro()} at {task.get_stack(limit=1)}" for task in asyncio.all_tasks()]
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            "select concat_ws(' ', usename, state, wait_event, now() - query_start, query)"
            " from pg_stat_activity where datname = current_database()"
        )
        return at + [row[0] async for row in found]


async def query(single: Database, member: Member) -> None:
    body = {"query": "{ items { nodes { code category { code } } } stock { nodes { quantity } } }"}
    answer = await member.client.post("/graphql", json=body)
    assert codes(answer.json()) == []


async def mutation(single: Database, member: Member) -> None:
    document = member.shop.document("receipt", line(member.item, "1", "2"))
    body = {"query": POST, "variables": {"input": document}}
    answer = await member.client.post("/graphql", json=body)
    assert codes(answer.json()) == []


async def snapshot(single: Database, member: Member) -> None:
    async with single.snapshot(member.shop.principal.tenant_id) as tx:
        await tx.raw.execute(b"select count(*) from item")


async def transaction(single: Database, member: Member) -> None:
    async with single.transaction(member.shop.principal.tenant_id) as tx:
        await tx.raw.execute(b"select id from item for update")


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize(
    "fine", [1, pytest.param(FINE, marks=pytest.mark.slow)], ids=["fast", "full"]
)
@pytest.mark.parametrize(
    ("what", "step"), [(query, 16), (mutation, 64), (snapshot, 4), (transaction, 4)]
)
async def test_whenever_it_is_cut_off_the_connection_comes_back(
    db: Database,
    single: Database,
    member: Member,
    watch: Watch,
    superuser_url: str,
    what: Callable[[Database, Member], Awaitable[None]],
    step: int,
    fine: int,
    again: int | None,
) -> None:
    """``step`` is by how many turns of the event loop each cut comes later, until the request is over
    first."""
    cuts = turn = over = 0
    while over < ENOUGH:  # one turn may take long on a busy machine: once is no proof of the end
        cut = await cut_off(what(single, member), turn * step // fine, again)
        turn, cuts, over = turn + 1, cuts + cut, 0 if cut else over + 1
        try:
            async with asyncio.timeout(PATIENCE):
                await snapshot(single, member)
        except TimeoutError:
            pytest.fail(
                f"cut {turn} at turn {(turn - 1) * step // fine}: {await waits(superuser_url)}"
            )
    print(f"{what.__name__}: {cuts} cuts")
    assert cuts >= LEAST
    assert await settled(superuser_url) == []
    await watch.look()
    assert watch.wrong == []
    assert await verify(db, member.shop.principal.tenant_id) == []


@pytest.mark.parametrize("kind", ["query failReading", "mutation failWriting"])
async def test_a_backend_that_dies_is_no_fault_of_ours(
    member: Member, single: Database, kind: str
) -> None:
    """The answer says to try again; the connection that broke is not met by the next request."""
    operation, name = kind.split()
    chosen = "" if operation == "query" else "{ errors { code } }"
    body = {"query": f'{operation} {{ {name}(how: "backend") {chosen} }}'}
    answer = (await member.client.post("/graphql", json=body)).json()
    assert codes(answer) == ["UNAVAILABLE"]
    await query(single, member)
    await mutation(single, member)


async def test_no_connection_is_said_at_once(member: Member, single: Database) -> None:
    """Whoever waits for a loader learns that it has no connection, and not after the deadline."""
    gone = Database.connect("postgresql://nobody@127.0.0.1:9/nothing")
    async with asyncio.timeout(PATIENCE), Context(gone, member.shop.principal) as context:
        loading = [context.load(items_by_id, uuid7()) for _ in range(3)]
        for answer in await asyncio.gather(*loading, return_exceptions=True):
            assert isinstance(answer, sa.exc.OperationalError)
    await gone.close()
