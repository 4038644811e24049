"""A real server for the scenarios: a process of its own, a data folder of its own, a tenant each."""

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

from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from server.cli_data import database_of

START_SECONDS = 60
EMAIL = "scenarios@example.com"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where the server answers, and the database behind it."""

    url: str
    database_url: str

    def new_tenant(self, name: str) -> str:
        """A bearer token of the administrator of a fresh tenant, as the command line would make it."""
        return asyncio.run(_new_tenant(self.database_url, f"{name} {uuid7()}"))


@contextmanager
def running_server() -> Iterator[RunningServer]:
    """Serve, in a temporary data folder unless the environment names a database."""
    with tempfile.TemporaryDirectory(prefix="tallybook-scenarios-") as folder:
        data = Path(folder)
        with database_of(data) as address, _serving(data) as url:
            yield RunningServer(url, address.app_url)


@contextmanager
def _serving(data: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "server.cli", "serve", "--port", "0", "--data", str(data)]
    log = data / "server.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url or not _ready(url.removesuffix("/graphql") + "/ready"):
                raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')}")
            yield url
        finally:
            process.terminate()


def _ready(url: str) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(url).is_success:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return False


async def _new_tenant(database_url: str, name: str) -> str:
    db = Database.connect(database_url, pool_size=2)
    try:
        tenant = await tenancy.create_tenant(db, name)
        await tenancy.add_user(db, tenant.id, EMAIL)
        return await tenancy.issue_token(db, tenant.id, EMAIL)
    finally:
        await db.close()
