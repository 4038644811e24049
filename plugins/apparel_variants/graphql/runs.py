"""The broken-run report (断码) in GraphQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from plugins.apparel_variants.graphql.palette import ApparelVariantsColour, colours_by_id
from plugins.apparel_variants.graphql.styles import ApparelVariantsStyle, styles_by_id
from plugins.apparel_variants.rules.sizes import size_run
from plugins.apparel_variants.stock import runs
from plugins.apparel_variants.stock.runs import Lying, RunFilter
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    Place,
    connection,
    field,
    input_type,
    object_type,
    optional_uuid,
    page_of,
    places_by_id,
    query_field,
)


@object_type(permission="stock.read")
class ApparelVariantsBrokenRun:
    """A colour of a style of which some sizes are there and others are not (断码)."""

    record: strawberry.Private[Lying]
    sizes: list[str] = field("The sizes it is made in, in their order, unless archived and gone.")
    on_hand: list[Decimal] = field("What is there, size by size, in base units.")
    missing: list[str] = field("The sizes of which nothing is there.")
    longest_run: int = field("The largest number of neighbouring sizes that are there.")

    @classmethod
    def of(cls, record: Lying) -> ApparelVariantsBrokenRun:
        run = size_run(record.on_hand)
        return cls(
            record=record,
            sizes=list(record.sizes),
            on_hand=list(record.on_hand),
            missing=[record.sizes[n] for n in run.missing],
            longest_run=run.longest,
        )

    @field
    async def style(self, info: Info) -> ApparelVariantsStyle | None:
        """The style."""
        return await info.context.load(styles_by_id, self.record.style_id)

    @field
    async def colour(self, info: Info) -> ApparelVariantsColour | None:
        """The colour; null where the style has none."""
        return await info.context.load(colours_by_id, self.record.colour_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """The store or the warehouse; null where places are not told apart."""
        return await info.context.load(places_by_id, self.record.place_id)


@input_type
class ApparelVariantsRunFilterInput:
    """Which runs to look at; all that is given must hold."""

    place_id: strawberry.ID | None = field("At this place and below it.", default=None)
    season: str | None = field("Of styles of this season.", default=None)
    year: int | None = field("Of styles of this year.", default=None)
    band: str | None = field("Of styles of this band.", default=None)
    each_place: bool = field(
        "True tells stores and warehouses apart: what is missing in one may lie in another.",
        default=False,
    )


class Queries:
    """Broken runs."""

    @query_field(permission="stock.read")
    async def apparel_variants_broken_runs(
        self,
        info: Info,
        filter: Annotated[
            ApparelVariantsRunFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ApparelVariantsBrokenRun]:
        """Colours of styles whose size run is broken, by style, colour and place. What is sold out in
        every size is not among them."""
        page = page_of(first, after, key=(str, UUID, UUID, UUID))
        given = filter or ApparelVariantsRunFilterInput()
        place = given.place_id
        wanted = RunFilter(
            optional_uuid(place, "Place", "filter", "placeId"),
            given.season,
            given.year,
            given.band,
            given.each_place,
        )
        async with info.context.reading() as tx:
            found = await runs.broken_runs(tx, wanted, page.after, page.limit)

        async def count() -> int:
            async with info.context.reading() as tx:
                return await runs.count_broken_runs(tx, wanted)

        return connection(
            page,
            found,
            node=ApparelVariantsBrokenRun.of,
            cursor=lambda one: one.key,
            count=count,
        )


EXTENSION = Extension(queries=Queries)
