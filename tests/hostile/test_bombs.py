"""What is made to be expensive is refused before it costs anything, and others are served meanwhile.

The server is one real process, so that what it spends is what the request cost: processor time of all
its threads, not time by the clock, which a busy machine stretches.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.hostile.bombs import BOMBS, MIB, Bomb
from tests.serving import RunningServer, running_server

CPU_SECONDS = 0.050
MEMORY = 50 * MIB
TRIES = 5
_VARIATION = count(1)

SPEC = "application/graphql-response+json"
QUERY = {"query": "{ items(first: 20) { nodes { code name } } }"}


@dataclass(frozen=True, slots=True)
class Target:
    """The server under attack, and a token of somebody who may sign in."""

    server: RunningServer
    token: str
    memory_before: int = 0

    def send(self, client: httpx.Client, bomb: Bomb) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": SPEC,
            "Content-Type": "application/json",
            **bomb.headers,
        }
        return client.post(self.server.url, content=bomb.body, headers=headers)

    def cpu_seconds(self) -> float:
        """What all threads of the server have spent so far, to the nanosecond."""
        tasks = Path(f"/proc/{self.server.process}/task").iterdir()
        return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks) / 1e9

    def memory(self, figure: str) -> int:
        """Bytes: VmRSS now, or VmHWM at its highest since :meth:`forget`."""
        status = Path(f"/proc/{self.server.process}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(figure))
        return int(line.split()[1]) * 1024

    def forget(self) -> None:
        """Begin the highest figure anew."""
        Path(f"/proc/{self.server.process}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with running_server(workers=1) as server:
        target = Target(server, server.new_tenant("bombs"))
        with httpx.Client(timeout=30) as client:
            # Warm: what is imported and compiled once is not the cost of a request.
            ordinary = Bomb(json.dumps(QUERY).encode(), frozenset())
            assert target.send(client, ordinary).status_code == 200
            target = replace(target, memory_before=target.memory("VmRSS"))
            for make in BOMBS.values():
                target.send(client, make(next(_VARIATION)))
        yield target


@pytest.mark.parametrize("name", BOMBS)
def test_is_refused_for_nothing(target: Target, name: str) -> None:
    spent, grown = [], []
    with httpx.Client(timeout=30) as client:
        for _ in range(TRIES):
            bomb = BOMBS[name](next(_VARIATION))
            target.forget()
            started = target.cpu_seconds()
            response = target.send(client, bomb)
            spent.append(target.cpu_seconds() - started)
            # Over what it held before the first of all bombs: what earlier ones left counts too.
            grown.append(target.memory("VmHWM") - target.memory_before)
            assert 400 <= response.status_code < 500, response.text
            [code] = {error["extensions"]["code"] for error in response.json()["errors"]}
            assert code in bomb.codes
            assert len(response.content) < 5000
    print(f"{name}: {min(spent) * 1000:.1f} ms, {min(grown) / MIB:.1f} MB")
    assert min(spent) <= CPU_SECONDS
    assert min(grown) <= MEMORY


async def test_others_are_served_meanwhile(target: Target) -> None:
    token = await asyncio.to_thread(target.server.new_tenant, "others")
    headers = {"Authorization": f"Bearer {token}"}
    waits: list[float] = []
    over = asyncio.Event()

    async def others() -> None:
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            while not over.is_set():
                started = time.monotonic()
                answer = await client.post(target.server.url, json=QUERY)
                waits.append(time.monotonic() - started)
                assert answer.json() == {"data": {"items": {"nodes": []}}}

    async with asyncio.TaskGroup() as group:
        group.create_task(others())
        await asyncio.to_thread(_attack, target)
        over.set()
    waits.sort()
    print(f"{len(waits)} others, median {waits[len(waits) // 2] * 1000:.0f} ms, "
          f"99 % within {waits[int(len(waits) * 0.99)] * 1000:.0f} ms")  # fmt: skip
    assert len(waits) > len(BOMBS)


def _attack(target: Target) -> None:
    with httpx.Client(timeout=30) as client:
        for _ in range(3):
            for make in BOMBS.values():
                assert target.send(client, make(next(_VARIATION))).status_code < 500
