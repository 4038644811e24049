"""The documents of subcontracting, and what the module keeps with them.

Components at a processor's are ours, at a place of his. The order promises them and expects the product; an
issue brings them there, a return back. A receipt uses them by the bill and what was lost of them; what he
lost beyond his allowance is no part of the product, but value that he owes, like what a charge takes. Where
all of a delivery is rejected, what it took is a variance of production.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    REQUIRED,
    Document,
    DocumentType,
    Effect,
    Line,
    Posting,
    Refusal,
    Write,
    define,
)
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.settings import NAME
from plugins.bom_manufacturing.subcontracting import tables
from plugins.bom_manufacturing.subcontracting.rules import Used

ORDER = f"{NAME}_subcontract_order"
ISSUE = f"{NAME}_subcontract_issue"
RETURN = f"{NAME}_subcontract_return"
RECEIPT = f"{NAME}_subcontract_receipt"
CHARGE = f"{NAME}_subcontract_charge"

_OF_ORDER: Mapping[str, Any] = {"sources": (ORDER,), "source_required": True, "party": "supplier"}

TYPES = (
    DocumentType(
        ORDER,
        Effect.ORDER,
        "XO",
        "Subcontract order",
        "委外订单",
        party="supplier",
        roles=True,
        holds=True,
    ),
    DocumentType(
        ISSUE, Effect.MOVE, "XI", "Subcontract issue", "委外发料", holds=True, **_OF_ORDER
    ),
    DocumentType(
        RETURN, Effect.MOVE, "XB", "Subcontract return", "委外退料", returns=True, **_OF_ORDER
    ),
    DocumentType(
        RECEIPT,
        Effect.CONVERT,
        "XR",
        "Subcontract receipt",
        "委外收货",
        account="production",
        lost_to="supplier",
        rejected_to="production_variance",
        landed=True,
        **_OF_ORDER,
    ),
    DocumentType(
        CHARGE,
        Effect.ISSUE,
        "XC",
        "Charge to a processor",
        "委外扣款",
        account="supplier",
        **_OF_ORDER,
    ),
)

ONE_PRODUCT = define(
    "BOM_MANUFACTURING_ONE_PRODUCT",
    en="An order to a processor is for one product in one line; so is a receipt, unless all of it was"
    " rejected.",
    zh="委外订单和委外收货须且仅须一行产出(整批拒收的收货除外)。",
)
MEANWHILE = define(
    "BOM_MANUFACTURING_MEANWHILE",
    en="Other goods of this order were received meanwhile. Send the same command again.",
    zh="该委外订单同时有其他收货,请用相同的 commandId 重试。",
)


def refusals(posting: Posting) -> Iterator[Refusal]:
    """Why a document of subcontracting may not be posted."""
    document = posting.document
    if document.type_code not in _TYPE_CODES or posting.reverses:
        return
    if document.party_id is None:
        yield Refusal(REQUIRED, ("partyId",), {"field": "partyId"})
    if document.type_code == ORDER and document.to_place_id is None:
        yield Refusal(REQUIRED, ("toPlaceId",), {"field": "toPlaceId"})
    if document.type_code in (ORDER, RECEIPT):
        roles = Counter(line.role for line in document.lines)
        if roles["produce"] != 1 and (roles["produce"] or not roles["rejected"]):
            yield Refusal(ONE_PRODUCT, ("lines",))
        for n, line in enumerate(document.lines):
            if line.role is None:
                yield Refusal(REQUIRED, ("lines", n, "role"), {"field": "role"})


def writes(posting: Posting) -> Iterator[Write]:
    """What the module keeps of a document; of one that was written without its mutations, what the lines
    say by themselves."""
    document = posting.document
    if document.type_code == ORDER:
        yield from _of_order(document)
    elif document.type_code == RECEIPT:
        yield from _of_receipt(document)
    elif document.type_code == CHARGE:
        for item, quantity in _sums(document.lines).items():
            yield _use(document, item, Used(charged_loss=quantity))


def told(document: Document) -> Mapping[str, Any]:
    """What the module's services sent along."""
    found: Mapping[str, Any] = document.extensions.get(NAME, {})
    return found


def _of_order(document: Document) -> Iterator[Write]:
    product = next(line for line in document.lines if line.role == "produce")
    more = told(document)
    yield Write(
        tables.subcontract_order,
        {
            "order_id": document.id,
            "item_id": product.item_id,
            "pays_rejected": bool(more.get("pays_rejected", False)),
        },
    )
    known = more.get("components", {})
    for item, quantity in _sums(document.lines, "consume").items():
        own = known.get(str(item), {})
        row = {
            "order_id": document.id,
            "item_id": item,
            "numerator": Decimal(own.get("numerator", quantity)),
            "denominator": Decimal(own.get("denominator", product.base_quantity)),
            "allowance_pct": Decimal(own.get("allowance_pct", 0)),
        }
        yield Write(tables.subcontract_component, row)


def _of_receipt(document: Document) -> Iterator[Write]:
    """A reversal has all of it below zero, and no place among the receipts."""
    more, back = told(document), document.reverses_id is not None
    sign = -1 if back else 1
    yield Write(
        tables.subcontract_receipt,
        {
            "document_id": document.id,
            "order_id": document.source_id,
            "number": None if back else more.get("number"),
            "received": sum(_sums(document.lines, "produce").values(), ZERO),
            "rejected": sum(_sums(document.lines, "rejected").values(), ZERO),
        },
    )
    consumed, charged = _sums(document.lines, "consume"), _sums(document.lines, "lost")
    allowed = more.get("allowed", {})
    for item in dict.fromkeys([*consumed, *charged]):
        lost = sign * Decimal(allowed.get(str(item), 0))
        used = Used(consumed.get(item, ZERO) - lost, lost, charged.get(item, ZERO))
        yield _use(document, item, used)


def _use(document: Document, item: UUID, one: Used) -> Write:
    row = {"document_id": document.id, "order_id": document.source_id, "item_id": item}
    figures = {"used": one.used, "allowed_loss": one.allowed_loss}
    return Write(tables.subcontract_use, {**row, **figures, "charged_loss": one.charged_loss})


def _sums(lines: tuple[Line, ...], role: str | None = None) -> dict[UUID, Decimal]:
    found: dict[UUID, Decimal] = {}
    for line in lines:
        if role in (None, line.role):
            found[line.item_id] = found.get(line.item_id, ZERO) + line.base_quantity
    return found


_TYPE_CODES = frozenset(one.code for one in TYPES)
