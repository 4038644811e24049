"""Stock, sales and availability of styles as matrices (二维表), with totals both ways.

A cell is a plain number and a row a plain object, so that two hundred styles of eight colours and twelve
sizes cost one request, and all of them a few statements.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, NOT_FOUND, Transaction, refuse
from plugins.apparel_variants import grids
from plugins.apparel_variants.graphql.palette import ApparelVariantsSize
from plugins.apparel_variants.graphql.styles import STYLE
from plugins.apparel_variants.grids import Grid, Span
from plugins.apparel_variants.rules.matrix import average_cost
from plugins.apparel_variants.rules.sizes import sell_through
from plugins.apparel_variants.stock.figures import Worth, worth
from schema.plugin_api import (
    PART,
    Extension,
    Info,
    encode_id,
    field,
    object_type,
    optional_uuid,
    query_field,
    uuid_of,
)

MOST_STYLES = 200
_SELL_THROUGH = (
    "Sell-through (售罄率): per cent sold of what was sold or is still there; null where there was"
    " nothing."
)


async def grids_by_style(
    tx: Transaction, keys: Sequence[UUID], span: Span
) -> Mapping[UUID, ApparelVariantsGrid]:
    made: dict[UUID, ApparelVariantsGrid] = {}
    async for grid in grids.grids(tx, keys, span):
        made[grid.layout.style.id] = ApparelVariantsGrid.of(grid, span.place_id)
    return made


Cells = tuple[tuple[UUID, ...], UUID | None]
"""Items, and the place that is looked at."""


async def worth_of_cells(
    tx: Transaction, keys: Sequence[Cells]
) -> Mapping[Cells, Mapping[UUID, Worth]]:
    items = {item for some, _ in keys for item in some}
    found = await worth(tx, items, {place for _, place in keys})
    return {
        (some, place): {item: found[item, place] for item in some if (item, place) in found}
        for some, place in keys
    }


@object_type(permission=PART)
class ApparelVariantsWorth:
    """What lies in the cells of a matrix is worth, at its cost."""

    by_size: list[Decimal] = field("Size by size.")
    total: Decimal = field("In all sizes.")
    average_cost: Decimal | None = field(
        "What a piece cost on average, to six places; null where there is none."
    )


async def _worth(
    info: Info, columns: Sequence[Sequence[UUID]], place: UUID | None
) -> ApparelVariantsWorth | None:
    """What columns of items are worth; None for whoever may not see costs."""
    if not info.context.may("cost.read"):
        return None
    key: Cells = (tuple(item for column in columns for item in column), place)
    found = await info.context.load(worth_of_cells, key) or {}
    values = [
        sum((found[item].value for item in column if item in found), Decimal(0))
        for column in columns
    ]
    quantity = sum((one.quantity for one in found.values()), Decimal(0))
    total = sum(values, Decimal(0))
    return ApparelVariantsWorth(
        by_size=values, total=total, average_cost=average_cost(quantity, total)
    )


@object_type(permission=PART)
class ApparelVariantsGridRow:
    """A row of a matrix: the figures of one colour in each size, in base units."""

    items: strawberry.Private[list[UUID | None]]
    place: strawberry.Private[UUID | None]
    colour_id: strawberry.ID | None = field("The colour; null where the style has none.")
    colour_code: str | None = field("Its code.")
    colour_name: str | None = field("Its name.")
    on_hand: list[Decimal] = field("What is there, size by size.")
    on_hand_total: Decimal = field("What is there in all sizes.")
    available: list[Decimal] = field("What may be sold or promised, size by size.")
    available_total: Decimal = field("What may be sold or promised in all sizes.")
    sold: list[Decimal] = field("What customers took less what came back, size by size.")
    sold_total: Decimal = field("What customers took less what came back in all sizes.")
    sell_through: Decimal | None = field(_SELL_THROUGH)

    @field
    def item_ids(self) -> list[strawberry.ID | None]:
        """The items, size by size; null where it is not made."""
        return [encode_id("Item", item) if item else None for item in self.items]

    @field
    async def worth(self, info: Info) -> ApparelVariantsWorth | None:
        """What it is worth, at its cost; null for whoever may not see costs."""
        return await _worth(info, [[item] if item else [] for item in self.items], self.place)


@object_type(permission=PART)
class ApparelVariantsGridTotals:
    """The last row of a matrix: the figures of all colours, in base units."""

    columns: strawberry.Private[list[list[UUID]]]
    place: strawberry.Private[UUID | None]
    on_hand: list[Decimal] = field("What is there, size by size.")
    on_hand_total: Decimal = field("What is there in all.")
    available: list[Decimal] = field("What may be sold or promised, size by size.")
    available_total: Decimal = field("What may be sold or promised in all.")
    sold: list[Decimal] = field("What customers took less what came back, size by size.")
    sold_total: Decimal = field("What customers took less what came back in all.")
    sell_through: Decimal | None = field(_SELL_THROUGH)

    @field
    async def worth(self, info: Info) -> ApparelVariantsWorth | None:
        """What the style is worth, at its cost; null for whoever may not see costs."""
        return await _worth(info, self.columns, self.place)


@object_type(permission="stock.read")
class ApparelVariantsGrid:
    """A style as a matrix: rows are colours, columns sizes."""

    style_id: strawberry.ID = field("The style.")
    style_code: str = field("Its code.")
    style_name: str = field("Its name.")
    sizes: list[ApparelVariantsSize | None] = field(
        "The columns: its sizes in their order; one null where the style has no sizes.", size=1
    )
    rows: list[ApparelVariantsGridRow] = field("A row for each colour, by its code.", size=8)
    totals: ApparelVariantsGridTotals = field("The totals of the columns, and of all.")

    @classmethod
    def of(cls, grid: Grid, place: UUID | None) -> ApparelVariantsGrid:
        layout = grid.layout
        return cls(
            style_id=encode_id(STYLE, layout.style.id),
            style_code=layout.style.code,
            style_name=layout.style.name,
            sizes=[ApparelVariantsSize.of(size) if size else None for size in layout.sizes],
            rows=[_row(grid, n, place) for n in range(len(layout.colours))],
            totals=ApparelVariantsGridTotals(
                columns=[
                    [item for (_, size), item in layout.items.items() if size == column]
                    for column in layout.columns
                ],
                place=place,
                on_hand=grid.on_hand.column_totals(),
                on_hand_total=grid.on_hand.total(),
                available=grid.available.column_totals(),
                available_total=grid.available.total(),
                sold=grid.sold.column_totals(),
                sold_total=grid.sold.total(),
                sell_through=sell_through(grid.sold.total(), grid.on_hand.total()),
            ),
        )


def _row(grid: Grid, n: int, place: UUID | None) -> ApparelVariantsGridRow:
    layout = grid.layout
    colour = layout.colours[n]
    key = colour.id if colour else None
    on_hand, available, sold = grid.on_hand.row(key), grid.available.row(key), grid.sold.row(key)
    there, gone = sum(on_hand, Decimal(0)), sum(sold, Decimal(0))
    return ApparelVariantsGridRow(
        items=[layout.items.get((key, size)) for size in layout.columns],
        place=place,
        colour_id=encode_id("ApparelVariantsColour", colour.id) if colour else None,
        colour_code=colour.code if colour else None,
        colour_name=colour.name if colour else None,
        on_hand=on_hand,
        on_hand_total=there,
        available=available,
        available_total=sum(available, Decimal(0)),
        sold=sold,
        sold_total=gone,
        sell_through=sell_through(gone, there),
    )


class Queries:
    """Matrices."""

    @query_field(permission="stock.read")
    async def apparel_variants_grids(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"Styles, at most {MOST_STYLES}, in this order."),
        ],
        place_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Stock and sales at this place and below it; of all when left out."
            ),
        ] = None,
        since: Annotated[
            dt.date | None, strawberry.argument(description="Sales from this day on.")
        ] = None,
        until: Annotated[
            dt.date | None, strawberry.argument(description="Sales up to this day.")
        ] = None,
    ) -> list[ApparelVariantsGrid]:
        """Stock, sales and availability of styles, each as a matrix with totals both ways."""
        if len(ids) > MOST_STYLES:
            raise refuse(LIMIT_EXCEEDED, "ids", field="ids", limit=MOST_STYLES)
        keys = [uuid_of(one, STYLE, "ids", n) for n, one in enumerate(ids)]
        place = optional_uuid(place_id, "Place", "placeId")
        async with info.context.reading() as tx:
            found = await grids_by_style(tx, keys, Span(place, since, until))
        for n, key in enumerate(keys):
            if key not in found:
                raise refuse(NOT_FOUND, "ids", n, id=ids[n])
        return [found[key] for key in keys]


EXTENSION = Extension(queries=Queries)
