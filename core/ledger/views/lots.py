"""Where goods of a lot came from and went: the movements of lots, for tracing (one up, one down)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.db.database import RawTransaction, rows
from core.documents.types import TYPES, Effect
from core.ids import NIL


@dataclass(frozen=True, slots=True)
class LotMovement:
    """Goods of a lot that a posted document moved: ``quantity`` in base units, above zero, from a place
    to a place. An account is the name of a virtual place, None where the place is one of ours."""

    document_id: UUID
    type_code: str
    number: str
    on: date
    line: int
    item_id: UUID
    lot_id: UUID
    quantity: Decimal
    source: UUID
    target: UUID
    source_account: str | None
    target_account: str | None
    party_id: UUID | None
    reverses_id: UUID | None


async def lot_movements(tx: RawTransaction, lots: Collection[UUID]) -> list[LotMovement]:
    """Every movement of these lots, by posting; and of each document in which some of them became
    other goods, all movements of lots, so that whoever asks sees the next generation.

    An event that was corrected counts as it is now; one that was undone on its own date not at all.
    """
    converting = [code for code, known in TYPES.items() if known.effect is Effect.CONVERT]
    wanted = [lot for lot in lots if lot != NIL]
    found = await rows(tx, _MOVEMENTS, tx.tenant_id, wanted, tx.tenant_id, converting, wanted)
    return [LotMovement(*row) for row in found]


_MOVEMENTS = """
WITH own AS MATERIALIZED (
  SELECT DISTINCT event_sequence FROM entry WHERE tenant_id = %s AND lot_id = ANY(%s)
), moved AS (
  SELECT d.id, d.type, d.number, d.business_date, min(e.line) line, e.item_id, e.lot_id,
         e.event_sequence, e.event_flow, d.party_id, d.reverses_id, e.place_id, sum(e.quantity) quantity
  FROM own JOIN document d ON d.tenant_id = %s AND d.sequence = own.event_sequence
  JOIN entry e ON e.tenant_id = d.tenant_id AND e.event_sequence = d.sequence
   AND e.lot_id <> '00000000-0000-0000-0000-000000000000'
   AND (d.type = ANY(%s) OR e.lot_id = ANY(%s))
  GROUP BY d.tenant_id, d.id, e.item_id, e.lot_id, e.event_sequence, e.event_flow, e.place_id
  HAVING sum(e.quantity) <> 0
)
SELECT o.id, o.type, o.number, o.business_date, i.line, o.item_id, o.lot_id, i.quantity,
       o.place_id, i.place_id, f.account, t.account, o.party_id, o.reverses_id
FROM moved o JOIN moved i USING (event_sequence, event_flow, lot_id)
JOIN place f ON f.id = o.place_id JOIN place t ON t.id = i.place_id
WHERE o.quantity < 0 AND i.quantity > 0 ORDER BY event_sequence, event_flow
"""
