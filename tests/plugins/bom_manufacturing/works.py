"""Work orders of a workshop, through GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json, line

ORDER = """{ id status kind number revision quantity reported scrapped open overPercent dueOn
  item { code } place { id } bom { version } worth { components charges value }
  charges { kind amount }
  outputs { ordered received value item { code } }
  cost { components charges received unitCost writtenOff chargesLost }
  parts { nodes { line supply ordered issued toIssue inWork standard used variance varianceValue writtenOff
    item { code } place { code } } }
  inWork { nodes { quantity value lotCode item { code } } } }"""
INPUTS = {
    "SaveWorkOrder": "SaveWorkOrder",
    "Release": "Release",
    "Issue": "Issue",
    "Return": "Return",
    "Report": "Report",
    "Charge": "Charge",
    "Stop": "WorkOrder",
    "Resume": "WorkOrder",
    "Close": "WorkOrder",
}


@dataclass
class Works:
    """A workshop and its orders."""

    workshop: Workshop
    schema: ComposedSchema

    async def send(self, mutation: str, **input_: Any) -> Json:
        """The payload of a step."""
        name = f"bomManufacturing{mutation}"
        query = (
            f"mutation($input: BomManufacturing{INPUTS[mutation]}Input!) {{ {name}(input: $input) {{"
            f" order {ORDER} document {{ id number }} errors {{ code message path details }} }} }}"
        )
        sent = {"commandId": str(uuid7()), **input_}
        payload: Json = (await self.workshop.shop.ask(query, input=sent))[name]
        return payload

    async def do(self, mutation: str, **input_: Any) -> Json:
        """A step that must not be refused; the order as it stands then."""
        payload = await self.send(mutation, **input_)
        assert payload["errors"] == [], payload["errors"]
        order: Json = payload["order"]
        return order

    async def refused(self, mutation: str, **input_: Any) -> list[str]:
        """A step that must be refused; the codes."""
        payload = await self.send(mutation, **input_)
        assert payload["errors"], payload
        return [error["code"] for error in payload["errors"]]

    async def order(self, code: str, quantity: str, **more: Any) -> Json:
        """A released order of an item."""
        drafted = await self.draft(code, quantity, **more)
        return await self.do("Release", id=drafted["id"], revision=drafted["revision"])

    async def draft(self, code: str, quantity: str, **more: Any) -> Json:
        place = self.workshop.shop.places["MAIN"]
        sent = {"itemId": self.workshop.items[code], "quantity": quantity, "placeId": place}
        return await self.do("SaveWorkOrder", **(sent | more))

    async def stock(self, **codes: tuple[str, str]) -> None:
        """Opening stock: ``A=("10", "2")`` is ten at two."""
        lines = [line(await self.workshop.item(c), q, price) for c, (q, price) in codes.items()]
        await self.workshop.shop.posted("opening", *lines)

    async def set(self, **settings: Any) -> None:
        """Change the module's settings."""
        query = """mutation($input: BomManufacturingUpdateSettingsInput!) {
          bomManufacturingUpdateSettings(input: $input) {
            settings { releaseShort overProductionPct } errors { code } } }"""
        input_ = {"commandId": str(uuid7()), **settings}
        answer = await self.workshop.shop.ask(query, input=input_)
        assert answer["bomManufacturingUpdateSettings"] == {"settings": settings, "errors": []}

    async def read(self, order: Json) -> Json:
        query = f"query($id: ID!) {{ bomManufacturingWorkOrder(id: $id) {ORDER} }}"
        found: Json = (await self.workshop.shop.ask(query, id=order["id"]))[
            "bomManufacturingWorkOrder"
        ]
        return found

    async def on_hand(self, code: str) -> Any:
        """Quantity and value of what lies in the warehouse of an item."""
        query = """query($items: [ID!]) { stock(filter: {itemIds: $items}, first: 50) {
          nodes { quantity value place { code } } } }"""
        found = await self.workshop.shop.ask(query, items=[self.workshop.items[code]])
        own = [one for one in found["stock"]["nodes"] if one["place"]["code"] == "MAIN"]
        quantity = sum((Decimal(one["quantity"]) for one in own), Decimal(0))
        return quantity, sum((Decimal(one["value"]) for one in own), Decimal(0))


def parts(order: Json, *names: str) -> dict[str, tuple[Any, ...]]:
    """Figures of the components by item."""
    return {
        one["item"]["code"]: tuple(Decimal(one[name]) for name in names)
        for one in order["parts"]["nodes"]
    }


def worth(order: Json) -> Any:
    """What is in work of an order is worth."""
    return Decimal(order["worth"]["value"])
