"""Suppliers and customers over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from core.db.database import Database
from core.ids import uuid7
from tests.shop import Json, Shop

ERRORS = "errors { code message path }"
PARTY = "id code name mnemonic isSupplier isCustomer country address active revision"
CREATE = f"""mutation($input: CreatePartyInput!) {{ createParty(input: $input) {{
  party {{ {PARTY} }} {ERRORS} }} }}"""
UPDATE = CREATE.replace("CreatePartyInput", "UpdatePartyInput").replace(
    "createParty", "updateParty"
)
ARCHIVE = CREATE.replace("CreatePartyInput", "ArchiveInput").replace("createParty", "archiveParty")
RESTORE = CREATE.replace("CreatePartyInput", "RestoreInput").replace("createParty", "restoreParty")
SAVE = f"""mutation($input: SavePartiesInput!) {{ saveParties(input: $input) {{
  verdicts {{ commandId party {{ code name revision }} {ERRORS} }} {ERRORS} }} }}"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def send(shop: Shop, document: str, **input: Any) -> Json:
    (payload,) = (await shop.ask(document, input={"commandId": str(uuid7()), **input})).values()
    found: Json = payload
    return found


async def test_a_party_from_making_to_archive(shop: Shop) -> None:
    made = await send(shop, CREATE, code="S-1", name="北京食品公司", isSupplier=True, country="CN")
    party = made["party"]
    assert party | {"id": ""} == {
        "id": "",
        "code": "S-1",
        "name": "北京食品公司",
        "mnemonic": "BJSPGS",
        "isSupplier": True,
        "isCustomer": False,
        "country": "CN",
        "address": None,
        "active": True,
        "revision": 1,
    }
    changed = await send(
        shop,
        UPDATE,
        id=party["id"],
        revision=1,
        isCustomer=True,
        country=None,
        address="一号\n二楼",
    )
    assert changed["party"]["isCustomer"]
    assert changed["party"]["country"] is None
    assert changed["party"]["address"] == "一号\n二楼"
    archived = await send(shop, ARCHIVE, id=party["id"], revision=2)
    assert not archived["party"]["active"]
    restored = await send(shop, RESTORE, id=party["id"], revision=3)
    assert restored["party"]["active"]


async def test_parties_are_found_by_word_role_and_code(shop: Shop) -> None:
    await send(shop, CREATE, code="S-1", name="北京食品", isSupplier=True, phone="010-555")
    await send(shop, CREATE, code="C-1", name="上海饭店", isCustomer=True)
    asked = """query($f: PartyFilterInput) { parties(filter: $f, orderBy: NAME) {
      totalCount nodes { code } } }"""

    async def codes(**wanted: Any) -> list[str]:
        return [p["code"] for p in (await shop.ask(asked, f=wanted))["parties"]["nodes"]]

    assert sorted(await codes()) == ["C-1", "S-1"]
    assert await codes(isSupplier=True) == ["S-1"]
    assert await codes(search="饭店") == ["C-1"]
    assert await codes(search="555") == ["S-1"]
    assert await codes(search="北京", isCustomer=True) == []
    found = await shop.ask('{ party(code: "s-1") { name } none: party(code: "X") { name } }')
    assert found == {"party": {"name": "北京食品"}, "none": None}


async def test_a_device_follows_changes(shop: Shop) -> None:
    for n in range(3):
        await send(shop, CREATE, code=f"P{n}", name="p", isCustomer=True)
    asked = """query($f: PartyFilterInput, $after: String) {
      parties(filter: $f, orderBy: CHANGED, first: 2, after: $after) {
        nodes { code changed } pageInfo { endCursor } } }"""
    page = (await shop.ask(asked, f={"changedSince": 0}))["parties"]
    rest = (await shop.ask(asked, after=page["pageInfo"]["endCursor"]))["parties"]
    assert [p["code"] for p in page["nodes"] + rest["nodes"]] == ["P0", "P1", "P2"]
    since = page["nodes"][-1]["changed"]
    again = (await shop.ask(asked, f={"changedSince": since}))["parties"]
    assert again["nodes"] == rest["nodes"]


@pytest.mark.parametrize(
    ("language", "word"), [("en", "supplier, a customer"), ("zh", "供应商或客户")]
)
async def test_refusals_name_the_field(db: Database, language: str, word: str) -> None:
    shop = await Shop.open(db, language=language)
    nobody = await send(shop, CREATE, code="N", name="n")
    [error] = nobody["errors"]
    assert (error["code"], error["path"]) == ("NO_ROLE", ["isSupplier"])
    assert word in error["message"]
    cleared = await send(shop, CREATE, code="N", name="n", isSupplier=True)
    refused = await send(shop, UPDATE, id=cleared["party"]["id"], revision=1, isSupplier=None)
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("REQUIRED", ["isSupplier"])]


async def test_a_bulk_has_a_verdict_for_each(shop: Shop) -> None:
    await send(shop, CREATE, code="OLD", name="old", isCustomer=True)
    parties = [
        {"commandId": str(uuid7()), "code": "NEW", "name": "new", "isCustomer": True},
        {"commandId": str(uuid7()), "code": "OLD", "name": "renamed"},
        {"commandId": str(uuid7()), "code": "BAD", "name": "bad"},
    ]
    payload = (await shop.ask(SAVE, input={"parties": parties}))["saveParties"]
    new, old, bad = payload["verdicts"]
    assert new["party"] == {"code": "NEW", "name": "new", "revision": 1}
    assert old["party"] == {"code": "OLD", "name": "renamed", "revision": 2}
    assert [(e["code"], e["path"]) for e in bad["errors"]] == [
        ("NO_ROLE", ["parties", "2", "isSupplier"])
    ]
    again = (await shop.ask(SAVE, input={"parties": parties}))["saveParties"]
    assert [v["party"] for v in again["verdicts"]] == [v["party"] for v in payload["verdicts"]]


async def test_what_a_stranger_has_does_not_exist(shop: Shop, db: Database) -> None:
    stranger = await Shop.open(db)
    theirs = (await send(stranger, CREATE, code="T", name="t", isCustomer=True))["party"]["id"]
    found = await shop.ask(
        "query($id: ID!) { party(id: $id) { code } node(id: $id) { id } }", id=theirs
    )
    assert found == {"party": None, "node": None}
    refused = await send(shop, UPDATE, id=theirs, revision=1, name="mine")
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["id"])]
