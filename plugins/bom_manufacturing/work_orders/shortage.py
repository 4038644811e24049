"""What a work order lacks (缺料), and what could stand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    Line,
    Reserved,
    Transaction,
    lines_of_documents,
    reserved,
)
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules.records import Item
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.stock import WorkOrder


@dataclass(frozen=True, slots=True)
class Shortage:
    """How much of a component an order lacks, and which alternates of its bill lie free, by priority."""

    item_id: UUID
    line: int
    quantity: Decimal
    alternates: tuple[tuple[UUID, Decimal], ...] = ()


async def shortages(tx: Transaction, order_id: UUID) -> list[Shortage]:
    """What an order still lacks at the places that its components come from: of what is reserved for it, it
    has what is there in its turn."""
    lines = (await lines_of_documents(tx, [order_id])).get(order_id, {})
    done = await stored.done(tx, [order_id])
    own = await reserved(tx, [(order_id, no) for no in lines])
    order = (await stored.orders_by_id(tx, [order_id]))[order_id]
    parts = [line for line in lines.values() if line.role == "consume" and line.place_id]
    begun = next((line.due_on for line in parts if line.due_on), order.business_date)
    offered = await _alternates(tx, order, begun)
    keys = {(line.item_id, _place(line)) for line in parts}
    keys |= {(a, _place(line)) for line in parts for a in offered.get(line.item_id, ())}
    free = await stored.free_at(tx, sorted(keys))
    found = []
    for line in parts:
        key = (line.item_id, _place(line))
        mine = own.get((order_id, line.no), Reserved(Decimal(0), Decimal(0)))
        wanted = line.base_quantity - done.get((order_id, line.no), Decimal(0))
        # what is promised beyond what is there is a claim, no stock
        there = min(wanted, max(mine.covered, free[key] + mine.quantity))
        free[key] -= there - mine.quantity
        if wanted > there:
            instead = tuple(
                (item, free[item, key[1]])
                for item in offered.get(line.item_id, ())
                if free[item, key[1]] > 0
            )
            found.append(Shortage(line.item_id, line.no, wanted - there, instead))
    return found


def _place(line: Line) -> UUID:
    assert line.place_id is not None
    return line.place_id


async def _alternates(tx: Transaction, order: WorkOrder, begun: date) -> dict[UUID, list[UUID]]:
    """What may stand in for which component of an order that is ``begun`` on a day, by priority."""
    if order.bom_id is None:
        return {}
    bom = (await stored_bills.by_ids(tx, [order.bom_id]))[order.bom_id].bom
    boms = await bills.boms_on(tx, [order.item_id], begun)
    found = work.alternates(boms, bom)
    return {_uuid(item): [_uuid(one) for one in some] for item, some in found.items()}


def _uuid(item: Item) -> UUID:
    """Items of stored bills are ids."""
    assert isinstance(item, UUID)
    return item
