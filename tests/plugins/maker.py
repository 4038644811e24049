"""A maker with batches, serial numbers and manufacturing on together, spoken to through GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.db.database import Database
from core.extension.registry import Plugin
from core.ids import uuid7
from core.ledger.records import lot_id
from core.ledger.verify import verify
from core.plugin_api import today
from plugins.bom_manufacturing import plugin as bom
from plugins.food_batches import plugin as food
from plugins.serial_numbers import plugin as serial
from schema.compose import ComposedSchema
from schema.relay import encode_id, uuid_of
from tests.core.extension.making import switch_on
from tests.plugins.bom_manufacturing.planner import Planner
from tests.plugins.bom_manufacturing.works import Works
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json, Shop

MODULES = [Plugin(one.manifest, one) for one in (bom, food, serial)]

ITEM = """mutation($input: CreateItemInput!) { createItem(input: $input) { item { id }
  errors { code message path } } }"""
PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id }
  errors { code } } }"""
TRACE = """query($batch: ID!, $way: FoodBatchesDirection!) {
  foodBatchesTrace(batch: $batch, direction: $way) {
    batches { nodes { lot { code item { code } } } }
    suppliers { nodes { supplier { code } lot { code } } }
    customers { nodes { open customer { code } lot { code } } }
    ends { nodes { id } } } }"""
UNIT = """query($number: String!) { serialNumbersUnit(number: $number) {
  number state customer { name } lot { code } } }"""


@dataclass
class Maker:
    """The maker, its workshop, and what it plans with."""

    shop: Shop
    workshop: Workshop
    works: Works
    planner: Planner

    @classmethod
    async def open(cls, database: Database, schema: ComposedSchema) -> Maker:
        names = {one.name for one in MODULES}
        shop = await Shop.open(database, schema=schema, modules=names)
        for name in sorted(names):
            await switch_on(database, shop.principal, name)
        workshop = Workshop(shop)
        async with database.snapshot(shop.principal.tenant_id) as tx:
            planner = Planner(workshop, await today(tx))
        return cls(shop, workshop, Works(workshop, schema), planner)

    async def make(self, mutation: str, what: str, code: str, **facts: Any) -> str:
        """The id of a new item or party."""
        sent = {"commandId": str(uuid7()), "code": code, "name": code, **facts}
        payload = (await self.shop.ask(mutation, input=sent))[f"create{what}"]
        assert payload["errors"] == [], payload
        id_: str = payload[what.lower()]["id"]
        return id_

    async def batched(self, code: str, **facts: Any) -> str:
        """An item that is kept by batch."""
        of = {"batchControl": True, "shelfLife": {"value": 300}}
        made = await self.make(ITEM, "Item", code, foodBatches=of, **facts)
        self.workshop.items[code] = made
        return made

    async def numbered(self, code: str, **facts: Any) -> str:
        """An item that is kept by serial number."""
        facts = {"costScope": "SERIAL", "serialNumbers": {"warrantyMonths": 24}, **facts}
        made = await self.make(ITEM, "Item", code, **facts)
        self.workshop.items[code] = made
        return made

    async def party(self, code: str, **facts: Any) -> str:
        return await self.make(PARTY, "Party", code, **facts)

    def batch(self, item: str, code: str) -> str:
        return encode_id("Lot", lot_id(uuid_of(self.workshop.items[item], "Item"), code))

    async def traced(self, item: str, code: str, way: str = "DOWN") -> Json:
        """What a trace leads to: lots by their items, what customers and suppliers have."""
        asked = {"batch": self.batch(item, code), "way": way}
        found = (await self.shop.ask(TRACE, **asked))["foodBatchesTrace"]
        lots: dict[str, list[str]] = {}
        for one in found["batches"]["nodes"]:
            lots.setdefault(one["lot"]["item"]["code"], []).append(one["lot"]["code"])
        return {
            "lots": {key: sorted(some) for key, some in lots.items()},
            "customers": sorted(
                (one["customer"]["code"], one["lot"]["code"])
                for one in found["customers"]["nodes"]
                if one["open"] != "0"
            ),
            "suppliers": sorted(
                (one["supplier"]["code"], one["lot"]["code"]) for one in found["suppliers"]["nodes"]
            ),
            "ends": len(found["ends"]["nodes"]),
        }

    async def unit(self, number: str) -> Json:
        [found] = (await self.shop.ask(UNIT, number=number))["serialNumbersUnit"]
        answer: Json = found
        return answer

    async def tallies(self) -> None:
        """The books and what every module keeps of them."""
        tenant = self.shop.principal.tenant_id
        assert await verify(self.shop.database, tenant, deep=True) == []
        async with self.shop.database.snapshot(tenant) as tx:
            for one in (bom, food, serial):
                assert list(await one.differences(tx)) == []
