"""What orders reserve, and how much of it the stock covers when their turn comes (decision 0013)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.db.database import Transaction, rows
from core.db.questions import ask
from core.ledger import loading, reading
from core.ledger.state import Promised
from core.ledger.stock import covered
from core.ledger.views.reports import availability


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is promised to an order's line from stock, and how much of it may be delivered now."""

    quantity: Decimal
    covered: Decimal

    @property
    def backordered(self) -> Decimal:
        """What waits for goods to come."""
        return self.quantity - self.covered


async def reserved(
    tx: Transaction, lines: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Reserved]:
    """Of these lines of orders, by document and number, those that something is reserved for."""
    concerned = await rows(
        tx,
        "SELECT DISTINCT item_id FROM promise WHERE tenant_id = %s AND document_id = ANY(%s)"
        " AND quantity > 0 AND NOT incoming",
        tx.tenant_id,
        list({document for document, _ in lines}),
    )
    by_item: dict[UUID, list[Promised]] = defaultdict(list)
    for promise in await ask(tx, reading.promises([row[0] for row in concerned])):
        if not promise.incoming:
            by_item[promise.item_id].append(promise)
    version, *_ = await ask(tx, reading.sequence_row())
    places = (await loading.rules(tx, version)).places
    levels = {
        (item, place)
        for item, promises in by_item.items()
        for promise in promises
        for place in places.path(promise.place_id)
    }
    there: dict[UUID, dict[UUID, Decimal]] = defaultdict(dict)
    for (item, level), stock in (await availability(tx, sorted(levels))).items():
        if level is not None:
            there[item][level] = stock.on_hand - stock.on_hold
    found: dict[tuple[UUID, int], Reserved] = {}
    for item, promises in by_item.items():
        parts = covered(places, promises, there[item])
        found |= {p.key: Reserved(p.quantity, parts[p.key]) for p in promises}
    return {key: found[key] for key in lines if key in found}
