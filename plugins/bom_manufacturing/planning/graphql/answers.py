"""What a plan tells over GraphQL: why, how stock goes, what lacks, what placed orders should do."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from plugins.bom_manufacturing.bills.graphql.asking import numbered
from plugins.bom_manufacturing.bills.graphql.bills import READ, item_of
from plugins.bom_manufacturing.planning import answers, pegs
from plugins.bom_manufacturing.planning.graphql.forecasts import (
    BomManufacturingForecast,
    forecasts_by_id,
)
from plugins.bom_manufacturing.planning.graphql.plans import SUGGESTION, RunId, run_of
from plugins.bom_manufacturing.planning.pegs import StoredPeg
from plugins.bom_manufacturing.planning.stock import plans as stored
from plugins.bom_manufacturing.vocabulary import (
    BomManufacturingAdvice,
    BomManufacturingBucket,
    BomManufacturingCover,
    BomManufacturingNeedSource,
)
from schema.plugin_api import (
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    argument,
    connection,
    documents_by_id,
    field,
    object_type,
    optional_uuid,
    page_of,
    query_field,
    uuid_of,
)


@object_type(permission=READ)
class BomManufacturingPeg:
    """How much of a need is covered, and by what (pegging)."""

    key: strawberry.Private[UUID]
    record: strawberry.Private[StoredPeg]
    level: int = field("How many levels above what was asked about, from 1; 0 of an item's own.")
    needed_on: dt.date = field("When it is needed.")
    quantity: Decimal = field("How much of it is covered so, in base units.")
    source: BomManufacturingNeedSource = field("Where the need comes from.")
    cover: BomManufacturingCover = field("What covers it.")

    @classmethod
    def of(cls, level: int, item: UUID, record: StoredPeg) -> BomManufacturingPeg:
        cover = BomManufacturingCover.STOCK
        if record.placed is not None:
            cover = BomManufacturingCover.PLACED_ORDER
        elif record.order_no is not None:
            cover = BomManufacturingCover.SUGGESTION
        return cls(
            key=item,
            record=record,
            level=level,
            needed_on=record.needed_on,
            quantity=record.quantity,
            source=BomManufacturingNeedSource(record.source.value),
            cover=cover,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What is needed."""
        return await item_of(info, self.key)

    @field
    async def parent(self, info: Info) -> Item | None:
        """What it goes into, for a need of a planned order."""
        return None if self.record.parent is None else await item_of(info, self.record.parent)

    @field
    async def document(self, info: Info) -> Document | None:
        """The order that has the need."""
        return await info.context.load(documents_by_id, self.record.document)

    @field
    async def forecast(self, info: Info) -> BomManufacturingForecast | None:
        """The forecast that has the need."""
        return await info.context.load(forecasts_by_id, self.record.forecast)

    @field
    async def placed_order(self, info: Info) -> Document | None:
        """The order that is placed and covers it."""
        return await info.context.load(documents_by_id, self.record.placed)


@object_type(permission=READ)
class BomManufacturingPeriod:
    """What happens to an item in a period; quantities are in base units."""

    starts_on: dt.date = field("Its first day.")
    gross: Decimal = field("What is needed (毛需求).")
    receipts: Decimal = field("What orders that are placed bring (在途).")
    planned_receipts: Decimal = field("What planned orders bring.")
    planned_releases: Decimal = field("What planned orders are released for (计划下达).")
    projected_on_hand: Decimal = field("What is there at its end (预计库存).")


