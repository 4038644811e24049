"""Whoever acts in the tests of core."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.tenancy import service
from core.tenancy.directory.tables import Tenant
from core.tenancy.rules import Principal


@pytest.fixture
async def principal(db: Database, tenant: Tenant) -> Principal:
    """An administrator of the tenant, signed in by a token as over the network."""
    email = f"admin@{tenant.id}.test"
    await service.add_user(db, tenant.id, email)
    found = await service.authenticate(db, await service.issue_token(db, tenant.id, email))
    assert found is not None
    return found
