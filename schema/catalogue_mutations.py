"""Making, changing and archiving items."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.catalogue import service
from core.catalogue.records import BarcodeDraft, ItemChanges, ItemDraft, ItemSave, ItemUnitDraft
from schema.access import PART, field, input_type, mutation_field, object_type
from schema.catalogue import Item, ItemKind, items_by_id
from schema.context import Info
from schema.errors import Payload, UserError, payload_type, user_error
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
    saved,
)
from schema.policies import CostingMethod, CostScope, NegativeStock
from schema.relay import uuid_of

_REFERENCES = {"category_id": "Category", "base_unit_id": "Unit", "unit_id": "Unit"}

_NAME = "Its name, at most 255 characters."
_MNEMONIC = (
    "Its mnemonic code (助记码). Made from the name, and kept in step with it, unless given."
)
_LIST_PRICE = "What customers pay per base unit, at most 6 decimals."
_PURCHASE_PRICE = "What suppliers are usually paid per base unit, at most 6 decimals."
_STANDARD_COST = (
    "The cost per base unit where it is valued at standard cost. Once the item has moved, a document of"
    " type `standard_cost` changes it."
)
_WEIGHT = "Kilograms of one base unit."
_VOLUME = "Litres of one base unit."
_NEGATIVE = "Whether its stock may go below zero; null: as the place or the settings say."
_METHOD = "Its valuation; null: as the settings say. Fixed once it has moved."
_SCOPE = "What shares one cost pool; null: as the settings say. Fixed once it has moved."
_UNITS = "Its further units, at most 20, without the base unit."
_BARCODES = "Its barcodes, at most 100."


@input_type
class ItemUnitInput:
    """A further unit of an item: 1 of it is `numerator` / `denominator` base units."""

    unit_id: strawberry.ID = field("The unit.")
    numerator: Decimal = field("A case of 24 pieces: 24. Above zero.")
    denominator: Decimal = field("24 pieces, of which 5 make a unit: 5.", default=Decimal(1))


@input_type
class BarcodeInput:
    """A barcode of an item."""

    code: str = field("What the scanner reads.")
    unit_id: strawberry.ID | None = field(
        "The unit it stands for one of; the base unit when left out.", default=None
    )


@input_type
class NewItemInput(Extensible):
    """What an item is made of."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field("The company's own code: unique, at most 64 characters.")
    name: str = field(_NAME)
    id: UUID | None = field(NEW_ID, default=None)
    kind: ItemKind | None = field(
        "Whether there is stock of it: STOCKED unless said.", default=None
    )
    category_id: strawberry.ID | None = field("The category it lies in.", default=None)
    base_unit_id: strawberry.ID | None = field(
        "The unit its stock is kept in: pieces unless said. Fixed once it has moved.", default=None
    )
    mnemonic: str | None = field(_MNEMONIC, default=None)
    list_price: Decimal | None = field(_LIST_PRICE, default=None)
    purchase_price: Decimal | None = field(_PURCHASE_PRICE, default=None)
    standard_cost: Decimal | None = field(_STANDARD_COST, default=None)
    weight: Decimal | None = field(_WEIGHT, default=None)
    volume: Decimal | None = field(_VOLUME, default=None)
    negative_stock: NegativeStock | None = field(_NEGATIVE, default=None)
    costing_method: CostingMethod | None = field(_METHOD, default=None)
    cost_scope: CostScope | None = field(_SCOPE, default=None)
    units: list[ItemUnitInput] | None = field(_UNITS, default=None)
    barcodes: list[BarcodeInput] | None = field(_BARCODES, default=None)

    def draft(self) -> ItemDraft:
        """The core's draft. Refuses ids that are none (NOT_FOUND)."""
        asked = _with_parts(said(self, _REFERENCES))
        return ItemDraft(**{**asked, "id": self.id})


@input_type
class CreateItemInput(NewItemInput):
    """A new item."""


@input_type
class SaveItemInput(NewItemInput):
    """An item to make, or to write over the one that has this id or, without an id, this code. What
    is left out stays as it is there."""

    revision: int | None = field(
        "The revision you saw, if you want to be refused should there be another.", default=None
    )


@input_type
class SaveItemsInput:
    """Items to make or change, each on its own."""

    items: list[SaveItemInput] = field("At most 1,000.")


