"""The verdict finds what it is there to find: each fault is planted, and each must be told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.ids import uuid7
from core.ledger.verify import verify
from tests.faults import verdict
from tests.faults.conftest import House
from tests.faults.load import Load, Paper
from tests.faults.verdict import faults_in, judge


@pytest.fixture
async def load(house: House) -> Load:
    """Some documents, all in order."""
    load = await house.load(20261210)
    await load.run(6)
    await house.judge(load)
    return load


def _lost(load: Load) -> None:
    load.papers.append(Paper(uuid7(), uuid7(), "receipt", ((0, 0),), number="X-1"))


def _undecided(load: Load) -> None:
    load.papers.append(Paper(uuid7(), uuid7(), "receipt", ((0, 0),)))


def _nobodys(load: Load) -> None:
    load.papers.pop()


def _miscounted(load: Load) -> None:
    load.papers[0].lines = ((0, 10_000),)


def _heard(load: Load) -> None:
    load.wrong.append("500: Internal Server Error")


async def test_what_clients_know_differs(house: House, load: Load) -> None:
    for plant, told in (
        (_lost, "was acknowledged and is lost"),
        (_undecided, "has no outcome"),
        (_nobodys, "was sent by nobody"),
        (_miscounted, "balance says"),
        (_heard, "heard 500"),
    ):
        papers = [replace(paper) for paper in load.papers]
        other = replace(load, papers=papers, wrong=[])
        plant(other)
        await _is_told(house, other, told)
    await house.judge(load)


FORGERIES = {
    "DELETE FROM document_line WHERE no = 3 AND tenant_id = %s": "is not whole",
    "UPDATE entry SET value = value + 1 WHERE tenant_id = %s": "values of a document",
    "UPDATE command SET outcome = '{}' WHERE tenant_id = %s": "its command leads to None",
    "UPDATE balance SET on_hand = on_hand + 1 WHERE tenant_id = %s": "balance says",
    "UPDATE document SET remark = 'forged' WHERE tenant_id = %s": "chain:",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_the_books_differ(house: House, forgery: str) -> None:
    load = await house.load(20261211)
    await load.run(2)
    await house.judge(load)  # and seal
    async with await _superuser(house) as forger:
        await forger.execute("SET session_replication_role = replica")
        done = await forger.execute(forgery.encode(), (load.world.principal.tenant_id,))
        assert done.rowcount > 0
    await _is_told(house, load, FORGERIES[forgery])


async def test_a_transaction_is_left_open(
    house: House, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "QUIET_SECONDS", 1)
    async with await _superuser(house) as idle:
        await idle.execute("SELECT 1")
        await _is_told(house, load, "is idle in transaction since")
    assert await verify(house.db, load.world.principal.tenant_id) == []


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "unexpected error", "level": "error", "exception": "ValueError"}',
        "Traceback (most recent call last):",
        "ERROR:    Exception in ASGI application",
    ],
)
def test_the_log_tells_of_a_fault(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text('{"event": "database unavailable", "level": "warning"}\nINFO:  started\n')
    assert list(faults_in(log)) == []
    log.write_text(f"{log.read_text()}{line}\n")
    assert len(list(faults_in(log))) == 1


async def _is_told(house: House, load: Load, told: str) -> None:
    found = await judge(load, house.db, house.superuser_url, house.server.log)
    assert [problem for problem in found if told in problem], found


async def _superuser(house: House) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(house.superuser_url)
