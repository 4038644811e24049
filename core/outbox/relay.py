"""Carries events from the outbox to every process that listens, after the commit of the deed.

Every process goes round; per tenant one at a time carries, so that order is kept. Events are deleted in the
transaction that sends them: one that is killed has sent nothing and lost nothing. A tenant in which this
process wrote something is looked after at once, all others by and by, for what a process left when it ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import timedelta
from uuid import UUID

import structlog

from core.db import notices
from core.db.database import Database
from core.deadline import within
from core.outbox import tables
from core.outbox.hub import word_of
from core.tenancy.directory import tables as directory

CHANNEL = "tallybook_events"
"""The notices that carry events."""
ROUND = timedelta(seconds=0.2)
SWEEP = timedelta(seconds=30)
"""How often every tenant is looked after."""
BATCH = 200
"""Events of one tenant in one round."""
OTHERS = 25
"""Tenants of a sweep in one round."""
TENANT_SECONDS = 10.0
"""How long one tenant may keep the others waiting."""
LINGER = 60.0
"""How long after an event was written its commit may come, and the tenant is looked after, ever more
seldom."""
_SHARE = 2
"""The relay rests at least so many times as long as it works."""

_log = structlog.get_logger("tallybook.events")


async def keep_relayed(db: Database, every: timedelta = ROUND, sweep: timedelta = SWEEP) -> None:
    """Carry for as long as the process runs."""
    relay = Relay(db, sweep.total_seconds())
    while True:
        began = time.monotonic()
        try:
            await relay.round()
        except Exception as fault:  # the database is away: the next round finds it again
            _log.warning("events wait", fault=f"{type(fault).__name__}: {fault}")
        worked = time.monotonic() - began
        await asyncio.sleep(max(every.total_seconds(), worked * _SHARE))


async def relay_tenant(db: Database, tenant_id: UUID, limit: int = BATCH) -> int:
    """Send the oldest events of a tenant; how many there were."""
    async with db.transaction(tenant_id) as tx:
        found = await tables.take(tx, limit)
        words = [word_of(tenant_id, id_, topic, payload, at) for id_, topic, payload, at in found]
        if words:
            await notices.send(tx, CHANNEL, words)
        return len(words)


class Relay:
    """What one process knows of where events may lie."""

    def __init__(self, db: Database, sweep: float) -> None:
        self._db, self._sweep = db, sweep
        self._swept = float("-inf")
        self._others: deque[UUID] = deque()
        self._looked: dict[UUID, tuple[float, float]] = {}
        """Per tenant the writing that was looked for, and when to look for it again."""

    async def round(self) -> None:
        """Look once after each tenant in which something was written, and some of the others."""
        now = time.monotonic()
        if not self._others and now - self._swept >= self._sweep:
            async with self._db.directory(read_only=True) as sql:
                self._others.extend(one.id for one in await directory.list_tenants(sql))
            self._swept = now
        due = [
            tenant
            for tenant, written in tables.emitted.items()
            if (looked := self._looked.get(tenant)) is None
            or looked[0] != written
            or looked[1] <= now
        ]
        some = [self._others.popleft() for _ in range(min(OTHERS, len(self._others)))]
        for tenant_id in dict.fromkeys([*due, *some]):
            await self._look_after(tenant_id)

    async def _look_after(self, tenant_id: UUID) -> None:
        written = tables.emitted.get(tenant_id)
        try:
            sent = await within(TENANT_SECONDS, relay_tenant(self._db, tenant_id))
        except Exception as fault:
            fact = f"{type(fault).__name__}: {fault}"
            _log.warning("events of a tenant wait", tenant=str(tenant_id), fault=fact)
            sent = 0
        if written is None:
            if sent == BATCH:
                self._others.append(tenant_id)
            return
        # What has been written may not be committed yet: look again, after as long as it is old.
        old = time.monotonic() - written
        if sent < BATCH and old > LINGER and tables.emitted.get(tenant_id) == written:
            del tables.emitted[tenant_id]
            self._looked.pop(tenant_id, None)
        else:
            rest = 0.0 if sent == BATCH else min(old, LINGER / 4)
            self._looked[tenant_id] = (written, time.monotonic() + rest)
