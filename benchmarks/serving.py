"""The product as operators start it: ``tallybook serve`` with worker processes, on a data folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 120
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a server answers, and the process whose tree it is."""

    url: str
    process: int


@contextmanager
def product(data: Path, workers: int) -> Iterator[Serving]:
    """The server with so many worker processes, and the settings of production."""
    module = ["-m", "server.cli", "serve", "--port", "0", "--workers", str(workers)]
    with started([*module, "--data", str(data)], data, f"server-{workers}") as serving:
        until = time.monotonic() + START_SECONDS
        while not _ready(serving.url):
            if time.monotonic() > until:
                raise RuntimeError(f"the server did not come up, see {data}")
            time.sleep(0.1)
        yield serving


@contextmanager
def started(
    arguments: Sequence[str], folder: Path, name: str, environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """A Python process that prints its address as its first line; it ends with the block."""
    log = folder / f"{name}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment() | dict(environment or {}),
        ) as process,
    ):
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError(f"{name} did not start: {log.read_text(errors='replace')}")
            yield Serving(url, process.pid)
        finally:
            process.terminate()


def _environment() -> dict[str, str]:
    """Ours, without what would lead the server to another database than that of its data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    return kept | {"PYTHONPATH": str(ROOT)}


def _ready(url: str) -> bool:
    try:
        return httpx.get(url.removesuffix("/graphql") + "/ready").is_success
    except httpx.TransportError:
        return False
