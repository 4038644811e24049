"""Many tenants on few connections, with clients that go away, code that fails and backends that die:
nobody sees a stranger's row, and no connection goes back dirty (G17)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from core.db import roles
from core.db.database import Database
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.ledger.verify import verify
from tests.isolation.connections import Watch, watching
from tests.isolation.traffic import Member, Traffic, tenants

# What graphql-core made ready for a request that was cut off before it began is dropped unawaited.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

TENANTS, POOL = 16, 4
REQUESTS = {"fast": 1_200, "full": 20_000}


@dataclass
class Stage:
    """A database of its own, so that killing its backends hurts no other test."""

    url: str
    serving: Database
    members: list[Member]

    def traffic(self, seed: int) -> Traffic:
        print("seed", seed)
        return Traffic(self.members, random.Random(seed), self.url)


@pytest.fixture(scope="module")
def stage_name(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    with pytest.MonkeyPatch.context() as patched, watching(patched) as made:
        yield made


@pytest.fixture
async def stage(
    server: EmbeddedServer, stage_name: str, watch: Watch, request: pytest.FixtureRequest
) -> AsyncIterator[Stage]:
    number = getattr(request, "param", TENANTS)
    url = server.url(roles.APP, stage_name)
    setting_up, serving = Database.connect(url), Database.connect(url, pool_size=POOL)
    members = await tenants(setting_up, serving, number, lambda n: f"kanari{n:02}x")
    # Until the traffic is over only the pool under test has connections.
    await setting_up.close()
    yield Stage(server.url(SUPERUSER, stage_name), serving, members)
    await serving.close()
    afterwards = Database.connect(url)
    for member in members:
        assert await verify(afterwards, member.shop.principal.tenant_id) == []
    await afterwards.close()


@pytest.mark.parametrize(
    ("size", "seed"),
    [("fast", 17), pytest.param("full", 18, marks=pytest.mark.slow)],
)
async def test_a_small_pool_serves_many_tenants_and_leaks_nothing(
    stage: Stage, watch: Watch, size: str, seed: int
) -> None:
    traffic = stage.traffic(seed)
    await traffic.run(REQUESTS[size], watch)
    counts = traffic.counts
    print(f"{watch.returned} times given back, {watch.looked_at} looked at;", dict(counts))
    assert traffic.leaks == []
    assert watch.wrong == []
    # Each kind of trouble took place, and the others were served meanwhile.
    for fate, share in (("cancelled", 0.05), ("raised", 0.08), ("killed", 0.01)):
        assert counts[fate] > REQUESTS[size] * share, fate
    assert counts["backends killed"] > REQUESTS[size] * 0.01
    assert counts["own rows"] > REQUESTS[size] * 0.5
    # What is ours to answer for was only what the traffic made fail.
    assert counts["INTERNAL"] == counts["INTERNAL when raised"]
    await _goes_on(stage)


async def _goes_on(stage: Stage) -> None:
    """As many transactions at once as the pool has connections, and then requests without trouble."""
    tenant = stage.members[0].shop.principal.tenant_id
    all_in = asyncio.Barrier(POOL)

    async def hold() -> None:
        async with stage.serving.snapshot(tenant):
            await all_in.wait()

    async with asyncio.timeout(15):
        await asyncio.gather(*(hold() for _ in range(POOL)))
    body = {"query": "{ items { nodes { code } } }"}
    for member in stage.members:
        answer = await member.client.post("/graphql", json=body)
        assert member.canary in answer.text


@pytest.mark.parametrize("stage", [POOL], indirect=True)
async def test_a_tenant_that_is_set_for_the_session_is_noticed(
    stage: Stage, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same traffic, with the fault it is there to find: SET in place of SET LOCAL."""
    traffic = stage.traffic(19)
    execute = psycopg.AsyncCursor.execute
    changed = 0

    async def for_the_session(cursor: Any, query: Any, *given: Any, **named: Any) -> Any:
        nonlocal changed
        text = query.decode() if isinstance(query, bytes) else query
        if isinstance(text, str) and "set_config('app.tenant'" in text:
            query = text.replace("true)", "false)").encode()
            changed += 1
        return await execute(cursor, query, *given, **named)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", for_the_session)
    await traffic.run(60, watch)
    assert changed > 20
    assert any("with the tenant" in wrong for wrong in watch.wrong)
    watch.wrong.clear()


async def test_a_dirty_connection_is_noticed(watch: Watch, superuser_url: str) -> None:
    """One with a tenant on it, one in a transaction: kept by nobody's pool."""
    dirty = await psycopg.AsyncConnection.connect(superuser_url)
    await dirty.execute("select set_config('app.tenant', 'somebody', false)")
    await dirty.commit()
    await watch.look()
    assert watch.wrong == ["at rest with the tenant somebody"]
    watch.wrong.clear()
    await dirty.execute("select 1")
    await watch.look()
    assert watch.wrong == ["at rest in a transaction: INTRANS"]
    await dirty.close()
