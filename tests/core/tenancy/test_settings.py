"""Settings: validated, audited, and fixed where posted amounts depend on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core.audit.tables import list_audit
from core.catalogue.records import ItemDraft
from core.catalogue.service import create_item
from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.tenancy import service
from core.tenancy.rules import Principal
from core.tenancy.tables import read_sequence, tenant_sequence


async def _set(db: Database, principal: Principal, **changes: Any) -> None:
    await service.update_settings(db, principal, uuid7(), changes)


async def _refused(db: Database, principal: Principal, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        await _set(db, principal, **changes)
    return [(r.code, str(r.path[0])) for r in refused.value.refusals]


async def test_settings_change_by_name_and_make_postings_start_over(
    db: Database, principal: Principal
) -> None:
    async with db.snapshot(principal.tenant_id) as tx:
        before = await read_sequence(tx)
    await _set(db, principal, negative_stock="allow", over_receipt_pct=Decimal("2.5"))
    await _set(db, principal, count_approval_pct=Decimal(5))
    await _set(db, principal, count_approval_pct=None)
    async with db.snapshot(principal.tenant_id) as tx:
        settings = await service.load_settings(tx)
        after = await read_sequence(tx)
        (deed, *_) = await list_audit(tx, object_id=principal.tenant_id)
    assert settings.negative_stock == "allow"
    assert settings.over_receipt_pct == Decimal("2.5")
    assert settings.count_approval_pct is None
    assert after.rules_version == before.rules_version + 3
    assert (deed.action, deed.actor) == ("settings.update", principal.user_id)


async def test_what_is_not_valid_is_refused_by_name(db: Database, principal: Principal) -> None:
    assert await _refused(db, principal, accounting_zone="Mars/Base") == [
        ("INVALID_SETTING", "accounting_zone")
    ]
    assert await _refused(db, principal, amount_dp=5, currency="yuan") == [
        ("INVALID_SETTING", "currency"),
        ("INVALID_SETTING", "amount_dp"),
    ]
    assert await _refused(db, principal, approval_required=["\x00"]) == [
        ("INVALID_SETTING", "approval_required")
    ]
    assert await _refused(db, principal, colour="red") == [("INVALID_SETTING", "colour")]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("currency", "EUR"), ("amount_dp", 3), ("costing_method", "fifo"), ("cost_scope", "serial")],
)
async def test_what_posted_amounts_depend_on_is_fixed(
    db: Database, principal: Principal, setting: str, value: object
) -> None:
    await _set(db, principal, **{setting: value})
    async with db.transaction(principal.tenant_id) as tx:
        await tx.sql.execute(sa.update(tenant_sequence).values(posting=1))
    default = "CNY" if setting == "currency" else 2 if setting == "amount_dp" else None
    other = default or ("moving_average" if setting == "costing_method" else "item")
    assert await _refused(db, principal, **{setting: other}) == [("SETTING_FIXED", setting)]
    await _set(db, principal, negative_stock="allow")


async def test_codes_that_differ_by_case_only_where_the_tenant_says_so(
    db: Database, principal: Principal
) -> None:
    await create_item(db, principal, uuid7(), ItemDraft(code="85123A", name="White"))
    with pytest.raises(Refused):
        await create_item(db, principal, uuid7(), ItemDraft(code="85123a", name="Red"))
    await _set(db, principal, codes_case_sensitive=True)
    await create_item(db, principal, uuid7(), ItemDraft(code="85123a", name="Red"))
    with pytest.raises(Refused):
        await create_item(db, principal, uuid7(), ItemDraft(code="85123A", name="Blue"))
    assert await _refused(db, principal, codes_case_sensitive=False) == [
        ("CODES_COLLIDE", "codes_case_sensitive")
    ]
