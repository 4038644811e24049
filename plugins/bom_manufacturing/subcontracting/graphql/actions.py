"""Ordering from processors, sending, receiving, taking back, charging and closing over GraphQL."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from plugins.bom_manufacturing.subcontracting import fees, moves, orders
from plugins.bom_manufacturing.subcontracting.commands import Command
from plugins.bom_manufacturing.subcontracting.graphql.inputs import (
    BomManufacturingAddProcessorInput,
    BomManufacturingAdjustFeeInput,
    BomManufacturingChargeProcessorInput,
    BomManufacturingCloseSubcontractInput,
    BomManufacturingOrderSubcontractInput,
    BomManufacturingReceiveInput,
    BomManufacturingSendInput,
    BomManufacturingTakeBackInput,
    head_of,
    optional,
    order_of,
    parts_of,
    place,
    remark,
    wanted,
)
from plugins.bom_manufacturing.subcontracting.graphql.orders import (
    BomManufacturingSubcontractOrder,
    orders_by_id,
)
from plugins.bom_manufacturing.subcontracting.moves import Delivery
from schema.plugin_api import (
    Document,
    Extension,
    Info,
    Payload,
    Place,
    argument,
    documents_by_id,
    field,
    kept_with_document,
    mutation_field,
    payload_type,
    places_by_id,
    uuid_of,
)


@payload_type
class BomManufacturingProcessorPayload(Payload):
    """The place."""

    place: Place | None = field("The place; null if it was refused.", default=None)


@payload_type
class BomManufacturingSubcontractPayload(Payload):
    """The order as it stands now."""

    order: BomManufacturingSubcontractOrder | None = field(
        "The order; null if it was refused.", default=None
    )
    document: Document | None = field(
        "The document that was posted; null if it was refused.", default=None
    )


Input = argument("What to do.")


class Mutations:
    """What is done with orders to processors."""

    @mutation_field(permission="places.write")
    async def bom_manufacturing_add_processor(
        self, info: Info, input: Annotated[BomManufacturingAddProcessorInput, Input]
    ) -> BomManufacturingProcessorPayload:
        """Give a processor a place for components of ours (委外仓)."""
        context = info.context
        party = uuid_of(input.party_id, "Party", "partyId")
        key = await orders.add_processor(
            context.database,
            context.principal,
            input.command_id,
            party,
            place(input),
            _asked(input),
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            return BomManufacturingProcessorPayload(place=(await places_by_id(tx, [key])).get(key))

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_order_subcontract(
        self, info: Info, input: Annotated[BomManufacturingOrderSubcontractInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Order a product from a processor by its bill (委外下单): approved, its components reserved. What
        the bill has of the processor's own, and what is kept ready where work is, is not sent."""
        context = info.context
        command = _command(input, "bomManufacturingOrderSubcontract")
        key = await orders.make_order(context.database, context.principal, command, wanted(input))
        return await _payload(info, key, key)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_send_to_processor(
        self, info: Info, input: Annotated[BomManufacturingSendInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Send components to the processor (委外发料). They stay ours, at his place."""
        context = info.context
        command = _command(input, "bomManufacturingSendToProcessor")
        head, parts = head_of(input), parts_of(input.components, "components")
        made = await moves.send(
            context.database, context.principal, command, head, parts, beyond=input.beyond
        )
        return await _payload(info, head.order_id, made)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_take_back_from_processor(
        self, info: Info, input: Annotated[BomManufacturingTakeBackInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Take components back from the processor (委外退料)."""
        context = info.context
        command = _command(input, "bomManufacturingTakeBackFromProcessor")
        head, parts = head_of(input), parts_of(input.components, "components")
        place = optional(input.place_id, "Place", "placeId")
        made = await moves.take_back(
            context.database, context.principal, command, head, parts, place
        )
        return await _payload(info, head.order_id, made)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_receive_from_processor(
        self, info: Info, input: Annotated[BomManufacturingReceiveInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Receive goods from the processor (委外收货), or reject them. They are worth the components that
        received and rejected goods took, losses he may have, his fee and further charges."""
        context = info.context
        command = _command(input, "bomManufacturingReceiveFromProcessor")
        head = head_of(input)
        delivery = Delivery(
            received=input.received,
            rejected=input.rejected,
            lost=tuple(parts_of(input.lost, "lost") or ()),
            lots=tuple(parts_of(input.lots, "lots") or ()),
            charges=input.charges,
            lot_code=input.lot_code,
            place_id=optional(input.place_id, "Place", "placeId"),
            extensions=kept_with_document(input),
        )
        made = await moves.receive(context.database, context.principal, command, head, delivery)
        return await _payload(info, head.order_id, made)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_charge_processor(
        self, info: Info, input: Annotated[BomManufacturingChargeProcessorInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Charge to the processor what is missing of components (委外扣款), at what they cost."""
        context = info.context
        command = _command(input, "bomManufacturingChargeProcessor")
        head, parts = head_of(input), parts_of(input.components, "components")
        made = await moves.charge(context.database, context.principal, command, head, parts or ())
        return await _payload(info, head.order_id, made)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_adjust_fee(
        self, info: Info, input: Annotated[BomManufacturingAdjustFeeInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Put the fee of a receipt right where the invoice differs: a landed cost on it."""
        context = info.context
        command = _command(input, "bomManufacturingAdjustFee")
        receipt = uuid_of(input.receipt_id, "Document", "receiptId")
        order, made = await fees.adjust_fee(
            context.database,
            context.principal,
            command,
            receipt,
            input.amount,
            input.business_date,
            remark(input.remark),
        )
        return await _payload(info, order, made)

    @mutation_field(permission="documents.post", ledger=True)
    async def bom_manufacturing_close_subcontract(
        self, info: Info, input: Annotated[BomManufacturingCloseSubcontractInput, Input]
    ) -> BomManufacturingSubcontractPayload:
        """Close an order to a processor: the rest will not come. Refused while components are accounted to
        him; `reopenOrder` opens it again."""
        context, key = info.context, order_of(input.order_id)
        await orders.close_order(
            context.database, context.principal, input.command_id, key, input.revision
        )
        return await _payload(info, key, key)


def _command(input_: Any, mutation: str) -> Command:
    """What is asked of the ledger, where every document is posted by the same operation."""
    return Command(input_.command_id, {"mutation": mutation, **_asked(input_)})


def _asked(input_: Any) -> dict[str, Any]:
    asked = strawberry.asdict(input_)
    asked.pop("command_id")
    return asked


async def _payload(info: Info, order: UUID, document: UUID) -> BomManufacturingSubcontractPayload:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        return BomManufacturingSubcontractPayload(
            order=(await orders_by_id(tx, [order])).get(order),
            document=(await documents_by_id(tx, [document])).get(document),
        )


EXTENSION = Extension(mutations=Mutations)
