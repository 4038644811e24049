"""Follows events back: what lines have cost, what of them returned, which layers they made. SQL only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from core.db.database import RawTransaction, rows
from core.ledger.records import ZERO, Event, Origin, Position
from core.ledger.valuation import Cost


def _bounds(before: Position | None) -> tuple[object, ...]:
    """The parameters of "is null or < (date, sequence, flow)"."""
    return (before.on, *before) if before else (None, None, None, None)


async def costs(
    tx: RawTransaction, links: Iterable[tuple[int, int]], before: Position | None = None
) -> tuple[dict[Event, Cost], dict[Event, tuple[int, int]]]:
    """What the events of posted lines have cost: goods and value on their counter account, with the
    true-ups that settle them; and the line of each. With ``before``, what happened from that position on
    is left out: a replay will find it again."""
    wanted = sorted(set(links))
    if not wanted:
        return {}, {}
    found = await rows(
        tx,
        "WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) w(sequence, line)),"
        " own AS (SELECT e.event_sequence, e.event_line, e.event_flow, e.quantity, e.value, e.leg,"
        "   e.pool_id, e.basis FROM entry e JOIN wanted w ON e.event_sequence = w.sequence"
        "   AND e.event_line = w.line WHERE e.tenant_id = %s AND e.leg <> 'other'"
        "   AND (%s::date IS NULL OR (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s)))"
        " SELECT event_sequence, event_flow, event_line,"
        "  coalesce(sum(quantity) FILTER (WHERE leg = 'target'), 0),"
        "  coalesce(sum(value) FILTER (WHERE leg = 'target' AND pool_id IS NULL),"
        "   -sum(value) FILTER (WHERE leg = 'source' AND pool_id IS NULL),"
        "   sum(value) FILTER (WHERE leg = 'target'))"
        " FROM own GROUP BY 1, 2, 3",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
        *_bounds(before),
    )
    known = {Event(r[0], r[1]): Cost(r[3], r[4]) for r in found}
    lines = {Event(r[0], r[1]): (r[0], r[2]) for r in found}
    settled = await rows(
        tx,
        "SELECT e.settles_sequence, e.settles_flow, sum(e.value) FROM entry e"
        " WHERE e.tenant_id = %s AND e.settles_sequence = ANY(%s) AND e.pool_id IS NULL"
        " AND (%s::date IS NULL OR (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s))"
        " GROUP BY 1, 2",
        tx.tenant_id,
        [w[0] for w in wanted],
        *_bounds(before),
    )
    for sequence, flow, value in settled:
        if (event := Event(sequence, flow)) in known:
            known[event].value += value
    return known, lines


async def returned(
    tx: RawTransaction, links: Iterable[tuple[int, int]], before: Position | None = None
) -> dict[tuple[int, int], Cost]:
    """What already went back of posted lines at their cost; returns that were undone do not count: those
    of their own date sum to zero with their reversal, those of a later date have a mirror."""
    wanted = sorted(set(links))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) w(sequence, line)),"
        " back AS (SELECT e.* FROM entry e JOIN wanted w ON e.link_sequence = w.sequence"
        "   AND e.link_line = w.line WHERE e.tenant_id = %s AND e.basis = 'linked'),"
        " line AS (SELECT DISTINCT link_sequence, link_line, event_sequence, event_line FROM back),"
        " moved AS (SELECT link_sequence AS sequence, link_line AS line, 1 AS way, quantity, value,"
        "   leg, pool_id, event_on, event_sequence, event_flow FROM back UNION ALL"
        "   SELECT l.link_sequence, l.link_line, -1, e.quantity, e.value, e.leg, e.pool_id, e.event_on,"
        "   e.event_sequence, e.event_flow FROM entry e JOIN line l"
        "   ON e.link_sequence = l.event_sequence AND e.link_line = l.event_line"
        "   WHERE e.tenant_id = %s AND e.basis = 'mirror')"
        " SELECT sequence, line, sum(way * sign * quantity), sum(way * sign * value) FROM moved,"
        " LATERAL (SELECT CASE leg WHEN 'source' THEN -1 ELSE 1 END AS sign) s"
        " WHERE pool_id IS NULL AND leg <> 'other'"
        " AND (%s::date IS NULL OR (event_on, event_sequence, event_flow) < (%s, %s, %s))"
        " GROUP BY 1, 2",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
        tx.tenant_id,
        *_bounds(before),
    )
    return {(r[0], r[1]): Cost(r[2], r[3]) for r in found}


async def backs(
    tx: RawTransaction, links: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Of the lines that are returns, the line each goes back to."""
    wanted = sorted(set(links))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "SELECT DISTINCT e.event_sequence, e.event_line, e.link_sequence, e.link_line FROM entry e"
        " JOIN unnest(%s::bigint[], %s::int[]) w(sequence, line)"
        " ON e.event_sequence = w.sequence AND e.event_line = w.line"
        " WHERE e.tenant_id = %s AND e.basis = 'linked'",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
    )
    return {(r[0], r[1]): (r[2], r[3]) for r in found}


@dataclass(slots=True)
class Movement:
    """What an event moved in a pool: in all, the part of it that was sold short, and the layers that it
    took from, by their origin."""

    quantity: Decimal
    value: Decimal
    short: Decimal = ZERO
    short_value: Decimal = ZERO
    taken: dict[Origin, tuple[Decimal, Decimal]] = field(default_factory=dict)


