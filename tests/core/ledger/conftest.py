"""Worlds for the ledger's tests: after each test, the books of every one of them must tally."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.db.database import Database
from tests.ledger_world import World

OpenWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def open_world(db: Database) -> AsyncIterator[OpenWorld]:
    """Opens tenants with settings of their own."""
    opened: list[World] = []

    async def open_(**settings: Any) -> World:
        opened.append(await World.open(db, **settings))
        return opened[-1]

    yield open_
    for world in opened:
        await world.tallies()


@pytest.fixture
async def world(open_world: OpenWorld) -> World:
    """A tenant as it comes: moving average, one pool per item, no negative stock."""
    return await open_world()
