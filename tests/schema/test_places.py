"""Places over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from core.db.database import Database
from core.ids import uuid7
from core.places.rules import ACCOUNTS, WAITING
from schema.places import PlaceAccount
from tests.shop import Json, Shop, line

ERRORS = "errors { code message path }"
CREATE = f"""mutation($input: CreatePlaceInput!) {{ createPlace(input: $input) {{
  place {{ id code kind holdsStock revision effectiveZone parent {{ code }} }} {ERRORS} }} }}"""
UPDATE = f"""mutation($input: UpdatePlaceInput!) {{ updatePlace(input: $input) {{
  place {{ name zone effectiveZone negativeStock revision }} {ERRORS} }} }}"""
MOVE = f"""mutation($input: MovePlaceInput!) {{ movePlace(input: $input) {{
  place {{ revision ancestors {{ code }} }} {ERRORS} }} }}"""
ARCHIVE = f"""mutation($input: ArchiveInput!) {{ archivePlace(input: $input) {{
  place {{ active }} {ERRORS} }} }}"""
RESTORE = ARCHIVE.replace("ArchiveInput", "RestoreInput").replace("archivePlace", "restorePlace")


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def send(shop: Shop, document: str, **input: Any) -> Json:
    (payload,) = (await shop.ask(document, input={"commandId": str(uuid7()), **input})).values()
    found: Json = payload
    return found


def test_every_account_of_the_ledger_has_its_word() -> None:
    assert {str(account.value) for account in PlaceAccount} == {*ACCOUNTS, *WAITING}


async def test_a_tenant_begins_with_its_accounts_and_a_warehouse(shop: Shop) -> None:
    found = await shop.ask(
        "{ places(first: 100) { nodes { code account } }"
        ' main: place(code: "main") { kind holdsStock parent { kind } effectiveZone } }'
    )
    accounts = [p["account"] for p in found["places"]["nodes"] if p["account"]]
    assert sorted(accounts) == sorted(account.name for account in PlaceAccount)
    assert found["main"] == {
        "kind": "WAREHOUSE",
        "holdsStock": True,
        "parent": {"kind": "ORGANISATION"},
        "effectiveZone": "Asia/Shanghai",
    }


async def test_zones_come_from_above(shop: Shop) -> None:
    made = await send(shop, CREATE, code="LON", name="伦敦店", kind="STORE", zone="Europe/London")
    store = made["place"]
    shelf = await send(shop, CREATE, code="S1", name="shelf", kind="BIN", parentId=store["id"])
    assert shelf["place"]["effectiveZone"] == "Europe/London"
    assert shelf["place"]["parent"] == {"code": "LON"}
    changed = await send(shop, UPDATE, id=store["id"], revision=1, zone=None, negativeStock="ALLOW")
    assert changed["place"] == {
        "name": "伦敦店",
        "zone": None,
        "effectiveZone": "Asia/Shanghai",
        "negativeStock": "ALLOW",
        "revision": 2,
    }
    wrong = await send(shop, UPDATE, id=store["id"], revision=2, zone="Mars/Olympus")
    assert [(e["code"], e["path"]) for e in wrong["errors"]] == [("UNKNOWN_ZONE", ["zone"])]


async def test_a_place_moves_with_all_in_it(shop: Shop) -> None:
    store = (await send(shop, CREATE, code="ST", name="s", kind="STORE"))["place"]
    room = (await send(shop, CREATE, code="R", name="r", kind="BIN", parentId=store["id"]))["place"]
    shelf = (await send(shop, CREATE, code="B", name="b", kind="BIN", parentId=room["id"]))["place"]
    moved = await send(shop, MOVE, id=room["id"], revision=1, parentId=shop.places["MAIN"])
    assert moved["place"]["ancestors"] == [{"code": "ROOT"}, {"code": "MAIN"}]
    found = await shop.ask(
        "query($id: ID!, $in: ID!) { place(id: $id) { ancestors { code } }"
        " places(filter: {withinId: $in}) { nodes { code } }"
        " children: places(filter: {parentId: $in}) { nodes { code } }"
        " main: place(id: $in) { children(first: 1) { nodes { code } } } }",
        id=shelf["id"],
        **{"in": shop.places["MAIN"]},
    )
    assert [p["code"] for p in found["place"]["ancestors"]] == ["ROOT", "MAIN", "R"]
    assert [p["code"] for p in found["places"]["nodes"]] == ["B", "MAIN", "R"]
    assert [p["code"] for p in found["children"]["nodes"]] == ["R"]
    assert found["main"]["children"]["nodes"] == [{"code": "R"}]
    cycle = await send(shop, MOVE, id=room["id"], revision=2, parentId=shelf["id"])
    assert [(e["code"], e["path"]) for e in cycle["errors"]] == [("CYCLE", ["parentId"])]


async def test_children_are_listed_by_page(shop: Shop) -> None:
    for n in range(3):
        await send(shop, CREATE, code=f"B{n}", name="b", kind="BIN", parentId=shop.places["MAIN"])
    asked = """query($after: String) { place(code: "MAIN") {
      children(first: 2, after: $after) { nodes { code } pageInfo { hasNextPage endCursor } } } }"""
    first = (await shop.ask(asked))["place"]["children"]
    assert [p["code"] for p in first["nodes"]] == ["B0", "B1"]
    assert first["pageInfo"]["hasNextPage"]
    rest = (await shop.ask(asked, after=first["pageInfo"]["endCursor"]))["place"]["children"]
    assert [p["code"] for p in rest["nodes"]] == ["B2"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_a_place_with_stock_stays(db: Database) -> None:
    shop = await Shop.open(db, language="zh")
    item = await shop.item("A")
    await shop.posted("receipt", line(item, "1", "1"))
    refused = await send(shop, ARCHIVE, id=shop.places["MAIN"], revision=1)
    [error] = refused["errors"]
    assert error["code"] == "PLACE_IN_USE"
    assert "不能归档" in error["message"]
    empty = (await send(shop, CREATE, code="E", name="e", kind="WAREHOUSE"))["place"]
    assert (await send(shop, ARCHIVE, id=empty["id"], revision=1))["place"] == {"active": False}
    assert (await send(shop, RESTORE, id=empty["id"], revision=2))["place"] == {"active": True}


async def test_the_ledgers_own_places_cannot_be_touched(shop: Shop) -> None:
    refused = await send(shop, UPDATE, id=shop.places["~supplier"], revision=1, name="x")
    assert [e["code"] for e in refused["errors"]] == ["PLACE_SYSTEM"]
    made = await send(shop, CREATE, code="V", name="v", kind="VIRTUAL")
    assert [(e["code"], e["path"]) for e in made["errors"]] == [("PLACE_SYSTEM", ["kind"])]


async def test_what_a_stranger_has_does_not_exist(shop: Shop, db: Database) -> None:
    stranger = await Shop.open(db)
    theirs = stranger.places["MAIN"]
    found = await shop.ask(
        "query($id: ID!) { place(id: $id) { code } node(id: $id) { id } }", id=theirs
    )
    assert found == {"place": None, "node": None}
    refused = await send(shop, CREATE, code="X", name="x", kind="BIN", parentId=theirs)
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["parentId"])]
    refused = await send(shop, ARCHIVE, id=theirs, revision=1)
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["id"])]
