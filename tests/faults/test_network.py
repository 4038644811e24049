"""Bad networks (G5), between clients and server and between server and database: whatever the weather,
what was acknowledged is in the books, and no request outlives its deadline by more than a second."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from _pytest.mark import ParameterSet

from schema.limits import POSTING_SECONDS
from tests.faults.conftest import Behind
from tests.faults.load import Load
from tests.faults.proxy import Proxy, Weather

WEATHERS = {
    "latency": Weather(delay=(0.1, 0.3)),
    "narrow": Weather(rate=64 * 1024),
    "one byte at a time": Weather(piece=1),
    "reset": Weather(reset_after=30_000),
    "closed": Weather(reset_after=30_000, closes=True),
    "half open": Weather(deaf=frozenset({"down"})),
    "black hole": Weather(deaf=frozenset({"up", "down"})),
    "stalls": Weather(stalls=0.05),
    "down": Weather(refuses=True),
}
ENDLESS = POSTING_SECONDS + 3
"""Seconds of a weather in which nothing is answered: every request must be given up by itself."""
SHORT, SILENT = 2, ("half open", "black hole")
ROUNDS = 20
SMALL = 4_000
"""Bytes until a client's connection is reset: two or three requests. The database's carries more."""


def _cases(fast: Iterable[str]) -> list[ParameterSet]:
    """Each weather: once in the ordinary suite if it is among ``fast``, and often in the full one."""
    often = [
        pytest.param(name, 4 if name in SILENT else ROUNDS, marks=pytest.mark.slow)
        for name in WEATHERS
    ]
    return [pytest.param(name, 1) for name in fast] + often


@pytest.mark.parametrize(("name", "rounds"), _cases(["one byte at a time", "reset", "black hole"]))
async def test_between_server_and_database(behind: Behind, name: str, rounds: int) -> None:
    load = await behind.load(20261208)
    await _weather(load, behind.proxy, name, ENDLESS if name in SILENT else SHORT, rounds)
    await behind.judge(load)
    assert load.slowest() < POSTING_SECONDS + 1
    if name in (*SILENT, "down"):
        assert set(load.codes()) & {"UNAVAILABLE", "DEADLINE_EXCEEDED"}, "nobody noticed"


@pytest.mark.parametrize(("name", "rounds"), _cases(["half open"]))
async def test_between_client_and_server(behind: Behind, name: str, rounds: int) -> None:
    load = await behind.load(20261209)
    load.patience = 3  # seconds; the server's deadline is no help where its answer does not arrive
    port = int(load.url.split(":")[2].split("/")[0])
    with Proxy(port, seed=load.seed) as proxy:
        load.url = load.url.replace(f":{port}/", f":{proxy.port}/")
        await _weather(load, proxy, name, 5 if name in SILENT else SHORT, rounds, SMALL)
    await behind.judge(load)
    if name in ("reset", "closed", "down", *SILENT):
        assert load.codes()["transport"], "nobody noticed"


async def _weather(
    load: Load, proxy: Proxy, name: str, seconds: float, rounds: int, reset_after: int = 30_000
) -> None:
    """Post all the while: in fair weather, then in bad, in turn, and at last in fair."""
    weather = WEATHERS[name]
    if weather.reset_after:
        weather = replace(weather, reset_after=reset_after)
    over = asyncio.Event()
    posting = asyncio.ensure_future(load.run(over))
    for _ in range(rounds):
        await load.reached(load.acknowledged + 5)
        proxy.weather = weather
        await asyncio.sleep(seconds + proxy.random.random())
        proxy.heal()
    await load.reached(load.acknowledged + 5)
    over.set()
    await posting
    print(f"{name}: slowest {load.slowest():.2f} s; {load.codes()}")
