"""How stock is valued and whether it may run short: words that items, places and settings share."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import enum_value


@strawberry.enum(description="Whether stock may go below zero.")
class NegativeStock(Enum):
    """The nearest word counts: the item's, then the place's, then the tenant's setting."""

    FORBID = enum_value("forbid", description="An issue of more than is there is refused.")
    ALLOW = enum_value(
        "allow",
        description="Stock may go below zero; its cost is trued up when goods come in.",
    )


@strawberry.enum(description="How the cost of what goes out is found.")
class CostingMethod(Enum):
    """The valuation of an item's cost pools."""

    MOVING_AVERAGE = enum_value(
        "moving_average", description="The average of what is there, renewed by every receipt."
    )
    FIFO = enum_value("fifo", description="What came in first goes out first, at its own cost.")
    STANDARD = enum_value(
        "standard",
        description="A cost that is set; the difference to what was paid is shown apart.",
    )
    SPECIFIC = enum_value(
        "specific", description="Each lot or piece keeps the cost it came in with."
    )


@strawberry.enum(description="What shares one cost pool.")
class CostScope(Enum):
    """The finer the scope, the more costs one item has side by side."""

    ITEM = enum_value("item", description="All of an item, wherever it lies.")
    ITEM_PLACE = enum_value("item_place", description="An item at one place.")
    ITEM_LOT = enum_value("item_lot", description="A lot of an item, wherever it lies.")
    ITEM_LOT_PLACE = enum_value("item_lot_place", description="A lot of an item at one place.")
    SERIAL = enum_value("serial", description="Each single piece.")
