"""The life of work orders: released, charged, stopped, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    NOT_FOUND,
    Asked,
    Database,
    DocumentDraft,
    DocumentStep,
    LineDraft,
    PostStored,
    Principal,
    Refusal,
    Transaction,
    amount_decimals,
    lines_of_documents,
    module_settings,
    post_many,
    raise_any,
    record_audit,
    refuse,
    run_command,
    step_document,
    today,
)
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.settings import NAME
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.carrying import carry_out
from plugins.bom_manufacturing.work_orders.goods import check_released
from plugins.bom_manufacturing.work_orders.shortage import shortages
from plugins.bom_manufacturing.work_orders.stock import WorkOrder
from plugins.bom_manufacturing.work_orders.types import CLOSING


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
        if order_id not in await stored.orders_by_id(tx, [order_id]):
            raise refuse(NOT_FOUND, "id", id=str(order_id))
    command = Asked.of(command_id, "postDraft", asked)
    [refusals] = await release_many(db, principal, [PostStored(command, order_id, revision)])
    raise_any(refusals)
    return order_id


async def release_many(
    db: Database, principal: Principal, wanted: Sequence[PostStored]
) -> list[Sequence[Refusal]]:
    """Release orders, each by itself: why not, empty where it was done. Where the tenant wants nothing
    released that is short, one after the other: what one reserves, the next does not have. Where core lets
    nothing be promised that is not there, all that is missing is told, not the first of it."""
    async with db.snapshot(principal.tenant_id) as tx:
        short = (await module_settings(tx, NAME)).release_short
    if short:
        verdicts = await post_many(db, principal, wanted)
        pairs = zip(wanted, verdicts, strict=True)
        return [await _told(db, principal, one, verdict.refusals) for one, verdict in pairs]
    found: list[Sequence[Refusal]] = []
    for one in wanted:
        async with db.snapshot(principal.tenant_id) as tx:
            refusals: Sequence[Refusal] = await _missing(tx, one.document_id)
        if not refusals:
            [verdict] = await post_many(db, principal, [one])
            refusals = await _told(db, principal, one, verdict.refusals)
        found.append(refusals)
    return found


async def _told(
    db: Database, principal: Principal, one: PostStored, refusals: Sequence[Refusal]
) -> Sequence[Refusal]:
    """Core's paths lead to lines; the caller sent an order."""
    if any(refusal.code == "NOT_RESERVABLE" for refusal in refusals):
        async with db.snapshot(principal.tenant_id) as tx:
            if missing := await _missing(tx, one.document_id):
                return missing
    return [
        Refusal(each.code, ("id",), each.details) if each.path[:1] == ("lines",) else each
        for each in refusals
    ]


async def _missing(tx: Transaction, order_id: UUID) -> list[Refusal]:
    """A refusal for every component that a draft lacks."""
    order = (await stored.orders_by_id(tx, [order_id])).get(order_id)
    if order is None or order.state != "draft":
        return []
    missing = await shortages(tx, order_id)
    codes = await stored_bills.item_facts(tx, [one.item_id for one in missing])
    return [
        Refusal(work.SHORT, ("id",), {"item": codes[one.item_id].code, "quantity": one.quantity})
        for one in missing
    ]


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
    """Charge an order with labour, overhead or a fee, which what is reported later takes along; below zero,
    take back what is in no product yet. Raises Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        raise_any(check.amount("amount", abs(amount), await amount_decimals(tx)))
        order = await _locked(tx, order_id)
        check_released(order)
        if order.open_charges + amount < 0:
            figures = {"amount": -amount, "charged": order.open_charges}
            raise refuse(work.MORE_THAN_CHARGED, "amount", **figures)
        await stored.charge(tx, uuid5(command_id, "charge"), order_id, kind, amount, remark)
        details = {"kind": kind, "amount": str(amount)}
        await _audited(tx, principal, "charge", order_id, details)
        return {"id": order_id}

    operation = "bomManufacturingCharge"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return order_id


async def stop(
    db: Database, principal: Principal, command_id: UUID, order_id: UUID, asked: Mapping[str, Any]
) -> UUID:
    """Stop an order: nothing is issued to it or reported of it until it is resumed. Raises Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        check_released(await _locked(tx, order_id))
        await stored.change(tx, order_id, status="stopped")
        await _audited(tx, principal, "stop", order_id, {})
        return {"id": order_id}

    operation = "bomManufacturingStop"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return order_id


async def resume(
    db: Database, principal: Principal, command_id: UUID, order_id: UUID, asked: Mapping[str, Any]
) -> UUID:
    """Let a stopped order go on, or one that was closed: what is open of it is promised again. What went
    to variance stays there. Sent again, it goes on where it was. Raises Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        await _locked(tx, order_id)
        await stored.change(tx, order_id, status="open")
        await _audited(tx, principal, "resume", order_id, {})
        return {"id": order_id}

    operation = "bomManufacturingResume"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    async with db.snapshot(principal.tenant_id) as tx:
        order = (await stored.orders_by_id(tx, [order_id]))[order_id]
    if order.state == "closed":
        command, event = uuid5(command_id, "reopen"), DocumentStep.REOPEN
        await step_document(db, principal, command, order_id, order.revision, event)
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
        raise refuse(NOT_FOUND, "orderId", id=str(order_id))
    if order.state not in ("approved", "closed"):
        raise refuse(work.NOT_RELEASED, "orderId")
    if rest and order.state == "closed":  # what closed it was reversed
        raise refuse(work.CLOSED, "orderId")
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
        raise refuse(NOT_FOUND, "orderId", id=str(order_id))
    return order


async def _audited(
    tx: Transaction, principal: Principal, event: str, order_id: UUID, details: dict[str, Any]
) -> None:
    action = f"bom_manufacturing.{event}_work_order"
    await record_audit(tx, principal.user_id, action, "document", order_id, details)
