"""What is switched off is not there: whatever a caller tries, the answer is that of a server without it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import get_introspection_query, print_schema

from core.db.database import Database
from core.documents.types import DocumentType, Effect
from core.extension.registry import Registry, using
from core.ids import uuid7
from core.plugin_api import Transaction, hookimpl
from schema.compose import ComposedSchema, composed_schema, core_schema
from schema.execute import Executor
from schema.plugin_api import (
    Extension,
    Item,
    Node,
    encode_id,
    field,
    object_type,
    query_field,
)
from schema.views import MAX_VIEWS, Views
from tests.schema.modules import (
    extending,
    plugin,
    shelf_life,
    shelf_life_table,
    tiny,
)
from tests.shop import Json, Shop, line

LETTERS = ("ma", "mb", "mc", "md")
SETS = [frozenset(some) for n in range(5) for some in combinations(LETTERS, n)]


async def shelves(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, AlphaShelf]:
    return {key: AlphaShelf(uuid=key, word="here") for key in keys}


@object_type(permission="catalogue.read", node=shelves)
class AlphaShelf(Node):
    """No field leads to it by name, but for the interface; whoever reads items may see it."""

    word: str = field("A word.")


class AlphaQueries:
    @query_field(permission="catalogue.read")
    def alpha_items(self) -> list[Item]:
        """It leads to a type of core."""
        return []


@hookimpl
def document_types() -> list[DocumentType]:
    return [DocumentType("shelving", Effect.MOVE, "SV", "Shelving", "上架")]


@pytest.fixture(scope="module")
def plugins(owner_url: str) -> Iterator[Registry]:
    made = [
        shelf_life(),
        extending("alpha", Extension(queries=AlphaQueries, types=[AlphaShelf])),
        tiny("base"),
        tiny("above", requires=("base",)),
        plugin("shelves", document_types=document_types),
        *(tiny(name) for name in LETTERS),
    ]
    with shelf_life_table(owner_url), using(Registry(made)) as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(plugins: Registry) -> ComposedSchema:
    return composed_schema(plugins)


@pytest.fixture(scope="module")
async def on(db: Database, schema: ComposedSchema) -> Shop:
    """A shop with a module, and an item that has something of it."""
    shop = await Shop.open(db, schema=schema, modules={"shelf_life", "alpha"})
    made = await shop.ask(
        """mutation($input: CreateItemInput!) { createItem(input: $input) { errors { code } } }""",
        input={"commandId": str(uuid7()), "code": "I", "name": "I", "shelfLife": {"days": 5}},
    )
    assert made["createItem"]["errors"] == []
    return shop


@pytest.fixture(scope="module")
async def off(db: Database, schema: ComposedSchema, on: Shop) -> Shop:
    """The same tenant, with the module switched off."""
    tenant = on.principal.tenant_id
    return await Shop.enter(db, tenant, roles=("administrator",), schema=schema)


@pytest.fixture(scope="module")
async def bare(db: Database, on: Shop) -> Shop:
    """The same tenant, on a server without plugins."""
    return await Shop.enter(db, on.principal.tenant_id, roles=("administrator",))


# Nothing of it is there


HIDDEN = {
    "a field": "{ items { nodes { shelfLife { days } } } }",
    "under an alias": "{ items { nodes { code: shelfLife { days } } } }",
    "almost": "{ items { nodes { shelfLif } } }",
    "almost a root": "{ shelfLifeDefaul }",
    "a root": "{ shelfLifeDefault(storage: COLD) }",
    "a root under an alias": "{ items: shelfLifeDefault(storage: COLD) }",
    "a root to core": "{ alphaItems { code } }",
    "a mutation": "mutation { checkShelfLife(input: {days: 2}) { errors { code } } }",
    "almost a mutation": "mutation { checkShelfLif(input: {days: 2}) { errors { code } } }",
    "a fragment": "{ items { nodes { ...F } } } fragment F on Item { shelfLife { days } }",
    "a fragment on its type": "{ __typename } fragment F on ShelfLife { days }",
    "an unused fragment": "query { ...G } fragment G on Query { __typename }"
    " fragment F on ShelfLifePayload { shelfLife { days } }",
    "an inline fragment": '{ node(id: "x") { ... on ShelfLife { days } } }',
    "an inline fragment on a further type": '{ node(id: "x") { ... on AlphaShelf { word } } }',
    "almost its type": '{ node(id: "x") { ... on ShelfLif { days } } }',
    "a fragment of a payload": "mutation { updateItem(input: {}) { ... on ShelfLifePayload {"
    " shelfLife { days } } } }",
    "a variable of its input": "query($a: ShelfLifeInput) { __typename }",
    "a variable of its enum": "query($a: ShelfLifeStorage) { __typename }",
    "a value of its enum": "{ items(orderBy: COLD) { nodes { id } } }",
    "an input field": 'mutation { createItem(input: {commandId: "0198f0aa-0000-7000-8000-000000000000",'
    ' code: "a", name: "a", shelfLife: {days: 1}}) { errors { code } } }',
    "almost an input field": "mutation { createItem(input: {shelfLif: {days: 1}}) { errors { code } } }",
    "a field of a line": '{ document(number: "x") { shelfLifeDays lines { nodes { shelfLifeDays } } } }',
    "its type in introspection": '{ a: __type(name: "ShelfLife") { name }'
    ' b: __type(name: "ShelfLifeInput") { name } c: __type(name: "AlphaShelf") { name }'
    ' d: __type(name: "ShelfLifeStorage") { name } e: __type(name: "ShelfLifePayload") { name } }',
    "the fields of an item": '{ __type(name: "Item") { fields { name } } }',
    "the fields of an input": '{ __type(name: "CreateItemInput") { inputFields { name } } }',
    "the kinds of node": '{ __type(name: "Node") { possibleTypes { name } } }',
    "the codes": '{ __type(name: "ErrorCode") { enumValues { name } } }',
    "everything": get_introspection_query(),
}


@pytest.mark.parametrize("name", HIDDEN)
async def test_the_answer_is_that_of_a_server_without(
    name: str, on: Shop, off: Shop, bare: Shop
) -> None:
    document = HIDDEN[name]
    assert await off.raw(document) == await bare.raw(document)
    if "almost" not in name and "value of its enum" not in name:
        assert await on.raw(document) != await bare.raw(document)


async def test_variables_do_not_reach_it(on: Shop, off: Shop, bare: Shop) -> None:
    document = "mutation($input: CreateItemInput!) { createItem(input: $input) { item { code } } }"
    for name in ("shelfLife", "shelfLif"):
        sent = {"commandId": str(uuid7()), "code": "v", "name": "v", name: {"days": 1}}
        refused = await off.raw(document, input=sent)
        assert refused == await bare.raw(document, input=sent)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    item = await on.item("lined")
    sent = on.document("receipt", line(item, "1", "1", shelfLife={"days": 1}))
    post = (
        "mutation($input: PostDocumentInput!) { postDocument(input: $input) { errors { code } } }"
    )
    assert await off.raw(post, input=sent) == await bare.raw(post, input=sent)
    assert "data" not in await off.raw(post, input=sent)


async def test_node_does_not_find_it(on: Shop, off: Shop) -> None:
    found = (await on.ask("{ items { nodes { shelfLife { id } } } }"))["items"]["nodes"]
    ids = [one["shelfLife"]["id"] for one in found if one["shelfLife"]]
    assert ids
    asked = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } node(id: $id) { id } }"
    asked = asked.replace("($ids: [ID!]!)", "($ids: [ID!]!, $id: ID!)")
    there = await on.ask(asked, ids=ids, id=ids[0])
    assert there["nodes"] == [{"__typename": "ShelfLife", "id": one} for one in ids]
    shelf = encode_id("AlphaShelf", UUID(int=1))
    assert (await on.ask(asked, ids=[], id=shelf))["node"] == {"id": shelf}
    gone = await off.ask(asked, ids=[*ids, shelf], id=shelf)
    assert gone == {"nodes": [None] * (len(ids) + 1), "node": None}


async def test_document_types_are_hidden(db: Database, schema: ComposedSchema, off: Shop) -> None:
    asked = "{ documentTypes { code } }"
    shop = await Shop.open(db, schema=schema, modules={"shelves"})
    assert {"code": "shelving"} in (await shop.ask(asked))["documentTypes"]
    assert {"code": "shelving"} not in (await off.ask(asked))["documentTypes"]


async def test_what_was_kept_comes_back_when_it_is_on_again(
    db: Database, schema: ComposedSchema, on: Shop, off: Shop
) -> None:
    asked = '{ item(code: "I") { shelfLife { days } } }'
    assert "errors" in await off.raw(asked)
    again = await Shop.enter(
        db,
        on.principal.tenant_id,
        roles=("administrator",),
        schema=schema,
        modules={"shelf_life"},
    )
    assert await again.ask(asked) == {"item": {"shelfLife": {"days": 5}}}


# Codes


async def test_codes_of_a_module_are_values_where_it_is_on(on: Shop) -> None:
    asked = "mutation { checkShelfLife(input: {days: 0}) { errors { code message } } }"
    errors = [{"code": "SHELF_LIFE_TOO_SHORT", "message": "0 days are too few."}]
    assert (await on.ask(asked))["checkShelfLife"] == {"errors": errors}
    found = (await on.ask(HIDDEN["the codes"]))["__type"]["enumValues"]
    names = {value["name"] for value in found}
    assert {"SHELF_LIFE_TOO_SHORT", "SHELF_LIFE_UNLUCKY", "NOT_FOUND"} <= names


# The schemas themselves


def test_without_modules_it_is_the_core(schema: ComposedSchema) -> None:
    core = print_schema(core_schema()._schema)
    assert print_schema(schema.view(frozenset())._schema) == core
    assert print_schema(schema._schema) != core


def test_it_is_the_published_core_in_a_process_of_its_own() -> None:
    # Elsewhere, as other tests load modules, and with them codes, that no client meets.
    program = """
