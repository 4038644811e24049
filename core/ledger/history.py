"""Reads history back: the events of some items from a position on, and the books as they stood then.

The books at a past position are today's less everything since: that costs what happened since, not the
size of the ledger (F2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from core.db.database import RawTransaction, Row, rows
from core.ledger import tracing
from core.ledger.pools import unit_cost
from core.ledger.records import (
    OUTPUT,
    ZERO,
    BalanceKey,
    Basis,
    Event,
    Flow,
    LayerKey,
    Leg,
    LegKey,
    Method,
    Origin,
    PoolKey,
    Position,
    Side,
)
from core.ledger.replay import Past
from core.ledger.state import State
from core.ledger.tracing import Movement
from core.ledger.valuation import Cost


class EntryRow(NamedTuple):
    """A journal entry as it lies in the table; the fields are the columns."""

    sequence: int
    document_id: UUID
    item_id: UUID
    place_id: UUID
    lot_id: UUID
    quantity: Decimal
    value: Decimal
    pool_id: UUID | None
    event_on: date
    event_sequence: int
    event_flow: int
    event_line: int
    leg: str
    basis: str
    given: Decimal | None
    rate: Decimal | None
    link_sequence: int | None
    link_line: int | None
    settles_sequence: int | None
    settles_flow: int | None

    @property
    def event(self) -> Event:
        return Event(self.event_sequence, self.event_flow)

    @property
    def link(self) -> tuple[int, int] | None:
        return _pair(self.link_sequence, self.link_line)

    @property
    def settles(self) -> Event | None:
        found = _pair(self.settles_sequence, self.settles_flow)
        return Event(*found) if found else None


def _pair(first: int | None, second: int | None) -> tuple[int, int] | None:
    return None if first is None or second is None else (first, second)


_ENTRY = f"SELECT {', '.join(EntryRow._fields)} FROM entry"  # noqa: S608 - our names
_ORDER = " ORDER BY event_on, event_sequence, event_flow, sequence, no"


@dataclass(slots=True)
class History:
    """Events in order of position, and the posting numbers that were reversed on their own date."""

    events: list[Past] = field(default_factory=list)
    reversed: frozenset[int] = frozenset()

    @property
    def links(self) -> set[tuple[int, int]]:
        """The lines that events go back to."""
        return {event.flow.link for event in self.events if event.flow.link is not None}


async def since(
    tx: RawTransaction, state: State, items: Collection[UUID], start: Position
) -> History:
    """What happened to the items from a position on, corrections included."""
    found = await rows(
        tx,
        _ENTRY + " WHERE tenant_id = %s AND item_id = ANY(%s)"
        " AND (event_on, event_sequence, event_flow) >= (%s, %s, %s)" + _ORDER,
        tx.tenant_id,
        list(items),
        *start,
    )
    layers = await rows(
        tx,
        "SELECT event_sequence, event_flow, pool_id, origin_on, origin_sequence, origin_flow,"
        " quantity, value FROM layer_entry WHERE tenant_id = %s AND item_id = ANY(%s)"
        " AND (event_on, event_sequence, event_flow) >= (%s, %s, %s)",
        tx.tenant_id,
        list(items),
        *start,
    )
    return await _history(tx, state, found, layers)


async def of_document(tx: RawTransaction, state: State, sequence: int) -> History:
    """The events of one posting, corrections included."""
    found = await rows(
        tx,
        _ENTRY + " WHERE tenant_id = %s AND event_sequence = %s" + _ORDER,
        tx.tenant_id,
        sequence,
    )
    return await _history(tx, state, found, [])


async def _history(
    tx: RawTransaction, state: State, entries: Iterable[Row], layers: Iterable[Row]
) -> History:
    keys = {key.id: key for key in state.books.pools}
    grouped: dict[Event, list[EntryRow]] = {}
    for row in entries:
        entry = EntryRow(*row)
        grouped.setdefault(entry.event, []).append(entry)
    events = {event: _past(event, group, keys) for event, group in grouped.items()}
    for sequence, flow, pool, *origin, quantity, value in layers:
        key = LayerKey(pool, Origin(*origin))
        layer = events[Event(sequence, flow)].layers.setdefault(key, Leg())
        layer.quantity += quantity
        layer.value += value
    gone = await rows(
        tx,
        "SELECT d.sequence FROM document d JOIN document m ON m.tenant_id = d.tenant_id"
        " AND m.reverses_id = d.id AND m.business_date = d.business_date"
        " WHERE d.tenant_id = %s AND d.sequence = ANY(%s)",
        tx.tenant_id,
        sorted({event.sequence for event in events}),
    )
    return History(list(events.values()), frozenset(row[0] for row in gone))


def _past(event: Event, group: list[EntryRow], keys: dict[UUID, PoolKey]) -> Past:
    """One event from its entries: those of its own document say what was asked for, all of them
    together what came of it."""
    own = {e.leg: e for e in group if e.sequence == event.sequence and e.leg != "other"}
    source, target = own["source"], own["target"]
    basis = Basis(target.basis)
    told = [(e.sequence, e.given) for e in group if e.leg == "source" and e.given is not None]
    # of an output the own figure is a share or its worth, and what came on top of it an amount
    own_only = basis in OUTPUT
    given = [figure for of, figure in told if of == event.sequence or not own_only]
    added = [figure for of, figure in told if of != event.sequence and own_only]
    flow = Flow(
        event=event,
        on=target.event_on,
        document=target.document_id,
        line=target.event_line,
        item=target.item_id,
        lot=target.lot_id,
        quantity=ZERO if basis is Basis.COUNT else target.quantity,
        source=Side(source.place_id, keys.get(source.pool_id) if source.pool_id else None),
        target=Side(target.place_id, keys.get(target.pool_id) if target.pool_id else None),
        basis=basis,
        given=sum(given, ZERO) if given else None,
        rate=target.rate,
        link=target.link,
        added=sum(added, ZERO),
    )
    past = Past(flow)
    for e in group:
        leg = past.legs.setdefault(LegKey(e.place_id, e.lot_id, e.pool_id, e.settles), Leg())
        leg.quantity += e.quantity
        leg.value += e.value
    return past


async def rewind(
    tx: RawTransaction,
    state: State,
    history: History,
    start: Position,
    links: Iterable[tuple[int, int]] = (),
) -> None:
    """Take the books back to before ``start``: pools, layers, balances and what lines had cost.

    ``links`` are the lines that the news itself goes back to.
    """
    pools = {pool.key.id: pool for pool in state.books.pools.values()}
    for event in history.events:
        for key, leg in event.legs.items():
            if key.pool is None:
                continue
            balance = BalanceKey(event.flow.item, key.place, key.lot)
            state.books.balances[balance] = state.books.balances.get(balance, ZERO) - leg.quantity
            pools[key.pool].quantity -= leg.quantity
            pools[key.pool].value -= leg.value
        for layer_key, change in event.layers.items():
            layer = pools[layer_key.pool].layers.setdefault(layer_key.origin, Leg())
            layer.quantity -= change.quantity
            layer.value -= change.value
    for pool in pools.values():
        pool.layers = {o: layer for o, layer in pool.layers.items() if layer.quantity}
        if pool.quantity > 0:
            pool.last_cost = unit_cost(pool.value, pool.quantity)
    await _last_costs(tx, state, [p.key for p in pools.values() if p.quantity <= 0], start)
    await trace(tx, state, {*history.links, *links}, start)


async def trace(
    tx: RawTransaction,
    state: State,
    links: Iterable[tuple[int, int]],
    before: Position | None = None,
) -> None:
    """Load what the linked lines have cost, what of them went back, and the layers they made; and the
    lines of the shortages that are open, whose true-ups correct their cost."""
    wanted = set(links)
    state.books.events, of = await tracing.costs(tx, wanted, before)
    state.books.costs = {}
    for event, cost in state.books.events.items():
        line = state.books.costs.setdefault(of[event], Cost())
        line.quantity, line.value = line.quantity + cost.quantity, line.value + cost.value
    state.books.returned = await tracing.returned(tx, wanted, before)
    state.books.origins = await tracing.origins(tx, wanted)
    state.books.backs = await tracing.backs(tx, wanted)
    owed = [
        Event(origin.sequence, origin.flow)
        for pool in state.books.pools.values()
        for origin, layer in pool.layers.items()
        if layer.quantity < 0
    ]
    state.books.lines = await tracing.lines_of_events(tx, owed)


async def _last_costs(
    tx: RawTransaction, state: State, empty: Collection[PoolKey], start: Position
) -> None:
    """The last known cost of pools that were empty then, as :meth:`Pool.take` and ``put`` left it."""
    moved = await tracing.last_movements(tx, [(key.item, key.id) for key in empty], start)
    for key in empty:
        pool = state.books.pools[key]
        last = moved.get(key.id)
        pool.last_cost = pool.first_cost if last is None else _cost_of(last, pool.method)


def _cost_of(last: Movement, method: Method) -> Decimal:
    if not last.taken:
        return unit_cost(last.value, last.quantity)
    if method is Method.FIFO:
        quantity, value = last.taken[max(last.taken)]
        return unit_cost(value, quantity)
    return unit_cost(last.value - last.short_value, last.quantity - last.short)


async def connected(
    tx: RawTransaction, items: Collection[UUID], start: Position
) -> frozenset[UUID]:
    """The items that late news can reach: whatever was converted from or into them since. Conversions are
    looked up by arrays of their numbers: joined with themselves, the entries of a company whose database
    does not know yet how many it has were gone through for each other, again and again."""
    reached = set(items)
    while True:
        found = await rows(
            tx,
            "WITH moved AS (SELECT DISTINCT event_sequence FROM entry WHERE tenant_id = %s"
            "  AND item_id = ANY(%s) AND event_on >= %s),"
            " made AS (SELECT DISTINCT sequence FROM entry WHERE tenant_id = %s AND basis = 'share'"
            "  AND sequence = ANY(ARRAY(SELECT event_sequence FROM moved)))"
            " SELECT DISTINCT item_id FROM entry WHERE tenant_id = %s"
            " AND sequence = ANY(ARRAY(SELECT sequence FROM made))",
            *(tx.tenant_id, list(reached), start.on),
            *(tx.tenant_id, tx.tenant_id),
        )
        grown = reached | {row[0] for row in found}
        if grown == reached:
            return frozenset(reached)
        reached = grown


async def families(tx: RawTransaction) -> list[set[UUID]]:
    """All items that ever moved, those together that conversions tie to each other."""
    moved = await rows(
        tx, "SELECT DISTINCT item_id FROM entry WHERE tenant_id = %s ORDER BY 1", tx.tenant_id
    )
    tied = await rows(
        tx,
        "SELECT array_agg(DISTINCT item_id) FROM entry e WHERE tenant_id = %s AND EXISTS (SELECT"
        " FROM entry s WHERE s.tenant_id = e.tenant_id AND s.sequence = e.sequence"
        " AND s.basis = 'share') GROUP BY sequence",
        tx.tenant_id,
    )
    family: dict[UUID, set[UUID]] = {row[0]: {row[0]} for row in moved}
    for (items,) in tied:
        merged = set().union(*(family[item] for item in items))
        family |= dict.fromkeys(merged, merged)
    return list({id(members): members for members in family.values()}.values())
