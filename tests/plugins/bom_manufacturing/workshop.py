"""A shop that makes things, spoken to through GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from plugins.bom_manufacturing import plugin
from schema.compose import ComposedSchema
from tests.core.extension.making import switch_on
from tests.shop import Json, Shop

NAME = plugin.manifest.name

SAVE = """mutation($input: BomManufacturingSaveBomInput!) { bomManufacturingSaveBom(input: $input) {
  bom { id version revision outputQuantity validFrom validUntil item { code }
    lines { nodes { number quantity scrapPercent setupLoss multiple phantom supply validFrom validUntil
      conditions { attribute values } alternates { priority ratio item { code } } item { code } } }
    outputs { quantity kind sharePercent unitValue item { code } }
    operations { minutes setupMinutes cycleQuantity wholeCycles efficiencyPercent hourRate } }
  errors { code message path details } } }"""


@dataclass
class Workshop:
    """The shop, and its items by their codes."""

    shop: Shop
    items: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, database: Database, schema: ComposedSchema, **how: Any) -> Workshop:
        shop = await Shop.open(database, schema=schema, modules={NAME}, **how)
        await switch_on(database, shop.principal, NAME)
        return cls(shop)

    async def item(self, code: str, **facts: Any) -> str:
        """The item of this code, made where it is not there."""
        if code not in self.items:
            self.items[code] = await self.shop.item(code, **facts)
        return self.items[code]

    async def line(self, code: str, quantity: str = "1", **more: Any) -> Json:
        return {"itemId": await self.item(code), "quantity": quantity, **more}

    async def input(self, code: str, *lines: Json, **more: Any) -> Json:
        sent = {"commandId": str(uuid7()), "itemId": await self.item(code), "version": "1"}
        return {**sent, "lines": list(lines), **more}

    async def send(self, input_: Json) -> Json:
        """The payload of saving a version."""
        payload: Json = (await self.shop.ask(SAVE, input=input_))["bomManufacturingSaveBom"]
        return payload

    async def save(self, code: str, *lines: Json, **more: Any) -> Json:
        """A version, which must not be refused."""
        payload = await self.send(await self.input(code, *lines, **more))
        assert payload["errors"] == [], payload
        bom: Json = payload["bom"]
        return bom

    async def simple(self, **parts: str) -> None:
        """Bills of one of each: ``P="A B"``."""
        for code, names in parts.items():
            await self.save(code, *[await self.line(name) for name in names.split()])

    async def ask(self, name: str, code: str, fields: str, **arguments: Any) -> Any:
        """A question about an item."""
        kinds = {
            "quantity": "Decimal!",
            "depth": "Int!",
            "on": "Date",
            "attributes": "[BomManufacturingAttributeInput!]!",
            "placeIds": "[ID!]",
            "first": "Int",
            "after": "String",
        }
        declared = "".join(f", ${each}: {kinds[each]}" for each in arguments)
        passed = "".join(f", {each}: ${each}" for each in arguments)
        query = (
            f"query($itemId: ID!{declared}) {{"
            f" bomManufacturing{name}(itemId: $itemId{passed}) {fields} }}"
        )
        answer = await self.shop.raw(query, itemId=await self.item(code), **arguments)
        if "errors" in answer:
            return answer["errors"]
        return answer["data"][f"bomManufacturing{name}"]
