"""The item card (进销存明细账): every movement of an item in order of business date, with the balance
after it. A correction stands right behind the event it corrects, so that history reads as it is known
today; the cursor carries the balance, so that no page costs more than another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from core.db.database import Transaction, rows
from core.ledger.records import ZERO
from core.ledger.views.positions import Moment, positions


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Whose card: of one item, under a place or of a lot if named, from and to a date."""

    item_id: UUID
    place_id: UUID | None = None
    lot_id: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page of the card begins: the entry before it and the balances after that one."""

    effective_on: date
    event_sequence: int
    event_flow: int
    sequence: int
    no: int
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One entry of the card. ``corrected_id`` is the document whose movement it corrects, if any."""

    mark: Mark
    document_id: UUID
    corrected_id: UUID | None
    line: int
    place_id: UUID
    counter_place_id: UUID | None
    lot_id: UUID
    quantity: Decimal
    value: Decimal


async def card(
    tx: Transaction, wanted: CardFilter, after: Mark | None, limit: int
) -> list[CardEntry]:
    """Entries behind ``after``, or from the start of the wanted span."""
    start = after or await _opening(tx, wanted)
    found = await rows(
        tx,
        "SELECT e.effective_on, e.event_sequence, e.event_flow, e.sequence, e.no, e.document_id,"
        " (SELECT d.id FROM document d WHERE d.tenant_id = e.tenant_id"
        "  AND d.sequence = e.event_sequence AND e.sequence <> e.event_sequence),"
        " e.event_line, e.place_id, (SELECT o.place_id FROM entry o WHERE o.tenant_id = e.tenant_id"
        "  AND o.sequence = e.event_sequence AND o.event_sequence = e.event_sequence"
        "  AND o.event_flow = e.event_flow AND o.leg <> e.leg AND o.leg <> 'other' LIMIT 1),"
        " e.lot_id, e.quantity, e.value FROM entry e"
        " JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id"
        " WHERE e.tenant_id = %s AND e.item_id = %s AND e.pool_id IS NOT NULL"
        " AND (%s::uuid IS NULL OR %s = ANY(p.path)) AND (%s::uuid IS NULL OR e.lot_id = %s)"
        " AND (%s::date IS NULL OR e.effective_on <= %s)"
        " AND (e.effective_on, e.event_sequence, e.event_flow, e.sequence, e.no) > (%s,%s,%s,%s,%s)"
        " ORDER BY e.effective_on, e.event_sequence, e.event_flow, e.sequence, e.no LIMIT %s",
        tx.tenant_id,
        wanted.item_id,
        *(wanted.place_id,) * 2,
        *(wanted.lot_id,) * 2,
        *(wanted.until,) * 2,
        start.effective_on,
        start.event_sequence,
        start.event_flow,
        start.sequence,
        start.no,
        limit,
    )
    quantity, value = start.quantity, start.value
    entries: list[CardEntry] = []
    for row in found:
        quantity += row[11]
        value += row[12]
        mark = Mark(row[0], row[1], row[2], row[3], row[4], quantity, value)
        entries.append(CardEntry(mark, *row[5:]))
    return entries


async def _opening(tx: Transaction, wanted: CardFilter) -> Mark:
    """The balance brought forward: from the period rows, not from the beginning."""
    if wanted.since in (None, date.min):
        return Mark(date.min, 0, 0, 0, 0, ZERO, ZERO)
    before = wanted.since - timedelta(days=1)
    quantity, value = ZERO, ZERO
    for line in (await positions(tx, [wanted.item_id], Moment(on=before))).values():
        if wanted.lot_id is not None and line.lot_id != wanted.lot_id:
            continue
        if wanted.place_id is None or await _under(tx, line.place_id, wanted.place_id):
            quantity += line.quantity
            value += line.value
    return Mark(before, 2**62, 0, 0, 0, quantity, value)


async def _under(tx: Transaction, place: UUID, top: UUID) -> bool:
    found = await rows(
        tx,
        "SELECT %s = ANY(path) FROM place WHERE tenant_id = %s AND id = %s",
        top,
        tx.tenant_id,
        place,
    )
    return bool(found and found[0][0])
