"""Words of the module that GraphQL knows, as enums."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import enum_value


@strawberry.enum(description="How a component gets to the work (供料方式).")
class BomManufacturingSupply(Enum):
    """From our shelf, or not."""

    ISSUE = enum_value("issue", description="Picked and issued (领料).")
    BACKFLUSH = enum_value("backflush", description="Taken when the product is reported (倒冲).")
    PROCESSOR = enum_value(
        "processor", description="The processor's own (加工方自备): it costs us nothing."
    )
    CONSUMABLE = enum_value(
        "consumable", description="Kept ready at the work (耗材): it is never short."
    )


@strawberry.enum(description="What else comes out of the work.")
class BomManufacturingOutputKind(Enum):
    """Wanted, or not."""

    BY_PRODUCT = enum_value("by_product", description="It comes out anyway (副产品).")
    CO_PRODUCT = enum_value("co_product", description="It is wanted as well (联产品).")


@strawberry.enum(description="What a work order does with its product.")
class BomManufacturingOrderKind(Enum):
    """It makes it, works on it once more, or takes it apart."""

    MAKE = enum_value("make", description="Components become the product.")
    REWORK = enum_value("rework", description="The product is worked on once more (返工).")
    DISASSEMBLE = enum_value(
        "disassemble", description="The product becomes its components (拆解)."
    )


@strawberry.enum(description="Where a work order stands.")
class BomManufacturingOrderStatus(Enum):
    """From planning to closing."""

    DRAFT = enum_value("draft", description="May be changed; nothing is reserved.")
    RELEASED = enum_value("released", description="Components are reserved, work may go on.")
    STOPPED = enum_value("stopped", description="Nothing is issued or reported until it resumes.")
    COMPLETED = enum_value("completed", description="All of it was reported; it may be closed.")
    CLOSED = enum_value("closed", description="Nothing is in work, and nothing more will come.")


@strawberry.enum(description="What an order costs besides its components.")
class BomManufacturingChargeKind(Enum):
    """It joins the cost of what is reported later."""

    LABOUR = enum_value("labour", description="Wages (人工).")
    OVERHEAD = enum_value("overhead", description="Overhead (制造费用).")
    FEE = enum_value("fee", description="What somebody is paid for his work (加工费).")
    OTHER = enum_value("other", description="Anything else.")
