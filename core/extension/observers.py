"""Observers: plugins that are told what was posted, after its commit (ledger rule 3.8).

Nobody waits for them and nothing they do is the ledger's. One that fails again and again is switched off
for that tenant, in this process, and the audit says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from uuid import UUID

import structlog

from core.audit.tables import record
from core.db.database import Database
from core.extension.awaited import alone
from core.extension.containment import answering, hook
from core.extension.records import Posted, Work
from core.extension.registry import registry
from core.ids import NIL

OBSERVER_SECONDS = 5.0
"""How long an observer may take over one batch."""
FAILURES = 5
WINDOW_SECONDS = 600.0
"""So many failures within this time switch an observer off (G33)."""

_log = structlog.get_logger("tallybook.plugins")


class Observers:
    """The observers of one process: what is on its way to them, and which are switched off."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._failed: dict[tuple[UUID, str], deque[float]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, tenant_id: UUID, modules: frozenset[str], postings: Sequence[Posted]) -> None:
        """Tell the observers among these modules, each by itself, and do not wait."""
        if not postings:
            return
        for name in answering(registry(), modules, "posted"):
            if len(self._failed[tenant_id, name]) < FAILURES:
                task = asyncio.ensure_future(self._tell(tenant_id, name, postings))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.settle()

    async def _tell(self, tenant_id: UUID, module: str, postings: Sequence[Posted]) -> None:
        work, call = Work(tenant_id, self._database), hook(registry(), module, "posted")
        assert call is not None
        try:
            await alone(module, "posted", call(work=work, postings=postings), OBSERVER_SECONDS)
        except asyncio.CancelledError:
            raise
        except Exception as fault:  # whatever it was, it is the observer's
            await self._note(tenant_id, module, fault)

    async def _note(self, tenant_id: UUID, module: str, fault: Exception) -> None:
        failed, now = self._failed[tenant_id, module], time.monotonic()
        while failed and now - failed[0] > WINDOW_SECONDS:
            failed.popleft()
        failed.append(now)
        _log.warning("an observer failed", plugin=module, tenant=str(tenant_id), fault=str(fault))
        if len(failed) == FAILURES:
            async with self._database.transaction(tenant_id) as tx:
                details = {"module": module, "failures": FAILURES}
                await record(tx, NIL, "module.observer_off", "tenant", tenant_id, details)
