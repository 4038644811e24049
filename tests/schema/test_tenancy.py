"""Who is asking, settings and members over HTTP."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.ids import uuid7
from tests.shop import Shop, line

UPDATE = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  settings { currency amountDp negativeStock approvalRequired } errors { code path } } }"""
SET = """mutation($input: SetMemberInput!) { setMember(input: $input) {
  member { id user { id email } roles { code } } errors { code path } } }"""
REMOVE = """mutation($input: RemoveMemberInput!) { removeMember(input: $input) {
  removedId errors { code path } } }"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def test_the_viewer_knows_their_rights(shop: Shop, db: Database) -> None:
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",), language="zh")
    found = await seller.ask(
        "{ viewer { user { email name } tenant { name edition createdAt settings { currency } }"
        " roles { code name } permissions } }"
    )
    viewer = found["viewer"]
    assert viewer["user"]["email"] == seller.principal.email
    assert viewer["tenant"]["name"] == shop.principal.tenant_name
    assert viewer["tenant"]["edition"] == "standard"
    assert viewer["tenant"]["settings"] == {"currency": "CNY"}
    assert viewer["roles"] == [{"code": "seller", "name": "销售员"}]
    assert viewer["permissions"] == sorted(seller.principal.permissions)
    assert "cost.read" not in viewer["permissions"]


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


async def test_a_setting_cannot_be_null_unless_it_may(shop: Shop) -> None:
    asked = {"commandId": str(uuid7()), "negativeStock": None}
    refused = (await shop.ask(UPDATE, input=asked))["updateSettings"]
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("REQUIRED", ["negativeStock"])]
    asked = {"commandId": str(uuid7()), "countApprovalPct": None}
    assert (await shop.ask(UPDATE, input=asked))["updateSettings"]["errors"] == []


async def test_members_come_and_go_but_the_last_administrator_stays(shop: Shop) -> None:
    asked = {"commandId": str(uuid7()), "email": "Li@example.com", "roles": ["storekeeper"]}
    member = (await shop.ask(SET, input=asked))["setMember"]["member"]
    assert member["roles"] == [{"code": "storekeeper"}]
    listed = await shop.ask(
        "query($id: ID!) { members(first: 1) { totalCount nodes { user { email } }"
        " pageInfo { hasNextPage endCursor } } node(id: $id) { id ... on Member { user { email } } }"
        " roles { code } }",
        id=member["id"],
    )
    assert listed["members"]["totalCount"] == 2
    assert listed["members"]["pageInfo"]["hasNextPage"]
    assert listed["node"] == {"id": member["id"], "user": {"email": "li@example.com"}}
    assert "storekeeper" in {role["code"] for role in listed["roles"]}
    gone = {"commandId": str(uuid7()), "userId": member["user"]["id"]}
    assert (await shop.ask(REMOVE, input=gone))["removeMember"]["removedId"] == member["id"]
    me = (await shop.ask("{ viewer { user { id } } }"))["viewer"]["user"]["id"]
    last = {"commandId": str(uuid7()), "userId": me}
    refused = (await shop.ask(REMOVE, input=last))["removeMember"]
    assert [e["code"] for e in refused["errors"]] == ["LAST_ADMINISTRATOR"]
    wrong = {"commandId": str(uuid7()), "email": "x@example.com", "roles": ["emperor"]}
    refused = (await shop.ask(SET, input=wrong))["setMember"]
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("UNKNOWN_ROLE", ["roles", "0"])]


async def test_members_of_a_stranger_do_not_exist(shop: Shop, db: Database) -> None:
    stranger = await Shop.open(db)
    theirs = (await stranger.ask("{ members { nodes { id user { id } } } }"))["members"]["nodes"][0]
    found = await shop.ask("query($id: ID!) { node(id: $id) { id } }", id=theirs["id"])
    assert found["node"] is None
    gone = {"commandId": str(uuid7()), "userId": theirs["user"]["id"]}
    refused = (await shop.ask(REMOVE, input=gone))["removeMember"]
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["userId"])]
