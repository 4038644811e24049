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
