"""Goods near their expiry in GraphQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import module_settings, today, today_by_place
from plugins.food_batches import near
from plugins.food_batches.alerts import NAME
from plugins.food_batches.graphql.batches import FoodBatchesBatch, batches_by_id
from plugins.food_batches.graphql.items import READ
from plugins.food_batches.graphql.vocabulary import FoodBatchesFreshness
from schema.plugin_api import (
    PART,
    After,
    Connection,
    Extension,
    First,
    Info,
    Place,
    connection,
    field,
    guarded_field,
    object_type,
    optional_uuid,
    page_of,
    places_by_id,
    query_field,
    uuid_of,
)


@object_type(permission=READ)
class FoodBatchesNearLine:
    """Goods of a batch at a place that are near their expiry, or past it."""

    record: strawberry.Private[near.NearLine]
    quantity: Decimal = field("How much lies there, in base units.")
    value: Decimal | None = guarded_field("What it is worth.", permission="cost.read")
    days_left: int = field("Days of life left: zero on the last day, below zero afterwards.")
    near_expiry_days: int = field(
        "From how many days before expiry goods of this shelf life count as near it."
    )
    freshness: FoodBatchesFreshness = field("NEAR or EXPIRED.")
    markdown_percent: Decimal | None = field(
        "The suggested mark-down, in percent of the price; null where the goods may not be sold."
    )

    @classmethod
    def of(cls, line: near.NearLine) -> FoodBatchesNearLine:
        return cls(
            record=line,
            quantity=line.quantity,
            value=line.value,
            days_left=line.days_left,
            near_expiry_days=line.near_days,
            freshness=FoodBatchesFreshness(line.freshness.value),
            markdown_percent=line.markdown,
        )

    @field
    async def batch(self, info: Info) -> FoodBatchesBatch | None:
        """The batch."""
        return await info.context.load(batches_by_id, self.record.batch.lot_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it lies."""
        return await info.context.load(places_by_id, self.record.place_id)


@object_type(permission=PART)
class FoodBatchesNearTotals:
    """Sums over a whole list, not only the page."""

    near_batches: int = field("How many batches are near their expiry.")
    near_value: Decimal | None = guarded_field("What they are worth.", permission="cost.read")
    expired_batches: int = field("How many batches have expired and still lie there.")
    expired_value: Decimal | None = guarded_field("What they are worth.", permission="cost.read")


@object_type(permission=READ)
class FoodBatchesNearExpiry:
    """What is near its expiry (临期) on a day, or past it."""

    found: strawberry.Private[list[near.NearLine]]
    on: dt.date = field(
        "Today in the tenant's accounting zone. Goods are judged by the day it is where they lie."
    )

    @field
    def lines(self, first: First = None, after: After = None) -> Connection[FoodBatchesNearLine]:
        """The goods, those that expire first in front."""
        page = page_of(first, after, key=(dt.date, UUID, UUID, UUID))
        rest = [one for one in self.found if page.after is None or _cursor(one) > page.after]

        async def count() -> int:
            return len(self.found)

        return connection(
            page, rest[: page.limit], node=FoodBatchesNearLine.of, cursor=_cursor, count=count
        )

    @field
    def totals(self) -> FoodBatchesNearTotals:
        """Sums over all of them."""
        sums = near.totals(self.found)
        return FoodBatchesNearTotals(
            near_batches=sums.near_batches,
            near_value=sums.near_value,
            expired_batches=sums.expired_batches,
            expired_value=sums.expired_value,
        )


def _cursor(line: near.NearLine) -> tuple[dt.date, UUID, UUID, UUID]:
    assert line.batch.expires_on is not None
    return line.batch.expires_on, line.batch.item_id, line.place_id, line.batch.lot_id


class Queries:
    """Goods near their expiry."""

    @query_field(permission=READ)
    async def food_batches_near_expiry(
        self,
        info: Info,
        place_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="At this place and below it; everywhere if left out."),
        ] = None,
        item_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Of this item; of all if left out."),
        ] = None,
        freshness: Annotated[
            FoodBatchesFreshness | None,
            strawberry.argument(description="Only NEAR or only EXPIRED; both if left out."),
        ] = None,
    ) -> FoodBatchesNearExpiry:
        """What lies in our places and is near its expiry or past it there, by the levels of the settings: how
        much, worth what, and what to take off the price."""
        place = optional_uuid(place_id, "Place", "placeId")
        items = None if item_id is None else [uuid_of(item_id, "Item", "itemId")]
        async with info.context.reading() as tx:
            settings, on = await module_settings(tx, NAME), await today(tx)
            days = await today_by_place(tx)
            found = await near.near_expiry(tx, settings, days, place_id=place, item_ids=items)
        if freshness is not None:
            found = [line for line in found if line.freshness.value == str(freshness.value)]
        return FoodBatchesNearExpiry(found=found, on=on)


EXTENSION = Extension(queries=Queries)
