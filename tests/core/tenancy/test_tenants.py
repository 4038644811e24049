"""A tenant from its first moment."""

from __future__ import annotations

import pytest

from core.catalogue.tables import list_units
from core.db.database import Database
from core.errors import Refused
from core.places.rules import ACCOUNTS, WAITING
from core.places.tables import places_by_account, root_place
from core.tenancy import service
from core.tenancy.directory.tables import Tenant
from core.tenancy.editions import EDITIONS
from core.tenancy.settings import Settings


async def test_a_tenant_starts_with_places_accounts_units_and_settings(
    db: Database, tenant: Tenant
) -> None:
    async with db.snapshot(tenant.id) as tx:
        accounts = await places_by_account(tx)
        root = await root_place(tx)
        units = await list_units(tx)
        settings = await service.load_settings(tx)
    assert accounts.keys() == {*ACCOUNTS, *WAITING}
    assert [a for a, place in accounts.items() if place.holds_stock] == [*WAITING]
    assert root.kind == "organisation"
    assert {"pcs": 0, "kg": 3}.items() <= {u.code: u.decimals for u in units}.items()
    assert settings == Settings()


async def test_a_name_belongs_to_one_tenant(db: Database, tenant: Tenant) -> None:
    with pytest.raises(Refused) as refused:
        await service.create_tenant(db, f" {tenant.name} ")
    assert refused.value.refusals[0].code == "DUPLICATE"


async def test_an_unknown_edition_is_refused_with_those_there_are(db: Database) -> None:
    with pytest.raises(Refused) as refused:
        await service.create_tenant(db, "nobody", "unknown")
    (refusal,) = refused.value.refusals
    assert refusal.code == "UNKNOWN_EDITION"
    assert refusal.details["editions"] == ", ".join(sorted(EDITIONS))