async def last_movements(
    tx: RawTransaction, pools: Sequence[tuple[UUID, UUID]], before: Position
) -> dict[UUID, Movement]:
    """Per pool, given with its item, the last event before a position that brought goods or took goods
    that were there."""
    found = await rows(
        tx,
        "SELECT k.pool_id, last.*, own.quantity, own.value, l.* FROM unnest(%s::uuid[], %s::uuid[])"
        " k(item_id, pool_id) JOIN LATERAL (SELECT e.event_on, e.event_sequence, e.event_flow"
        "  FROM layer_entry e JOIN LATERAL (SELECT sum(x.quantity) quantity FROM layer_entry x"
        "   WHERE x.tenant_id = e.tenant_id AND x.item_id = e.item_id AND x.event_on = e.event_on"
        "   AND x.event_sequence = e.event_sequence AND x.event_flow = e.event_flow"
        "   AND x.pool_id = e.pool_id AND x.origin_on = e.origin_on"
        "   AND x.origin_sequence = e.origin_sequence AND x.origin_flow = e.origin_flow) net"
        "  ON net.quantity > 0 OR net.quantity < 0"
        "   AND (e.origin_sequence, e.origin_flow) <> (e.event_sequence, e.event_flow)"
        "  WHERE e.tenant_id = %s AND e.item_id = k.item_id AND e.pool_id = k.pool_id"
        "  AND (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s)"
        "  ORDER BY e.event_on DESC, e.event_sequence DESC, e.event_flow DESC LIMIT 1) last ON true"
        " JOIN LATERAL (SELECT sum(e.quantity) quantity, sum(e.value) AS value FROM entry e"
        "  WHERE e.tenant_id = %s AND e.event_sequence = last.event_sequence"
        "  AND e.event_flow = last.event_flow AND e.pool_id = k.pool_id"
        "  AND e.settles_sequence IS NULL) own ON true"
        " JOIN LATERAL (SELECT e.origin_on, e.origin_sequence, e.origin_flow, sum(e.quantity),"
        "  sum(e.value) FROM layer_entry e WHERE e.tenant_id = %s AND e.item_id = k.item_id"
        "  AND e.event_on = last.event_on AND e.event_sequence = last.event_sequence"
        "  AND e.event_flow = last.event_flow AND e.pool_id = k.pool_id GROUP BY 1, 2, 3) l ON true",
        [pool[0] for pool in pools],
        [pool[1] for pool in pools],
        tx.tenant_id,
        *before,
        tx.tenant_id,
        tx.tenant_id,
    )
    movements: dict[UUID, Movement] = {}
    for pool, _, sequence, flow, quantity, value, on, of, by, change, worth in found:
        movement = movements.setdefault(pool, Movement(quantity, value))
        if change < 0 and (of, by) == (sequence, flow):
            movement.short, movement.short_value = change, worth
        elif change < 0:
            movement.taken[Origin(on, of, by)] = (change, worth)
    return movements


async def origins(
    tx: RawTransaction, links: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Origin]:
    """The layers that received lines made."""
    wanted = sorted(set(links))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "SELECT e.event_sequence, e.event_line, e.event_on, e.event_flow FROM entry e"
        " JOIN unnest(%s::bigint[], %s::int[]) w(sequence, line)"
        " ON e.event_sequence = w.sequence AND e.event_line = w.line"
        " WHERE e.tenant_id = %s AND e.sequence = e.event_sequence AND e.leg = 'target'"
        " ORDER BY e.event_flow",  # of a line that moved several lots, the last
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
    )
    return {(r[0], r[1]): Origin(r[2], r[0], r[3]) for r in found}


async def lines_of_events(
    tx: RawTransaction, events: Iterable[Event]
) -> dict[Event, tuple[int, int]]:
    """Which line each event belongs to."""
    wanted = sorted(set(events))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "SELECT DISTINCT e.event_sequence, e.event_flow, e.event_line FROM entry e"
        " JOIN unnest(%s::bigint[], %s::int[]) w(sequence, flow)"
        " ON e.event_sequence = w.sequence AND e.event_flow = w.flow WHERE e.tenant_id = %s",
        [w.sequence for w in wanted],
        [w.flow for w in wanted],
        tx.tenant_id,
    )
    return {Event(r[0], r[1]): (r[0], r[2]) for r in found}


async def first_position(tx: RawTransaction, sequence: int) -> Position | None:
    """The earliest event that a posting wrote for."""
    found = await rows(
        tx,
        "SELECT event_on, event_sequence, event_flow FROM entry WHERE tenant_id = %s AND sequence = %s"
        " ORDER BY event_on, event_sequence, event_flow LIMIT 1",
        tx.tenant_id,
        sequence,
    )
    return Position(*found[0]) if found else None


async def amended(tx: RawTransaction, sequence: int) -> dict[Event, Decimal]:
    """What a posting added to what other documents' events were given (landed cost)."""
    found = await rows(
        tx,
        "SELECT event_sequence, event_flow, sum(given) FROM entry WHERE tenant_id = %s"
        " AND sequence = %s AND event_sequence <> sequence AND leg = 'source' AND given IS NOT NULL"
        " GROUP BY 1, 2",
        tx.tenant_id,
        sequence,
    )
    return {Event(r[0], r[1]): r[2] for r in found}
