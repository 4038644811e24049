"""Reporting what was made (报工、完工入库): what it takes out of work and from the shelf, and what it brings.

It is reckoned from a snapshot. Where another report came between, the posting is refused under the lock
and reckoned anew (:mod:`plugins.bom_manufacturing.work_orders.carrying`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    NOT_FOUND,
    Database,
    DocumentDraft,
    Line,
    LineDraft,
    Ordered,
    Principal,
    Refusal,
    Refused,
    Rounding,
    Transaction,
    amount_decimals,
    exact,
    raise_any,
    record_audit,
    refuse,
    rounded,
    run_command,
)
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules.records import Supply
from plugins.bom_manufacturing.origins import Origin, placed
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.carrying import carry_out
from plugins.bom_manufacturing.work_orders.drafting import costs_now
from plugins.bom_manufacturing.work_orders.goods import (
    ZERO,
    Known,
    day_of,
    known,
    supply_of,
    usual_place,
)
from plugins.bom_manufacturing.work_orders.posting import KEPT
from plugins.bom_manufacturing.work_orders.stock import InWork
from plugins.bom_manufacturing.work_orders.types import RECEIPT


@dataclass(frozen=True, slots=True)
class Told:
    """What of an item was really used, or came out besides, of a lot where it is named. ``extensions`` is
    what other modules are told of it."""

    item_id: UUID
    quantity: Decimal
    lot_code: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What was made of an order. ``used`` replaces the standard use of the items it names, ``outputs``
    what is expected of them besides; ``place_id`` is where the product goes, ``extensions`` what other
    modules are told of it."""

    order_id: UUID
    quantity: Decimal
    scrapped: Decimal = ZERO
    place_id: UUID | None = None
    lot_code: str | None = None
    on: date | None = None
    used: tuple[Told, ...] = ()
    outputs: tuple[Told, ...] = ()
    remark: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> Decimal:
        """Good or not, it was worked on."""
        return self.quantity + self.scrapped


async def report(
    db: Database,
    principal: Principal,
    command_id: UUID,
    sent: Report,
    asked: Mapping[str, Any],
) -> UUID | None:
    """Report what was made; the id of the receipt, None where nothing was good: then what it used stays
    with the others. Raises Refused."""
    _check(sent)
    if not sent.quantity:
        await _scrap(db, principal, command_id, sent, asked)
        return None
    origins: Sequence[Origin] = ()

    async def draft_of(tx: Transaction) -> DocumentDraft:
        nonlocal origins
        found = await known(tx, sent.order_id)
        order = found.order
        day = await day_of(tx, order, sent.on)
        # core says it of lines; here it is said of the quantity
        Ordered(order.quantity, order.over_pct or ZERO, order.reported).take(sent.quantity)
        items = {line.item_id for line in found.lines.values()}
        in_work = (await stored.in_work(tx, [sent.order_id])).get(sent.order_id, [])
        there = _There(in_work)
        told = {one.item_id for one in (*sent.used, *sent.outputs)}
        digits = await stored_bills.decimals(tx, items | told | there.items.keys())
        if sent.scrapped:
            raise_any(check.amount("scrapped", sent.scrapped, digits[order.item_id]))
        reckoned = _Reckoning(sent, found, there, digits).lines()
        lines, origins = [line for line, _ in reckoned], [origin for _, origin in reckoned]
        if found.order.kind == "disassemble":
            lines = await _shared(tx, lines)
        charges = work.taken(order.open_charges, sent.whole, order.open, await amount_decimals(tx))
        figures = (order.reported, order.scrapped, order.absorbed)
        kept = {"reported": sent.quantity, "scrapped": sent.scrapped, "seen": list(figures)}
        return DocumentDraft(
            uuid5(command_id, "document"),
            RECEIPT,
            day,
            tuple(lines),
            place_id=sent.place_id or order.place_id,
            source_id=order.id,
            extra_cost=charges or None,
            remark=sent.remark,
            extensions={KEPT: kept},
        )

    try:
        return await carry_out(db, principal, command_id, asked, draft_of)
    except Refused as refused:
        # several lines together are of nothing that was sent by itself
        raise placed(map(_of_report, refused.refusals), origins) from None


def _of_report(refusal: Refusal) -> Refusal:
    return replace(refusal, path=()) if refusal.path == ("lines",) else refusal


