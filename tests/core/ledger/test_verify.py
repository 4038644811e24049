"""Verification finds what a superuser forged: each invariant a violation, the chain every change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from core.db import roles
from core.db.database import Database, RawTransaction, rows
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.ids import uuid7
from core.ledger.invariants import INVARIANTS, PLANNING, Invariant
from core.ledger.periods import close_period, reopen_period
from core.ledger.seal import broken_links, seal
from core.ledger.verify import release, verify
from tests.shop import Shop, line

REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  document { id } errors { code } } }"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    """A shop whose books hold every kind of row."""
    shop = await Shop.open(db)
    item = await shop.item("A")
    fifo = await shop.item("F", costing_method="fifo")
    piece = await shop.item("P", cost_scope="serial")
    order = await shop.posted("purchase_order", line(item, "10", "10"))
    receipt = await shop.posted(
        "receipt", line(item, "6", "10", sourceLine=1), line(fifo, "9", "3"), sourceId=order["id"]
    )
    await shop.posted("receipt", line(piece, "1", "7", lotCode="S1"))
    await shop.posted("sales_order", line(item, "2", "20"))
    issue = await shop.posted("issue", line(item, "1", "20"), line(fifo, "2", "9"))
    await shop.posted(
        "return_from_customer", line(item, "1", "20", sourceLine=1), sourceId=issue["id"]
    )
    await shop.posted("count", line(fifo, "5"), on="2026-04-02")
    await shop.posted("landed_cost", sourceId=receipt["id"], extraCost="9", placeId=None)
    undone = await shop.posted("issue", line(fifo, "1", "9"), on="2026-04-03")
    asked = {"commandId": str(uuid7()), "id": undone["id"]}
    assert (await shop.ask(REVERSE, input=asked))["reverseDocument"]["errors"] == []
    await close_period(db, shop.principal, uuid7(), date(2026, 1, 31))
    await reopen_period(db, shop.principal, uuid7(), date(2025, 12, 31))
    await close_period(db, shop.principal, uuid7(), date(2026, 1, 31))
    await shop.posted("receipt", line(item, "1", "10"), on="2026-04-03")
    assert await verify(db, shop.principal.tenant_id) == []
    return shop


FORGERIES = {
    "balance is the sum of its entries": "UPDATE balance SET on_hand = on_hand + 1"
    " WHERE NOT is_unit AND tenant_id = %s",
    "pool is the sum of its entries": "UPDATE pool SET value = value + 1 WHERE tenant_id = %s",
    "an empty pool is worth nothing": "UPDATE pool SET quantity = 0 WHERE tenant_id = %s",
    "layer is the sum of its entries": "UPDATE layer SET value = value + 1 WHERE tenant_id = %s",
    "layers fill their pool": "UPDATE layer SET quantity = quantity + 1 WHERE tenant_id = %s",
    "first-in-first-out layers are worth their pool": "UPDATE layer SET value = value + 1"
    " WHERE tenant_id = %s",
    "quantities of a document sum to zero": "UPDATE entry SET quantity = quantity + 1"
    " WHERE no = 1 AND tenant_id = %s",
    "values of a document sum to zero": "UPDATE entry SET value = value + 1"
    " WHERE no = 1 AND tenant_id = %s",
    "period rows carry the quantity": "UPDATE period_balance SET quantity = quantity + 1"
    " WHERE tenant_id = %s",
    "period rows carry the value": "UPDATE period_pool SET value = value + 1 WHERE tenant_id = %s",
    "every movement has its period row": "DELETE FROM period_pool WHERE tenant_id = %s",
    "nothing is below zero that may not be": "UPDATE balance SET on_hand = -1"
    " WHERE NOT is_unit AND tenant_id = %s",
    "what waits belongs to documents": "UPDATE pool SET document_id = gen_random_uuid()"
    " WHERE tenant_id = %s",
    "a unit is in one place": "INSERT INTO balance (tenant_id, item_id, place_id, lot_id, on_hand,"
    " is_unit) SELECT tenant_id, item_id, gen_random_uuid(), lot_id, 1, true FROM balance"
    " WHERE is_unit AND tenant_id = %s",
    "postings are numbered without a gap": "UPDATE tenant_sequence SET posting = posting + 1"
    " WHERE tenant_id = %s",
    "posted documents are numbered without a gap": "UPDATE number_series SET last = last + 1"
    " WHERE tenant_id = %s",
    "a document is the sum of its lines": "UPDATE document SET total = total + 1"
    " WHERE tenant_id = %s",
    "progress is what documents did": "UPDATE line_progress SET executed = executed + 1"
    " WHERE tenant_id = %s",
    "a closed period takes no entry": "UPDATE entry SET effective_on = '2026-01-31'"
    " WHERE sequence = (SELECT max(sequence) FROM entry WHERE tenant_id = %s)",
    "promises do not exceed what is open": "UPDATE promise SET quantity = quantity + 100"
    " WHERE tenant_id = %s",
    "a command left its document": "UPDATE command SET outcome = jsonb_set(outcome, '{id}',"
    " to_jsonb(gen_random_uuid()::text)) WHERE operation = 'postDocument' AND tenant_id = %s",
    "every posting was commanded": "DELETE FROM command WHERE tenant_id = %s",
    "guards know the last movement": "UPDATE item_guard SET moved_through = '2000-01-01'"
    " WHERE tenant_id = %s",
    "every posting was audited": "DELETE FROM audit WHERE tenant_id = %s",
    "a reversal is the exact opposite": "UPDATE document SET total = 5"
    " WHERE reverses_id IS NOT NULL AND tenant_id = %s",
}


@pytest.fixture(scope="module")
def forged_database(new_database: Callable[[], str]) -> str:
    """A database of its own: what is done to it here must not reach other tests."""
    return new_database()


@pytest.fixture(scope="module")
async def db(server: EmbeddedServer, forged_database: str) -> AsyncIterator[Database]:
    database = Database.connect(server.url(roles.APP, forged_database))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def forger(
    server: EmbeddedServer, forged_database: str
) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A superuser's connection whom no trigger, policy or key stops."""
    url = server.url(SUPERUSER, forged_database)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        for name in (
            "balance_oversold",
            "pool_empty_is_worthless",
            "balance_unit",
            "balance_unit_in_one_place",
        ):
            table = name.split("_")[0]
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
        yield connection


