"""The life of work orders: made of a bill, released, charged, stopped, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    NOT_FOUND,
    Asked,
    Database,
    DocumentDraft,
    DocumentStep,
    Line,
    LineDraft,
    PostStored,
    Principal,
    Refusal,
    Refused,
    Transaction,
    amount_decimals,
    lines_of_documents,
    module_settings,
    post_many,
    record_audit,
    refuse,
    run_command,
    save_draft_within,
    step_document,
    stock_now,
    today,
)
from plugins.bom_manufacturing import bills
from plugins.bom_manufacturing.rules import check, work
from plugins.bom_manufacturing.rules.records import Bom, Item, Supply
from plugins.bom_manufacturing.rules.records import Line as BomLine
from plugins.bom_manufacturing.stock import bills as stored_bills
from plugins.bom_manufacturing.stock import work_orders as stored
from plugins.bom_manufacturing.stock.work_orders import WorkOrder
from plugins.bom_manufacturing.work_orders.carrying import carry_out
from plugins.bom_manufacturing.work_orders.posting import KEPT
from plugins.bom_manufacturing.work_orders.types import CLOSING, ORDER

MODULE = "bom_manufacturing"


@dataclass(frozen=True, slots=True)
class Extra:
    """A component of a rework, which no bill names."""

    item_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Wanted:
    """A work order as it is asked for. ``component_place_id`` is where components come from."""

    item_id: UUID
    quantity: Decimal
    place_id: UUID
    kind: str = "make"
    on: date | None = None
    component_place_id: UUID | None = None
    due_on: date | None = None
    over_pct: Decimal | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    alternates: bool = False
    extras: tuple[Extra, ...] = ()
    remark: str | None = None


async def save(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    wanted: Wanted,
    revision: int | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Write a draft of a work order, or write it anew over the ``revision`` that was seen. Its components
    are those of the bill in force on its day. Raises Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        if found := list(check.positive("quantity", wanted.quantity)):
            raise Refused(*found)
        draft, bom_id = await _draft(tx, order_id, wanted)
        try:
            await save_draft_within(tx, principal.user_id, draft, revision)
        except Refused as refused:
            raise Refused(*map(_placed, refused.refusals)) from None
        await stored.keep(tx, order_id, wanted.kind, bom_id)
        return {"id": order_id}

    operation = "bomManufacturingSaveWorkOrder"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return UUID(outcome["id"])


_PATHS: dict[tuple[str | int, ...], tuple[str | int, ...]] = {
    ("lines", 0, "quantity"): ("quantity",),
    ("lines", 0, "overPct"): ("overPct",),
    ("lines", 0, "placeId"): ("placeId",),
    ("lines", 0, "itemId"): ("itemId",),
    ("businessDate",): ("on",),
}


def _placed(refusal: Refusal) -> Refusal:
    """Core's paths lead to lines; the caller sent a product and a quantity."""
    path = _PATHS.get(refusal.path, refusal.path)
    if path[:1] == ("lines",):
        path = ("componentPlaceId",) if path[-1:] == ("placeId",) else ()
    return Refusal(refusal.code, path, refusal.details)


async def _draft(tx: Transaction, key: UUID, wanted: Wanted) -> tuple[DocumentDraft, UUID | None]:
    on = wanted.on or await today(tx)
    asked = await bills.ask(tx, wanted.item_id, on, wanted.attributes)
    bom, bom_id = None, None
    if wanted.kind != "rework":
        bom = asked.boms.get(wanted.item_id)
        if bom is None:
            facts = await stored_bills.item_facts(tx, [wanted.item_id])
            details = {"item": facts[wanted.item_id].code, "date": on.isoformat()}
            raise refuse(work.NO_BOM, "itemId", **details)
        known = await stored_bills.by_version(tx, wanted.item_id, bom.version)
        bom_id = known[0] if known else None
    parts = await _parts(tx, wanted, asked, bom)
    digits = await stored.decimals(tx, [_uuid(p.item) for p in parts] + _outputs(bom))
    over = wanted.over_pct
    if over is None:
        over = (await module_settings(tx, MODULE)).over_production_pct
    lines = [_product(wanted, over)]
    if wanted.kind == "disassemble":
        lines += await _taken_apart(tx, wanted, parts, digits, over)
    else:
        lines += [_component(wanted, part, digits) for part in parts]
        lines += _by_products(wanted, bom, digits, over)
    draft = DocumentDraft(
        key, ORDER, on, tuple(lines), place_id=wanted.place_id, remark=wanted.remark
    )
    return draft, bom_id


