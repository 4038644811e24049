"""The tenant that is sent nonsense, and a stranger's, and the rows that must not change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Registry, registry, using
from core.ledger.verify import verify
from tests.hostile.evidence import Rows
from tests.hostile.world import World
from tests.toys import plugin


@pytest.fixture(scope="package", autouse=True)
def toys() -> Iterator[None]:
    """A module to switch, beside those that are installed."""
    with using(Registry([*registry(), plugin("toys")])):
        yield


@pytest.fixture(scope="package")
async def world(db: Database) -> AsyncIterator[World]:
    """One tenant for all that is refused: refusals change nothing, so the tests do not meet."""
    world = await World.open(db)
    yield world
    assert await verify(db, world.tenant) == []


@pytest.fixture(scope="package")
async def stranger(db: Database) -> AsyncIterator[World]:
    """Another tenant with the same things in it."""
    stranger = await World.open(db)
    yield stranger
    assert await verify(db, stranger.tenant) == []


@pytest.fixture
def untouched(superuser_url: str, world: World, stranger: World) -> Iterator[Rows]:
    """Both tenants' rows are the same when the test is over."""
    rows = [Rows(superuser_url, one.tenant) for one in (world, stranger)]
    before = [one.read() for one in rows]
    assert before[0]["document"][0] > 0
    yield rows[0]
    after = [one.read() for one in rows]
    changed = [
        (name, was, now[name])
        for then, now in zip(before, after, strict=True)
        for name, was in then.items()
        if now[name] != was
    ]
    assert changed == []
