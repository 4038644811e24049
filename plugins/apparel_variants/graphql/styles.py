"""Styles and variants in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.apparel_variants import records, styles, tables
from plugins.apparel_variants.graphql.palette import (
    READ,
    SIZE,
    WRITE,
    ApparelVariantsColour,
    ApparelVariantsSize,
    ApparelVariantsSizeGroup,
    colours_by_id,
    size_groups_by_id,
)
from plugins.apparel_variants.tables import StyleFilter
from schema.plugin_api import (
    COMMAND_ID,
    UNSET,
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Node,
    Payload,
    argument,
    connection,
    field,
    guarded_field,
    input_type,
    items_by_id,
    mutation_field,
    object_type,
    page_of,
    payload_type,
    query_field,
    uuid_of,
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
        key = self.record.colour_id
        return None if key is None else await info.context.load(colours_by_id, key)

    @field
    async def size(self, info: Info) -> ApparelVariantsSize | None:
        """Its size; null where the style has none."""
        key = self.record.size_id
        return None if key is None else await info.context.load(sizes_by_id, key)


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
        key = self.record.size_group_id
        return None if key is None else await info.context.load(size_groups_by_id, key)

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

    season: str | None = field("Of this season.", default=None)
    year: int | None = field("Of this year.", default=None)
    band: str | None = field("Of this band.", default=None)
    active: bool | None = field("In use or not; null for both.", default=True)


@input_type
class ApparelVariantsVariantInput:
    """A variant to make. What is left out follows from the style, the colour and the size."""

    colour_id: strawberry.ID | None = field("Its colour.", default=None)
    size_id: strawberry.ID | None = field("Its size, one of the style's group.", default=None)
    code: str | None = field("The item's code.", default=None)
    name: str | None = field("The item's name.", default=None)
    barcode: str | None = field(
        "Its barcode (GTIN), which is checked; the next free number by the settings when left out.",
        default=None,
    )
    list_price: Decimal | None = field("A list price of its own.", default=None)
    purchase_price: Decimal | None = field("A purchase price of its own.", default=None)

    def read(self) -> records.VariantDraft:
        """The module's draft. Refuses ids that are none (NOT_FOUND)."""
        return records.VariantDraft(
            colour_id=_key(self.colour_id, "ApparelVariantsColour", "colourId"),
            size_id=_key(self.size_id, SIZE, "sizeId"),
            code=self.code,
            name=self.name,
            barcode=self.barcode,
            list_price=self.list_price,
            purchase_price=self.purchase_price,
        )


_COLOURS = "Its colours: each is made in each size."
_SIZES = "Its sizes, of the group; all of them when left out."
_VARIANTS = "Exactly these variants, instead of each colour in each size; at most 1,000."


@input_type
class ApparelVariantsCreateStyleInput:
    """A style to make, with all its variants."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field("The shop's own code, unique, at most 64 characters.")
    name: str = field("Its name, at most 200 characters.")
    size_group_id: strawberry.ID | None = field("The group its sizes are of.", default=None)
    season: str | None = field(SEASON, default=None)
    year: int | None = field(YEAR, default=None)
    band: str | None = field(BAND, default=None)
    list_price: Decimal | None = field(LIST_PRICE, default=None)
    purchase_price: Decimal | None = field(PURCHASE_PRICE, default=None)
    category_id: strawberry.ID | None = field("The category of its items.", default=None)
    unit_id: strawberry.ID | None = field(
        "The base unit of its items; the tenant's first when left out.", default=None
    )
    colour_ids: list[strawberry.ID] = field(_COLOURS, default_factory=list)
    size_ids: list[strawberry.ID] | None = field(_SIZES, default=None)
    variants: list[ApparelVariantsVariantInput] | None = field(_VARIANTS, default=None)


@input_type
class ApparelVariantsAddVariantsInput:
    """Further variants of a style."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The style.")
    revision: int = field("The revision you saw.")
    colour_ids: list[strawberry.ID] = field(
        f"{_COLOURS} What is there already stays.", default_factory=list
    )
    size_ids: list[strawberry.ID] | None = field(_SIZES, default=None)
    variants: list[ApparelVariantsVariantInput] | None = field(_VARIANTS, default=None)


