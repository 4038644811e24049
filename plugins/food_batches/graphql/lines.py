"""Lines of documents, which tell of batches that come in, and lines of stock with their second quantity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, Transaction, clean, refuse
from plugins.food_batches.batches import LONGEST_TEXT, MOST_CERTIFICATES
from plugins.food_batches.graphql.batches import (
    CERTIFICATES,
    EXPIRES,
    ORIGIN,
    PRODUCED,
    SUPPLIER_NUMBER,
)
from plugins.food_batches.rules.records import Told
from plugins.food_batches.stock import lists
from schema.plugin_api import (
    PART,
    DocumentLine,
    DocumentLineInput,
    Extension,
    Info,
    InputField,
    StockLine,
    field,
    input_type,
    object_type,
)

_SECOND = (
    "The second quantity (第二数量), in the item's second unit: what was weighed. On the way out left"
    " out, it is taken in proportion, unless goods are sold."
)


@object_type(permission=PART)
class FoodBatchesLine:
    """What a line of a document says of its batch."""

    produced_on: dt.date | None = field(PRODUCED)
    expires_on: dt.date | None = field(EXPIRES)
    supplier_number: str | None = field(SUPPLIER_NUMBER)
    origin: str | None = field(ORIGIN)
    certificates: list[UUID] = field(CERTIFICATES, size=2)
    second_quantity: Decimal | None = field(_SECOND)

    @classmethod
    def of(cls, told: Told) -> FoodBatchesLine:
        return cls(
            produced_on=told.produced_on,
            expires_on=told.expires_on,
            supplier_number=told.supplier_number,
            origin=told.origin,
            certificates=list(told.certificates),
            second_quantity=told.second_quantity,
        )


class LineFields:
    """What a line of a document shows."""

    @field
    def food_batches(self, line: strawberry.Parent[DocumentLine]) -> FoodBatchesLine | None:
        """What was sent of its batch; null where nothing was. What is known of the batch now is with
        the lot."""
        told = Told.of(line.record.extensions)
        return None if told == Told() else FoodBatchesLine.of(told)


Key = tuple[UUID, UUID, UUID]


async def second_stock(tx: Transaction, keys: Sequence[Key]) -> Mapping[Key, Decimal]:
    return await lists.second_stock(tx, keys)


class StockFields:
    """What a line of stock shows."""

    @field
    async def food_batches_second_quantity(
        self, info: Info, line: strawberry.Parent[StockLine]
    ) -> Decimal | None:
        """The second quantity of what lies there (双计量), as of now; null where the item is kept in one
        quantity only."""
        record = line.record
        key = record.item_id, record.place_id, record.lot_id
        return await info.context.load(second_stock, key)


@input_type
class FoodBatchesLineInput:
    """What is known of a line's batch, whose number is the line's `lotCode`. A new batch needs a date
    where its item has a shelf life; of a known one only what was not known is taken in."""

    produced_on: dt.date | None = field(PRODUCED, default=None)
    expires_on: dt.date | None = field(EXPIRES, default=None)
    supplier_number: str | None = field(SUPPLIER_NUMBER, default=None)
    origin: str | None = field(ORIGIN, default=None)
    certificates: list[UUID] | None = field(CERTIFICATES, default=None)
    second_quantity: Decimal | None = field(_SECOND, default=None)


def read(sent: FoodBatchesLineInput) -> Mapping[str, Any]:
    if len(sent.certificates or ()) > MOST_CERTIFICATES:
        limit = {"field": "certificates", "limit": MOST_CERTIFICATES}
        raise refuse(LIMIT_EXCEEDED, "certificates", **limit)
    return {
        "produced_on": sent.produced_on,
        "expires_on": sent.expires_on,
        "supplier_number": _text(sent.supplier_number, "supplierNumber"),
        "origin": _text(sent.origin, "origin"),
        "certificates": sent.certificates,
        "second_quantity": sent.second_quantity,
    }


def _text(text: str | None, name: str) -> str | None:
    return None if text is None else clean(text, name, LONGEST_TEXT, required=False) or None


EXTENSION = Extension(
    fields={DocumentLine: LineFields, StockLine: StockFields},
    inputs={
        DocumentLineInput: InputField(
            FoodBatchesLineInput, read, "What is known of its batch, and the second quantity."
        )
    },
)
