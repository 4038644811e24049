"""What the ledger tells: stock, availability, the item card, layers, accounts, summaries, sales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.documents import queries
from core.errors import LIMIT_EXCEEDED, refuse
from core.ledger.records import BalanceKey
from core.ledger.views import card as cards
from core.ledger.views import positions as stocks
from core.ledger.views import reports
from core.ledger.views.card import CardFilter, Mark
from core.ledger.views.positions import Moment, StockFilter
from schema.access import field, input_type, query_field
from schema.context import Info
from schema.ledger_types import (
    AccountValue,
    Availability,
    CardEntry,
    CostLayer,
    SalesGroup,
    SalesLine,
    StockLine,
    StockSummaryLine,
)
from schema.limits import MAX_PAGE
from schema.places import PlaceAccount, places_by_id
from schema.relay import (
    After,
    Connection,
    First,
    connection,
    optional_uuid,
    page_of,
    uuid_of,
)


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
        place = optional_uuid(place_id, "Place", "placeId")
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
            optional_uuid(place_id, "Place", "placeId"),
            optional_uuid(lot_id, "Lot", "lotId"),
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
        place = optional_uuid(place_id, "Place", "placeId")
        lot = optional_uuid(lot_id, "Lot", "lotId")
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
            page, found, node=lambda x: SalesLine.of(x, group), cursor=lambda x: (x.key,)
        )


def _items(ids: list[strawberry.ID]) -> list[UUID]:
    if len(ids) > MAX_PAGE:
        raise refuse(LIMIT_EXCEEDED, "itemIds", field="itemIds", limit=MAX_PAGE)
    return [uuid_of(one, "Item", "itemIds", index) for index, one in enumerate(ids)]


def _stock_filter(wanted: StockFilterInput | None, *, past: bool) -> StockFilter:
    if wanted is None:
        return StockFilter(include_zero=past)
    return StockFilter(
        item_ids=None if wanted.item_ids is None else tuple(_items(wanted.item_ids)),
        place_id=optional_uuid(wanted.place_id, "Place", "placeId"),
        lot_id=optional_uuid(wanted.lot_id, "Lot", "lotId"),
        include_zero=wanted.include_zero or past,
    )
