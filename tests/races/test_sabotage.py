"""The testers tested: a server whose locks were taken away must fail the tests of races, or they prove
nothing about the one that has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.db.database import Database
from core.ledger.verify import verify
from tests.races.conftest import WORKERS
from tests.races.crowd import CLIENTS, Crowd, line
from tests.races.deadlocks import deadlocks
from tests.races.history import anomalies
from tests.races.sabotage.sitecustomize import VARIABLE
from tests.races.test_hot_items import Traders
from tests.races.test_oversell import sell_the_last
from tests.races.witnesses import Witnesses
from tests.serving import running_server

pytestmark = pytest.mark.slow

ROUNDS = 10
SLICES = 20
OPERATIONS, WITNESSES = 200, 8
TRADERS = 8
"""Fewer go together in one transaction of each process, and their transactions do not meet; more
deadlock again and again until their time is up."""


async def test_without_the_lock_the_last_unit_is_sold_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with sabotaged(monkeypatch, "lock") as crowd:
        with pytest.raises(AssertionError, match="round"):
            await sell_the_last(crowd, ROUNDS)
        assert await verify(crowd.database, crowd.tenant)


async def test_without_the_order_there_are_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sabotaged(monkeypatch, "order") as crowd:
        for client in crowd.clients:
            client.left_open |= {"DEADLINE_EXCEEDED"}
        traders = await Traders(crowd).open()
        before = deadlocks(crowd.server)
        after = before
        for _ in range(SLICES):
            await traders.trade(1, late=True, traders=TRADERS)
            after = deadlocks(crowd.server)
            if after.logged > before.logged:
                break
        print(f"{after.logged - before.logged} deadlocks, {dict(traders.outcomes)}")
        assert after.logged > before.logged
        # Whoever loses is rolled back and decided anew: the books hold even so.
        assert await verify(crowd.database, crowd.tenant) == []


async def test_without_the_lock_a_history_has_anomalies(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sabotaged(monkeypatch, "lock") as crowd:
        witnesses = await Witnesses(crowd).open()
        await witnesses.witness(OPERATIONS, WITNESSES)
        kinds = Counter(anomaly.kind for anomaly in anomalies(await witnesses.history()))
        print(kinds)
        assert kinds["lost update"]
        assert kinds["dirty read"]


async def test_processes_that_start_slowly_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy: each process needs longer than its supervisor used to wait."""
    async with sabotaged(monkeypatch, "time") as crowd:
        await crowd.posted("receipt", line(await crowd.item("LATE"), 1, 3))
        assert "died" not in crowd.server.log.read_text("utf-8", "replace")


@asynccontextmanager
async def sabotaged(monkeypatch: pytest.MonkeyPatch, kind: str) -> AsyncIterator[Crowd]:
    """A crowd at a server of two processes that lacks this."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "sabotage"))
    monkeypatch.setenv(VARIABLE, kind)
    with running_server(workers=WORKERS) as server:
        database = Database.connect(server.address.app_url, pool_size=2)
        crowd = await Crowd.open(server, database, CLIENTS)
        try:
            yield crowd
        finally:
            await crowd.hang_up()
            await database.close()
