"""Items: batch control, shelf life, storage, and the second quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, clean
from plugins.food_batches import tables
from plugins.food_batches.graphql.vocabulary import FoodBatchesLifeUnit, FoodBatchesStorage
from plugins.food_batches.rules import records
from plugins.food_batches.rules.dates import ShelfLife
from schema.plugin_api import (
    PART,
    CreateItemInput,
    Extension,
    Info,
    InputField,
    Item,
    SaveItemInput,
    Unit,
    UpdateItemInput,
    field,
    input_type,
    object_type,
    optional_uuid,
    units_by_id,
)

READ = "food_batches.read"
_LONGEST_NOTE = 255

_CONTROL = "Whether it is kept by batch: every receipt names one, every sale takes one."
_LIFE = "Its shelf life (保质期), by which either date of a batch follows from the other."
_STORAGE = "How it has to be kept (贮存条件)."
_NOTE = "More on how to keep it, such as 2–6 °C; at most 255 characters."
_NEAR = "From how many days before expiry it is near it (临期), if other than the settings say."
_SPECIFICATION = (
    "Its specification (规格), which records have to tell besides the name; at most 255 characters."
)
_LEAST = "The least of the second quantity that one base unit has."
_MOST = "The most of the second quantity that one base unit has."


@object_type(permission=PART)
class FoodBatchesShelfLife:
    """How long goods keep from the day they were made."""

    value: int = field("How many.")
    unit: FoodBatchesLifeUnit = field("Days or months.")

    @classmethod
    def of(cls, life: ShelfLife | None) -> FoodBatchesShelfLife | None:
        if life is None:
            return None
        return cls(value=life.value, unit=FoodBatchesLifeUnit(life.unit.value))


async def items_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesItem]:
    found = await tables.items_by_id(tx, keys)
    return {key: FoodBatchesItem.of(record) for key, record in found.items()}


@object_type(permission=READ)
class FoodBatchesItem:
    """How an item is kept as food."""

    record: strawberry.Private[records.Item]
    batch_control: bool = field(_CONTROL)
    shelf_life: FoodBatchesShelfLife | None = field(_LIFE)
    storage: FoodBatchesStorage | None = field(_STORAGE)
    storage_note: str | None = field(_NOTE)
    near_expiry_days: int | None = field(_NEAR)
    second_minimum: Decimal | None = field(_LEAST)
    second_maximum: Decimal | None = field(_MOST)
    specification: str | None = field(_SPECIFICATION)

    @classmethod
    def of(cls, record: records.Item) -> FoodBatchesItem:
        return cls(
            record=record,
            batch_control=record.batch_control,
            shelf_life=FoodBatchesShelfLife.of(record.shelf_life),
            storage=FoodBatchesStorage(record.storage.value) if record.storage else None,
            storage_note=record.storage_note,
            near_expiry_days=record.near_days,
            second_minimum=record.second_min,
            second_maximum=record.second_max,
            specification=record.specification,
        )

    @field
    async def second_unit(self, info: Info) -> Unit | None:
        """The unit of its second quantity (双计量), such as kilograms beside pieces; null where it is
        kept in one quantity only."""
        return await info.context.load(units_by_id, self.record.second_unit_id)


class ItemFields:
    """What an item shows."""

    @field
    async def food_batches(
        self, info: Info, item: strawberry.Parent[Item]
    ) -> FoodBatchesItem | None:
        """How it is kept as food; null where nothing was said of it."""
        return await info.context.load(items_by_id, item.uuid)


@input_type
class FoodBatchesShelfLifeInput:
    """How long goods keep from the day they were made."""

    value: int = field("Above zero; at most 100 years.")
    unit: FoodBatchesLifeUnit = field("Days or months.", default=FoodBatchesLifeUnit.DAYS)


@input_type
class FoodBatchesItemInput:
    """How an item is kept as food, all of it at once: what is left out is empty afterwards.

    Barcodes of the item that have the length of a GTIN (8, 12, 13 or 14 digits) must have its check
    digit.
    """

    batch_control: bool = field(
        f"{_CONTROL} Stock that has no batch yet needs one first: `foodBatchesOpenBatches`.",
        default=True,
    )
    shelf_life: FoodBatchesShelfLifeInput | None = field(_LIFE, default=None)
    storage: FoodBatchesStorage | None = field(_STORAGE, default=None)
    storage_note: str | None = field(_NOTE, default=None)
    near_expiry_days: int | None = field(_NEAR, default=None)
    second_unit_id: strawberry.ID | None = field(
        "The unit of its second quantity (双计量); it then has to be told when goods come in, are"
        " counted or sold.",
        default=None,
    )
    second_minimum: Decimal | None = field(_LEAST, default=None)
    second_maximum: Decimal | None = field(_MOST, default=None)
    specification: str | None = field(_SPECIFICATION, default=None)


def read(sent: FoodBatchesItemInput) -> Mapping[str, Any]:
    life, unit = sent.shelf_life, sent.second_unit_id
    return {
        "batch_control": sent.batch_control,
        "shelf_life_value": life.value if life else None,
        "shelf_life_unit": life.unit.value if life else None,
        "storage": sent.storage.value if sent.storage else None,
        "storage_note": _text(sent.storage_note, "storageNote"),
        "near_days": sent.near_expiry_days,
        "second_unit_id": optional_uuid(unit, "Unit", "secondUnitId"),
        "second_min": sent.second_minimum,
        "second_max": sent.second_maximum,
        "specification": _text(sent.specification, "specification"),
    }


def _text(text: str | None, name: str) -> str | None:
    return None if text is None else clean(text, name, _LONGEST_NOTE, required=False) or None


_INPUT = InputField(
    FoodBatchesItemInput,
    read,
    "How it is kept as food. Null takes an item out of batch control; left out, all stays.",
)

EXTENSION = Extension(
    fields={Item: ItemFields},
    inputs=dict.fromkeys((CreateItemInput, SaveItemInput, UpdateItemInput), _INPUT),
)
