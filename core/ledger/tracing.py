"""Follows events back: what lines have cost, what of them returned, which layers they made. SQL only."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.db.database import Transaction, rows
from core.ledger.records import Event, Origin, Position
from core.ledger.valuation import Cost


def _bounds(before: Position | None) -> tuple[object, ...]:
    """The parameters of "is null or < (date, sequence, flow)"."""
    return (before.on, *before) if before else (None, None, None, None)


async def costs(
    tx: Transaction, links: Iterable[tuple[int, int]], before: Position | None = None
) -> dict[tuple[int, int], Cost]:
    """What posted lines have cost: goods and value on their counter account, with the true-ups that
    settle them. With ``before``, what happened from that position on is left out: a replay will find
    it again."""
    wanted = sorted(set(links))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) w(sequence, line)),"
        " own AS (SELECT e.event_sequence, e.event_line, e.event_flow, e.quantity, e.value, e.leg,"
        "   e.pool_id, e.basis FROM entry e JOIN wanted w ON e.event_sequence = w.sequence"
        "   AND e.event_line = w.line WHERE e.tenant_id = %s AND e.leg <> 'other'"
        "   AND (%s::date IS NULL OR (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s)))"
        " SELECT event_sequence, event_line,"
        "  coalesce(sum(quantity) FILTER (WHERE leg = 'target'), 0),"
        "  coalesce(sum(value) FILTER (WHERE leg = 'target' AND pool_id IS NULL),"
        "   -sum(value) FILTER (WHERE leg = 'source' AND pool_id IS NULL),"
        "   sum(value) FILTER (WHERE leg = 'target'))"
        " FROM own GROUP BY 1, 2",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
        *_bounds(before),
    )
    known = {(r[0], r[1]): Cost(r[2], r[3]) for r in found}
    settled = await rows(
        tx,
        "SELECT i.event_sequence, i.event_line, sum(e.value) FROM entry e"
        " JOIN (SELECT DISTINCT event_sequence, event_flow, event_line FROM entry"
        "   WHERE tenant_id = %s AND event_sequence = ANY(%s)) i"
        " ON i.event_sequence = e.settles_sequence AND i.event_flow = e.settles_flow"
        " WHERE e.tenant_id = %s AND e.settles_sequence = ANY(%s) AND e.pool_id IS NULL"
        " AND (%s::date IS NULL OR (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s))"
        " GROUP BY 1, 2",
        tx.tenant_id,
        [w[0] for w in wanted],
        tx.tenant_id,
        [w[0] for w in wanted],
        *_bounds(before),
    )
    for sequence, line, value in settled:
        if (sequence, line) in known:
            known[sequence, line].value += value
    return known


async def returned(
    tx: Transaction, links: Iterable[tuple[int, int]], before: Position | None = None
) -> dict[tuple[int, int], Cost]:
    """What already went back of posted lines at their cost; reversed returns do not count."""
    wanted = sorted(set(links))
    if not wanted:
        return {}
    found = await rows(
        tx,
        "SELECT e.link_sequence, e.link_line,"
        " sum(abs(e.quantity)) FILTER (WHERE e.sequence = e.event_sequence), abs(sum(e.value))"
        " FROM entry e JOIN unnest(%s::bigint[], %s::int[]) w(sequence, line)"
        " ON e.link_sequence = w.sequence AND e.link_line = w.line"
        " JOIN document d ON d.tenant_id = e.tenant_id AND d.sequence = e.event_sequence"
        " WHERE e.tenant_id = %s AND e.basis = 'linked' AND e.pool_id IS NULL AND e.leg <> 'other'"
        " AND NOT EXISTS (SELECT FROM document m WHERE m.tenant_id = d.tenant_id"
        "   AND m.reverses_id = d.id)"
        " AND (%s::date IS NULL OR (e.event_on, e.event_sequence, e.event_flow) < (%s, %s, %s))"
        " GROUP BY 1, 2",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
        *_bounds(before),
    )
    return {(r[0], r[1]): Cost(r[2], r[3]) for r in found}


async def origins(
    tx: Transaction, links: Iterable[tuple[int, int]]
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
        " WHERE e.tenant_id = %s AND e.sequence = e.event_sequence AND e.leg = 'target'",
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        tx.tenant_id,
    )
    return {(r[0], r[1]): Origin(r[2], r[0], r[3]) for r in found}


async def lines_of_events(tx: Transaction, events: Iterable[Event]) -> dict[Event, tuple[int, int]]:
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


async def first_position(tx: Transaction, sequence: int) -> Position | None:
    """The earliest event that a posting wrote for."""
    found = await rows(
        tx,
        "SELECT event_on, event_sequence, event_flow FROM entry WHERE tenant_id = %s AND sequence = %s"
        " ORDER BY event_on, event_sequence, event_flow LIMIT 1",
        tx.tenant_id,
        sequence,
    )
    return Position(*found[0]) if found else None


async def amended(tx: Transaction, sequence: int) -> dict[Event, Decimal]:
    """What a posting added to what other documents' events were given (landed cost)."""
    found = await rows(
        tx,
        "SELECT event_sequence, event_flow, sum(given) FROM entry WHERE tenant_id = %s"
        " AND sequence = %s AND event_sequence <> sequence AND leg = 'target' AND given IS NOT NULL"
        " GROUP BY 1, 2",
        tx.tenant_id,
        sequence,
    )
    return {Event(r[0], r[1]): r[2] for r in found}
