"""Words of the module that GraphQL knows, as enums."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import enum_value


@strawberry.enum(description="What became of a unit.")
class SerialNumbersState(Enum):
    """From its receipt to wherever it went."""

    IN_STOCK = enum_value("in_stock", description="It lies in one of our places (在库).")
    RESERVED = enum_value(
        "reserved", description="In one of our places, and promised to an order (已预留)."
    )
    IN_TRANSIT = enum_value("in_transit", description="Under way between our places (在途).")
    IN_WORK = enum_value(
        "in_work", description="In work for an order, of which it is no part yet (在制)."
    )
    IN_REPAIR = enum_value("in_repair", description="In a place for repair (维修中).")
    AT_PROCESSOR = enum_value("at_processor", description="At a processor of ours (委外).")
    SOLD = enum_value("sold", description="A customer has it (已售).")
    RETURNED = enum_value("returned", description="It went back to the supplier (已退).")
    CONSUMED = enum_value("consumed", description="It became part of something else.")
    ISSUED = enum_value("issued", description="We used it, or gave it away.")
    SCRAPPED = enum_value("scrapped", description="Thrown away (报废).")
    LOST = enum_value("lost", description="A count or a transfer did not find it.")
    INACTIVE = enum_value("inactive", description="Its receipt was reversed: there is none.")


@strawberry.enum(description="Within what a number is one unit's alone.")
class SerialNumbersUniqueWithin(Enum):
    """An item, or everything."""

    ITEM = enum_value("item", description="Units of two items may have the same number.")
    TENANT = enum_value("tenant", description="No two units have the same number.")


@strawberry.enum(description="How a claim ended.")
class SerialNumbersClaimOutcome(Enum):
    """What the customer got."""

    REPAIRED = enum_value("repaired", description="The same unit, mended (维修).")
    REPLACED = enum_value("replaced", description="Another unit (换新).")
    REFUNDED = enum_value("refunded", description="The money (退款).")
    REJECTED = enum_value("rejected", description="Nothing: the claim did not hold (拒绝).")