@object_type(permission=READ)
class BomManufacturingPlacedOrder:
    """A line of an order that was placed when the plan was made."""

    record: strawberry.Private[stored.PlacedOrder]
    line: int = field("The number of its line.")
    quantity: Decimal = field("How much of it is still to come, in base units.")
    due_on: dt.date = field("When it is expected.")
    past_due: bool = field("Whether that day has passed.")
    advice: BomManufacturingAdvice | None = field("What it should do; null where it is right.")
    needed_on: dt.date | None = field("When it is needed; null where it is not, or is right.")

    @classmethod
    def of(cls, record: stored.PlacedOrder) -> BomManufacturingPlacedOrder:
        return cls(
            record=record,
            line=record.line,
            quantity=record.quantity,
            due_on=record.due_on,
            past_due=record.past_due,
            advice=None if record.advice is None else BomManufacturingAdvice(record.advice),
            needed_on=record.needed_on,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What it brings."""
        return await item_of(info, self.record.item)

    @field
    async def document(self, info: Info) -> Document | None:
        """The order."""
        return await info.context.load(documents_by_id, self.record.document)


@object_type(permission=READ)
class BomManufacturingPlanShortage:
    """An item that cannot be there in time (缺料)."""

    key: strawberry.Private[UUID]
    quantity: Decimal = field("How much will be late, in base units.")
    lacking_from: dt.date = field("The first day on which it lacks.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await item_of(info, self.key)


ItemId = Annotated[strawberry.ID, argument("The item.")]


class Queries:
    """What a plan tells."""

    @query_field(permission=READ)
    async def bom_manufacturing_why(
        self,
        info: Info,
        suggestion_id: Annotated[strawberry.ID, argument("The suggestion.")],
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingPeg]:
        """Why something is planned: what it covers, level by level up to the demand that asked for it in
        the end; the nearest 10,000 needs."""
        page = page_of(first, after, key=(int,))
        async with info.context.reading() as tx:
            found = await answers.why(tx, uuid_of(suggestion_id, SUGGESTION, "suggestionId"))
        return numbered(
            page, [BomManufacturingPeg.of(one.level, one.item, one.peg) for one in found]
        )

    @query_field(permission=READ)
    async def bom_manufacturing_pegs(
        self,
        info: Info,
        item_id: ItemId,
        run_id: RunId = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingPeg]:
        """All needs of an item in a plan, by day, with what covers them."""
        page = page_of(first, after, key=(int,))
        item = uuid_of(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            run = await run_of(tx, run_id)
            planned = (await stored.items(tx, run.id, [item])).get(item)
        found = [pegs.read(one) for one in planned.pegs] if planned else []
        return numbered(page, [BomManufacturingPeg.of(0, item, one) for one in found])

    @query_field(permission=READ)
    async def bom_manufacturing_over_time(
        self,
        info: Info,
        item_id: ItemId,
        bucket: Annotated[
            BomManufacturingBucket, argument("How long the periods are.")
        ] = BomManufacturingBucket.WEEK,
        run_id: RunId = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingPeriod]:
        """How the stock of an item goes over the horizon of a plan. What is overdue stands in the first
        period."""
        page = page_of(first, after, key=(int,))
        item = uuid_of(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            run = await run_of(tx, run_id)
            found = await answers.over_time(tx, run, item, answers.Bucket(str(bucket.value)))
        return numbered(
            page,
            [
                BomManufacturingPeriod(
                    starts_on=one.starts_on,
                    gross=one.gross,
                    receipts=one.receipts,
                    planned_receipts=one.planned_receipts,
                    planned_releases=one.planned_releases,
                    projected_on_hand=one.projected,
                )
                for one in found
            ],
        )

    @query_field(permission=READ)
    async def bom_manufacturing_placed_orders(
        self,
        info: Info,
        run_id: RunId = None,
        item_id: Annotated[strawberry.ID | None, argument("Only of this item.")] = None,
        exceptions: Annotated[
            bool, argument("Only those that are overdue or should do something.")
        ] = True,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingPlacedOrder]:
        """Orders that were placed when a plan was made, and what they should do. None is moved."""
        page = page_of(first, after, key=(UUID, int))
        item = optional_uuid(item_id, "Item", "itemId")
        start = (page.after[0], page.after[1]) if page.after else None
        async with info.context.reading() as tx:
            run = await run_of(tx, run_id)
            found = await stored.placed(tx, run.id, item, start, page.limit, advised=exceptions)
        return connection(
            page,
            found,
            node=BomManufacturingPlacedOrder.of,
            cursor=lambda one: (one.document, one.line),
        )

    @query_field(permission=READ)
    async def bom_manufacturing_plan_shortages(
        self,
        info: Info,
        run_id: RunId = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingPlanShortage]:
        """What cannot be there in time, because its release has passed; the earliest first."""
        page = page_of(first, after, key=(dt.date, UUID))
        start = (page.after[0], page.after[1]) if page.after else None
        async with info.context.reading() as tx:
            run = await run_of(tx, run_id)
            found = await stored.shortages(tx, run.id, start, page.limit)
        return connection(
            page,
            found,
            node=lambda one: BomManufacturingPlanShortage(
                key=one.item,
                quantity=one.short_quantity,
                lacking_from=one.short_on or run.starts_on,
            ),
            cursor=lambda one: (one.short_on, one.item),
        )


EXTENSION = Extension(queries=Queries)
