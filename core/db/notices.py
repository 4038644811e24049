"""Notices from one process to all that serve the same database, and how to wait until all have heard them.

A word is sent with PostgreSQL's NOTIFY on a channel, in the transaction that changes something. Who
listens holds an advisory lock, so that a roll call knows whom to wait for; notices arrive in the order in
which they were sent, so whoever answers the call has heard what was sent before it. Listening needs a
connection that lasts, not one that a pool between us and the server lends by the transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import psycopg
import structlog

from core.db.database import Database, RawTransaction, Row, rows
from core.deadline import within

PATIENCE = 3.0
"""Seconds that a roll call waits. What a listener remembers must not be older than this, so that one that
cannot be reached has forgotten by itself when the call is over."""

_CALLS = "tallybook_calls"
LISTENS = 0x7A11_B00D
"""Class of the advisory locks of those who listen; the key is the process of the database behind each."""
_HEARTBEAT = 5.0
_RETRY_SECONDS = 0.5

_WHOLISTENS = b"""
select objid::int from pg_locks
where locktype = 'advisory' and classid = %s and objsubid = 2 and granted
  and database = (select oid from pg_database where datname = current_database())
"""

_log = structlog.get_logger(__name__)


class Ear(Protocol):
    """What hears the words of a channel. Neither function may wait or raise."""

    def heard(self, word: str) -> None: ...

    def listening(self, listening: bool) -> None:
        """Whether words arrive just now: at first, and while the connection is lost, they do not."""


async def send(tx: RawTransaction, channel: str, words: Sequence[str]) -> None:
    """Tell every process these words when the transaction commits; each of less than 8,000 bytes."""
    query = "SELECT pg_notify(%s, word) FROM unnest(%s::text[]) WITH ORDINALITY AS w (word, n) ORDER BY n"
    await rows(tx, query, channel, list(words))


async def heard_by_all(db: Database) -> None:
    """Wait until every process has heard what was sent before, or has had :data:`PATIENCE` to forget.

    Raises nothing where the database is away: what was changed is changed, and time does the rest.
    """
    until = time.monotonic() + PATIENCE
    try:
        await within(PATIENCE, _call_the_roll(db))
    except (OSError, psycopg.Error) as error:
        _log.warning("not everybody answered a roll call", reason=str(error).strip())
        await asyncio.sleep(until - time.monotonic())


async def _call_the_roll(db: Database) -> None:
    answers = f"tallybook_{uuid4().hex}"
    heard: set[int] = set()
    async with db.beside() as connection:
        await connection.execute(f"listen {answers}".encode())
        await connection.execute(b"select pg_notify(%s, %s)", [_CALLS, answers])
        while await _listeners(connection) - heard:  # who ends meanwhile is not waited for
            arrived = connection.notifies(timeout=_RETRY_SECONDS, stop_after=1)
            heard |= {int(answer.payload) async for answer in arrived}


async def _listeners(connection: psycopg.AsyncConnection[Row]) -> set[int]:
    found = await connection.execute(_WHOLISTENS, [LISTENS])
    return {process for (process,) in await found.fetchall()}


async def keep_listening(db: Database, ears: Mapping[str, Ear]) -> None:
    """Hear every word of these channels until cancelled."""

    def listening(on: bool) -> None:
        for ear in ears.values():
            ear.listening(on)

    while True:
        try:
            async with db.beside() as connection:
                process = connection.info.backend_pid
                for channel in (*ears, _CALLS):
                    await connection.execute(f"listen {channel}".encode())
                await connection.execute(b"select pg_advisory_lock(%s, %s)", [LISTENS, process])
                listening(True)
                while True:
                    await _hear(connection, ears, process)
        except (OSError, psycopg.Error) as error:
            _log.warning("notices are not heard at the moment", reason=str(error).strip())
        finally:
            listening(False)
        await asyncio.sleep(_RETRY_SECONDS)


async def _hear(
    connection: psycopg.AsyncConnection[Row], ears: Mapping[str, Ear], process: int
) -> None:
    calls = []
    async for notice in connection.notifies(timeout=_HEARTBEAT, stop_after=1):
        if notice.channel == _CALLS:
            calls.append(notice.payload)
        else:
            ears[notice.channel].heard(notice.payload)
    # Without a call it is a sign of life: a connection that has died unnoticed would seem silent.
    answer = b"select pg_notify(channel, %s) from unnest(%s::text[]) as channel"
    await within(_HEARTBEAT, connection.execute(answer, [str(process), calls]))
