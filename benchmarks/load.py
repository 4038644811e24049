"""The load generator, a process of its own: so many clients, each with one connection and one request
at a time, until the time is over. ``python -m benchmarks.load PLAN`` prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.requests import Kind, Request, maker
from benchmarks.sizes import SEED
from benchmarks.world import World

_END = b"\r\n\r\n"
_REFUSED = b'"errors":[{'
_GRACE_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Plan:
    """Who asks what, where, and for how long."""

    url: str
    world: str
    kind: Kind
    many: bool
    clients: int
    warm_up: float
    seconds: float
    salt: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered. ``total`` and ``mean`` are of all answers, warm-up and stragglers too: that many
    documents must be in the books.
    Times are seconds; ``cpu`` is the generator's own."""

    total: int
    counted: int
    seconds: float
    p50: float
    p99: float
    mean: float
    cpu: float
    faults: list[str]

    @property
    def rate(self) -> float:
        return self.counted / self.seconds


def run(plan: Plan) -> Load:
    """Run a plan in a process of its own. Raises RuntimeError where an answer was not what it must be."""
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(plan))]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
    load = Load(**json.loads(done.stdout))
    if load.faults:
        raise RuntimeError(f"{len(load.faults)} faults, the first: {load.faults[0]}")
    return load


def percentile(sorted_times: list[float], share: float) -> float:
    """The time within which this share of all was answered."""
    if not sorted_times:
        return 0.0
    return sorted_times[min(len(sorted_times) - 1, int(share * len(sorted_times)))]


@dataclass
class Tally:
    """What all clients of the process saw. Only answers between ``start`` and ``end`` are counted."""

    start: float
    end: float
    total: int = 0
    spent: float = 0.0
    times: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection that is kept, with one request under way."""

    def __init__(self, request: Request, tally: Tally, done: Callable[[], None]) -> None:
        self._request = request
        self._tally = tally
        self._done = done
        self._buffer = bytearray()
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, not a subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._buffer) < end + len(_END) + length:
            return
        self._answered(head, self._buffer)
        self._buffer = bytearray()
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._fault(f"the connection was lost: {error}")
        self._done()

    def _answered(self, head: bytes, answer: bytearray) -> None:
        now = time.perf_counter()
        tally = self._tally
        if b" 200 " not in head[:16] or _REFUSED in answer:
            self._fault(answer.decode(errors="replace"))
            return
        tally.total += 1
        tally.spent += now - self._sent
        if tally.start <= now <= tally.end:
            tally.times.append(now - self._sent)

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        if self._sent < self._tally.end and not self._tally.faults:
            self._transport.write(self._request())
        else:
            self._done()

    def _fault(self, what: str) -> None:
        if time.perf_counter() < self._tally.end:
            self._tally.faults.append(what)


async def _drive(plan: Plan, world: World) -> Load:
    loop = asyncio.get_running_loop()
    busy = time.process_time()
    start = time.perf_counter() + plan.warm_up
    tally = Tally(start, start + plan.seconds)
    shops = world.many if plan.many else [world.one]
    parts = urlsplit(plan.url)
    assert parts.hostname
    assert parts.port
    waiting = []
    for number in range(plan.clients):
        chance = random.Random(SEED + 1000 * plan.salt + number)
        request = maker(plan.kind, plan.url, shops[number % len(shops)], chance)
        done = loop.create_future()
        waiting.append(done)

        def client(request: Request = request, done: asyncio.Future[None] = done) -> Client:
            return Client(request, tally, lambda: None if done.done() else done.set_result(None))

        await loop.create_connection(client, parts.hostname, parts.port)
    async with asyncio.timeout(plan.warm_up + plan.seconds + _GRACE_SECONDS):
        await asyncio.gather(*waiting)
    busy = time.process_time() - busy
    times = sorted(tally.times)
    return Load(
        total=tally.total,
        counted=len(times),
        seconds=plan.seconds,
        p50=percentile(times, 0.5),
        p99=percentile(times, 0.99),
        mean=tally.spent / max(1, tally.total),
        cpu=busy,
        faults=tally.faults,
    )


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    world = World.read(Path(plan.world))
    gc.disable()  # a pause of the generator would be booked as one of the server
    print(json.dumps(asdict(uvloop.run(_drive(plan, world)))))


if __name__ == "__main__":
    main()
