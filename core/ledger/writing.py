"""Writes what was decided, set by set. Every multi-row statement goes in sorted by its key, because two
processes that write the same rows in different order deadlock (rule 3.4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from core.canonical import plain
from core.db.database import Transaction
from core.documents.records import Document
from core.ledger.decide import Decision, Posted, Progressed
from core.ledger.pools import Pool
from core.ledger.reading import rows
from core.ledger.records import (
    ZERO,
    BalanceKey,
    Flow,
    Leg,
    LegKey,
    PoolKey,
)
from core.ledger.state import LotFacts, Promised, State


class ConflictError(Exception):
    """The rules or the period changed while the posting was decided: roll back, decide anew."""


Numbering = Mapping[int, int]
"""The real posting numbers of the provisional ones."""


class Written(NamedTuple):
    """An entry as it was written: what it was, of which item, on which date it counts, how much."""

    key: LegKey
    item: UUID
    on: date
    leg: Leg


@dataclass(frozen=True, slots=True)
class Granted:
    """What the tenant's sequence row gave: the first posting number, the moment, the change mark."""

    first: int
    at: datetime
    mark: int


async def _bulk(
    tx: Transaction, query: str, columns: Sequence[str], table: Iterable[Sequence[Any]]
) -> None:
    """Run ``query``, in which ``{rows}`` stands for unnest(…) of the given rows as arrays."""
    listed = list(table)
    if not listed:
        return
    arrays = [list(column) for column in zip(*listed, strict=True)]
    unnest = "unnest(" + ", ".join(f"%s::{kind}[]" for kind in columns) + ")"
    await tx.raw.execute(query.replace("{rows}", unnest).encode(), arrays)


async def take_numbers(tx: Transaction, state: State, postings: int, earliest: date) -> Granted:
    """The last lock: the tenant's sequence row gives posting numbers in commit order, and refuses them
    if the rules changed or the period was closed since they were read (this replaces a period lock).
    """
    found = await rows(
        tx,
        "UPDATE tenant_sequence SET posting = posting + %s, change = change + 1,"
        " last_posted_at = greatest(clock_timestamp(), last_posted_at)"
        " WHERE tenant_id = %s AND rules_version = %s AND NOT halted"
        " AND (closed_through IS NULL OR closed_through < %s)"
        " RETURNING posting, last_posted_at, change",
        postings,
        tx.tenant_id,
        state.rules_version,
        earliest,
    )
    if not found:
        raise ConflictError
    return Granted(found[0][0] - postings + 1, found[0][1], found[0][2])


async def document_numbers(tx: Transaction, documents: Sequence[Document]) -> dict[UUID, str]:
    """Numbers per type and business day, without gaps: the counter is taken under the sequence row,
    which every posting holds anyway, so that it is no lock of its own."""
    wanted: dict[tuple[str, date], list[Document]] = defaultdict(list)
    for document in documents:
        wanted[document.type_code, document.business_date].append(document)
    numbers: dict[UUID, str] = {}
    for (code, day), group in sorted(wanted.items()):
        found = await rows(
            tx,
            "INSERT INTO number_series (tenant_id, type, day, last) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, type, day) DO UPDATE"
            " SET last = number_series.last + excluded.last RETURNING last",
            tx.tenant_id,
            code,
            day,
            len(group),
        )
        for index, document in enumerate(reversed(group)):
            last = found[0][0] - index
            numbers[document.id] = f"{document.type.prefix}-{day:%Y%m%d}-{last:04d}"
    return numbers


async def lots(tx: Transaction, made: Mapping[UUID, LotFacts]) -> None:
    await _bulk(
        tx,
        "INSERT INTO lot (tenant_id, id, item_id, code, is_unit, received_on)"
        " SELECT * FROM {rows} ON CONFLICT (tenant_id, id) DO NOTHING",
        ("uuid", "uuid", "uuid", "text", "bool", "date"),
        [
            (tx.tenant_id, lot.id, lot.item_id, lot.code, lot.is_unit, lot.received_on)
            for _, lot in sorted(made.items())
        ],
    )


