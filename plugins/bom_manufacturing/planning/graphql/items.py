"""How an item is planned: sent with the item, and shown with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.bom_manufacturing.bills.graphql.bills import COST, READ
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.planning.rules.planning import MOST_DAYS, PlanningData
from plugins.bom_manufacturing.planning.stock import planning as stored
from plugins.bom_manufacturing.vocabulary import BomManufacturingLotPolicy
from schema.plugin_api import (
    PART,
    CreateItemInput,
    Extension,
    Info,
    InputField,
    Item,
    Party,
    Place,
    SaveItemInput,
    UpdateItemInput,
    field,
    guarded_field,
    input_type,
    object_type,
    optional_uuid,
    parties_by_id,
    places_by_id,
    uuid_of,
)

_MAKE = "Whether it is made; null where that follows from a bill in force."
_SUBCONTRACT = (
    "Whether the supplier makes it of our components (委外加工): then it is made, not bought."
)
_FEE = "What he gets for one (加工费); with `subcontract`."
_LEAD = f"Its lead time (提前期) in working days, at most {MOST_DAYS}."
_SAFETY = "Its safety stock (安全库存), where no place has one of its own."
_REORDER = (
    "Its reorder point (再订货点): by the time an order of today arrives, as much shall be there."
)
_POLICY = "How much is ordered at a time (批量规则)."
_QUANTITY = "The fixed quantity; with FIXED."
_MINIMUM = "The smallest lot; with MIN_MAX."
_MAXIMUM = "The largest lot; with MIN_MAX."
_MULTIPLE = "Lots are multiples of this; with all but FIXED."
_PERIODS = f"Working days whose needs are ordered together, at most {MOST_DAYS}; with PERIODS."
_ANNUAL = "What a year needs; with EOQ."
_ORDER_COST = "What placing an order costs; with EOQ."
_HOLDING = "What keeping one for a year costs; with EOQ."


async def planning_of_items(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, BomManufacturingPlanning]:
    found = await stored.data_of(tx, keys)
    return {key: BomManufacturingPlanning.of(one) for key, one in found.items()}


@object_type(permission=PART)
class BomManufacturingSafetyStock:
    """The safety stock of a place."""

    key: strawberry.Private[UUID]
    quantity: Decimal = field("How much, in base units.")

    @field
    async def place(self, info: Info) -> Place | None:
        """The place."""
        return await info.context.load(places_by_id, self.key)


@object_type(permission=READ)
class BomManufacturingPlanning:
    """How an item is planned."""

    record: strawberry.Private[PlanningData]
    make: bool | None = field(_MAKE)
    subcontract: bool = field(_SUBCONTRACT)
    processing_fee: Decimal | None = guarded_field(_FEE, permission=COST)
    lead_time: int = field(_LEAD)
    safety_stock: Decimal = field(_SAFETY)
    safety_stocks: list[BomManufacturingSafetyStock] = field("Safety stocks of places.")
    reorder_point: Decimal | None = field(_REORDER)
    lot_policy: BomManufacturingLotPolicy = field(_POLICY)
    lot_quantity: Decimal | None = field(_QUANTITY)
    lot_minimum: Decimal | None = field(_MINIMUM)
    lot_maximum: Decimal | None = field(_MAXIMUM)
    lot_multiple: Decimal | None = field(_MULTIPLE)
    lot_periods: int | None = field(_PERIODS)
    annual_demand: Decimal | None = field(_ANNUAL)
    order_cost: Decimal | None = field(_ORDER_COST)
    holding_cost: Decimal | None = field(_HOLDING)

    @classmethod
    def of(cls, record: PlanningData) -> BomManufacturingPlanning:
        return cls(
            record=record,
            make=record.make,
            subcontract=record.subcontract,
            processing_fee=record.processing_fee,
            lead_time=record.lead_time,
            safety_stock=record.safety_stock,
            safety_stocks=[
                BomManufacturingSafetyStock(key=place, quantity=quantity)
                for place, quantity in record.places
            ],
            reorder_point=record.reorder_point,
            lot_policy=BomManufacturingLotPolicy(record.policy.value),
            lot_quantity=record.lot_quantity,
            lot_minimum=record.lot_minimum,
            lot_maximum=record.lot_maximum,
            lot_multiple=record.lot_multiple,
            lot_periods=record.lot_periods,
            annual_demand=record.annual_demand,
            order_cost=record.order_cost,
            holding_cost=record.holding_cost,
        )

    @field
    async def supplier(self, info: Info) -> Party | None:
        """Who is asked first."""
        return await info.context.load(parties_by_id, self.record.supplier)


class ItemFields:
    """What an item shows."""

    @field
    async def bom_manufacturing(
        self, info: Info, item: strawberry.Parent[Item]
    ) -> BomManufacturingPlanning | None:
        """How it is planned; null where nothing was said of it."""
        return await info.context.load(planning_of_items, item.uuid)


@input_type
class BomManufacturingSafetyStockInput:
    """The safety stock of a place, for it and all below."""

    place_id: strawberry.ID = field("The place.")
    quantity: Decimal = field("How much, in base units.")


@input_type
class BomManufacturingPlanningInput:
    """How an item is planned, all of it at once: what is left out is empty afterwards."""

    make: bool | None = field(_MAKE, default=None)
    subcontract: bool = field(_SUBCONTRACT, default=False)
    processing_fee: Decimal | None = field(_FEE, default=None)
    lead_time: int = field(_LEAD, default=0)
    safety_stock: Decimal = field(_SAFETY, default=ZERO)
    safety_stocks: list[BomManufacturingSafetyStockInput] = field(
        "Safety stocks of places, at most 100.", default_factory=list
    )
    reorder_point: Decimal | None = field(_REORDER, default=None)
    supplier_id: strawberry.ID | None = field("Who is asked first.", default=None)
    lot_policy: BomManufacturingLotPolicy = field(
        _POLICY, default=BomManufacturingLotPolicy.LOT_FOR_LOT
    )
    lot_quantity: Decimal | None = field(_QUANTITY, default=None)
    lot_minimum: Decimal | None = field(_MINIMUM, default=None)
    lot_maximum: Decimal | None = field(_MAXIMUM, default=None)
    lot_multiple: Decimal | None = field(_MULTIPLE, default=None)
    lot_periods: int | None = field(_PERIODS, default=None)
    annual_demand: Decimal | None = field(_ANNUAL, default=None)
    order_cost: Decimal | None = field(_ORDER_COST, default=None)
    holding_cost: Decimal | None = field(_HOLDING, default=None)


def read(sent: BomManufacturingPlanningInput) -> Mapping[str, Any]:
    supplier = sent.supplier_id
    return {
        "make": sent.make,
        "subcontract": sent.subcontract,
        "processing_fee": sent.processing_fee,
        "lead_time": sent.lead_time,
        "safety_stock": sent.safety_stock,
        "reorder_point": sent.reorder_point,
        "supplier": optional_uuid(supplier, "Party", "supplierId"),
        "policy": str(sent.lot_policy.value),
        "lot_quantity": sent.lot_quantity,
        "lot_minimum": sent.lot_minimum,
        "lot_maximum": sent.lot_maximum,
        "lot_multiple": sent.lot_multiple,
        "lot_periods": sent.lot_periods,
        "annual_demand": sent.annual_demand,
        "order_cost": sent.order_cost,
        "holding_cost": sent.holding_cost,
        "places": [
            [uuid_of(one.place_id, "Place", "safetyStocks", n, "placeId"), one.quantity]
            for n, one in enumerate(sent.safety_stocks)
        ],
    }


_INPUT = InputField(
    BomManufacturingPlanningInput,
    read,
    "How it is planned. Null takes away what was said of it; left out, all stays.",
)

EXTENSION = Extension(
    fields={Item: ItemFields},
    inputs=dict.fromkeys((CreateItemInput, SaveItemInput, UpdateItemInput), _INPUT),
)
