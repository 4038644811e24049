"""Writes what was decided, set by set. Every multi-row statement goes in sorted by its key, because two
processes that write the same rows in different order deadlock (rule 3.4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from core.db import bulk
from core.db.database import RawTransaction, Row
from core.documents.records import Document
from core.documents.storing import Granted
from core.documents.tables import line_progress, number_series
from core.ledger import tables
from core.ledger.decide import Decision, Posted, Progressed
from core.ledger.pools import Pool
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


async def take_numbers(
    tx: RawTransaction,
    state: State,
    postings: int,
    earliest: date,
    documents: Sequence[Document],
    marks: int,
) -> tuple[Granted, dict[UUID, str]]:
    """The last lock: the tenant's sequence row gives posting numbers in commit order, and refuses them
    if the rules changed or the period was closed since they were read (this replaces a period lock).

    With it come the numbers of documents, per type and business day and without gaps: their counter is
    taken under the sequence row, which every posting holds anyway, so that it is no lock of its own.
    The change mark is the last of ``marks``.
    Raises ConflictError.
    """
    wanted: dict[tuple[str, date], list[Document]] = defaultdict(list)
    for document in documents:
        wanted[document.type_code, document.business_date].append(document)
    granting = await tx.raw.execute(
        b"UPDATE tenant_sequence SET posting = posting + %s, change = change + %s,"
        b" last_posted_at = greatest(clock_timestamp(), last_posted_at)"
        b" WHERE tenant_id = %s AND rules_version = %s AND NOT halted"
        b" AND (closed_through IS NULL OR closed_through < %s)"
        b" RETURNING posting, last_posted_at, change",
        (postings, marks, tx.tenant_id, state.rules_version, earliest),
    )
    counted = await bulk.fetch(
        tx,
        bulk.inserting(number_series, "type day last") + "ON CONFLICT (tenant_id, type, day)"
        " DO UPDATE SET last = number_series.last + excluded.last RETURNING type, day, last",
        number_series,
        "type day last",
        [(*key, len(group)) for key, group in sorted(wanted.items())],
    )
    granted: list[Row] = await granting.fetchall()
    if not granted:
        raise ConflictError
    last, at, mark = granted[0]
    numbers = {
        document.id: f"{document.type.prefix}-{day:%Y%m%d}-{end - index:04d}"
        for code, day, end in counted
        for index, document in enumerate(reversed(wanted[code, day]))
    }
    return Granted(last - postings + 1, at, mark), numbers


async def lots(tx: RawTransaction, made: Mapping[UUID, LotFacts]) -> None:
    """New lots. One that is there already was not read, and the constraint refuses it."""
    await bulk.insert(
        tx,
        tables.lot,
        "id item_id code parent_id is_unit received_on",
        [
            (lot.id, lot.item_id, lot.code, lot.parent_id, lot.is_unit, lot.received_on)
            for _, lot in sorted(made.items())
        ],
    )


async def balances(
    tx: RawTransaction,
    state: State,
    before: Mapping[BalanceKey, Decimal],
    touched: Iterable[BalanceKey],
) -> None:
    """Rows are made only for what increases (rule 3.6), or found at zero: those are not read. The flag that
    lets a row be negative follows the policy, and stays while the row is below zero: such a row may only
    rise (rule 4.3)."""
    old, new = [], []
    for key in sorted(set(touched)):
        now = state.books.balances.get(key, ZERO)
        lot = state.lots.get(key.lot)
        negative = now < 0 or state.may_go_negative(key.item, key.place)
        row = (*key, now, negative, bool(lot and lot.is_unit))
        if key in before:
            old.append(row)
        elif now:
            new.append(row)
    columns = "item_id place_id lot_id on_hand may_go_negative is_unit"
    await bulk.run(
        tx,
        "UPDATE balance b SET on_hand = r.on_hand, may_go_negative = r.may_go_negative FROM {rows}"
        " WHERE b.tenant_id = r.tenant_id AND b.item_id = r.item_id"
        " AND b.place_id = r.place_id AND b.lot_id = r.lot_id",
        tables.balance,
        columns,
        old,
    )
    await bulk.insert(
        tx,
        tables.balance,
        columns,
        new,
        conflict="ON CONFLICT (tenant_id, item_id, place_id, lot_id) DO UPDATE"
        " SET on_hand = excluded.on_hand, may_go_negative = excluded.may_go_negative",
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


async def pools(tx: RawTransaction, state: State, before: Kept, real: Numbering) -> None:
    """Pools and their layers, as far as they changed. A new pool that is there already was not read, and the
    constraint refuses it: what it last cost would be lost."""
    changed, new, put, gone = [], [], [], []
    for key, pool in sorted(state.books.pools.items()):
        figures = (pool.quantity, pool.value, pool.last_cost)
        *read, left = before.get(key, (None, None, None, {}))
        if key not in before:
            new.append((key.id, *key, *figures, pool.first_cost))
        elif figures != (*read,):
            changed.append((key.id, *figures))
        now = {
            o._replace(sequence=real.get(o.sequence, o.sequence)): (leg.quantity, leg.value)
            for o, leg in pool.layers.items()
        }
        put += [(key.id, *o, key.item, *v) for o, v in now.items() if left.get(o) != v]
        gone += [(key.id, *o) for o in left if o not in now]
    await bulk.insert(
        tx,
        tables.pool,
        "id item_id place_id lot_id document_id quantity value last_cost first_cost",
        new,
    )
    await bulk.run(
        tx,
        "UPDATE pool p SET quantity = r.quantity, value = r.value, last_cost = r.last_cost FROM {rows}"
        " WHERE p.tenant_id = r.tenant_id AND p.id = r.id",
        tables.pool,
        "id quantity value last_cost",
        sorted(changed),
    )
    await bulk.run(
        tx,
        "DELETE FROM layer l USING {rows} WHERE l.tenant_id = r.tenant_id AND l.pool_id = r.pool_id"
        " AND l.origin_on = r.origin_on AND l.origin_sequence = r.origin_sequence"
        " AND l.origin_flow = r.origin_flow",
        tables.layer,
        "pool_id origin_on origin_sequence origin_flow",
        sorted(gone),
    )
    await bulk.insert(
        tx,
        tables.layer,
        "pool_id origin_on origin_sequence origin_flow item_id quantity value",
        sorted(put),
        conflict="ON CONFLICT (tenant_id, pool_id, origin_on, origin_sequence, origin_flow)"
        " DO UPDATE SET quantity = excluded.quantity, value = excluded.value",
    )


async def guards(tx: RawTransaction, moved_through: Mapping[UUID, date]) -> None:
    """Through which day the items have moved; to be given those that moved further."""
    await bulk.run(
        tx,
        "UPDATE item_guard g SET moved_through = r.moved_through FROM {rows}"
        " WHERE g.tenant_id = r.tenant_id AND g.item_id = r.item_id",
        tables.item_guard,
        "item_id moved_through",
        sorted(moved_through.items()),
    )


async def progress(tx: RawTransaction, steps: Iterable[Progressed]) -> None:
    summed: dict[tuple[UUID, int], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for step in steps:
        total = summed[step.document_id, step.line]
        total[0] += step.executed
        total[1] += step.returned
    keys = sorted(summed)
    await bulk.insert(
        tx,
        line_progress,
        "document_id no",
        keys,
        conflict="ON CONFLICT (tenant_id, document_id, no) DO NOTHING",
    )
    await bulk.run(
        tx,
        "UPDATE line_progress p SET executed = p.executed + r.executed,"
        " returned = p.returned + r.returned FROM {rows}"
        " WHERE p.tenant_id = r.tenant_id AND p.document_id = r.document_id AND p.no = r.no",
        line_progress,
        "document_id no executed returned",
        [(*key, *summed[key]) for key in keys],
    )


async def promises(tx: RawTransaction, changed: Iterable[tuple[Promised, int]]) -> None:
    """Promises, each with the change mark that one made only now begins with; others keep theirs."""
    by_key = {p.key: (p, since) for p, since in changed}
    await bulk.insert(
        tx,
        tables.promise,
        "document_id line item_id place_id lot_id incoming quantity due_on expires_at since",
        [
            (*key, p.item_id, p.place_id, p.lot_id, p.incoming, p.quantity, p.due_on, p.expires_at)
            + (since,)
            for key, (p, since) in sorted(by_key.items())
        ],
        conflict="ON CONFLICT (tenant_id, document_id, line) DO UPDATE"
        " SET quantity = excluded.quantity",
    )


async def released(tx: RawTransaction, document: UUID) -> None:
    """An order that is closed promises nothing more."""
    query = "UPDATE promise SET quantity = 0 WHERE tenant_id = %s AND document_id = %s"
    await tx.raw.execute(query.encode(), (tx.tenant_id, document))


async def no_promises(tx: RawTransaction, document: UUID) -> None:
    """An order that is a draft again promises nothing, and its lines may go."""
    query = "DELETE FROM promise WHERE tenant_id = %s AND document_id = %s"
    await tx.raw.execute(query.encode(), (tx.tenant_id, document))


async def standards(tx: RawTransaction, decision: Decision, sequence: int) -> None:
    await bulk.insert(
        tx,
        tables.standard_cost,
        "item_id since sequence cost",
        [
            (item, decision.document.business_date, sequence, cost)
            for item, cost in sorted(dict(decision.standards).items())
        ],
    )


async def entries(
    tx: RawTransaction,
    journal: Sequence[tuple[Document, int, Sequence[Posted]]],
    closed: date | None,
    real: Numbering,
) -> list[Written]:
    """The journal entries of the documents, in one statement, so that the database can see that those
    of each sum to zero. Returns what was written, for the period rows."""
    table: list[tuple[Any, ...]] = []
    written: list[Written] = []
    for document, sequence, posted in journal:
        no = 0
        for event in posted:
            flow = event.flow
            on = flow.on if closed is None or flow.on > closed else closed + timedelta(days=1)
            own = real.get(flow.event.sequence, flow.event.sequence)
            for key, leg in event.legs.items():
                no += 1
                settles = key.settles
                table.append(
                    (sequence, no, document.id, flow.line, flow.item, key.place, key.lot)
                    + (leg.quantity, leg.value, key.pool, on, flow.on, own, flow.event.flow)
                    + (flow.line, _leg(flow, key), flow.basis.value, event.given, flow.rate)
                    + (flow.link or (None, None))
                    + (real.get(settles.sequence, settles.sequence) if settles else None,)
                    + (settles.flow if settles else None,)
                )
                written.append(Written(key, flow.item, on, leg))
    await bulk.insert(
        tx,
        tables.entry,
        "sequence no document_id line item_id place_id lot_id quantity value pool_id effective_on"
        " event_on event_sequence event_flow event_line leg basis given rate link_sequence link_line"
        " settles_sequence settles_flow",
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
    tx: RawTransaction, posted: Iterable[tuple[int, Posted]], real: Numbering
) -> None:
    """What events made of layers; each event comes with the posting number that writes it."""
    table = []
    for sequence, event in posted:
        flow = event.flow
        own = real.get(flow.event.sequence, flow.event.sequence)
        for key, leg in event.layers.items():
            if leg.quantity or leg.value:
                table.append(
                    (sequence, own, flow.event.flow, key.pool, key.origin.on)
                    + (real.get(key.origin.sequence, key.origin.sequence), key.origin.flow)
                    + (flow.on, flow.item, leg.quantity, leg.value)
                )
    await bulk.insert(
        tx,
        tables.layer_entry,
        "sequence event_sequence event_flow pool_id origin_on origin_sequence origin_flow event_on"
        " item_id quantity value",
        sorted(table),
    )


async def periods(tx: RawTransaction, written: Iterable[Written]) -> None:
    """Cumulative sums at the end of each period in which a key moved: later periods follow (6.2)."""
    goods: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [ZERO])
    worth: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for key, item, on, leg in written:
        if key.pool is None:
            continue
        period = on.replace(day=1)
        if leg.quantity:
            goods[item, key.place, key.lot, period][0] += leg.quantity
        sums = worth[item, key.pool, period]
        sums[0] += leg.quantity
        sums[1] += leg.value
    await _accumulate(tx, tables.period_balance, "item_id place_id lot_id", "quantity", goods)
    await _accumulate(tx, tables.period_pool, "item_id pool_id", "quantity value", worth)


async def _accumulate(
    tx: RawTransaction,
    table: sa.Table,
    keys: str,
    sums: str,
    moved: Mapping[tuple[Any, ...], Sequence[Decimal]],
) -> None:
    """Give each key a row for the period in which it moves, starting from the last one it had, and add
    the movement to that period and to all later ones."""
    rows: list[tuple[Any, ...]] = []
    so_far: dict[tuple[Any, ...], list[Decimal]] = {}
    for (*key, period), own in sorted(moved.items()):
        # What moved in earlier periods of the same posting counts here, too.
        before = so_far.get(tuple(key), [ZERO] * len(own))
        total = so_far[tuple(key)] = [b + o for b, o in zip(before, own, strict=True)]
        rows.append((*key, period, *total))
    await bulk.run(tx, _accumulation(table.name, keys, sums), table, f"{keys} period {sums}", rows)


def _accumulation(table: str, keys: str, sums: str) -> str:
    """One statement. Rows that are there take the nearest movement before or at their period, which
    carries those before it, and lasts until the next one; a period without a row gets one, from the last
    there was. No movement is compared with all others: a posting may have ten thousand."""
    names = ["tenant_id", *keys.split()]
    listed, totals = ", ".join(names), ", ".join(sums.split())

    def same(one: str, other: str) -> str:
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)

    raised = ", ".join(f"{name} = p.{name} + m.{name}" for name in sums.split())
    begun = ", ".join(f"coalesce(was.{name}, 0) + m.{name}" for name in sums.split())
    return (
        f"WITH moved AS (SELECT *, lead(period) OVER (PARTITION BY {listed} ORDER BY period) AS until"  # noqa: S608 - our names
        f" FROM {{rows}}), raised AS (UPDATE {table} p SET {raised} FROM moved m WHERE {same('p', 'm')}"
        f" AND p.period >= m.period AND (m.until IS NULL OR p.period < m.until))"
        f" INSERT INTO {table} ({listed}, period, {totals})"
        f" SELECT {', '.join(f'm.{name}' for name in names)}, m.period, {begun} FROM moved m"
        f" LEFT JOIN LATERAL (SELECT {totals} FROM {table} p WHERE {same('p', 'm')}"
        f" AND p.period < m.period ORDER BY p.period DESC LIMIT 1) was ON true"
        f" ON CONFLICT ({listed}, period) DO NOTHING"
    )
