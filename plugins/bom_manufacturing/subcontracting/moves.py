"""What happens to an order to a processor: components go and come back, goods are received, what is missing
is charged, and the fee is put right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Database,
    DocumentDraft,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Transaction,
    define,
    post_many,
    raise_any,
    refuse,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.origins import Origin, Told, placed
from plugins.bom_manufacturing.settings import NAME
from plugins.bom_manufacturing.subcontracting import stock as stored
from plugins.bom_manufacturing.subcontracting.commands import Command
from plugins.bom_manufacturing.subcontracting.documents import (
    CHARGE,
    ISSUE,
    MEANWHILE,
    RECEIPT,
    RETURN,
)
from plugins.bom_manufacturing.subcontracting.orders import NOT_A_COMPONENT
from plugins.bom_manufacturing.subcontracting.rules import Used, further
from plugins.bom_manufacturing.subcontracting.stock import Balance, OpenLine, Order

NOTHING_TO_SEND = define(
    "BOM_MANUFACTURING_NOTHING_TO_SEND",
    en="The order wants nothing more sent: name what is sent beyond it.",
    zh="该委外订单没有待发料;超定额发料请指明物料。",
)
NOTHING_LEFT = define(
    "BOM_MANUFACTURING_NOTHING_LEFT",
    en="The processor has nothing left of this order.",
    zh="加工商处没有该订单的余料。",
)
MORE_LOTS = define(
    "BOM_MANUFACTURING_MORE_LOTS",
    en="The lots named of {item} are more than the {quantity} that are used.",
    zh="{item} 指定的批次数量超过本次耗用 {quantity}。",
)
Drafted = tuple[DocumentDraft, Sequence[Origin]]
_ATTEMPTS = 5
"""Receipts of one order at the same moment are reckoned one after the other."""


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a component, of a lot where one is named; with what other modules are told of it."""

    item_id: UUID
    quantity: Decimal
    lot_code: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)

    def line(self, **more: Any) -> LineDraft:
        """A line of it."""
        return LineDraft(
            self.item_id, self.quantity, lot_code=self.lot_code, extensions=self.extensions, **more
        )


