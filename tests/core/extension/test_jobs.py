"""Regular work of modules: each slot once, in every tenant that has the module on, and in no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.audit.tables import record
from core.db.database import Database, Transaction
from core.extension.jobs import jobs_of, run_due, slot_of
from core.extension.records import Job, PostingJob, Work
from core.ids import NIL
from core.tenancy.rules import Principal
from tests.core.extension.making import installed, plugin, switch_on
from tests.ledger_world import World

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def done(tx: Transaction) -> None:
    await asyncio.sleep(0.01)
    await record(tx, NIL, "testing.done", "tenant", tx.tenant_id)


async def times(world: World) -> int:
    [[count]] = await world.rows("SELECT count(*) FROM audit WHERE action = 'testing.done'")
    return int(count)


def jobs() -> list[Job]:
    return [Job("tidy", HOUR, done)]


async def test_a_slot_is_done_once_by_whichever_process(db: Database) -> None:
    with installed(plugin("testing", jobs)) as plugins:
        world, other = await World.open(db), await World.open(db)
        await switch_on(db, world.principal, "testing")
        found = jobs_of(plugins)
        rounds = [run_due(db, world.principal.tenant_id, found, {}, NOON) for _ in range(6)]
        assert sorted(len(ran) for ran in await asyncio.gather(*rounds)) == [0, 0, 0, 0, 0, 1]
        assert await run_due(db, other.principal.tenant_id, found, {}, NOON) == []
        assert (await times(world), await times(other)) == (1, 0)
        later = NOON + 5 * HOUR
        assert await run_due(db, world.principal.tenant_id, found, {}, later) == ["tidy"]
        assert await times(world) == 2  # made up for once, not five times


async def test_a_job_that_fails_is_tried_again(db: Database) -> None:
    fails = True

    async def wavers(tx: Transaction) -> None:
        await done(tx)
        if fails:
            raise RuntimeError("no")

    def jobs() -> list[Job]:
        return [Job("wavers", HOUR, wavers)]

    with installed(plugin("testing", jobs)) as plugins:
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        found = jobs_of(plugins)
        assert await run_due(db, world.principal.tenant_id, found, {}, NOON) == []
        assert await times(world) == 0
        fails = False
        assert await run_due(db, world.principal.tenant_id, found, {}, NOON) == ["wavers"]


async def ends(tx: Transaction) -> None:
    await tx.raw.commit()


async def leaves(tx: Transaction) -> None:
    await tx.raw.execute(b"SELECT set_config('app.tenant', %s, true)", (str(NIL),))


async def rolls_back(tx: Transaction) -> None:
    await tx.raw.rollback()


@pytest.mark.parametrize("run", [ends, leaves, rolls_back])
async def test_a_job_that_tampers_with_its_transaction_is_told_of(
    db: Database, run: object
) -> None:
    def jobs() -> list[Job]:
        return [Job("tampers", HOUR, run)]  # type: ignore[arg-type]  # each of them is one

    with installed(plugin("testing", jobs)) as plugins:
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        assert await run_due(db, world.principal.tenant_id, jobs_of(plugins), {}, NOON) == []
        async with db.snapshot(world.principal.tenant_id):
            pass
        await world.tallies()


def test_slots_divide_time() -> None:
    assert slot_of(NOON, HOUR) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert slot_of(NOON, timedelta(days=1)) == datetime(2026, 3, 1, tzinfo=UTC)


async def test_a_job_that_posts_is_marked_when_it_has_ended(db: Database) -> None:
    seen: list[Principal] = []
    cut_off = True

    async def run(work: Work, principal: Principal) -> None:
        async with work.transaction() as tx:
            await done(tx)
        seen.append(principal)
        if cut_off:
            raise RuntimeError("no")

    def jobs() -> list[PostingJob]:
        return [PostingJob("posts", HOUR, run)]

    with installed(plugin("testing", jobs)) as plugins:
        world, other = await World.open(db), await World.open(db)
        tenant, found = world.principal.tenant_id, jobs_of(plugins)
        assert await run_due(db, tenant, found, {}, NOON) == []  # the module is off
        await switch_on(db, world.principal, "testing")
        assert await run_due(db, tenant, found, {}, NOON) == []
        assert await times(world) == 1  # its own transactions stay
        cut_off = False
        assert await run_due(db, tenant, found, {}, NOON) == ["posts"]
        assert await run_due(db, tenant, found, {}, NOON) == []
        assert await run_due(db, other.principal.tenant_id, found, {}, NOON) == []
        assert (await times(world), await times(other)) == (2, 0)
        assert (seen[0].user_id, seen[0].tenant_id) == (NIL, tenant)
        assert (seen[0].modules, seen[0].permissions) == (frozenset({"testing"}), frozenset())
