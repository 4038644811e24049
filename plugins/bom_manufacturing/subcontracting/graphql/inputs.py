"""What a client sends to have something done with an order to a processor, and how the services get it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, REQUIRED, NegativeStock, PlaceDraft, clean, refuse
from plugins.bom_manufacturing.bills.graphql.asking import (
    BomManufacturingAttributeInput,
    variant_of,
)
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.subcontracting.moves import Head, Part
from plugins.bom_manufacturing.subcontracting.orders import Wanted
from plugins.bom_manufacturing.vocabulary import BomManufacturingNegative
from schema.plugin_api import (
    COMMAND_ID,
    DocumentLineDetails,
    field,
    input_type,
    kept_with_document,
    optional_uuid,
    uuid_of,
)

MOST_PARTS = 500
"""Components that one request names."""
LONGEST_REMARK = 2000
_ON = "The business date; today when left out."
_ORDER = "The order to the processor."
_REMARK = "A remark, kept with the document."
_THESE = "Which of them, and how much; "


@input_type
class BomManufacturingAddProcessorInput:
    """A place where a processor has components of ours: one that is there, or a new one."""

    command_id: UUID = field(COMMAND_ID)
    party_id: strawberry.ID = field("The processor, a supplier.")
    place_id: strawberry.ID | None = field(
        "A place of kind processor that is there; left out to make one.", default=None
    )
    code: str | None = field("The code of the new place.", default=None)
    name: str | None = field("Its name.", default=None)
    negative_stock: BomManufacturingNegative | None = field(
        "Whether stock there may go below zero; as the settings say when left out.", default=None
    )


@input_type
class BomManufacturingAllowanceInput:
    """How much of a component the processor may lose."""

    item_id: strawberry.ID = field("The component.")
    percent: Decimal = field("In percent of what is used.")


@input_type
class BomManufacturingOrderSubcontractInput:
    """A product to be made by a processor, by its bill."""

    command_id: UUID = field(COMMAND_ID)
    party_id: strawberry.ID = field("The processor.")
    item_id: strawberry.ID = field("The product.")
    quantity: Decimal = field("How much of it, in its base unit.")
    fee: Decimal = field("What he gets for one (加工费).")
    tax_rate: Decimal = field("The tax on it, in percent.", default=ZERO)
    place_id: strawberry.ID = field("Where the components are sent from.")
    to_place_id: strawberry.ID | None = field(
        "Where the product will come; where the components are sent from when left out.",
        default=None,
    )
    processor_place_id: strawberry.ID | None = field(
        "Where he has the components; his only place when left out.", default=None
    )
    over_percent: Decimal | None = field(
        "How much more than ordered may be received and sent.", default=None
    )
    pays_rejected: bool = field("Whether he gets his fee for rejected goods, too.", default=False)
    allowances: list[BomManufacturingAllowanceInput] = field(
        "What he may lose, where it is not the scrap of the bill.", default_factory=list
    )
    attributes: list[BomManufacturingAttributeInput] = field(
        "The variant that is made, where it is not what is told of the item.", default_factory=list
    )
    starts_on: dt.date | None = field(
        "When components are to be sent: they must be there, and the bill in force on that day counts;"
        " `businessDate` if left out.",
        default=None,
    )
    due_on: dt.date | None = field("When the product is due.", default=None)
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingPartInput(DocumentLineDetails):
    """So much of a component."""

    item_id: strawberry.ID = field("The component.")
    quantity: Decimal = field("How much, in its base unit.")
    lot_code: str | None = field("Of this lot; of any when left out.", default=None)


@input_type
class BomManufacturingSendInput:
    """Components to send to a processor."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field(_ORDER)
    components: list[BomManufacturingPartInput] | None = field(
        _THESE + "all that the order still wants when left out.", default=None
    )
    beyond: bool = field("Whether more than ordered may be sent (补料).", default=False)
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingTakeBackInput:
    """Components to take back from a processor."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field(_ORDER)
    components: list[BomManufacturingPartInput] | None = field(
        _THESE + "all that is left when left out.", default=None
    )
    place_id: strawberry.ID | None = field(
        "Where they come to; where they were sent from when left out.", default=None
    )
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingChargeProcessorInput:
    """Components that a processor owes us."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field(_ORDER)
    components: list[BomManufacturingPartInput] = field("What is missing.")
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingLossInput:
    """So much of a component that was lost."""

    item_id: strawberry.ID = field("The component.")
    quantity: Decimal = field("How much, in its base unit.")


