"""Scans that become lines (扫码): into a draft, each once, whatever is sent again.

A line that was only sent back would be lost with the answer, or stand twice after a repeated scan. In a
draft on the server it does neither, and several devices may fill the same document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.plugin_api import (
    DOCUMENT_TYPES,
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    REQUIRED,
    UNKNOWN_TYPE,
    Database,
    DocumentDraft,
    DocumentType,
    Effect,
    LineDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    add_to_draft,
    define,
    items_by_barcode,
    lot_id,
    module_settings,
    raise_any,
    refuse,
    run_command,
    today,
    today_by_place,
)
from plugins.food_batches import gs1, labels, tables
from plugins.food_batches.gs1 import Scan
from plugins.food_batches.labels import Label
from plugins.food_batches.rules.records import Told
from plugins.food_batches.stock import tables as stock

UNKNOWN_BARCODE = define(
    "FOOD_BATCHES_UNKNOWN_BARCODE",
    en="No item has the barcode {code}. Add it to the item, or choose the item by hand.",
    zh="没有商品使用条码 {code}。请先为商品添加条码,或手工选择商品。",
)
SCAN_NUMBER_USED = define(
    "FOOD_BATCHES_SCAN_NUMBER_USED",
    en="{device} sent another scan under number {sequence}. Each scan needs a number of its own.",
    zh="设备 {device} 的序号 {sequence} 已用于其他扫码。每次扫码需要新的序号。",
)
CHOOSE_BY_HAND = define(
    "FOOD_BATCHES_CHOOSE_BY_HAND",
    en="Which goods are consumed and which produced a scan cannot tell: enter them by hand.",
    zh="扫码无法区分投入与产出,请手工录入。",
)

SEPARATOR = "\u241d"
"""Stands for the separator of GS1, a control character, which no text of the API may hold: ␝."""
LONGEST_DEVICE = 100
_PATHS = {"quantity": "quantity", "unitPrice": "unitPrice", "placeId": "placeId"}
"""Fields of a line that the one who scans may have told himself."""


@dataclass(frozen=True, slots=True)
class ScanDraft:
    """A scan as a device sends it. Type, day, party and places are the head of the draft it goes into where
    that is not there yet; without a type it must be."""

    device: str
    sequence: int
    text: str
    document_id: UUID
    type_code: str | None = None
    business_date: date | None = None
    party_id: UUID | None = None
    place_id: UUID | None = None
    to_place_id: UUID | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """The line that a scan became."""

    document_id: UUID
    line: int


async def scan(db: Database, principal: Principal, command_id: UUID, sent: ScanDraft) -> Scanned:
    """Add what was scanned to a draft, which is made where it is not there yet. The same scan of the same
    device is answered as the first time. Raises Refused with what to do."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        done = await _scan(tx, principal.user_id, sent)
        return {"document": done.document_id, "line": done.line}

    _check_origin(sent)
    outcome = await run_command(
        db, principal.tenant_id, command_id, "foodBatchesScan", asdict(sent), work
    )
    return Scanned(UUID(outcome["document"]), outcome["line"])


async def _scan(tx: Transaction, actor: UUID, sent: ScanDraft) -> Scanned:
    known = await tables.known_scan(tx, sent.device, sent.sequence)
    if known is not None:
        return _again(known, sent)
    draft = await _draft(tx, sent)
    async with tx.raw.transaction() as attempt:
        try:
            document = await add_to_draft(tx, actor, draft)
        except Refused as refused:
            raise Refused(*map(_placed, refused.refusals)) from None
        done = Scanned(document.id, document.lines[-1].no)
        row = {"device": sent.device, "sequence": sent.sequence, "text": sent.text}
        row |= {"document_id": done.document_id, "line": done.line, "scanned_by": actor}
        known = await tables.keep_scan(tx, row)
        if known is not None:  # it was sent twice at once
            raise psycopg.Rollback(attempt)
    return done if known is None else _again(known, sent)


def _again(known: Mapping[str, Any], sent: ScanDraft) -> Scanned:
    if (known["text"], known["document_id"]) != (sent.text, sent.document_id):
        raise refuse(SCAN_NUMBER_USED, "sequence", device=sent.device, sequence=sent.sequence)
    return Scanned(known["document_id"], known["line"])


