"""Carrying out work orders over GraphQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid5

import strawberry

from core.plugin_api import clean
from plugins.bom_manufacturing.graphql.asking import BomManufacturingAttributeInput
from plugins.bom_manufacturing.graphql.saving import LONGEST_TEXT
from plugins.bom_manufacturing.graphql.vocabulary import (
    BomManufacturingChargeKind,
    BomManufacturingOrderKind,
)
from plugins.bom_manufacturing.graphql.work_orders import BomManufacturingWorkOrder, orders_by_id
from plugins.bom_manufacturing.rules.records import ZERO
from plugins.bom_manufacturing.work_orders import goods, orders, reporting
from schema.plugin_api import (
    COMMAND_ID,
    Document,
    Extension,
    Info,
    Payload,
    argument,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    payload_type,
    uuid_of,
)

WRITE = "bom_manufacturing.write"
WORK = "bom_manufacturing.work"
_NOTE = 1000


@input_type
class BomManufacturingExtraInput:
    """A component that no bill names."""

    item_id: strawberry.ID = field("The item.")
    quantity: Decimal = field("How much the whole order takes, in base units.")


@input_type
class BomManufacturingSaveWorkOrderInput:
    """A work order as a draft; its components follow from the bill in force on its day."""

    command_id: UUID = field(COMMAND_ID)
    item_id: strawberry.ID = field("What is made, worked on once more, or taken apart.")
    quantity: Decimal = field("How much of it, in base units.")
    place_id: strawberry.ID = field("Where it goes; where it comes from to be taken apart.")
    id: strawberry.ID | None = field(
        "The draft to write anew; a new one if left out.", default=None
    )
    revision: int | None = field("The revision of it that you saw.", default=None)
    kind: BomManufacturingOrderKind = field("What is done.", default=BomManufacturingOrderKind.MAKE)
    on: dt.date | None = field("Its day; today if left out.", default=None)
    component_place_id: strawberry.ID | None = field(
        "Where components come from, or go when it is taken apart; `placeId` if left out.",
        default=None,
    )
    due_on: dt.date | None = field("When it is due.", default=None)
    over_percent: Decimal | None = field(
        "How much more may be reported, in percent; the tenant's setting if left out.", default=None
    )
    attributes: list[BomManufacturingAttributeInput] = field(
        "The variant that is made.", default_factory=list
    )
    alternates: bool = field(
        "Take alternates where a component is short and they lie free (替代料).", default=False
    )
    extras: list[BomManufacturingExtraInput] = field(
        "Further components, for a rework above all.", default_factory=list
    )
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingReleaseInput:
    """A draft that is to be released."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The work order.")
    revision: int = field("The revision you saw.")


@input_type
class BomManufacturingGoodsInput:
    """Goods that are issued or come back: of a line of the order, or of an item beyond it."""

    quantity: Decimal = field("How much, in base units.")
    line: int | None = field("The order's line that is carried out.", default=None)
    item_id: strawberry.ID | None = field(
        "Instead of a line: the item, issued beyond the order (补料).", default=None
    )
    place_id: strawberry.ID | None = field(
        "Where from, or where to; the line's place if left out.", default=None
    )
    lot_code: str | None = field("The lot; the first in if left out.", default=None)
    lost: bool = field("On a return: it was spoiled in work and is scrapped.", default=False)


@input_type
class BomManufacturingIssueInput:
    """Components for an order (领料)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    lines: list[BomManufacturingGoodsInput] | None = field(
        "What is issued; all that is still to be issued if left out.", default=None
    )
    on: dt.date | None = field("The day; today if left out.", default=None)


@input_type
class BomManufacturingReturnInput:
    """What comes back from the work (退料)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    lines: list[BomManufacturingGoodsInput] = field("What comes back, or is scrapped.")
    on: dt.date | None = field("The day; today if left out.", default=None)


@input_type
class BomManufacturingToldInput:
    """What was really used of an item, or came out of it besides."""

    item_id: strawberry.ID = field("The item.")
    quantity: Decimal = field("How much, in base units; zero for nothing.")
    lot_code: str | None = field("The lot.", default=None)


