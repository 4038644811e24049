"""Plugins join the schema of core, or are refused by name; what is sent for them comes back."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
from graphql import print_schema

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ids import uuid7
from core.ledger.verify import verify
from schema import export, plugin_api
from schema.compose import ComposedSchema, composed_schema, core_schema
from schema.plugin_api import (
    Item,
)
from tests.schema.modules import (
    shelf_life,
    shelf_life_table,
)
from tests.schema.statements import statements
from tests.shop import Json, Shop, line

MODULES = {"shelf_life"}
CREATE = """mutation($input: CreateItemInput!) { createItem(input: $input) {
  item { id code shelfLife { days } } errors { code message path details } } }"""
SAVE = """mutation($input: SaveItemsInput!) { saveItems(input: $input) { errors { code } verdicts {
  item { code shelfLife { days } } errors { code message path } } } }"""
UPDATE = """mutation($input: UpdateItemInput!) { updateItem(input: $input) {
  item { id revision shelfLife { days } } errors { code path } } }"""
DRAFT = """mutation($input: SaveDraftInput!) { saveDraft(input: $input) { document { id revision
  shelfLifeDays lines { nodes { shelfLifeDays } } } errors { code path } } }"""
POST = """mutation($input: PostDocumentInput!) { postDocument(input: $input) { document { id
  shelfLifeDays lines { nodes { shelfLifeDays } } } errors { code path } } }"""


@pytest.fixture(scope="module")
def plugins(owner_url: str) -> Iterator[Registry]:
    with shelf_life_table(owner_url), using(Registry([shelf_life()])) as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(plugins: Registry) -> ComposedSchema:
    return composed_schema(plugins)


@pytest.fixture
async def shop(db: Database, schema: ComposedSchema) -> Shop:
    return await Shop.open(db, schema=schema, modules=MODULES)


async def made(shop: Shop, code: str, life: Any = None, **more: Any) -> Json:
    """The payload of making an item."""
    input_ = {"commandId": str(uuid7()), "code": code, "name": code, **more}
    if life is not None:
        input_["shelfLife"] = life
    answer: Json = (await shop.ask(CREATE, input=input_))["createItem"]
    return answer


# What is sent comes back


async def test_of_an_item(shop: Shop) -> None:
    payload = await made(shop, "milk", {"days": 12, "storage": "COLD"})
    assert payload["errors"] == []
    assert payload["item"]["shelfLife"] == {"days": 12}
    item, life = payload["item"]["id"], {"days": 14}
    change = {"commandId": str(uuid7()), "id": item, "revision": 1, "shelfLife": life}
    changed = (await shop.ask(UPDATE, input=change))["updateItem"]
    assert changed["item"] == {"id": item, "revision": 2, "shelfLife": {"days": 14}}
    left_out = {"commandId": str(uuid7()), "id": item, "revision": 2, "name": "Milk"}
    kept = (await shop.ask(UPDATE, input=left_out))["updateItem"]
    assert kept["item"] == {"id": item, "revision": 3, "shelfLife": {"days": 14}}
    cleared = {"commandId": str(uuid7()), "id": item, "revision": 3, "shelfLife": None}
    gone = (await shop.ask(UPDATE, input=cleared))["updateItem"]
    assert gone["item"] == {"id": item, "revision": 4, "shelfLife": None}


async def test_of_a_party_and_a_place(shop: Shop) -> None:
    life = {"shelfLife": {"days": 3}}
    party = {"commandId": str(uuid7()), "code": "P", "name": "P", "isSupplier": True, **life}
    place = {"commandId": str(uuid7()), "code": "W", "name": "W", "kind": "WAREHOUSE", **life}
    answer = await shop.ask(
        """mutation($party: CreatePartyInput!, $place: CreatePlaceInput!) {
        createParty(input: $party) { party { id shelfLife { days } } errors { code } }
        createPlace(input: $place) { place { id shelfLife { days } } errors { code } } }""",
        party=party,
        place=place,
    )
    assert answer["createParty"]["party"]["shelfLife"] == {"days": 3}
    assert answer["createPlace"]["place"]["shelfLife"] == {"days": 3}
    for kind, found in (("Party", answer["createParty"]), ("Place", answer["createPlace"])):
        name = kind.lower()
        update = f"""mutation($input: Update{kind}Input!) {{ update{kind}(input: $input) {{
            {name} {{ shelfLife {{ days }} }} errors {{ code path }} }} }}"""
        change = {"commandId": str(uuid7()), "id": found[name]["id"], "revision": 1}
        done = await shop.ask(update, input={**change, "shelfLife": {"days": 13}})
        errors = [{"code": "SHELF_LIFE_UNLUCKY", "path": ["shelfLife", "days"]}]
        assert done[f"update{kind}"] == {name: None, "errors": errors}
        change["commandId"] = str(uuid7())  # and the refused command changed nothing
        done = await shop.ask(update, input={**change, "shelfLife": {"days": 5}})
        assert done[f"update{kind}"][name]["shelfLife"] == {"days": 5}
    save = {**party, "commandId": str(uuid7()), "shelfLife": {"days": 8}}
    saved = await shop.ask(
        """mutation($input: SavePartiesInput!) { saveParties(input: $input) { verdicts {
        party { shelfLife { days } } errors { code } } } }""",
        input={"parties": [save]},
    )
    assert saved["saveParties"]["verdicts"][0]["party"]["shelfLife"] == {"days": 8}


async def test_of_documents_stored_and_posted(shop: Shop) -> None:
    item = (await made(shop, "milk"))["item"]["id"]
    lines = [line(item, "5", "2", shelfLife={"days": 9}), line(item, "1", "2")]
    content = shop.document("receipt", *lines, shelfLife={"days": 4})
    content["document"]["id"] = str(uuid7())
    draft = (await shop.ask(DRAFT, input=content))["saveDraft"]
    back = {"shelfLifeDays": 4, "lines": {"nodes": [{"shelfLifeDays": 9}, {"shelfLifeDays": None}]}}
    assert draft["errors"] == []
    assert back.items() <= draft["document"].items()
    step = {"commandId": str(uuid7()), "id": draft["document"]["id"], "revision": 1}
    posted = await shop.ask(
        """mutation($input: DocumentStepInput!) { postDraft(input: $input) { errors { code }
        document { shelfLifeDays lines { nodes { shelfLifeDays } } } } }""",
        input=step,
    )
    assert posted["postDraft"] == {"errors": [], "document": back}
    at_once = shop.document("receipt", *lines, shelfLife={"days": 4})
    assert back.items() <= (await shop.ask(POST, input=at_once))["postDocument"]["document"].items()
    many = [shop.document("receipt", *lines), shop.document("receipt", line(item, "1", "1"))]
    many[1]["document"]["shelfLife"] = {"days": 0}
    verdicts = await shop.ask(
        """mutation($input: PostDocumentsInput!) { postDocuments(input: $input) { verdicts {
        document { lines { nodes { shelfLifeDays } } } errors { code path } } } }""",
        input={"documents": many},
    )
    good, bad = verdicts["postDocuments"]["verdicts"]
    assert good["document"]["lines"] == back["lines"]
    path = ["documents", "1", "document", "shelfLife", "days"]
    assert bad["errors"] == [{"code": "SHELF_LIFE_TOO_SHORT", "path": path}]
    assert await verify(shop.database, shop.principal.tenant_id) == []


# Refusals and failures


async def test_refusals_say_where(shop: Shop) -> None:
    item = (await made(shop, "milk"))["item"]["id"]
    payload = await made(shop, "ham", {"days": 0})
    assert payload["item"] is None
    assert payload["errors"] == [
        {
            "code": "SHELF_LIFE_TOO_SHORT",
            "message": "0 days are too few.",
            "path": ["shelfLife", "days"],
            "details": {"days": 0},
        }
    ]
    lines = [line(item, "1", "1"), line(item, "1", "1", shelfLife={"days": -1})]
    for document, field_ in ((DRAFT, "saveDraft"), (POST, "postDocument")):
        refused = (await shop.ask(document, input=shop.document("receipt", *lines)))[field_]
        path = ["document", "lines", "1", "shelfLife", "days"]
        assert refused["errors"] == [{"code": "SHELF_LIFE_TOO_SHORT", "path": path}]


async def test_one_of_many_is_refused_alone(shop: Shop) -> None:
    def one(code: str, days: int | None) -> Json:
        save = {"commandId": str(uuid7()), "code": code, "name": code}
        return save if days is None else {**save, "shelfLife": {"days": days}}

    days = [5, 13, None, 2000, 0, 6, 666]
    items = [one(f"I{n}", given) for n, given in enumerate(days)]
    verdicts = (await shop.ask(SAVE, input={"items": items}))["saveItems"]["verdicts"]
    assert [v["item"] and v["item"]["shelfLife"] for v in verdicts] == [
        {"days": 5}, None, None, None, None, {"days": 6}, None,
    ]  # fmt: skip
    assert [v["item"] and v["item"]["code"] for v in verdicts] == [
        "I0", None, "I2", None, None, "I5", None,
    ]  # fmt: skip
    assert [(e["code"], e["path"]) for v in verdicts for e in v["errors"]] == [
        ("SHELF_LIFE_UNLUCKY", ["items", "1", "shelfLife", "days"]),
        ("SHELF_LIFE_TOO_LONG", ["items", "3", "shelfLife"]),
        ("SHELF_LIFE_TOO_SHORT", ["items", "4", "shelfLife", "days"]),
        ("MODULE_FAILED", ["items", "6", "shelfLife"]),
    ]
    again = (await shop.ask(SAVE, input={"items": items}))["saveItems"]["verdicts"]
    assert again == verdicts
    assert await verify(shop.database, shop.principal.tenant_id) == []


@pytest.mark.parametrize("days", [*range(500, 509), 510, 666])
async def test_a_failing_plugin_is_named_and_changes_nothing(shop: Shop, days: int) -> None:
    payload = await made(shop, "milk", {"days": days})
    (error,) = payload["errors"]
    assert payload["item"] is None
    assert (error["code"], error["details"]) == ("MODULE_FAILED", {"module": "shelf_life"})
    assert error["path"] == ["shelfLife"]
    assert "secrets" not in str(payload)
    found = await shop.ask("{ items { nodes { code } } auditTrail { nodes { action } } }")
    assert found["items"]["nodes"] == []
    assert "item.create" not in str(found["auditTrail"])
    assert (await made(shop, "milk", {"days": 5}))["item"]["shelfLife"] == {"days": 5}


async def test_values_for_a_module_that_is_off_are_not_dropped(
    db: Database, schema: ComposedSchema
) -> None:
    shop = await Shop.open(db, schema=schema)
    with pytest.raises(ValueError, match="modules that are off"):
        await shop.item("milk", extensions={"shelf_life": {"days": 5}})
    assert (await shop.ask("{ items { nodes { code } } }"))["items"]["nodes"] == []


async def test_what_is_sent_is_part_of_the_command(shop: Shop) -> None:
    first = {"commandId": str(uuid7()), "code": "a", "name": "a", "shelfLife": {"days": 3}}
    for _ in range(2):
        answer = (await shop.ask(CREATE, input=first))["createItem"]
        assert answer["item"]["shelfLife"] == {"days": 3}
    other = (await shop.ask(CREATE, input={**first, "shelfLife": {"days": 4}}))["createItem"]
    assert [e["code"] for e in other["errors"]] == ["COMMAND_REUSED"]
    item = answer["item"]["id"]
    posted = shop.document("receipt", line(item, "1", "1", shelfLife={"days": 4}))
    assert (await shop.ask(POST, input=posted))["postDocument"]["errors"] == []
    posted["document"]["lines"][0]["shelfLife"]["days"] = 5
    other = (await shop.ask(POST, input=posted))["postDocument"]
    assert [e["code"] for e in other["errors"]] == ["COMMAND_REUSED"]
    clear = {"commandId": str(uuid7()), "id": item, "revision": 1, "shelfLife": None}
    assert (await shop.ask(UPDATE, input=clear))["updateItem"]["errors"] == []
    del clear["shelfLife"]
    other = (await shop.ask(UPDATE, input=clear))["updateItem"]
    assert [e["code"] for e in other["errors"]] == ["COMMAND_REUSED"]


# Permissions and loaders


async def test_permissions_of_plugins_hold(shop: Shop, db: Database, schema: Any) -> None:
    item = (await made(shop, "milk", {"days": 5}))["item"]["id"]
    asked = "query($id: ID!) { item(id: $id) { code shelfLife { id days secret } } }"
    tenant = shop.principal.tenant_id
    found = (await shop.ask(asked, id=item))["item"]["shelfLife"]
    assert found == {"id": found["id"], "days": 5, "secret": 7}
    node = "query($id: ID!) { node(id: $id) { ... on ShelfLife { days } } }"
    default = "{ shelfLifeDefault(storage: COLD) }"
    check = "mutation { checkShelfLife(input: {days: 2}) { shelfLife { days } errors { code } } }"

    async def who(role: str) -> Shop:
        return await Shop.enter(db, tenant, roles=(role,), schema=schema, modules=MODULES)

    seller, keeper = await who("seller"), await who("storekeeper")
    life = (await seller.ask(asked, id=item))["item"]["shelfLife"]
    assert life == {"id": found["id"], "days": 5, "secret": None}
    assert (await seller.ask(node, id=found["id"]))["node"] == {"days": 5}
    assert (await seller.ask(default))["shelfLifeDefault"] == 30
    assert (await seller.ask(check))["checkShelfLife"] == {
        "shelfLife": None,
        "errors": [{"code": "PERMISSION_DENIED"}],
    }
    assert (await keeper.ask(asked, id=item))["item"] == {"code": "milk", "shelfLife": None}
    assert (await keeper.ask(node, id=found["id"]))["node"] is None
    assert "PERMISSION_DENIED" in str(await keeper.raw(default))
    assert (await shop.ask(check))["checkShelfLife"]["shelfLife"] == {"days": 2}


async def test_fields_of_plugins_batch(shop: Shop) -> None:
    for n in range(12):
        await made(shop, f"I{n}", {"days": n + 20})
    asked = "query($n: Int!) { items(first: $n) { nodes { shelfLife { days item { code } } } } }"
    counts = []
    for n in (2, 12):
        with statements(shop.database) as sent:
            found = (await shop.ask(asked, n=n))["items"]["nodes"]
        assert [len(found), *{life["shelfLife"] is None for life in found}] == [n, False]
        counts.append(len(sent))
    assert counts[0] == counts[1]


# The classes of core, and the published schema


def test_core_is_untouched(schema: ComposedSchema) -> None:
    published = print_schema(core_schema()._schema)
    assert "helfLife" not in published
    assert "SHELF_LIFE" not in published
    assert print_schema(composed_schema(Registry())._schema) == published
    assert "helfLife" in print_schema(schema._schema)
    assert not hasattr(Item, "shelf_life")


async def test_schemas_of_one_process_do_not_mix(shop: Shop, db: Database) -> None:
    core = core_schema()  # made after the other, from the same classes
    assert "CreateItemInput" in core._schema.type_map
    assert (await made(shop, "milk", {"days": 12}))["item"]["shelfLife"] == {"days": 12}
    plain = await Shop.open(db, schema=core)
    asked = "mutation($input: CreateItemInput!) { createItem(input: $input) { errors { code } } }"
    sent = {"commandId": str(uuid7()), "code": "a", "name": "a"}
    refused = await plain.raw(asked, input={**sent, "shelfLife": {"days": 1}})
    assert "BAD_USER_INPUT" in str(refused)
    assert (await plain.ask(asked, input=sent))["createItem"] == {"errors": []}


def test_everything_of_plugins_is_described(schema: ComposedSchema) -> None:
    assert export.undescribed(schema._schema) == []


# The example of the door


def example() -> Plugin:
    """The module in the docstring, run as it stands."""
    text = plugin_api.__doc__ or ""
    start, end = text.index('    """Gift wrapping'), text.index("How types, fields")
    module = ModuleType("gift_wrap")
    sys.modules["gift_wrap"] = module
    exec(compile(dedent(text[start:end]), "gift_wrap.py", "exec"), vars(module))
    return Plugin(module.manifest, module)


