"""A server of one's own for an example: `tallybook serve` and what belongs to it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_SECONDS = 120
_EMAIL = "examples@example.com"


@dataclass(frozen=True, slots=True)
class LocalServer:
    """Where it answers, and the data folder it serves."""

    url: str
    data: Path

    def sign_in(self, tenant: str) -> str:
        """A token of the tenant's administrator; the tenant is made if it is not there."""
        if (token := self._run("token", tenant, _EMAIL)) is not None:
            return token
        self._run("tenant", "create", tenant)  # it may be there already, without our user
        self._run("user", "add", tenant, _EMAIL)
        token = self._run("token", tenant, _EMAIL)
        if token is None:
            raise RuntimeError(f"no token for {_EMAIL} of {tenant}")
        return token

    def verify(self, tenant: str) -> str | None:
        """What `tallybook verify` prints; None if the books differ."""
        return self._run("verify", tenant, show_errors=True)

    def _run(self, *arguments: str, show_errors: bool = False) -> str | None:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *arguments, "--data", str(self.data)],
            stdout=subprocess.PIPE,
            stderr=None if show_errors else subprocess.DEVNULL,
            text=True,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def local_server(data: Path) -> Iterator[LocalServer]:
    """Serve a data folder on a free port while the block runs."""
    data.mkdir(parents=True, exist_ok=True)
    said, log = data / "server.out", data / "server.log"
    command = [sys.executable, "-m", "server.cli", "serve", "--port", "0", "--data", str(data)]
    # Into files: nobody reads a pipe as long as the server talks.
    with said.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors)
    try:
        yield LocalServer(_address(process, said, log), data)
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def _address(process: subprocess.Popen[bytes], said: Path, log: Path) -> str:
    """Where the server answers, once it does."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        url, complete, _ = said.read_text().partition("\n")
        if complete and _is_ready(url.removesuffix("/graphql") + "/ready"):
            return url
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace').strip()}")


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
