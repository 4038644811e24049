"""A shop that sells food, spoken to through GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from core.plugin_api import Transaction, today
from plugins.food_batches import plugin
from schema.compose import ComposedSchema
from tests.core.extension.making import switch_on
from tests.shop import Json, Shop, line

NAME = "food_batches"

ITEM = """mutation($input: CreateItemInput!) { createItem(input: $input) { item { id revision
  foodBatches { batchControl shelfLife { value unit } storage storageNote nearExpiryDays
    secondUnit { code } secondMinimum secondMaximum specification } }
  errors { code message path details } } }"""
PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id revision
  foodBatches { minimumLife { days numerator denominator }
    licences { kind number validUntil expired } } }
  errors { code message path details } } }"""
BATCHES = """query($filter: FoodBatchesFilterInput, $first: Int, $after: String) {
  foodBatches(filter: $filter, first: $first, after: $after) { totalCount
    pageInfo { hasNextPage endCursor }
    nodes { id number producedOn expiresOn supplierNumber origin certificates status daysLeft expired
      freshness onHand item { code } lot { code } } } }"""


@dataclass
class Market:
    """The shop, and the day it is there."""

    shop: Shop
    today: date

    @classmethod
    async def start(cls, database: Database, schema: ComposedSchema, **how: Any) -> Market:
        shop = await Shop.open(database, schema=schema, modules=[NAME], **how)
        await switch_on(database, shop.principal, NAME)
        async with database.snapshot(shop.principal.tenant_id) as tx:
            return cls(shop, await today(tx))

    def day(self, offset: int) -> str:
        """So many days from today."""
        return (self.today + timedelta(days=offset)).isoformat()

    async def item(self, code: str, food: Json | None = None, **facts: Any) -> Json:
        """The payload of making an item."""
        sent = {"commandId": str(uuid7()), "code": code, "name": code, **facts}
        if food is not None:
            sent["foodBatches"] = food
        payload: Json = (await self.shop.ask(ITEM, input=sent))["createItem"]
        return payload

    async def food(self, code: str, **food: Any) -> str:
        """The id of a new item under batch control, which keeps 60 days unless said."""
        payload = await self.item(code, {"shelfLife": {"value": 60}, **food})
        assert payload["errors"] == [], payload
        id_: str = payload["item"]["id"]
        return id_

    async def party(self, code: str, food: Json | None = None, **facts: Any) -> Json:
        """The payload of making a supplier who is a customer, too."""
        sent = {"commandId": str(uuid7()), "code": code, "name": code, "isSupplier": True}
        sent |= {"isCustomer": True, **facts}
        if food is not None:
            sent["foodBatches"] = food
        payload: Json = (await self.shop.ask(PARTY, input=sent))["createParty"]
        return payload

    async def receive(self, item: str, lot: str, quantity: str, **food: Any) -> Json:
        """Goods that came ten days ago, at 2 each."""
        return await self.shop.posted(
            "receipt",
            line(item, quantity, "2", lotCode=lot, foodBatches=food),
            on=self.day(-10),
        )

    async def refused(self, type_: str, *lines: Json, **head: Any) -> list[str]:
        """The codes with which a document of today is refused."""
        head.setdefault("on", self.day(0))
        payload = await self.shop.post(type_, *lines, **head)
        assert payload["document"] is None, payload
        return [error["code"] for error in payload["errors"]]

    async def posted(self, type_: str, *lines: Json, **head: Any) -> Json:
        head.setdefault("on", self.day(0))
        return await self.shop.posted(type_, *lines, **head)

    async def batches(self, **filter: Any) -> dict[str, Json]:
        """Batches by their numbers, in the order of the list."""
        found = await self.shop.ask(BATCHES, filter=filter)
        return {batch["number"]: batch for batch in found["foodBatches"]["nodes"]}

    async def left(self, item: str) -> dict[str | None, str]:
        """What lies of an item, by batch."""
        found = await self.shop.ask(
            "query($i: [ID!]) { stock(filter: {itemIds: $i}) { nodes { quantity lot { code } } } }",
            i=[item],
        )
        nodes = found["stock"]["nodes"]
        return {node["lot"] and node["lot"]["code"]: node["quantity"] for node in nodes}

    async def do(self, mutation: str, **input_: Any) -> Json:
        """The payload of a mutation of one batch: hold, release, updateBatch."""
        kind = "UpdateBatch" if mutation == "UpdateBatch" else "Status"
        sent = {"commandId": str(uuid7()), **input_}
        answer = await self.shop.ask(
            f"mutation($input: FoodBatches{kind}Input!) {{ foodBatches{mutation}(input: $input) {{"
            " batch { number status producedOn expiresOn supplierNumber certificates expired }"
            " errors { code message path details } } }",
            input=sent,
        )
        payload: Json = answer[f"foodBatches{mutation}"]
        return payload

    def transaction(self) -> Any:
        return self.shop.database.transaction(self.shop.principal.tenant_id)

    async def tallies(self) -> None:
        tenant = self.shop.principal.tenant_id
        found = await verify(self.shop.database, tenant, deep=True)
        assert found == [], found
        tx: Transaction
        async with self.shop.database.snapshot(tenant) as tx:
            assert await plugin.differences(tx) == []


def errors(payload: Json) -> list[tuple[str, list[str]]]:
    """Codes and paths of a payload."""
    return [(error["code"], error["path"]) for error in payload["errors"]]
