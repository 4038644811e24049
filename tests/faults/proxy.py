"""A proxy that does what bad networks do, and one that cuts a connection around COMMIT.

It runs in a thread of its own, so that a server may be started behind it by blocking calls. Faults are
set from outside while connections live: :attr:`Proxy.weather` for what is wrong with the network,
:attr:`Proxy.on_commit` for what happens to the next commit that passes.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any, Self

from tests.faults.messages import Commits

_CHUNK = 65_536


class Cut(Enum):
    """Where a connection is cut around COMMIT, seen from the server."""

    BEFORE = auto()
    """COMMIT never arrives."""
    SENT = auto()
    """COMMIT is passed on and nothing is waited for: it may arrive or not."""
    ANSWERED = auto()
    """The server has committed and said so; the answer is thrown away."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What is wrong with the network. Times in seconds, sizes in bytes."""

    delay: tuple[float, float] = (0, 0)
    """Before each chunk, between these."""
    rate: int | None = None
    """Bytes a second in each direction."""
    piece: int | None = None
    """Bytes that travel at once."""
    reset_after: int | None = None
    """Bytes of a connection, about, until it is reset; new connections fare the same."""
    closes: bool = False
    """Whether such a connection is closed in good order instead."""
    deaf: frozenset[str] = frozenset()
    """Directions ("up", "down") in which nothing arrives any more, although nothing is closed."""
    stalls: float = 0
    """The share of chunks that are held for a second."""
    refuses: bool = False
    """Whether new connections are refused and old ones reset."""


FAIR = Weather()


class Proxy:
    """Listens on 127.0.0.1:``port`` for ``target``, a port there or a Unix socket; a context manager.

    ``postgres`` says that the frontend/backend protocol passes, in which COMMIT is recognised.
    """

    def __init__(self, target: Path | int, *, seed: int, postgres: bool = False) -> None:
        self.weather = FAIR
        self.on_commit: Callable[[], Cut | None] = lambda: None
        self.port = 0
        self.cuts: list[Cut] = []
        self.random = Random(seed)
        self.postgres = postgres
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[Link] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def heal(self) -> None:
        """End every fault; connections that were reset stay so."""
        self.weather, self.on_commit = FAIR, lambda: None

    def reset_all(self) -> None:
        """Reset every connection there is."""
        self._do(self._reset_all())

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to what lies behind."""
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        self.heal()
        await self._reset_all()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=5)

    async def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


class Link:
    """One connection through the proxy."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._ends = [writer]
        self._commits = Commits() if proxy.postgres else None
        self._passed = 0
        self._answer_is_lost = False
        self._luck = proxy.random.uniform(0.5, 1.5)

    async def run(self) -> None:
        """Pass on what comes until either side is done."""
        if self._proxy.weather.refuses:
            return self.reset()
        with suppress(OSError):
            reader, writer = await self._proxy.connect()
            self._ends.append(writer)
            up = asyncio.ensure_future(self._pump("up", self._client[0], writer))
            down = asyncio.ensure_future(self._pump("down", reader, self._client[1]))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        for end in self._ends:
            end.close()

    def reset(self) -> None:
        """End both sides without a farewell."""
        for end in self._ends:
            tcp = end.get_extra_info("socket")
            if tcp.family != socket.AF_UNIX:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()

    async def _pump(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._commits is None:
                    await self._pass(way, data, writer)
                elif not await (self._up if way == "up" else self._down)(data, writer):
                    return self.reset()

    async def _up(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Pass statements on; False where the connection is to be cut now."""
        assert self._commits
        for part, commits in self._commits.sent(data):
            cut = self._proxy.on_commit() if commits else None
            if cut is not None:
                self._proxy.cuts.append(cut)
            if cut is Cut.BEFORE:
                return False
            self._answer_is_lost |= cut is Cut.ANSWERED
            await self._pass("up", part, writer)
            if cut is Cut.SENT:
                return False
        return True

    async def _down(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        assert self._commits
        committed = self._commits.heard(data)
        if not self._answer_is_lost:
            await self._pass("down", data, writer)
        return not (committed and self._answer_is_lost)

    async def _pass(self, way: str, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Deliver, as the weather is."""
        while True:
            if way not in self._proxy.weather.deaf:
                break
            await asyncio.sleep(0.02)
        weather, random = self._proxy.weather, self._proxy.random
        size = weather.piece or (weather.rate // 20 if weather.rate else len(data))
        if random.random() < weather.stalls:
            await asyncio.sleep(1)
        if weather.delay[1]:
            await asyncio.sleep(random.uniform(*weather.delay))
        for start in range(0, len(data), max(size, 1)):
            writer.write(data[start : start + size])
            await writer.drain()
            if weather.rate:
                await asyncio.sleep(0.05)
            self._passed += size
            if weather.refuses or (
                weather.reset_after and self._passed > weather.reset_after * self._luck
            ):
                if not weather.closes:
                    self.reset()
                raise ConnectionError