@input_type
class BomManufacturingReceiveInput(DocumentLineDetails):
    """Goods that a processor delivers."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field(_ORDER)
    received: Decimal = field(
        "How much is good, in the product's base unit; zero where all of it is rejected."
    )
    rejected: Decimal = field(
        "How much is rejected: it is not taken in, and has used components as well. What is good bears"
        " their cost; where nothing is, it is a variance of production.",
        default=ZERO,
    )
    lost: list[BomManufacturingLossInput] = field(
        "What he lost of components: ours up to his allowance, charged to him beyond.",
        default_factory=list,
    )
    lots: list[BomManufacturingPartInput] = field(
        "Which lots of components were used, where it is known.", default_factory=list
    )
    charges: Decimal | None = field("Further charges, such as carriage, without tax.", default=None)
    lot_code: str | None = field("The lot of the product.", default=None)
    place_id: strawberry.ID | None = field(
        "Where the product comes; as ordered when left out.", default=None
    )
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingAdjustFeeInput:
    """By how much an invoice differs from the fee."""

    command_id: UUID = field(COMMAND_ID)
    receipt_id: strawberry.ID = field("The receipt from the processor, a document.")
    amount: Decimal = field("What it came to more, without tax; below zero for less.")
    business_date: dt.date | None = field(_ON, default=None)
    remark: str | None = field(_REMARK, default=None)


@input_type
class BomManufacturingCloseSubcontractInput:
    """An order to close."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field(_ORDER)
    revision: int = field("The revision you saw.")


def order_of(sent: strawberry.ID) -> UUID:
    """The order that was named."""
    return uuid_of(sent, "BomManufacturingSubcontractOrder", "orderId")


def optional(sent: strawberry.ID | None, type_name: str, name: str) -> UUID | None:
    """The id of what was named, if anything was."""
    return optional_uuid(sent, type_name, name)


def remark(sent: str | None) -> str | None:
    """A remark without what surrounds it."""
    return None if sent is None else clean(sent, "remark", LONGEST_REMARK)


def head_of(
    sent: BomManufacturingSendInput
    | BomManufacturingTakeBackInput
    | BomManufacturingReceiveInput
    | BomManufacturingChargeProcessorInput,
) -> Head:
    """Which order, when, and what for."""
    return Head(order_of(sent.order_id), sent.business_date, remark(sent.remark))


def parts_of(
    sent: Sequence[BomManufacturingPartInput | BomManufacturingLossInput] | None, name: str
) -> list[Part] | None:
    """The components that were named, if any were."""
    if sent is None:
        return None
    if len(sent) > MOST_PARTS:
        raise refuse(LIMIT_EXCEEDED, name, field=name, limit=MOST_PARTS)
    return [_part(one, name, n) for n, one in enumerate(sent)]


def _part(sent: BomManufacturingPartInput | BomManufacturingLossInput, name: str, n: int) -> Part:
    found = Part(uuid_of(sent.item_id, "Item", name, n, "itemId"), sent.quantity)
    if isinstance(sent, BomManufacturingLossInput):
        return found
    more = kept_with_document(sent, name, n)
    return replace(found, lot_code=sent.lot_code, extensions=more)


def place(sent: BomManufacturingAddProcessorInput) -> UUID | PlaceDraft:
    """The place that was named, or the one to be made."""
    if sent.place_id is not None:
        return uuid_of(sent.place_id, "Place", "placeId")
    for name, value in (("code", sent.code), ("name", sent.name)):
        if value is None:
            raise refuse(REQUIRED, name, field=name)
    policy = sent.negative_stock
    return PlaceDraft(
        code=sent.code or "",
        name=sent.name or "",
        kind="processor",
        negative_stock=None if policy is None else cast(NegativeStock, policy.value),
    )


def wanted(sent: BomManufacturingOrderSubcontractInput) -> Wanted:
    """The order that is wanted."""
    for name, some in (("allowances", sent.allowances), ("attributes", sent.attributes)):
        if len(some) > MOST_PARTS:
            raise refuse(LIMIT_EXCEEDED, name, field=name, limit=MOST_PARTS)
    return Wanted(
        party_id=uuid_of(sent.party_id, "Party", "partyId"),
        item_id=uuid_of(sent.item_id, "Item", "itemId"),
        quantity=sent.quantity,
        fee=sent.fee,
        place_id=uuid_of(sent.place_id, "Place", "placeId"),
        to_place_id=optional(sent.to_place_id, "Place", "toPlaceId"),
        processor_place_id=optional(sent.processor_place_id, "Place", "processorPlaceId"),
        tax_rate=sent.tax_rate,
        over_pct=sent.over_percent,
        pays_rejected=sent.pays_rejected,
        allowances={
            uuid_of(one.item_id, "Item", "allowances", n, "itemId"): one.percent
            for n, one in enumerate(sent.allowances)
        },
        attributes=variant_of(sent.attributes),
        due_on=sent.due_on,
        starts_on=sent.starts_on,
        on=sent.business_date,
        remark=remark(sent.remark),
    )
