"""Work orders over GraphQL: which there are, and what they lack."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import NOT_FOUND, refuse
from plugins.bom_manufacturing.bills.graphql.bills import READ
from plugins.bom_manufacturing.work_orders import shortage
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.graphql.work_orders import (
    BomManufacturingWorkOrder,
    orders_by_id,
)
from plugins.bom_manufacturing.work_orders.stock import OrderFilter
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    argument,
    connection,
    field,
    input_type,
    items_by_id,
    object_type,
    page_of,
    query_field,
    uuid_of,
)


@object_type(permission=READ)
class BomManufacturingInstead:
    """An alternate that lies free (替代料)."""

    key: strawberry.Private[UUID]
    free: Decimal = field("How much of it is there and promised to nobody.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The alternate."""
        return await info.context.load(items_by_id, self.key)


@object_type(permission=READ)
class BomManufacturingShortage:
    """What an order lacks of a component (缺料)."""

    key: strawberry.Private[UUID]
    line: int = field("The line of the order.")
    quantity: Decimal = field("How much is missing, in base units.")
    alternates: list[BomManufacturingInstead] = field("What could stand in, by priority.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await info.context.load(items_by_id, self.key)


@input_type
class BomManufacturingWorkOrderFilter:
    """Which work orders to list; all that is given must hold."""

    item_id: strawberry.ID | None = field("Of this product.", default=None)
    due_before: dt.date | None = field("Due before this day.", default=None)
    open: bool = field("Only those that are released and not closed.", default=False)
    in_work: bool = field("Only those of which something is in work (在制品).", default=False)
    stopped: bool = field("Only those that are stopped.", default=False)


OrderId = Annotated[strawberry.ID, argument("The work order.")]


class Queries:
    """Work orders."""

    @query_field(permission=READ)
    async def bom_manufacturing_work_order(
        self, info: Info, id: OrderId
    ) -> BomManufacturingWorkOrder | None:
        """A work order; null if there is none."""
        key = uuid_of(id, "BomManufacturingWorkOrder", "id")
        return await info.context.load(orders_by_id, key)

    @query_field(permission=READ)
    async def bom_manufacturing_work_orders(
        self,
        info: Info,
        filter: Annotated[
            BomManufacturingWorkOrderFilter | None, argument("Which to list; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingWorkOrder]:
        """Work orders with their progress and what is in work for them, the latest first."""
        page = page_of(first, after, key=(UUID,))
        wanted = OrderFilter()
        if filter is not None:
            item = filter.item_id and uuid_of(filter.item_id, "Item", "filter", "itemId")
            wanted = OrderFilter(
                item_id=item or None,
                status="stopped" if filter.stopped else None,
                due_before=filter.due_before,
                open=filter.open,
                in_work=filter.in_work,
            )
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await stored.list_orders(tx, wanted, start, page.limit)
        return connection(
            page, found, node=BomManufacturingWorkOrder.of, cursor=lambda one: (one.id,)
        )

    @query_field(permission=READ)
    async def bom_manufacturing_shortages(
        self, info: Info, order_id: OrderId
    ) -> list[BomManufacturingShortage]:
        """What an order still lacks, beyond what is reserved for it, and which alternates are there."""
        key = uuid_of(order_id, "BomManufacturingWorkOrder", "orderId")
        async with info.context.reading() as tx:
            if key not in await stored.orders_by_id(tx, [key]):
                raise refuse(NOT_FOUND, "orderId", id=str(key))
            found = await shortage.shortages(tx, key)
        return [
            BomManufacturingShortage(
                key=one.item_id,
                line=one.line,
                quantity=one.quantity,
                alternates=[
                    BomManufacturingInstead(key=item, free=free) for item, free in one.alternates
                ],
            )
            for one in found
        ]


EXTENSION = Extension(queries=Queries)
