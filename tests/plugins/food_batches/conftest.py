"""Worlds whose books must tally when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.db.database import Database
from tests.ledger_world import World


@pytest.fixture
async def world(db: Database) -> AsyncIterator[World]:
    """A tenant; the tables of the module are there as those of every installed plugin."""
    world = await World.open(db)
    yield world
    await world.tallies()
