"""Regular work of modules, for each tenant that has them on (F5): each slot once, by whichever process.

Every process goes round; the row of ``module_job`` decides. Who finds its slot done, or somebody at it, goes
on. Work and mark are one transaction: a process that is killed in the middle leaves neither. What posts
documents cannot be that, for each posting is a transaction of its own: it is marked when it has ended.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import structlog

from core.db.database import Database
from core.errors import Refused
from core.extension.awaited import alone, handed
from core.extension.containment import ask
from core.extension.records import Job, PostingJob, Work
from core.extension.registry import Registry, registry
from core.ids import NIL
from core.tenancy import tables as tenancy
from core.tenancy.directory import tables as directory
from core.tenancy.rules import Principal
from core.tenancy.sign_ins import modules_on

ROUND = timedelta(seconds=30)
JOB_SECONDS = 25.0
"""How long one job of one tenant may take, within the time limit of its statements."""

_KINDS = cast(
    "type[Job | PostingJob]", Job | PostingJob
)  # isinstance takes a union, its types do not
_log = structlog.get_logger("tallybook.jobs")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def keep_jobs(db: Database, every: timedelta = ROUND) -> None:
    """Go round for as long as the process runs; nothing to do where no plugin has jobs."""
    done: dict[tuple[UUID, str, str], datetime] = {}
    while jobs := jobs_of(registry()):
        try:
            async with db.directory(read_only=True) as sql:
                tenants = [tenant.id for tenant in await directory.list_tenants(sql)]
            for tenant_id in tenants:
                await run_due(db, tenant_id, jobs, done)
        except Exception as fault:  # the database is away: the next round finds it again
            _log.warning("jobs wait", fault=f"{type(fault).__name__}: {fault}")
        await asyncio.sleep(every.total_seconds())


def jobs_of(plugins: Registry) -> list[tuple[str, Job | PostingJob]]:
    """All jobs there are, with their modules."""
    return [
        (plugin.name, job)
        for plugin in plugins
        for job in ask(plugins, plugin.name, "jobs", _KINDS) or ()
    ]


async def run_due(
    db: Database,
    tenant_id: UUID,
    jobs: list[tuple[str, Job | PostingJob]],
    done: dict[tuple[UUID, str, str], datetime],
    now: datetime | None = None,
) -> list[str]:
    """Run a tenant's jobs whose slot is not done, and name them. ``done`` remembers from one round to the
    next what need not be asked."""
    now, ran = now or datetime.now(UTC), []
    for module, job in jobs:
        key, slot = (tenant_id, module, job.name), slot_of(now, job.every)
        if done.get(key) == slot:
            continue
        try:
            if isinstance(job, PostingJob):
                did = await _post(db, tenant_id, module, job, slot)
            else:
                did = await _run(db, tenant_id, module, job, slot)
            if did:
                ran.append(job.name)
            done[key] = slot
        except Refused:
            continue  # logged where it was contained; the next round tries again
    return ran


async def _run(db: Database, tenant_id: UUID, module: str, job: Job, slot: datetime) -> bool:
    """Do a job where its slot is due."""
    async with db.transaction(tenant_id) as tx:
        due = await tenancy.claim_slot(tx, module, job.name, slot)
        if due:
            await handed(tx, module, job.name, job.run(tx), JOB_SECONDS)
        return due


async def _post(
    db: Database, tenant_id: UUID, module: str, job: PostingJob, slot: datetime
) -> bool:
    """The same for one that posts. No transaction is open meanwhile."""
    async with db.snapshot(tenant_id) as tx:
        modules = await modules_on(tx)
        if module not in modules or not await tenancy.slot_due(tx, module, job.name, slot):
            return False
    principal = Principal(NIL, "", tenant_id, "", (), frozenset(), modules)
    await alone(module, job.name, job.run(Work(tenant_id, db), principal), JOB_SECONDS)
    async with db.transaction(tenant_id) as tx:
        return await tenancy.claim_slot(tx, module, job.name, slot)


def slot_of(now: datetime, every: timedelta) -> datetime:
    """When the slot began that a moment lies in."""
    return now - (now - _EPOCH) % every
