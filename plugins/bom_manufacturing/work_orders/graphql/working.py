"""Carrying out work orders over GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID, uuid5

import strawberry

from core.plugin_api import clean
from plugins.bom_manufacturing.bills.graphql.asking import variant_of
from plugins.bom_manufacturing.bills.graphql.saving import LONGEST_TEXT
from plugins.bom_manufacturing.work_orders import drafting, goods, orders, reporting
from plugins.bom_manufacturing.work_orders.graphql.inputs import (
    BomManufacturingChargeInput,
    BomManufacturingGoodsInput,
    BomManufacturingIssueInput,
    BomManufacturingReleaseInput,
    BomManufacturingReportInput,
    BomManufacturingReturnInput,
    BomManufacturingSaveWorkOrderInput,
    BomManufacturingToldInput,
    BomManufacturingWorkOrderInput,
)
from plugins.bom_manufacturing.work_orders.graphql.work_orders import (
    BomManufacturingWorkOrder,
    orders_by_id,
)
from schema.plugin_api import (
    Document,
    Extension,
    Info,
    Payload,
    argument,
    documents_by_id,
    field,
    kept_with_document,
    mutation_field,
    optional_uuid,
    payload_type,
    uuid_of,
)

WRITE = "bom_manufacturing.write"
WORK = "bom_manufacturing.work"
_NOTE = 1000


@payload_type
class BomManufacturingWorkOrderPayload(Payload):
    """The order as it stands now, and what was posted for it."""

    order: BomManufacturingWorkOrder | None = field(
        "The work order; null if it was refused.", default=None
    )
    document: Document | None = field(
        "What was posted: the issue, the return, the receipt; else null.", default=None
    )


Sent = Annotated[BomManufacturingWorkOrderInput, argument("Which work order.")]


class Mutations:
    """Steps of work orders."""

    @mutation_field(permission=WRITE)
    async def bom_manufacturing_save_work_order(
        self,
        info: Info,
        input: Annotated[BomManufacturingSaveWorkOrderInput, argument("The draft.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Write a work order as a draft, or write a draft anew, by the bill in force on the day it is
        begun. Nothing is reserved."""
        context = info.context
        key = (
            _order(input.id, "id")
            if input.id
            else uuid5(input.command_id, "bom_manufacturing order")
        )
        await drafting.save(
            context.database,
            context.principal,
            input.command_id,
            key,
            _wanted(input),
            input.revision,
            _asked("saveWorkOrder", input),
        )
        return await _payload(info, key)

    @mutation_field(permission=WRITE, ledger=True)
    async def bom_manufacturing_release(
        self,
        info: Info,
        input: Annotated[BomManufacturingReleaseInput, argument("Which draft.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Release a work order (下达): its components are reserved, its product is expected."""
        context, key = info.context, _order(input.id, "id")
        asked = _asked("release", input)
        await orders.release(
            context.database, context.principal, input.command_id, key, input.revision, asked
        )
        return await _payload(info, key)

    @mutation_field(permission=WORK, ledger=True)
    async def bom_manufacturing_issue(
        self,
        info: Info,
        input: Annotated[BomManufacturingIssueInput, argument("What is issued.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Issue components to an order (领料): what was reserved for it, and more where it is named by its
        item (补料)."""
        context, key = info.context, _order(input.order_id)
        sent = None if input.lines is None else _goods(input.lines)
        asked = _asked("issue", input)
        made = await goods.issue(
            context.database, context.principal, input.command_id, key, sent, input.on, asked
        )
        return await _payload(info, key, made)

    @mutation_field(permission=WORK, ledger=True)
    async def bom_manufacturing_return(
        self,
        info: Info,
        input: Annotated[BomManufacturingReturnInput, argument("What comes back.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Bring components back from the work (退料), or scrap what was spoiled there."""
        context, key = info.context, _order(input.order_id)
        sent, asked = _goods(input.lines), _asked("return", input)
        made = await goods.take_back(
            context.database, context.principal, input.command_id, key, sent, input.on, asked
        )
        return await _payload(info, key, made)

    @mutation_field(permission=WORK, ledger=True)
    async def bom_manufacturing_report(
        self,
        info: Info,
        input: Annotated[BomManufacturingReportInput, argument("What was made.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Report what was made (报工): it comes in at its part of what is in work and charged, and the
        last takes all."""
        context, key = info.context, _order(input.order_id)
        sent = reporting.Report(
            key,
            input.quantity,
            input.scrapped,
            _place(input.place_id, "placeId"),
            _lot(input.lot_code),
            input.on,
            _told("used", input.used),
            _told("outputs", input.outputs),
            _note(input.remark),
            kept_with_document(input),
        )
        made = await reporting.report(
            context.database, context.principal, input.command_id, sent, _asked("report", input)
        )
        return await _payload(info, key, made)

    @mutation_field(permission=WRITE)
    async def bom_manufacturing_charge(
        self,
        info: Info,
        input: Annotated[BomManufacturingChargeInput, argument("What it cost.")],
    ) -> BomManufacturingWorkOrderPayload:
        """Charge an order with labour, overhead or a fee, which joins the cost of what is reported
        later."""
        context, key = info.context, _order(input.order_id)
        await orders.charge(
            context.database,
            context.principal,
            input.command_id,
            key,
            str(input.kind.value),
            input.amount,
            _note(input.remark),
            _asked("charge", input),
        )
        return await _payload(info, key)

    @mutation_field(permission=WORK)
    async def bom_manufacturing_stop(
        self, info: Info, input: Sent
    ) -> BomManufacturingWorkOrderPayload:
        """Stop an order: nothing is issued to it or reported of it until it is resumed."""
        context, key = info.context, _order(input.order_id)
        asked = _asked("stop", input)
        await orders.stop(context.database, context.principal, input.command_id, key, asked)
        return await _payload(info, key)

    @mutation_field(permission=WORK, ledger=True)
    async def bom_manufacturing_resume(
        self, info: Info, input: Sent
    ) -> BomManufacturingWorkOrderPayload:
        """Let an order go on that was stopped, or closed too early (反结案): what is open of it is reserved
        again."""
        context, key = info.context, _order(input.order_id)
        asked = _asked("resume", input)
        await orders.resume(context.database, context.principal, input.command_id, key, asked)
        return await _payload(info, key)

    @mutation_field(permission=WRITE, ledger=True)
    async def bom_manufacturing_close(
        self, info: Info, input: Sent
    ) -> BomManufacturingWorkOrderPayload:
        """Close an order (结案): what is left in work goes to variance, what is reserved is free again."""
        context, key = info.context, _order(input.order_id)
        asked = _asked("close", input)
        await orders.close(context.database, context.principal, input.command_id, key, asked)
        return await _payload(info, key)


async def _payload(
    info: Info, key: UUID, made: UUID | None = None
) -> BomManufacturingWorkOrderPayload:
    context = info.context
    async with context.database.snapshot(context.principal.tenant_id) as tx:
        order = (await orders_by_id(tx, [key])).get(key)
        document = (await documents_by_id(tx, [made])).get(made) if made else None
    return BomManufacturingWorkOrderPayload(order=order, document=document)


def _asked(mutation: str, input: Any) -> dict[str, Any]:
    """What was sent, as it counts in the hash of the command."""
    asked = strawberry.asdict(input)
    asked.pop("command_id")
    return {"bomManufacturing": mutation, **asked}


def _wanted(sent: BomManufacturingSaveWorkOrderInput) -> drafting.Wanted:
    place = _place(sent.place_id, "placeId")
    assert place is not None
    return drafting.Wanted(
        uuid_of(sent.item_id, "Item", "itemId"),
        sent.quantity,
        place,
        str(sent.kind.value),
        sent.on,
        _place(sent.component_place_id, "componentPlaceId"),
        sent.starts_on,
        sent.due_on,
        sent.over_percent,
        variant_of(sent.attributes),
        sent.alternates,
        tuple(
            drafting.Extra(uuid_of(one.item_id, "Item", "extras", n, "itemId"), one.quantity)
            for n, one in enumerate(sent.extras)
        ),
        _note(sent.remark),
    )


def _goods(sent: Sequence[BomManufacturingGoodsInput]) -> list[goods.Goods]:
    return [
        goods.Goods(
            one.quantity,
            one.line,
            uuid_of(one.item_id, "Item", "lines", n, "itemId") if one.item_id else None,
            _place(one.place_id, "lines", n, "placeId"),
            _lot(one.lot_code),
            one.lost,
            kept_with_document(one, "lines", n),
        )
        for n, one in enumerate(sent)
    ]


def _told(name: str, sent: Sequence[BomManufacturingToldInput]) -> tuple[reporting.Told, ...]:
    return tuple(
        reporting.Told(
            uuid_of(one.item_id, "Item", name, n, "itemId"),
            one.quantity,
            _lot(one.lot_code),
            kept_with_document(one, name, n),
        )
        for n, one in enumerate(sent)
    )


def _order(id: strawberry.ID, path: str = "orderId") -> UUID:
    return uuid_of(id, "BomManufacturingWorkOrder", path)


def _place(id: strawberry.ID | None, *path: str | int) -> UUID | None:
    return optional_uuid(id, "Place", *path)


def _lot(code: str | None) -> str | None:
    return None if code is None else clean(code, "lotCode", LONGEST_TEXT)


def _note(text: str | None) -> str | None:
    return None if text is None else clean(text, "remark", _NOTE, required=False) or None


EXTENSION = Extension(mutations=Mutations)
