"""The table of commands and its SQL: known outcomes, remembered once (ledger rule 2.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core.canonical import canonical, plain
from core.db import bulk
from core.db.database import RawTransaction
from core.db.metadata import Moment, Uuid, tenant_table
from core.db.questions import Question, ask
from core.errors import Refusal, define

COMMAND_REUSED = define(
    "COMMAND_REUSED",
    en="The command id {id} was already used for another input. Every new command needs a new id.",
    zh="commandId {id} 已用于其他内容。每个新操作需要新的 commandId。",
)

HASH_VERSION = 1
"""Raised when the canonical form changes; rows of older versions keep their own."""

Outcome = dict[str, Any]

command = tenant_table(
    "command",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("hash_version", sa.SmallInteger, nullable=False),
    sa.Column("input_hash", sa.LargeBinary, nullable=False),
    sa.Column("outcome", JSONB, nullable=False),
    sa.Column("at", Moment, nullable=False, server_default=sa.func.now()),
    append_only=True,
)


class CommandRaceError(Exception):
    """The same command was carried out by another transaction meanwhile: roll back, ask again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it arrived: its id, what it asks for, and the hash of its raw input."""

    id: UUID
    operation: str
    hash: bytes

    @classmethod
    def of(cls, command_id: UUID, operation: str, payload: Any) -> Asked:
        return cls(command_id, operation, input_hash(payload))


def input_hash(payload: Any) -> bytes:
    """SHA-256 over the canonical JSON of the raw input, a mapping or a dataclass (decimals normalised,
    absent fields out)."""
    return hashlib.sha256(canonical(payload)).digest()


def reused(command_id: UUID) -> Refusal:
    """The answer to an id that was used for something else."""
    return Refusal(COMMAND_REUSED, ("commandId",), {"id": str(command_id)})


def carried_out(ids: Iterable[UUID]) -> Question[dict[UUID, tuple[Asked, Outcome]]]:
    """Commands that were carried out before, as they were asked for, with their outcome."""
    return Question(
        "SELECT id, operation, input_hash, outcome FROM command"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        (list(ids),),
        lambda found: {r[0]: (Asked(r[0], r[1], bytes(r[2])), r[3]) for r in found},
    )


async def known_many(tx: RawTransaction, asked: Sequence[Asked]) -> dict[UUID, Outcome | Refusal]:
    """Commands that were carried out before: their outcome, or a refusal if their input differs.

    No id may come twice with different inputs.
    """
    before = await ask(tx, carried_out([a.id for a in asked]))
    return {a.id: answer_to(a, *before[a.id]) for a in asked if a.id in before}


def answer_to(asked: Asked, first: Asked, outcome: Outcome) -> Outcome | Refusal:
    """What a command is answered that has the id of ``first``."""
    return outcome if asked == first else reused(asked.id)


async def remember_many(
    tx: RawTransaction, done: Iterable[tuple[Asked, Mapping[str, Any]]]
) -> None:
    """Store outcomes. Raises CommandRaceError where one of the commands was carried out meanwhile; in a
    pipeline the unique violation of ``command_pkey`` comes with a later answer instead.

    Rows go in sorted by id: two processes that insert the same ids in different order deadlock.
    """
    rows = [
        (asked.id, asked.operation, HASH_VERSION, f"\\x{asked.hash.hex()}", plain(outcome))
        for asked, outcome in sorted(done, key=lambda pair: pair[0].id)
    ]
    try:
        await bulk.insert(tx, command, "id operation hash_version input_hash outcome", rows)
    except psycopg.errors.UniqueViolation as error:
        raise CommandRaceError from error
