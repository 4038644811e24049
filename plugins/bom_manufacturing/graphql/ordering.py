"""Making orders of what is planned over GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import NOT_FOUND, PERMISSION_DENIED, Refusal, refuse
from plugins.bom_manufacturing.graphql.bills import READ
from plugins.bom_manufacturing.graphql.plans import SUGGESTION
from plugins.bom_manufacturing.graphql.work_orders import BomManufacturingWorkOrder, orders_by_id
from plugins.bom_manufacturing.graphql.working import WRITE
from plugins.bom_manufacturing.planning import orders
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

APPROVE = "documents.approve"


@input_type
class BomManufacturingPurchaseInput:
    """A suggestion that shall be ordered."""

    id: strawberry.ID = field("The suggestion.")
    supplier_id: strawberry.ID | None = field(
        "The supplier; left out for the one that is preferred.", default=None
    )


@input_type
class BomManufacturingOrderPurchasesInput:
    """Suggestions that shall be ordered."""

    command_id: UUID = field(COMMAND_ID)
    suggestions: list[BomManufacturingPurchaseInput] = field(f"At most {orders.MOST}.")
    place_id: strawberry.ID | None = field(
        "Where the goods shall come; left out for the place that was planned.", default=None
    )
    approve: bool = field(
        "Approve the orders at once. One that cannot be approved stays a draft, and `refused` says why; send"
        " the same command again to go on.",
        default=False,
    )


@payload_type
class BomManufacturingOrdersPayload(Payload):
    """The orders."""

    documents: list[Document] | None = field(
        "Purchase orders, one for each supplier: drafts, unless they were approved; null if refused.",
        default=None,
    )
    refused: list[UserError] | None = field(
        "Why orders were not approved, with paths from `documents` on; null if nothing was ordered.",
        default=None,
    )


@input_type
class BomManufacturingOrderWorkInput:
    """Suggestions that shall be made."""

    command_id: UUID = field(COMMAND_ID)
    suggestions: list[strawberry.ID] = field(f"At most {orders.MOST}.")
    place_id: strawberry.ID | None = field(
        "Where the products go; left out for the place that was planned.", default=None
    )
    component_place_id: strawberry.ID | None = field(
        "Where components come from; left out for where the products go.", default=None
    )
    release: bool = field(
        "Release the orders at once (下达). One that cannot be released stays a draft, and `refused` says"
        " why; send the same command again to go on.",
        default=False,
    )


@payload_type
class BomManufacturingWorkOrdersPayload(Payload):
    """The orders."""

    orders: list[BomManufacturingWorkOrder] | None = field(
        "Work orders, one for each suggestion: drafts, unless they were released; null if refused.",
        default=None,
    )
    refused: list[UserError] | None = field(
        "Why orders were not released, with paths from `orders` on; null if nothing was ordered.",
        default=None,
    )


class Mutations:
    """Ordering what is planned."""

    @mutation_field(permission="documents.write", ledger=True, bulk=True)
    async def bom_manufacturing_order_purchases(
        self,
        info: Info,
        input: Annotated[BomManufacturingOrderPurchasesInput, argument("What to order.")],
    ) -> BomManufacturingOrdersPayload:
        """Make purchase orders of suggestions, one for each supplier: all of them, or none. A suggestion
        becomes an order once."""
        context = info.context
        _check_may_read(context)
        if input.approve and not context.may(APPROVE):
            raise refuse(PERMISSION_DENIED, "approve", permission=APPROVE)
        wanted = [
            (
                uuid_of(one.id, SUGGESTION, "suggestions", n, "id"),
                optional_uuid(one.supplier_id, "Party", "suggestions", n, "supplierId"),
            )
            for n, one in enumerate(input.suggestions)
        ]
        place = optional_uuid(input.place_id, "Place", "placeId")
        asked = {"suggestions": wanted, "placeId": place, "approve": input.approve}
        keys = await orders.order_purchases(
            context.database, context.principal, input.command_id, wanted, place, asked
        )
        refusals: list[Refusal] = []
        if input.approve:
            refusals = await orders.approve(
                context.database, context.principal, input.command_id, keys
            )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            found = await documents_by_id(tx, keys)
        return BomManufacturingOrdersPayload(
            documents=[found[key] for key in keys if key in found],
            refused=_told(context, "documents", refusals),
        )

    @mutation_field(permission=WRITE, ledger=True, bulk=True)
    async def bom_manufacturing_order_work(
        self,
        info: Info,
        input: Annotated[BomManufacturingOrderWorkInput, argument("What to make.")],
    ) -> BomManufacturingWorkOrdersPayload:
        """Make work orders of suggestions, one for each, by the bills in force: all of them, or none. A
        suggestion becomes an order once."""
        context = info.context
        _check_may_read(context)
        wanted = [
            uuid_of(one, SUGGESTION, "suggestions", n) for n, one in enumerate(input.suggestions)
        ]
        place, components = (
            optional_uuid(one, "Place", name)
            for one, name in (
                (input.place_id, "placeId"),
                (input.component_place_id, "componentPlaceId"),
            )
        )
        asked = {"suggestions": wanted, "placeId": place, "componentPlaceId": components}
        keys = await orders.order_work(
            context.database,
            context.principal,
            input.command_id,
            wanted,
            place,
            components,
            {**asked, "release": input.release},
        )
        refusals: list[Refusal] = []
        if input.release:
            refusals = await orders.release(
                context.database, context.principal, input.command_id, keys
            )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            found = await orders_by_id(tx, keys)
        return BomManufacturingWorkOrdersPayload(
            orders=[found[key] for key in keys if key in found],
            refused=_told(context, "orders", refusals),
        )


def _check_may_read(context: Context) -> None:
    """Whoever may not see plans knows of no suggestions."""
    if not context.may(READ):
        raise refuse(NOT_FOUND, "suggestions", id="")


def _told(context: Context, name: str, refusals: Sequence[Refusal]) -> list[UserError]:
    return [user_error(one.under(name), context.language) for one in refusals]


EXTENSION = Extension(mutations=Mutations)
