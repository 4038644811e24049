"""Questions to core's items: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, rows


@dataclass(frozen=True, slots=True)
class Priced:
    """What an item is called, and what it costs; whether it is in use."""

    item_id: UUID
    code: str
    list_price: Decimal | None
    purchase_price: Decimal | None
    active: bool


async def priced(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Priced]:
    """Items by id."""
    found = await rows(
        tx,
        "SELECT id, code, list_price, purchase_price, active FROM item"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Priced(*row) for row in found}
