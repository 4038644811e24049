"""From what a person entered to a document that can be posted: units, amounts, and what may not be.

Pure: everything it needs to know comes in as :class:`Reference`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.catalogue.units import convert, in_unit, require_whole
from core.decimals import Rounding, rounded
from core.documents.amounts import LineAmounts, check_rates, line_amounts
from core.documents.conversions import ROLE_REQUIRED, check_conversion
from core.documents.facts import ItemFacts, Reference, UnitFacts
from core.documents.heads import (
    INACTIVE,
    MAX_AMOUNT,
    MAX_PRICE,
    MAX_QUANTITY,
    beyond,
    check_head,
    check_place,
)
from core.documents.records import Document, DocumentDraft, Line, LineDraft
from core.documents.types import TYPES, UNKNOWN_TYPE, DocumentType, Effect
from core.errors import LIMIT_EXCEEDED, NOT_FOUND, REQUIRED, Refusal, Refused, define

_ONE = Fraction(1)
_ARRIVING = ("receipt", "opening", "drop_shipment")
_AT_PURCHASE_PRICE = (*_ARRIVING, "purchase_order", "requisition")
"""Whose goods come, or shall come, at the item's purchase price unless another is stated."""

NOT_A_UNIT_OF_ITEM = define(
    "NOT_A_UNIT_OF_ITEM",
    en="Item {item} is not kept in this unit. Add the unit to the item, or use one of its own.",
    zh="商品 {item} 没有此单位。请先为商品添加该单位,或使用已有单位。",
)
BAD_QUANTITY = define(
    "BAD_QUANTITY",
    en="The quantity must be above zero (a counted quantity may be zero); {quantity} is not.",
    zh="数量必须大于零(盘点数量可为零),{quantity} 无效。",
)
TOO_FINE = define(
    "TOO_FINE",
    en="{quantity} has more decimals than the unit allows ({decimals}).",
    zh="{quantity} 的小数位超过该单位允许的 {decimals} 位。",
)
NEGATIVE_PRICE = define(
    "NEGATIVE_PRICE",
    en="A price of stocked goods cannot be negative; {price} is.",
    zh="库存商品的价格不能为负:{price}。",
)
PRICE_REQUIRED = define(
    "PRICE_REQUIRED",
    en="Goods come in at a price: state the unit price of item {item}.",
    zh="入库需要价格:请填写商品 {item} 的单价。",
)
SAME_PLACE = define(
    "SAME_PLACE",
    en="Goods cannot be moved from a place to the same place.",
    zh="不能在同一地点之间调拨。",
)
BAD_TOLERANCE = define(
    "BAD_TOLERANCE",
    en="An order's line may be carried out by 0 to 100 percent more than ordered, not {percent}; other"
    " documents have no tolerance.",
    zh="订单行的超额比例须在 0 到 100 之间({percent} 无效),其他单据不设超额比例。",
)
SERVICE_NOT_STOCKED = define(
    "SERVICE_NOT_STOCKED",
    en="{item} is a service and is not kept in stock.",
    zh="{item} 是服务项目,不参与库存。",
)


def resolve(draft: DocumentDraft, known: Reference) -> Document:
    """The document a draft means. Raises Refused with everything that is wrong with it."""
    document_type = TYPES.get(draft.type)
    if document_type is None or document_type.system or not _is_on(document_type, known):
        raise Refused(Refusal(UNKNOWN_TYPE, ("type",), {"type": draft.type}))
    refusals = list(check_head(draft, document_type, known))
    lines: list[Line] = []
    for index, line in enumerate(draft.lines):
        try:
            lines.append(_line(index + 1, line, draft, document_type, known))
        except Refused as refused:
            refusals += [r.under("lines", index) for r in refused.refusals]
    if not refusals:
        refusals += check_conversion(document_type, lines)
    if refusals:
        raise Refused(*refusals)
    party = known.parties.get(draft.party_id) if draft.party_id else None
    none = Decimal(0).scaleb(-known.amount_dp)  # nothing, with the decimals of an amount
    return Document(
        id=draft.id,
        type_code=draft.type,
        business_date=draft.business_date,
        lines=tuple(lines),
        net=sum((line.net for line in lines), none),
        tax=sum((line.tax for line in lines), none),
        total=sum((line.total for line in lines), none),
        party_id=draft.party_id,
        party_name=draft.party_name or (party.name if party else None),
        address=draft.address or (party.address if party else None),
        country=draft.country or (party.country if party else None),
        place_id=draft.place_id,
        to_place_id=draft.to_place_id,
        source_id=draft.source_id,
        reference=draft.reference,
        remark=draft.remark,
        cause=draft.cause,
        extra_cost=draft.extra_cost,
        cost_basis=draft.cost_basis,
        extensions=draft.extensions,
    )