async def _draft(tx: Transaction, sent: ScanDraft) -> DocumentDraft:
    """The document with the line that was scanned. Raises Refused."""
    stored = await stock.type_of_document(tx, sent.document_id)
    if stored is None and sent.type_code is None:
        raise refuse(NOT_FOUND, "documentId", id=str(sent.document_id))
    if stored is None and sent.business_date is None:
        raise refuse(REQUIRED, "businessDate", field="businessDate")
    code, on = stored or (sent.type_code, sent.business_date)
    assert code is not None
    assert on is not None
    type_ = DOCUMENT_TYPES.get(code)
    if type_ is None:
        raise refuse(UNKNOWN_TYPE, "type", type=code)
    if type_.effect is Effect.CONVERT:
        raise refuse(CHOOSE_BY_HAND, "type")
    line = await _line(tx, sent, type_, await _day_there(tx, sent.place_id, on))
    return DocumentDraft(
        sent.document_id,
        code,
        on,
        (line,),
        party_id=sent.party_id,
        place_id=sent.place_id,
        to_place_id=sent.to_place_id,
    )


async def _day_there(tx: Transaction, place: UUID | None, on: date) -> date:
    """The day of a document at its place: one of today is of today there."""
    if place is None or on != await today(tx):
        return on
    return (await today_by_place(tx)).get(place, on)


async def _line(tx: Transaction, sent: ScanDraft, type_: DocumentType, on: date) -> LineDraft:
    settings = await module_settings(tx, "food_batches")
    try:
        text = sent.text.replace(SEPARATOR, gs1.GS)
        found = gs1.scan(text, on, complete=settings.complete_scans)
    except Refused as refused:
        raise Refused(*(one.under("text") for one in refused.refusals)) from None
    item_id, unit_id = await _item(tx, found)
    item = (await tables.items_by_id(tx, [item_id])).get(item_id)
    second_unit = item.second_unit_id if item else None
    units = await stock.unit_codes(tx, [one for one in (unit_id, second_unit) if one])
    quantity, second = labels.amounts(
        found, units[unit_id], units[second_unit] if second_unit else None
    )
    line = LineDraft(
        item_id,
        quantity if sent.quantity is None else sent.quantity,
        unit_id=unit_id,
        unit_price=sent.unit_price,
    )
    told = Told(found.produced_on, found.expires_on, second_quantity=second)
    if item is None or not item.batch_control:
        return replace(line, extensions=_kept(replace(told, produced_on=None, expires_on=None)))
    code = (await stock.item_codes(tx, [item_id]))[item_id]
    label = Label(item, code, found.lot, told)
    lot = lot_id(item_id, found.lot) if found.lot else None
    known = (await tables.batches_by_lot(tx, [lot])).get(lot) if lot else None
    raise_any(
        Refusal(one.code, ("text",), one.details) for one in labels.check(label, known, type_, on)
    )
    if not labels.takes_in(type_):  # of goods that leave everything is known
        told = Told(second_quantity=second)
    ordered = type_.effect is Effect.ORDER  # promises are of an item, not of a batch
    return replace(line, lot_code=None if ordered else found.lot, extensions=_kept(told))


async def _item(tx: Transaction, found: Scan) -> tuple[UUID, UUID]:
    """The item and the unit that a code stands for, however many zeros it is stored with."""
    spellings = labels.spellings(found)
    barcodes = await items_by_barcode(tx, spellings)
    barcode = next((barcodes[code] for code in spellings if code in barcodes), None)
    if barcode is None:
        raise refuse(UNKNOWN_BARCODE, "text", code=(found.gtin or found.text)[:64])
    return barcode.item_id, barcode.unit_id


def _kept(told: Told) -> dict[str, Any]:
    """What a line keeps of a label, as its field would have been sent."""
    facts = {
        "produced_on": told.produced_on,
        "expires_on": told.expires_on,
        "second_quantity": told.second_quantity,
    }
    given = {name: value for name, value in facts.items() if value is not None}
    return {"food_batches": given} if given else {}


def _placed(refusal: Refusal) -> Refusal:
    """Core's paths lead into the line; the caller sent a text."""
    if refusal.path[:2] != ("lines", 0):
        return refusal
    inner = _PATHS.get(str(refusal.path[2])) if len(refusal.path) > 2 else None
    return Refusal(refusal.code, (inner or "text",), refusal.details)


def _check_origin(sent: ScanDraft) -> None:
    if not sent.device.strip():
        raise refuse(REQUIRED, "device", field="device")
    if len(sent.device) > LONGEST_DEVICE:
        raise refuse(LIMIT_EXCEEDED, "device", field="device", limit=LONGEST_DEVICE)
    if sent.sequence < 0:
        reason = {"reason": "Numbers begin at zero.", "reason_zh": "序号从零开始。"}
        raise refuse(INVALID, "sequence", **reason)
