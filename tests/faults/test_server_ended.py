"""The whole server ends, in good order or not, and is started again in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from core.db.config import DatabaseAddress
from core.db.database import Database
from core.db.embedded import SUPERUSER
from server.cli_data import database_of
from tests.faults.conftest import WORKERS, Behind
from tests.faults.load import Load
from tests.faults.proxy import Weather
from tests.faults.verdict import judge
from tests.serving import RunningServer, running_server, serving

ENDS_SECONDS = 15


class Place:
    """A data folder and a port; servers come and go there."""

    def __init__(self, data: Path, address: DatabaseAddress) -> None:
        self.data, self.address, self.port = data, address, 0
        self.stack = ExitStack()

    def start(self) -> RunningServer:
        server = self.stack.enter_context(serving(self.data, self.address, WORKERS, self.port))
        self.port = int(server.url.split(":")[2].split("/")[0])
        return server


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory(prefix="tallybook-serving-") as folder:
        data = Path(folder)
        with database_of(data) as address:
            place = Place(data, address)
            yield place
            await asyncio.to_thread(place.stack.close)


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_that_ends_under_load_is_replaced(
    place: Place, how: signal.Signals, rounds: int
) -> None:
    """SIGKILL takes the supervisor alone: its workers end by themselves and leave the port."""
    server = await asyncio.to_thread(place.start)
    assert place.address.embedded
    db = Database.connect(place.address.app_url, pool_size=2)
    load = await Load.open(server.url, db, 20261206)
    random = Random(load.seed)
    ended, back = [], []
    over = asyncio.Event()
    writing = asyncio.ensure_future(load.run(over))
    for _ in range(rounds):
        await load.reached(load.acknowledged + random.randint(20, 60))
        workers, began = server.workers(), time.monotonic()
        assert len(workers) == WORKERS
        os.kill(server.process, how)
        await _gone([server.process, *workers])
        ended.append(time.monotonic() - began)
        server = await asyncio.to_thread(place.start)
        back.append(await load.success_after(began))
    over.set()
    await writing
    print(f"{how.name}: ended after {ended}, back after {back}; {load.codes()}")
    superuser_url = place.address.embedded.url(SUPERUSER)
    assert await judge(load, db, superuser_url, server.log) == []
    await db.close()
    assert load.codes()["transport"] > 0, "no client noticed"


SLOWLY = """
import sys, time
if any("spawn_main" in word for word in sys.orig_argv):
    time.sleep(7)
"""


def test_workers_that_start_slowly_are_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine imports take long; uvicorn's usual patience is five seconds."""
    (tmp_path / "sitecustomize.py").write_text(SLOWLY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running_server(WORKERS) as server:
        assert " died" not in server.log.read_text()


async def test_workers_that_start_during_an_outage_serve_when_it_is_over(behind: Behind) -> None:
    """They must not fail: uvicorn stops everything where a worker does not come up."""
    load = await behind.load(20261207)
    await load.run(20)
    behind.proxy.weather = Weather(refuses=True)
    behind.proxy.reset_all()
    for worker in behind.server.workers():
        os.kill(worker, signal.SIGKILL)
    # Twice as often as there are workers: one that had failed would have ended the supervisor.
    until = time.monotonic() + ENDS_SECONDS * 4
    while behind.server.log.read_text().count("waiting for the database") < 4 * WORKERS:
        assert time.monotonic() < until, "no worker waits"
        await asyncio.sleep(0.1)
    assert behind.server.workers() != [behind.server.process], "the supervisor gave up"
    behind.proxy.heal()
    writing = asyncio.ensure_future(load.run(20))
    assert await load.success_after(time.monotonic()) < 10
    await writing
    await behind.judge(load)


async def _gone(processes: list[int]) -> None:
    """Until none of them runs; our own child may remain a zombie until it is waited for."""
    until = time.monotonic() + ENDS_SECONDS
    while any(_runs(process) for process in processes):
        assert time.monotonic() < until, "still running"
        await asyncio.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