async def _parts(
    tx: Transaction, wanted: Wanted, asked: bills.Asked, bom: Bom | None
) -> list[work.Component]:
    """What goes in: by the bill, or for a rework the product itself and what is named."""
    if bom is None:
        parts = [_named(wanted.item_id, wanted.quantity)]
    else:
        parts = work.needed(asked.boms, bom, wanted.quantity, asked.variant)
    parts += [_named(extra.item_id, extra.quantity) for extra in wanted.extras]
    if not wanted.alternates or wanted.kind == "disassemble":
        return parts
    items = {p.item for p in parts} | {a.item for p in parts for a in p.line.alternates}
    place = wanted.component_place_id or wanted.place_id
    free = await stored.free_at(tx, [(_uuid(item), place) for item in items])
    return work.substituted(parts, {item: max(Decimal(0), q) for (item, _), q in free.items()})


def _named(item: UUID, quantity: Decimal) -> work.Component:
    return work.Component(item, Fraction(quantity), Supply.ISSUE, BomLine(item, quantity))


def _product(wanted: Wanted, over: Decimal) -> LineDraft:
    apart = wanted.kind == "disassemble"
    return LineDraft(
        wanted.item_id,
        wanted.quantity,
        place_id=wanted.place_id,
        role="consume" if apart else "produce",
        over_pct=over,
        due_on=wanted.due_on,
        extensions={KEPT: {"supply": Supply.BACKFLUSH.value}} if apart else {},
    )


def _component(wanted: Wanted, part: work.Component, digits: Mapping[UUID, int]) -> LineDraft:
    item = _uuid(part.item)
    return LineDraft(
        item,
        work.rounded_need(part.quantity, digits.get(item, 6)),
        place_id=wanted.component_place_id or wanted.place_id,
        role="consume",
        due_on=wanted.due_on,
        extensions={KEPT: {"supply": part.supply.value}},
    )


def _outputs(bom: Bom | None) -> list[UUID]:
    return [_uuid(one.item) for one in bom.outputs] if bom else []


def _by_products(
    wanted: Wanted, bom: Bom | None, digits: Mapping[UUID, int], over: Decimal
) -> list[LineDraft]:
    """What comes out besides, as far as it comes to anything in the item's unit."""
    found = []
    for one in bom.outputs if bom else ():
        quantity = Fraction(one.quantity) * Fraction(wanted.quantity)
        assert bom is not None
        whole = work.due(quantity / Fraction(bom.output_quantity), 1, 0, 1, digits[_uuid(one.item)])
        if whole:
            found.append(
                LineDraft(
                    _uuid(one.item),
                    whole,
                    place_id=wanted.place_id,
                    role="produce",
                    share=one.share_pct,
                    over_pct=over,
                    due_on=wanted.due_on,
                )
            )
    return found


async def _taken_apart(
    tx: Transaction,
    wanted: Wanted,
    parts: Sequence[work.Component],
    digits: Mapping[UUID, int],
    over: Decimal,
) -> list[LineDraft]:
    """What comes out of taking a product apart; the shares are reckoned when it is reported."""
    whole: dict[UUID, Fraction] = {}
    for part in parts:
        item = _uuid(part.item)
        whole[item] = whole.get(item, Fraction(0)) + part.quantity
    return [
        LineDraft(
            item,
            work.due(quantity, 1, 0, 1, digits[item]),
            place_id=wanted.component_place_id or wanted.place_id,
            role="produce",
            over_pct=over,
            due_on=wanted.due_on,
        )
        for item, quantity in whole.items()
    ]


