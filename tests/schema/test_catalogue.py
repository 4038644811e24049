"""Items, units, barcodes and categories over HTTP, as a stranger's front end uses them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database
from core.ids import uuid7
from schema.relay import encode_id
from tests.shop import Json, Shop, line

ERRORS = "errors { code message path details }"
CREATE = f"""mutation($input: CreateItemInput!) {{ createItem(input: $input) {{
  item {{ id code name kind mnemonic listPrice revision active category {{ code }}
    baseUnit {{ code decimals }} units {{ numerator denominator unit {{ code }} }}
    barcodes {{ code unit {{ code }} }} }} {ERRORS} }} }}"""
UPDATE = f"""mutation($input: UpdateItemInput!) {{ updateItem(input: $input) {{
  item {{ id name listPrice weight category {{ code }} revision }} {ERRORS} }} }}"""
SAVE = f"""mutation($input: SaveItemsInput!) {{ saveItems(input: $input) {{
  verdicts {{ commandId item {{ id code name revision }} {ERRORS} }} {ERRORS} }} }}"""
STEP = f"""mutation($input: STEPInput!) {{ DO(input: $input) {{
  item {{ active revision }} {ERRORS} }} }}"""
CREATE_CATEGORY = f"""mutation($input: CreateCategoryInput!) {{ createCategory(input: $input) {{
  category {{ id code revision parent {{ code }} }} {ERRORS} }} }}"""
MOVE_CATEGORY = f"""mutation($input: MoveCategoryInput!) {{ moveCategory(input: $input) {{
  category {{ ancestors {{ code }} children {{ nodes {{ code }} }} }} {ERRORS} }} }}"""
CREATE_UNIT = f"""mutation($input: CreateUnitInput!) {{ createUnit(input: $input) {{
  unit {{ id code decimals revision }} {ERRORS} }} }}"""
UPDATE_UNIT = f"""mutation($input: UpdateUnitInput!) {{ updateUnit(input: $input) {{
  unit {{ decimals revision }} {ERRORS} }} }}"""
LIST = """query($filter: ItemFilterInput, $by: MasterDataOrder! = CODE, $first: Int, $after: String) {
  items(filter: $filter, orderBy: $by, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id code changed active } } }"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def send(shop: Shop, document: str, **input: Any) -> Json:
    """The payload of the one mutation in the document."""
    (payload,) = (await shop.ask(document, input={"commandId": str(uuid7()), **input})).values()
    found: Json = payload
    return found


async def listed(shop: Shop, **variables: Any) -> Json:
    found: Json = (await shop.ask(LIST, **variables))["items"]
    return found


async def codes(shop: Shop, **variables: Any) -> list[str]:
    return [item["code"] for item in (await listed(shop, **variables))["nodes"]]


async def unit_id(shop: Shop, code: str) -> str:
    found = await shop.ask("{ units { id code } }")
    return str(next(u["id"] for u in found["units"] if u["code"] == code))


async def test_an_item_with_units_and_barcodes(shop: Shop) -> None:
    category = (await send(shop, CREATE_CATEGORY, code="DRINKS", name="饮料"))["category"]
    box = await unit_id(shop, "box")
    made = str(uuid7())
    payload = await send(
        shop,
        CREATE,
        id=made,
        code="COLA-330",
        name="可口可乐 330ml",
        categoryId=category["id"],
        listPrice="3.50",
        units=[{"unitId": box, "numerator": "24"}],
        barcodes=[{"code": "6901"}, {"code": "16901", "unitId": box}],
    )
    assert payload["errors"] == []
    item = payload["item"]
    assert item["id"] == encode_id("Item", UUID(made))
    assert item | {"id": ""} == {
        "id": "",
        "code": "COLA-330",
        "name": "可口可乐 330ml",
        "kind": "STOCKED",
        "mnemonic": "KKKL330M",
        "listPrice": "3.50",
        "revision": 1,
        "active": True,
        "category": {"code": "DRINKS"},
        "baseUnit": {"code": "pcs", "decimals": 0},
        "units": [{"numerator": "24", "denominator": "1", "unit": {"code": "box"}}],
        "barcodes": [
            {"code": "16901", "unit": {"code": "box"}},
            {"code": "6901", "unit": {"code": "pcs"}},
        ],
    }


async def test_an_item_is_found_by_id_code_barcode_and_search(shop: Shop) -> None:
    made = (
        await send(shop, CREATE, code="Tea-1", name="绿茶 500ml", barcodes=[{"code": "690123456"}])
    )["item"]
    by = "query($id: ID, $c: String, $b: String) { item(id: $id, code: $c, barcode: $b) { id } }"
    for variables in ({"id": made["id"]}, {"c": " tea-1"}, {"b": "690123456"}):
        assert (await shop.ask(by, **variables))["item"] == {"id": made["id"]}
    for text in ("绿茶", "茶", "LC500", "tea", "0123456"):
        assert await codes(shop, filter={"search": text}) == ["Tea-1"], text
    assert await codes(shop, filter={"search": "咖啡"}) == []
    scanned = await shop.ask('{ barcode(code: "690123456") { item { code } unit { code } } }')
    assert scanned["barcode"] == {"item": {"code": "Tea-1"}, "unit": {"code": "pcs"}}
    assert (await shop.ask('{ barcode(code: "nobody") { code } }'))["barcode"] is None
    answer = await shop.raw(by)
    assert answer["errors"][0]["extensions"]["code"] == "INVALID"


