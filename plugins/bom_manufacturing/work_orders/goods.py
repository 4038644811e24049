"""What goes to the work and comes back: issues (领料), supplementary issues (补料), returns (退料)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    NOT_FOUND,
    REQUIRED,
    Database,
    DocumentDraft,
    Line,
    LineDraft,
    Principal,
    Transaction,
    lines_of_documents,
    refuse,
    today,
)
from plugins.bom_manufacturing.bills.rules.records import Supply
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.carrying import carry_out
from plugins.bom_manufacturing.work_orders.posting import KEPT
from plugins.bom_manufacturing.work_orders.stock import WorkOrder
from plugins.bom_manufacturing.work_orders.types import ISSUE, RETURN

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Goods:
    """What is issued or comes back: of a line of the order, or of an item beyond it. ``lost`` did not come
    back, it is scrapped. ``extensions`` is what other modules are told of it."""

    quantity: Decimal
    line: int | None = None
    item_id: UUID | None = None
    place_id: UUID | None = None
    lot_code: str | None = None
    lost: bool = False
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """An order as it stands: its document's lines, and what of them was carried out."""

    order: WorkOrder
    lines: Mapping[int, Line]
    done: Mapping[int, Decimal]

    def open(self, line: Line) -> Decimal:
        """What is left of a line."""
        return max(ZERO, line.base_quantity - self.done.get(line.no, ZERO))


async def known(tx: Transaction, order_id: UUID) -> Known:
    """What the snapshot says of an order. Raises Refused where it is none."""
    order = (await stored.orders_by_id(tx, [order_id])).get(order_id)
    if order is None:
        raise refuse(NOT_FOUND, "orderId", id=str(order_id))
    lines = (await lines_of_documents(tx, [order_id])).get(order_id, {})
    done = await stored.done(tx, [order_id])
    return Known(order, lines, {no: quantity for (_, no), quantity in done.items()})


async def day_of(tx: Transaction, order: WorkOrder, on: date | None) -> date:
    """The day on which something is carried out of an order, today unless said. Raises Refused where the
    order does not stand so that anything could be."""
    day = on or await today(tx)
    check_released(order)
    if day < order.business_date:
        ordered = order.business_date.isoformat()
        raise refuse(work.BEFORE_ORDER, "on", date=day.isoformat(), ordered=ordered)
    return day


def check_released(order: WorkOrder) -> None:
    """Raises Refused where an order is not released yet, or closed."""
    if order.status == "closed" or order.state == "closed":
        raise refuse(work.CLOSED, "orderId")
    if order.state != "approved":
        raise refuse(work.NOT_RELEASED, "orderId")


def supply_of(line: Line) -> Supply:
    """How a component gets to the work; one that says nothing of it is issued."""
    return Supply(line.extensions.get(KEPT, {}).get("supply", Supply.ISSUE.value))


async def issue(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    goods: Sequence[Goods] | None,
    on: date | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Issue components to an order: those named, or all that are still to be issued. Raises Refused."""

    async def draft_of(tx: Transaction) -> DocumentDraft:
        found = await known(tx, order_id)
        day = await day_of(tx, found.order, on)
        if goods is None:
            lines = [
                LineDraft(
                    line.item_id,
                    found.open(line),
                    place_id=line.place_id,
                    lot_code=line.lot_code,
                    source_line=line.no,
                )
                for line in found.lines.values()
                if line.role == "consume"
                and supply_of(line) is Supply.ISSUE
                and found.open(line) > 0
            ]
            if not lines:
                raise refuse(work.NOTHING_TO_ISSUE, "lines")
        else:
            lines = [_line(found, n, one) for n, one in enumerate(goods)]
        id_ = uuid5(command_id, "document")
        return DocumentDraft(id_, ISSUE, day, tuple(lines), source_id=order_id)

    made = await carry_out(db, principal, command_id, asked, draft_of)
    assert made is not None
    return made


async def take_back(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    goods: Sequence[Goods],
    on: date | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Bring components back from the work, or scrap what was spoiled there. Raises Refused."""

    async def draft_of(tx: Transaction) -> DocumentDraft:
        found = await known(tx, order_id)
        day = await day_of(tx, found.order, on)
        lines = []
        for n, one in enumerate(goods):
            line = _line(found, n, one)
            back = LineDraft(
                line.item_id,
                line.quantity,
                lot_code=line.lot_code,
                source_line=line.source_line,
                to_place_id=line.place_id,
                role="lost" if one.lost else None,
                extensions=one.extensions,
            )
            lines.append(back)
        id_ = uuid5(command_id, "document")
        return DocumentDraft(id_, RETURN, day, tuple(lines), source_id=order_id)

    made = await carry_out(db, principal, command_id, asked, draft_of)
    assert made is not None
    return made


def _line(known: Known, n: int, one: Goods) -> LineDraft:
    """A line of an issue, as core takes it. Raises Refused."""
    if one.line is None:
        if one.item_id is None:
            raise refuse(REQUIRED, "lines", n, "itemId", field="itemId")
        place = one.place_id or usual_place(known)
        return LineDraft(
            one.item_id,
            one.quantity,
            place_id=place,
            lot_code=one.lot_code,
            extensions=one.extensions,
        )
    line = known.lines.get(one.line)
    if line is None or line.role != "consume" or one.item_id not in (None, line.item_id):
        raise refuse(NOT_FOUND, "lines", n, "line", id=one.line)
    return LineDraft(
        line.item_id,
        one.quantity,
        place_id=one.place_id or line.place_id,
        lot_code=one.lot_code,
        source_line=line.no,
        extensions=one.extensions,
    )


def usual_place(known: Known) -> UUID:
    """Where components of the order come from."""
    places = (line.place_id for line in known.lines.values() if line.role == "consume")
    return next((place for place in places if place is not None), known.order.place_id)
