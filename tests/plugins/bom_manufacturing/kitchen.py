"""A restaurant: its dishes, what it sells of them, and its days closed, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from core.catalogue import service as catalogue
from core.catalogue import vocabulary
from core.catalogue.records import ItemDraft, UnitDraft
from core.ids import uuid7
from schema.relay import encode_id
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json, line

DAY = "2026-03-02"

CLOSE = """mutation($input: BomManufacturingCloseDayInput!) { bomManufacturingCloseDay(input: $input) {
  day { day open place { code } documents { id type { code } businessDate }
    ingredients { nodes { needed taken item { code } } pageInfo { hasNextPage endCursor } }
    belowZero { quantity item { code } } }
  errors { code message path details } } }"""
REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  document { id } errors { code } } }"""
STOCK = "{ stock(first: 50) { nodes { quantity value item { code } place { code } } } }"


@dataclass
class Kitchen:
    """A workshop that cooks."""

    workshop: Workshop
    kilogram: Any = None

    @classmethod
    async def open(cls, workshop: Workshop, decimals: int = 3) -> Kitchen:
        shop = workshop.shop
        unit = await vocabulary.create_unit(
            shop.database,
            shop.principal,
            uuid7(),
            UnitDraft(code=f"u{decimals}", name="measure", decimals=decimals),
        )
        return cls(workshop, unit.id)

    async def ingredient(self, code: str, quantity: str = "0", price: str = "10") -> None:
        """Something that is kept by weight, of which so much is there; it may go below zero."""
        await self.workshop.item(code, base_unit_id=self.kilogram, negative_stock="allow")
        if Decimal(quantity):
            await self.workshop.shop.posted(
                "opening", line(self.workshop.items[code], quantity, price), on="2026-03-01"
            )

    async def dish(self, code: str, recipe: dict[str, str], **more: Any) -> None:
        """Something that is sold and not kept, and what it is made of."""
        shop = self.workshop.shop
        if code not in self.workshop.items:
            price = Decimal(more.pop("listPrice", "30"))
            draft = ItemDraft(code=code, name=code, kind="service", list_price=price)
            made = await catalogue.create_item(shop.database, shop.principal, uuid7(), draft)
            self.workshop.items[code] = encode_id("Item", made.id)
        lines = [await self.workshop.line(item, quantity) for item, quantity in recipe.items()]
        await self.workshop.save(code, *lines, **more)

    async def sell(self, code: str, quantity: str, on: str = DAY, **head: Any) -> Json:
        """Sell a dish, at the main place unless said."""
        return await self.workshop.shop.posted(
            "issue", line(self.workshop.items[code], quantity, "30"), on=on, **head
        )

    async def send(self, on: str = DAY, place: str = "MAIN", command: str | None = None) -> Json:
        """The payload of closing a day."""
        sent = {"commandId": command or str(uuid7()), "placeId": self.workshop.shop.places[place]}
        answer = await self.workshop.shop.ask(CLOSE, input={**sent, "day": on})
        payload: Json = answer["bomManufacturingCloseDay"]
        return payload

    async def close(self, on: str = DAY, place: str = "MAIN") -> Json:
        """A day after it was closed, which must not be refused."""
        payload = await self.send(on, place)
        assert payload["errors"] == [], payload
        day: Json = payload["day"]
        assert not day["open"]
        return day

    async def reverse(self, document: Json) -> list[str]:
        """Reverse a document; the codes of the refusals."""
        sent = {"commandId": str(uuid7()), "id": document["id"]}
        answer = await self.workshop.shop.ask(REVERSE, input=sent)
        return [one["code"] for one in answer["reverseDocument"]["errors"]]

    async def stock(self, place: str = "MAIN") -> dict[str, Decimal]:
        """What is there."""
        nodes = (await self.workshop.shop.ask(STOCK))["stock"]["nodes"]
        return {
            one["item"]["code"]: Decimal(one["quantity"])
            for one in nodes
            if one["place"]["code"] == place
        }


def taken(day: Json) -> dict[str, Decimal]:
    """What a day took, by ingredient."""
    return {one["item"]["code"]: Decimal(one["taken"]) for one in day["ingredients"]["nodes"]}


@contextmanager
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many statements are sent meanwhile, by whichever way."""
    count = [0]
    execute = psycopg.AsyncCursor.execute

    async def counted(cursor: Any, *given: Any, **named: Any) -> Any:
        count[0] += 1
        return await execute(cursor, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", counted)
        yield count
