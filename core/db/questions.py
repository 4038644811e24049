"""Statements apart from their sending, so that many can be sent at once and wait together.

A :class:`Question` is a statement with the meaning of its rows. Where one answer is needed before the
next question can be put, ask singly; where not, ask together: one way to the database and back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg

from core.db.database import RawTransaction, Row

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

TENANT = object()
"""Stands for the tenant among the parameters of a question that names it more than once."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T_co]):
    """``query`` with its parameters, of which the tenant is the first and not among ``parameters``;
    ``read`` turns the rows into what was asked for."""

    query: str
    parameters: tuple[Any, ...]
    read: Callable[[list[Row]], T_co]

    def send(self, tx: RawTransaction) -> Awaitable[psycopg.AsyncCursor[Row]]:
        """Send it; in a pipeline it waits for nothing."""
        told = (tx.tenant_id if one is TENANT else one for one in self.parameters)
        return tx.raw.execute(self.query.encode(), (tx.tenant_id, *told))


class Answer(Generic[T]):
    """What a question will have been answered when :func:`asking` is left."""

    def __init__(self, cursor: psycopg.AsyncCursor[Row], read: Callable[[list[Row]], T]) -> None:
        self._cursor, self._read = cursor, read
        self._found: list[Row] | None = None

    async def arrive(self) -> None:
        """Wait for the rows."""
        self._found = await self._cursor.fetchall()

    @property
    def value(self) -> T:
        """The answer. To be asked for once, after it has arrived."""
        assert self._found is not None
        return self._read(self._found)


class Asking:
    """Questions on their way."""

    def __init__(self, tx: RawTransaction) -> None:
        self._tx = tx
        self._answers: list[Answer[Any]] = []

    async def __call__(self, question: Question[T]) -> Answer[T]:
        """Send a question and do not wait."""
        answer = Answer(await question.send(self._tx), question.read)
        self._answers.append(answer)
        return answer

    async def arrive(self) -> None:
        """Wait for all of them, in the order they were sent: the first error is the cause of others."""
        for answer in self._answers:
            await answer.arrive()


@asynccontextmanager
async def asking(tx: RawTransaction) -> AsyncIterator[Asking]:
    """Ask many questions together: they are answered in order, each seeing what was committed before
    it began, and their answers are there when the block is left."""
    async with tx.raw.pipeline():
        asked = Asking(tx)
        yield asked
        await asked.arrive()


async def ask(tx: RawTransaction, question: Question[T]) -> T:
    """Ask one question and wait for its answer."""
    cursor = await question.send(tx)
    return question.read(await cursor.fetchall())
