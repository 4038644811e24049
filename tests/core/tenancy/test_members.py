"""Members, their roles, and the tokens that stand for them (W3, S1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.tables import list_audit
from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.tenancy import service
from core.tenancy.directory.tables import Tenant
from core.tenancy.rules import PERMISSIONS, ROLES, Principal


def _code(refused: pytest.ExceptionInfo[Refused]) -> str:
    (refusal,) = refused.value.refusals
    return refusal.code


def test_only_the_administrator_may_everything() -> None:
    assert [r for r, role in ROLES.items() if role.permissions == PERMISSIONS] == ["administrator"]
    giving = [r for r, role in ROLES.items() if "members.write" in role.permissions]
    assert giving == ["administrator"]
    seeing_cost = {r for r, role in ROLES.items() if "cost.read" in role.permissions}
    assert seeing_cost == {"administrator", "manager", "purchaser", "accountant"}


async def test_a_token_stands_for_the_roles_of_a_member(db: Database, tenant: Tenant) -> None:
    await service.add_user(db, tenant.name, " Li@Shop.Test ", ["seller", "viewer"])
    token = await service.issue_token(db, tenant.name, "li@shop.test")
    bearer = await service.authenticate(db, token)
    assert bearer is not None
    assert (bearer.email, bearer.tenant_id) == ("li@shop.test", tenant.id)
    assert bearer.permissions == ROLES["seller"].permissions | ROLES["viewer"].permissions
    assert not bearer.may("cost.read")


@pytest.mark.parametrize("token", ["", "tb_", "tb_" + "x" * 43, "\ud800", "可乐" * 1000])
async def test_a_made_up_token_stands_for_nobody(db: Database, token: str) -> None:
    assert await service.authenticate(db, token) is None


async def test_a_revoked_token_is_worthless(db: Database, tenant: Tenant) -> None:
    await service.add_user(db, tenant.id, "a@b.test")
    token = await service.issue_token(db, tenant.id, "a@b.test")
    assert await service.authenticate(db, token)
    assert await service.revoke_token(db, token)
    assert await service.authenticate(db, token) is None
    assert not await service.revoke_token(db, token)


async def test_a_token_expires_and_lives_no_longer_than_a_year(
    db: Database, tenant: Tenant
) -> None:
    await service.add_user(db, tenant.id, "a@b.test")
    brief = timedelta(microseconds=1)
    token = await service.issue_token(db, tenant.id, "a@b.test", lifetime=brief)
    assert await service.authenticate(db, token) is None
    for lifetime in (timedelta(0), timedelta(days=400)):
        with pytest.raises(Refused):
            await service.issue_token(db, tenant.id, "a@b.test", lifetime=lifetime)


async def test_only_a_member_gets_a_token(db: Database, tenant: Tenant) -> None:
    with pytest.raises(Refused) as refused:
        await service.issue_token(db, tenant.id, "stranger@b.test")
    assert _code(refused) == "NOT_FOUND"


async def test_a_removed_member_has_no_way_in(
    db: Database, tenant: Tenant, principal: Principal
) -> None:
    command = uuid7()
    member = await service.set_member(db, principal, command, "a@b.test", ["viewer"])
    again = await service.set_member(db, principal, command, "a@b.test", ["viewer"])
    assert again == member
    token = await service.issue_token(db, tenant.id, "a@b.test")
    assert await service.authenticate(db, token)
    await service.remove_member(db, principal, uuid7(), member.user_id)
    assert await service.authenticate(db, token) is None
    await service.add_user(db, tenant.id, "a@b.test", ["viewer"])
    assert await service.authenticate(db, token) is None
    async with db.snapshot(tenant.id) as tx:
        actions = [row.action for row in await list_audit(tx, object_id=member.user_id)]
    assert actions == ["member.set", "member.remove", "member.set"]


async def test_a_tenant_keeps_an_administrator(db: Database, principal: Principal) -> None:
    with pytest.raises(Refused) as refused:
        await service.remove_member(db, principal, uuid7(), principal.user_id)
    assert _code(refused) == "LAST_ADMINISTRATOR"
    with pytest.raises(Refused) as refused:
        await service.set_member(db, principal, uuid7(), principal.email, ["viewer"])
    assert _code(refused) == "LAST_ADMINISTRATOR"


async def test_unknown_roles_and_addresses_are_refused(db: Database, principal: Principal) -> None:
    with pytest.raises(Refused) as refused:
        await service.set_member(db, principal, uuid7(), "a@b.test", ["king"])
    assert _code(refused) == "UNKNOWN_ROLE"
    for email in ("nobody", "@b.test", "a b@c.test", "a@"):
        with pytest.raises(Refused) as refused:
            await service.set_member(db, principal, uuid7(), email, ["viewer"])
        assert _code(refused) == "INVALID"
