"""Words of the module that GraphQL knows, as enums."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import enum_value


@strawberry.enum(description="Whether stock at a processor's may go below zero.")
class BomManufacturingNegative(Enum):
    """Refused, or allowed and reported."""

    FORBID = enum_value("forbid", description="What would go below zero is refused.")
    ALLOW = enum_value("allow", description="It is allowed, and reported.")


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


@strawberry.enum(description="How much is ordered at a time (批量规则).")
class BomManufacturingLotPolicy(Enum):
    """Named after what is fixed."""

    LOT_FOR_LOT = enum_value("lot_for_lot", description="What is needed, no more.")
    FIXED = enum_value("fixed", description="`lotQuantity`, as often as needed.")
    MULTIPLE = enum_value("multiple", description="What is needed, up to a `lotMultiple`.")
    MIN_MAX = enum_value("min_max", description="No lot below `lotMinimum` nor above `lotMaximum`.")
    EOQ = enum_value(
        "eoq",
        description="At least the economic order quantity (经济订货批量) of `annualDemand`, `orderCost`"
        " and `holdingCost`.",
    )
    PERIODS = enum_value(
        "periods", description="What `lotPeriods` working days need, ordered together."
    )


@strawberry.enum(description="A day of the week.")
class BomManufacturingWeekday(Enum):
    """Monday is 0, as with dates."""

    MONDAY = enum_value(0, description="Monday.")
    TUESDAY = enum_value(1, description="Tuesday.")
    WEDNESDAY = enum_value(2, description="Wednesday.")
    THURSDAY = enum_value(3, description="Thursday.")
    FRIDAY = enum_value(4, description="Friday.")
    SATURDAY = enum_value(5, description="Saturday.")
    SUNDAY = enum_value(6, description="Sunday.")


@strawberry.enum(description="How far a run of planning is.")
class BomManufacturingRunState(Enum):
    """As it is stored."""

    QUEUED = enum_value("queued", description="It has not begun.")
    RUNNING = enum_value("running", description="It is under way.")
    DONE = enum_value("done", description="It is finished; the last such run is the plan.")
    SUPERSEDED = enum_value("superseded", description="A newer run took its place.")
    FAILED = enum_value("failed", description="It could not be finished; `failure` says why.")


@strawberry.enum(description="Where a need comes from.")
class BomManufacturingNeedSource(Enum):
    """Somebody's demand, or what we keep."""

    DEMAND = enum_value("demand", description="A sales order, or work that is released.")
    FORECAST = enum_value("forecast", description="A forecast, less what was ordered of it.")
    SAFETY = enum_value("safety", description="The safety stock, on the first day.")
    REORDER = enum_value(
        "reorder", description="The reorder point, by the time an order of today arrives."
    )
    BACKLOG = enum_value("backlog", description="Stock that is below zero.")
    ORDER = enum_value("order", description="A planned order of what it goes into.")


@strawberry.enum(description="What covers a need.")
class BomManufacturingCover(Enum):
    """What is there, what was ordered, or what should be."""

    STOCK = enum_value("stock", description="What is there.")
    PLACED_ORDER = enum_value("placed_order", description="An order that is placed.")
    SUGGESTION = enum_value("suggestion", description="A planned order.")


@strawberry.enum(description="What an order that is placed should do.")
class BomManufacturingAdvice(Enum):
    """Nobody moves it but you."""

    BRING_FORWARD = enum_value("bring_forward", description="Come earlier (提前).")
    POSTPONE = enum_value("postpone", description="Come later (推迟).")
    CANCEL = enum_value("cancel", description="Not come at all (取消): nothing needs it.")


@strawberry.enum(description="How long the periods of a table are.")
class BomManufacturingBucket(Enum):
    """Weeks begin on Monday."""

    DAY = enum_value("day", description="A day.")
    WEEK = enum_value("week", description="From Monday to Sunday.")
    MONTH = enum_value("month", description="A month of the calendar.")


@strawberry.enum(description="What suggestions become that are bought.")
class BomManufacturingPurchaseKind(Enum):
    """Asked for, or ordered."""

    REQUISITION = enum_value(
        "requisition", description="A requisition (请购单): a buyer makes purchase orders of it."
    )
    PURCHASE_ORDER = enum_value("purchase_order", description="A purchase order.")