@dataclass(frozen=True, slots=True)
class Head:
    """When, and what for."""

    order_id: UUID
    on: date | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a processor delivers: good and rejected, what he lost of components on the way, by lot what he
    used of them where that is known, further charges, and what other modules are told of the product."""

    received: Decimal
    rejected: Decimal = ZERO
    lost: tuple[Part, ...] = ()
    lots: tuple[Part, ...] = ()
    charges: Decimal | None = None
    lot_code: str | None = None
    place_id: UUID | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


async def send(
    db: Database,
    principal: Principal,
    command: Command,
    head: Head,
    parts: Sequence[Part] | None,
    *,
    beyond: bool = False,
) -> UUID:
    """Send components to the processor (委外发料): these, or all that the order still wants. ``beyond``
    what was ordered only where that is said (补料). Raises Refused."""

    async def draft(tx: Transaction, order: Order) -> Drafted:
        found = (await stored.balances(tx, [order.id]))[order.id]
        wanted = parts
        if wanted is None:
            wanted = [Part(one.item_id, one.to_send) for one in found if one.to_send]
            if not wanted:
                raise refuse(NOTHING_TO_SEND, "components")
        else:
            await _check_parts(tx, wanted, found, "components")
        open_lines = await stored.open_lines(tx, order.id)
        lines = _spread(wanted, open_lines, lambda one: one.ordered - one.sent + one.returned)
        made = DocumentDraft(
            id=uuid7(),
            type=ISSUE,
            business_date=head.on or await today(tx),
            party_id=order.party_id,
            place_id=order.place_id,
            to_place_id=order.processor_place_id,
            source_id=order.id,
            remark=head.remark,
            lines=tuple(_named(lines, beyond=beyond)),
        )
        return made, [] if parts is None else [("components", one.n) for one in lines]

    return await _post(db, principal, command, head.order_id, draft)


async def take_back(
    db: Database,
    principal: Principal,
    command: Command,
    head: Head,
    parts: Sequence[Part] | None,
    place_id: UUID | None,
) -> UUID:
    """Take components back from the processor (委外退料): these, or all that is left. Raises Refused."""

    async def draft(tx: Transaction, order: Order) -> Drafted:
        found = (await stored.balances(tx, [order.id]))[order.id]
        wanted = parts
        if wanted is None:
            wanted = [Part(one.item_id, one.left) for one in found if one.left > 0]
            if not wanted:
                raise refuse(NOTHING_LEFT, "components")
        else:
            await _check_parts(tx, wanted, found, "components")
        open_lines = await stored.open_lines(tx, order.id)
        lines = _spread(wanted, open_lines, lambda one: one.sent - one.returned)
        made = DocumentDraft(
            id=uuid7(),
            type=RETURN,
            business_date=head.on or await today(tx),
            party_id=order.party_id,
            place_id=order.processor_place_id,
            to_place_id=place_id or order.place_id,
            source_id=order.id,
            remark=head.remark,
            lines=tuple(_named(lines, beyond=True)),
        )
        return made, [] if parts is None else [("components", one.n) for one in lines]

    return await _post(db, principal, command, head.order_id, draft)


async def charge(
    db: Database, principal: Principal, command: Command, head: Head, parts: Sequence[Part]
) -> UUID:
    """Charge to the processor what is missing of components (委外扣款): at what they cost. Raises
    Refused."""

    async def draft(tx: Transaction, order: Order) -> Drafted:
        found = (await stored.balances(tx, [order.id]))[order.id]
        await _check_parts(tx, parts, found, "components")
        made = DocumentDraft(
            id=uuid7(),
            type=CHARGE,
            business_date=head.on or await today(tx),
            party_id=order.party_id,
            place_id=order.processor_place_id,
            source_id=order.id,
            remark=head.remark,
            lines=tuple(one.line() for one in parts),
        )
        return made, [("components", n) for n in range(len(parts))]

    return await _post(db, principal, command, head.order_id, draft)


async def receive(
    db: Database, principal: Principal, command: Command, head: Head, delivery: Delivery
) -> UUID:
    """Receive goods from the processor (委外收货): they are worth the components that went into them and
    into what was rejected, losses he may have, his fee and further charges. Where all was rejected, that
    is lost. Raises Refused."""
    raise_any(check.not_negative("rejected", delivery.rejected))
    if delivery.received or not delivery.rejected:
        raise_any(check.positive("received", delivery.received))

    async def draft(tx: Transaction, order: Order) -> Drafted:
        found = (await stored.balances(tx, [order.id]))[order.id]
        await _check_parts(tx, delivery.lost, found, "lost")
        await _check_parts(tx, delivery.lots, found, "lots")
        taken = {one.item_id: _taken(one, order, delivery) for one in found}
        at = order.processor_place_id
        codes = await stored_bills.item_facts(tx, taken)
        lines = list(_delivered(order, delivery))
        for item, used in taken.items():
            lines += _consumed(item, codes[item].code, used, delivery, at)
        made = DocumentDraft(
            id=uuid7(),
            type=RECEIPT,
            business_date=head.on or await today(tx),
            party_id=order.party_id,
            place_id=delivery.place_id or order.product_place_id,
            source_id=order.id,
            remark=head.remark,
            extra_cost=delivery.charges,
            lines=tuple(line for line, _ in lines),
            extensions={
                NAME: {
                    "number": order.receipts + 1,
                    "allowed": {str(key): str(one.allowed_loss) for key, one in taken.items()},
                }
            },
        )
        return made, [origin for _, origin in lines]

    return await _post(db, principal, command, head.order_id, draft)


async def _post(
    db: Database,
    principal: Principal,
    command: Command,
    order_id: UUID,
    draft: Callable[[Transaction, Order], Awaitable[Drafted]],
) -> UUID:
    """Reckon a document on the order as it stands, and post it; again, where the order moved on
    meanwhile."""
    refusals: tuple[Refusal, ...] = ()
    origins: Sequence[Origin] = ()
    for _ in range(_ATTEMPTS):
        async with db.snapshot(principal.tenant_id) as tx:
            if (known := await command.done(tx)) is not None:
                return known
            order = (await stored.orders(tx, [order_id])).get(order_id)
            if order is None:
                raise refuse(NOT_FOUND, "orderId", id=str(order_id))
            made, origins = await draft(tx, order)
        (verdict,) = await post_many(db, principal, [Post(command.posting, made)])
        if verdict.outcome is not None:
            return UUID(verdict.outcome["id"])
        refusals = verdict.refusals
        if not any(refusal.code == MEANWHILE for refusal in refusals):
            break
    raise placed(refusals, origins)


def _taken(one: Balance, order: Order, delivery: Delivery) -> Used:
    lost = sum((part.quantity for part in delivery.lost if part.item_id == one.item_id), ZERO)
    before = order.received + order.rejected, one.taken
    delivered = delivery.received + delivery.rejected
    return further(one.per_unit, one.allowance_pct, before, delivered, lost, one.dp)


def _delivered(order: Order, delivery: Delivery) -> Iterator[Told]:
    """The product, of which his fee is the amount, and what was rejected of it, paid where he gets that."""
    price = order.unit_price or ZERO
    line = LineDraft(order.item_id, discount_pct=order.discount_pct, tax_rate=order.tax_rate)
    if delivery.received:
        good = replace(
            line,
            quantity=delivery.received,
            unit_price=price,
            lot_code=delivery.lot_code,
            source_line=order.line,
            role="produce",
            extensions=delivery.extensions,
        )
        yield good, {"quantity": "received"}
    if delivery.rejected:
        paid = price if order.pays_rejected else ZERO
        bad = replace(line, quantity=delivery.rejected, unit_price=paid, role="rejected")
        yield bad, {"quantity": "rejected"}


def _consumed(item: UUID, code: str, used: Used, delivery: Delivery, at: UUID) -> Iterator[Told]:
    """What the product took of a component, lots that are named first; and what he is charged for."""
    quantity = used.used + used.allowed_loss
    rest = quantity
    for n, part in enumerate(delivery.lots):
        if part.item_id == item:
            rest -= part.quantity
            yield part.line(place_id=at, role="consume"), ("lots", n)
    if rest < 0:
        raise refuse(MORE_LOTS, "lots", item=code, quantity=quantity)
    if rest > 0:
        yield LineDraft(item, rest, place_id=at, role="consume"), None
    if used.charged_loss:
        yield LineDraft(item, used.charged_loss, place_id=at, role="lost"), ("lost",)


@dataclass(frozen=True, slots=True)
class _Spread:
    """The ``n``-th part or some of it, the order's line that it is for, and whether it goes beyond."""

    n: int
    part: Part
    line: int | None
    over: bool


