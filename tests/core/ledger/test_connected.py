"""What late news can reach is found without going through the entries for each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from core.db import roles
from core.db.database import Database, RawTransaction, rows
from core.db.embedded import EmbeddedServer
from core.ledger.history import connected
from core.ledger.records import Position
from tests.ledger_world import World, day

CONVERSIONS = 15


@pytest.fixture
async def fresh(server: EmbeddedServer, new_database: Callable[[], str]) -> AsyncIterator[Database]:
    """A database that has not counted yet what lies in it."""
    database = Database.connect(server.url(roles.APP, new_database()), pool_size=2)
    yield database
    await database.close()


async def read(tx: RawTransaction) -> int:
    """How many entries this transaction has read so far."""
    ((found,),) = await rows(
        tx,
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'entry'",
    )
    return int(found)


async def test_entries_are_read_a_few_times_and_not_once_for_each_other(fresh: Database) -> None:
    world = await World.open(fresh)
    for code in "ABCD":
        await world.item(code)
    await world.posted("receipt", world.line("A", 100, 2), world.line("D", 1, 2))
    for _ in range(CONVERSIONS):
        made = world.line("B", 1, role="produce")
        besides = world.line("C", 1, role="produce", share=10)
        await world.posted("conversion", world.line("A", 2, role="consume"), made, besides)
    async with fresh.snapshot(world.principal.tenant_id) as tx:
        ((entries,),) = await rows(tx, "SELECT count(*) FROM entry")
        before = await read(tx)
        found = await connected(tx, [world.items["B"]], Position(day(1), 0, 0))
        seen = await read(tx) - before
    assert found == {world.items[code] for code in "ABC"}
    assert 0 < seen <= 6 * entries, (seen, entries)
    await world.tallies()
