"""Orders to processors (委外) over GraphQL: what they have of ours, what is owed, what is below zero."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Reserved, Transaction, availability, lines_of_documents, reserved
from plugins.bom_manufacturing.bills.graphql.bills import COST, READ, item_of
from plugins.bom_manufacturing.subcontracting import stock as stored
from plugins.bom_manufacturing.subcontracting.stock import Balance, Order, Settlement, Short
from schema.plugin_api import (
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    Node,
    Party,
    Place,
    argument,
    connection,
    documents_by_id,
    field,
    object_type,
    optional_uuid,
    page_of,
    parties_by_id,
    places_by_id,
    query_field,
    uuid_of,
)

PairKey = tuple[UUID, UUID]
_NOTHING = Reserved(Decimal(0), Decimal(0))


async def orders_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, BomManufacturingSubcontractOrder]:
    found = await stored.orders(tx, keys)
    return {key: BomManufacturingSubcontractOrder.of(one) for key, one in found.items()}


async def balances_of_orders(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Balance]]:
    return await stored.balances(tx, keys)


async def settlements_of_orders(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Settlement]:
    return await stored.settlements(tx, keys)


async def documents_of_orders(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    return await stored.documents_of(tx, keys)


async def free_at(tx: Transaction, keys: Sequence[PairKey]) -> Mapping[PairKey, Decimal]:
    """What is free of an item at a place."""
    found = await availability(tx, list(keys))
    return {(item, place): one.available for (item, place), one in found.items() if place}


async def reserved_for(tx: Transaction, keys: Sequence[PairKey]) -> Mapping[PairKey, Reserved]:
    """What is reserved for orders, by order and item."""
    lines = await lines_of_documents(tx, {order for order, _ in keys})
    found: dict[PairKey, Reserved] = {}
    kept = await reserved(tx, [(order, no) for order, own in lines.items() for no in own])
    for (order, no), one in kept.items():
        key = (order, lines[order][no].item_id)
        so_far = found.get(key, _NOTHING)
        found[key] = Reserved(so_far.quantity + one.quantity, so_far.covered + one.covered)
    return found


async def takers_of(tx: Transaction, keys: Sequence[PairKey]) -> Mapping[PairKey, list[UUID]]:
    return await stored.takers(tx, keys)


async def processors_by_place(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, UUID]:
    return await stored.processors(tx, keys)


@object_type(permission=READ)
class BomManufacturingSubcontractComponent:
    """A component of an order, and what became of it, in base units."""

    record: strawberry.Private[Balance]
    ordered: Decimal = field("What the order sends in all, losses included.")
    sent: Decimal = field("What went to the processor (委外发料).")
    to_send: Decimal = field("What the order still wants there.")
    used: Decimal = field("What received and rejected goods took.")
    allowed_loss: Decimal = field("What he lost within his allowance: it is in the product.")
    charged_loss: Decimal = field("What he lost beyond it, and what was charged: he owes it.")
    returned: Decimal = field("What came back (委外退料).")
    left: Decimal = field(
        "What is still accounted to him; below zero where he used his own, or we forgot to send."
    )
    allowance_percent: Decimal = field("How much he may lose, in percent of what is used.")

    @classmethod
    def of(cls, one: Balance) -> BomManufacturingSubcontractComponent:
        return cls(
            record=one,
            ordered=one.ordered,
            sent=one.sent,
            to_send=one.to_send,
            used=one.used,
            allowed_loss=one.allowed_loss,
            charged_loss=one.charged_loss,
            returned=one.returned,
            left=one.left,
            allowance_percent=one.allowance_pct,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await item_of(info, self.record.item_id)

    @field
    async def short(self, info: Info) -> Decimal:
        """What is missing of what is still to be sent, where it is sent from: stock that is free, or reserved
        for this order and there in its turn, is not missing."""
        one = self.record
        free = await info.context.load(free_at, (one.item_id, one.place_id)) or Decimal(0)
        own = await info.context.load(reserved_for, (one.order_id, one.item_id)) or _NOTHING
        return max(Decimal(0), one.to_send - max(own.covered, free + own.quantity))


@object_type(permission=COST)
class BomManufacturingSettlement:
    """What is owed to a processor for an order (委外结算), in the currency of the books."""

    fee: Decimal = field("The fees of all receipts, without tax.")
    tax: Decimal = field("Their tax.")
    charges: Decimal = field("Further charges that came with receipts.")
    adjustments: Decimal = field("What his invoices came to more, or less.")
    lost: Decimal = field("What his losses beyond the allowance have cost us.")
    owed: Decimal = field("Fees, tax, charges and adjustments less losses; below zero he owes us.")

    @classmethod
    def of(cls, one: Settlement) -> BomManufacturingSettlement:
        return cls(
            fee=one.fee,
            tax=one.tax,
            charges=one.charges,
            adjustments=one.adjustments,
            lost=one.lost,
            owed=one.owed,
        )


@object_type(permission=READ, node=orders_by_id)
class BomManufacturingSubcontractOrder(Node):
    """An order to a processor (委外订单): a product of components of ours, for a fee."""

    record: strawberry.Private[Order]
    business_date: dt.date = field("Its business date.")
    open: bool = field(
        "False once nothing can be done with it: it is closed, or all came, all was sent, and nothing is left"
        " at the processor's."
    )
    revision: int = field("Counts its changes; state it to close it.")
    quantity: Decimal = field("How much of the product is ordered, in base units.")
    received: Decimal = field("How much came and was good.")
    rejected: Decimal = field("How much was rejected (拒收).")
    pays_rejected: bool = field("Whether he gets his fee for rejected goods, too.")

    @classmethod
    def of(cls, one: Order) -> BomManufacturingSubcontractOrder:
        return cls(
            uuid=one.id,
            record=one,
            business_date=one.on,
            open=one.open,
            revision=one.revision,
            quantity=one.quantity,
            received=one.received,
            rejected=one.rejected,
            pays_rejected=one.pays_rejected,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The product."""
        return await item_of(info, self.record.item_id)

    @field
    async def processor(self, info: Info) -> Party | None:
        """Who makes it."""
        return await info.context.load(parties_by_id, self.record.party_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where he has our components (委外仓)."""
        return await info.context.load(places_by_id, self.record.processor_place_id)

    @field
    async def document(self, info: Info) -> Document | None:
        """The order as a document, with its fee."""
        return await info.context.load(documents_by_id, self.uuid)

    @field
    async def documents(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Document] | None:
        """What was posted for it, in that order: issues, returns, receipts, charges, reversals."""
        page = page_of(first, after, key=(int,))
        found = await info.context.load(documents_of_orders, self.uuid) or []
        start = page.after[0] if page.after else 0
        shown = [row for row in enumerate(found, start=1) if row[0] > start][: page.limit]
        loads = [info.context.load(documents_by_id, key) for _, key in shown]
        nodes = [
            (n, node) for (n, _), load in zip(shown, loads, strict=True) if (node := await load)
        ]
        return connection(page, nodes, node=lambda row: row[1], cursor=lambda row: (row[0],))

    @field
    async def components(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BomManufacturingSubcontractComponent]:
        """Its components, and what became of them."""
        page = page_of(first, after, key=(int,))
        found = await info.context.load(balances_of_orders, self.uuid) or []
        start = page.after[0] if page.after else 0
        shown = [row for row in enumerate(found, start=1) if row[0] > start]
        return connection(
            page,
            shown[: page.limit],
            node=lambda row: BomManufacturingSubcontractComponent.of(row[1]),
            cursor=lambda row: (row[0],),
        )

    @field
    async def settlement(self, info: Info) -> BomManufacturingSettlement | None:
        """What is owed for it."""
        found = await info.context.load(settlements_of_orders, self.uuid)
        return None if found is None else BomManufacturingSettlement.of(found)


@object_type(permission=READ)
class BomManufacturingShort:
    """Less than nothing of a component at a processor's: he used his own, or we forgot to send."""

    record: strawberry.Private[Short]
    quantity: Decimal = field("How much, in base units; below zero.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await item_of(info, self.record.item_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def processor(self, info: Info) -> Party | None:
        """Whose place it is."""
        return await info.context.load(parties_by_id, self.record.party_id)

    @field
    async def documents(self, info: Info) -> list[Document] | None:
        """The last documents that took of it, at most 20, the newest first."""
        key = (self.record.place_id, self.record.item_id)
        found = await info.context.load(takers_of, key) or []
        loads = [info.context.load(documents_by_id, one) for one in found]
        return [document for load in loads if (document := await load)]


class PlaceFields:
    """What the module knows of places."""

    @field
    async def bom_manufacturing_processor(
        self, info: Info, place: strawberry.Parent[Place]
    ) -> Party | None:
        """The processor who has components of ours here; null where it is nobody's."""
        found = await info.context.load(processors_by_place, place.uuid)
        return await info.context.load(parties_by_id, found)


OfProcessor = Annotated[strawberry.ID | None, argument("Only of this processor.")]


class Queries:
    """Orders to processors."""

    @query_field(permission=READ)
    async def bom_manufacturing_subcontract_order(
        self, info: Info, id: Annotated[strawberry.ID, argument("The order.")]
    ) -> BomManufacturingSubcontractOrder | None:
        """An order to a processor; null if there is none."""
        key = uuid_of(id, "BomManufacturingSubcontractOrder", "id")
        return await info.context.load(orders_by_id, key)

    @query_field(permission=READ)
    async def bom_manufacturing_subcontract_orders(
        self,
        info: Info,
        party_id: OfProcessor = None,
        item_id: Annotated[strawberry.ID | None, argument("Only of this product.")] = None,
        open: Annotated[
            bool | None,
            argument("Only what something can be done with, or what not; both when left out."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingSubcontractOrder]:
        """Orders to processors, the newest first."""
        page = page_of(first, after, key=(dt.date, UUID))
        async with info.context.reading() as tx:
            found = await stored.list_orders(
                tx,
                party=optional_uuid(party_id, "Party", "partyId"),
                item=optional_uuid(item_id, "Item", "itemId"),
                open_=open,
                after=(page.after[0], page.after[1]) if page.after else None,
                limit=page.limit,
            )
        return connection(
            page,
            found,
            node=BomManufacturingSubcontractOrder.of,
            cursor=lambda one: (one.on, one.id),
        )

    @query_field(permission=READ)
    async def bom_manufacturing_below_zero(
        self,
        info: Info,
        party_id: OfProcessor = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingShort]:
        """What is below zero at processors' places."""
        page = page_of(first, after, key=(UUID, UUID))
        async with info.context.reading() as tx:
            found = await stored.below_zero(
                tx,
                party=optional_uuid(party_id, "Party", "partyId"),
                after=(page.after[0], page.after[1]) if page.after else None,
                limit=page.limit,
            )
        return connection(
            page,
            found,
            node=lambda one: BomManufacturingShort(record=one, quantity=one.quantity),
            cursor=lambda one: (one.place_id, one.item_id),
        )


EXTENSION = Extension(fields={Place: PlaceFields}, queries=Queries)