async def costs_now(tx: Transaction, items: Sequence[UUID]) -> dict[UUID, Fraction]:
    """What one of each costs now: on average where some are there, else at its standard cost."""
    facts = await stored_bills.item_facts(tx, items)
    quantities: dict[UUID, Fraction] = {}
    values: dict[UUID, Fraction] = {}
    for line in await stock_now(tx, items):
        key = line.item_id
        quantities[key] = quantities.get(key, Fraction(0)) + Fraction(line.quantity)
        values[key] = values.get(key, Fraction(0)) + Fraction(line.value)
    return {
        key: values[key] / quantities[key]
        if quantities.get(key, 0) > 0
        else Fraction(facts[key].standard_cost or 0)
        for key in items
    }


async def release(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    revision: int,
    asked: Mapping[str, Any],
) -> UUID:
    """Approve an order: what it takes is reserved, what it brings expected. Raises Refused; where the
    tenant wants it, for every component that is missing too."""
    async with db.snapshot(principal.tenant_id) as tx:
        order = (await stored.orders_by_id(tx, [order_id])).get(order_id)
        if order is None:
            raise refuse(NOT_FOUND, "id", id=str(order_id))
        settings = await module_settings(tx, MODULE)
        if order.state == "draft" and not settings.release_short:
            missing = await shortages(tx, order_id)
            codes = await stored_bills.item_facts(tx, [one.item_id for one in missing])
            if missing:
                raise Refused(
                    *(
                        Refusal(
                            work.SHORT,
                            ("id",),
                            {"item": codes[one.item_id].code, "quantity": one.quantity},
                        )
                        for one in missing
                    )
                )
    command = Asked.of(command_id, "postDraft", asked)
    (verdict,) = await post_many(db, principal, [PostStored(command, order_id, revision)])
    if verdict.outcome is None:
        raise Refused(*verdict.refusals)
    return order_id


@dataclass(frozen=True, slots=True)
class Shortage:
    """How much of a component an order lacks, and which alternates of its bill lie free, by priority."""

    item_id: UUID
    line: int
    quantity: Decimal
    alternates: tuple[tuple[UUID, Decimal], ...] = ()


async def shortages(tx: Transaction, order_id: UUID) -> list[Shortage]:
    """What an order still lacks at the places that its components come from: what is reserved for it, it
    has."""
    lines = (await lines_of_documents(tx, [order_id])).get(order_id, {})
    done = await stored.done(tx, [order_id])
    own = await stored.reserved(tx, order_id)
    order = (await stored.orders_by_id(tx, [order_id]))[order_id]
    parts = [line for line in lines.values() if line.role == "consume" and line.place_id]
    offered = await _alternates(tx, order.bom_id)
    keys = {(line.item_id, _place(line)) for line in parts}
    keys |= {(a, _place(line)) for line in parts for a in offered.get(line.item_id, ())}
    free = await stored.free_at(tx, sorted(keys))
    found = []
    for line in parts:
        key = (line.item_id, _place(line))
        mine = own.get(line.no, Decimal(0))
        wanted = line.base_quantity - done.get((order_id, line.no), Decimal(0))
        # what is promised beyond what is there is a claim, no stock
        there = max(Decimal(0), min(wanted, free[key] + mine))
        free[key] -= there - mine
        if wanted > there:
            instead = tuple(
                (item, free[item, key[1]])
                for item in offered.get(line.item_id, ())
                if free[item, key[1]] > 0
            )
            found.append(Shortage(line.item_id, line.no, wanted - there, instead))
    return found


def _place(line: Line) -> UUID:
    assert line.place_id is not None
    return line.place_id


async def _alternates(tx: Transaction, bom_id: UUID | None) -> dict[UUID, list[UUID]]:
    """What may stand in for which component of a bill, by priority."""
    if bom_id is None:
        return {}
    bom = (await stored_bills.by_ids(tx, [bom_id]))[bom_id].bom
    return {
        _uuid(line.item): [
            _uuid(one.item) for one in sorted(line.alternates, key=lambda one: one.priority)
        ]
        for line in bom.lines
    }