async def test_the_example_works(db: Database) -> None:
    try:
        with using(Registry([example()])) as registry:
            shop = await Shop.open(db, schema=composed_schema(registry), modules={"gift_wrap"})
            assert (await shop.ask("{ giftWrapPapers }"))["giftWrapPapers"] == ["red", "gold"]
            item = await shop.item("toy")
            await shop.posted("receipt", line(item, "5", "1"))
            sold = """mutation($input: PostDocumentInput!) { postDocument(input: $input) {
              document { lines { nodes { giftWrap { paper } } } } errors { code path } } }"""
            lines = [line(item, "1", "3", giftWrap={"paper": "gold"}), line(item, "1", "3")]
            posted = (await shop.ask(sold, input=shop.document("issue", *lines)))["postDocument"]
            nodes = [{"giftWrap": {"paper": "gold"}}, {"giftWrap": None}]
            assert posted == {"document": {"lines": {"nodes": nodes}}, "errors": []}
            lines[1]["giftWrap"] = {"paper": "blue"}
            refused = (await shop.ask(sold, input=shop.document("issue", *lines)))["postDocument"]
            path = ["document", "lines", "1", "giftWrap", "paper"]
            assert refused["errors"] == [{"code": "GIFT_WRAP_NO_SUCH_PAPER", "path": path}]
    finally:
        del sys.modules["gift_wrap"]


def test_the_example_enters_by_the_doors_alone() -> None:
    imported = re.findall(r"^ *from (\S+) import", plugin_api.__doc__ or "", re.MULTILINE)
    ours = {name for name in imported if name.split(".")[0] in ("core", "schema", "server")}
    assert ours == {"core.plugin_api", "schema.plugin_api"}
