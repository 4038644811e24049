"""PostgreSQL is killed while documents are posted (G2): one backend, or the server with all of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from statistics import median

import pytest

from core.db.cluster import Cluster
from tests.faults.conftest import House
from tests.faults.load import strike

BACK_SECONDS = 10


@pytest.mark.parametrize(
    ("documents", "kills"),
    [(300, 3), pytest.param(10_000, 20, marks=pytest.mark.slow)],
)
async def test_nothing_acknowledged_is_lost_with_the_database(
    house: House, documents: int, kills: int
) -> None:
    load = await house.load(20261202)
    chosen = Random(load.seed)
    embedded = house.server.address.embedded
    assert embedded is not None
    cluster = embedded.cluster

    def kill(n: int) -> None:
        if n % 2:
            for process in [_postmaster(cluster), *_children(cluster)]:
                _kill(process)
        else:
            _kill(chosen.choice(list(_backends(cluster))))

    waited = await strike(load, documents, kills, kill)
    print(f"back after {median(waited):.2f} s, worst {max(waited):.2f} s; {load.codes()}")
    print(f"one backend: {waited[::2]}, the whole server: {waited[1::2]}")
    await house.judge(load)
    assert load.codes()["UNAVAILABLE"] > 0, "no client noticed: the kills hit nobody"
    assert max(waited) < BACK_SECONDS


def _postmaster(cluster: Cluster) -> int:
    pid = cluster.postmaster()
    assert pid is not None
    return pid


def _children(cluster: Cluster) -> Iterator[int]:
    pid = _postmaster(cluster)
    yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _backends(cluster: Cluster) -> Iterator[int]:
    """Those that serve a client of ours."""
    for child in _children(cluster):
        if b"tallybook_app" in Path(f"/proc/{child}/cmdline").read_bytes():
            yield child


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):  # it went with another that was killed
        os.kill(process, signal.SIGKILL)
