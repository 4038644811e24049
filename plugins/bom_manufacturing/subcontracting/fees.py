"""Putting right what a processor is paid (委外结算)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Database,
    DocumentDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    define,
    post_many,
    refuse,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills.rules.check import OUT_OF_RANGE
from plugins.bom_manufacturing.subcontracting import stock as stored
from plugins.bom_manufacturing.subcontracting.commands import Command

NOTHING_RECEIVED = define(
    "BOM_MANUFACTURING_NOTHING_RECEIVED",
    en="Nothing was taken in with this receipt: there are no goods that could bear a difference in the fee.",
    zh="该委外收货没有合格入库数量,没有可承担加工费差异的货品。",
)


async def adjust_fee(
    db: Database,
    principal: Principal,
    command: Command,
    receipt_id: UUID,
    amount: Decimal,
    on: date | None,
    remark: str | None,
) -> tuple[UUID, UUID]:
    """Put the fee of a receipt right where the invoice differs: the difference joins the cost of the goods,
    wherever they went. He is paid nothing below zero. The order, and the document. Raises Refused."""
    async with db.snapshot(principal.tenant_id) as tx:
        found = await stored.order_of_receipt(tx, receipt_id)
        if found is None:
            raise refuse(NOT_FOUND, "receiptId", id=str(receipt_id))
        order_id, received = found
        if (known := await command.done(tx)) is not None:
            return order_id, known
        if not received:
            raise refuse(NOTHING_RECEIVED, "receiptId")
        paid = await stored.paid_for(tx, receipt_id)
        if not amount or paid + amount < 0:
            details = {"field": "amount", "wanted": f"≠ 0, ≥ {-paid}", "value": amount}
            raise refuse(OUT_OF_RANGE, "amount", **details)
        order = (await stored.orders(tx, [order_id]))[order_id]
        draft = DocumentDraft(
            id=uuid7(),
            type="landed_cost",
            business_date=on or await today(tx),
            party_id=order.party_id,
            source_id=receipt_id,
            extra_cost=amount,
            cost_basis="quantity",
            remark=remark,
            lines=(),
        )
    (verdict,) = await post_many(db, principal, [Post(command.posting, draft)])
    if verdict.outcome is None:
        raise Refused(*map(_amount, verdict.refusals))
    return order_id, UUID(verdict.outcome["id"])


def _amount(refusal: Refusal) -> Refusal:
    named = refusal.path[:1] == ("extraCost",)
    return Refusal(refusal.code, ("amount",), refusal.details) if named else refusal
