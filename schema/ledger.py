"""What the ledger tells: stock, availability, the item card, layers, accounts, summaries, sales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.db.database import Transaction
from core.documents import queries
from core.errors import LIMIT_EXCEEDED, refuse
from core.ids import NIL
from core.ledger.records import BalanceKey
from core.ledger.views import card as cards
from core.ledger.views import positions as stocks
from core.ledger.views import reports
from core.ledger.views.card import CardFilter, Mark
from core.ledger.views.positions import Moment, StockFilter
from schema.access import field, guarded_field, input_type, object_type, query_field
from schema.catalogue import Item, items_by_id
from schema.context import Info
from schema.document_types import Document, documents_by_id
from schema.limits import MAX_PAGE
from schema.parties import Party, parties_by_id
from schema.places import Place, PlaceAccount, places_by_id
from schema.relay import (
    After,
    Connection,
    First,
    Node,
    connection,
    encode_id,
    page_of,
    uuid_of,
)

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
    available: Decimal = field("On hand less on hold less reserved; below zero where oversold.")
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
        key = self.record.corrected_id
        return None if key is None else await info.context.load(documents_by_id, key)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place it came into or left."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def counter_place(self, info: Info) -> Place | None:
        """The place on the other side: where it came from, or went to."""
        key = self.record.counter_place_id
        return None if key is None else await info.context.load(places_by_id, key)

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
        key = self.record.place_id
        return None if key is None else await info.context.load(places_by_id, key)

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


@input_type
class StockFilterInput:
    """Which stock; all that is given must hold."""

    item_ids: list[strawberry.ID] | None = field("Of these items, at most 100.", default=None)
    place_id: strawberry.ID | None = field("At this place and below it.", default=None)
    lot_id: strawberry.ID | None = field("In this lot.", default=None)
    include_zero: bool = field("Also what is at zero now.", default=False)


ItemId = Annotated[strawberry.ID, strawberry.argument(description="The item.")]
ItemIds = Annotated[list[strawberry.ID], strawberry.argument(description="The items, at most 100.")]
SomeItemIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="The items, at most 100; all when left out."),
]
PlaceId = Annotated[
    strawberry.ID | None, strawberry.argument(description="A place and all below it.")
]
LotId = Annotated[strawberry.ID | None, strawberry.argument(description="A lot.")]
Since = Annotated[dt.date | None, strawberry.argument(description="From this business date on.")]
Until = Annotated[dt.date | None, strawberry.argument(description="Up to this business date.")]
From = Annotated[dt.date, strawberry.argument(description="The first day of the span.")]
To = Annotated[dt.date, strawberry.argument(description="The last day of the span.")]
AsOf = Annotated[
    dt.date | None,
    strawberry.argument(description="As of the end of this business date; now when left out."),
]
KnownAt = Annotated[
    dt.datetime | None,
    strawberry.argument(description="As it was known at this moment: exact, but it may take long."),
]
StockWanted = Annotated[
    StockFilterInput | None, strawberry.argument(description="Which stock; all when left out.")
]
GroupBy = Annotated[SalesGroup, strawberry.argument(description="What to sum by.")]


class Queries:
    """Asking the ledger."""

    @query_field(permission="stock.read")
    async def stock(
        self,
        info: Info,
        filter: StockWanted = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        first: First = None,
        after: After = None,
    ) -> Connection[StockLine]:
        """Stock by item, place and lot: now, as of a business date, or as known at a moment."""
        page = page_of(first, after, key=(UUID, UUID, UUID))
        moment = Moment(as_of, known_at)
        wanted = _stock_filter(filter, past=moment != Moment())
        async with info.context.reading() as tx:
            start = BalanceKey(*page.after) if page.after else None
            keys = await stocks.keys(tx, wanted, start, page.limit)
            lines = await stocks.positions(tx, {key.item for key in keys}, moment)
        found = [lines[key] for key in keys]
        return connection(
            page, found, node=StockLine.of, cursor=lambda x: (x.item_id, x.place_id, x.lot_id)
        )

    @query_field(permission="stock.read")
    async def availability(
        self, info: Info, item_ids: ItemIds, place_id: PlaceId = None
    ) -> list[Availability]:
        """What can be promised of items: at a place and below it, or in all."""
        items = _items(item_ids)
        place = _optional(place_id, "Place", "placeId")
        async with info.context.reading() as tx:
            found = await reports.availability(tx, [(item, place) for item in items])
        return [
            Availability(
                item_id=item,
                on_hand=a.on_hand,
                reserved=a.reserved,
                on_hold=a.on_hold,
                in_transit=a.in_transit,
                on_order=a.on_order,
                available=a.available,
                projected=a.projected,
            )
            for item in items
            for a in [found[item, place]]
        ]

    @query_field(permission="stock.read")
    async def item_card(
        self,
        info: Info,
        item_id: ItemId,
        place_id: PlaceId = None,
        lot_id: LotId = None,
        since: Since = None,
        until: Until = None,
        first: First = None,
        after: After = None,
    ) -> Connection[CardEntry]:
        """The item card (进销存明细账): movements by business date with the balance after each.
        Corrections stand behind what they correct."""
        page = page_of(first, after, key=(dt.date, int, int, int, int, Decimal, Decimal))
        wanted = CardFilter(
            uuid_of(item_id, "Item", "itemId"),
            _optional(place_id, "Place", "placeId"),
            _optional(lot_id, "Lot", "lotId"),
            since,
            until,
        )
        async with info.context.reading() as tx:
            start = Mark(*page.after) if page.after else None
            entries = await cards.card(tx, wanted, start, page.limit)

        def cursor(entry: cards.CardEntry) -> Sequence[Any]:
            m = entry.mark
            key = (m.effective_on, m.event_sequence, m.event_flow, m.sequence, m.no)
            return (*key, m.quantity, m.value)

        return connection(page, entries, node=CardEntry.of, cursor=cursor)

    @query_field(permission="cost.read")
    async def cost_layers(
        self, info: Info, item_id: ItemId, place_id: PlaceId = None, lot_id: LotId = None
    ) -> list[CostLayer]:
        """What is left of each receipt of an item, oldest first: at most 1,000 layers."""
        place = _optional(place_id, "Place", "placeId")
        lot = _optional(lot_id, "Lot", "lotId")
        async with info.context.reading() as tx:
            key = uuid_of(item_id, "Item", "itemId")
            layers = await reports.cost_layers(tx, key, place, lot)
        return [CostLayer.of(layer) for layer in layers]

    @query_field(permission="cost.read")
    async def account_values(
        self, info: Info, item_ids: SomeItemIds = None, since: Since = None, until: Until = None
    ) -> list[AccountValue]:
        """Value by virtual place and item over a span: cost of sales (`customer`), `true_up`,
        `landed_cost_expensed`, `gain_loss` and the others. At most 1,000 rows."""
        items = None if item_ids is None else _items(item_ids)
        async with info.context.reading() as tx:
            found = await reports.account_values(tx, item_ids=items, since=since, until=until)
            places = await places_by_id(tx, list({v.place_id for v in found}))
        return [
            AccountValue(
                record=v,
                account=PlaceAccount(places[v.place_id].account),
                quantity=v.quantity,
                value=v.value,
            )
            for v in found
        ]

    @query_field(permission="stock.read")
    async def stock_summary(
        self, info: Info, since: From, until: To, first: First = None, after: After = None
    ) -> Connection[StockSummaryLine]:
        """Opening, in, out and closing per item over a span (收发存汇总)."""
        page = page_of(first, after, key=(UUID,))
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            items = await reports.summary_items(tx, start, page.limit)
            lines = await reports.period_summary(tx, items, since, until)
        return connection(
            page, lines, node=StockSummaryLine.of, cursor=lambda line: (line.item_id,)
        )

    @query_field(permission="reports.read")
    async def sales(
        self,
        info: Info,
        group_by: GroupBy,
        since: Since = None,
        until: Until = None,
        first: First = None,
        after: After = None,
    ) -> Connection[SalesLine]:
        """Posted sales and returns by day, country, customer, item or type, in order of the key."""
        page = page_of(first, after, key=(str,))
        group: Any = group_by.value
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await queries.sales(
                tx, group, since=since, until=until, after=start, limit=page.limit
            )
        return connection(
            page, found, node=lambda x: _sales_line(x, group), cursor=lambda x: (x.key,)
        )


def _sales_line(line: queries.SalesLine, group: str) -> SalesLine:
    kind = {"party": "Party", "item": "Item"}.get(group)
    shown: str | None = line.key or None
    if kind is not None and shown is not None:
        shown = encode_id(kind, UUID(shown))
    return SalesLine(
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


async def _lot(info: Info, key: UUID) -> Lot | None:
    return None if key == NIL else await info.context.load(lots_by_id, key)


def _unit_cost(value: Decimal, quantity: Decimal) -> Decimal | None:
    return (value / quantity).quantize(_UNIT_COST, ROUND_HALF_UP) if quantity else None


def _items(ids: list[strawberry.ID]) -> list[UUID]:
    if len(ids) > MAX_PAGE:
        raise refuse(LIMIT_EXCEEDED, "itemIds", field="itemIds", limit=MAX_PAGE)
    return [uuid_of(one, "Item", "itemIds", index) for index, one in enumerate(ids)]


def _optional(global_id: strawberry.ID | None, type_name: str, path: str) -> UUID | None:
    return None if global_id is None else uuid_of(global_id, type_name, path)


def _stock_filter(wanted: StockFilterInput | None, *, past: bool) -> StockFilter:
    if wanted is None:
        return StockFilter(include_zero=past)
    return StockFilter(
        item_ids=None if wanted.item_ids is None else tuple(_items(wanted.item_ids)),
        place_id=_optional(wanted.place_id, "Place", "placeId"),
        lot_id=_optional(wanted.lot_id, "Lot", "lotId"),
        include_zero=wanted.include_zero or past,
    )
