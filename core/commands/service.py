"""Carrying out a command: one transaction for the work and for the memory of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import sqlalchemy as sa

from core.canonical import plain
from core.commands.tables import (
    Asked,
    CommandRaceError,
    Outcome,
    answer_to,
    carried_out,
    known_many,
    remember_many,
    reused,
)
from core.db.database import Database, Transaction
from core.db.questions import ask
from core.errors import Refusal, Refused

T = TypeVar("T")

Answer = Outcome | tuple[Refusal, ...]
"""What one command of many is answered with."""


def never(answers: Iterable[Answer]) -> bool:
    """Nothing is taken back again."""
    return False


class _UndoneError(Exception):
    """What was carried out shall not stand."""


_ATTEMPTS = 5
_RETRIED = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the work was rolled back and may run again (rule 3.8)."""
_TAKEN = "23505"
"""Another transaction made a row of this key meanwhile, perhaps our own twin: work that runs again sees
the row, and says what it means."""


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
    await remember_many(tx, [(Asked.of(command_id, operation, payload), outcome)])


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

    async def once() -> Outcome:
        try:
            async with db.transaction(tenant_id) as tx:
                if (outcome := await known(tx, command_id, operation, payload)) is not None:
                    return outcome
                done: Outcome = plain(await work(tx))
                await remember(tx, command_id, operation, payload, done)
                return done
        except Refused:
            async with db.snapshot(tenant_id) as tx:
                if (outcome := await known(tx, command_id, operation, payload)) is not None:
                    return outcome
            raise

    return await retrying(once)


async def run_many(
    db: Database,
    tenant_id: UUID,
    asked: Sequence[Asked],
    work: Callable[[Transaction, list[int]], Awaitable[Mapping[int, Answer]]],
    *,
    undo: Callable[[Iterable[Answer]], bool] = never,
) -> list[Answer]:
    """Carry out many commands in one transaction, each with an answer of its own. Where ``undo`` holds of the
    answers, nothing of it stands: they tell what would have been.

    ``work`` gets the positions that are new and answers each with an outcome or with refusals, for
    which it has written nothing. An id that comes twice is carried out once.
    """

    async def once() -> list[Answer]:
        answers: dict[int, Answer] = {}
        first: dict[UUID, int] = {}
        for n, one in enumerate(asked):
            first.setdefault(one.id, n)
        fresh: list[int] = []
        with suppress(_UndoneError):
            async with db.transaction(tenant_id) as tx:
                answers |= await _known_answers(tx, asked)
                fresh += [n for n in first.values() if n not in answers]
                if fresh:
                    made = await work(tx, fresh)
                    answers |= made
                    if undo(made.values()):
                        raise _UndoneError
                    done = [(asked[n], a) for n, a in made.items() if isinstance(a, dict)]
                    await remember_many(tx, done)
        refused = [asked[n] for n in fresh if isinstance(answers[n], tuple)]
        if refused:
            async with db.snapshot(tenant_id) as tx:
                echoes = await _known_answers(tx, refused)
            answers |= {first[refused[n].id]: answer for n, answer in echoes.items()}
        return [
            answers[n] if n in answers else _same(one, asked[first[one.id]], answers[first[one.id]])
            for n, one in enumerate(asked)
        ]

    return await retrying(once)


async def retrying(once: Callable[[], Awaitable[T]]) -> T:
    """Run a whole transaction again where it lost a race or a deadlock (rule 3.8), be it at a unique
    key."""
    for attempt in range(_ATTEMPTS):
        try:
            return await once()
        except CommandRaceError:
            continue
        except (sa.exc.DBAPIError, psycopg.Error) as error:
            again = is_retryable(error) or _sqlstate(error) == _TAKEN
            if not again or attempt == _ATTEMPTS - 1:
                raise
    raise CommandRaceError


async def _known_answers(tx: Transaction, asked: Sequence[Asked]) -> dict[int, Answer]:
    before = await ask(tx, carried_out({one.id for one in asked}))
    answers: dict[int, Answer] = {}
    for n, one in enumerate(asked):
        if one.id in before:
            answer = answer_to(one, *before[one.id])
            answers[n] = (answer,) if isinstance(answer, Refusal) else answer
    return answers


def _same(one: Asked, first: Asked, answer: Answer) -> Answer:
    return answer if one == first else (reused(one.id),)


def is_retryable(error: sa.exc.DBAPIError | psycopg.Error) -> bool:
    """Whether the whole transaction may simply run again."""
    return _sqlstate(error) in _RETRIED


def _sqlstate(error: sa.exc.DBAPIError | psycopg.Error) -> str | None:
    """The code of the database, through SQLAlchemy or from the driver itself."""
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state
