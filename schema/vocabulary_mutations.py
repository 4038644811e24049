"""Making and changing units and categories."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from core.catalogue import vocabulary
from core.catalogue.records import CategoryChanges, CategoryDraft, UnitChanges, UnitDraft
from schema.access import field, input_type, mutation_field
from schema.catalogue import Category, Unit
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.masterdata import (
    COMMAND_ID,
    NEW_ID,
    UNSET,
    ArchiveInput,
    ChangeInput,
    RestoreInput,
    argument,
    changes,
)
from schema.relay import optional_uuid, uuid_of

_CODE = "Its code: unique, at most 64 characters."
_NAME = "Its name, at most 255 characters."


@input_type
class CreateUnitInput:
    """A new unit of measure."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field(_CODE)
    name: str = field(_NAME)
    decimals: int = field("How many decimal places quantities in it may have: 0 to 6.", default=0)
    id: UUID | None = field(NEW_ID, default=None)


@input_type
class UpdateUnitInput(ChangeInput):
    """A change of a unit. What is left out stays."""

    code: str | None = field(_CODE, default=UNSET)
    name: str | None = field(_NAME, default=UNSET)
    decimals: int | None = field(
        "Decimal places; they may only grow, for quantities were entered with them.", default=UNSET
    )


@input_type
class CreateCategoryInput:
    """A new category."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field(_CODE)
    name: str = field(_NAME)
    parent_id: strawberry.ID | None = field(
        "The category it shall lie in; at the top when left out.", default=None
    )
    id: UUID | None = field(NEW_ID, default=None)


@input_type
class UpdateCategoryInput(ChangeInput):
    """A change of a category. What is left out stays."""

    code: str | None = field(_CODE, default=UNSET)
    name: str | None = field(_NAME, default=UNSET)


@input_type
class MoveCategoryInput(ChangeInput):
    """A category to move, with everything in it."""

    parent_id: strawberry.ID | None = field(
        "The category it shall lie in; null or left out: the top.", default=None
    )


@payload_type
class UnitPayload(Payload):
    """The unit as it stands now."""

    unit: Unit | None = field("The unit; null if it was refused.", default=None)


@payload_type
class CategoryPayload(Payload):
    """The category as it stands now."""

    category: Category | None = field("The category; null if it was refused.", default=None)


class Mutations:
    """Making and changing units and categories."""

    @mutation_field(permission="catalogue.write")
    async def create_unit(
        self, info: Info, input: Annotated[CreateUnitInput, argument("The unit.")]
    ) -> UnitPayload:
        """Make a unit of measure."""
        draft = UnitDraft(code=input.code, name=input.name, decimals=input.decimals, id=input.id)
        context = info.context
        made = await vocabulary.create_unit(
            context.database, context.principal, input.command_id, draft
        )
        return UnitPayload(unit=Unit.of(made))

    @mutation_field(permission="catalogue.write")
    async def update_unit(
        self, info: Info, input: Annotated[UpdateUnitInput, argument("The change.")]
    ) -> UnitPayload:
        """Change a unit of measure."""
        return await _change_unit(info, input, changes(input, {}, UnitChanges))

    @mutation_field(permission="catalogue.write")
    async def archive_unit(
        self, info: Info, input: Annotated[ArchiveInput, argument("Which one.")]
    ) -> UnitPayload:
        """Take a unit out of use; items that have it keep it."""
        return await _change_unit(info, input, {"active": False})

    @mutation_field(permission="catalogue.write")
    async def restore_unit(
        self, info: Info, input: Annotated[RestoreInput, argument("Which one.")]
    ) -> UnitPayload:
        """Use an archived unit again."""
        return await _change_unit(info, input, {"active": True})

    @mutation_field(permission="catalogue.write")
    async def create_category(
        self, info: Info, input: Annotated[CreateCategoryInput, argument("The category.")]
    ) -> CategoryPayload:
        """Make a category."""
        draft = CategoryDraft(
            code=input.code,
            name=input.name,
            id=input.id,
            parent_id=optional_uuid(input.parent_id, "Category", "parent_id"),
        )
        context = info.context
        made = await vocabulary.create_category(
            context.database, context.principal, input.command_id, draft
        )
        return CategoryPayload(category=Category.of(made))

    @mutation_field(permission="catalogue.write")
    async def update_category(
        self, info: Info, input: Annotated[UpdateCategoryInput, argument("The change.")]
    ) -> CategoryPayload:
        """Change a category."""
        return await _change_category(info, input, changes(input, {}, CategoryChanges))

    @mutation_field(permission="catalogue.write")
    async def move_category(
        self, info: Info, input: Annotated[MoveCategoryInput, argument("What goes where.")]
    ) -> CategoryPayload:
        """Move a category, with everything in it, into another or to the top."""
        parent = optional_uuid(input.parent_id, "Category", "parent_id")
        return await _change_category(info, input, {"parent_id": parent})

    @mutation_field(permission="catalogue.write")
    async def archive_category(
        self, info: Info, input: Annotated[ArchiveInput, argument("Which one.")]
    ) -> CategoryPayload:
        """Take a category out of use; its items keep it."""
        return await _change_category(info, input, {"active": False})

    @mutation_field(permission="catalogue.write")
    async def restore_category(
        self, info: Info, input: Annotated[RestoreInput, argument("Which one.")]
    ) -> CategoryPayload:
        """Use an archived category again."""
        return await _change_category(info, input, {"active": True})


async def _change_unit(info: Info, input: ChangeInput, asked: UnitChanges) -> UnitPayload:
    context, unit_id = info.context, uuid_of(input.id, "Unit", "id")
    changed = await vocabulary.update_unit(
        context.database, context.principal, input.command_id, unit_id, input.revision, asked
    )
    return UnitPayload(unit=Unit.of(changed))


async def _change_category(
    info: Info, input: ChangeInput, asked: CategoryChanges
) -> CategoryPayload:
    context, category_id = info.context, uuid_of(input.id, "Category", "id")
    changed = await vocabulary.update_category(
        context.database, context.principal, input.command_id, category_id, input.revision, asked
    )
    return CategoryPayload(category=Category.of(changed))
