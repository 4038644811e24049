"""The machine room of a run: one PostgreSQL of its own, the product's database with stock, its copy for
the floor, and the contestants."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from benchmarks import books, floor, load, page, world
from benchmarks.floor import FLOOR, FloorKind
from benchmarks.load import Plan
from benchmarks.pgbench import pgbench
from benchmarks.processes import API, CLIENT, POSTGRES, Meter
from benchmarks.requests import Kind, maker
from benchmarks.serving import Serving, product
from benchmarks.sizes import Sizes
from benchmarks.turns import Contestant, Turn
from benchmarks.world import World
from benchmarks.written import Written, differences, written
from core.db import roles
from core.db.cluster import TUNE
from core.db.embedded import DATABASE, SUPERUSER, EmbeddedServer

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lab:
    """What every contestant needs. ``rows`` are those that one posting writes, here as on the floor."""

    server: EmbeddedServer
    folder: Path
    world: World
    world_file: Path
    sizes: Sizes
    rows: dict[str, Written]

    @property
    def all_rows(self) -> str:
        """The address of who sees all tenants' rows."""
        return self.server.url(SUPERUSER)

    def meter(self, serving: Serving | None = None) -> Meter:
        """Of PostgreSQL, and of a server where there is one."""
        postmaster = self.server.cluster.postmaster()
        assert postmaster is not None
        return Meter({POSTGRES: postmaster} | ({API: serving.process} if serving else {}))

    def floor(self, name: str, kind: FloorKind, clients: int | None = None) -> Contestant:
        """The floor with one of its scripts."""
        clients = clients or self.sizes.clients
        return Contestant(
            f"floor {name}",
            lambda _: floor.run(self.server, kind, self.sizes, clients),
            self.meter(),
        )

    def floor_page(self) -> Contestant:
        """The SQL of the page alone, sent by the role that serves."""

        def work(_: int) -> Turn:
            # Recorded anew each round: the page shows the newest documents, as the product's does.
            script = asyncio.run(page.script(self.server.url(roles.APP), self.world.one))
            return pgbench(
                self.server,
                roles.APP,
                DATABASE,
                script,
                clients=self.sizes.clients,
                warm_up=self.sizes.warm_up,
                seconds=self.sizes.seconds,
            )

        return Contestant("floor page", work, self.meter())

    def product(
        self, name: str, serving: Serving, processes: int, kind: Kind, *, many: bool = False
    ) -> Contestant:
        """The product over HTTP; after each turn its books are checked."""
        clients = 1 if name == "alone" else self.sizes.clients

        def work(number: int) -> Turn:
            salt = 10 * number + processes
            seen = self.load(serving.url, kind, clients, many=many, salt=salt)
            return Turn(seen.rate, seen.p50, seen.p99, seen.total, {CLIENT: seen.cpu})

        def checked(turn: Turn, before: int) -> None:
            books.settle(self.all_rows)
            books.check(self.all_rows, before + (0 if kind == "page" else turn.total))

        return Contestant(
            f"product {name}, {processes}",
            work,
            self.meter(serving),
            before=lambda: books.posted(self.all_rows),
            after=checked,
        )

    def load(
        self,
        url: str,
        kind: Kind,
        clients: int,
        *,
        many: bool = False,
        salt: int = 0,
        warm_up: float | None = None,
    ) -> load.Load:
        """Clients at work for the time that the size says."""
        sizes = self.sizes
        warm_up = sizes.warm_up if warm_up is None else warm_up
        return load.run(
            Plan(url, str(self.world_file), kind, many, clients, warm_up, sizes.seconds, salt)
        )


@contextmanager
def open_lab(sizes: Sizes, tell: Tell) -> Iterator[Lab]:
    """Build it all in a folder of its own, which is removed in the end. Raises RuntimeError where the
    floor does not write what the product writes, or the database would not survive a crash."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-bench-"))
    server = EmbeddedServer(folder, tune=TUNE).open()
    try:
        _refuse_unsafe(server.url(SUPERUSER))
        tell(f"goods for {1 + sizes.tenants} tenants")
        with product(folder, 1) as serving:
            made = asyncio.run(world.make(serving.url, server.url(roles.APP), sizes))
            tell("one document, for the rows it leaves")
            _post(serving.url, made)  # the first of a day makes rows that later ones only change
            with written(server.url(SUPERUSER)) as rows:
                _post(serving.url, made)
        tell("verification, which seals")
        if wrong := asyncio.run(books.verified(server.url(roles.APP), made)):
            raise RuntimeError(f"the books differ before anything began: {wrong[:5]}")
        tell("the floor")
        floor.create(server, made)
        floor_url = server.url(SUPERUSER, FLOOR)
        with written(floor_url) as found:
            floor.post_once(floor_url)
        if differing := differences(rows, found):
            raise RuntimeError("the floor is none: " + "; ".join(differing))
        yield Lab(server, folder, made, made.write(folder / "world.json"), sizes, rows)
    finally:
        if server.close():
            shutil.rmtree(server.cluster.home)
            shutil.rmtree(server.cluster.socket, ignore_errors=True)
            shutil.rmtree(folder)


def flush_seconds(folder: Path) -> float:
    """How long the disk takes to keep a page: what a commit waits for at least."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(bytes(8192))
            file.flush()
            since = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - since)
    return statistics.median(times)


def _refuse_unsafe(url: str) -> None:
    with psycopg.connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row != ("on",):
                raise RuntimeError(f"{name} is {row}, as it never is in production")


def _post(url: str, made: World) -> None:
    body = maker("uniform", url, made.one, random.Random(0))().partition(b"\r\n\r\n")[2]
    headers = {"Authorization": f"Bearer {made.one.token}", "Content-Type": "application/json"}
    answer = httpx.post(url, content=body, headers=headers).json()
    if answer.get("errors") or answer["data"]["postDocument"]["errors"]:
        raise RuntimeError(f"the server refused a document: {answer}")
