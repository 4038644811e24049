"""Stock: how much of an item lies where, and what it is worth; now, as of a date, as known at a moment.

"As of" costs one period row per key and the entries of one period, however old the date (rule 6.2).
"As known at" sums the entries that were posted by then: exact, with no promise of speed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from core.db.database import Transaction, rows
from core.db.questions import ask
from core.ids import NIL
from core.ledger import loading, reading
from core.ledger.records import ZERO, BalanceKey, PoolKey, pool_key
from core.ledger.state import scope_of


@dataclass(frozen=True, slots=True)
class Moment:
    """When: a business date (as of), a moment of knowledge (as known at), or, with neither, now."""

    on: date | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StockLine:
    """One item at one place in one lot. ``value`` is its share of its cost pool."""

    item_id: UUID
    place_id: UUID
    lot_id: UUID
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which stock: of these items, under these places, of this lot; rows at zero only if wanted."""

    item_ids: tuple[UUID, ...] | None = None
    place_id: UUID | None = None
    lot_id: UUID | None = None
    include_zero: bool = False


async def keys(
    tx: Transaction, wanted: StockFilter, after: BalanceKey | None, limit: int
) -> list[BalanceKey]:
    """The balances there are, in order of item, place and lot; none is ever deleted, so that these are
    the keys of every past date too."""
    found = await rows(
        tx,
        "SELECT b.item_id, b.place_id, b.lot_id FROM balance b"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id WHERE b.tenant_id = %s"
        " AND (%s::uuid[] IS NULL OR b.item_id = ANY(%s)) AND (%s::uuid IS NULL OR %s = ANY(p.path))"
        " AND (%s::uuid IS NULL OR b.lot_id = %s) AND (%s OR b.on_hand <> 0)"
        " AND (b.item_id, b.place_id, b.lot_id) > (%s, %s, %s)"
        " ORDER BY b.item_id, b.place_id, b.lot_id LIMIT %s",
        tx.tenant_id,
        *(_listed(wanted.item_ids),) * 2,
        *(wanted.place_id,) * 2,
        *(wanted.lot_id,) * 2,
        wanted.include_zero,
        *(after or BalanceKey(NIL, NIL, NIL)),
        limit,
    )
    return [BalanceKey(*row) for row in found]


def _listed(ids: Iterable[UUID] | None) -> list[UUID] | None:
    return None if ids is None else list(ids)


