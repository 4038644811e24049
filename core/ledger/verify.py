"""Verification: the books are derived again and compared, and the chain is walked (rule 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from core.audit.tables import record
from core.db.database import Database
from core.ledger import rederivation
from core.ledger.invariants import differences
from core.ledger.seal import broken_links, seal
from core.tenancy.rules import Principal


async def verify(
    db: Database,
    tenant_id: UUID,
    *,
    anchors: Mapping[int, str] | None = None,
    deep: bool = False,
) -> list[str]:
    """Everything about a tenant's books that does not hold, one sentence each; empty if they tally.

    What was posted since is sealed first. ``anchors`` are heads kept outside, as sequence and hash;
    ``deep`` also plays all of history again, which takes as long as it is. A tenant whose books do not
    hold is halted: nothing is posted on top of what is wrong. What only the deep check finds is told and
    halts nothing: the next late news would put it right.
    """
    await seal(db, tenant_id)
    async with db.snapshot(tenant_id) as tx:
        found = [*await differences(tx), *await broken_links(tx, anchors)]
        deeper = await rederivation.differences(tx) if deep else []
    if found:
        await _set_halted(db, tenant_id, halted=True)
    return [*found, *deeper]


async def release(db: Database, principal: Principal) -> list[str]:
    """Let a halted tenant post again, if its books hold now; else what still does not."""
    found = await verify(db, principal.tenant_id)
    if not found:
        await _set_halted(db, principal.tenant_id, halted=False, actor=principal.user_id)
    return found


async def _set_halted(
    db: Database, tenant_id: UUID, *, halted: bool, actor: UUID | None = None
) -> None:
    async with db.transaction(tenant_id) as tx:
        done = await tx.raw.execute(
            b"UPDATE tenant_sequence SET halted = %s, rules_version = rules_version + 1"
            b" WHERE tenant_id = %s AND halted <> %s",
            (halted, tenant_id, halted),
        )
        if done.rowcount:
            action = "books.halt" if halted else "books.release"
            await record(tx, actor or tenant_id, action, "tenant", tenant_id)
