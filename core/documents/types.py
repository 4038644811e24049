"""Document types are data over a closed list of effects; there is no rule language (ledger rule 1.3).

A type says which effect its lines have, which virtual place stands on the other side, whose party it
names, and what it may go back to. Plugins declare further types over the same effects (P2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from core.errors import define
from core.places.rules import Waiting

UNKNOWN_TYPE = define(
    "UNKNOWN_DOCUMENT_TYPE",
    en="There is no document type {type}. Query documentTypes for the list.",
    zh="没有单据类型 {type}。请查询 documentTypes 获取列表。",
)


class Effect(StrEnum):
    """What posting does with a line."""

    ORDER = "order"  # promises only: reserves what will be issued, expects what will be received
    RECEIVE = "receive"  # from the counter account into one of our places
    ISSUE = "issue"  # out of one of our places to the counter account
    MOVE = "move"  # between two of our places at once
    DISPATCH = "dispatch"  # out of a place into transit or work; still ours, in pools of its own
    ARRIVE = (
        "arrive"  # out of transit or work into a place; what is lost goes to the counter account
    )
    COUNT = "count"  # the book becomes what was counted; the difference is gain or loss
    CONVERT = "convert"  # items become others and carry their value along, plus extra cost
    DROP = "drop"  # from the supplier to the customer; never in our stock
    REVALUE = "revalue"  # adds value to what is there
    LANDED = "landed"  # adds cost to a receipt
    STANDARD = "standard"  # changes the standard cost


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One type of document. ``sources`` are the types it may go back to; ``holds`` says that it may
    not take goods on hold, which a sale may not and a scrapping may; ``module`` is the plugin it comes
    from, by which it is there for some tenants and not for others.

    ``waits_in`` names the place where a dispatch leaves goods, and where an arrival or a conversion
    finds them. They are valued by the order that the document goes back to, else by the dispatch itself.
    ``roles`` says of an order that its lines are of two sorts: what is to be consumed is promised from
    its place, what is to be produced is expected there. Without roles the party decides. An order that
    ``asks`` promises nothing: orders that go back to it carry it out, and promise.
    ``lost_to`` is the account that takes what a conversion lost on somebody else's charge: its value goes
    there and not into what is produced. What a supplier converts is paid by the amounts of the lines
    that produce or were rejected, which join the cost. What was rejected is not taken in, and what comes in
    bears its cost; where nothing does, the account ``rejected_to`` takes what went in and what is paid.
    ``landed`` says that landed cost may be put on what was brought.
    """

    code: str
    effect: Effect
    prefix: str
    en: str
    zh: str
    account: str | None = None
    party: Literal["supplier", "customer"] | None = None
    sources: tuple[str, ...] = ()
    source_required: bool = False
    returns: bool = False
    holds: bool = False
    waits_in: Waiting | None = None
    roles: bool = False
    asks: bool = False
    lost_to: str | None = None
    rejected_to: str | None = None
    landed: bool = False
    system: bool = False
    module: str | None = None


_TYPES = (
    DocumentType(
        "requisition",
        Effect.ORDER,
        "PR",
        "Purchase requisition",
        "请购单",
        party="supplier",
        asks=True,
    ),
    DocumentType(
        "purchase_order",
        Effect.ORDER,
        "PO",
        "Purchase order",
        "采购订单",
        party="supplier",
        sources=("requisition",),
    ),
    DocumentType(
        "receipt",
        Effect.RECEIVE,
        "GR",
        "Receipt",
        "采购入库",
        account="supplier",
        party="supplier",
        sources=("purchase_order",),
        landed=True,
    ),
    DocumentType(
        "return_to_supplier",
        Effect.ISSUE,
        "RS",
        "Return to supplier",
        "采购退货",
        account="supplier",
        party="supplier",
        sources=("receipt",),
        returns=True,
    ),
    DocumentType(
        "sales_order", Effect.ORDER, "SO", "Sales order", "销售订单", party="customer", holds=True
    ),
    DocumentType(
        "issue",
        Effect.ISSUE,
        "SI",
        "Sales issue",
        "销售出库",
        account="customer",
        party="customer",
        sources=("sales_order",),
        holds=True,
    ),
    DocumentType(
        "return_from_customer",
        Effect.RECEIVE,
        "RC",
        "Return from customer",
        "销售退货",
        account="customer",
        party="customer",
        sources=("issue", "drop_shipment"),
        returns=True,
    ),
    DocumentType("transfer", Effect.MOVE, "TR", "Transfer", "调拨"),
    DocumentType(
        "dispatch",
        Effect.DISPATCH,
        "TD",
        "Transfer dispatch",
        "调拨出库",
        holds=True,
        waits_in="in_transit",
    ),
    DocumentType(
        "arrival",
        Effect.ARRIVE,
        "TA",
        "Transfer arrival",
        "调拨入库",
        account="gain_loss",
        sources=("dispatch",),
        source_required=True,
        waits_in="in_transit",
    ),
    DocumentType("count", Effect.COUNT, "SC", "Stock count", "盘点", account="gain_loss"),
    DocumentType("gain", Effect.RECEIVE, "SG", "Gain", "报溢", account="gain_loss"),
    DocumentType("loss", Effect.ISSUE, "SL", "Loss", "报损", account="gain_loss"),
    DocumentType("scrap", Effect.ISSUE, "SX", "Scrap", "报废", account="scrap"),
    DocumentType(
        "internal_use",
        Effect.ISSUE,
        "IU",
        "Internal use",
        "领用",
        account="internal_use",
        holds=True,
    ),
    DocumentType(
        "other_in", Effect.RECEIVE, "OI", "Other receipt", "其他入库", account="other", landed=True
    ),
    DocumentType(
        "other_out", Effect.ISSUE, "OO", "Other issue", "其他出库", account="other", holds=True
    ),
    DocumentType(
        "opening", Effect.RECEIVE, "OP", "Opening stock", "期初库存", account="opening", landed=True
    ),
    DocumentType(
        "conversion", Effect.CONVERT, "CV", "Conversion", "转换", account="production", holds=True
    ),
    DocumentType(
        "assembly", Effect.CONVERT, "AS", "Assembly", "组装", account="production", holds=True
    ),
    DocumentType(
        "disassembly", Effect.CONVERT, "DA", "Disassembly", "拆卸", account="production", holds=True
    ),
    DocumentType(
        "drop_shipment",
        Effect.DROP,
        "DS",
        "Drop shipment",
        "直运",
        account="supplier",
        party="customer",
    ),
    DocumentType(
        "landed_cost",
        Effect.LANDED,
        "LC",
        "Landed cost",
        "采购费用分摊",
        account="supplier",
        source_required=True,
    ),
    DocumentType(
        "cost_adjustment",
        Effect.REVALUE,
        "CA",
        "Cost adjustment",
        "成本调整",
        account="price_difference",
    ),
    DocumentType(
        "standard_cost",
        Effect.STANDARD,
        "SD",
        "Standard cost change",
        "标准成本调整",
        account="standard_variance",
    ),
    DocumentType("revaluation", Effect.REVALUE, "RV", "Revaluation", "成本重估", system=True),
)

TYPES: dict[str, DocumentType] = {}
"""Every type by its code, those of plugins included."""


def install(further: Iterable[DocumentType]) -> None:
    """Add the types of this process's plugins, in place of those added before."""
    TYPES.clear()
    TYPES.update((known.code, known) for known in (*_TYPES, *further))
    bearing = tuple(known.code for known in TYPES.values() if known.landed)
    TYPES["landed_cost"] = replace(TYPES["landed_cost"], sources=bearing)


install(())
