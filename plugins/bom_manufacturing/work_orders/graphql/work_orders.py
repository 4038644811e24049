"""Work orders over GraphQL: where they stand, what is in work, and what was used beyond the standard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import strawberry

from core.plugin_api import (
    Line,
    Transaction,
    amount_decimals,
    exact,
    lines_of_documents,
    rounded,
)
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.graphql.bills import (
    COST,
    READ,
    BomManufacturingBom,
    bills_by_id,
    item_of,
)
from plugins.bom_manufacturing.bills.rules.records import Supply
from plugins.bom_manufacturing.vocabulary import (
    BomManufacturingChargeKind,
    BomManufacturingOrderKind,
    BomManufacturingOrderStatus,
    BomManufacturingSupply,
)
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.goods import supply_of
from plugins.bom_manufacturing.work_orders.graphql.costs import (
    BomManufacturingMade,
    BomManufacturingOrderCost,
    cost_of,
    made,
    used_by_order,
)
from plugins.bom_manufacturing.work_orders.stock import Charge, InWork, Used, WorkOrder
from schema.plugin_api import (
    After,
    Connection,
    Document,
    First,
    Info,
    Item,
    Node,
    Place,
    connection,
    documents_by_id,
    field,
    guarded_field,
    items_by_id,
    object_type,
    page_of,
    places_by_id,
)

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is known of the components of an order."""

    order: WorkOrder
    lines: Mapping[int, Line]
    done: Mapping[int, Decimal]
    there: Mapping[UUID, Decimal]
    used: Mapping[UUID, Used]
    digits: Mapping[UUID, int]
    amount_dp: int


async def orders_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, BomManufacturingWorkOrder]:
    found = await stored.orders_by_id(tx, keys)
    return {key: BomManufacturingWorkOrder.of(one) for key, one in found.items()}


async def in_work_by_order(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[InWork]]:
    return await stored.in_work(tx, keys)


async def charges_by_order(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Charge]]:
    return await stored.charges(tx, keys)


async def parts_by_order(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Parts]:
    """A statement for each question, however many orders there are."""
    known = await stored.orders_by_id(tx, keys)
    lines = await lines_of_documents(tx, keys)
    done = await stored.done(tx, keys)
    there = await stored.in_work(tx, keys)
    used = await stored.used(tx, keys)
    items = {line.item_id for own in lines.values() for line in own.values()}
    items |= {one.item_id for own in used.values() for one in own}
    items |= {one.item_id for own in there.values() for one in own}
    digits, dp = await stored_bills.decimals(tx, items), await amount_decimals(tx)
    found = {}
    for key, order in known.items():
        mine: dict[UUID, Decimal] = {}
        for one in there.get(key, []):
            mine[one.item_id] = mine.get(one.item_id, ZERO) + one.quantity
        own = lines.get(key, {})
        of_line = {no: done.get((key, no), ZERO) for no in own}
        by_item = {one.item_id: one for one in used.get(key, [])}
        found[key] = Parts(order, own, of_line, mine, by_item, digits, dp)
    return found


