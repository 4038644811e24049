"""The outbox: what the rest of the world should hear, written with the deed and sent after commit.

A relay reads the rows in order, delivers them at least once and deletes them; nothing is sent while
locks are held (ledger rule 3.8).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core.canonical import plain
from core.db import bulk
from core.db.database import RawTransaction, Row, rows
from core.db.metadata import Moment, Uuid, tenant_table
from core.ids import uuid7

outbox = tenant_table(
    "outbox",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("payload", JSONB, nullable=False),
    sa.Column("at", Moment, nullable=False, server_default=sa.func.now()),
    # A notice, which carries both, has an end: it must be possible to send every row, if need be cut.
    sa.CheckConstraint("octet_length(topic) <= 100", name="topic_length"),
    sa.CheckConstraint("jsonb_typeof(payload) = 'object'", name="payload_object"),
)

emitted: dict[UUID, float] = {}
"""Tenants in which this process has written events, and when at last: where the relay looks first."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: ``topic`` (``document.posted``, at most 100 bytes) and its JSON payload.

    What is about something names its id in the payload, under ``id`` or a name that ends with ``_id``:
    a payload that is too long for a notice arrives with these alone.
    """

    topic: str
    payload: Mapping[str, Any]


async def emit_many(tx: RawTransaction, events: Sequence[Event]) -> None:
    """Write events in the transaction whose news they are; ids keep their order."""
    rows = [(uuid7(), event.topic, plain(event.payload)) for event in events]
    await bulk.insert(tx, outbox, "id topic payload", rows)
    if rows:
        emitted[tx.tenant_id] = time.monotonic()


async def take(tx: RawTransaction, limit: int) -> list[Row]:
    """Take the oldest events out of the outbox, in their order: id, topic, payload and moment.
    None where somebody else is at it, who then takes them all."""
    (free,) = await rows(
        tx, "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 11))", str(tx.tenant_id)
    )
    if not free[0]:
        return []
    return await rows(
        tx,
        "WITH taken AS (DELETE FROM outbox WHERE tenant_id = %s AND id IN"
        "  (SELECT id FROM outbox WHERE tenant_id = %s ORDER BY id LIMIT %s)"
        "  RETURNING id, topic, payload, at)"
        " SELECT id, topic, payload, at FROM taken ORDER BY id",
        *(tx.tenant_id, tx.tenant_id, limit),
    )