def _spread(
    parts: Sequence[Part], lines: Sequence[OpenLine], free: Callable[[OpenLine], Decimal]
) -> list[_Spread]:
    """Quantities over the lines of the order that are free for them, and what is beyond them with the last
    line of the item. What modules are told of is not torn apart."""
    left = {one.line: max(ZERO, free(one)) for one in lines}
    found: list[_Spread] = []
    for n, part in enumerate(parts):
        rest, last = part.quantity, None
        for one in (line for line in lines if line.item_id == part.item_id):
            take, last = min(rest, left[one.line]), one.line
            if take > 0 and not (part.extensions and take < rest):
                left[one.line] -= take
                rest -= take
                found.append(_Spread(n, replace(part, quantity=take), last, over=False))
        if rest > 0:
            found.append(_Spread(n, replace(part, quantity=rest), last, over=True))
    return found


def _named(spread: Sequence[_Spread], *, beyond: bool) -> Iterator[LineDraft]:
    """Lines that name the order's, and go ``beyond`` without; where they may not, core says so."""
    for one in spread:
        yield one.part.line(source_line=None if one.over and beyond else one.line)


async def _check_parts(
    tx: Transaction, parts: Sequence[Part], found: Sequence[Balance], name: str
) -> None:
    known = {one.item_id for one in found}
    codes: Mapping[UUID, stored_bills.ItemFacts] = await stored_bills.item_facts(
        tx, {part.item_id for part in parts}
    )
    refusals: list[Refusal] = []
    for n, part in enumerate(parts):
        refusals += [r.under(name, n) for r in check.positive("quantity", part.quantity)]
        if part.item_id not in known:
            code = codes[part.item_id].code if part.item_id in codes else str(part.item_id)
            refusals.append(Refusal(NOT_A_COMPONENT, (name, n, "itemId"), {"item": code}))
    raise_any(refusals)
