"""Sell-through (售罄率) in GraphQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry

from plugins.apparel_variants.graphql.styles import STYLE
from plugins.apparel_variants.rules.sizes import sell_through
from plugins.apparel_variants.stock import figures
from plugins.apparel_variants.stock.figures import SalesFilter, Sold
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    connection,
    field,
    input_type,
    object_type,
    optional_uuid,
    page_of,
    query_field,
)


@strawberry.enum(description="What sell-through is told by.")
class ApparelVariantsGroupBy(Enum):
    STYLE = strawberry.enum_value("style", description="Each style.")
    COLOUR = strawberry.enum_value("colour", description="Each colour, over all styles.")
    SIZE = strawberry.enum_value("size", description="Each size by its code, over all styles.")
    SEASON = strawberry.enum_value("season", description="Each season.")
    YEAR = strawberry.enum_value("year", description="Each year.")
    BAND = strawberry.enum_value("band", description="Each band.")


@object_type(permission="stock.read")
class ApparelVariantsSellThrough:
    """What came, was sold and is left of a group of variants, in base units."""

    key: str = field("The code of the style, colour or size; the season, year or band.")
    name: str | None = field("The name of the style or the colour.")
    received: Decimal = field("What suppliers delivered less what went back.")
    sold: Decimal = field("What customers took less what came back.")
    on_hand: Decimal = field("What was there at the end of the last day.")
    sell_through: Decimal | None = field(
        "Sell-through (售罄率): per cent sold of what was sold or was left; null where there was nothing."
    )

    @classmethod
    def of(cls, one: Sold) -> ApparelVariantsSellThrough:
        return cls(
            key=one.key,
            name=one.name,
            received=one.received,
            sold=one.sold,
            on_hand=one.on_hand,
            sell_through=sell_through(one.sold, one.on_hand),
        )


@input_type
class ApparelVariantsSalesFilterInput:
    """Which variants, where, and over which days; all that is given must hold."""

    place_id: strawberry.ID | None = field("At this place and below it.", default=None)
    since: dt.date | None = field("Deliveries and sales from this day on.", default=None)
    until: dt.date | None = field("Up to this day; up to now when left out.", default=None)
    season: str | None = field("Of styles of this season.", default=None)
    year: int | None = field("Of styles of this year.", default=None)
    band: str | None = field("Of styles of this band.", default=None)
    style_id: strawberry.ID | None = field("Of this style.", default=None)

    def read(self) -> SalesFilter:
        """The module's filter. Refuses ids that are none (NOT_FOUND)."""
        place, style = self.place_id, self.style_id
        return SalesFilter(
            optional_uuid(place, "Place", "filter", "placeId"),
            self.since,
            self.until,
            self.season,
            self.year,
            self.band,
            optional_uuid(style, STYLE, "filter", "styleId"),
        )


class Queries:
    """Sell-through."""

    @query_field(permission="stock.read")
    async def apparel_variants_sell_through(
        self,
        info: Info,
        group_by: Annotated[
            ApparelVariantsGroupBy, strawberry.argument(description="What it is told by.")
        ],
        filter: Annotated[
            ApparelVariantsSalesFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ApparelVariantsSellThrough]:
        """Sell-through (售罄率) by style, colour, size, season, year or band, in order of the key. What has
        no colour, size, season, year or band is left out there."""
        page = page_of(first, after, key=(str,))
        wanted = (filter or ApparelVariantsSalesFilterInput()).read()
        group: Any = group_by.value
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await figures.sold_by(tx, group, wanted, start, page.limit)

        async def count() -> int:
            async with info.context.reading() as tx:
                return await figures.count_sold_by(tx, group, wanted)

        return connection(
            page,
            found,
            node=ApparelVariantsSellThrough.of,
            cursor=lambda one: (one.key,),
            count=count,
        )


EXTENSION = Extension(queries=Queries)
