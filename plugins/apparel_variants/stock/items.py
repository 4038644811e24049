"""Questions to core's items: read only, set-based, of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.plugin_api import Transaction, rows


@dataclass(frozen=True, slots=True)
class Priced:
    """What an item is called, what it costs, and where it belongs; whether it is in use."""

    item_id: UUID
    code: str
    name: str
    list_price: Decimal | None
    purchase_price: Decimal | None
    active: bool
    category_id: UUID | None
    base_unit_id: UUID


async def priced(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Priced]:
    """Items by id."""
    found = await rows(
        tx,
        "SELECT id, code, name, list_price, purchase_price, active,"
        " category_id, base_unit_id FROM item"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Priced(*row) for row in found}


async def packagings(tx: Transaction, item_id: UUID) -> dict[UUID, Fraction]:
    """The units of an item, and how many base units each holds; none where there is no such item."""
    found = await rows(
        tx,
        "SELECT base_unit_id, 1, 1 FROM item WHERE tenant_id = %s AND id = %s UNION ALL"
        " SELECT unit_id, numerator, denominator FROM item_unit WHERE tenant_id = %s AND item_id = %s",
        *(tx.tenant_id, item_id) * 2,
    )
    return {row[0]: Fraction(row[1]) / Fraction(row[2]) for row in found}
