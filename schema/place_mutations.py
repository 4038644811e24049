"""Making, changing, moving and archiving places."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from core.places import service
from core.places.rules import PlaceChanges, PlaceDraft
from schema.access import field, input_type, mutation_field
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.extensions import Extensible
from schema.masterdata import (
    COMMAND_ID,
    NEW_ID,
    UNSET,
    ArchiveInput,
    ChangeInput,
    RestoreInput,
    argument,
    changes,
    said,
)
from schema.places import Place, PlaceKind
from schema.policies import NegativeStock
from schema.relay import uuid_of

_CODE = "Its code: unique, at most 64 characters, not beginning with ~."
_NAME = "Its name, at most 255 characters."
_ZONE = "Its IANA time zone, such as `Asia/Shanghai`; null: as the place above it."
_NEGATIVE = "Whether stock there may go below zero; null: as the settings say."


@input_type
class CreatePlaceInput(Extensible):
    """A new place."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field(_CODE)
    name: str = field(_NAME)
    kind: PlaceKind = field(
        "What sort of place: not TRANSIT, WORK or VIRTUAL, which the ledger makes."
    )
    parent_id: strawberry.ID | None = field(
        "The place it lies in; the company itself when left out. Bins lie in stores, warehouses and"
        " bins; warehouses in organisations and stores; the others in organisations.",
        default=None,
    )
    zone: str | None = field(_ZONE, default=None)
    negative_stock: NegativeStock | None = field(_NEGATIVE, default=None)
    id: UUID | None = field(NEW_ID, default=None)


@input_type
class UpdatePlaceInput(ChangeInput, Extensible):
    """A change of a place. What is left out stays; null clears what can be empty."""

    code: str | None = field(_CODE, default=UNSET)
    name: str | None = field(_NAME, default=UNSET)
    zone: str | None = field(_ZONE, default=UNSET)
    negative_stock: NegativeStock | None = field(_NEGATIVE, default=UNSET)


@input_type
class MovePlaceInput(ChangeInput):
    """A place to move, with everything in it."""

    parent_id: strawberry.ID = field("The place it shall lie in.")


@payload_type
class PlacePayload(Payload):
    """The place as it stands now."""

    place: Place | None = field("The place; null if it was refused.", default=None)


class Mutations:
    """Making, changing, moving and archiving places."""

    @mutation_field(permission="places.write")
    async def create_place(
        self, info: Info, input: Annotated[CreatePlaceInput, argument("The place.")]
    ) -> PlacePayload:
        """Make a place."""
        asked = said(input, {"parent_id": "Place"})
        context = info.context
        made = await service.create_place(
            context.database,
            context.principal,
            input.command_id,
            PlaceDraft(**{**asked, "id": input.id}),
        )
        return PlacePayload(place=Place.of(made))

    @mutation_field(permission="places.write")
    async def update_place(
        self, info: Info, input: Annotated[UpdatePlaceInput, argument("The change.")]
    ) -> PlacePayload:
        """Change a place. Those of the ledger itself cannot be changed (PLACE_SYSTEM)."""
        return await _change(info, input, changes(input, {}, PlaceChanges))

    @mutation_field(permission="places.write")
    async def move_place(
        self, info: Info, input: Annotated[MovePlaceInput, argument("What goes where.")]
    ) -> PlacePayload:
        """Move a place, with everything in it, into another. Stock stays where it lies."""
        parent = uuid_of(input.parent_id, "Place", "parent_id")
        return await _change(info, input, {"parent_id": parent})

    @mutation_field(permission="places.write")
    async def archive_place(
        self, info: Info, input: Annotated[ArchiveInput, argument("Which one.")]
    ) -> PlacePayload:
        """Take a place out of use. Refused while stock or places in use are in it (PLACE_IN_USE)."""
        return await _change(info, input, {"active": False})

    @mutation_field(permission="places.write")
    async def restore_place(
        self, info: Info, input: Annotated[RestoreInput, argument("Which one.")]
    ) -> PlacePayload:
        """Use an archived place again."""
        return await _change(info, input, {"active": True})


async def _change(info: Info, input: ChangeInput, asked: PlaceChanges) -> PlacePayload:
    context, place_id = info.context, uuid_of(input.id, "Place", "id")
    changed = await service.update_place(
        context.database, context.principal, input.command_id, place_id, input.revision, asked
    )
    return PlacePayload(place=Place.of(changed))
