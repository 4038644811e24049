"""What the ledger tells, as the API shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.db.database import Transaction
from core.documents import queries
from core.ids import NIL
from core.ledger.views import card as cards
from core.ledger.views import positions as stocks
from core.ledger.views import reports
from schema.access import field, guarded_field, object_type
from schema.catalogue import Item, items_by_id
from schema.context import Info
from schema.document_types import Document, documents_by_id
from schema.parties import Party, parties_by_id
from schema.places import Place, PlaceAccount, places_by_id
from schema.relay import Node, encode_id

_UNIT_COST = Decimal("0.000001")
"""Unit costs are derived for display, half up at six decimals; value is what is carried."""


async def lots_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Lot]:
    found = await reports.lots_by_id(tx, keys)
    return {key: Lot(uuid=key, item_id=item, code=code) for key, (item, code) in found.items()}


@object_type(permission="stock.read", node=lots_by_id)
class Lot(Node):
    """Stock of an item that is told apart from the rest of it."""

    item_id: strawberry.Private[UUID]
    code: str = field("Its code, unique within the item.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission="stock.read")
class StockLine:
    """How much of an item lies at a place, in a lot, and what it is worth."""

    record: strawberry.Private[stocks.StockLine]
    quantity: Decimal = field("How much, in the item's base unit.")
    value: Decimal | None = guarded_field(
        "Its value: its share of the cost pool it belongs to.", permission="cost.read"
    )
    unit_cost: Decimal | None = guarded_field(
        "Value by quantity, half up at six decimals, for display.", permission="cost.read"
    )

    @classmethod
    def of(cls, record: stocks.StockLine) -> StockLine:
        return cls(
            record=record,
            quantity=record.quantity,
            value=record.value,
            unit_cost=_unit_cost(record.value, record.quantity),
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it lies."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot; null for what is not told apart."""
        return await _lot(info, self.record.lot_id)


