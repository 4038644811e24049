"""What is sent to carry out work orders."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import strawberry

from plugins.bom_manufacturing.bills.graphql.asking import BomManufacturingAttributeInput
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.vocabulary import (
    BomManufacturingChargeKind,
    BomManufacturingOrderKind,
)
from schema.plugin_api import COMMAND_ID, DocumentLineDetails, field, input_type


@input_type
class BomManufacturingExtraInput:
    """A component that no bill names."""

    item_id: strawberry.ID = field("The item.")
    quantity: Decimal = field("How much the whole order takes, in base units.")


@input_type
class BomManufacturingSaveWorkOrderInput:
    """A work order as a draft; its components follow from the bill in force on the day it is begun."""

    command_id: UUID = field(COMMAND_ID)
    item_id: strawberry.ID = field("What is made, worked on once more, or taken apart.")
    quantity: Decimal = field("How much of it, in base units.")
    place_id: strawberry.ID = field("Where it goes; where it comes from to be taken apart.")
    id: strawberry.ID | None = field(
        "The draft to write anew; a new one if left out.", default=None
    )
    revision: int | None = field("The revision of it that you saw.", default=None)
    kind: BomManufacturingOrderKind = field("What is done.", default=BomManufacturingOrderKind.MAKE)
    on: dt.date | None = field("Its day; today if left out.", default=None)
    component_place_id: strawberry.ID | None = field(
        "Where components come from, or go when it is taken apart; `placeId` if left out.",
        default=None,
    )
    starts_on: dt.date | None = field(
        "When it is begun: components must be there, and the bill in force on that day counts; `dueOn` if"
        " left out, else `on`.",
        default=None,
    )
    due_on: dt.date | None = field("When it is due.", default=None)
    over_percent: Decimal | None = field(
        "How much more may be reported, in percent; the tenant's setting if left out.", default=None
    )
    attributes: list[BomManufacturingAttributeInput] = field(
        "The variant that is made, where it is not what is told of the item.", default_factory=list
    )
    alternates: bool = field(
        "Take alternates where a component is short and they lie free (替代料).", default=False
    )
    extras: list[BomManufacturingExtraInput] = field(
        "Further components, for a rework above all.", default_factory=list
    )
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingReleaseInput:
    """A draft that is to be released."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The work order.")
    revision: int = field("The revision you saw.")


@input_type
class BomManufacturingGoodsInput(DocumentLineDetails):
    """Goods that are issued or come back: of a line of the order, or of an item beyond it."""

    quantity: Decimal = field("How much, in base units.")
    line: int | None = field("The order's line that is carried out.", default=None)
    item_id: strawberry.ID | None = field(
        "Instead of a line: the item, issued beyond the order (补料).", default=None
    )
    place_id: strawberry.ID | None = field(
        "Where from, or where to; the line's place if left out.", default=None
    )
    lot_code: str | None = field("The lot; the first in if left out.", default=None)
    lost: bool = field("On a return: it was spoiled in work and is scrapped.", default=False)


@input_type
class BomManufacturingIssueInput:
    """Components for an order (领料)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    lines: list[BomManufacturingGoodsInput] | None = field(
        "What is issued; all that is still to be issued if left out.", default=None
    )
    on: dt.date | None = field("The day; today if left out.", default=None)


@input_type
class BomManufacturingReturnInput:
    """What comes back from the work (退料)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    lines: list[BomManufacturingGoodsInput] = field("What comes back, or is scrapped.")
    on: dt.date | None = field("The day; today if left out.", default=None)


@input_type
class BomManufacturingToldInput(DocumentLineDetails):
    """What was really used of an item, or came out of it besides."""

    item_id: strawberry.ID = field("The item.")
    quantity: Decimal = field("How much, in base units; zero for nothing.")
    lot_code: str | None = field("The lot.", default=None)


@input_type
class BomManufacturingReportInput(DocumentLineDetails):
    """What was made of an order (报工)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    quantity: Decimal = field("How much was good and comes in, in base units; zero for none.")
    scrapped: Decimal = field(
        "How much was not, and does not come in. Without a quantity it may be below zero: that takes back"
        " scrap which was reported by mistake.",
        default=ZERO,
    )
    place_id: strawberry.ID | None = field(
        "Where it goes; the order's place if left out.", default=None
    )
    lot_code: str | None = field("Its lot.", default=None)
    used: list[BomManufacturingToldInput] = field(
        "What was used of items where it is not the standard; of the others their part of what is in"
        " work, and the standard of what is backflushed (倒冲).",
        default_factory=list,
    )
    outputs: list[BomManufacturingToldInput] = field(
        "What came out besides where it is not what was expected: of an item, all its lots.",
        default_factory=list,
    )
    on: dt.date | None = field("The day; today if left out.", default=None)
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingChargeInput:
    """What an order cost besides its components."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    kind: BomManufacturingChargeKind = field("For what.")
    amount: Decimal = field(
        "How much; below zero to take back what was charged by mistake and is in no product yet."
    )
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingWorkOrderInput:
    """A step of a work order."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