@object_type(permission=READ)
class BomManufacturingInWork:
    """Goods in work for an order (在制品), by item and lot."""

    record: strawberry.Private[InWork]
    lot_code: str | None = field("The lot.")
    quantity: Decimal = field("How much, in base units.")
    value: Decimal | None = guarded_field("What it is worth.", permission=COST)

    @classmethod
    def of(cls, record: InWork) -> BomManufacturingInWork:
        return cls(
            record=record,
            lot_code=record.lot_code,
            quantity=record.quantity,
            value=record.value,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What it is."""
        return await item_of(info, self.record.item_id)


@object_type(permission=COST)
class BomManufacturingCharge:
    """What an order cost besides its components."""

    kind: BomManufacturingChargeKind = field("For what.")
    amount: Decimal = field("How much.")
    remark: str | None = field("A note.")


@object_type(permission=COST)
class BomManufacturingWorth:
    """What is in work for an order is worth: issues and charges, less what was received."""

    components: Decimal = field("The components issued and not used yet.")
    charges: Decimal = field("What was charged and is in no product yet.")
    value: Decimal = field("Both.")


@object_type(permission=READ)
class BomManufacturingPart:
    """A component of an order: what it should take, and what it took. Quantities are in base units."""

    key: strawberry.Private[UUID]
    place_key: strawberry.Private[UUID | None]
    line: int | None = field("Its line in the order; null where it was issued beyond it.")
    supply: BomManufacturingSupply = field("How it gets to the work.")
    ordered: Decimal = field("What the whole order takes.")
    issued: Decimal = field("What its line took from stock and has not brought back.")
    to_issue: Decimal = field(
        "What is still to be picked and issued (待领); nothing of what is backflushed or not released."
    )
    in_work: Decimal = field("What of the item is in work.")
    standard: Decimal = field("What was reported should have used.")
    used: Decimal = field("What was used.")
    variance: Decimal = field("Used beyond the standard; below zero is saved (用量差异).")
    variance_value: Decimal | None = guarded_field(
        "What that is worth, at what the used cost.", permission=COST
    )
    written_off: Decimal = field("What was scrapped in work, or went to variance.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await info.context.load(items_by_id, self.key)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it is picked; null where it was issued beyond the order."""
        return await info.context.load(places_by_id, self.place_key)


def _status(order: WorkOrder) -> BomManufacturingOrderStatus:
    status = BomManufacturingOrderStatus
    if order.status == "closed" or order.state == "closed":
        return status.CLOSED
    if order.state != "approved":
        return status.DRAFT
    if order.status == "stopped":
        return status.STOPPED
    return status.RELEASED if order.open else status.COMPLETED


@object_type(permission=READ, node=orders_by_id)
class BomManufacturingWorkOrder(Node):
    """A work order (生产工单). Its document is of core's and has its number, its lines and their progress."""

    record: strawberry.Private[WorkOrder]
    kind: BomManufacturingOrderKind = field("What it does with its product.")
    status: BomManufacturingOrderStatus = field("Where it stands.")
    number: str | None = field("Its number; null for a draft.")
    revision: int = field("Counts its changes; state it when you release it.")
    quantity: Decimal = field("How much is to be made, worked on or taken apart, in base units.")
    reported: Decimal = field("What of it was reported as good.")
    scrapped: Decimal = field("What of it was reported as scrap.")
    open: Decimal = field("What is still expected.")
    over_percent: Decimal | None = field("How much more may be reported, in percent.")
    due_on: dt.date | None = field("When it is due.")

    @classmethod
    def of(cls, record: WorkOrder) -> BomManufacturingWorkOrder:
        return cls(
            uuid=record.id,
            record=record,
            kind=BomManufacturingOrderKind(record.kind),
            status=_status(record),
            number=record.number,
            revision=record.revision,
            quantity=record.quantity,
            reported=record.reported,
            scrapped=record.scrapped,
            open=record.open,
            over_percent=record.over_pct,
            due_on=record.due_on,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The product."""
        return await item_of(info, self.record.item_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where the product goes, or comes from to be taken apart."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def bom(self, info: Info) -> BomManufacturingBom | None:
        """The version of the bill that it was made of; null for a rework."""
        return await info.context.load(bills_by_id, self.record.bom_id)

    @field
    async def document(self, info: Info) -> Document | None:
        """Its document."""
        return await info.context.load(documents_by_id, self.uuid)

    @field
    async def parts(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BomManufacturingPart]:
        """Its components: what was issued, what is in work, and what was used beyond the standard."""
        page = page_of(first, after, key=(int,))
        known = await info.context.load(parts_by_order, self.uuid)
        start = page.after[0] if page.after else 0
        rows = [row for row in enumerate(_parts(known) if known else [], 1) if row[0] > start]
        return connection(
            page, rows[: page.limit], node=lambda row: row[1], cursor=lambda row: (row[0],)
        )

    @field
    async def outputs(self, info: Info) -> list[BomManufacturingMade] | None:
        """What comes out of it: the product first, then what comes out besides."""
        known = await info.context.load(parts_by_order, self.uuid)
        return made(known.lines.values(), known.used.values()) if known else []

    @field
    async def cost(self, info: Info) -> BomManufacturingOrderCost | None:
        """What it cost so far (工单成本)."""
        found = await info.context.load(used_by_order, self.uuid) or []
        return cost_of(self.record, found)

    @field
    async def in_work(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BomManufacturingInWork]:
        """What is in work for it."""
        page = page_of(first, after, key=(int,))
        found = await info.context.load(in_work_by_order, self.uuid) or []
        start = page.after[0] if page.after else 0
        rows = [row for row in enumerate(found, 1) if row[0] > start]
        return connection(
            page,
            rows[: page.limit],
            node=lambda row: BomManufacturingInWork.of(row[1]),
            cursor=lambda row: (row[0],),
        )

    @field
    async def worth(self, info: Info) -> BomManufacturingWorth | None:
        """What is in work is worth (在制品价值)."""
        found = await info.context.load(in_work_by_order, self.uuid) or []
        components = sum((one.value for one in found), ZERO)
        closed = self.status is BomManufacturingOrderStatus.CLOSED
        charges = ZERO if closed else self.record.open_charges
        return BomManufacturingWorth(
            components=components, charges=charges, value=components + charges
        )

    @field
    async def charges(self, info: Info) -> list[BomManufacturingCharge] | None:
        """What it cost besides its components."""
        found = await info.context.load(charges_by_order, self.uuid) or []
        return [
            BomManufacturingCharge(
                kind=BomManufacturingChargeKind(one.kind), amount=one.amount, remark=one.remark
            )
            for one in found
        ]


def _parts(known: Parts) -> list[BomManufacturingPart]:
    """The lines that consume, then what was issued beyond them; an item's use stands at its first."""
    order = known.order
    worked = order.reported + order.scrapped
    own = [line for line in known.lines.values() if line.role == "consume"]
    standards: dict[UUID, Decimal] = {}
    for line in own:
        digits = known.digits.get(line.item_id, 6)
        due = work.due(line.base_quantity, order.quantity, 0, worked, digits)
        standards[line.item_id] = standards.get(line.item_id, ZERO) + due
    found = [_part(known, line.item_id, line, standards.pop(line.item_id, None)) for line in own]
    further = {**known.there, **known.used}.keys() - {line.item_id for line in own}
    for item in sorted(further):
        one = known.used.get(item)
        if item in known.there or (one is not None and (one.used or one.written_off)):
            found.append(_part(known, item, None, ZERO))
    return found


def _part(
    known: Parts, item: UUID, line: Line | None, standard: Decimal | None
) -> BomManufacturingPart:
    """Of a line behind the item's first, which has no ``standard``, only what is its own."""
    first = standard is not None
    one = known.used.get(item) if first else None
    used = one.used if one else ZERO
    variance = used - (standard or ZERO)
    worth = exact(one.used_value) * exact(variance) / exact(used) if one and used else exact(0)
    supply = supply_of(line) if line else Supply.ISSUE
    ordered = line.base_quantity if line else ZERO
    issued = known.done.get(line.no, ZERO) if line else ZERO
    picked = supply is Supply.ISSUE and known.order.state == "approved"
    return BomManufacturingPart(
        key=item,
        place_key=line.place_id if line else None,
        line=line.no if line else None,
        supply=BomManufacturingSupply(supply.value),
        ordered=ordered,
        issued=issued,
        to_issue=max(ZERO, ordered - issued) if picked else ZERO,
        in_work=known.there.get(item, ZERO) if first else ZERO,
        standard=standard or ZERO,
        used=used,
        variance=variance,
        variance_value=rounded(worth, known.amount_dp),
        written_off=one.written_off if one else ZERO,
    )
