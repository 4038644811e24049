"""Words of the module that GraphQL knows, as enums."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import enum_value


@strawberry.enum(description="What a shelf life is counted in.")
class FoodBatchesLifeUnit(Enum):
    """Days, or months of the calendar."""

    DAYS = enum_value("days", description="Days.")
    MONTHS = enum_value(
        "months", description="Months, to the same day or the last of a shorter month."
    )


@strawberry.enum(description="How goods have to be kept (贮存条件).")
class FoodBatchesStorage(Enum):
    """From a shelf to the deep freezer."""

    AMBIENT = enum_value("ambient", description="At room temperature (常温).")
    COOL = enum_value("cool", description="Cool and shaded (阴凉).")
    CHILLED = enum_value("chilled", description="In a fridge (冷藏).")
    FROZEN = enum_value("frozen", description="Frozen (冷冻).")


@strawberry.enum(description="Whether a batch may be used.")
class FoodBatchesStatus(Enum):
    """What is not released is under a hold of core as well."""

    RELEASED = enum_value("released", description="It may be sold and used until it expires.")
    HELD = enum_value("held", description="Nobody may sell or use it until it is released.")
    RECALLED = enum_value(
        "recalled", description="Under recall: it can be scrapped or go back, nothing else."
    )


@strawberry.enum(description="How close goods are to their expiry.")
class FoodBatchesFreshness(Enum):
    """By the day it is, and by how many days before expiry count as near."""

    FRESH = enum_value("fresh", description="Far from it, or without an expiry.")
    NEAR = enum_value("near", description="Near expiry (临期).")
    EXPIRED = enum_value("expired", description="Past its date, from the day after it.")


@strawberry.enum(description="Papers that a supplier of food shows (进货查验).")
class FoodBatchesLicenceKind(Enum):
    """The kinds that inspections ask for."""

    BUSINESS = enum_value("business", description="Business licence (营业执照).")
    FOOD_PRODUCTION = enum_value(
        "food_production", description="Licence to make food (生产许可证)."
    )
    FOOD_TRADE = enum_value("food_trade", description="Licence to trade in food (经营许可证).")
    OTHER = enum_value("other", description="Another paper.")


@strawberry.enum(description="What becomes of a receipt from a supplier without a valid licence.")
class FoodBatchesLicencePolicy(Enum):
    """Purchase check (进货查验)."""

    REFUSE = enum_value("refuse", description="It is refused.")
    FLAG = enum_value("flag", description="It is posted, and its record names no licence.")
    OFF = enum_value("off", description="Nobody looks.")


@strawberry.enum(description="Which way goods went.")
class FoodBatchesRecordDirection(Enum):
    """Seen from us."""

    RECEIVED = enum_value("received", description="From a supplier.")
    DELIVERED = enum_value("delivered", description="To a customer.")