@input_type
class BomManufacturingReportInput:
    """What was made of an order (报工)."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    quantity: Decimal = field("How much was good and comes in, in base units; zero for none.")
    scrapped: Decimal = field("How much was not, and does not come in.", default=ZERO)
    place_id: strawberry.ID | None = field(
        "Where it goes; the order's place if left out.", default=None
    )
    lot_code: str | None = field("Its lot.", default=None)
    used: list[BomManufacturingToldInput] = field(
        "What was used of items where it is not the standard; of the others their part of what is in"
        " work, and the standard of what is backflushed (倒冲).",
        default_factory=list,
    )
    outputs: list[BomManufacturingToldInput] = field(
        "What came out besides where it is not what was expected.", default_factory=list
    )
    on: dt.date | None = field("The day; today if left out.", default=None)
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingChargeInput:
    """What an order cost besides its components."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")
    kind: BomManufacturingChargeKind = field("For what.")
    amount: Decimal = field("How much.")
    remark: str | None = field("A note.", default=None)


@input_type
class BomManufacturingWorkOrderInput:
    """A step of a work order."""

    command_id: UUID = field(COMMAND_ID)
    order_id: strawberry.ID = field("The work order.")


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
        """Write a work order as a draft, or write a draft anew, of the bill in force on its day. Nothing
        is reserved."""
        context = info.context
        key = (
            _order(input.id, "id")
            if input.id
            else uuid5(input.command_id, "bom_manufacturing order")
        )
        await orders.save(
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
        return await _stopped(info, input, stopped=True)

    @mutation_field(permission=WORK)
    async def bom_manufacturing_resume(
        self, info: Info, input: Sent
    ) -> BomManufacturingWorkOrderPayload:
        """Let a stopped order go on."""
        return await _stopped(info, input, stopped=False)

    @mutation_field(permission=WRITE, ledger=True)
    async def bom_manufacturing_close(
        self, info: Info, input: Sent
    ) -> BomManufacturingWorkOrderPayload:
        """Close an order (结案): what is left in work goes to variance, what is reserved is free again."""
        context, key = info.context, _order(input.order_id)
        asked = _asked("close", input)
        await orders.close(context.database, context.principal, input.command_id, key, asked)
        return await _payload(info, key)


async def _stopped(
    info: Info, input: BomManufacturingWorkOrderInput, *, stopped: bool
) -> BomManufacturingWorkOrderPayload:
    context, key = info.context, _order(input.order_id)
    asked = _asked("stop" if stopped else "resume", input)
    await orders.stop(
        context.database,
        context.principal,
        input.command_id,
        key,
        stopped=stopped,
        asked=asked,
    )
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


def _wanted(sent: BomManufacturingSaveWorkOrderInput) -> orders.Wanted:
    place = _place(sent.place_id, "placeId")
    assert place is not None
    return orders.Wanted(
        uuid_of(sent.item_id, "Item", "itemId"),
        sent.quantity,
        place,
        str(sent.kind.value),
        sent.on,
        _place(sent.component_place_id, "componentPlaceId"),
        sent.due_on,
        sent.over_percent,
        {
            clean(one.attribute, "attributes", LONGEST_TEXT): clean(
                one.value, "attributes", LONGEST_TEXT
            )
            for one in sent.attributes
        },
        sent.alternates,
        tuple(
            orders.Extra(uuid_of(one.item_id, "Item", "extras", n, "itemId"), one.quantity)
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
        )
        for n, one in enumerate(sent)
    ]


def _told(name: str, sent: Sequence[BomManufacturingToldInput]) -> tuple[reporting.Told, ...]:
    return tuple(
        reporting.Told(
            uuid_of(one.item_id, "Item", name, n, "itemId"), one.quantity, _lot(one.lot_code)
        )
        for n, one in enumerate(sent)
    )


def _order(id: strawberry.ID, path: str = "orderId") -> UUID:
    return uuid_of(id, "BomManufacturingWorkOrder", path)


def _place(id: strawberry.ID | None, *path: str | int) -> UUID | None:
    return None if id is None else uuid_of(id, "Place", *path)


def _lot(code: str | None) -> str | None:
    return None if code is None else clean(code, "lotCode", LONGEST_TEXT)


def _note(text: str | None) -> str | None:
    return None if text is None else clean(text, "remark", _NOTE, required=False) or None


EXTENSION = Extension(mutations=Mutations)
