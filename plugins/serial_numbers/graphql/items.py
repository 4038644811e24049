"""Items: serial control, warranty, numbers of phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, clean
from plugins.serial_numbers import tables
from plugins.serial_numbers.rules import entry, records
from schema.plugin_api import (
    CreateItemInput,
    Info,
    InputField,
    Item,
    SaveItemInput,
    UpdateItemInput,
    field,
    input_type,
    object_type,
)

READ = "serial_numbers.read"
_CONTROL = "Whether it is under serial control: every unit has a number, and moves by it."
_WARRANTY = "Months of warranty (质保) from the day of the sale; null for none."
_IMEI = "Whether its numbers are IMEIs, of which the check digit is tried."
_FIRST = "The first of the shop's own numbers, from which the next free ones are counted up."


async def items_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, SerialNumbersItem]:
    found = await tables.items_by_id(tx, keys)
    return {key: SerialNumbersItem.of(record) for key, record in found.items()}


@object_type(permission=READ)
class SerialNumbersItem:
    """How an item is kept by number."""

    serial_control: bool = field(_CONTROL)
    warranty_months: int | None = field(_WARRANTY)
    imei: bool = field(_IMEI)
    first_number: str | None = field(_FIRST)

    @classmethod
    def of(cls, record: records.Item) -> SerialNumbersItem:
        return cls(
            serial_control=record.serial_control,
            warranty_months=record.warranty_months,
            imei=record.imei,
            first_number=record.first_number,
        )


class ItemFields:
    """What an item shows."""

    @field
    async def serial_numbers(
        self, info: Info, item: strawberry.Parent[Item]
    ) -> SerialNumbersItem | None:
        """How it is kept by number; null where nothing was said of it."""
        return await info.context.load(items_by_id, item.uuid)


@input_type
class SerialNumbersItemInput:
    """How an item is kept by number, all of it at once: what is left out is empty afterwards.

    Under serial control each unit has its own cost: an item that has not moved and whose `costScope` says
    nothing else gets SERIAL, and nothing again when control ends before it moves.
    """

    serial_control: bool = field(
        f"{_CONTROL} It begins while nothing without a number is in stock, and ends with the last unit.",
        default=True,
    )
    warranty_months: int | None = field(_WARRANTY, default=None)
    imei: bool = field(_IMEI, default=False)
    first_number: str | None = field(_FIRST, default=None)


def read(sent: SerialNumbersItemInput) -> Mapping[str, Any]:
    first = sent.first_number
    return {
        "serial_control": sent.serial_control,
        "warranty_months": sent.warranty_months,
        "imei": sent.imei,
        "first_number": None if first is None else clean(first, "firstNumber", entry.LONGEST),
    }


_INPUT = InputField(
    SerialNumbersItemInput,
    read,
    "How it is kept by number. Null takes an item out of serial control; left out, all stays.",
)
INPUTS: dict[type, InputField] = dict.fromkeys(
    (CreateItemInput, SaveItemInput, UpdateItemInput), _INPUT
)
