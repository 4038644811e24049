"""The standard verdict after a fault: what clients know against what the books say.

It reads as superuser, and asks what the invariants do not: whether what was acknowledged is there, once
and whole, whether anything is there that nobody sent, and whether anybody still holds a lock.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from core.db.database import Database
from core.db.notices import LISTENS
from core.ledger.verify import verify
from tests.faults.load import LINES, Load

QUIET_SECONDS = 12
"""Transactions whose client is gone end by themselves: idle_in_transaction_session_timeout is 10 s."""


async def judge(load: Load, db: Database, superuser_url: str, log: Path) -> list[str]:
    """Everything that is not as it must be, one sentence each; empty is the only pass."""
    tenant = load.world.principal.tenant_id
    found = [f"heard {answer}" for answer in load.wrong[:10]]
    found += list(faults_in(log))[:10]
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as admin:
        found += await _held(admin)
        found += await _papers(admin, load, tenant)
        found += await _figures(admin, load, tenant)
    found += await verify(db, tenant)
    return found


def faults_in(log: Path) -> Iterator[str]:
    """What a server's log calls an error, and tracebacks that nobody caught: a fault of the database
    is a warning, and a line of its own."""
    for line in log.read_text("utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if told.get("level") in ("error", "critical"):
                yield f"log: {told.get('event')}: {str(told.get('exception'))[-1500:]}"
        elif line.startswith(("Traceback (", "ERROR:", "Task exception", "Exception in")):
            yield f"log: {line}"


async def _held(admin: psycopg.AsyncConnection[Any]) -> list[str]:
    """Transactions left open and locks waited for, once all that may pass by itself has passed. Who listens
    for notices holds a lock of that class for as long as it runs."""
    query = (
        "SELECT format('pid %s is %s since %s: %s', pid, state, now() - state_change,"
        " left(query, 80)) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
        " UNION ALL SELECT format('pid %s waits for %s', pid, locktype) FROM pg_locks"
        f" WHERE NOT granted OR locktype = 'advisory' AND classid <> {LISTENS}"
    )
    until = time.monotonic() + QUIET_SECONDS
    while True:
        held = [str(row[0]) for row in await _rows(admin, query)]
        if not held or time.monotonic() > until:
            return held
        await asyncio.sleep(0.2)


async def _papers(admin: psycopg.AsyncConnection[Any], load: Load, tenant: UUID) -> list[str]:
    """Acknowledged and lost, posted twice, in parts, or sent by nobody."""
    booked = {
        row[0]: row[1:]
        for row in await _rows(
            admin,
            "SELECT d.id, d.number, (SELECT count(*) FROM document_line l WHERE l.document_id = d.id"
            "  AND l.tenant_id = d.tenant_id), count(e.no), count(DISTINCT e.line), sum(e.value)"
            " FROM document d LEFT JOIN entry e ON e.tenant_id = d.tenant_id"
            " AND e.sequence = d.sequence WHERE d.tenant_id = %s AND d.type <> 'opening'"
            " GROUP BY d.tenant_id, d.id",
            tenant,
        )
    }
    commands = {
        row[0]: row[1]
        for row in await _rows(
            admin,
            "SELECT id, (outcome ->> 'id')::uuid FROM command WHERE tenant_id = %s"
            " AND operation = 'postDocument' AND outcome ->> 'type' IS DISTINCT FROM 'opening'",
            tenant,
        )
    }
    found = []
    for paper in load.papers:
        if paper.number is None:
            found.append(f"{paper.command} has no outcome")
        elif paper.document not in booked:
            found.append(f"{paper.number} was acknowledged and is lost")
        elif booked[paper.document] != (paper.number, LINES, 2 * LINES, LINES, 0):
            found.append(f"{paper.number} is not whole: {booked[paper.document]}")
        elif commands.get(paper.command) != paper.document:
            found.append(f"{paper.number}: its command leads to {commands.get(paper.command)}")
    sent = {paper.document for paper in load.papers}
    found += [
        f"document {row[0]} was sent by nobody" for id_, row in booked.items() if id_ not in sent
    ]
    numbers = [paper.number for paper in load.papers]
    found += [f"{len(numbers) - len(set(numbers))} numbers twice"] * (
        len(set(numbers)) < len(numbers)
    )
    audited = await _rows(
        admin,
        "SELECT object_id, count(*) FROM audit WHERE tenant_id = %s AND action = 'document.post'"
        " GROUP BY 1 HAVING count(*) > 1",
        tenant,
    )
    return found + [f"document {row[0]} was posted {row[1]} times" for row in audited]


async def _figures(admin: psycopg.AsyncConnection[Any], load: Load, tenant: UUID) -> list[str]:
    """What the clients count, against balances and against entries, each on its own."""
    found = []
    for table, column, only in (
        ("balance", "on_hand", "true"),
        ("entry", "quantity", "pool_id IS NOT NULL"),
        ("pool", "quantity", "true"),
    ):
        rows = await _rows(
            admin,
            f"SELECT item_id, sum({column}) FROM {table} WHERE tenant_id = %s AND {only} GROUP BY 1",
            tenant,
        )
        if dict(rows) != load.on_hand():
            found.append(f"{table} says {dict(rows)}, the clients {load.on_hand()}")
    return found


async def _rows(
    admin: psycopg.AsyncConnection[Any], query: str, *parameters: object
) -> list[tuple[Any, ...]]:
    return await (await admin.execute(query.encode(), parameters or None)).fetchall()
