"""Whatever a superuser changes in sealed books, ``verify`` finds it (G34): 200 of 200."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from random import Random

import psycopg
import pytest
import sqlalchemy as sa

from core.audit.tables import audit
from core.commands.tables import command
from core.db import roles
from core.db.database import Database
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.documents.tables import line_progress, number_series
from core.ledger.posting import post
from core.ledger.seal import seal
from core.ledger.tables import balance, item_guard, layer, period_balance, period_pool, pool
from core.ledger.verify import verify
from core.tenancy.tables import tenant_sequence
from tests.core.ledger.forging import KINDS, SEALED, TABLES, Books, delete_row, edit_column
from tests.core.ledger.trader import ITEMS, Trader
from tests.ledger_world import World

SEED = 20261212
STEPS = 80
TIMES = 25
"""Forgeries of each of the eight kinds."""

NOT_SEALED = {
    "document": {"state", "revision", "changed"},
    "document_line": {"document_id"},
    "entry": {"document_id", "sequence"},
    "layer_entry": {"sequence"},
    "seal": set[str](),
}
"""Columns the chain leaves out: what follows from the rest, and keys by which rows are found."""
COLUMNS = [(table, column) for table in TABLES for column in SEALED[table].split()]


@pytest.fixture(scope="module")
async def books(server: EmbeddedServer, new_database: Callable[[], str]) -> AsyncIterator[Books]:
    """A trader's books, in a database of their own, and a forger whom no trigger, policy or rule
    stops."""
    name = new_database()
    db = Database.connect(server.url(roles.APP, name))
    world = await World.open(db, cost_scope="item_place", negative_stock="allow")
    for code in ITEMS:
        await world.item(code)
    await world.place("SHOP")
    trader = Trader(world, Random(SEED))
    for _ in range(STEPS):
        await trader.may_close()
        request = trader.next()
        trader.told(request, await post(db, world.principal, request))
    tenant = world.principal.tenant_id
    assert await verify(db, tenant) == []
    head = await seal(db, tenant)
    assert head.sequence > STEPS // 2
    url = server.url(SUPERUSER, name)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as forger:
        await forger.execute(b"SET session_replication_role = replica")
        await forger.execute(_UNCHECKED)
        yield Books(tenant, forger, {head.sequence: head.hash}, Random(SEED))
    assert await verify(db, tenant, anchors={head.sequence: head.hash}) == []
    await db.close()


_UNCHECKED = b"""
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'c'
           AND conrelid IN ('document'::regclass, 'document_line'::regclass, 'entry'::regclass)
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.owner, c.conname); END LOOP;
END $$
"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_every_forgery_is_found(books: Books, kind: Callable[[Books], object]) -> None:
    books.random.seed(f"{SEED} {kind}")
    for n in range(TIMES):
        async with books.forger.transaction(force_rollback=True):
            assert await kind(books), f"{n}: nothing was forged"  # type: ignore[misc]
            assert await books.found(), f"{n} was not found"


@pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{table.name}.{column}" for table, column in COLUMNS]
)
async def test_a_change_of_every_column_is_found(
    books: Books, table: sa.Table, column: str
) -> None:
    async with books.forger.transaction(force_rollback=True):
        assert await edit_column(books, table, column) == 1
        assert await books.found()


FIGURES = [
    *((balance, "on_hand"), (pool, "quantity"), (pool, "value"), (layer, "quantity")),
    *((layer, "value"), (period_balance, "quantity"), (period_pool, "quantity")),
    *((period_pool, "value"), (line_progress, "executed"), (line_progress, "returned")),
    *((number_series, "last"), (tenant_sequence, "posting")),
    *((audit, "actor"), (audit, "action"), (audit, "object_id"), (command, "operation")),
]
"""What is no part of the chain, but follows from it."""
GONE = (*dict.fromkeys(table for table, _ in FIGURES), item_guard)
"""A guard's date may be later than it must be: that is only careful."""


@pytest.mark.parametrize(
    ("table", "column"), FIGURES, ids=[f"{table.name}.{column}" for table, column in FIGURES]
)
async def test_a_change_of_what_follows_is_found(
    books: Books, table: sa.Table, column: str
) -> None:
    for _ in range(3):
        async with books.forger.transaction(force_rollback=True):
            assert await edit_column(books, table, column) == 1
            assert await books.found()


@pytest.mark.parametrize("table", GONE, ids=lambda table: table.name)
async def test_what_follows_and_is_gone_is_found(books: Books, table: sa.Table) -> None:
    for _ in range(3):
        async with books.forger.transaction(force_rollback=True):
            assert await delete_row(books, table) == 1
            assert await books.found()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_sealed_or_named_here(table: sa.Table) -> None:
    columns = {column.name for column in table.columns} - {"tenant_id"}
    sealed = set(SEALED[table].split())
    assert columns == sealed | NOT_SEALED[table.name]
    assert not sealed & NOT_SEALED[table.name]


async def test_untouched_books_are_found_in_order(books: Books) -> None:
    async with books.forger.transaction(force_rollback=True):
        assert await books.found() == []
