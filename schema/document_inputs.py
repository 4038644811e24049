"""What a front end sends to write a document, and how it becomes the core's draft."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.commands import Asked
from core.documents.records import DocumentDraft, LineDraft, Role
from core.errors import Refused
from core.ids import uuid7
from core.text import CODE_LIMIT, clean
from schema.access import field, input_type
from schema.extensions import Extensible, kept_with_document
from schema.relay import optional_uuid, uuid_of

_NOTE_LIMIT = 2000


@strawberry.enum(description="What a landed cost is shared by.")
class CostBasis(Enum):
    """The measure of the receipt's lines."""

    AMOUNT = enum_value("amount", description="What each line cost.")
    QUANTITY = enum_value("quantity", description="How much of it came, in base units.")
    WEIGHT = enum_value("weight", description="What it weighs: the item's weight per base unit.")
    VOLUME = enum_value(
        "volume", description="What room it takes: the item's volume per base unit."
    )
    EQUAL = enum_value("equal", description="Every line alike.")
    MANUAL = enum_value("manual", description="As the lines of the document say.")


@strawberry.enum(description="What a line does in its document, where lines differ.")
class LineRole(Enum):
    """Conversions, and orders of such, consume and produce; an arrival may have lost something."""

    CONSUME = enum_value("consume", description="An input of a conversion: it leaves.")
    PRODUCE = enum_value("produce", description="An output of a conversion: it comes in.")
    LOST = enum_value(
        "lost",
        description="On an arrival: dispatched, but not arrived. On a conversion by a supplier: lost by him,"
        " on his charge.",
    )
    REJECTED = enum_value(
        "rejected",
        description="On a conversion by a supplier: made by him, and not taken in. What comes in bears its"
        " cost.",
    )


class DocumentLineDetails(Extensible):
    """Base of an input of a plugin's that becomes a line of a document: it takes what modules add to
    `DocumentLineInput` as well, and :func:`schema.extensions.kept_with_document` reads it."""


@input_type
class DocumentLineInput(Extensible):
    """A line of a document, in the unit a person uses."""

    item_id: strawberry.ID = field("The item.")
    quantity: Decimal | None = field(
        "How much, in `unitId`. On a count: what was counted; left out there, only the value changes.",
        default=None,
    )
    unit_id: strawberry.ID | None = field(
        "The unit of the quantity and the price: the item's base unit or one of its own units."
        " The base unit when left out.",
        default=None,
    )
    unit_price: Decimal | None = field(
        "Price per unit. On receipts it is the cost; on counts and cost changes the new unit cost.",
        default=None,
    )
    discount_pct: Decimal = field("Discount in percent of the price.", default=Decimal(0))
    tax_rate: Decimal = field("Tax in percent.", default=Decimal(0))
    amount: Decimal | None = field(
        "The amount of the whole line instead of a unit price; on a cost adjustment what is added to"
        " the value, on a landed cost shared manually this line's share.",
        default=None,
    )
    lot_code: str | None = field("The lot, by its code; made with its first receipt.", default=None)
    place_id: strawberry.ID | None = field(
        "Where the goods come from, or into; the document's place when left out.", default=None
    )
    to_place_id: strawberry.ID | None = field(
        "Where a transfer or an arrival brings the goods; the document's when left out.",
        default=None,
    )
    source_line: int | None = field(
        "The number of the source document's line that this one carries out or returns.",
        default=None,
    )
    role: LineRole | None = field("What the line does, where lines differ.", default=None)
    share: Decimal | None = field(
        "Percent of a conversion's cost this output takes, where `unitPrice` or `amount` does not say what"
        " it is worth; the first output takes the rest.",
        default=None,
    )
    over_pct: Decimal | None = field(
        "How much more than ordered may be carried out of an order's line, in percent; of a purchase"
        " order the tenant's `overReceiptPct` when left out, else nothing.",
        default=None,
    )
    due_on: dt.date | None = field("When an order's line is due.", default=None)
    expires_at: dt.datetime | None = field(
        "When the promise of an order's line lapses by itself.", default=None
    )
    description: str | None = field("What to print instead of the item's name.", default=None)
    cause: str | None = field("Why: a difference, a scrapping.", default=None)
    remark: str | None = field("A note.", default=None)