async def balances(
    tx: Transaction,
    state: State,
    before: Mapping[BalanceKey, Decimal],
    touched: Iterable[BalanceKey],
) -> None:
    """Rows are made only for what increases (rule 3.6). The flag that lets a row be negative follows
    the policy, and stays while the row is below zero: such a row may only rise (rule 4.3)."""
    old, new = [], []
    for key in sorted(set(touched)):
        now = state.books.balances.get(key, ZERO)
        if now == before.get(key, ZERO) and key in before:
            continue
        lot = state.lots.get(key.lot)
        negative = now < 0 or state.may_go_negative(key.item, key.place)
        row = (tx.tenant_id, *key, now, negative, bool(lot and lot.is_unit))
        if key in before:
            old.append(row)
        elif now:
            new.append(row)
    columns = ("uuid", "uuid", "uuid", "uuid", "numeric", "bool", "bool")
    await _bulk(
        tx,
        "UPDATE balance b SET on_hand = r.on_hand, may_go_negative = r.negative FROM {rows}"
        " r(tenant_id, item_id, place_id, lot_id, on_hand, negative, is_unit)"
        " WHERE b.tenant_id = r.tenant_id AND b.item_id = r.item_id"
        " AND b.place_id = r.place_id AND b.lot_id = r.lot_id",
        columns,
        old,
    )
    await _bulk(
        tx,
        "INSERT INTO balance (tenant_id, item_id, place_id, lot_id, on_hand, may_go_negative,"
        " is_unit) SELECT * FROM {rows}",
        columns,
        new,
    )


Kept = dict[PoolKey, tuple[Decimal, Decimal, Decimal, dict[Any, tuple[Decimal, Decimal]]]]


def kept(pools: Mapping[PoolKey, Pool]) -> Kept:
    """The pools as they were read, to write only what changed."""
    return {
        key: (
            pool.quantity,
            pool.value,
            pool.last_cost,
            {origin: (leg.quantity, leg.value) for origin, leg in pool.layers.items()},
        )
        for key, pool in pools.items()
    }


_NEW_POOL: tuple[None, None, None, dict[Any, tuple[Decimal, Decimal]]] = (None, None, None, {})


async def pools(tx: Transaction, state: State, before: Kept, real: Numbering) -> None:
    """Pools and their layers, as far as they changed."""
    changed, put, gone = [], [], []
    for key, pool in sorted(state.books.pools.items()):
        was = before.get(key, _NEW_POOL)
        if (pool.quantity, pool.value, pool.last_cost) != was[:3]:
            changed.append((tx.tenant_id, key.id, *key, pool.quantity, pool.value, pool.last_cost))
        now = {
            o._replace(sequence=real.get(o.sequence, o.sequence)): (leg.quantity, leg.value)
            for o, leg in pool.layers.items()
        }
        put += [(tx.tenant_id, key.id, *o, *v) for o, v in now.items() if was[3].get(o) != v]
        gone += [(tx.tenant_id, key.id, *o) for o in was[3] if o not in now]
    await _bulk(
        tx,
        "INSERT INTO pool (tenant_id, id, item_id, place_id, lot_id, document_id, quantity, value,"
        " last_cost) SELECT * FROM {rows} ON CONFLICT (tenant_id, id) DO UPDATE SET"
        " quantity = excluded.quantity, value = excluded.value, last_cost = excluded.last_cost",
        ("uuid",) * 6 + ("numeric",) * 3,
        changed,
    )
    await _bulk(
        tx,
        "DELETE FROM layer l USING {rows} r(tenant_id, pool_id, origin_on, origin_sequence,"
        " origin_flow) WHERE l.tenant_id = r.tenant_id AND l.pool_id = r.pool_id"
        " AND l.origin_on = r.origin_on AND l.origin_sequence = r.origin_sequence"
        " AND l.origin_flow = r.origin_flow",
        ("uuid", "uuid", "date", "bigint", "int"),
        sorted(gone),
    )
    await _bulk(
        tx,
        "INSERT INTO layer (tenant_id, pool_id, origin_on, origin_sequence, origin_flow, quantity,"
        " value) SELECT * FROM {rows} ON CONFLICT (tenant_id, pool_id, origin_on, origin_sequence,"
        " origin_flow) DO UPDATE SET quantity = excluded.quantity, value = excluded.value",
        ("uuid", "uuid", "date", "bigint", "int", "numeric", "numeric"),
        sorted(put),
    )


async def guards(tx: Transaction, moved_through: Mapping[UUID, date]) -> None:
    await _bulk(
        tx,
        "UPDATE item_guard g SET moved_through = r.moved FROM {rows} r(tenant_id, item_id, moved)"
        " WHERE g.tenant_id = r.tenant_id AND g.item_id = r.item_id"
        " AND g.moved_through IS DISTINCT FROM r.moved",
        ("uuid", "uuid", "date"),
        [(tx.tenant_id, item, moved) for item, moved in sorted(moved_through.items())],
    )