async def test_pages_follow_each_other_and_are_counted(shop: Shop) -> None:
    for n in range(5):
        await shop.item(f"I{n}")
    first = await listed(shop, first=2)
    assert first["totalCount"] == 5
    assert first["pageInfo"]["hasNextPage"]
    rest = await codes(shop, first=10, after=first["pageInfo"]["endCursor"])
    assert [i["code"] for i in first["nodes"]] + rest == ["I0", "I1", "I2", "I3", "I4"]
    assert await codes(shop, filter={"kind": "SERVICE"}) == []


async def test_a_device_follows_changes_and_misses_none(shop: Shop) -> None:
    items = [await shop.item(f"I{n}") for n in range(4)]
    page = await listed(shop, filter={"changedSince": 0}, by="CHANGED", first=2)
    assert [i["code"] for i in page["nodes"]] == ["I0", "I1"]
    # What was the last of the first page is written between the pages: nothing is skipped.
    await send(shop, UPDATE, id=items[1], revision=1, name="another")
    archive = STEP.replace("STEP", "Archive").replace("DO", "archiveItem")
    await send(shop, archive, id=items[2], revision=1)
    after = page["pageInfo"]["endCursor"]
    rest = await listed(shop, filter={"changedSince": 0}, by="CHANGED", first=10, after=after)
    assert [i["code"] for i in rest["nodes"]] == ["I3", "I1", "I2"]
    assert not rest["nodes"][-1]["active"]
    since = rest["nodes"][-1]["changed"]
    assert await codes(shop, filter={"changedSince": since}, by="CHANGED") == []
    assert await codes(shop, filter={"active": False}) == ["I2"]


async def test_update_leaves_clears_and_refuses(shop: Shop) -> None:
    item = (await send(shop, CREATE, code="A", name="a", listPrice="2", weight="1.5"))["item"]
    changed = await send(shop, UPDATE, id=item["id"], revision=1, name="b", weight=None)
    assert changed["item"] | {"id": ""} == {
        "id": "",
        "name": "b",
        "listPrice": "2",
        "weight": None,
        "category": None,
        "revision": 2,
    }
    stale = await send(shop, UPDATE, id=item["id"], revision=1, name="c")
    assert [(e["code"], e["path"]) for e in stale["errors"]] == [("STALE_REVISION", ["revision"])]
    cleared = await send(shop, UPDATE, id=item["id"], revision=2, name=None)
    assert [(e["code"], e["path"]) for e in cleared["errors"]] == [("REQUIRED", ["name"])]


async def test_what_is_wrong_is_said_at_once_and_in_place(db: Database) -> None:
    for language, word in (("en", "already taken"), ("zh-CN", "已被使用")):
        shop = await Shop.open(db, language=language)
        await send(shop, CREATE, code="A", name="a")
        taken = await send(shop, CREATE, code="a", name="again")
        assert taken["item"] is None
        [error] = taken["errors"]
        assert (error["code"], error["path"]) == ("DUPLICATE", ["code"])
        assert word in error["message"]
        wrong = await send(
            shop,
            CREATE,
            code="",
            name="x",
            listPrice="-1",
            units=[{"unitId": await unit_id(shop, "box"), "numerator": "0"}],
        )
        assert [(e["code"], e["path"]) for e in wrong["errors"]] == [
            ("REQUIRED", ["code"]),
            ("BAD_NUMBER", ["listPrice"]),
            ("BAD_RATIO", ["units", "0", "numerator"]),
        ]


async def test_a_command_sent_twice_is_carried_out_once(shop: Shop) -> None:
    command = str(uuid7())
    first = await send(shop, CREATE, commandId=command, code="A", name="a")
    again = await send(shop, CREATE, commandId=command, code="A", name="a")
    assert first == again
    other = await send(shop, CREATE, commandId=command, code="B", name="b")
    assert [e["code"] for e in other["errors"]] == ["COMMAND_REUSED"]
    assert (await listed(shop))["totalCount"] == 1


async def test_archived_items_can_be_restored(shop: Shop) -> None:
    item = await shop.item("A")
    for name, active, revision in (("archiveItem", False, 1), ("restoreItem", True, 2)):
        step = STEP.replace("STEP", name.removesuffix("Item").capitalize()).replace("DO", name)
        done = await send(shop, step, id=item, revision=revision)
        assert done["item"] == {"active": active, "revision": revision + 1}