@input_type
class DocumentInput(Extensible):
    """A document. Its type decides what it does; query `documentTypes` for the list."""

    type: str = field("The code of its type, like `receipt` or `issue`.")
    business_date: dt.date = field("The day it counts on, in the tenant's accounting zone.")
    lines: list[DocumentLineInput] = field("Its lines, at most 1,000.", default_factory=list)
    id: UUID | None = field(
        "The document's id, made by you (a UUIDv7), so that a retry names the same document.",
        default=None,
    )
    party_id: strawberry.ID | None = field("The supplier or customer.", default=None)
    party_name: str | None = field("Their name on this document, if other than now.", default=None)
    address: str | None = field("The address on this document, if other than theirs.", default=None)
    country: str | None = field("The country of this document, if other than theirs.", default=None)
    place_id: strawberry.ID | None = field(
        "Where goods leave, or, on a receipt, come in; lines may say otherwise.", default=None
    )
    to_place_id: strawberry.ID | None = field(
        "Where a transfer brings the goods; lines may say otherwise.", default=None
    )
    source_id: strawberry.ID | None = field(
        "The document this one goes back to: the order of a receipt, the issue of a return.",
        default=None,
    )
    reference: str | None = field(
        "A number of somebody else's: their order, invoice.", default=None
    )
    remark: str | None = field("A note.", default=None)
    cause: str | None = field("Why; lines may say otherwise.", default=None)
    extra_cost: Decimal | None = field(
        "The amount of a landed cost, or the further cost of a conversion.", default=None
    )
    cost_basis: CostBasis | None = field(
        "What a landed cost is shared by; the amount when left out.", default=None
    )


def asked(command_id: UUID, operation: str, value: Any) -> Asked:
    """The command, hashed over what the client sent, by the names of Python."""
    return Asked.of(command_id, operation, value)


def draft_of(document: DocumentInput, *path: str | int) -> DocumentDraft:
    """The core's draft. Raises Refused with the path of what is wrong, all of it at once."""
    refusals = []
    lines: list[LineDraft] = []
    for index, line in enumerate(document.lines):
        try:
            lines.append(_line(line))
        except Refused as refused:
            refusals += [r.under(*path, "lines", index) for r in refused.refusals]
    if refusals:
        raise Refused(*refusals)
    try:
        return DocumentDraft(
            id=document.id or uuid7(),
            type=document.type,
            business_date=document.business_date,
            lines=tuple(lines),
            party_id=optional_uuid(document.party_id, "Party", "partyId"),
            party_name=note(document.party_name, "partyName"),
            address=note(document.address, "address"),
            country=note(document.country, "country"),
            place_id=optional_uuid(document.place_id, "Place", "placeId"),
            to_place_id=optional_uuid(document.to_place_id, "Place", "toPlaceId"),
            source_id=optional_uuid(document.source_id, "Document", "sourceId"),
            reference=note(document.reference, "reference"),
            remark=note(document.remark, "remark"),
            cause=note(document.cause, "cause"),
            extra_cost=document.extra_cost,
            cost_basis=str(document.cost_basis.value) if document.cost_basis else None,
            extensions=kept_with_document(document),
        )
    except Refused as refused:
        raise Refused(*(r.under(*path) for r in refused.refusals)) from None


def _line(line: DocumentLineInput) -> LineDraft:
    return LineDraft(
        item_id=uuid_of(line.item_id, "Item", "itemId"),
        quantity=line.quantity,
        unit_id=optional_uuid(line.unit_id, "Unit", "unitId"),
        unit_price=line.unit_price,
        discount_pct=line.discount_pct,
        tax_rate=line.tax_rate,
        amount=line.amount,
        lot_code=None if line.lot_code is None else clean(line.lot_code, "lotCode", CODE_LIMIT),
        place_id=optional_uuid(line.place_id, "Place", "placeId"),
        to_place_id=optional_uuid(line.to_place_id, "Place", "toPlaceId"),
        source_line=line.source_line,
        role=cast(Role, line.role.value) if line.role else None,
        share=line.share,
        over_pct=line.over_pct,
        due_on=line.due_on,
        expires_at=line.expires_at,
        description=note(line.description, "description"),
        cause=note(line.cause, "cause"),
        remark=note(line.remark, "remark"),
        extensions=kept_with_document(line),
    )


def note(text: str | None, name: str) -> str | None:
    """A note as it is stored, None where it is empty. Raises Refused where it is too long."""
    return None if text is None else clean(text, name, _NOTE_LIMIT, required=False) or None
