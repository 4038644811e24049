"""Recipes in figures over GraphQL: theoretical against actual use, and what a portion costs and earns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import rounded
from plugins.bom_manufacturing.bills.graphql.asking import Attributes, On, ask_bill
from plugins.bom_manufacturing.bills.graphql.bills import COST, READ
from plugins.bom_manufacturing.recipes import cards
from plugins.bom_manufacturing.recipes.graphql.recipes import check_span
from plugins.bom_manufacturing.recipes.rules.usage import SHOWN_DP, Usage, percent
from plugins.bom_manufacturing.recipes.stock import usage as stored
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    argument,
    connection,
    field,
    guarded_field,
    items_by_id,
    object_type,
    optional_uuid,
    page_of,
    query_field,
    uuid_of,
)


@object_type(permission=READ)
class BomManufacturingUsage:
    """How an ingredient was used over a span of days (耗用差异), in its base unit.

    `actual` = `opening` + `received` − `closing`; `variance` = `actual` − `theoretical` − `waste` −
    `internalUse`.
    """

    item_id: strawberry.Private[UUID]
    opening: Decimal = field("What was there before the first day.")
    received: Decimal = field(
        "What came by receipts and transfers, less what left by them or was sold as it is."
    )
    closing: Decimal = field("What is there at the end of the last day, as counted so far.")
    actual: Decimal = field("Actual use (实际耗用): all that went otherwise.")
    theoretical: Decimal = field(
        "Theoretical use (理论耗用): what the recipes say of all that was sold, as far as days are closed."
    )
    waste: Decimal = field("Scrapped (报废).")
    internal_use: Decimal = field("Used by ourselves (领用), such as staff meals (员工餐).")
    variance: Decimal = field(
        "What went beyond recipes, waste and internal use; below zero where less went."
    )
    variance_percent: Decimal | None = field(
        "The variance in percent of the theoretical use; null where that is nothing."
    )
    variance_value: Decimal | None = guarded_field(
        "What counts, losses and gains wrote off, as the books value it; below zero for gains.",
        permission=COST,
    )

    @classmethod
    def of(cls, one: Usage) -> BomManufacturingUsage:
        return cls(
            item_id=one.item_id,
            opening=one.opening,
            received=one.received,
            closing=one.closing,
            actual=one.actual,
            theoretical=rounded(one.theoretical, SHOWN_DP),
            waste=one.waste,
            internal_use=one.internal,
            variance=rounded(one.variance, SHOWN_DP),
            variance_percent=one.variance_percent,
            variance_value=one.missing_value,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The ingredient."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission=COST)
class BomManufacturingCardLine:
    """A line of a recipe, for one portion."""

    item_id: strawberry.Private[UUID]
    quantity: Decimal = field("How much of it, losses included, in its base unit.")
    cost: Decimal = field("What that costs, at four decimals.")
    share_percent: Decimal | None = field("Its part of the portion's cost; null where that is 0.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The ingredient or preparation."""
        return await info.context.load(items_by_id, self.item_id)


@object_type(permission=COST)
class BomManufacturingRecipeCard:
    """The cost card (成本卡) of a dish: what a portion costs by its recipe, of what ingredients cost now."""

    card: strawberry.Private[cards.Card]
    version: str = field("The version of the recipe.")
    portions: Decimal = field("How many portions the recipe is for.")
    cost: Decimal = field("What a portion costs, at four decimals; work and by-products included.")
    lines: list[BomManufacturingCardLine] = field("What goes into it, in the order of the recipe.")

    @classmethod
    def of(cls, card: cards.Card) -> BomManufacturingRecipeCard:
        return cls(
            card=card,
            version=card.version,
            portions=card.portions,
            cost=card.cost,
            lines=[
                BomManufacturingCardLine(
                    item_id=line.item_id,
                    quantity=line.quantity,
                    cost=line.cost,
                    share_percent=percent(line.cost, card.cost),
                )
                for line in card.lines
            ],
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The dish."""
        return await info.context.load(items_by_id, self.card.item_id)

    @field
    async def list_price(self, info: Info) -> Decimal | None:
        """The dish's list price, as it stands; null where none is set."""
        return await self._price(info)

    @field
    async def margin(self, info: Info) -> Decimal | None:
        """List price less cost; below zero where a portion costs more than it brings."""
        price = await self._price(info)
        return None if price is None else price - self.card.cost

    @field
    async def margin_percent(self, info: Info) -> Decimal | None:
        """The margin (毛利率) in percent of the list price; null where there is no price."""
        price = await self._price(info)
        return None if price is None else percent(price - self.card.cost, price)

    async def _price(self, info: Info) -> Decimal | None:
        item = await info.context.load(items_by_id, self.card.item_id)
        return None if item is None else item.record.list_price


class Queries:
    """Recipes in figures."""

    @query_field(permission=READ)
    async def bom_manufacturing_usage(
        self,
        info: Info,
        since: Annotated[dt.date, argument("The first day.")],
        until: Annotated[dt.date, argument("The last day, best one on which was counted.")],
        place_id: Annotated[
            strawberry.ID | None,
            argument("At this place and below it; at all of ours when left out."),
        ] = None,
        item_ids: Annotated[
            list[strawberry.ID] | None, argument("Only these ingredients; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingUsage]:
        """Theoretical against actual use (理论与实际耗用) of the ingredients that recipes ever took at
        a place. Close the days first: what was sold on an open day is not in the theoretical use."""
        page = page_of(first, after, key=(UUID,))
        check_span(since, until)
        place = optional_uuid(place_id, "Place", "placeId")
        items = None
        if item_ids is not None:
            items = [uuid_of(one, "Item", "itemIds", n) for n, one in enumerate(item_ids)]
        async with info.context.reading() as tx:
            found = await stored.usage(
                tx,
                since,
                until,
                place=place,
                items=items,
                after=page.after[0] if page.after else None,
                limit=page.limit,
            )
        return connection(
            page, found, node=BomManufacturingUsage.of, cursor=lambda one: (one.item_id,)
        )

    @query_field(permission=COST)
    async def bom_manufacturing_recipe_card(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID, argument("The dish.")],
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
    ) -> BomManufacturingRecipeCard | None:
        """The cost card (成本卡) of a dish: every line rounded to cents for the whole recipe; null where it
        has no recipe on that day."""
        async with info.context.reading() as tx:
            found = await cards.card(tx, await ask_bill(tx, item_id, on, attributes))
        return None if found is None else BomManufacturingRecipeCard.of(found)


EXTENSION = Extension(queries=Queries)
