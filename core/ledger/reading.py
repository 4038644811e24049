"""Reads the state of a posting, after the guards are locked. SQL only; it decides nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.db.database import Transaction, rows
from core.documents.rules import ItemFacts, PartyFacts, PlaceFacts, UnitFacts
from core.ledger.pools import Pool
from core.ledger.records import (
    BalanceKey,
    Leg,
    Method,
    Origin,
    PoolKey,
    Position,
)
from core.ledger.state import Held, LotFacts, Places, Promised


async def lock_items(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, date | None]:
    """Then the item guards, by id; returns through which date each item has moved."""
    found = await rows(
        tx,
        "SELECT item_id, moved_through FROM item_guard"
        " WHERE tenant_id = %s AND item_id = ANY(%s) ORDER BY item_id FOR UPDATE",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: row[1] for row in found}


async def sequence_row(tx: Transaction) -> tuple[int, date | None, bool, datetime]:
    """(rules_version, closed_through, halted, the database's clock); not locked."""
    found = await rows(
        tx,
        "SELECT rules_version, closed_through, halted, clock_timestamp() FROM tenant_sequence"
        " WHERE tenant_id = %s",
        tx.tenant_id,
    )
    return found[0]


async def settings(tx: Transaction) -> dict[str, Any]:
    found = await rows(tx, 'SELECT "values" FROM tenant_setting WHERE tenant_id = %s', tx.tenant_id)
    return dict(found[0][0])


async def places(tx: Transaction) -> Places:
    """The whole location tree."""
    found = await rows(
        tx,
        "SELECT id, code, path, holds_stock, active, account, negative_stock FROM place"
        " WHERE tenant_id = %s",
        tx.tenant_id,
    )
    return Places(PlaceFacts(r[0], r[1], tuple(r[2]), *r[3:]) for r in found)


async def items(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, ItemFacts]:
    """Items with the units they are kept in."""
    found = await rows(
        tx,
        "SELECT i.id, i.code, i.kind = 'stocked', i.active, i.base_unit_id, i.purchase_price,"
        " i.standard_cost, i.weight, i.volume, i.negative_stock, i.costing_method, i.cost_scope,"
        " b.decimals FROM item i JOIN unit b ON b.tenant_id = i.tenant_id AND b.id = i.base_unit_id"
        " WHERE i.tenant_id = %s AND i.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    units: dict[UUID, dict[UUID, UnitFacts]] = {
        r[0]: {r[4]: UnitFacts(Fraction(1), r[12])} for r in found
    }
    further = await rows(
        tx,
        "SELECT x.item_id, x.unit_id, x.numerator, x.denominator, u.decimals FROM item_unit x"
        " JOIN unit u ON u.tenant_id = x.tenant_id AND u.id = x.unit_id"
        " WHERE x.tenant_id = %s AND x.item_id = ANY(%s)",
        tx.tenant_id,
        list(units),
    )
    for item, unit, numerator, denominator, decimals in further:
        units[item][unit] = UnitFacts(Fraction(numerator) / Fraction(denominator), decimals)
    return {
        r[0]: ItemFacts(
            id=r[0],
            code=r[1],
            stocked=r[2],
            active=r[3],
            base_unit_id=r[4],
            units=units[r[0]],
            purchase_price=r[5],
            standard_cost=r[6],
            weight=r[7],
            volume=r[8],
            negative_stock=r[9],
            costing_method=r[10],
            cost_scope=r[11],
        )
        for r in found
    }


async def parties(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, PartyFacts]:
    if not ids:
        return {}
    found = await rows(
        tx,
        "SELECT id, code, name, is_supplier, is_customer, country, address, active FROM party"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {r[0]: PartyFacts(*r) for r in found}


async def balances(tx: Transaction, ids: Collection[UUID]) -> dict[BalanceKey, Decimal]:
    """All balances of the items, those at zero included."""
    found = await rows(
        tx,
        "SELECT item_id, place_id, lot_id, on_hand FROM balance"
        " WHERE tenant_id = %s AND item_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {BalanceKey(r[0], r[1], r[2]): r[3] for r in found}


async def lots(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, LotFacts]:
    found = await rows(
        tx,
        "SELECT id, item_id, code, parent_id, is_unit, received_on FROM lot"
        " WHERE tenant_id = %s AND item_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {r[0]: LotFacts(*r) for r in found}


async def pools(
    tx: Transaction, ids: Collection[UUID], methods: dict[UUID, Method], cent: Decimal
) -> dict[PoolKey, Pool]:
    """The items' pools with the layers that are left in them."""
    found = await rows(
        tx,
        "SELECT item_id, place_id, lot_id, document_id, quantity, value, last_cost, id FROM pool"
        " WHERE tenant_id = %s AND item_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    by_id = {r[7]: Pool(PoolKey(*r[:4]), methods[r[0]], cent, r[4], r[5], r[6]) for r in found}
    left = await rows(
        tx,
        "SELECT pool_id, origin_on, origin_sequence, origin_flow, quantity, value FROM layer"
        " WHERE tenant_id = %s AND pool_id = ANY(%s)",
        tx.tenant_id,
        list(by_id),
    )
    for pool_id, on, sequence, flow, quantity, value in left:
        by_id[pool_id].layers[Origin(on, sequence, flow)] = Leg(quantity, value)
    return {pool.key: pool for pool in by_id.values()}


async def promises(tx: Transaction, ids: Collection[UUID]) -> list[Promised]:
    """What is promised and not expired; past its expiry a promise counts for nothing (rule 4.2)."""
    found = await rows(
        tx,
        "SELECT document_id, line, item_id, place_id, lot_id, incoming, quantity, due_on, expires_at"
        " FROM promise WHERE tenant_id = %s AND item_id = ANY(%s) AND quantity > 0"
        " AND (expires_at IS NULL OR expires_at > clock_timestamp())",
        tx.tenant_id,
        list(ids),
    )
    return [Promised(*r) for r in found]


async def holds(tx: Transaction, ids: Collection[UUID]) -> list[Held]:
    found = await rows(
        tx,
        "SELECT item_id, place_id, lot_id, reason FROM hold WHERE tenant_id = %s"
        " AND item_id = ANY(%s) AND released_at IS NULL"
        " AND (until IS NULL OR until > clock_timestamp())",
        tx.tenant_id,
        list(ids),
    )
    return [Held(*r) for r in found]


async def standards(
    tx: Transaction, ids: Collection[UUID]
) -> dict[UUID, list[tuple[Position, Decimal]]]:
    """The standard costs the items ever had; those reversed on their own date were never in force."""
    if not ids:
        return {}
    found = await rows(
        tx,
        "SELECT s.item_id, s.since, s.sequence, s.cost FROM standard_cost s"
        " JOIN document d ON d.tenant_id = s.tenant_id AND d.sequence = s.sequence"
        " WHERE s.tenant_id = %s AND s.item_id = ANY(%s) AND NOT EXISTS (SELECT FROM document m"
        " WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id"
        " AND m.business_date = d.business_date)",
        tx.tenant_id,
        list(ids),
    )
    known: dict[UUID, list[tuple[Position, Decimal]]] = {}
    for item, since, sequence, cost in found:
        known.setdefault(item, []).append((Position(since, sequence, 0), cost))
    return known
