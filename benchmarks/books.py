"""The books after a run: a fast figure that does not tally is worth nothing."""

from __future__ import annotations

import time

import psycopg

from benchmarks.world import World
from core.db.database import Database
from core.ledger.invariants import differences
from core.ledger.verify import verify

_COUNT = "SELECT count(*) FROM document WHERE type = 'issue' AND state = 'posted'"
_WRONG = {
    "balances that are not the sum of their entries": """
        SELECT count(*) FROM balance b FULL JOIN
            (SELECT tenant_id, item_id, place_id, lot_id, sum(quantity) quantity FROM entry
             WHERE pool_id IS NOT NULL GROUP BY 1, 2, 3, 4) e
            USING (tenant_id, item_id, place_id, lot_id)
        WHERE coalesce(b.on_hand, 0) <> coalesce(e.quantity, 0)""",
    "balances below zero": "SELECT count(*) FROM balance WHERE on_hand < 0",
    "commands that did not leave exactly one document": """
        SELECT count(*) FROM (SELECT tenant_id, outcome ->> 'id' id, count(*) sent FROM command
             WHERE operation = 'postDocument' GROUP BY 1, 2) c
        FULL JOIN (SELECT tenant_id, id::text id FROM document) d USING (tenant_id, id)
        WHERE c.sent IS DISTINCT FROM 1 OR d.id IS NULL""",
}
_UNSEALED = """
    SELECT count(*) FROM tenant_sequence s WHERE s.posting > 0
        AND NOT EXISTS (SELECT FROM seal l WHERE l.tenant_id = s.tenant_id AND l.sequence = s.posting)"""
_SETTLE_SECONDS = 30
_NUMBERED = ("postings are numbered without a gap", "posted documents are numbered without a gap")
"""What the floor gives up where its clients count apart."""


def posted(url: str) -> int:
    """How many issues are in the books of all tenants; ``url`` must see them all."""
    with psycopg.connect(url) as connection:
        return _number(connection, _COUNT)


def check(url: str, expected: int) -> None:
    """Every answer left one document, and the balances are the sums of their entries. Raises
    RuntimeError where they are not."""
    with psycopg.connect(url) as connection:
        found = _number(connection, _COUNT)
        if found != expected:
            raise RuntimeError(f"{expected} documents were acknowledged, {found} are in the books")
        for what, query in _WRONG.items():
            if wrong := _number(connection, query):
                raise RuntimeError(f"the books differ: {wrong} {what}")


def settle(url: str) -> None:
    """Wait until what was posted is sealed, so that nobody's turn pays for the sealing of the turn before.
    Where that takes too long the run goes on: the last verification seals."""
    until = time.monotonic() + _SETTLE_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while _number(connection, _UNSEALED) and time.monotonic() < until:
            time.sleep(0.2)


async def verified(app_url: str, world: World) -> list[str]:
    """All that ``tallybook verify`` finds wrong, in all tenants."""
    database = _patient(app_url)
    try:
        return [told for shop in world.shops for told in await verify(database, shop.id)]
    finally:
        await database.close()


async def floor_differences(app_url: str, world: World) -> list[str]:
    """What is wrong with the floor's books: it must write true rows, or it would be no floor."""
    database = _patient(app_url)
    found: list[str] = []
    try:
        for shop in world.shops:
            async with database.snapshot(shop.id) as tx:
                found += await differences(tx)
    finally:
        await database.close()
    return [told for told in found if not told.startswith(_NUMBERED)]


def _patient(app_url: str) -> Database:
    # Millions of entries take longer than what serves is given.
    return Database.connect(f"{app_url}&options=-c%20statement_timeout%3D0", pool_size=1)


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
