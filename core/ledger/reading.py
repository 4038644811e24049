"""Reads the state of a posting, after the guards are locked. SQL only; it decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.db.database import Transaction
from core.documents.records import Document, Line
from core.documents.rules import ItemFacts, PartyFacts, PlaceFacts, UnitFacts
from core.ledger.pools import Pool
from core.ledger.records import (
    BalanceKey,
    Event,
    Leg,
    Method,
    Origin,
    PoolKey,
    Position,
)
from core.ledger.requests import Stored
from core.ledger.state import Held, LotFacts, Places, Promised, Source, SourceLine
from core.ledger.valuation import Cost

Row = tuple[Any, ...]


async def rows(tx: Transaction, query: str, *parameters: object) -> list[Row]:
    """Run one statement through psycopg, prepared after its first uses."""
    cursor = await tx.raw.execute(query.encode(), parameters)
    return await cursor.fetchall()


async def lock_documents(tx: Transaction, ids: Collection[UUID]) -> None:
    """First of all locks: stored drafts and source documents, by id (rule 3.1)."""
    if ids:
        await rows(
            tx,
            "SELECT id FROM document WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE",
            tx.tenant_id,
            list(ids),
        )


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
    """The standard costs the items ever had; those of reversed documents were never in force."""
    if not ids:
        return {}
    found = await rows(
        tx,
        "SELECT s.item_id, s.since, s.sequence, s.cost FROM standard_cost s"
        " JOIN document d ON d.tenant_id = s.tenant_id AND d.sequence = s.sequence"
        " WHERE s.tenant_id = %s AND s.item_id = ANY(%s) AND NOT EXISTS (SELECT FROM document m"
        " WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id)",
        tx.tenant_id,
        list(ids),
    )
    known: dict[UUID, list[tuple[Position, Decimal]]] = {}
    for item, since, sequence, cost in found:
        known.setdefault(item, []).append((Position(since, sequence, 0), cost))
    return known


_LINE = (
    "no, item_id, unit_id, entered_quantity, numerator, denominator, quantity, unit_price,"
    " discount_pct, tax_rate, net, tax, total, stocked, lot_code, place_id, to_place_id,"
    " source_line, role, share, due_on, expires_at, description, cause, remark, extensions"
)


async def lines(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, dict[int, Line]]:
    """The stored lines of documents, by document and number."""
    found = await rows(
        tx,
        f"SELECT document_id, {_LINE} FROM document_line"  # noqa: S608 - a constant of ours
        " WHERE tenant_id = %s AND document_id = ANY(%s) ORDER BY document_id, no",
        tx.tenant_id,
        list(ids),
    )
    stored: dict[UUID, dict[int, Line]] = {}
    for row in found:
        line = Line(*row[1:])
        stored.setdefault(row[0], {})[line.no] = line
    return stored


async def sources(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Source]:
    """Documents that others go back to, with the progress of their lines."""
    if not ids:
        return {}
    heads = await rows(
        tx,
        "SELECT d.id, d.type, d.state, d.sequence, d.business_date, d.place_id,"
        " EXISTS (SELECT FROM document m WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id),"
        " d.source_id, d.number FROM document d WHERE d.tenant_id = %s AND d.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    stored = await lines(tx, ids)
    progress = {
        (r[0], r[1]): (r[2], r[3])
        for r in await rows(
            tx,
            "SELECT document_id, no, executed, returned FROM line_progress"
            " WHERE tenant_id = %s AND document_id = ANY(%s)",
            tx.tenant_id,
            list(ids),
        )
    }
    return {
        r[0]: Source(
            id=r[0],
            type_code=r[1],
            state=r[2],
            sequence=r[3],
            business_date=r[4],
            place_id=r[5],
            reversed=r[6],
            source_id=r[7],
            number=r[8],
            lines={
                no: SourceLine(line, *progress.get((r[0], no), (Decimal(0), Decimal(0))))
                for no, line in stored.get(r[0], {}).items()
            },
        )
        for r in heads
    }


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


@dataclass(frozen=True, slots=True)
class Before:
    """What source documents stand on: their items, and the documents they go back to themselves."""

    items: frozenset[UUID]
    sources: frozenset[UUID]


async def items_of_documents(tx: Transaction, ids: Collection[UUID]) -> Before:
    """Links never change, so they are read before anything is locked (rule 3.1)."""
    if not ids:
        return Before(frozenset(), frozenset())
    items = await rows(
        tx,
        "SELECT DISTINCT item_id FROM document_line WHERE tenant_id = %s AND document_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    sources = await rows(
        tx,
        "SELECT DISTINCT source_id FROM document"
        " WHERE tenant_id = %s AND id = ANY(%s) AND source_id IS NOT NULL",
        tx.tenant_id,
        list(ids),
    )
    return Before(frozenset(r[0] for r in items), frozenset(r[0] for r in sources))


async def documents(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Stored]:
    """Stored documents with their lines."""
    if not ids:
        return {}
    heads = await rows(
        tx,
        "SELECT d.id, d.type, d.business_date, d.net, d.tax, d.total, d.party_id, d.party_name,"
        " d.address, d.country, d.place_id, d.to_place_id, d.source_id, d.reverses_id, d.reference,"
        " d.remark, d.cause, d.extra_cost, d.cost_basis, d.extensions, d.state, d.revision,"
        " d.number, d.sequence, d.created_by, d.approved_by, d.posted_at, (SELECT m.id"
        " FROM document m WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id)"
        " FROM document d WHERE d.tenant_id = %s AND d.id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    stored = await lines(tx, [r[0] for r in heads])
    return {
        r[0]: Stored(_document(r, tuple(stored.get(r[0], {}).values())), *r[20:]) for r in heads
    }


_HEAD = [
    "net",
    "tax",
    "total",
    "party_id",
    "party_name",
    "address",
    "country",
    "place_id",
    "to_place_id",
    "source_id",
    "reverses_id",
    "reference",
    "remark",
    "cause",
    "extra_cost",
    "cost_basis",
    "extensions",
]


def _document(r: Row, lines: tuple[Line, ...]) -> Document:
    further: dict[str, Any] = dict(zip(_HEAD, r[3:20], strict=True))
    return Document(id=r[0], type_code=r[1], business_date=r[2], lines=lines, **further)


async def dependents(tx: Transaction, document_id: UUID) -> int:
    """How many unreversed documents go back to this one; its own revaluations do not count."""
    found = await rows(
        tx,
        "SELECT count(*) FROM document d WHERE d.tenant_id = %s AND d.source_id = %s"
        " AND d.type <> 'revaluation' AND d.reverses_id IS NULL AND d.state IN ('posted', 'approved')"
        " AND NOT EXISTS (SELECT FROM document m WHERE m.tenant_id = d.tenant_id"
        " AND m.reverses_id = d.id)",
        tx.tenant_id,
        document_id,
    )
    return int(found[0][0])


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