def test_each_invariant_has_its_planted_violation() -> None:
    assert sorted(FORGERIES) == sorted(invariant.name for invariant in INVARIANTS)


@pytest.mark.parametrize("name", [invariant.name for invariant in INVARIANTS])
async def test_each_invariant_finds_its_violation(
    shop: Shop, db: Database, forger: psycopg.AsyncConnection[Any], name: str
) -> None:
    tenant = shop.principal.tenant_id
    done = await forger.execute(FORGERIES[name].encode(), (tenant,))
    assert done.rowcount > 0
    found = await verify(db, tenant)
    assert any(problem.startswith(f"{name}: ") for problem in found), found


async def test_a_halted_tenant_posts_again_once_its_books_hold(
    shop: Shop, db: Database, forger: psycopg.AsyncConnection[Any]
) -> None:
    tenant = shop.principal.tenant_id
    item = await shop.item("B")
    change = "UPDATE pool SET value = value %s 1 WHERE tenant_id = '%s'"
    await forger.execute((change % ("+", tenant)).encode())
    assert await verify(db, tenant)
    refused = await shop.post("receipt", line(item, "1", "1"))
    assert [e["code"] for e in refused["errors"]] == ["HALTED"]
    assert await release(db, shop.principal)
    await forger.execute((change % ("-", tenant)).encode())
    assert await release(db, shop.principal) == []
    await shop.posted("receipt", line(item, "1", "1"))


async def test_a_cut_tail_is_found_by_its_anchor(
    shop: Shop, db: Database, forger: psycopg.AsyncConnection[Any]
) -> None:
    tenant = shop.principal.tenant_id
    anchor = await seal(db, tenant)
    async with forger.transaction(force_rollback=True):
        for table in ("seal", "entry", "layer_entry", "document"):
            cut = f"DELETE FROM {table} WHERE sequence = %s AND tenant_id = %s"
            await forger.execute(cut.encode(), (anchor.sequence, tenant))
        tx = RawTransaction(tenant, forger)
        assert await broken_links(tx) == []
        found = await broken_links(tx, {anchor.sequence: anchor.hash})
        assert found == [f"chain: the anchored head {anchor.sequence} is not in the chain"]


async def test_two_sealers_make_one_chain(shop: Shop, db: Database) -> None:
    await shop.posted("receipt", line(await shop.item("C"), "1", "1"))
    heads = await asyncio.gather(*(seal(db, shop.principal.tenant_id) for _ in range(4)))
    assert len(set(heads)) == 1


_STOCK = {"entry", "layer_entry", "layer", "period_balance", "period_pool", "balance", "pool"}
GROWING = _STOCK | {"document", "document_line", "command"}


def _pairs(plan: dict[str, Any]) -> list[list[set[str]]]:
    """Of each nested loop in a plan, the growing tables on either side."""
    found = [pair for inner in plan.get("Plans", ()) for pair in _pairs(inner)]
    if plan["Node Type"] == "Nested Loop":
        found.append([_read(side) & GROWING for side in plan["Plans"]])
    return found


def _read(plan: dict[str, Any]) -> set[str]:
    below = (_read(inner) for inner in plan.get("Plans", ()))
    return {plan.get("Relation Name", "")}.union(*below)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)
async def test_no_invariant_walks_the_pairs_of_two_growing_tables(
    db: Database, invariant: Invariant
) -> None:
    """After a bulk, by statistics of before it, such a loop met the limit of 30 s at 60,000 lines."""
    shop = await Shop.open(db)
    async with db.snapshot(shop.principal.tenant_id) as tx:
        await rows(tx, PLANNING)
        [[[explained]]] = await rows(tx, f"EXPLAIN (FORMAT JSON) {invariant.sql}")
    assert [pair for pair in _pairs(explained["Plan"]) if all(pair)] == []