async def test_a_bulk_has_a_verdict_for_each(shop: Shop) -> None:
    await shop.item("OLD")
    items = [
        {"commandId": str(uuid7()), "code": "NEW", "name": "new"},
        {"commandId": str(uuid7()), "code": "old", "name": "renamed"},
        {"commandId": str(uuid7()), "code": "BAD", "name": ""},
        {"commandId": str(uuid7()), "code": "LOST", "name": "x", "categoryId": "nonsense"},
    ]
    payload = (await shop.ask(SAVE, input={"items": items}))["saveItems"]
    assert payload["errors"] == []
    new, old, bad, lost = payload["verdicts"]
    assert [v["commandId"] for v in payload["verdicts"]] == [i["commandId"] for i in items]
    assert (new["item"]["code"], new["item"]["revision"]) == ("NEW", 1)
    assert (old["item"]["name"], old["item"]["revision"]) == ("renamed", 2)
    assert bad["item"] is None
    assert [(e["code"], e["path"]) for e in bad["errors"]] == [("REQUIRED", ["items", "2", "name"])]
    assert [(e["code"], e["path"]) for e in lost["errors"]] == [
        ("NOT_FOUND", ["items", "3", "categoryId"])
    ]
    many = [{"commandId": str(uuid7()), "code": f"M{n}", "name": "m"} for n in range(1001)]
    refused = (await shop.ask(SAVE, input={"items": many}))["saveItems"]
    assert [e["code"] for e in refused["errors"]] == ["LIMIT_EXCEEDED"]


async def test_costs_are_for_those_who_may_see_them(shop: Shop, db: Database) -> None:
    await send(shop, CREATE, code="A", name="a", purchasePrice="7", standardCost="8")
    asked = '{ item(code: "A") { purchasePrice standardCost } }'
    assert (await shop.ask(asked))["item"] == {"purchasePrice": "7", "standardCost": "8"}
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",))
    assert (await seller.ask(asked))["item"] == {"purchasePrice": None, "standardCost": None}
    denied = await send(seller, CREATE, code="B", name="b")
    assert [e["code"] for e in denied["errors"]] == ["PERMISSION_DENIED"]


async def test_what_an_item_is_kept_by_is_fixed_once_it_moved(shop: Shop) -> None:
    item = await shop.item("A")
    await shop.posted("receipt", line(item, "1", "1"))
    refused = await send(shop, UPDATE, id=item, revision=1, costingMethod="FIFO", kind="SERVICE")
    assert {(e["code"], *e["path"]) for e in refused["errors"]} == {
        ("ITEM_MOVED", "kind"),
        ("ITEM_MOVED", "costingMethod"),
    }


async def test_categories_are_a_tree(shop: Shop) -> None:
    food = (await send(shop, CREATE_CATEGORY, code="FOOD", name="食品"))["category"]
    fruit = await send(shop, CREATE_CATEGORY, code="FRUIT", name="水果", parentId=food["id"])
    assert fruit["category"]["parent"] == {"code": "FOOD"}
    apple = await send(shop, CREATE, code="A", name="a", categoryId=fruit["category"]["id"])
    assert apple["errors"] == []
    assert await codes(shop, filter={"categoryId": food["id"]}) == ["A"]
    moved = await send(
        shop, MOVE_CATEGORY, id=food["id"], revision=1, parentId=fruit["category"]["id"]
    )
    assert [(e["code"], e["path"]) for e in moved["errors"]] == [("CYCLE", ["parentId"])]
    top = await send(shop, MOVE_CATEGORY, id=fruit["category"]["id"], revision=1)
    assert top["category"] == {"ancestors": [], "children": {"nodes": []}}
    listed = await shop.ask("{ categories { totalCount nodes { code parent { code } } } }")
    assert listed["categories"]["nodes"] == [
        {"code": "FOOD", "parent": None},
        {"code": "FRUIT", "parent": None},
    ]


async def test_decimals_of_a_unit_only_grow(shop: Shop) -> None:
    unit = (await send(shop, CREATE_UNIT, code="ml", name="毫升", decimals=1))["unit"]
    grown = await send(shop, UPDATE_UNIT, id=unit["id"], revision=1, decimals=2)
    assert grown["unit"] == {"decimals": 2, "revision": 2}
    fewer = await send(shop, UPDATE_UNIT, id=unit["id"], revision=2, decimals=0)
    assert [(e["code"], e["path"]) for e in fewer["errors"]] == [("FEWER_DECIMALS", ["decimals"])]


async def test_what_a_stranger_has_does_not_exist(shop: Shop, db: Database) -> None:
    stranger = await Shop.open(db)
    theirs = await stranger.item("THEIRS")
    found = await shop.ask(
        "query($id: ID!) { item(id: $id) { code } node(id: $id) { id } }", id=theirs
    )
    assert found == {"item": None, "node": None}
    assert (await shop.ask('{ item(code: "THEIRS") { code } }'))["item"] is None
    taken = await send(shop, UPDATE, id=theirs, revision=1, name="mine")
    assert [(e["code"], e["path"]) for e in taken["errors"]] == [("NOT_FOUND", ["id"])]
    category = (await send(stranger, CREATE_CATEGORY, code="C", name="c"))["category"]
    refused = await send(shop, CREATE, code="A", name="a", categoryId=category["id"])
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["categoryId"])]
