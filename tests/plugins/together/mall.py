"""A shop over HTTP that has a set of modules on, and what people do in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from core.ledger.records import lot_id
from core.ledger.verify import verify
from core.plugin_api import today
from schema.compose import ComposedSchema
from schema.relay import encode_id
from tests.core.extension.making import switch_on
from tests.plugins.apparel_variants.tailor import COLOUR, GROUP, STYLE
from tests.plugins.food_batches.shops import uuid_in
from tests.plugins.together.sets import APPAREL, FOOD, MODULES, SERIAL
from tests.shop import Json, Shop, line

UPDATE_ITEM = """mutation($i: UpdateItemInput!) { updateItem(input: $i) { item { id }
  errors { code message path } } }"""
CREATE_ITEM = """mutation($i: CreateItemInput!) { createItem(input: $i) { item { id }
  errors { code message path } } }"""
REVISION = "query($id: ID!) { node(id: $id) { ... on Item { revision } } }"
PLACE = """mutation($i: CreatePlaceInput!) { createPlace(input: $i) { place { id }
  errors { code } } }"""
PARTY = """mutation($i: CreatePartyInput!) { createParty(input: $i) { party { id }
  errors { code } } }"""
STOCK = """query($item: [ID!]) { stock(first: 100, filter: {itemIds: $item}) {
  nodes { quantity place { code } lot { code } } } }"""
REVERSE = """mutation($i: ReverseDocumentInput!) { reverseDocument(input: $i) {
  document { id } errors { code path details } } }"""
HOLD = """mutation($i: FoodBatchesStatusInput!) { foodBatches%s(input: $i) {
  batch { status onHand } errors { code } } }"""
RECALL = """mutation($i: FoodBatchesStartRecallInput!) { foodBatchesStartRecall(input: $i) {
  recall { batches { nodes { produced frozen lot { code } } }
    customers { nodes { delivered returned open customer { code } } }
    places { nodes { quantity place { code } } } } errors { code } } }"""
WHO_HAS = """mutation($i: FoodBatchesStartRecallInput!) { foodBatchesStartRecall(input: $i) {
  recall { batches(first: 3) { nodes { produced frozen lot { code
    serialNumbersUnits(first: 9, states: [SOLD, IN_STOCK, IN_TRANSIT]) {
      totalCount nodes { number state customer { code } place { code } } } } } }
    customers(first: 9) { nodes { delivered returned open customer { code } } } } errors { code } } }"""
UNIT = """query($n: String!) { serialNumbersUnit(number: $n) { number state place { code }
  customer { code } batch { code } } }"""
UNIT_OF_BATCH = """query($n: String!) { serialNumbersUnit(number: $n) { state
  batch { code foodBatches { expiresOn status expired onHand } } lot { foodBatches { number } } } }"""


@dataclass
class Mall:
    """The shop with its items by code, and the day it is there."""

    shop: Shop
    on: frozenset[str]
    today: date
    cost_scope: str = "SERIAL"
    items: dict[str, str] = field(default_factory=dict)
    style: Json = field(default_factory=dict)

    @classmethod
    async def open(cls, db: Database, schema: ComposedSchema, set_: Sequence[str]) -> Mall:
        shop = await Shop.open(db, schema=schema, modules=set_)
        for module in set_:
            await switch_on(db, shop.principal, module)
        return await cls.of(shop, set_)

    @classmethod
    async def of(cls, shop: Shop, set_: Sequence[str], **how: Any) -> Mall:
        """The same of a shop that has these modules on already."""
        async with shop.database.snapshot(shop.principal.tenant_id) as tx:
            mall = cls(shop, frozenset(set_), await today(tx), **how)
        made = await mall.done(PLACE, code="SHOP", name="SHOP", kind="STORE")
        shop.places["SHOP"] = made["place"]["id"]
        await mall._make_items()
        return mall

    async def _make_items(self) -> None:
        told: Json = {}
        if FOOD in self.on:
            told["foodBatches"] = {"shelfLife": {"value": 90}}
        if SERIAL in self.on:
            told |= {"serialNumbers": {"warrantyMonths": 12}, "costScope": self.cost_scope}
        if APPAREL not in self.on:
            for code in ("G-S", "G-M"):
                made = await self.done(CREATE_ITEM, code=code, name=code, **told)
                self.items[code] = made["item"]["id"]
            return
        white = (await self.done(COLOUR, code="W", name="white"))["colour"]["id"]
        group = (await self.done(GROUP, code="GOWNS", name="gowns", sizes=["S", "M"]))["sizeGroup"]
        facts = {"code": "G", "name": "gown", "sizeGroupId": group["id"], "colourIds": [white]}
        self.style = (await self.done(STYLE, **facts, listPrice="30"))["style"]
        self.style["W"] = white
        for one in self.style["variants"]:
            id_ = one["item"]["id"]
            self.items[f"G-{one['size']['code']}"] = id_
            seen = (await self.shop.ask(REVISION, id=id_))["node"]["revision"]
            if told:
                await self.done(UPDATE_ITEM, id=id_, revision=seen, **told)

    async def do(self, mutation: str, **sent: Any) -> Json:
        """The payload of a mutation."""
        sent.setdefault("commandId", str(uuid7()))
        (payload,) = (await self.shop.ask(mutation, i=sent)).values()
        made: Json = payload
        return made

    async def done(self, mutation: str, **sent: Any) -> Json:
        """The payload, which must have no errors."""
        payload = await self.do(mutation, **sent)
        assert payload["errors"] == [], payload
        return payload

    async def customer(self, code: str, **more: Any) -> str:
        made = await self.done(PARTY, code=code, name=code, isCustomer=True, **more)
        id_: str = made["party"]["id"]
        return id_

    def day(self, offset: int) -> str:
        """So many days from today."""
        return (self.today + timedelta(days=offset)).isoformat()

    def line(
        self, quantity: int | None = None, *numbers: str, item: str = "G-S", **more: Any
    ) -> Json:
        """A line of so many, or of these numbers."""
        if numbers:
            quantity, more = len(numbers), {**more, "serialNumbers": {"numbers": list(numbers)}}
        return line(self.items[item], None if quantity is None else str(quantity), **more)

    async def receive(self, batch: str, expires: int, *numbers: str, item: str = "G-S") -> Json:
        """Pieces that came ten days ago at 5 each; they are numbered and of a batch as far as the modules
        for it are on."""
        more: Json = {"price": "5"}
        if FOOD in self.on:
            more |= {"lotCode": batch, "foodBatches": {"expiresOn": self.day(expires)}}
        pieces = numbers if SERIAL in self.on else ()
        received = self.line(len(numbers), *pieces, item=item, **more)
        return await self.shop.posted("receipt", received, on=self.day(-10))

    async def posted(self, type_: str, *lines: Json, **head: Any) -> Json:
        head.setdefault("on", self.day(0))
        return await self.shop.posted(type_, *lines, **head)

    async def refused(self, type_: str, *lines: Json, **head: Any) -> list[tuple[str, list[str]]]:
        """Codes and paths for which a document of today is refused."""
        head.setdefault("on", self.day(0))
        payload = await self.shop.post(type_, *lines, **head)
        assert payload["document"] is None, payload
        return errors(payload)

    async def undo(self, document: Json) -> list[str]:
        """The codes for which a reversal of today is refused; none where it was done."""
        payload = await self.do(REVERSE, id=document["id"], date=self.day(0))
        return [error["code"] for error in payload["errors"]]

    def batch_id(self, code: str, item: str = "G-S", kind: str = "FoodBatchesBatch") -> str:
        return encode_id(kind, lot_id(uuid_in(self.items[item]), code))

    async def left(self, item: str = "G-S") -> dict[str, set[str] | str]:
        """What lies of an item, by place: the numbers or batches, or how many."""
        nodes = (await self.shop.ask(STOCK, item=[self.items[item]]))["stock"]["nodes"]
        found: dict[str, Any] = {}
        for node in nodes:
            place = node["place"]["code"]
            if node["lot"] is None:
                found[place] = node["quantity"]
            elif SERIAL in self.on:
                found.setdefault(place, set()).add(node["lot"]["code"])
            else:
                found.setdefault(place, set()).add(f"{node['quantity']} {node['lot']['code']}")
        return found

    async def tallies(self) -> None:
        tenant = self.shop.principal.tenant_id
        assert await verify(self.shop.database, tenant, deep=True) == []
        async with self.shop.database.snapshot(tenant) as tx:
            for module in self.on:
                assert list(await MODULES[module].differences(tx)) == []


def errors(payload: Json) -> list[tuple[str, list[str]]]:
    """Codes and paths of a payload."""
    return [(error["code"], error["path"]) for error in payload["errors"]]
