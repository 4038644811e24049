"""Styles and variants in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, clean
from plugins.apparel_variants import records, tables
from plugins.apparel_variants.graphql.palette import (
    READ,
    ApparelVariantsColour,
    ApparelVariantsSize,
    ApparelVariantsSizeGroup,
    colours_by_id,
    size_groups_by_id,
)
from plugins.apparel_variants.palette import LONGEST_NAME
from plugins.apparel_variants.tables import StyleFilter
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Node,
    connection,
    field,
    guarded_field,
    input_type,
    items_by_id,
    object_type,
    page_of,
    query_field,
)

STYLE = "ApparelVariantsStyle"
SEASON = "Its season (季节), such as spring; at most 32 characters."
YEAR = "Its year (年份), with four digits."
BAND = "Its band (波段): the wave of deliveries it comes with; at most 32 characters."
LIST_PRICE = "What customers pay for its variants, unless one is priced apart."
PURCHASE_PRICE = "What suppliers are paid for its variants, unless one is priced apart."


async def styles_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, ApparelVariantsStyle]:
    found = await tables.styles(tx, keys)
    return {key: ApparelVariantsStyle.of(one) for key, one in found.items()}


async def variants_of_styles(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, list[records.Variant]]:
    found: dict[UUID, list[records.Variant]] = {key: [] for key in keys}
    for variant in await tables.variants_of_styles(tx, keys):
        found[variant.style_id].append(variant)
    return found


async def variants_by_item(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, ApparelVariantsVariant]:
    found = await tables.variants_by_item(tx, keys)
    return {key: ApparelVariantsVariant(record=one) for key, one in found.items()}


async def sizes_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, ApparelVariantsSize]:
    return {key: ApparelVariantsSize.of(one) for key, one in (await tables.sizes(tx, keys)).items()}


@object_type(permission=READ)
class ApparelVariantsVariant:
    """A variant (SKU): an item that is a style in a colour and a size."""

    record: strawberry.Private[records.Variant]

    @field
    async def item(self, info: Info) -> Item | None:
        """The item it is."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def style(self, info: Info) -> ApparelVariantsStyle | None:
        """The style."""
        return await info.context.load(styles_by_id, self.record.style_id)

    @field
    async def colour(self, info: Info) -> ApparelVariantsColour | None:
        """Its colour; null where the style has none."""
        return await info.context.load(colours_by_id, self.record.colour_id)

    @field
    async def size(self, info: Info) -> ApparelVariantsSize | None:
        """Its size; null where the style has none."""
        return await info.context.load(sizes_by_id, self.record.size_id)


@object_type(permission=READ, node=styles_by_id)
class ApparelVariantsStyle(Node):
    """A style (款): what is made in colours and sizes."""

    record: strawberry.Private[records.Style]
    code: str = field("The shop's own code, unique, at most 64 characters.")
    name: str = field("Its name.")
    season: str | None = field(SEASON)
    year: int | None = field(YEAR)
    band: str | None = field(BAND)
    list_price: Decimal | None = field(LIST_PRICE)
    purchase_price: Decimal | None = guarded_field(PURCHASE_PRICE, permission="cost.read")
    active: bool = field("Whether it is in use.")
    revision: int = field("Raised with every change; name the one you saw when you change it.")

    @classmethod
    def of(cls, record: records.Style) -> ApparelVariantsStyle:
        return cls(
            uuid=record.id,
            record=record,
            code=record.code,
            name=record.name,
            season=record.season,
            year=record.year,
            band=record.band,
            list_price=record.list_price,
            purchase_price=record.purchase_price,
            active=record.active,
            revision=record.revision,
        )

    @field
    async def size_group(self, info: Info) -> ApparelVariantsSizeGroup | None:
        """The group its sizes are of; null where it has none."""
        return await info.context.load(size_groups_by_id, self.record.size_group_id)

    @field
    async def variants(self, info: Info) -> list[ApparelVariantsVariant]:
        """Its variants, by colour and size in their order."""
        found = await info.context.load(variants_of_styles, self.uuid)
        return [ApparelVariantsVariant(record=one) for one in found or ()]


class ItemFields:
    """What an item shows."""

    @field
    async def apparel_variants(
        self, info: Info, item: strawberry.Parent[Item]
    ) -> ApparelVariantsVariant | None:
        """What it is of a style; null where it is no variant."""
        return await info.context.load(variants_by_item, item.uuid)


@input_type
class ApparelVariantsStyleFilterInput:
    """Which styles; all that is given must hold."""

    search: str | None = field("With this in their code or name.", default=None)
    season: str | None = field("Of this season.", default=None)
    year: int | None = field("Of this year.", default=None)
    band: str | None = field("Of this band.", default=None)
    active: bool | None = field("In use or not; null for both.", default=True)


class Queries:
    """Styles."""

    @query_field(permission=READ)
    async def apparel_variants_styles(
        self,
        info: Info,
        filter: Annotated[
            ApparelVariantsStyleFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ApparelVariantsStyle]:
        """Styles by code."""
        page = page_of(first, after, key=(str, UUID))
        given = filter or ApparelVariantsStyleFilterInput()
        wanted = StyleFilter(
            clean(given.search or "", "search", LONGEST_NAME, required=False),
            given.season,
            given.year,
            given.band,
            given.active,
        )
        async with info.context.reading() as tx:
            found = await tables.list_styles(tx, wanted, page.after, page.limit)

        async def count() -> int:
            async with info.context.reading() as tx:
                return await tables.count_styles(tx, wanted)

        return connection(
            page,
            found,
            node=ApparelVariantsStyle.of,
            cursor=lambda one: (one.code, one.id),
            count=count,
        )


EXTENSION = Extension(fields={Item: ItemFields}, queries=Queries)