@input_type
class ApparelVariantsUpdateStyleInput:
    """What to change of a style. What is left out stays; null clears it."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The style.")
    revision: int = field("The revision you saw.")
    name: str | None = field("Its name; cannot be cleared.", default=UNSET)
    season: str | None = field(SEASON, default=UNSET)
    year: int | None = field(YEAR, default=UNSET)
    band: str | None = field(BAND, default=UNSET)
    list_price: Decimal | None = field(LIST_PRICE, default=UNSET)
    purchase_price: Decimal | None = field(PURCHASE_PRICE, default=UNSET)
    active: bool | None = field(
        "False takes it and its variants out of use, true puts them back; cannot be cleared.",
        default=UNSET,
    )

    def changes(self) -> records.StyleChanges:
        """What to change, as the module says it."""
        names = records.StyleChanges.__annotations__
        told = {name: getattr(self, name) for name in names}
        return {name: value for name, value in told.items() if value is not UNSET}  # type: ignore[return-value]  # by its names


@payload_type
class ApparelVariantsStylePayload(Payload):
    """The style as it stands now."""

    style: ApparelVariantsStyle | None = field("The style; null if refused.", default=None)


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
        wanted = StyleFilter(given.season, given.year, given.band, given.active)
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


class Mutations:
    """Changing styles."""

    @mutation_field(permission=WRITE, bulk=True)
    async def apparel_variants_create_style(
        self,
        info: Info,
        input: Annotated[ApparelVariantsCreateStyleInput, argument("The style.")],
    ) -> ApparelVariantsStylePayload:
        """Make a style and its variants, each an item with a code and a barcode: all or none."""
        context = info.context
        draft = records.StyleDraft(
            code=input.code,
            name=input.name,
            size_group_id=_key(input.size_group_id, "ApparelVariantsSizeGroup", "sizeGroupId"),
            season=input.season,
            year=input.year,
            band=input.band,
            list_price=input.list_price,
            purchase_price=input.purchase_price,
            category_id=_key(input.category_id, "Category", "categoryId"),
            unit_id=_key(input.unit_id, "Unit", "unitId"),
            **_wanted(input),
        )
        made = await styles.create_style(
            context.database, context.principal, input.command_id, draft
        )
        return await _payload(info, made)

    @mutation_field(permission=WRITE, bulk=True)
    async def apparel_variants_add_variants(
        self,
        info: Info,
        input: Annotated[ApparelVariantsAddVariantsInput, argument("The variants.")],
    ) -> ApparelVariantsStylePayload:
        """Make further variants of a style, all or none."""
        context, key = info.context, uuid_of(input.id, STYLE, "id")
        draft = records.StyleDraft(code="", name="", **_wanted(input))
        await styles.add_variants(
            context.database, context.principal, input.command_id, key, input.revision, draft
        )
        return await _payload(info, key)

    @mutation_field(permission=WRITE)
    async def apparel_variants_update_style(
        self,
        info: Info,
        input: Annotated[ApparelVariantsUpdateStyleInput, argument("The changes.")],
    ) -> ApparelVariantsStylePayload:
        """Change a style. A new price holds for the variants that had the style's price; those that
        were priced apart keep theirs."""
        context, key = info.context, uuid_of(input.id, STYLE, "id")
        await styles.update_style(
            context.database,
            context.principal,
            input.command_id,
            key,
            input.revision,
            input.changes(),
        )
        return await _payload(info, key)


def _wanted(
    input: ApparelVariantsCreateStyleInput | ApparelVariantsAddVariantsInput,
) -> dict[str, Any]:
    given = input.variants
    sizes = input.size_ids
    return {
        "colour_ids": tuple(
            uuid_of(one, "ApparelVariantsColour", "colourIds", n)
            for n, one in enumerate(input.colour_ids)
        ),
        "size_ids": None
        if sizes is None
        else tuple(uuid_of(one, SIZE, "sizeIds", n) for n, one in enumerate(sizes)),
        "variants": None if given is None else tuple(one.read() for one in given),
    }


def _key(global_id: str | None, type_name: str, path: str) -> UUID | None:
    return None if global_id is None else uuid_of(global_id, type_name, path)


async def _payload(info: Info, key: UUID) -> ApparelVariantsStylePayload:
    context = info.context
    async with context.database.snapshot(context.principal.tenant_id) as tx:
        return ApparelVariantsStylePayload(style=(await styles_by_id(tx, [key]))[key])


EXTENSION = Extension(fields={Item: ItemFields}, queries=Queries, mutations=Mutations)
