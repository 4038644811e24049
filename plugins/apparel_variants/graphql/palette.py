"""Colours and size groups in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.apparel_variants import palette, records, tables
from schema.plugin_api import (
    COMMAND_ID,
    PART,
    Extension,
    Info,
    Node,
    Payload,
    argument,
    encode_id,
    field,
    input_type,
    mutation_field,
    object_type,
    optional_uuid,
    payload_type,
    query_field,
)

READ = "apparel_variants.read"
WRITE = "apparel_variants.write"
CODE = "The shop's own code, unique, at most 32 characters."
SIZE = "ApparelVariantsSize"


async def colours_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, ApparelVariantsColour]:
    found = await tables.colours(tx, keys)
    return {key: ApparelVariantsColour.of(one) for key, one in found.items()}


async def size_groups_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, ApparelVariantsSizeGroup]:
    found = await tables.size_groups(tx, keys)
    return {key: ApparelVariantsSizeGroup.of(one) for key, one in found.items()}


@object_type(permission=READ, node=colours_by_id)
class ApparelVariantsColour(Node):
    """A colour (颜色)."""

    code: str = field(CODE)
    name: str = field("Its name.")
    active: bool = field("Whether new variants are made in it.")

    @classmethod
    def of(cls, record: records.Colour) -> ApparelVariantsColour:
        return cls(uuid=record.id, code=record.code, name=record.name, active=record.active)


@object_type(permission=PART)
class ApparelVariantsSize:
    """A size (尺码) of a group."""

    id: strawberry.ID = field("Its id, by which inputs name it.")
    code: str = field("What stands on the label.")

    @classmethod
    def of(cls, record: records.Size) -> ApparelVariantsSize:
        return cls(id=encode_id(SIZE, record.id), code=record.code)


@object_type(permission=READ, node=size_groups_by_id)
class ApparelVariantsSizeGroup(Node):
    """A size group (尺码组): sizes in their order."""

    code: str = field(CODE)
    name: str = field("Its name.")
    sizes: list[ApparelVariantsSize] = field("Its sizes, in their order.", size=12)

    @classmethod
    def of(cls, record: records.SizeGroup) -> ApparelVariantsSizeGroup:
        return cls(
            uuid=record.id,
            code=record.code,
            name=record.name,
            sizes=[ApparelVariantsSize.of(size) for size in record.sizes],
        )


@input_type
class ApparelVariantsColourInput:
    """A colour to make, or to change."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID | None = field("The colour to change; a new one when left out.", default=None)
    code: str = field(CODE)
    name: str = field("Its name, at most 200 characters.")
    active: bool = field(
        "False archives it: nothing new is made in it; what there is stays in use.", default=True
    )


@input_type
class ApparelVariantsSizeGroupInput:
    """A size group to make, or to change."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID | None = field("The group to change; a new one when left out.", default=None)
    code: str = field(CODE)
    name: str = field("Its name, at most 200 characters.")
    sizes: list[str] = field(
        "The codes of its sizes in their order, at most 100. They replace all: a size keeps what it is"
        " by its code, and one that variants have cannot go."
    )


@payload_type
class ApparelVariantsColourPayload(Payload):
    """The colour as it stands now."""

    colour: ApparelVariantsColour | None = field("The colour; null if refused.", default=None)


@payload_type
class ApparelVariantsSizeGroupPayload(Payload):
    """The size group as it stands now."""

    size_group: ApparelVariantsSizeGroup | None = field("The group; null if refused.", default=None)


class Queries:
    """The palette, and size groups."""

    @query_field(permission=READ)
    async def apparel_variants_colours(self, info: Info) -> list[ApparelVariantsColour]:
        """All colours by code, archived ones included."""
        async with info.context.reading() as tx:
            return [ApparelVariantsColour.of(one) for one in (await tables.colours(tx)).values()]

    @query_field(permission=READ)
    async def apparel_variants_size_groups(self, info: Info) -> list[ApparelVariantsSizeGroup]:
        """All size groups by code."""
        async with info.context.reading() as tx:
            found = await tables.size_groups(tx)
        return [ApparelVariantsSizeGroup.of(one) for one in found.values()]


class Mutations:
    """Changing them."""

    @mutation_field(permission=WRITE)
    async def apparel_variants_save_colour(
        self, info: Info, input: Annotated[ApparelVariantsColourInput, argument("The colour.")]
    ) -> ApparelVariantsColourPayload:
        """Make a colour, or change one."""
        context = info.context
        id_ = optional_uuid(input.id, "ApparelVariantsColour", "id")
        saved = await palette.save_colour(
            context.database,
            context.principal,
            input.command_id,
            id_,
            input.code,
            input.name,
            active=input.active,
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            return ApparelVariantsColourPayload(colour=(await colours_by_id(tx, [saved]))[saved])

    @mutation_field(permission=WRITE)
    async def apparel_variants_save_size_group(
        self, info: Info, input: Annotated[ApparelVariantsSizeGroupInput, argument("The group.")]
    ) -> ApparelVariantsSizeGroupPayload:
        """Make a size group, or change one: its sizes, and their order in every matrix."""
        context = info.context
        id_ = optional_uuid(input.id, "ApparelVariantsSizeGroup", "id")
        saved = await palette.save_size_group(
            context.database,
            context.principal,
            input.command_id,
            id_,
            input.code,
            input.name,
            input.sizes,
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            found = (await size_groups_by_id(tx, [saved]))[saved]
        return ApparelVariantsSizeGroupPayload(size_group=found)


EXTENSION = Extension(queries=Queries, mutations=Mutations)