def _check(sent: Report) -> None:
    found: list[Refusal] = []
    if sent.quantity or not sent.scrapped:
        found += check.positive("quantity", sent.quantity)
    if sent.quantity and sent.scrapped:
        found += check.positive("scrapped", sent.scrapped)
    for name, told in (("used", sent.used), ("outputs", sent.outputs)):
        for n, one in enumerate(told):
            if one.quantity:
                found += [r.under(name, n) for r in check.positive("quantity", one.quantity)]
    if found:
        raise Refused(*found)


async def _scrap(
    db: Database, principal: Principal, command_id: UUID, sent: Report, asked: Mapping[str, Any]
) -> None:
    """Nothing came in: what is in work is left to what will. Below zero, it takes back what was told in
    this way."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        order = await stored.lock(tx, sent.order_id)
        if order is None:
            raise refuse(NOT_FOUND, "orderId", id=str(sent.order_id))
        day = await day_of(tx, order, sent.on)
        if order.status == "stopped":
            raise refuse(work.STOPPED)
        digits = (await stored_bills.decimals(tx, [order.item_id]))[order.item_id]
        raise_any(check.amount("scrapped", abs(sent.scrapped), digits))
        by_itself = order.scrapped - await stored.scrapped_with_goods(tx, order.id)
        if by_itself + sent.scrapped < 0:
            figures = {"quantity": -sent.scrapped, "scrapped": by_itself}
            raise refuse(work.NOT_SCRAPPED, "scrapped", **figures)
        await stored.change(tx, order.id, scrapped=order.scrapped + sent.scrapped)
        action = "bom_manufacturing.scrap_work_order"
        details = {"quantity": str(sent.scrapped), "on": day.isoformat(), "remark": sent.remark}
        await record_audit(tx, principal.user_id, action, "document", order.id, details)
        return {"id": order.id}

    await run_command(db, principal.tenant_id, command_id, "bomManufacturingReport", asked, work_)


class _There:
    """What is in work for an order, by item, and by lot or the lot that it is part of."""

    def __init__(self, in_work: Sequence[InWork]) -> None:
        self.items: dict[UUID, Decimal] = defaultdict(Decimal)
        self._lots: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
        for one in in_work:
            self.items[one.item_id] += one.quantity
            for code in {one.lot_code, one.whole_code} - {None}:
                assert code is not None
                self._lots[one.item_id, code] += one.quantity

    def take(self, one: Told) -> Decimal:
        """How much of what was used is in work. What modules are told of is not torn apart: it is there
        as a whole, or it is not."""
        left = self.items.get(one.item_id, ZERO)
        if one.lot_code is not None:
            left = min(left, self._lots.get((one.item_id, one.lot_code), ZERO))
        out = min(one.quantity, left)
        if one.extensions and out < one.quantity:
            return ZERO
        self.items[one.item_id] = self.items.get(one.item_id, ZERO) - out
        if one.lot_code is not None:
            self._lots[one.item_id, one.lot_code] -= out
        return out


class _Reckoning:
    """The lines of one report, each with where it stood in what was sent."""

    def __init__(
        self, sent: Report, found: Known, there: _There, digits: Mapping[UUID, int]
    ) -> None:
        self.sent, self.known, self.order = sent, found, found.order
        self.there, self.digits = there, digits
        self.before = self.order.reported + self.order.scrapped

    def lines(self) -> list[tuple[LineDraft, Origin]]:
        """What is used, then what comes out; the product first of that."""
        return [*self._used(), *self._made()]

    def _used(self) -> list[tuple[LineDraft, Origin]]:
        told: dict[UUID, list[tuple[Told, Origin]]] = defaultdict(list)
        for n, one in enumerate(self.sent.used):
            told[one.item_id].append((one, ("used", n)))
        lines: list[tuple[LineDraft, Origin]] = []
        shelf: dict[UUID, list[Line]] = defaultdict(list)
        for line in self.known.lines.values():
            if line.role == "consume" and supply_of(line) is Supply.BACKFLUSH:
                shelf[line.item_id].append(line)
        for item in dict.fromkeys([*self.there.items, *shelf, *told]):
            standard = shelf.get(item, [])
            wanted = told.get(item) or [(Told(item, self._standard(item, standard)), None)]
            # what names a lot goes first, before the others take it
            for one, origin in sorted(wanted, key=lambda pair: pair[0].lot_code is None):
                out = self.there.take(one)
                drafts = self._from_shelf(one, one.quantity - out, standard)
                if out:
                    drafts.insert(0, _line(one, out))
                lines += [(draft, origin) for draft in drafts]
        return lines

    def _standard(self, item: UUID, shelf: Sequence[Line]) -> Decimal:
        """What is used unless it is told: of what is in work its part, of what is not issued the standard
        need; of what is both, what is in work stands in for the shelf."""
        part = work.taken(
            self.there.items.get(item, ZERO), self.sent.whole, self.order.open, self.digits[item]
        )
        need = sum((self._due(line) for line in shelf), ZERO)
        return max(part, need)

    def _due(self, line: Line) -> Decimal:
        whole, digits = line.base_quantity, self.digits[line.item_id]
        return work.due(whole, self.order.quantity, self.before, self.sent.whole, digits)

    def _expected(self, line: Line) -> Decimal:
        """What comes out besides; rounding does not take it beyond what may."""
        whole = exact(line.base_quantity) * (100 + exact(line.over_pct or ZERO)) / 100
        left = exact(whole) - exact(self.known.done.get(line.no, ZERO))
        most = rounded(left, self.digits[line.item_id], Rounding.FLOOR)
        return max(ZERO, min(self._due(line), most))

    def _from_shelf(self, one: Told, quantity: Decimal, lines: Sequence[Line]) -> list[LineDraft]:
        """Backflush (倒冲): what carries out lines of the order, and what goes beyond them."""
        found = []
        place = next((line.place_id for line in lines), None) or usual_place(self.known)
        for line in lines:
            # of the product itself core sees to it that no more is done than may be
            part = quantity if line.no == 1 else min(quantity, self.known.open(line))
            if part and not (one.extensions and part < quantity):
                found.append(_line(one, part, line.place_id, line.no))
                quantity -= part
        if quantity:
            found.append(_line(one, quantity, place))
        return found

    def _made(self) -> list[tuple[LineDraft, Origin]]:
        told: dict[UUID, list[tuple[Told, Origin]]] = defaultdict(list)
        for n, one in enumerate(self.sent.outputs):
            told[one.item_id].append((one, ("outputs", n)))
        found: list[tuple[LineDraft, Origin]] = []
        for line in self.known.lines.values():
            if line.role != "produce":
                continue
            if line.no == 1:
                sent, place = self.sent, self.sent.place_id or line.place_id
                one = Told(line.item_id, sent.quantity, sent.lot_code, sent.extensions)
                made: list[tuple[Told, Origin]] = [(one, ())]
            else:
                place = line.place_id
                expected = Told(line.item_id, self._expected(line))
                made = told.pop(line.item_id, [(expected, None)])
            made = [(one, origin) for one, origin in made if one.quantity]
            shares = work.parted(line.share, [one.quantity for one, _ in made])
            for (one, origin), share in zip(made, shares, strict=True):
                draft = _line(one, one.quantity, place, line.no)
                found.append((_output(line, draft, share), origin))
        for [(one, path), *_] in told.values():
            raise refuse(NOT_FOUND, *(path or ()), "itemId", id=str(one.item_id))
        return found


def _output(line: Line, draft: LineDraft, share: Decimal | None) -> LineDraft:
    """What comes out by a line of the order. The product takes the rest of the cost, the others their share
    or what the order says that one is worth."""
    worth = None if line.no == 1 else line.base_cost
    return replace(draft, role="produce", share=None if worth else share, unit_price=worth or None)


def _line(
    one: Told, quantity: Decimal, place: UUID | None = None, source_line: int | None = None
) -> LineDraft:
    return LineDraft(
        one.item_id,
        quantity,
        role="consume",
        place_id=place,
        lot_code=one.lot_code,
        source_line=source_line,
        extensions=one.extensions,
    )


async def _shared(tx: Transaction, lines: Sequence[LineDraft]) -> list[LineDraft]:
    """What comes of taking apart shares the cost by what the parts cost now."""
    made = {n: line for n, line in enumerate(lines) if line.role == "produce"}
    costs = await costs_now(tx, [line.item_id for line in made.values()])
    worth = {n: costs[line.item_id] * exact(line.quantity or 0) for n, line in made.items()}
    percents = work.shares(worth)
    return [
        replace(line, share=percents.get(n), unit_price=None) if n in made else line
        for n, line in enumerate(lines)
    ]
