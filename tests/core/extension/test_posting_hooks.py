"""What plugins decide and write with a posting, and what it does to the books when they fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core.db.database import Database, Transaction
from core.db.metadata import Number, Uuid
from core.documents.records import LineDraft
from core.documents.types import DocumentType, Effect
from core.errors import LIMIT_EXCEEDED, Refusal
from core.extension import containment
from core.extension.observers import Observers
from core.extension.plugin_tables import Tables
from core.extension.records import Offer, Posted, Posting, Reads, Work, Write
from core.ids import NIL
from core.ledger.verify import release, verify
from tests.core.extension.making import installed, migrated, plugin, switch_on
from tests.ledger_world import World

tables = Tables("testing")
moved = tables.table(
    "moved",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("note", sa.Text),
    tables.key("lot_id", to="lot"),
    sa.CheckConstraint("quantity <> 77", name="not_that_many"),
)


def posting_reads() -> Sequence[Reads]:
    return [Reads(moved, "lot_id")]


def allocate(posting: Posting, offers: Sequence[Offer]) -> list[Offer]:
    """Last in, first out; nothing of a lot called BAD."""
    codes = {offer: posting.view.lot(offer.lot_id) for offer in offers}
    good = [o for o in offers if (lot := codes[o]) is None or lot.code != "BAD"]
    return good[::-1]


def check_posting(posting: Posting) -> Iterator[Refusal]:
    for index, line in enumerate(posting.document.lines):
        if line.base_quantity > 90:
            yield Refusal(
                LIMIT_EXCEEDED, ("lines", index, "quantity"), {"field": "quantity", "limit": 90}
            )


def posting_rows(posting: Posting) -> Iterator[Write]:
    totals: dict[Any, Decimal] = {}
    for movement in posting.movements:
        if movement.lot_id != NIL:
            known = posting.view.row(moved, lot_id=movement.lot_id)
            before = totals.get(movement.lot_id, known["quantity"] if known else Decimal(0))
            sign = -1 if posting.reverses else 1
            totals[movement.lot_id] = before + sign * movement.quantity
    for lot_id, quantity in totals.items():
        lot = posting.view.lot(lot_id)
        assert lot is not None
        yield Write(moved, {"lot_id": lot_id, "item_id": lot.item_id, "quantity": quantity})


def document_types() -> list[DocumentType]:
    return [DocumentType("testing_gift", Effect.ISSUE, "GF", "Gift", "赠品", account="other")]


HOOKS = (posting_reads, allocate, check_posting, posting_rows, document_types)


@pytest.fixture(scope="module")
def own_tables(owner_url: str) -> Iterator[None]:
    with migrated(owner_url, tables):
        yield


@pytest.fixture
async def world(db: Database, own_tables: None) -> AsyncIterator[World]:
    """A tenant with the module switched on; its books must tally in the end."""
    with installed(plugin("testing", *HOOKS, tables=tables)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        await world.item("A")
        yield world
        await world.tallies()


async def quantities(world: World) -> dict[str, Decimal]:
    found = await world.rows(
        "SELECT l.code, m.quantity FROM testing_moved m"
        " JOIN lot l ON l.tenant_id = m.tenant_id AND l.id = m.lot_id ORDER BY 1"
    )
    return dict(found)


async def refusals(world: World, type_: str, *lines: LineDraft, **head: Any) -> list[Refusal]:
    verdict = await world.try_(type_, *lines, **head)
    return list(verdict.refusals)


async def test_a_plugin_orders_what_is_taken_and_keeps_rows_of_its_own(world: World) -> None:
    for lot in ("L1", "L2", "BAD"):
        await world.posted("receipt", world.line("A", 5, "2", lot_code=lot))
    await world.posted("issue", world.line("A", 6), on=2)
    assert await quantities(world) == {"BAD": 5, "L1": 6, "L2": 10}
    assert await world.refused("issue", world.line("A", 5), on=2) == ["OUT_OF_STOCK"]
    await world.posted("issue", world.line("A", 4), on=2)
    await world.posted("issue", world.line("A", 5, lot_code="BAD"), on=2)  # named, so not chosen
    assert await quantities(world) == {"BAD": 10, "L1": 10, "L2": 10}


async def test_documents_of_one_batch_see_each_others_rows(world: World) -> None:
    lines = [world.line("A", n, "2", lot_code="L1") for n in (1, 2, 3)]
    await world.many(*(world.draft("receipt", line) for line in lines))
    assert await quantities(world) == {"L1": 6}


async def test_a_reversal_takes_back_what_its_document_wrote(world: World) -> None:
    await world.posted("receipt", world.line("A", 5, "2", lot_code="L1"))
    second = await world.posted("receipt", world.line("A", 3, "2", lot_code="L1"))
    await world.undone(second)
    assert await quantities(world) == {"L1": 5}


async def test_a_count_moves_the_difference_and_its_reversal_gives_it_back(world: World) -> None:
    await world.posted("receipt", world.line("A", 5, "2", lot_code="L1"))
    count = await world.posted("count", world.line("A", 3, lot_code="L1"), on=2)
    assert await quantities(world) == {"L1": 5 + 2}
    await world.undone(count)
    assert await quantities(world) == {"L1": 5}


async def test_late_news_is_checked_and_written_too(world: World) -> None:
    await world.posted("receipt", world.line("A", 5, "2", lot_code="L1"), on=5)
    await world.posted("receipt", world.line("A", 3, "2", lot_code="L1"), on=2)
    assert await quantities(world) == {"L1": 8}
    assert await world.refused("receipt", world.line("A", 91, "2"), on=1) == [LIMIT_EXCEEDED]


async def test_a_refusal_names_the_line_and_leaves_nothing(world: World) -> None:
    line, more = world.line("A", 1, "2", lot_code="L1"), world.line("A", 91, "2", lot_code="L1")
    [refusal] = await refusals(world, "receipt", line, more)
    assert (refusal.code, refusal.path) == (LIMIT_EXCEEDED, ("lines", 1, "quantity"))
    assert await world.refused("sales_order", world.line("A", 91)) == [LIMIT_EXCEEDED]
    assert await quantities(world) == {}


async def test_a_constraint_of_the_plugin_refuses_in_its_name(world: World) -> None:
    [refusal] = await refusals(world, "receipt", world.line("A", 77, "2", lot_code="L1"))
    assert (refusal.code, refusal.details["module"]) == ("MODULE_FAILED", "testing")
    await world.posted("receipt", world.line("A", 8, "2", lot_code="L1"))


async def test_a_document_type_is_there_where_the_module_is(world: World, db: Database) -> None:
    await world.posted("receipt", world.line("A", 5, "2"))
    await world.posted("testing_gift", world.line("A", 1))
    other = await World.open(db)
    await other.item("A")
    assert await other.refused("testing_gift", other.line("A", 1)) == ["UNKNOWN_DOCUMENT_TYPE"]


def raising(fault: BaseException) -> Callable[..., Any]:
    def behave(posting: Posting) -> Any:
        raise fault

    return behave


def hangs(posting: Posting) -> Any:
    time.sleep(30)


def spins(posting: Posting) -> Any:
    while True:
        pass


def endless(posting: Posting) -> Iterator[Any]:
    while True:
        yield Refusal(LIMIT_EXCEEDED)


def writes(*rows: dict[str, Any], table: sa.Table = moved) -> Callable[..., Any]:
    def behave(posting: Posting) -> Any:
        return [Write(table, row) for row in rows]

    return behave


def chooses(change: Callable[[Sequence[Offer]], Any]) -> Callable[..., Any]:
    def behave(offers: Sequence[Offer]) -> Any:
        return change(offers)

    return behave


FOREIGN = Tables("foreign").table("row", sa.Column("id", Uuid, primary_key=True))
BEHAVIOURS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{hook} {what}": (hook, behave)
    for hook in ("check_posting", "posting_rows")
    for what, behave in {
        "raises": raising(RuntimeError("no")),
        "exits": raising(SystemExit(1)),
        "interrupts": raising(KeyboardInterrupt()),
        "is cancelled": raising(asyncio.CancelledError()),
        "hangs": hangs,
        "spins": spins,
        "answers a number": lambda posting: 5,
        "answers text": lambda posting: "x" * 1_000_000,
        "answers without end": endless,
    }.items()
} | {
    "a foreign table": ("posting_rows", writes({"id": NIL}, table=FOREIGN)),
    "no key": ("posting_rows", writes({"quantity": Decimal(1)})),
    "a tenant": ("posting_rows", writes({"tenant_id": NIL, "lot_id": NIL})),
    "no such column": ("posting_rows", writes({"lot_id": NIL, "size": "L"})),
    "a float": ("posting_rows", writes({"lot_id": NIL, "item_id": NIL, "quantity": 1.5})),
    "not a number": ("posting_rows", writes({"lot_id": NIL, "quantity": Decimal("NaN")})),
    "NUL": ("posting_rows", writes({"lot_id": NIL, "note": "a\0b"})),
    "half a character": ("posting_rows", writes({"lot_id": NIL, "note": "\ud800"})),
    "no such lot": (
        "posting_rows",
        writes({"lot_id": NIL, "item_id": NIL, "quantity": Decimal(1)}),
    ),
    "nothing where something must be": ("posting_rows", writes({"lot_id": NIL, "quantity": None})),
    "an offer twice": ("allocate", chooses(lambda offers: [offers[0], offers[0]])),
    "an offer of its own": (
        "allocate",
        chooses(lambda offers: [replace(offers[0], free=offers[0].free + 1)]),
    ),
    "offers that are none": ("allocate", chooses(lambda offers: [None])),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_whatever_a_plugin_does_the_ledger_is_whole(
    behaviour: str, db: Database, own_tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containment, "HOOK_SECONDS", 0.2)
    monkeypatch.setattr(containment, "MAX_ANSWERS", 1000)
    name, behave = BEHAVIOURS[behaviour]
    behave.__name__ = name
    with installed(plugin("testing", behave, tables=tables), plugin("wellbehaved", check_posting)):
        world, other = await World.open(db), await World.open(db)
        for one in (world, other):
            await one.item("A")
            await one.posted("receipt", one.line("A", 9, "2", lot_code="L1"))
        await switch_on(db, world.principal, "testing")
        await switch_on(db, other.principal, "wellbehaved")
        began = time.monotonic()
        [refusal] = await refusals(world, "issue", world.line("A", 1), on=2)
        assert (refusal.code, refusal.details["module"]) == ("MODULE_FAILED", "testing")
        assert time.monotonic() - began < 5
        assert await world.on_hand("A") == 9
        await other.posted("issue", other.line("A", 1), on=2)
        await world.tallies()
        await other.tallies()


async def test_observers_hear_what_was_posted_and_a_bad_one_is_switched_off(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def posted(work: Work, postings: Sequence[Posted]) -> None:
        heard.extend(f"{one.type_code} {one.state}" for one in postings)
        if len(heard) > 1:
            raise RuntimeError("no")

    with installed(plugin("testing", posted)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        world.principal = replace(world.principal, modules=frozenset({"testing"}))
        await world.item("A")
        for n in range(8):
            await world.posted("receipt", world.line("A", n + 1, "2"))
            await db.companion(Observers).settle()
        assert heard == ["receipt posted"] * 6  # one was heard, five failed
        [[details]] = await world.rows(
            "SELECT details FROM audit WHERE action = 'module.observer_off'"
        )
        assert details == {"module": "testing", "failures": 5}
        await world.tallies()


@pytest.mark.parametrize("fails", [False, True])
async def test_verification_asks_modules_for_their_own_rows(db: Database, fails: bool) -> None:
    async def differences(tx: Transaction) -> list[str]:
        if fails:
            raise RuntimeError("no")
        return ["one row too many"]

    with installed(plugin("testing", differences)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        [told] = await verify(db, world.principal.tenant_id)
        assert told.startswith(
            "testing: The module testing failed" if fails else "testing: one row"
        )
        await world.item("A")
        await world.posted("receipt", world.line("A", 1, "2"))  # which halts nobody
        assert await release(db, world.principal) == []  # and keeps nobody halted


async def test_rows_of_what_is_gone_are_known_where_it_is_named(
    db: Database, own_tables: None
) -> None:
    seen: list[set[Decimal]] = []

    def check_posting(posting: Posting) -> list[Refusal]:
        seen.append({row["quantity"] for row in posting.view.rows(moved)})
        return []

    with installed(plugin("testing", posting_reads, check_posting, posting_rows, tables=tables)):
        world = await World.open(db)
        await switch_on(db, world.principal, "testing")
        await world.item("A")
        for n in (1, 2, 3):
            await world.posted("receipt", world.line("A", n, "2", lot_code=f"L{n}"))
            await world.posted("issue", world.line("A", n, lot_code=f"L{n}"))
        await world.posted("receipt", world.line("A", 5, "2", lot_code="L5"))
        await world.posted("issue", world.line("A", 1))
        await world.posted("gain", world.line("A", 1, lot_code="L2"))
        assert seen[-2:] == [{5}, {4, 6}]  # of L2 two came and two went
        assert await quantities(world) == {"L1": 2, "L2": 5, "L3": 6, "L5": 6}