async def charge(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    kind: str,
    amount: Decimal,
    remark: str | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Charge an order with labour, overhead or a fee, which what is reported later takes along. Raises
    Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        if found := list(check.amount("amount", amount, await amount_decimals(tx))):
            raise Refused(*found)
        order = await _locked(tx, order_id)
        if order.status == "closed" or order.state == "closed":
            raise refuse(work.CLOSED)
        await stored.charge(tx, uuid5(command_id, "charge"), order_id, kind, amount, remark)
        details = {"kind": kind, "amount": str(amount)}
        await _audited(tx, principal, "charge", order_id, details)
        return {"id": order_id}

    operation = "bomManufacturingCharge"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return order_id


async def stop(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    *,
    stopped: bool,
    asked: Mapping[str, Any],
) -> UUID:
    """Stop an order: nothing is issued to it or reported of it until it is resumed. Raises Refused."""
    event = "stop" if stopped else "resume"

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        order = await _locked(tx, order_id)
        if order.status == "closed":
            raise refuse(work.CLOSED)
        await stored.change(tx, order_id, status="stopped" if stopped else "open")
        await _audited(tx, principal, event, order_id, {})
        return {"id": order_id}

    operation = f"bomManufacturing{event.title()}WorkOrder"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return order_id


async def close(
    db: Database, principal: Principal, command_id: UUID, order_id: UUID, asked: Mapping[str, Any]
) -> UUID:
    """Close an order: what is left in work goes to variance (差异), and what was promised is given up. Sent
    again, it goes on where it was. Raises Refused."""
    async with db.snapshot(principal.tenant_id) as tx:
        order = (await stored.orders_by_id(tx, [order_id])).get(order_id)
        rest = (await stored.in_work(tx, [order_id])).get(order_id, [])
    if order is None:
        raise refuse(NOT_FOUND, "id", id=str(order_id))
    if rest or order.status != "closed":
        await _write_off(db, principal, command_id, order, asked)
    if order.state == "approved":
        await _give_up(db, principal, uuid5(command_id, "close"), order_id)
    return order_id


async def _write_off(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order: WorkOrder,
    asked: Mapping[str, Any],
) -> None:
    """What is in work goes to variance, and the order takes nothing more; in one transaction."""

    async def draft_of(tx: Transaction) -> DocumentDraft | None:
        rest = (await stored.in_work(tx, [order.id])).get(order.id, [])
        if not rest:
            return None
        lines = tuple(
            LineDraft(one.item_id, one.quantity, lot_code=one.lot_code, role="lost") for one in rest
        )
        on = max(await today(tx), order.business_date)
        return DocumentDraft(uuid5(command_id, "document"), CLOSING, on, lines, source_id=order.id)

    if await carry_out(db, principal, command_id, asked, draft_of) is not None:
        return

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        await _locked(tx, order.id)
        if (await stored.in_work(tx, [order.id])).get(order.id):
            raise refuse(work.OUTDATED)
        await stored.change(tx, order.id, status="closed")
        await _audited(tx, principal, "close", order.id, {})
        return {"id": order.id}

    operation = "bomManufacturingCloseWorkOrder"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)


async def _give_up(db: Database, principal: Principal, command_id: UUID, order_id: UUID) -> None:
    """What is still promised of the order; one that is carried out in full has nothing left."""
    async with db.snapshot(principal.tenant_id) as tx:
        order = (await stored.orders_by_id(tx, [order_id]))[order_id]
        lines = (await lines_of_documents(tx, [order_id]))[order_id]
        done = await stored.done(tx, [order_id])
    whole = all(done.get((order_id, no), 0) >= line.base_quantity for no, line in lines.items())
    if order.state == "approved" and not whole:
        event = DocumentStep.CLOSE
        await step_document(db, principal, command_id, order_id, order.revision, event)


async def _locked(tx: Transaction, order_id: UUID) -> WorkOrder:
    order = await stored.lock(tx, order_id)
    if order is None:
        raise refuse(NOT_FOUND, "id", id=str(order_id))
    return order


async def _audited(
    tx: Transaction, principal: Principal, event: str, order_id: UUID, details: dict[str, Any]
) -> None:
    action = f"bom_manufacturing.{event}_work_order"
    await record_audit(tx, principal.user_id, action, "document", order_id, details)


def _uuid(item: Item) -> UUID:
    """Items of stored bills are ids."""
    assert isinstance(item, UUID)
    return item
