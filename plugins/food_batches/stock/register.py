"""The register of what came in and went out by batch, as the Food Safety Law asks (arts. 50, 51, 53)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows

Cursor = tuple[int, int, UUID]


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Which entries; all that is given must hold. ``account`` is ``supplier`` or ``customer``."""

    since: date | None = None
    until: date | None = None
    item_id: UUID | None = None
    lot_id: UUID | None = None
    party_id: UUID | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Goods of a batch that a document moved between us and another party. ``quantity`` is in base units,
    below zero where it goes back or undoes another. ``contact`` is what is known of the party now, all
    else what the document says."""

    sequence: int
    line: int
    lot_id: UUID
    document_id: UUID
    on: date
    account: str
    item_id: UUID
    quantity: Decimal
    party_id: UUID | None
    party_name: str | None
    address: str | None
    contact: str | None
    licence_kind: str | None
    licence_number: str | None

    @property
    def cursor(self) -> Cursor:
        return self.sequence, self.line, self.lot_id


async def list_entries(
    tx: Transaction, wanted: RegisterFilter, after: Cursor | None, limit: int
) -> list[Entry]:
    """Entries in the order of posting. What was corrected counts as it is now; what was undone on its own
    date not at all."""
    found = await rows(
        tx,
        _ENTRIES,
        tx.tenant_id,
        *(wanted.since,) * 2,
        *(wanted.until,) * 2,
        *(wanted.party_id,) * 2,
        *(after[0] if after else None,) * 2,
        *(wanted.account,) * 2,
        *(wanted.item_id,) * 2,
        *(wanted.lot_id,) * 2,
        *(after[0] if after else None, *(after or (None, None, None))),
        limit,
    )
    return [Entry(*row) for row in found]


_ENTRIES = """
WITH d AS (
  SELECT d.* FROM document d WHERE d.tenant_id = %s AND d.sequence IS NOT NULL
  AND (%s::date IS NULL OR d.business_date >= %s) AND (%s::date IS NULL OR d.business_date <= %s)
  AND (%s::uuid IS NULL OR d.party_id = %s) AND (%s::bigint IS NULL OR d.sequence >= %s)
), moved AS (
  SELECT d.tenant_id, d.id, d.sequence, min(e.event_line) AS line, b.lot_id, e.item_id, p.account,
         sum(e.quantity) AS quantity
  FROM d JOIN entry e ON e.tenant_id = d.tenant_id AND e.event_sequence = d.sequence
  JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id
   AND p.account IN ('supplier', 'customer')
  JOIN lot l ON l.tenant_id = e.tenant_id AND l.id = e.lot_id
  JOIN food_batches_batch b ON b.tenant_id = l.tenant_id AND b.lot_id = coalesce(l.parent_id, l.id)
  WHERE (%s::text IS NULL OR p.account = %s) AND (%s::uuid IS NULL OR e.item_id = %s)
   AND (%s::uuid IS NULL OR b.lot_id = %s)
  GROUP BY d.tenant_id, d.id, d.sequence, e.event_line, b.lot_id, e.item_id, p.account
  HAVING sum(e.quantity) <> 0
)
SELECT m.sequence, m.line, m.lot_id, m.id, d.business_date, m.account, m.item_id,
       CASE m.account WHEN 'supplier' THEN -m.quantity ELSE m.quantity END,
       d.party_id, coalesce(d.party_name, y.name), coalesce(d.address, y.address), y.phone,
       c.licence_kind, c.licence_number
FROM moved m JOIN d ON d.id = m.id
LEFT JOIN party y ON y.tenant_id = m.tenant_id AND y.id = d.party_id
LEFT JOIN food_batches_purchase_check c ON c.tenant_id = m.tenant_id AND c.document_id = m.id
WHERE (%s::bigint IS NULL OR (m.sequence, m.line, m.lot_id) > (%s, %s, %s))
ORDER BY m.sequence, m.line, m.lot_id LIMIT %s
"""
