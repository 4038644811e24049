"""Verification: the books are derived again and compared, and the chain is walked (rule 7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from uuid import UUID

from core.audit.tables import record
from core.db.database import Database, Transaction
from core.errors import Refused
from core.extension.awaited import asked
from core.extension.containment import answering
from core.extension.registry import registry
from core.ledger import rederivation
from core.ledger.invariants import LIMIT, differences
from core.ledger.seal import broken_links, seal
from core.tenancy.rules import Principal
from core.tenancy.sign_ins import modules_on

PATIENCE = 30
"""Seconds that a module has to look at its own rows, of which there may be as many as core has."""


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
    halts nothing: the next late news would put it right. Nor does what modules say of their own rows.
    """
    await seal(db, tenant_id)
    async with db.snapshot(tenant_id) as tx:
        found = await _of_the_books(tx, anchors)
        further = await rederivation.differences(tx) if deep else []
        further += await _of_modules(tx)
    if found:
        await _set_halted(db, tenant_id, halted=True)
    return [*found, *further]


async def _of_the_books(tx: Transaction, anchors: Mapping[int, str] | None = None) -> list[str]:
    """What halts: no posting on top of it could put it right."""
    return [*await differences(tx), *await broken_links(tx, anchors)]


async def _of_modules(tx: Transaction) -> list[str]:
    """What the modules that are on find in their own rows, each sentence under the module's name."""
    found: list[str] = []
    for module in answering(registry(), await modules_on(tx), "differences"):
        try:
            told = await asked(tx, module, "differences", _sentences, PATIENCE)
        except Refused as refused:
            told = [refusal.message() for refusal in refused.refusals]
        found += [f"{module}: {sentence}" for sentence in told]
    return found


def _sentences(answer: Iterable[str]) -> list[str]:
    return [str(sentence) for sentence in islice(answer, LIMIT)]


async def release(db: Database, principal: Principal) -> list[str]:
    """Let a halted tenant post again, if its books hold now; else what still does not. What modules say
    of their own rows halted nobody, and keeps nobody halted."""
    await seal(db, principal.tenant_id)
    async with db.snapshot(principal.tenant_id) as tx:
        found = await _of_the_books(tx)
    if found:
        await _set_halted(db, principal.tenant_id, halted=True)
    else:
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
