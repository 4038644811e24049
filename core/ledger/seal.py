"""The chain of hashes over posted documents (L12; rule 7.1).

Each posted document, with its lines, entries and layer entries, is digested in the order of posting, and
each digest is chained to the one before it. Sealing trails behind posting, in batches, so that it costs
no posting anything. Who alters, removes or reorders what is sealed breaks the chain; who also rewrites
the chain cannot rewrite a head that was anchored outside.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from core.db import bulk
from core.db.database import Database, RawTransaction, Row, rows
from core.ledger.tables import seal as seal_table

_log = structlog.get_logger(__name__)
_BATCH = 500
_GENESIS = bytes(32)

# The columns are named one by one: a column that a later version adds must not change what was sealed.
_DOCUMENT = (
    "id type sequence number business_date posted_at created_by posted_by party_id party_name address"
    " country place_id to_place_id source_id reverses_id reference remark cause extra_cost cost_basis net"
    " tax total extensions approved_by created_at"
)
_LINE = (
    "no item_id unit_id entered_quantity numerator denominator quantity unit_price discount_pct tax_rate"
    " net tax total stocked lot_code place_id to_place_id source_line role share over_pct due_on expires_at"
    " description cause remark extensions"
)
_ENTRY = (
    "no line item_id place_id lot_id quantity value pool_id effective_on event_on event_sequence"
    " event_flow event_line leg basis given rate link_sequence link_line settles_sequence settles_flow"
)
_LAYER = (
    "event_sequence event_flow pool_id origin_on origin_sequence origin_flow event_on item_id quantity"
    " value"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain; keep it where the database's owner cannot reach."""

    sequence: int
    hash: str


async def seal(db: Database, tenant_id: UUID) -> Head:
    """Seal what was posted since, and return the head. Two sealers queue on one lock."""
    while True:
        async with db.transaction(tenant_id) as tx:
            await rows(tx, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", str(tenant_id))
            last = await head(tx)
            contents = await _contents(tx, last.sequence, _BATCH)
            previous, links = bytes.fromhex(last.hash), []
            for sequence, content in contents:
                previous = _link(previous, sequence, content)
                links.append((sequence, "\\x" + content.hex(), "\\x" + previous.hex()))
            await bulk.insert(tx, seal_table, "sequence content hash", links)
        if len(contents) < _BATCH:
            return Head(contents[-1][0], previous.hex()) if contents else last


_due: set[UUID] = set()
"""Tenants in which this process has posted something that may not be sealed yet."""


def mark_due(tenant_id: UUID) -> None:
    """Something was posted: the next round of :func:`keep_sealed` seals it."""
    _due.add(tenant_id)


async def keep_sealed(db: Database, every: timedelta = timedelta(seconds=5)) -> None:
    """Seal, round after round, what this process posts. What it leaves when it dies is sealed with the
    next posting or the next verification."""
    while True:
        await asyncio.sleep(every.total_seconds())
        for tenant_id in list(_due):
            _due.discard(tenant_id)
            try:
                await seal(db, tenant_id)
            except Exception:
                _due.add(tenant_id)
                _log.warning("sealing failed, it is tried again", tenant=str(tenant_id))


async def head(tx: RawTransaction) -> Head:
    """The last seal; before the first one, sequence 0 and 32 zero bytes."""
    found = await rows(
        tx,
        "SELECT sequence, hash FROM seal WHERE tenant_id = %s ORDER BY sequence DESC LIMIT 1",
        tx.tenant_id,
    )
    return Head(found[0][0], bytes(found[0][1]).hex()) if found else Head(0, _GENESIS.hex())


async def broken_links(tx: RawTransaction, anchors: Mapping[int, str] | None = None) -> list[str]:
    """Where the chain does not hold: a document that is not what was sealed, a link that does not
    follow from the one before, a posting that is missing, or an anchored head that is gone."""
    problems: list[str] = []
    known: dict[int, str] = {}
    previous, last = _GENESIS, 0
    while batch := await _sealed(tx, last):
        contents = dict(await _contents(tx, last, len(batch)))
        for sequence, content, hash_ in batch:
            if sequence != last + 1:
                problems.append(f"chain: postings {last + 1} to {sequence - 1} are missing")
            if contents.get(sequence) != content:
                problems.append(f"chain: posting {sequence} is not what was sealed")
            if _link(previous, sequence, content) != hash_:
                problems.append(f"chain: seal {sequence} does not follow from the one before it")
            previous, last = hash_, sequence
            known[sequence] = hash_.hex()
    for sequence, anchored in (anchors or {}).items():
        if known.get(sequence) != anchored:
            problems.append(f"chain: the anchored head {sequence} is not in the chain")
    return problems


async def _sealed(tx: RawTransaction, after: int) -> list[tuple[int, bytes, bytes]]:
    found = await rows(
        tx,
        "SELECT sequence, content, hash FROM seal WHERE tenant_id = %s AND sequence > %s"
        " ORDER BY sequence LIMIT %s",
        tx.tenant_id,
        after,
        _BATCH,
    )
    return [(row[0], bytes(row[1]), bytes(row[2])) for row in found]


async def _contents(tx: RawTransaction, after: int, limit: int) -> list[tuple[int, bytes]]:
    """The digests of the next posted documents, from the rows as they are now."""
    found: list[Row] = await rows(tx, _CONTENT, tx.tenant_id, after, limit)
    return [(row[0], hashlib.sha256(row[1].encode()).digest()) for row in found]


def _link(previous: bytes, sequence: int, content: bytes) -> bytes:
    return hashlib.sha256(previous + sequence.to_bytes(8) + content).digest()


def _array(alias: str, columns: str) -> str:
    return f"jsonb_build_array({', '.join(_value(alias, name) for name in columns.split())})"


def _value(alias: str, name: str) -> str:
    """Moments are spelled in UTC: their text would follow the reader's time zone otherwise."""
    zone = " AT TIME ZONE 'UTC'" if name.endswith("_at") else ""
    return f"{alias}.{name}{zone}"


def _many(table: str, columns: str, own: str, order: str) -> str:
    return (
        f"(SELECT jsonb_agg({_array('x', columns)} ORDER BY {order}) FROM {table} x"  # noqa: S608 - our names
        f" WHERE x.tenant_id = d.tenant_id AND {own})"
    )


_LAYERS = "x.event_sequence, x.event_flow, x.pool_id, x.origin_on, x.origin_sequence, x.origin_flow"
_CONTENT = (
    f"SELECT d.sequence, jsonb_build_array({_array('d', _DOCUMENT)},"  # noqa: S608 - names of ours
    f" {_many('document_line', _LINE, 'x.document_id = d.id', 'x.no')},"
    f" {_many('entry', _ENTRY, 'x.sequence = d.sequence', 'x.no')},"
    f" {_many('layer_entry', _LAYER, 'x.sequence = d.sequence', _LAYERS)})::text"
    " FROM document d WHERE d.tenant_id = %s AND d.sequence > %s ORDER BY d.sequence LIMIT %s"
)
