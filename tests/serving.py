"""A real server for tests that need one: processes of its own, a data folder of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.db.config import DatabaseAddress
from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from server.cli_data import database_of

START_SECONDS = 180
EMAIL = "administrator@example.com"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where the server answers, its process (the supervisor, where there are several workers), what it
    says on standard error, and the database behind it."""

    url: str
    process: int
    log: Path
    address: DatabaseAddress

    def new_tenant(self, name: str) -> str:
        """A bearer token of the administrator of a fresh tenant, as the command line would make it."""
        return asyncio.run(new_tenant(self.address.app_url, f"{name} {uuid7()}"))

    def ready(self) -> bool:
        """Whether a worker answers and reaches its database."""
        try:
            return httpx.get(self.url.removesuffix("/graphql") + "/ready").is_success
        except httpx.TransportError:
            return False

    def workers(self) -> list[int]:
        """The process ids of the workers; of the server itself if it is one process."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [
            child
            for child in map(int, children)
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ] or [self.process]


@contextmanager
def running_server(workers: int = 1) -> Iterator[RunningServer]:
    """Serve, in a temporary data folder unless the environment names a database."""
    with tempfile.TemporaryDirectory(prefix="tallybook-serving-") as folder:
        data = Path(folder)
        with database_of(data) as address, serving(data, address, workers) as server:
            yield server


@contextmanager
def serving(
    data: Path, address: DatabaseAddress, workers: int, port: int = 0
) -> Iterator[RunningServer]:
    """Serve a data folder that is there, on a free port unless one is named."""
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    command += ["--data", str(data)]
    command += ["--workers", str(workers)]
    log = data / "server.log"
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            server = RunningServer(url, process.pid, log, address)
            if not url or not _comes_up(server):
                raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')}")
            yield server
        finally:
            process.terminate()


def _comes_up(server: RunningServer) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.ready():
            return True
        time.sleep(0.1)
    return False


async def new_tenant(database_url: str, name: str) -> str:
    """A bearer token of the administrator of a fresh tenant."""
    db = Database.connect(database_url, pool_size=2)
    try:
        tenant = await tenancy.create_tenant(db, name)
        await tenancy.add_user(db, tenant.id, EMAIL)
        return await tenancy.issue_token(db, tenant.id, EMAIL)
    finally:
        await db.close()