@object_type(permission="stock.read")
class Availability:
    """What can be promised of an item, in its base unit."""

    item_id: strawberry.Private[UUID]
    on_hand: Decimal = field("What lies there.")
    reserved: Decimal = field("What is promised to orders and has not left.")
    on_hold: Decimal = field("What is there but may not be sold.")
    in_transit: Decimal = field("What was dispatched and has not arrived; of the place asked for.")
    on_order: Decimal = field("What was ordered and has not come.")
    available: Decimal = field(
        "On hand less on hold less reserved: what may be promised to somebody new; below zero where orders"
        " wait for goods."
    )
    projected: Decimal = field("Available with what is on order and in transit.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission="stock.read")
class CardEntry:
    """A movement of an item, with the balance after it."""

    record: strawberry.Private[cards.CardEntry]
    effective_on: dt.date = field("The date it counts on.")
    line: int = field("The line of the document.")
    quantity: Decimal = field("In (positive) or out (negative), in the base unit.")
    balance_quantity: Decimal = field("The quantity after it.")
    value: Decimal | None = guarded_field("The value in or out.", permission="cost.read")
    balance_value: Decimal | None = guarded_field("The value after it.", permission="cost.read")

    @classmethod
    def of(cls, record: cards.CardEntry) -> CardEntry:
        return cls(
            record=record,
            effective_on=record.mark.effective_on,
            line=record.line,
            quantity=record.quantity,
            balance_quantity=record.mark.quantity,
            value=record.value,
            balance_value=record.mark.value,
        )

    @field
    async def document(self, info: Info) -> Document | None:
        """The document that made it."""
        return await info.context.load(documents_by_id, self.record.document_id)

    @field
    async def corrects(self, info: Info) -> Document | None:
        """The document whose movement it corrects; null for a movement of its own."""
        return await info.context.load(documents_by_id, self.record.corrected_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place it came into or left."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def counter_place(self, info: Info) -> Place | None:
        """The place on the other side: where it came from, or went to."""
        return await info.context.load(places_by_id, self.record.counter_place_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot."""
        return await _lot(info, self.record.lot_id)


@object_type(permission="cost.read")
class CostLayer:
    """What is left of one receipt. Below zero: sold before it came."""

    record: strawberry.Private[reports.CostLayer]
    received_on: dt.date = field("The business date of the receipt.")
    quantity: Decimal = field("What is left, in the base unit.")
    value: Decimal = field("What that is worth. Under an average it is informational.")
    unit_cost: Decimal = field("Value by quantity, half up at six decimals.")

    @classmethod
    def of(cls, record: reports.CostLayer) -> CostLayer:
        cost = _unit_cost(record.value, record.quantity) or Decimal(0)
        return cls(
            record=record,
            received_on=record.received_on,
            quantity=record.quantity,
            value=record.value,
            unit_cost=cost,
        )

    @field
    async def document(self, info: Info) -> Document | None:
        """The document that brought it."""
        return await info.context.load(documents_by_id, self.record.document_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place, where places have cost pools of their own."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot, where lots have cost pools of their own."""
        return await _lot(info, self.record.lot_id or NIL)


@object_type(permission="cost.read")
class AccountValue:
    """What an item brought to a virtual place: cost of sales, gain and loss, and so on."""

    record: strawberry.Private[reports.AccountValue]
    account: PlaceAccount = field("The account; CUSTOMER is cost of sales.")
    quantity: Decimal = field("Into the account (positive) or out of it.")
    value: Decimal = field("Into the account (positive) or out of it.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)


@object_type(permission="stock.read")
class StockSummaryLine:
    """Opening, in, out and closing of an item over a span (收发存汇总)."""

    item_id: strawberry.Private[UUID]
    opening_quantity: Decimal = field("At the start.")
    in_quantity: Decimal = field("What came in.")
    out_quantity: Decimal = field("What went out.")
    closing_quantity: Decimal = field("At the end.")
    opening_value: Decimal | None = guarded_field("At the start.", permission="cost.read")
    in_value: Decimal | None = guarded_field("What came in.", permission="cost.read")
    out_value: Decimal | None = guarded_field("What went out.", permission="cost.read")
    closing_value: Decimal | None = guarded_field("At the end.", permission="cost.read")
    cost_of_sales: Decimal | None = guarded_field(
        "What was sold has cost, true-ups included.", permission="cost.read"
    )
    turnover: Decimal | None = guarded_field(
        "Cost of sales by the mean of opening and closing value (库存周转率), two decimals half up.",
        permission="cost.read",
    )

    @classmethod
    def of(cls, line: reports.SummaryLine) -> StockSummaryLine:
        return cls(
            item_id=line.item_id,
            opening_quantity=line.opening_quantity,
            in_quantity=line.in_quantity,
            out_quantity=line.out_quantity,
            closing_quantity=line.closing_quantity,
            opening_value=line.opening_value,
            in_value=line.in_value,
            out_value=line.out_value,
            closing_value=line.closing_value,
            cost_of_sales=line.cost_of_sales,
            turnover=line.turnover,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.item_id)


@strawberry.enum(description="What sales are summed by.")
class SalesGroup(Enum):
    """One key at a time."""

    DAY = enum_value("day", description="Business date; the key is the date.")
    COUNTRY = enum_value("country", description="The country on the documents.")
    PARTY = enum_value("party", description="The customer.")
    ITEM = enum_value("item", description="The item.")
    TYPE = enum_value("type", description="The type of document.")


@object_type(permission="reports.read")
class SalesLine:
    """What was sold and what came back, under one key. Amounts are sales prices."""

    group: strawberry.Private[str]
    raw_key: strawberry.Private[str]
    key: str | None = field("The key: date, country, type, or the global id; null for none.")
    sold_quantity: Decimal = field("Sold, in base units.")
    sold_net: Decimal = field("Sold, without tax.")
    sold_total: Decimal = field("Sold, with tax.")
    returned_quantity: Decimal = field("Returned, in base units.")
    returned_net: Decimal = field("Returned, without tax.")
    returned_total: Decimal = field("Returned, with tax.")

    @classmethod
    def of(cls, line: queries.SalesLine, group: str) -> SalesLine:
        kind = {"party": "Party", "item": "Item"}.get(group)
        shown: str | None = line.key or None
        if kind is not None and shown is not None:
            shown = encode_id(kind, UUID(shown))
        return cls(
            group=group,
            raw_key=line.key or "",
            key=shown,
            sold_quantity=line.sold_quantity,
            sold_net=line.sold_net,
            sold_total=line.sold_total,
            returned_quantity=line.returned_quantity,
            returned_net=line.returned_net,
            returned_total=line.returned_total,
        )

    @field
    async def party(self, info: Info) -> Party | None:
        """The customer, when summed by customer."""
        named = self.group == "party" and self.raw_key
        return await info.context.load(parties_by_id, UUID(self.raw_key)) if named else None

    @field
    async def item(self, info: Info) -> Item | None:
        """The item, when summed by item."""
        named = self.group == "item"
        return await info.context.load(items_by_id, UUID(self.raw_key)) if named else None


async def _lot(info: Info, key: UUID) -> Lot | None:
    return None if key == NIL else await info.context.load(lots_by_id, key)


def _unit_cost(value: Decimal, quantity: Decimal) -> Decimal | None:
    return (value / quantity).quantize(_UNIT_COST, ROUND_HALF_UP) if quantity else None
