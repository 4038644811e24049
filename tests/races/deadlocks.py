"""Deadlocks as PostgreSQL itself counts them.

The log tells of each at once. The statistics of a backend may come ten seconds after it came to rest,
so that they are asked of a server that is at rest for so long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psycopg

from core.db.embedded import SUPERUSER
from tests.serving import RunningServer

STATISTICS_SECONDS = 11


@dataclass(frozen=True, slots=True)
class Deadlocks:
    """How many there were so far: in the log, and in the statistics of all databases."""

    logged: int
    counted: int


def deadlocks(server: RunningServer) -> Deadlocks:
    """What both say now; the statistics may be late."""
    embedded = server.address.embedded
    assert embedded is not None, "the log of another's server cannot be read"
    logged = embedded.cluster.log.read_text("utf-8", "replace").count("deadlock detected")
    query = b"SELECT coalesce(sum(deadlocks), 0)::int FROM pg_stat_database"
    with psycopg.connect(embedded.url(SUPERUSER)) as connection:
        found = connection.execute(query).fetchone()
    assert found is not None
    return Deadlocks(logged, found[0])


async def deadlocks_at_rest(server: RunningServer) -> Deadlocks:
    """What both say once the statistics are in."""
    await asyncio.sleep(STATISTICS_SECONDS)
    return deadlocks(server)
