"""The twins, once for all probes of a worker: seeding them takes longer than most tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.db.database import Database
from core.ledger.verify import verify
from core.tenancy.rules import ROLES
from tests.isolation.twins import Twin, twin


@pytest.fixture(scope="module")
async def twins(db: Database) -> AsyncIterator[tuple[Twin, Twin]]:
    """Two tenants alike; their books must tally when everything was tried."""
    pair = (await twin(db, 0, tuple(ROLES)), await twin(db, 1, tuple(ROLES)))
    yield pair
    for one in pair:
        assert await verify(db, one.tenant, deep=True) == []
