"""Making and changing styles and their variants, in GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from plugins.apparel_variants import records, styles
from plugins.apparel_variants.graphql.palette import SIZE, WRITE
from plugins.apparel_variants.graphql.styles import (
    BAND,
    LIST_PRICE,
    PURCHASE_PRICE,
    SEASON,
    STYLE,
    YEAR,
    ApparelVariantsStyle,
    styles_by_id,
)
from schema.plugin_api import (
    COMMAND_ID,
    UNSET,
    Extension,
    Info,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    optional_uuid,
    payload_type,
    uuid_of,
)


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
    """Further variants of a style: what is there already stays."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The style.")
    revision: int = field("The revision you saw.")
    colour_ids: list[strawberry.ID] = field(
        "Colours, each made in each size; those that it is made in when left out.",
        default_factory=list,
    )
    size_ids: list[strawberry.ID] | None = field(
        "Sizes, of its group; those that it is made in when left out.", default=None
    )
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


@input_type
class ApparelVariantsArchiveVariantsInput:
    """The variants of a style in these colours and sizes, one of which must be named."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The style.")
    revision: int = field("The revision you saw.")
    colour_ids: list[strawberry.ID] = field(
        "In these colours; all when left out.", default_factory=list
    )
    size_ids: list[strawberry.ID] = field(
        "In these sizes; all when left out.", default_factory=list
    )
    active: bool = field("True puts them back in use.", default=False)


@payload_type
class ApparelVariantsStylePayload(Payload):
    """The style as it stands now."""

    style: ApparelVariantsStyle | None = field("The style; null if refused.", default=None)


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
        """Change a style. A new price, and a new name, hold for the variants that had the style's;
        those that have their own keep it."""
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

    @mutation_field(permission=WRITE, bulk=True)
    async def apparel_variants_archive_variants(
        self,
        info: Info,
        input: Annotated[ApparelVariantsArchiveVariantsInput, argument("Which ones.")],
    ) -> ApparelVariantsStylePayload:
        """Take a colour or a size of a style out of use, or put it back: its variants are not ordered,
        received or sold any more."""
        context, key = info.context, uuid_of(input.id, STYLE, "id")
        named = records.Named(
            _colours(input.colour_ids), _sizes_of(input.size_ids), active=input.active
        )
        await styles.archive_variants(
            context.database, context.principal, input.command_id, key, input.revision, named
        )
        return await _payload(info, key)


def _colours(ids: Sequence[strawberry.ID]) -> tuple[UUID, ...]:
    return tuple(uuid_of(one, "ApparelVariantsColour", "colourIds", n) for n, one in enumerate(ids))


def _sizes_of(ids: Sequence[strawberry.ID]) -> tuple[UUID, ...]:
    return tuple(uuid_of(one, SIZE, "sizeIds", n) for n, one in enumerate(ids))


def _wanted(
    input: ApparelVariantsCreateStyleInput | ApparelVariantsAddVariantsInput,
) -> dict[str, Any]:
    given = input.variants
    sizes = input.size_ids
    return {
        "colour_ids": _colours(input.colour_ids),
        "size_ids": None if sizes is None else _sizes_of(sizes),
        "variants": None if given is None else tuple(one.read() for one in given),
    }


def _key(global_id: str | None, type_name: str, path: str) -> UUID | None:
    return optional_uuid(global_id, type_name, path)


async def _payload(info: Info, key: UUID) -> ApparelVariantsStylePayload:
    context = info.context
    async with context.database.snapshot(context.principal.tenant_id) as tx:
        return ApparelVariantsStylePayload(style=(await styles_by_id(tx, [key]))[key])


EXTENSION = Extension(mutations=Mutations)