@input_type
class UpdateItemInput(ChangeInput, Extensible):
    """A change of an item. What is left out stays; null clears what can be empty."""

    code: str | None = field("Its new code.", default=UNSET)
    name: str | None = field(_NAME, default=UNSET)
    kind: ItemKind | None = field("Fixed once it has moved.", default=UNSET)
    category_id: strawberry.ID | None = field("The category it lies in.", default=UNSET)
    base_unit_id: strawberry.ID | None = field("Fixed once it has moved.", default=UNSET)
    mnemonic: str | None = field(_MNEMONIC, default=UNSET)
    list_price: Decimal | None = field(_LIST_PRICE, default=UNSET)
    purchase_price: Decimal | None = field(_PURCHASE_PRICE, default=UNSET)
    standard_cost: Decimal | None = field(_STANDARD_COST, default=UNSET)
    weight: Decimal | None = field(_WEIGHT, default=UNSET)
    volume: Decimal | None = field(_VOLUME, default=UNSET)
    negative_stock: NegativeStock | None = field(_NEGATIVE, default=UNSET)
    costing_method: CostingMethod | None = field(_METHOD, default=UNSET)
    cost_scope: CostScope | None = field(_SCOPE, default=UNSET)
    units: list[ItemUnitInput] | None = field(f"{_UNITS} They replace all.", default=UNSET)
    barcodes: list[BarcodeInput] | None = field(f"{_BARCODES} They replace all.", default=UNSET)


@payload_type
class ItemPayload(Payload):
    """The item as it stands now."""

    item: Item | None = field("The item; null if it was refused.", default=None)


@object_type(permission=PART)
class ItemVerdict:
    """What became of one item of a bulk."""

    uuid: strawberry.Private[UUID | None]
    command_id: UUID = field("The command it was sent with.")
    errors: list[UserError] = field("Why it was refused; empty otherwise.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item as it stands now; null if it was refused."""
        return await info.context.load(items_by_id, self.uuid)


@payload_type
class SaveItemsPayload(Payload):
    """A verdict for each item, in the order they were sent."""

    verdicts: list[ItemVerdict] | None = field("The verdicts.", default=None)


def _with_parts(asked: dict[str, Any]) -> dict[str, Any]:
    """Units and barcodes as the core's drafts."""
    for name, draft in (("units", ItemUnitDraft), ("barcodes", BarcodeDraft)):
        if asked.get(name) is not None:
            parts = enumerate(asked[name])
            asked[name] = tuple(draft(**said(part, _REFERENCES, name, n)) for n, part in parts)
    return asked


class Mutations:
    """Making, changing and archiving items."""

    @mutation_field(permission="catalogue.write")
    async def create_item(
        self, info: Info, input: Annotated[CreateItemInput, argument("The item.")]
    ) -> ItemPayload:
        """Make an item."""
        context = info.context
        made = await service.create_item(
            context.database, context.principal, input.command_id, input.draft()
        )
        return ItemPayload(item=Item.of(made))

    @mutation_field(permission="catalogue.write")
    async def update_item(
        self, info: Info, input: Annotated[UpdateItemInput, argument("The change.")]
    ) -> ItemPayload:
        """Change an item."""
        asked: ItemChanges = _with_parts(changes(input, _REFERENCES, ItemChanges))  # type: ignore[assignment]  # checked by changes()
        return ItemPayload(item=await _change(info, input, asked))

    @mutation_field(permission="catalogue.write")
    async def archive_item(
        self, info: Info, input: Annotated[ArchiveInput, argument("Which one.")]
    ) -> ItemPayload:
        """Take an item out of use. What it did stays, and its stock can still be sold off."""
        return ItemPayload(item=await _change(info, input, {"active": False}))

    @mutation_field(permission="catalogue.write")
    async def restore_item(
        self, info: Info, input: Annotated[RestoreInput, argument("Which one.")]
    ) -> ItemPayload:
        """Use an archived item again."""
        return ItemPayload(item=await _change(info, input, {"active": True}))

    @mutation_field(permission="catalogue.write", bulk=True)
    async def save_items(
        self, info: Info, input: Annotated[SaveItemsInput, argument("The items.")]
    ) -> SaveItemsPayload:
        """Make or change many items, with a verdict for each: one that is refused does not hinder the
        others. The way to bring in a catalogue, and to keep it in step with another system."""
        context = info.context
        verdicts = await saved(
            input.items,
            "items",
            _save_of,
            lambda saves: service.save_items(context.database, context.principal, saves),
        )
        return SaveItemsPayload(
            verdicts=[
                ItemVerdict(
                    uuid=verdict.id,
                    command_id=one.command_id,
                    errors=[user_error(refusal, context.language) for refusal in verdict.refusals],
                )
                for one, verdict in zip(input.items, verdicts, strict=True)
            ]
        )


async def _change(info: Info, input: ChangeInput, asked: ItemChanges) -> Item:
    context, item_id = info.context, uuid_of(input.id, "Item", "id")
    changed = await service.update_item(
        context.database, context.principal, input.command_id, item_id, input.revision, asked
    )
    return Item.of(changed)


def _save_of(one: SaveItemInput) -> ItemSave:
    return ItemSave(command_id=one.command_id, draft=one.draft(), revision=one.revision)
