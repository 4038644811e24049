"""The outbox: what the rest of the world should hear, written with the deed and sent after commit.

A relay reads the rows in order, delivers them at least once and deletes them; nothing is sent while
locks are held (ledger rule 3.8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core.canonical import plain
from core.db import bulk
from core.db.database import RawTransaction
from core.db.metadata import Moment, Uuid, tenant_table
from core.ids import uuid7

outbox = tenant_table(
    "outbox",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("payload", JSONB, nullable=False),
    sa.Column("at", Moment, nullable=False, server_default=sa.func.now()),
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: ``topic`` (``document.posted``) and its JSON payload."""

    topic: str
    payload: Mapping[str, Any]


async def emit_many(tx: RawTransaction, events: Sequence[Event]) -> None:
    """Write events in the transaction whose news they are; ids keep their order."""
    rows = [(uuid7(), event.topic, plain(event.payload)) for event in events]
    await bulk.insert(tx, outbox, "id topic payload", rows)