def head_of(document: Document) -> DocumentDraft:
    """A document as its writer entered it, but for its lines."""
    same = {f.name: getattr(document, f.name) for f in fields(DocumentDraft) if f.name != "type"}
    return DocumentDraft(**{**same, "type": document.type_code, "lines": ()})


def joined(document: Document, more: Document) -> Document:
    """A document with the lines of another behind its own."""
    last = document.lines[-1].no if document.lines else 0
    return replace(
        document,
        lines=(*document.lines, *(replace(line, no=last + line.no) for line in more.lines)),
        net=document.net + more.net,
        tax=document.tax + more.tax,
        total=document.total + more.total,
    )


def _is_on(document_type: DocumentType, known: Reference) -> bool:
    return document_type.module is None or document_type.module in known.modules


def _line(
    no: int, line: LineDraft, draft: DocumentDraft, document_type: DocumentType, known: Reference
) -> Line:
    item = known.items.get(line.item_id)
    if item is None:
        raise Refused(Refusal(NOT_FOUND, ("itemId",), {"id": str(line.item_id)}))
    if not item.active:
        raise Refused(Refusal(INACTIVE, ("itemId",), {"what": "Item", "code": item.code}))
    unit_id = line.unit_id or item.base_unit_id
    unit = item.units.get(unit_id)
    if unit is None:
        raise Refused(Refusal(NOT_A_UNIT_OF_ITEM, ("unitId",), {"item": item.code}))
    refusals = [
        *_check_quantity(line, document_type, item, unit),
        *_check_price(line, document_type, item),
        *_check_places(line, draft, document_type, item, known),
        *_check_order(line, document_type),
    ]
    if refusals:
        raise Refused(*refusals)
    price = _price(line, document_type, item, unit)
    amounts = _amounts(line, price, known)
    _check_size(line, amounts)
    return Line(
        no=no,
        item_id=item.id,
        unit_id=unit_id,
        entered_quantity=line.quantity,
        numerator=Decimal(unit.ratio.numerator),
        denominator=Decimal(unit.ratio.denominator),
        quantity=None if line.quantity is None else _base_quantity(line.quantity, item, unit),
        unit_price=price,
        discount_pct=line.discount_pct,
        tax_rate=line.tax_rate,
        net=amounts.net,
        tax=amounts.tax,
        total=amounts.total,
        stocked=item.stocked,
        lot_code=line.lot_code,
        place_id=_place(line, draft, document_type),
        to_place_id=line.to_place_id or draft.to_place_id,
        source_line=line.source_line,
        role=line.role,
        share=line.share,
        over_pct=line.over_pct,
        due_on=line.due_on,
        expires_at=line.expires_at,
        description=line.description,
        cause=line.cause or draft.cause,
        remark=line.remark,
        extensions=line.extensions,
    )


def _base_quantity(quantity: Decimal, item: ItemFacts, unit: UnitFacts) -> Decimal:
    """In base units, half up at the base unit's decimals; a unit counted whole refuses a fraction."""
    base = item.units[item.base_unit_id]
    if unit is base:
        return rounded(quantity, base.decimals)
    if base.decimals == 0:
        require_whole(in_unit(quantity, unit.ratio, _ONE))
    return convert(quantity, unit.ratio, _ONE, base.decimals, Rounding.HALF_UP)


def _check_quantity(
    line: LineDraft, document_type: DocumentType, item: ItemFacts, unit: UnitFacts
) -> Iterator[Refusal]:
    quantity = line.quantity
    optional = document_type.effect in (
        Effect.COUNT,
        Effect.REVALUE,
        Effect.STANDARD,
        Effect.LANDED,
    )
    if quantity is None:
        if not optional:
            yield Refusal(REQUIRED, ("quantity",), {"field": "quantity"})
        return
    if quantity < 0 or (quantity == 0 and not optional):
        yield Refusal(BAD_QUANTITY, ("quantity",), {"quantity": quantity})
        return
    if quantity != round(quantity, unit.decimals):
        details = {"quantity": quantity, "decimals": unit.decimals}
        yield Refusal(TOO_FINE, ("quantity",), details)
        return
    try:
        base = _base_quantity(quantity, item, unit)
    except Refused as refused:
        yield from (r.under("quantity") for r in refused.refusals)
        return
    if base >= MAX_QUANTITY:
        yield beyond("quantity", MAX_QUANTITY)
    if quantity > 0 and base == 0:  # less than the base unit can say
        yield Refusal(BAD_QUANTITY, ("quantity",), {"quantity": base})


