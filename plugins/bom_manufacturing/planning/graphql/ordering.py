"""Making orders of what is planned over GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Refusal
from plugins.bom_manufacturing.bills.graphql.bills import READ
from plugins.bom_manufacturing.planning import orders
from plugins.bom_manufacturing.planning.drafts import Named
from plugins.bom_manufacturing.planning.graphql.plans import SUGGESTION
from plugins.bom_manufacturing.vocabulary import BomManufacturingPurchaseKind
from plugins.bom_manufacturing.work_orders.graphql.work_orders import (
    BomManufacturingWorkOrder,
    orders_by_id,
)
from schema.plugin_api import (
    COMMAND_ID,
    Context,
    Document,
    Extension,
    Info,
    Payload,
    UserError,
    argument,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    optional_uuid,
    payload_type,
    user_error,
    uuid_of,
)


@input_type
class BomManufacturingChosenSuggestionInput:
    """A suggestion of which an order shall be made."""

    id: strawberry.ID = field("The suggestion.")
    supplier_id: strawberry.ID | None = field(
        "The supplier of what is bought, or the processor of what he makes; left out for the one that is"
        " preferred.",
        default=None,
    )
    fee: Decimal | None = field(
        "What a processor gets for one (加工费); left out for what is told of the item.",
        default=None,
    )
    processor_place_id: strawberry.ID | None = field(
        "Where a processor has the components; his only place when left out.", default=None
    )


@input_type
class BomManufacturingOrderSuggestionsInput:
    """Suggestions of which orders shall be made."""

    command_id: UUID = field(COMMAND_ID)
    suggestions: list[BomManufacturingChosenSuggestionInput] = field(
        f"What is bought and what is made, at most {orders.MOST}."
    )
    purchases: BomManufacturingPurchaseKind = field(
        "What becomes of that which is bought.",
        default=BomManufacturingPurchaseKind.PURCHASE_ORDER,
    )
    place_id: strawberry.ID | None = field(
        "Where the goods shall come; left out for the place that was planned.", default=None
    )
    component_place_id: strawberry.ID | None = field(
        "Where components come from, also those that processors get; left out for where the products go.",
        default=None,
    )
    approve: bool = field(
        "Approve purchases and orders to processors, and release work orders (下达) at once. One that cannot"
        " be stays a draft, and `refused` says why; send the same command again to go on.",
        default=False,
    )


@payload_type
class BomManufacturingOrdersPayload(Payload):
    """The orders: drafts, unless they were approved or released."""

    purchases: list[Document] | None = field(
        "Requisitions or purchase orders, one for each supplier; null if refused.", default=None
    )
    subcontract_orders: list[Document] | None = field(
        "Orders to processors, one for each suggestion; null if refused.", default=None
    )
    work_orders: list[BomManufacturingWorkOrder] | None = field(
        "Work orders, one for each suggestion; null if refused.", default=None
    )
    refused: list[UserError] | None = field(
        "Why orders were not approved or released, with paths from `purchases`, `subcontractOrders` or"
        " `workOrders` on; null if nothing was ordered.",
        default=None,
    )


class Mutations:
    """Ordering what is planned."""

    @mutation_field(permission=READ, ledger=True, bulk=True)
    async def bom_manufacturing_order_suggestions(
        self,
        info: Info,
        input: Annotated[BomManufacturingOrderSuggestionsInput, argument("What to order.")],
    ) -> BomManufacturingOrdersPayload:
        """Make orders of suggestions, of all or of none: requisitions or purchase orders of what is bought,
        one for each supplier, and orders to processors and work orders of what is made, one for each, by the
        bills in force. A suggestion becomes an order once. Buying and ordering from processors takes the
        permission `documents.write`, to approve `documents.approve`; making `bom_manufacturing.write`."""
        context = info.context
        wanted = [_named(one, n) for n, one in enumerate(input.suggestions)]
        how = orders.How(
            str(input.purchases.value),
            optional_uuid(input.place_id, "Place", "placeId"),
            optional_uuid(input.component_place_id, "Place", "componentPlaceId"),
            input.approve,
        )
        asked = {
            "suggestions": [astuple(one) for one in wanted],
            "purchases": how.bought,
            "placeId": how.place,
            "componentPlaceId": how.components,
            "approve": how.approve,
        }
        made = await orders.order(
            context.database, context.principal, input.command_id, wanted, how, asked
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            documents = await documents_by_id(tx, [*made.purchases, *made.subcontracts])
            work_orders = await orders_by_id(tx, made.work_orders)
        return BomManufacturingOrdersPayload(
            purchases=[documents[key] for key in made.purchases if key in documents],
            subcontract_orders=[documents[key] for key in made.subcontracts if key in documents],
            work_orders=[work_orders[key] for key in made.work_orders if key in work_orders],
            refused=[
                *_told(context, "purchases", made.unapproved),
                *_told(context, "subcontractOrders", made.unapproved_subcontracts),
                *_told(context, "workOrders", made.unreleased),
            ],
        )


def _named(sent: BomManufacturingChosenSuggestionInput, n: int) -> Named:
    where = ("suggestions", n)
    return Named(
        uuid_of(sent.id, SUGGESTION, *where, "id"),
        optional_uuid(sent.supplier_id, "Party", *where, "supplierId"),
        sent.fee,
        optional_uuid(sent.processor_place_id, "Place", *where, "processorPlaceId"),
    )


def _told(context: Context, name: str, refusals: Sequence[Refusal]) -> list[UserError]:
    return [user_error(one.under(name), context.language) for one in refusals]


EXTENSION = Extension(mutations=Mutations)
