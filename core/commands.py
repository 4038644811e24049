"""Commands: a write that is sent twice is carried out once and answered alike (ledger rule 2.4).

A command row is written in the transaction of its work and kept for ever. Its hash covers the raw
input, so the same id with another input is told apart from a repetition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from core.canonical import canonical, plain
from core.db.database import Database, Transaction
from core.db.metadata import Moment, Uuid, tenant_table
from core.errors import Refusal, Refused, define

COMMAND_REUSED = define(
    "COMMAND_REUSED",
    en="The command id {id} was already used for another input. Every new command needs a new id.",
    zh="commandId {id} 已用于其他内容。每个新操作需要新的 commandId。",
)

HASH_VERSION = 1
"""Raised when the canonical form changes; rows of older versions keep their own."""

_ATTEMPTS = 5
_RETRIED = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the work was rolled back and may run again (rule 3.8)."""

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
    def of(cls, command_id: UUID, operation: str, payload: Mapping[str, Any]) -> Asked:
        return cls(command_id, operation, input_hash(payload))


def input_hash(payload: Mapping[str, Any]) -> bytes:
    """SHA-256 over the canonical JSON of the raw input (decimals normalised, absent fields out)."""
    return hashlib.sha256(canonical(payload)).digest()


async def known_many(tx: Transaction, asked: Sequence[Asked]) -> dict[UUID, Outcome | Refusal]:
    """Commands that were carried out before: their outcome, or a refusal if their input differs."""
    c = command.c
    query = sa.select(c.id, c.operation, c.input_hash, c.outcome).where(
        c.tenant_id == tx.tenant_id, c.id == sa.any_(sa.literal([a.id for a in asked], _UUIDS))
    )
    stored = {row.id: row for row in await tx.sql.execute(query)}
    found: dict[UUID, Outcome | Refusal] = {}
    for a in asked:
        if row := stored.get(a.id):
            same = row.operation == a.operation and bytes(row.input_hash) == a.hash
            refusal = Refusal(COMMAND_REUSED, ("commandId",), {"id": str(a.id)})
            found[a.id] = row.outcome if same else refusal
    return found


async def remember_many(tx: Transaction, done: Sequence[tuple[Asked, Mapping[str, Any]]]) -> int:
    """Store outcomes and return how many were new; fewer than given means a race was lost.

    Rows go in sorted by id: two processes that insert the same ids in different order deadlock.
    """
    if not done:
        return 0
    rows = [
        {
            "tenant_id": tx.tenant_id,
            "id": asked.id,
            "operation": asked.operation,
            "hash_version": HASH_VERSION,
            "input_hash": asked.hash,
            "outcome": plain(outcome),
        }
        for asked, outcome in sorted(done, key=lambda pair: pair[0].id)
    ]
    query = insert(command).on_conflict_do_nothing(index_elements=["tenant_id", "id"])
    result = await tx.sql.execute(query.returning(command.c.id), rows)
    return len(result.all())


async def known(
    tx: Transaction, command_id: UUID, operation: str, payload: Mapping[str, Any]
) -> Outcome | None:
    """The first outcome of this command, or None if it is new. Raises COMMAND_REUSED."""
    answer = (await known_many(tx, [Asked.of(command_id, operation, payload)])).get(command_id)
    if isinstance(answer, Refusal):
        raise Refused(answer)
    return answer


async def remember(
    tx: Transaction,
    command_id: UUID,
    operation: str,
    payload: Mapping[str, Any],
    outcome: Mapping[str, Any],
) -> None:
    """Store the outcome. Raises CommandRaceError if the command was carried out meanwhile."""
    if not await remember_many(tx, [(Asked.of(command_id, operation, payload), outcome)]):
        raise CommandRaceError


async def run(
    db: Database,
    tenant_id: UUID,
    command_id: UUID,
    operation: str,
    payload: Mapping[str, Any],
    work: Callable[[Transaction], Awaitable[Mapping[str, Any]]],
) -> Outcome:
    """Carry out ``work`` once, in one transaction, and return its outcome, also when asked again.

    A refusal may be the echo of our own twin (it created the very code that now counts as taken),
    so a refused command is looked up once more before the refusal stands.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with db.transaction(tenant_id) as tx:
                if (outcome := await known(tx, command_id, operation, payload)) is not None:
                    return outcome
                done: Outcome = plain(await work(tx))
                await remember(tx, command_id, operation, payload, done)
                return done
        except Refused:
            async with db.transaction(tenant_id) as tx:
                if (outcome := await known(tx, command_id, operation, payload)) is not None:
                    return outcome
            raise
        except CommandRaceError:
            continue
        except sa.exc.DBAPIError as error:
            if not is_retryable(error) or attempt == _ATTEMPTS - 1:
                raise
    raise CommandRaceError


def is_retryable(error: sa.exc.DBAPIError) -> bool:
    """Whether the whole transaction may simply run again."""
    return getattr(error.orig, "sqlstate", None) in _RETRIED


_UUIDS = ARRAY(Uuid)