from graphql import print_schema
from core.extension.registry import Registry
from schema.compose import composed_schema
from tests.schema.modules import shelf_life, tiny
schema = composed_schema(Registry([shelf_life(), tiny("ma")]))
print(print_schema(schema.view(frozenset())._schema))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    published = Path(__file__).parents[2] / "schema" / "sdl" / "core.graphql"
    assert done.stdout == published.read_text("utf-8")


def test_a_view_is_that_of_its_plugins_alone(schema: ComposedSchema, plugins: Registry) -> None:
    """The whole made smaller is what would have been made of the few."""
    for names in ({"shelf_life"}, {"ma", "mc"}, {"alpha", "base"}):
        few = composed_schema(Registry(one for one in plugins if one.name in names))
        view = schema.view(frozenset(names))
        assert print_schema(view._schema) == print_schema(few._schema)


def test_views_leave_the_whole_as_it_is(schema: ComposedSchema) -> None:
    before = print_schema(schema._schema)
    for some in SETS:
        schema.view(some)
    assert print_schema(schema._schema) == before


def test_what_a_module_requires_is_on_with_it(schema: ComposedSchema, plugins: Registry) -> None:
    views = Views(schema, plugins)
    assert views.of({"above"}) is views.of({"above", "base"})
    assert views.of({"base"}) is not views.of({"above"})
    assert views.of({"gone"}) is views.of(())  # switched on once, and uninstalled since


