"""The locks are really taken (G12): what the server sent is read in the log of the database, for every
service that writes the ledger and every type of document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.documents.lifecycle import Event
from core.ledger.verify import verify
from schema.compose import core_schema
from schema.protect import facts_of
from tests.races import mutations
from tests.races.crowd import Crowd, Json
from tests.races.locking import faults, locks, writes
from tests.races.plays import EVENTS, OWN_TYPES, PLAYS, of_type, stocked
from tests.races.statements import Log, Sent, parsed, recorded
from tests.serving import RunningServer


@pytest.fixture(scope="module")
async def desk(served: RunningServer, books: Database) -> AsyncIterator[Crowd]:
    """One client of one tenant for all plays, whose books must tally when they are over."""
    crowd = await Crowd.open(served, books, 2)
    yield crowd
    await crowd.hang_up()
    assert await verify(books, crowd.tenant, deep=True) == []


@pytest.fixture(scope="module")
def log(served: RunningServer) -> Iterator[Log]:
    with recorded(served) as log:
        yield log


def test_every_mutation_of_the_ledger_is_played() -> None:
    """A new one fails here until somebody says how it is asked and what it must lock."""
    root = core_schema()._schema.mutation_type
    assert root is not None
    ledger = {name for name, field in root.fields.items() if facts_of(field).get("ledger")}
    assert len(ledger) >= 12
    assert ledger - {name.partition(",")[0] for name in PLAYS} == set()


def test_every_step_of_a_document_is_played() -> None:
    assert set(EVENTS) == set(Event)
    assert set(EVENTS.values()) <= {*PLAYS, *OWN_TYPES}


@pytest.mark.parametrize("name", PLAYS)
async def test_a_service_locks_before_it_reads_and_writes(desk: Crowd, log: Log, name: str) -> None:
    play = PLAYS[name]
    input_, command = await play.input(desk, await stocked(desk, name))
    payload = await desk.first.does(play.mutation, input_)
    assert payload["errors"] == [], payload
    sent = of_command(log, command)
    assert faults(sent.statements, read_before=play.read_before) == []
    assert locks(sent.statements) >= play.locks


@pytest.mark.parametrize("type_", OWN_TYPES)
async def test_a_document_of_any_type_locks_before_it_reads_and_writes(
    desk: Crowd, log: Log, type_: str
) -> None:
    input_, wanted = await of_type(desk, type_, await stocked(desk, type_))
    payload: Json = await desk.first.does(mutations.POST, input_)
    assert payload["errors"] == [], payload
    sent = of_command(log, input_["commandId"])
    assert faults(sent.statements) == []
    assert locks(sent.statements) >= wanted
    assert "document" in writes(sent.statements)


def of_command(log: Log, command: str) -> Sent:
    """The transaction that remembered this command."""
    (sent,) = (
        sent
        for sent in log.transactions()
        if "command" in writes(sent.statements) and any(command in v for v in sent.values)
    )
    return sent


GUARD = "SELECT item_id FROM item_guard WHERE tenant_id = $1 ORDER BY item_id FOR UPDATE"
DOCUMENT = "SELECT id FROM document WHERE id = ANY($2) ORDER BY id FOR UPDATE"
READ = "SELECT on_hand FROM balance WHERE item_id = ANY($1)"
WRITE = "UPDATE balance b SET on_hand = r.on_hand FROM (SELECT unnest($1::int[])) r"
ENTRY = "INSERT INTO entry (tenant_id, sequence) SELECT * FROM (SELECT unnest($1::int[])) r"
SEQUENCE = "UPDATE tenant_sequence SET posting = posting + 1 RETURNING posting"
STORED = "SELECT state FROM document WHERE id = ANY($1)"
STEP = "UPDATE document SET state = $1"
PERIOD = "INSERT INTO period_balance (tenant_id) SELECT 1"
HOLD = "SELECT item_id FROM hold WHERE id = $1"

SOUND = [
    [DOCUMENT, STORED, GUARD, READ, WRITE, SEQUENCE, STEP, ENTRY, PERIOD],
    [GUARD, READ, WRITE, SEQUENCE, "INSERT INTO document (id) SELECT 1", ENTRY],
    [SEQUENCE, PERIOD],
    [READ.replace("balance", "entry"), GUARD, READ],
]
PLANTED = {
    "no lock": [READ, WRITE],
    "read first": [READ, GUARD, WRITE],
    "written first": [WRITE, GUARD],
    "read by the locking statement": [
        GUARD.replace("item_guard", "item_guard JOIN balance USING (x)")
    ],
    "entries only": [ENTRY],
    "no order": [GUARD.replace("ORDER BY item_id ", "")],
    "another order": [GUARD.replace("item_id FOR", "random() FOR")],
    "documents without order": [DOCUMENT.replace("ORDER BY id ", "")],
    "documents behind guards": [GUARD, DOCUMENT],
    "guards behind the sequence row": [SEQUENCE, GUARD],
    "a step of an unlocked document": [STORED, STEP],
    "a step of a document read before": [STORED, DOCUMENT, STEP],
    "progress of an unlocked document": [GUARD, "INSERT INTO line_progress (no) SELECT 1"],
    "periods without a lock": [PERIOD],
    "holds read first": [HOLD, GUARD, "UPDATE hold SET released_at = now()"],
}


@pytest.mark.parametrize("statements", SOUND)
def test_sound_transactions_have_no_fault(statements: list[str]) -> None:
    assert faults(statements) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str) -> None:
    assert faults(PLANTED[name]) != []


def test_what_may_be_read_before_is_still_locked() -> None:
    release = "UPDATE hold SET released_at = now()"
    assert faults([HOLD, GUARD, release], read_before=frozenset({"hold"})) == []
    assert faults([HOLD, release], read_before=frozenset({"hold"})) != []


def test_the_log_is_read_transaction_by_transaction() -> None:
    log = (
        "2026-03-02 10:00:00 [9] LOG:  checkpoint starting\n"
        "<7 3/12> LOG:  statement: BEGIN\n"
        "<8 4/2> LOG:  execute <unnamed>: SELECT 1\n\tFROM item\n"
        "<7 3/12> LOG:  execute _pg3_1: UPDATE item\n\tSET code = $1\n"
        "<7 3/12> DETAIL:  Parameters: $1 = 'A: B'\n"
        "<7 3/13> LOG:  statement: COMMIT\n"
    )
    found = parsed(log)
    assert found["7", "3/12"] == Sent(
        ["BEGIN", "UPDATE item SET code = $1"], ["Parameters: $1 = 'A: B'"]
    )
    assert found["8", "4/2"].statements == ["SELECT 1 FROM item"]
    assert len(found) == 3
