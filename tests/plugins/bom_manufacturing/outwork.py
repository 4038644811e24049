"""A workshop that has its sewing done by a processor, spoken to through GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.ids import uuid7
from core.plugin_api import rows
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json, line

D = Decimal
ORDER = """order { id open revision quantity received rejected paysRejected item { code }
  processor { code } place { code }
  components(first: 50) { nodes { ordered sent toSend used allowedLoss chargedLoss returned left short
    allowancePercent item { code } } }
  settlement { fee tax charges adjustments lost owed } }
  document { id number type { code } } errors { code message path details }"""
SUPPLIER = """mutation($input: CreatePartyInput!) { createParty(input: $input) {
  party { id } errors { code } } }"""
PROCESSOR = """mutation($input: BomManufacturingAddProcessorInput!) {
  bomManufacturingAddProcessor(input: $input) { place { id code kind negativeStock
  bomManufacturingProcessor { code } } errors { code path } } }"""
REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  document { id } errors { code } } }"""
STOCK = """query($ids: [ID!]!) { stock(filter: {itemIds: $ids}) {
  nodes { quantity value place { code } } } }"""


@dataclass
class Outwork:
    """A workshop with a processor: shirts of 2 m of cloth, with 5 % scrap, and 3 buttons each; thread is
    the processor's own."""

    workshop: Workshop
    party: str
    place: str

    @classmethod
    async def open(cls, workshop: Workshop, **policy: Any) -> Outwork:
        await workshop.save(
            "SHIRT",
            await workshop.line("CLOTH", "2", scrapPercent="5"),
            await workshop.line("BUTTON", "3"),
            await workshop.line("THREAD", "1", supply="PROCESSOR"),
        )
        shop = workshop.shop
        sent = {"commandId": str(uuid7()), "code": "SEW", "name": "Seamstress", "isSupplier": True}
        party = (await shop.ask(SUPPLIER, input=sent))["createParty"]["party"]["id"]
        sent = {"commandId": str(uuid7()), "partyId": party, "code": "AT-SEW", "name": "Sewing"}
        made = (await shop.ask(PROCESSOR, input={**sent, **policy}))["bomManufacturingAddProcessor"]
        assert made["errors"] == []
        assert made["place"]["bomManufacturingProcessor"] == {"code": "SEW"}
        cloth, button = workshop.items["CLOTH"], workshop.items["BUTTON"]
        await shop.posted(
            "opening", line(cloth, "100", "10"), line(button, "100", "1"), on="2026-03-01"
        )
        return cls(workshop, party, made["place"]["id"])

    async def send(self, name: str, type_: str, **sent: Any) -> Json:
        """The payload of a mutation."""
        query = (
            f"mutation($input: BomManufacturing{type_}Input!)"
            f" {{ bomManufacturing{name}(input: $input) {{ {ORDER} }} }}"
        )
        input_ = {"commandId": str(uuid7()), "businessDate": "2026-03-02", **sent}
        payload: Json = (await self.workshop.shop.ask(query, input=input_))[
            f"bomManufacturing{name}"
        ]
        return payload

    async def done(self, name: str, type_: str, **sent: Any) -> Json:
        """The same, which must not be refused."""
        payload = await self.send(name, type_, **sent)
        assert payload["errors"] == [], payload
        return payload

    async def send_close(self, order: str, revision: int) -> Json:
        query = (
            "mutation($input: BomManufacturingCloseSubcontractInput!)"
            f" {{ bomManufacturingCloseSubcontract(input: $input) {{ {ORDER} }} }}"
        )
        sent = {"commandId": str(uuid7()), "orderId": order, "revision": revision}
        answer = await self.workshop.shop.ask(query, input=sent)
        payload: Json = answer["bomManufacturingCloseSubcontract"]
        return payload

    async def order(self, quantity: str = "10", **more: Any) -> str:
        sent = {"partyId": self.party, "itemId": self.workshop.items["SHIRT"], "fee": "4"}
        sent |= {"placeId": self.workshop.shop.places["MAIN"], "quantity": quantity, **more}
        payload = await self.done("OrderSubcontract", "OrderSubcontract", **sent)
        return str(payload["order"]["id"])

    async def issue(self, order: str, **more: Any) -> Json:
        return await self.done("SendToProcessor", "Send", orderId=order, **more)

    async def receive(self, order: str, received: str, **more: Any) -> Json:
        sent = {"orderId": order, "received": received, **more}
        return await self.done("ReceiveFromProcessor", "Receive", **sent)

    def part(self, code: str, quantity: str, **more: Any) -> Json:
        return {"itemId": self.workshop.items[code], "quantity": quantity, **more}

    async def reverse(self, document: Json, **more: Any) -> list[str]:
        sent = {"commandId": str(uuid7()), "id": document["id"], **more}
        answer = await self.workshop.shop.ask(REVERSE, input=sent)
        return [error["code"] for error in answer["reverseDocument"]["errors"]]

    async def account(self, name: str) -> Decimal:
        """What an account has taken in value."""
        tenant = self.workshop.shop.principal.tenant_id
        async with self.workshop.shop.database.snapshot(tenant) as tx:
            found = await rows(
                tx,
                "SELECT coalesce(sum(e.value), 0) FROM entry e JOIN place p ON p.tenant_id = e.tenant_id"
                " AND p.id = e.place_id WHERE e.tenant_id = %s AND p.account = %s",
                *(tenant, name),
            )
        return Decimal(found[0][0])

    async def stock(self, code: str) -> Any:
        """Quantity and value by place."""
        found = await self.workshop.shop.ask(STOCK, ids=[self.workshop.items[code]])
        return {
            one["place"]["code"]: (D(one["quantity"]), D(one["value"]))
            for one in found["stock"]["nodes"]
            if D(one["quantity"])
        }


def component(payload: Json, code: str) -> dict[str, Any]:
    [found] = [
        one for one in payload["order"]["components"]["nodes"] if one["item"]["code"] == code
    ]
    return {name: D(value) for name, value in found.items() if name != "item"}


def owed(payload: Json) -> dict[str, Any]:
    return {name: D(value) for name, value in payload["order"]["settlement"].items()}
