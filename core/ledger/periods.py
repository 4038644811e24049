"""Closing and reopening the books (月结, 反结账).

A closed period takes no more entries: the tenant's sequence row, the last lock of every posting, refuses
them, and corrections of what lies in it are dated on the first open day (rules 3.4 and 6.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction, rows
from core.db.questions import ask
from core.errors import Refusal, Refused, define
from core.ledger import loading, reading
from core.tenancy.rules import Principal

NOT_A_MONTH_END = define(
    "NOT_A_MONTH_END",
    en="Books are closed through the last day of a month; {date} is not one.",
    zh="只能结账到月末,{date} 不是月末。",
)
MONTH_NOT_OVER = define(
    "MONTH_NOT_OVER",
    en="The books can be closed only through a month that is over; today is {today}.",
    zh="只能结已结束的月份,今天是 {today}。",
)
NOT_LATER = define(
    "NOT_LATER",
    en="The books are closed through {closed} already.",
    zh="账期已结至 {closed}。",
)
NOT_EARLIER = define(
    "NOT_EARLIER",
    en="The books are closed through {closed}: reopen them to an earlier date.",
    zh="账期结至 {closed},反结账须选择更早的日期。",
)


@dataclass(frozen=True, slots=True)
class Books:
    """Where the books stand: closed through a day, so many postings, stopped or not."""

    closed_through: date | None
    postings: int
    last_posted_at: datetime | None
    halted: bool


async def read_books(tx: Transaction) -> Books:
    """The state of the tenant's books."""
    found = await rows(
        tx,
        "SELECT closed_through, posting, last_posted_at, halted FROM tenant_sequence"
        " WHERE tenant_id = %s",
        tx.tenant_id,
    )
    return Books(*found[0])


async def close_period(
    db: Database, principal: Principal, command_id: UUID, through: date
) -> Books:
    """Close the books through a month end that is over. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        closed, today = await _state(tx)
        if through >= today:
            raise Refused(Refusal(MONTH_NOT_OVER, ("through",), {"today": today.isoformat()}))
        if (through + timedelta(days=1)).day != 1:
            raise Refused(Refusal(NOT_A_MONTH_END, ("through",), {"date": through.isoformat()}))
        if closed is not None and through <= closed:
            raise Refused(Refusal(NOT_LATER, ("through",), {"closed": closed.isoformat()}))
        last = await _set_closed(tx, through)
        await _carry(tx, through.replace(day=1))
        details = {"through": through, "posting": last}
        await record(tx, principal.user_id, "period.close", "period", tx.tenant_id, details)
        return {"closed_through": through}

    asked = {"through": through}
    await commands.run(db, principal.tenant_id, command_id, "closePeriod", asked, work)
    return await _now(db, principal)


async def reopen_period(
    db: Database, principal: Principal, command_id: UUID, through: date | None
) -> Books:
    """Open the books again from the day after ``through``, or all of them. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        closed, _ = await _state(tx)
        if closed is None or (through is not None and through >= closed):
            shown = {"closed": closed.isoformat() if closed else "-"}
            raise Refused(Refusal(NOT_EARLIER, ("through",), shown))
        if through is not None and (through + timedelta(days=1)).day != 1:
            raise Refused(Refusal(NOT_A_MONTH_END, ("through",), {"date": through.isoformat()}))
        last = await _set_closed(tx, through)
        details = {"through": through, "posting": last}
        await record(tx, principal.user_id, "period.reopen", "period", tx.tenant_id, details)
        return {"closed_through": through}

    asked = {"through": through}
    await commands.run(db, principal.tenant_id, command_id, "reopenPeriod", asked, work)
    return await _now(db, principal)


async def _state(tx: Transaction) -> tuple[date | None, date]:
    version, closed, _, now = await ask(tx, reading.sequence_row())
    settings = (await loading.rules(tx, version)).settings
    return closed, now.astimezone(ZoneInfo(settings.accounting_zone)).date()


async def _set_closed(tx: Transaction, through: date | None) -> int:
    """From here on this transaction holds the sequence row: postings that were decided before find
    other rules when they come to it, and decide anew. Returns the last posting before that."""
    found = await rows(
        tx,
        "UPDATE tenant_sequence SET closed_through = %s, rules_version = rules_version + 1,"
        " change = change + 1 WHERE tenant_id = %s RETURNING posting",
        through,
        tx.tenant_id,
    )
    last: int = found[0][0]
    return last


async def _carry(tx: Transaction, period: date) -> None:
    """Give every key that is not zero its row in the closed period, so that "as of" finds it at once
    however long the key has been at rest (rule 6.2)."""
    for table, of, keys, sums in (
        ("period_balance", "balance", "item_id, place_id, lot_id", "quantity"),
        (
            "period_pool",
            "(SELECT *, id AS pool_id FROM pool)",
            "item_id, pool_id",
            "quantity, value",
        ),
    ):
        same = " AND ".join(f"p.{key} = k.{key}" for key in ["tenant_id", *keys.split(", ")])
        listed = ", ".join(f"k.{key}" for key in keys.split(", "))
        last = ", ".join(f"was.{name}" for name in sums.split(", "))
        await tx.raw.execute(
            (
                f"INSERT INTO {table} (tenant_id, {keys}, period, {sums})"  # noqa: S608 - our names
                f" SELECT k.tenant_id, {listed}, %s, {last} FROM {of} k JOIN LATERAL"
                f" (SELECT {sums}, period FROM {table} p WHERE {same} AND p.period <= %s"
                f" ORDER BY p.period DESC LIMIT 1) was ON was.period < %s AND was.quantity <> 0"
                f" WHERE k.tenant_id = %s ON CONFLICT (tenant_id, {keys}, period) DO NOTHING"
            ).encode(),
            (period, period, period, tx.tenant_id),
        )


async def _now(db: Database, principal: Principal) -> Books:
    async with db.snapshot(principal.tenant_id) as tx:
        return await read_books(tx)