async def progress(tx: Transaction, steps: Iterable[Progressed]) -> None:
    summed: dict[tuple[UUID, int], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for step in steps:
        total = summed[step.document_id, step.line]
        total[0] += step.executed
        total[1] += step.returned
    keys = sorted(summed)
    await _bulk(
        tx,
        "INSERT INTO line_progress (tenant_id, document_id, no) SELECT * FROM {rows}"
        " ON CONFLICT (tenant_id, document_id, no) DO NOTHING",
        ("uuid", "uuid", "int"),
        [(tx.tenant_id, *key) for key in keys],
    )
    await _bulk(
        tx,
        "UPDATE line_progress p SET executed = p.executed + r.executed,"
        " returned = p.returned + r.returned"
        " FROM {rows} r(tenant_id, document_id, no, executed, returned)"
        " WHERE p.tenant_id = r.tenant_id AND p.document_id = r.document_id AND p.no = r.no",
        ("uuid", "uuid", "int", "numeric", "numeric"),
        [(tx.tenant_id, *key, *summed[key]) for key in keys],
    )


async def promises(tx: Transaction, changed: Iterable[Promised]) -> None:
    by_key = {(p.document_id, p.line): p for p in changed}
    await _bulk(
        tx,
        "INSERT INTO promise (tenant_id, document_id, line, item_id, place_id, lot_id, incoming,"
        " quantity, due_on, expires_at) SELECT * FROM {rows}"
        " ON CONFLICT (tenant_id, document_id, line) DO UPDATE SET quantity = excluded.quantity",
        ("uuid", "uuid", "int", "uuid", "uuid", "uuid", "bool", "numeric", "date", "timestamptz"),
        [
            (tx.tenant_id, *key, p.item_id, p.place_id, p.lot_id, p.incoming, p.quantity, p.due_on)
            + (p.expires_at,)
            for key, p in sorted(by_key.items())
        ],
    )


async def standards(tx: Transaction, decision: Decision, sequence: int) -> None:
    await _bulk(
        tx,
        "INSERT INTO standard_cost (tenant_id, item_id, since, sequence, cost) SELECT * FROM {rows}",
        ("uuid", "uuid", "date", "bigint", "numeric"),
        [
            (tx.tenant_id, item, decision.document.business_date, sequence, cost)
            for item, cost in sorted(dict(decision.standards).items())
        ],
    )


async def entries(
    tx: Transaction,
    document: Document,
    sequence: int,
    posted: Sequence[Posted],
    closed: date | None,
    real: Numbering,
) -> list[Written]:
    """The journal entries of one document, in one statement, so that the database can see that they
    sum to zero. Returns what was written, for the period rows."""
    table: list[tuple[Any, ...]] = []
    written: list[Written] = []
    for event in posted:
        flow = event.flow
        on = flow.on if closed is None or flow.on > closed else closed + timedelta(days=1)
        own = real.get(flow.event.sequence, flow.event.sequence)
        for key, leg in event.legs.items():
            settles = key.settles
            table.append(
                (tx.tenant_id, sequence, len(table) + 1, document.id, flow.line, flow.item)
                + (key.place, key.lot, leg.quantity, leg.value, key.pool, on, flow.on, own)
                + (flow.event.flow, flow.line, _leg(flow, key), flow.basis.value)
                + (event.given, flow.rate, *(flow.link or (None, None)))
                + (real.get(settles.sequence, settles.sequence) if settles else None,)
                + (settles.flow if settles else None,)
            )
            written.append(Written(key, flow.item, on, leg))
    await _bulk(
        tx,
        "INSERT INTO entry (tenant_id, sequence, no, document_id, line, item_id, place_id, lot_id,"
        " quantity, value, pool_id, effective_on, event_on, event_sequence, event_flow, event_line,"
        " leg, basis, given, rate, link_sequence, link_line, settles_sequence, settles_flow)"
        " SELECT * FROM {rows}",
        ("uuid", "bigint", "int", "uuid", "int", "uuid", "uuid", "uuid", "numeric", "numeric")
        + ("uuid", "date", "date", "bigint", "int", "int", "text", "text", "numeric", "numeric")
        + ("bigint", "int", "bigint", "int"),
        table,
    )
    return written


def _leg(flow: Flow, key: LegKey) -> str:
    """Which end of its flow an entry is; what the valuation added is neither."""
    if key.settles is None:
        for name, side in (("source", flow.source), ("target", flow.target)):
            if key.place == side.place and key.pool == (side.pool.id if side.pool else None):
                return name
    return "other"


async def layer_entries(
    tx: Transaction, posted: Iterable[tuple[int, Posted]], real: Numbering
) -> None:
    """What events made of layers; each event comes with the posting number that writes it."""
    table = []
    for sequence, event in posted:
        flow = event.flow
        own = real.get(flow.event.sequence, flow.event.sequence)
        for key, leg in event.layers.items():
            if leg.quantity or leg.value:
                table.append(
                    (tx.tenant_id, sequence, own, flow.event.flow, key.pool, key.origin.on)
                    + (real.get(key.origin.sequence, key.origin.sequence), key.origin.flow)
                    + (flow.on, flow.item, leg.quantity, leg.value)
                )
    await _bulk(
        tx,
        "INSERT INTO layer_entry (tenant_id, sequence, event_sequence, event_flow, pool_id,"
        " origin_on, origin_sequence, origin_flow, event_on, item_id, quantity, value)"
        " SELECT * FROM {rows}",
        ("uuid", "bigint", "bigint", "int", "uuid", "date", "bigint", "int", "date", "uuid")
        + ("numeric", "numeric"),
        sorted(table),
    )


async def periods(tx: Transaction, written: Iterable[Written]) -> None:
    """Cumulative sums at the end of each period in which a key moved: later periods follow (6.2)."""
    goods: dict[tuple[UUID, UUID, UUID, date], Decimal] = defaultdict(Decimal)
    worth: dict[tuple[UUID, UUID, date], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for key, item, on, leg in written:
        if key.pool is None:
            continue
        period = on.replace(day=1)
        if leg.quantity:
            goods[item, key.place, key.lot, period] += leg.quantity
        sums = worth[item, key.pool, period]
        sums[0] += leg.quantity
        sums[1] += leg.value
    quantities = [(tx.tenant_id, *key, q) for key, q in sorted(goods.items())]
    values = [(tx.tenant_id, *key, *sums) for key, sums in sorted(worth.items())]
    for statement in (_CARRY, _ADD):
        await _bulk(tx, statement["period_balance"], _BALANCE_COLUMNS, quantities)
        await _bulk(tx, statement["period_pool"], _POOL_COLUMNS, values)


def _carry(table: str, keys: str, sums: str) -> str:
    """Give a key its row for a period in which it moves, starting from the last one it had."""
    same = " AND ".join(f"p.{key} = r.{key}" for key in keys.split(", "))
    last = ", ".join(f"coalesce(was.{name}, 0)" for name in sums.split(", "))
    return (
        f"INSERT INTO {table} (tenant_id, {keys}, period, {sums})"  # noqa: S608 - names of ours
        f" SELECT r.tenant_id, {', '.join(f'r.{key}' for key in keys.split(', '))}, r.period, {last}"
        f" FROM {{rows}} r(tenant_id, {keys}, period, {sums}) LEFT JOIN LATERAL (SELECT {sums}"
        f" FROM {table} p WHERE p.tenant_id = r.tenant_id AND {same} AND p.period < r.period"
        f" ORDER BY p.period DESC LIMIT 1) was ON true"
        f" ON CONFLICT (tenant_id, {keys}, period) DO NOTHING"
    )


def _add(table: str, keys: str, sums: str) -> str:
    """Add the movements to their period and to all later ones."""
    names = keys.split(", ")
    joined = " AND ".join(f"l.{key} = r.{key}" for key in names)
    same = " AND ".join(f"p.{key} = d.{key}" for key in [*names, "period"])
    totals = ", ".join(f"sum(r.{name}) {name}" for name in sums.split(", "))
    added = ", ".join(f"{name} = p.{name} + d.{name}" for name in sums.split(", "))
    return (
        f"UPDATE {table} p SET {added} FROM (SELECT l.tenant_id,"  # noqa: S608 - names of ours
        f" {', '.join(f'l.{key}' for key in names)}, l.period, {totals}"
        f" FROM {{rows}} r(tenant_id, {keys}, period, {sums}) JOIN {table} l"
        f" ON l.tenant_id = r.tenant_id AND {joined} AND l.period >= r.period"
        f" GROUP BY l.tenant_id, {', '.join(f'l.{key}' for key in names)}, l.period) d"
        f" WHERE p.tenant_id = d.tenant_id AND {same}"
    )


_BALANCE_COLUMNS = ("uuid", "uuid", "uuid", "uuid", "date", "numeric")
_POOL_COLUMNS = ("uuid", "uuid", "uuid", "date", "numeric", "numeric")
_PERIODS = {
    "period_balance": ("item_id, place_id, lot_id", "quantity"),
    "period_pool": ("item_id, pool_id", "quantity, value"),
}
_CARRY = {table: _carry(table, *columns) for table, columns in _PERIODS.items()}
_ADD = {table: _add(table, *columns) for table, columns in _PERIODS.items()}


async def documents(
    tx: Transaction,
    decisions: Sequence[Decision],
    granted: Granted,
    sequences: Mapping[UUID, int],
    numbers: Mapping[UUID, str],
    actor: UUID,
    drafts: Collection[UUID],
) -> None:
    """Documents turn posted (or, for orders, approved): new ones go in whole, stored drafts change
    their state (``drafts`` are their ids)."""
    new = [d for d in decisions if d.document.id not in drafts]
    old = [d for d in decisions if d.document.id in drafts]
    await _bulk(
        tx,
        "INSERT INTO document (tenant_id, id, type, state, number, sequence, business_date,"
        " posted_at, created_by, approved_by, posted_by, changed, party_id, party_name, address,"
        " country, place_id, to_place_id, source_id, reverses_id, reference, remark, cause,"
        " extra_cost, cost_basis, net, tax, total, extensions) SELECT * FROM {rows}",
        ("uuid", "uuid", "text", "text", "text", "bigint", "date", "timestamptz", "uuid", "uuid")
        + ("uuid", "bigint", "uuid", "text", "text", "text", "uuid", "uuid", "uuid", "uuid")
        + ("text", "text", "text", "numeric", "text", "numeric", "numeric", "numeric", "jsonb"),
        [
            (tx.tenant_id, d.document.id, d.document.type_code, d.state, numbers[d.document.id])
            + (sequences.get(d.document.id), d.document.business_date)
            + (granted.at if d.state == "posted" else None, actor)
            + (actor if d.state == "approved" else None, actor if d.state == "posted" else None)
            + (granted.mark, *head(d.document))
            for d in sorted(new, key=lambda d: d.document.id)
        ],
    )
    await lines(tx, [d.document for d in new])
    await _bulk(
        tx,
        "UPDATE document t SET state = r.state, number = coalesce(t.number, r.number),"
        " sequence = r.sequence, posted_at = r.at, approved_by = coalesce(t.approved_by, r.approver),"
        " posted_by = r.poster, changed = r.mark, revision = t.revision + 1"
        " FROM {rows} r(tenant_id, id, state, number, sequence, at, approver, poster, mark)"
        " WHERE t.tenant_id = r.tenant_id AND t.id = r.id",
        ("uuid", "uuid", "text", "text", "bigint", "timestamptz", "uuid", "uuid", "bigint"),
        [
            (tx.tenant_id, d.document.id, d.state, numbers[d.document.id])
            + (sequences.get(d.document.id), granted.at if d.state == "posted" else None)
            + (actor if d.state == "approved" else None, actor if d.state == "posted" else None)
            + (granted.mark,)
            for d in sorted(old, key=lambda d: d.document.id)
        ],
    )


def head(d: Document) -> tuple[Any, ...]:
    """The columns of a document that a person wrote, in the order of the statements here."""
    return (
        (d.party_id, d.party_name, d.address, d.country, d.place_id, d.to_place_id, d.source_id)
        + (d.reverses_id, d.reference, d.remark, d.cause, d.extra_cost, d.cost_basis)
        + (d.net, d.tax, d.total, Jsonb(plain(d.extensions)))
    )


async def lines(tx: Transaction, documents: Iterable[Document]) -> None:
    """The lines of new documents."""
    await _bulk(
        tx,
        "INSERT INTO document_line (tenant_id, document_id, no, item_id, unit_id, entered_quantity,"
        " numerator, denominator, quantity, unit_price, discount_pct, tax_rate, net, tax, total,"
        " stocked, lot_code, place_id, to_place_id, source_line, role, share, due_on, expires_at,"
        " description, cause, remark, extensions) SELECT * FROM {rows}",
        (
            "uuid",
            "uuid",
            "int",
            "uuid",
            "uuid",
            "numeric",
            "numeric",
            "numeric",
            "numeric",
            "numeric",
        )
        + ("numeric", "numeric", "numeric", "numeric", "numeric", "bool", "text", "uuid", "uuid")
        + ("int", "text", "numeric", "date", "timestamptz", "text", "text", "text", "jsonb"),
        [
            (tx.tenant_id, d.id, x.no, x.item_id, x.unit_id, x.entered_quantity, x.numerator)
            + (x.denominator, x.quantity, x.unit_price, x.discount_pct, x.tax_rate, x.net, x.tax)
            + (x.total, x.stocked, x.lot_code, x.place_id, x.to_place_id, x.source_line, x.role)
            + (x.share, x.due_on, x.expires_at, x.description, x.cause, x.remark)
            + (Jsonb(plain(x.extensions)),)
            for d in sorted(documents, key=lambda d: d.id)
            for x in d.lines
        ],
    )
