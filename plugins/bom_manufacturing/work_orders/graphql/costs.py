"""What came out of a work order, and what it cost, by the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import strawberry

from core.plugin_api import Line, Transaction, exact, rounded
from plugins.bom_manufacturing.bills.graphql.bills import COST, READ, item_of
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.stock import Used, WorkOrder
from schema.plugin_api import Info, Item, field, guarded_field, object_type

ZERO = Decimal(0)


async def used_by_order(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Used]]:
    return await stored.used(tx, keys)


@object_type(permission=READ)
class BomManufacturingMade:
    """An item that comes out of an order: the product, and what comes out besides. Quantities are in base
    units."""

    key: strawberry.Private[UUID]
    ordered: Decimal = field("How much the whole order brings.")
    received: Decimal = field("How much came in, less what was reversed.")
    value: Decimal | None = guarded_field(
        "What that came in at; late costs of what went in are in it.", permission=COST
    )

    @field
    async def item(self, info: Info) -> Item | None:
        """What comes out."""
        return await item_of(info, self.key)


def made(lines: Iterable[Line], used: Iterable[Used]) -> list[BomManufacturingMade]:
    """What an order brings, in the order of its lines."""
    known = {one.item_id: one for one in used}
    ordered: dict[UUID, Decimal] = {}
    for line in lines:
        if line.role == "produce":
            ordered[line.item_id] = ordered.get(line.item_id, ZERO) + line.base_quantity
    return [
        BomManufacturingMade(
            key=item,
            ordered=quantity,
            received=known[item].made if item in known else ZERO,
            value=known[item].made_value if item in known else ZERO,
        )
        for item, quantity in ordered.items()
    ]


@object_type(permission=COST)
class BomManufacturingOrderCost:
    """What an order cost so far (工单成本). With a standard cost, what came in differs from what went in by
    what the books show as standard variance."""

    components: Decimal = field("The components that were used.")
    charges: Decimal = field("What was charged and is borne by what came in.")
    received: Decimal = field("What came in is worth, the product and what comes out besides.")
    unit_cost: Decimal | None = field(
        "One of the product as it came in, at six decimals; null while nothing did."
    )
    written_off: Decimal = field("Components that were scrapped in work or went to variance.")
    charges_lost: Decimal = field(
        "What was charged and no product will bear, because the order is closed: it is part of the variance."
    )


def cost_of(order: WorkOrder, used: Sequence[Used]) -> BomManufacturingOrderCost:
    """The same figures of all items, and what became of the charges."""
    product = next((one for one in used if one.item_id == order.item_id and one.made), None)
    unit = exact(product.made_value) / exact(product.made) if product else None
    closed = order.status == "closed" or order.state == "closed"
    return BomManufacturingOrderCost(
        components=sum((one.used_value for one in used), ZERO),
        charges=order.absorbed,
        received=sum((one.made_value for one in used), ZERO),
        unit_cost=None if unit is None else rounded(unit, 6),
        written_off=sum((one.written_off_value for one in used), ZERO),
        charges_lost=order.open_charges if closed else ZERO,
    )