def test_few_views_are_kept(schema: ComposedSchema, plugins: Registry) -> None:
    views = Views(schema, plugins)
    first = views.of(())
    every = [one.name for one in plugins if not one.manifest.requires]
    sets = [frozenset(some) for n in range(1, 4) for some in combinations(every, n)]
    assert len(sets) > MAX_VIEWS
    seen: list[Executor] = [views.of(some) for some in sets[: MAX_VIEWS - 1]]
    assert views.of(()) is first  # in use, and so the last to go
    views.of(sets[MAX_VIEWS])
    assert views.of(()) is first
    assert views.of(sets[0]) is not seen[0]


async def test_documents_are_prepared_per_view(on: Shop, off: Shop) -> None:
    asked = '{ item(code: "I") { shelfLife { days } } }'
    for _ in range(2):
        assert "errors" not in await on.raw(asked)
        assert "data" not in await off.raw(asked)


async def test_sixteen_module_sets_at_once(db: Database, schema: ComposedSchema) -> None:
    """Each request is answered by the view of its own modules, however they are mixed."""
    opened = await Shop.open(db, schema=schema)
    item = await opened.item("X")
    tenant = opened.principal.tenant_id
    roles = ("administrator",)
    shops = [
        await Shop.enter(db, tenant, roles=roles, schema=schema, modules=some) for some in SETS
    ]
    every = "query($id: ID!) { item(id: $id) { " + " ".join(f"{m}Word {{ word }}" for m in LETTERS)

    async def ask(shop: Shop, some: frozenset[str], n: int) -> None:
        letter = LETTERS[n % 4]
        field_, answer = f"{letter}Name", await shop.raw(f"{{ {LETTERS[n % 4]}Name }}")
        if letter in some:
            assert answer == {"data": {field_: letter}}
        else:
            assert "data" not in answer
        own = " ".join(f"{m}Word {{ word }}" for m in sorted(some)) or "code"
        found: Json = await shop.ask(f"query($id: ID!) {{ item(id: $id) {{ {own} }} }}", id=item)
        expected: Any = {f"{m}Word": {"word": m} for m in some} or {"code": "X"}
        assert found["item"] == expected
        assert ("data" in await shop.raw(every + " } }", id=item)) == (len(some) == 4)
        types = "{ __schema { types { name } } }"
        names = json.dumps(await shop.raw(types))
        assert {m for m in LETTERS if f'"{m.capitalize()}Word"' in names} == some

    pairs = list(zip(shops, SETS, strict=True))
    await asyncio.gather(*(ask(shop, some, n) for n in range(4) for shop, some in pairs))