async def positions(
    tx: Transaction, item_ids: Collection[UUID], moment: Moment
) -> dict[BalanceKey, StockLine]:
    """Quantity and value of all balances of these items. A place's value is its share of the pool,
    split by running total in order of place and lot (rule 5.1)."""
    quantities = await _quantities(tx, item_ids, moment)
    version, *_ = await ask(tx, reading.sequence_row())
    known = await loading.rules(tx, version)
    rules, places = known.settings, known.places
    facts = await ask(tx, reading.items(item_ids))
    lots = await ask(tx, reading.lots(item_ids))
    values: dict[PoolKey, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for pool, (quantity, value) in (await _values(tx, item_ids, moment)).items():
        key = PoolKey(pool.item, pool.place, NIL, NIL) if pool.document != NIL else pool
        values[key][0] += quantity
        values[key][1] += value
    members: dict[PoolKey, list[BalanceKey]] = defaultdict(list)
    for balance in sorted(quantities):
        lot = lots.get(balance.lot)
        root = lot.root if lot else balance.lot
        scope = scope_of(rules, facts[balance.item])
        key = pool_key(scope, balance.item, balance.place, balance.lot, root)
        if places.waiting(balance.place):  # one sum for what waits there, whatever it waits for
            key = PoolKey(balance.item, balance.place, NIL, NIL)
        members[key].append(balance)
    lines: dict[BalanceKey, StockLine] = {}
    for key, balances in members.items():
        lines |= _shared(balances, quantities, *values[key])
    return lines


async def stock_now(tx: Transaction, item_ids: Collection[UUID]) -> list[StockLine]:
    """What is there of these items now and what it is worth, by item, place and lot; nothing at zero."""
    return await stock_on(tx, item_ids, None)


async def stock_on(tx: Transaction, item_ids: Collection[UUID], on: date | None) -> list[StockLine]:
    """The same at the end of a business date; None is now."""
    found = await positions(tx, item_ids, Moment(on))
    return [line for _, line in sorted(found.items()) if line.quantity]


def _shared(
    balances: Iterable[BalanceKey],
    quantities: Mapping[BalanceKey, Decimal],
    whole: Decimal,
    value: Decimal,
) -> dict[BalanceKey, StockLine]:
    lines: dict[BalanceKey, StockLine] = {}
    seen, given = ZERO, ZERO
    for key in balances:
        quantity = quantities[key]
        seen += quantity
        until = value if seen == whole else _part(value, seen, whole)
        lines[key] = StockLine(*key, quantity, until - given)
        given = until
    return lines


def _part(value: Decimal, seen: Decimal, whole: Decimal) -> Decimal:
    """Rounded half up at the decimals the value itself has, two at least."""
    if not whole:
        return ZERO
    exponent = Decimal(1).scaleb(min(int(value.as_tuple().exponent), -2))
    return (value * seen / whole).quantize(exponent, ROUND_HALF_UP)


async def _quantities(
    tx: Transaction, item_ids: Collection[UUID], moment: Moment
) -> dict[BalanceKey, Decimal]:
    items = list(item_ids)
    if moment.known_at is not None:
        found = await rows(
            tx,
            # What was not known yet counts as zero, like what was not there yet below.
            "SELECT b.item_id, b.place_id, b.lot_id, coalesce(m.quantity, 0) FROM balance b"
            " LEFT JOIN (SELECT e.item_id, e.place_id, e.lot_id, sum(e.quantity) quantity"
            "  FROM entry e JOIN document d ON d.tenant_id = e.tenant_id AND d.sequence = e.sequence"
            "  WHERE e.tenant_id = %s AND e.item_id = ANY(%s) AND e.pool_id IS NOT NULL"
            "  AND d.posted_at <= %s AND (%s::date IS NULL OR e.effective_on <= %s)"
            "  GROUP BY 1, 2, 3) m USING (item_id, place_id, lot_id)"
            " WHERE b.tenant_id = %s AND b.item_id = ANY(%s)",
            tx.tenant_id,
            items,
            moment.known_at,
            moment.on,
            moment.on,
            tx.tenant_id,
            items,
        )
    elif moment.on is None:
        found = await rows(
            tx,
            "SELECT item_id, place_id, lot_id, on_hand FROM balance"
            " WHERE tenant_id = %s AND item_id = ANY(%s)",
            tx.tenant_id,
            items,
        )
    else:
        found = await rows(
            tx,
            "SELECT b.item_id, b.place_id, b.lot_id, coalesce(p.quantity, 0) + coalesce(m.quantity, 0)"
            " FROM balance b LEFT JOIN LATERAL (SELECT quantity FROM period_balance p"
            "  WHERE p.tenant_id = b.tenant_id AND p.item_id = b.item_id AND p.place_id = b.place_id"
            "  AND p.lot_id = b.lot_id AND p.period < %s ORDER BY p.period DESC LIMIT 1) p ON true"
            " LEFT JOIN (SELECT item_id, place_id, lot_id, sum(quantity) quantity FROM entry"
            "  WHERE tenant_id = %s AND item_id = ANY(%s) AND pool_id IS NOT NULL"
            "  AND effective_on BETWEEN %s AND %s GROUP BY 1, 2, 3) m USING (item_id, place_id, lot_id)"
            " WHERE b.tenant_id = %s AND b.item_id = ANY(%s)",
            moment.on.replace(day=1),
            tx.tenant_id,
            items,
            moment.on.replace(day=1),
            moment.on,
            tx.tenant_id,
            items,
        )
    return {BalanceKey(r[0], r[1], r[2]): r[3] for r in found}


async def _values(
    tx: Transaction, item_ids: Collection[UUID], moment: Moment
) -> dict[PoolKey, tuple[Decimal, Decimal]]:
    """Quantity and value of the items' pools."""
    items = list(item_ids)
    key = "q.item_id, q.place_id, q.lot_id, q.document_id"
    if moment.known_at is not None:
        found = await rows(
            tx,
            f"SELECT {key}, sum(e.quantity), sum(e.value) FROM entry e"  # noqa: S608 - a constant of ours
            " JOIN pool q ON q.tenant_id = e.tenant_id AND q.id = e.pool_id JOIN document d"
            " ON d.tenant_id = e.tenant_id AND d.sequence = e.sequence WHERE e.tenant_id = %s"
            " AND e.item_id = ANY(%s) AND d.posted_at <= %s"
            " AND (%s::date IS NULL OR e.effective_on <= %s) GROUP BY 1, 2, 3, 4",
            tx.tenant_id,
            items,
            moment.known_at,
            moment.on,
            moment.on,
        )
    elif moment.on is None:
        found = await rows(
            tx,
            f"SELECT {key}, q.quantity, q.value FROM pool q"  # noqa: S608 - a constant of ours
            " WHERE q.tenant_id = %s AND q.item_id = ANY(%s)",
            tx.tenant_id,
            items,
        )
    else:
        found = await rows(
            tx,
            f"SELECT {key}, coalesce(p.quantity, 0) + coalesce(m.quantity, 0),"  # noqa: S608 - a constant of ours
            " coalesce(p.value, 0) + coalesce(m.value, 0)"
            " FROM pool q LEFT JOIN LATERAL (SELECT quantity, value FROM period_pool p"
            "  WHERE p.tenant_id = q.tenant_id AND p.item_id = q.item_id AND p.pool_id = q.id"
            "  AND p.period < %s ORDER BY p.period DESC LIMIT 1) p ON true"
            " LEFT JOIN (SELECT pool_id, sum(quantity) quantity, sum(value) value FROM entry"
            "  WHERE tenant_id = %s AND item_id = ANY(%s) AND effective_on BETWEEN %s AND %s"
            "  GROUP BY 1) m ON m.pool_id = q.id WHERE q.tenant_id = %s AND q.item_id = ANY(%s)",
            moment.on.replace(day=1),
            tx.tenant_id,
            items,
            moment.on.replace(day=1),
            moment.on,
            tx.tenant_id,
            items,
        )
    return {PoolKey(r[0], r[1], r[2], r[3]): (r[4], r[5]) for r in found}
