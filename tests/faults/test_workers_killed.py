"""A worker is killed while it posts (G1): what was acknowledged stays, and its place is taken."""

from __future__ import annotations

import os
import signal
from random import Random
from statistics import median

import pytest

from tests.faults.conftest import House
from tests.faults.load import strike

BACK_SECONDS = 10


@pytest.mark.parametrize(
    ("documents", "kills"),
    [(400, 4), pytest.param(10_000, 20, marks=pytest.mark.slow)],
)
async def test_nothing_acknowledged_is_lost_with_a_worker(
    house: House, documents: int, kills: int
) -> None:
    load = await house.load(20261201)
    chosen = Random(load.seed)

    def kill(_: int) -> None:
        os.kill(chosen.choice(house.server.workers()), signal.SIGKILL)

    waited = await strike(load, documents, kills, kill)
    print(f"back after {median(waited):.2f} s, worst {max(waited):.2f} s; {load.codes()}")
    await house.judge(load)
    assert load.codes()["transport"] > 0, "no client noticed: the kills hit nobody"
    assert max(waited) < BACK_SECONDS
