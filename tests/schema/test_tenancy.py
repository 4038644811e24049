"""Settings, members and the audit trail over HTTP."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.ids import uuid7
from tests.shop import Shop, line

UPDATE = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  settings { currency amountDp negativeStock approvalRequired } errors { code path } } }"""
SET = """mutation($input: SetMemberInput!) { setMember(input: $input) {
  member { userId email roles } errors { code path } } }"""
REMOVE = """mutation($input: RemoveMemberInput!) { removeMember(input: $input) {
  removedId errors { code path } } }"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def test_the_viewer_knows_their_rights(shop: Shop, db: Database) -> None:
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",))
    found = await seller.ask("{ viewer { roles permissions tenantName settings { currency } } }")
    assert found["viewer"]["roles"] == ["seller"]
    assert "cost.read" not in found["viewer"]["permissions"]
    assert found["viewer"]["settings"] == {"currency": "CNY"}


async def test_settings_change_until_they_are_fixed_by_a_posting(shop: Shop) -> None:
    asked = {
        "commandId": str(uuid7()),
        "currency": "GBP",
        "amountDp": 3,
        "negativeStock": "ALLOW",
        "approvalRequired": ["scrap"],
    }
    changed = (await shop.ask(UPDATE, input=asked))["updateSettings"]
    assert changed["settings"] == {
        "currency": "GBP",
        "amountDp": 3,
        "negativeStock": "ALLOW",
        "approvalRequired": ["scrap"],
    }
    item = await shop.item("X")
    receipt = await shop.posted("receipt", line(item, "1", "1.2345"))
    assert receipt["total"] == "1.235"
    scrap = await shop.post("scrap", line(item, "1"))
    assert [e["code"] for e in scrap["errors"]] == ["NOT_YET_APPROVED"]
    again = {"commandId": str(uuid7()), "amountDp": 2}
    refused = (await shop.ask(UPDATE, input=again))["updateSettings"]
    assert [e["code"] for e in refused["errors"]] == ["SETTING_FIXED"]
    wrong = {"commandId": str(uuid7()), "accountingZone": "Mars/Olympus"}
    refused = (await shop.ask(UPDATE, input=wrong))["updateSettings"]
    assert [e["code"] for e in refused["errors"]] == ["INVALID_SETTING"]


async def test_members_come_and_go_but_the_last_administrator_stays(shop: Shop) -> None:
    asked = {"commandId": str(uuid7()), "email": "li@example.com", "roles": ["storekeeper"]}
    member = (await shop.ask(SET, input=asked))["setMember"]["member"]
    assert member["roles"] == ["storekeeper"]
    listed = await shop.ask("{ members { email } roles { code permissions } }")
    assert {"email": "li@example.com"} in listed["members"]
    gone = {"commandId": str(uuid7()), "userId": member["userId"]}
    assert (await shop.ask(REMOVE, input=gone))["removeMember"]["removedId"] == member["userId"]
    me = (await shop.ask("{ viewer { userId } }"))["viewer"]["userId"]
    last = {"commandId": str(uuid7()), "userId": me}
    refused = (await shop.ask(REMOVE, input=last))["removeMember"]
    assert [e["code"] for e in refused["errors"]] == ["LAST_ADMINISTRATOR"]


async def test_every_deed_is_in_the_trail(shop: Shop) -> None:
    item = await shop.item("AUDITED")
    receipt = await shop.posted("receipt", line(item, "1", "1"))
    found = await shop.ask(
        "query($id: ID) { auditTrail(objectId: $id) { nodes { action kind details } }"
        " all: auditTrail(first: 1) { nodes { action } pageInfo { hasNextPage } } }",
        id=receipt["id"],
    )
    assert found["auditTrail"]["nodes"] == [
        {
            "action": "document.post",
            "kind": "document",
            "details": {"type": "receipt", "number": receipt["number"]},
        }
    ]
    assert found["all"]["pageInfo"]["hasNextPage"]
