"""Fixtures of the tests over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from server.app import ServerSettings
from tests.schema.toy import PretendedDatabase
from tests.server.toy_app import client_of


@pytest.fixture
def database() -> PretendedDatabase:
    return PretendedDatabase()


@pytest.fixture
async def client(database: PretendedDatabase) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with every permission; no explorer."""
    async for made in client_of(database, ServerSettings(explorer=False)):
        yield made