def _check_price(
    line: LineDraft, document_type: DocumentType, item: ItemFacts
) -> Iterator[Refusal]:
    if line.unit_price is not None and line.unit_price < 0 and item.stocked:
        yield Refusal(NEGATIVE_PRICE, ("unitPrice",), {"price": line.unit_price})
    corrects = document_type.effect in (Effect.REVALUE, Effect.LANDED)
    if line.amount is not None and line.amount < 0 and item.stocked and not corrects:
        yield Refusal(NEGATIVE_PRICE, ("amount",), {"price": line.amount})
    if line.unit_price is not None and abs(line.unit_price) >= MAX_PRICE:
        yield beyond("unitPrice", MAX_PRICE)
    told = line.unit_price is not None or line.amount is not None
    arrives = document_type.code in _ARRIVING
    if arrives and item.stocked and not told and item.purchase_price is None:
        yield Refusal(PRICE_REQUIRED, ("unitPrice",), {"item": item.code})
    if document_type.effect is Effect.STANDARD and line.unit_price is None:
        yield Refusal(REQUIRED, ("unitPrice",), {"field": "unitPrice"})
    if document_type.effect is Effect.REVALUE and line.unit_price is None and line.amount is None:
        yield Refusal(REQUIRED, ("amount",), {"field": "amount"})
    yield from check_rates(line.discount_pct, line.tax_rate)


def _check_size(line: LineDraft, amounts: LineAmounts) -> None:
    """Raise Refused for a line that comes to more than the books can add up."""
    if max(abs(amounts.gross), abs(amounts.total)) >= MAX_AMOUNT:
        field = "quantity" if line.amount is None else "amount"
        details = {"field": "amount", "limit": MAX_AMOUNT - 1}
        raise Refused(Refusal(LIMIT_EXCEEDED, (field,), details))


def _check_places(
    line: LineDraft,
    draft: DocumentDraft,
    document_type: DocumentType,
    item: ItemFacts,
    known: Reference,
) -> Iterator[Refusal]:
    effect = document_type.effect
    place_id = _place(line, draft, document_type)
    to_place_id = line.to_place_id or draft.to_place_id
    if line.place_id is not None:
        yield from check_place(line.place_id, ("placeId",), known)
    if line.to_place_id is not None:
        yield from check_place(line.to_place_id, ("toPlaceId",), known)
    if not item.stocked:
        if effect not in (Effect.ORDER, Effect.RECEIVE, Effect.ISSUE, Effect.DROP):
            yield Refusal(SERVICE_NOT_STOCKED, ("itemId",), {"item": item.code})
        return
    no_place = (Effect.DROP, Effect.LANDED, Effect.STANDARD, Effect.REVALUE, Effect.ARRIVE)
    if place_id is None and effect not in no_place and not _may_take_from_work(line, document_type):
        yield Refusal(REQUIRED, ("placeId",), {"field": "placeId"})
    if effect in (Effect.MOVE, Effect.ARRIVE):
        if to_place_id is None:
            if line.role != "lost":
                yield Refusal(REQUIRED, ("toPlaceId",), {"field": "toPlaceId"})
        elif to_place_id == place_id and document_type.waits_in != "in_work":
            yield Refusal(SAME_PLACE, ("toPlaceId",))


def _place(line: LineDraft, draft: DocumentDraft, document_type: DocumentType) -> UUID | None:
    """Where a line takes place; what comes out of work does so nowhere else, whatever the head says."""
    if _may_take_from_work(line, document_type):
        return line.place_id
    return line.place_id or draft.place_id


def _may_take_from_work(line: LineDraft, document_type: DocumentType) -> bool:
    converts = document_type.effect is Effect.CONVERT and document_type.waits_in is not None
    return converts and line.role == "consume"


def _check_order(line: LineDraft, document_type: DocumentType) -> Iterator[Refusal]:
    order = document_type.effect is Effect.ORDER
    if order and document_type.roles and line.role not in ("consume", "produce"):
        yield Refusal(ROLE_REQUIRED, ("role",))
    if line.over_pct is not None and not (order and 0 <= line.over_pct <= 100):
        yield Refusal(BAD_TOLERANCE, ("overPct",), {"percent": line.over_pct})


def _price(
    line: LineDraft, document_type: DocumentType, item: ItemFacts, unit: UnitFacts
) -> Decimal | None:
    """The entered price; goods that arrive without one come in at the item's purchase price, which
    is kept per base unit."""
    if line.unit_price is not None or line.amount is not None or item.purchase_price is None:
        return line.unit_price
    if document_type.code not in _AT_PURCHASE_PRICE:
        return None
    return item.purchase_price * unit.ratio.numerator / unit.ratio.denominator


def _amounts(line: LineDraft, price: Decimal | None, known: Reference) -> LineAmounts:
    if line.amount is not None:
        quantity, price = Decimal(1), line.amount
    else:
        quantity = line.quantity or Decimal(0)
    return line_amounts(
        quantity,
        price or Decimal(0),
        discount_pct=line.discount_pct,
        tax_pct=line.tax_rate,
        prices_include_tax=known.prices_include_tax,
        dp=known.amount_dp,
    )
