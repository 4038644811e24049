"""What may be said at the head of a document, and how large its figures may be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.documents.amounts import Basis
from core.documents.facts import Reference
from core.documents.records import DocumentDraft
from core.documents.types import DocumentType, Effect
from core.errors import LIMIT_EXCEEDED, NOT_FOUND, REQUIRED, Refusal, define

MAX_LINES = 1000
MAX_QUANTITY = MAX_PRICE = Decimal(10) ** 12
MAX_AMOUNT = Decimal(10) ** 15
"""What a line may hold, without sign: base units, price per unit, amount. The ledger's sums and products
keep 28 digits; figures that need more would be rounded, and the books would no longer tally."""
EARLIEST = date(1900, 1, 1)
"""A business date before this is a slip of the pen."""

DATE_TOO_EARLY = define(
    "DATE_TOO_EARLY",
    en="The business date {date} lies before {earliest}, the first that can be booked.",
    zh="业务日期 {date} 早于可记账的最早日期 {earliest}。",
)
TOO_MANY_DECIMALS = define(
    "TOO_MANY_DECIMALS",
    en="{field} may have at most {decimals} decimals, like every amount.",
    zh="{field} 最多 {decimals} 位小数(与所有金额相同)。",
)
INACTIVE = define(
    "INACTIVE",
    en="{what} {code} is archived and takes no new documents.",
    zh="{what} {code} 已停用。",
)
WRONG_PLACE = define(
    "WRONG_PLACE",
    en="Place {place} does not hold stock. Name a store, a warehouse or a bin.",
    zh="地点 {place} 不存放库存。请选择门店、仓库或库位。",
)
WRONG_PARTY = define(
    "WRONG_PARTY",
    en="{code} is not a {role}.",
    zh="{code} 不是此单据所需的往来单位类型({role})。",
)
NO_LINES = define("NO_LINES", en="A document needs at least one line.", zh="单据至少需要一行明细。")


def check_head(
    draft: DocumentDraft, document_type: DocumentType, known: Reference
) -> Iterator[Refusal]:
    """What is wrong with a document apart from its lines."""
    if not draft.lines and document_type.effect is not Effect.LANDED:
        yield Refusal(NO_LINES, ("lines",))
    if len(draft.lines) > MAX_LINES:
        yield Refusal(LIMIT_EXCEEDED, ("lines",), {"field": "lines", "limit": MAX_LINES})
    if draft.business_date < EARLIEST:
        details = {"date": draft.business_date, "earliest": EARLIEST}
        yield Refusal(DATE_TOO_EARLY, ("businessDate",), details)
    yield from _check_party(draft, document_type, known)
    for name, place_id in (("placeId", draft.place_id), ("toPlaceId", draft.to_place_id)):
        if place_id is not None:
            yield from check_place(place_id, (name,), known)
    # A line of no document would count as carried out by nobody.
    names_source = document_type.source_required or any(
        line.source_line is not None for line in draft.lines
    )
    if names_source and draft.source_id is None:
        yield Refusal(REQUIRED, ("sourceId",), {"field": "sourceId"})
    yield from _check_cost(draft, document_type, known)


def _check_party(
    draft: DocumentDraft, document_type: DocumentType, known: Reference
) -> Iterator[Refusal]:
    if draft.party_id is None:
        return
    party = known.parties.get(draft.party_id)
    if party is None:
        yield Refusal(NOT_FOUND, ("partyId",), {"id": str(draft.party_id)})
    elif not party.active:
        yield Refusal(INACTIVE, ("partyId",), {"what": "Party", "code": party.code})
    elif (document_type.party == "supplier" and not party.is_supplier) or (
        document_type.party == "customer" and not party.is_customer
    ):
        details = {"code": party.code, "role": document_type.party}
        yield Refusal(WRONG_PARTY, ("partyId",), details)


def _check_cost(
    draft: DocumentDraft, document_type: DocumentType, known: Reference
) -> Iterator[Refusal]:
    cost = draft.extra_cost
    if cost is None:
        if document_type.effect is Effect.LANDED:
            yield Refusal(REQUIRED, ("extraCost",), {"field": "extraCost"})
    elif abs(cost) >= MAX_AMOUNT:
        yield beyond("extraCost", MAX_AMOUNT)
    elif cost != round(cost, known.amount_dp):
        details = {"field": "extraCost", "decimals": known.amount_dp}
        yield Refusal(TOO_MANY_DECIMALS, ("extraCost",), details)
    if draft.cost_basis is not None and draft.cost_basis not in set(Basis):
        yield Refusal(NOT_FOUND, ("costBasis",), {"id": draft.cost_basis})


def check_place(place_id: UUID, path: tuple[str, ...], known: Reference) -> Iterator[Refusal]:
    """What is wrong with a place that goods shall come from or go to."""
    place = known.places.get(place_id)
    if place is None:
        yield Refusal(NOT_FOUND, path, {"id": str(place_id)})
    elif not place.active:
        yield Refusal(INACTIVE, path, {"what": "Place", "code": place.code})
    elif not place.holds_stock or place.account is not None:
        yield Refusal(WRONG_PLACE, path, {"place": place.code})


def beyond(field: str, limit: Decimal) -> Refusal:
    """The refusal of a figure that reaches ``limit``."""
    return Refusal(LIMIT_EXCEEDED, (field,), {"field": field, "limit": limit - 1})
