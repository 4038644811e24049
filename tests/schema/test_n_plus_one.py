"""No field asks the database once per row: what hangs on ten rows costs as many statements as what
hangs on twenty. Made from the schema, so that a new field is held to it from its first day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLField, get_named_type

from core.catalogue import service as catalogue
from core.catalogue import vocabulary
from core.catalogue.records import (
    BarcodeDraft,
    CategoryDraft,
    ItemDraft,
    ItemSave,
    ItemUnitDraft,
    UnitDraft,
)
from core.db.database import Database
from core.ids import uuid7
from core.parties import service as parties
from core.parties.rules import PartyDraft, PartySave
from core.places import service as places
from core.places.rules import PlaceDraft
from core.tenancy import service as tenancy
from schema.compose import core_schema
from schema.relay import encode_id
from tests.schema.requests import free_fields, request, root_fields, selection
from tests.schema.statements import statements
from tests.shop import Json, Shop, line

SCHEMA = core_schema()
FEW, MANY = 10, 20
FULL = {"items", "categories", "places", "parties", "members", "auditTrail", "documents", "stock"}
"""Lists that hold twenty rows here; the others are as long as they come."""


@pytest.fixture(scope="module")
async def shop(db: Database) -> Shop:
    """Twenty of everything, each with its own neighbours."""
    shop = await Shop.open(db)
    who = shop.principal
    items = await _items(shop)
    for n in range(MANY):
        await places.create_place(
            db, who, uuid7(), PlaceDraft(code=f"W{n}", name=f"仓 {n}", kind="warehouse")
        )
        await tenancy.add_user(db, who.tenant_id, f"{uuid4()}@example.com", ["viewer"])
    found = await shop.ask("{ places(first: 100) { nodes { id code } } }")
    shop.places = {p["code"]: p["id"] for p in found["places"]["nodes"]}
    saves = [
        PartySave(command_id=uuid7(), draft=PartyDraft(code=f"P{n}", name="甲", is_supplier=True))
        for n in range(MANY)
    ]
    sellers = [encode_id("Party", v.id) for v in await parties.save_parties(db, who, saves) if v.id]
    for n, (item, seller) in enumerate(zip(items, sellers, strict=True)):
        await shop.posted(
            "receipt", line(item, "9", "2"), placeId=shop.places[f"W{n}"], partyId=seller
        )
    await shop.posted("issue", line(items[0], "1", "5"), placeId=shop.places["W0"])
    return shop


async def _items(shop: Shop) -> list[str]:
    db, who = shop.database, shop.principal
    saves = []
    for n in range(MANY):
        unit = await vocabulary.create_unit(db, who, uuid7(), UnitDraft(code=f"U{n}", name="件"))
        draft = ItemDraft(
            code=f"I{n}",
            name=f"商品 {n}",
            category_id=await _category(shop, n),
            units=(ItemUnitDraft(unit_id=unit.id, numerator=Decimal(12)),),
            barcodes=(BarcodeDraft(code=f"690{n}", unit_id=unit.id),),
        )
        saves.append(ItemSave(command_id=uuid7(), draft=draft))
    return [encode_id("Item", v.id) for v in await catalogue.save_items(db, who, saves) if v.id]


async def _category(shop: Shop, n: int) -> UUID:
    """One with a parent and a child of its own; its code is among the first."""
    ids: list[UUID] = []
    for code in (f"B{n}", f"A{n}", f"C{n}"):
        draft = CategoryDraft(code=code, name=f"类 {n}", parent_id=ids[-1] if ids else None)
        made = await vocabulary.create_category(shop.database, shop.principal, uuid7(), draft)
        ids.append(made.id)
    return ids[1]


def lists() -> Iterator[tuple[str, GraphQLField, str, GraphQLField]]:
    """Every root list with every object that hangs on its rows."""
    for operation, name, field in root_fields(SCHEMA._schema):
        if operation != "query" or "first" not in field.args:
            continue
        page: Any = get_named_type(field.type)
        node: Any = get_named_type(page.fields["nodes"].type)
        for inner, inner_field in free_fields(node):
            if hasattr(get_named_type(inner_field.type), "fields"):
                yield name, field, inner, inner_field


async def answer(shop: Shop, name: str, field: GraphQLField, inner: str, first: int) -> Json:
    found = await shop.ask("{ items(first: 1) { nodes { id } } }")
    given: Json = {"first": first}
    if "itemId" in field.args:
        given["itemId"] = found["items"]["nodes"][0]["id"]
    body = request("query", name, field, f"{{ nodes {{ {inner} }} }}", **given)
    data: Json = (await shop.ask(body["query"], **body["variables"]))[name]
    return data


@pytest.mark.parametrize(("name", "inner"), [(name, inner) for name, _, inner, _ in lists()])
async def test_statements_do_not_grow_with_rows(
    db: Database, shop: Shop, name: str, inner: str
) -> None:
    field, inner_field = next((f, i) for n, f, x, i in lists() if (n, x) == (name, inner))
    paged = "(first: 2)" if "first" in inner_field.args else ""
    asked = f"{inner}{paged} {selection(get_named_type(inner_field.type), 1)}"
    sent, rows = {}, {}
    for first in (FEW, MANY, FEW, MANY):  # the first round warms what is cached
        with statements(db) as seen:
            rows[first] = len((await answer(shop, name, field, asked, first))["nodes"])
        sent[first] = [one for one in seen if "FROM api_token" not in one]  # who signs in
    if name in FULL:
        assert rows == {FEW: FEW, MANY: MANY}
    assert len(sent[FEW]) == len(sent[MANY]), "\n".join(sent[MANY])
