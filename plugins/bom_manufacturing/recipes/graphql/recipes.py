"""Closing the day over GraphQL: what was sold takes its ingredients by recipe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Refusal, Refused, Transaction, rounded
from plugins.bom_manufacturing.bills.graphql.bills import READ
from plugins.bom_manufacturing.bills.rules.check import OUT_OF_RANGE
from plugins.bom_manufacturing.recipes import closing
from plugins.bom_manufacturing.recipes.rules.usage import SHOWN_DP
from plugins.bom_manufacturing.recipes.stock import recipes as stored
from plugins.bom_manufacturing.recipes.stock.recipes import Day, Taken
from schema.plugin_api import (
    COMMAND_ID,
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    Page,
    Payload,
    Place,
    argument,
    connection,
    documents_by_id,
    field,
    input_type,
    items_by_id,
    mutation_field,
    object_type,
    optional_uuid,
    page_of,
    payload_type,
    places_by_id,
    query_field,
    uuid_of,
)


async def taken_by_day(
    tx: Transaction, keys: Sequence[Day], page: Page
) -> Mapping[Day, list[Taken]]:
    after = page.after[0] if page.after else None
    return await stored.taken(tx, keys, after, page.limit)


async def below_zero_by_day(
    tx: Transaction, keys: Sequence[Day]
) -> Mapping[Day, list[tuple[UUID, Decimal]]]:
    return await stored.below_zero(tx, keys)


async def documents_by_day(tx: Transaction, keys: Sequence[Day]) -> Mapping[Day, list[UUID]]:
    return await stored.documents(tx, keys)


@object_type(permission=READ)
class BomManufacturingRecipeIngredient:
    """What the dishes of a day take of an ingredient, in its base unit."""

    item_id: strawberry.Private[UUID]
    needed: Decimal = field("What the recipes say, at six decimals.")
    taken: Decimal = field(
        "What was taken from stock, at the decimals of the unit. What rounding leaves is carried to the"
        " next closing of the place, so that nothing is lost over days."
    )

    @field
    async def item(self, info: Info) -> Item | None:
        """The ingredient."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission=READ)
class BomManufacturingBelowZero:
    """An ingredient of which less than nothing is there: a receipt, a transfer or a count is missing."""

    item_id: strawberry.Private[UUID]
    quantity: Decimal = field("What is there at the place now, below zero.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The ingredient."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission=READ)
class BomManufacturingRecipeDay:
    """A day of a place on which dishes were sold (日结)."""

    key: strawberry.Private[Day]
    day: dt.date = field("The day.")
    open: bool = field("Whether dishes were sold or returned that no closing answers for yet.")

    @classmethod
    def of(cls, one: stored.Standing) -> BomManufacturingRecipeDay:
        return cls(key=one.key, day=one.day, open=one.open)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place."""
        return await info.context.load(places_by_id, self.key[0])

    @field
    async def documents(self, info: Info) -> list[Document] | None:
        """What took the ingredients, in the order of posting: the first closing, then what late sales and
        returns added to it."""
        found = await info.context.load(documents_by_day, self.key) or []
        loaded = [await one for one in [info.context.load(documents_by_id, key) for key in found]]
        return [one for one in loaded if one is not None]

    @field
    async def ingredients(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BomManufacturingRecipeIngredient]:
        """What the day took so far, each ingredient once."""
        page = page_of(first, after, key=(UUID,))
        found = await info.context.load(taken_by_day, self.key, page) or []
        return connection(
            page,
            found,
            node=lambda one: BomManufacturingRecipeIngredient(
                item_id=one.item_id, needed=rounded(one.needed, SHOWN_DP), taken=one.taken
            ),
            cursor=lambda one: (one.item_id,),
        )

    @field
    async def below_zero(self, info: Info) -> list[BomManufacturingBelowZero]:
        """Ingredients of the day of which less than nothing is there now, by code."""
        found = await info.context.load(below_zero_by_day, self.key) or []
        return [BomManufacturingBelowZero(item_id=item, quantity=q) for item, q in found]


@input_type
class BomManufacturingCloseDayInput:
    """A day of a place."""

    command_id: UUID = field(COMMAND_ID)
    place_id: strawberry.ID = field("Where dishes were sold, and whose ingredients they take.")
    day: dt.date = field("The business date of the sales: today, or a day before.")


@payload_type
class BomManufacturingCloseDayPayload(Payload):
    """The day as it stands now."""

    day: BomManufacturingRecipeDay | None = field("The day; null if it was refused.", default=None)


class Queries:
    """Days and their closings."""

    @query_field(permission=READ)
    async def bom_manufacturing_recipe_days(
        self,
        info: Info,
        since: Annotated[dt.date, argument("The first day.")],
        until: Annotated[dt.date, argument("The last day.")],
        place_id: Annotated[
            strawberry.ID | None, argument("Only of this place; of all when left out.")
        ] = None,
        open: Annotated[
            bool | None, argument("Only days that are open, or only closed ones; all if left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingRecipeDay]:
        """Days on which dishes were sold, by day and place. A dish is an item that is not kept in stock
        and has a bill of material in force: its recipe (配方)."""
        page = page_of(first, after, key=(dt.date, UUID))
        check_span(since, until)
        place = optional_uuid(place_id, "Place", "placeId")
        start = None if page.after is None else (page.after[0], page.after[1])
        async with info.context.reading() as tx:
            found = await stored.days(tx, since, until, place, open, start, page.limit)
        return connection(
            page,
            found,
            node=BomManufacturingRecipeDay.of,
            cursor=lambda one: (one.day, one.place_id),
        )


class Mutations:
    """Closing the day."""

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_close_day(
        self, info: Info, input: Annotated[BomManufacturingCloseDayInput, argument("The day.")]
    ) -> BomManufacturingCloseDayPayload:
        """Take the ingredients of what was sold at a place on a day, less what was returned, by the recipes
        in force that day (日结耗用). Closed again, it takes the difference: what a late sale, a return or a
        corrected recipe changes. Days before today are closed by themselves, too."""
        context = info.context
        place = uuid_of(input.place_id, "Place", "placeId")
        await closing.close_day(
            context.database, context.principal, input.command_id, place, input.day
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            [*found] = await stored.days(tx, input.day, input.day, place)
        standing = found[0] if found else stored.Standing(place, input.day, False)
        return BomManufacturingCloseDayPayload(day=BomManufacturingRecipeDay.of(standing))


def check_span(since: dt.date, until: dt.date) -> None:
    """Refuse a span that ends before it begins."""
    if until < since:
        details = {"field": "until", "wanted": f"{since} …", "value": until.isoformat()}
        raise Refused(Refusal(OUT_OF_RANGE, ("until",), details))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
