"""A tenant's settings and its sequence row: the last lock of every write (ledger rule 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from core.db.database import Transaction
from core.db.metadata import Moment, tenant_table

tenant_setting = tenant_table(
    "tenant_setting", sa.Column("values", JSONB, nullable=False, server_default="{}")
)

tenant_sequence = tenant_table(
    "tenant_sequence",
    sa.Column("posting", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("change", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("closed_through", sa.Date),
    sa.Column("rules_version", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("halted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("last_posted_at", Moment),
)

tenant_module = tenant_table(
    "tenant_module",
    sa.Column("module", sa.Text(collation="C"), primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("settings", JSONB, nullable=False, server_default="{}"),
    sa.Column("changed_at", Moment, nullable=False, server_default=sa.func.now()),
)

module_job = tenant_table(
    "module_job",
    sa.Column("module", sa.Text(collation="C"), primary_key=True),
    sa.Column("job", sa.Text(collation="C"), primary_key=True),
    sa.Column("slot", Moment, nullable=False),
)
"""Until when each regular job of a module is done."""


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module that the tenant has, or had, switched on, with its settings as they are stored. Off keeps
    them."""

    enabled: bool
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sequence:
    """The tenant's counters. ``posting`` numbers postings, ``change`` marks master-data writes."""

    posting: int
    change: int
    closed_through: date | None
    rules_version: int
    halted: bool
    last_posted_at: datetime | None


async def create_sequence(tx: Transaction, settings: dict[str, Any]) -> None:
    """The two rows that every tenant has from its first moment."""
    await tx.sql.execute(sa.insert(tenant_sequence).values(tenant_id=tx.tenant_id))
    await tx.sql.execute(sa.insert(tenant_setting).values(tenant_id=tx.tenant_id, values=settings))


async def read_sequence(tx: Transaction) -> Sequence:
    """The counters as this transaction sees them, without a lock."""
    t = tenant_sequence.c
    query = sa.select(
        t.posting, t.change, t.closed_through, t.rules_version, t.halted, t.last_posted_at
    ).where(t.tenant_id == tx.tenant_id)
    return Sequence(*(await tx.sql.execute(query)).one())


async def next_change(tx: Transaction, count: int = 1, *, new_rules: bool = False) -> int:
    """Reserve ``count`` change marks and return the first of them.

    The tenant's sequence row stays locked until commit, so marks become visible in their order and
    a device that asks for ``changed > last seen`` misses nothing. It is the last lock a transaction
    waits for: item guards come before it, rows that nobody else waits for after it.
    ``new_rules`` also tells postings under way that what they read no longer holds (rule 3.5).
    """
    query = (
        sa.update(tenant_sequence)
        .where(tenant_sequence.c.tenant_id == tx.tenant_id)
        .values(
            change=tenant_sequence.c.change + count,
            rules_version=tenant_sequence.c.rules_version + int(new_rules),
        )
        .returning(tenant_sequence.c.change)
    )
    last: int = (await tx.sql.execute(query)).scalar_one()
    return last - count + 1


async def read_settings(tx: Transaction) -> dict[str, Any]:
    """The settings as they are stored; absent ones take their default."""
    query = sa.select(tenant_setting.c["values"]).where(tenant_setting.c.tenant_id == tx.tenant_id)
    values: dict[str, Any] = (await tx.sql.execute(query)).scalar_one()
    return values


async def write_settings(tx: Transaction, values: dict[str, Any]) -> None:
    query = sa.update(tenant_setting).where(tenant_setting.c.tenant_id == tx.tenant_id)
    await tx.sql.execute(query.values(values=values))


async def read_modules(tx: Transaction) -> dict[str, ModuleRow]:
    """The modules that the tenant ever had, by name."""
    t = tenant_module.c
    query = sa.select(t.module, t.enabled, t.settings).where(t.tenant_id == tx.tenant_id)
    return {row.module: ModuleRow(row.enabled, row.settings) for row in await tx.sql.execute(query)}


async def write_module(tx: Transaction, module: str, row: ModuleRow) -> None:
    """Store how a module stands."""
    values = {"enabled": row.enabled, "settings": row.settings, "changed_at": sa.func.now()}
    query = insert(tenant_module).values(tenant_id=tx.tenant_id, module=module, **values)
    await tx.sql.execute(
        query.on_conflict_do_update(index_elements=["tenant_id", "module"], set_=values)
    )


async def slot_due(tx: Transaction, module: str, job: str, slot: datetime) -> bool:
    """Whether a slot of a module's job is not yet marked as done."""
    t = module_job.c
    mine = (t.tenant_id == tx.tenant_id) & (t.module == module) & (t.job == job) & (t.slot >= slot)
    return (await tx.sql.execute(sa.select(t.slot).where(mine))).first() is None


async def claim_slot(tx: Transaction, module: str, job: str, slot: datetime) -> bool:
    """Mark a slot of a module's job as done, with this transaction. False where the module is off, where
    somebody else is at it, or where it was done before."""
    lock = sa.func.pg_try_advisory_xact_lock(
        sa.func.hashtextextended(f"{tx.tenant_id} {module} {job}", 11)
    )
    t = tenant_module.c
    on = sa.select(lock).where(t.tenant_id == tx.tenant_id, t.module == module, t.enabled)
    if (await tx.sql.execute(on)).scalar_one_or_none() is not True:
        return False
    marking = insert(module_job).values(tenant_id=tx.tenant_id, module=module, job=job, slot=slot)
    mark = marking.on_conflict_do_update(
        index_elements=["tenant_id", "module", "job"],
        set_={"slot": marking.excluded.slot},
        where=module_job.c.slot < marking.excluded.slot,
    ).returning(module_job.c.slot)
    return (await tx.sql.execute(mark)).first() is not None
