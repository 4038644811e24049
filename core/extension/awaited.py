"""Hooks that a plugin answers in a transaction of core: given time, and kept from doing harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
import structlog

from core.canonical import canonical
from core.commands import is_retryable
from core.db.database import Transaction, identity
from core.deadline import within
from core.errors import Refusal, Refused, codes, raise_any, refuse
from core.extension.containment import hook, stepwise
from core.extension.failures import MODULE_FAILED
from core.extension.registry import Plugin, registry

T = TypeVar("T")

SECONDS = 2.0
"""How long a plugin may take; other writes of the tenant wait meanwhile."""
_MOST_REFUSALS = 100
_MOST_DETAILS = 10_000

_READ_ONLY = "25006"

_log = structlog.get_logger(__name__)


class _FailedError(Exception):
    """A plugin did what none may do."""


class _WritesError(Exception):
    """A plugin began to write in a transaction that only reads."""


async def agree(tx: Transaction, plugin: Plugin, hook: str) -> None:
    """Let a plugin do its part of a change, by a hook ``(tx) -> Awaitable[Iterable[Refusal]]``.

    Raises Refused with its refusals, or with MODULE_FAILED, and undoes what it wrote. A plugin that
    does not end in time, or has meddled with the transaction, costs the transaction its connection.
    """
    raise_any(await handed(tx, plugin.name, hook, _answer(tx, plugin, hook)))


async def handed(
    tx: Transaction,
    module: str,
    what: str,
    work: Coroutine[Any, Any, T],
    seconds: float | None = None,
) -> T:
    """The result of a plugin's ``work`` in a transaction of core's, which must afterwards be what it was:
    of the same tenant, and not ended. Raises Refused like :func:`agree`."""
    before = await identity(tx)
    try:
        async with tx.sql.begin_nested():
            found = await in_time(tx, work, SECONDS if seconds is None else seconds)
            if await identity(tx) != before:
                raise _FailedError("it ended the transaction, or changed whose it is")
            return found
    except Refused:
        raise
    except Exception as error:
        if of_the_database(tx, error):
            raise
        if _sqlstate(error) == _READ_ONLY:
            raise _WritesError from error
        _log.error("module failed", module=module, hook=what, exc_info=error)
        if not await unharmed(tx, before):
            await tx.sql.invalidate()
            # What is rolled back only would connect anew for who still uses it.
            await tx.sql.close()
        raise refuse(MODULE_FAILED, module=module) from error


async def handed_to_read(
    tx: Transaction, module: str, what: str, work: Coroutine[Any, Any, T]
) -> T:
    """Like :func:`handed`, in a transaction that only reads: to begin to write is a failure, too."""
    try:
        return await handed(tx, module, what, work)
    except _WritesError as error:
        _log.error("module failed", module=module, hook=what, exc_info=error)
        raise refuse(MODULE_FAILED, module=module) from error


async def asked(
    tx: Transaction,
    module: str,
    name: str,
    read: Callable[[Any], T],
    seconds: float | None = None,
    **given: Any,
) -> T:
    """What a hook ``(tx, …)`` of a plugin that has it answers within ``seconds``, as ``read`` takes it: what
    that raises is the plugin's failure, too. Raises Refused like :func:`agree`."""
    call = hook(registry(), module, name)
    assert call is not None

    async def work() -> T:
        return read(await call(tx=tx, **given))

    return await handed(tx, module, name, work(), seconds)


async def alone(module: str, what: str, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result of a plugin's work that has no transaction of core's. Raises Refused (MODULE_FAILED)."""
    try:
        return await within(seconds, _by_itself(work))
    except Exception as error:
        _log.error("module failed", module=module, hook=what, exc_info=error)
        raise refuse(MODULE_FAILED, module=module) from error


async def objections(tx: Transaction, plugin: Plugin, hook: str) -> list[Refusal]:
    """What a plugin says against a change that is only thought of, in a transaction that only reads.
    One that begins to write has nothing to say."""
    try:
        await agree(tx, plugin, hook)
    except Refused as refused:
        return list(refused.refusals)
    except _WritesError:
        return []
    return []


async def in_time(tx: Transaction, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result of a plugin's work with a transaction of core's. Whatever it raises is an exception, and
    where it does not end (TimeoutError), the transaction has lost its connection."""
    try:
        return await within(seconds, _by_itself(work))
    except TimeoutError:
        # It may still be at work: from now on it speaks to a connection that is closed.
        await tx.sql.invalidate()
        raise


async def _answer(tx: Transaction, plugin: Plugin, hook: str) -> list[Refusal]:
    try:
        answers = registry().caller(plugin, hook)(tx=tx)
        return [refusal for answer in answers for refusal in _checked(await answer)]
    except Refused as refused:
        return _checked(refused.refusals)


async def _by_itself(work: Coroutine[Any, Any, T]) -> T:
    """Await a plugin's work. What it raises is an exception that nobody takes for something of the
    server's own: a cancellation, or the end of the process."""
    try:
        return await stepwise(work)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _FailedError("it cancelled itself") from error
    except Exception:
        raise
    except BaseException as error:  # SystemExit in a task would end the server
        raise _FailedError(f"it raised {type(error).__name__}") from error


def _checked(answer: object) -> list[Refusal]:
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes):
        raise _FailedError(f"it answered with {type(answer).__name__}, not with refusals")
    told = list(islice(answer, _MOST_REFUSALS + 1))
    if len(told) > _MOST_REFUSALS:
        raise _FailedError(f"it answered with more than {_MOST_REFUSALS} refusals")
    for one in told:
        if not isinstance(one, Refusal) or one.code not in codes():
            raise _FailedError(f"it answered with {type(one).__name__}, which is no refusal")
        if len(canonical([one.path, one.details])) > _MOST_DETAILS:
            raise _FailedError("it answered with a refusal that is too long")
    return told


def of_the_database(tx: Transaction, error: Exception) -> bool:
    """Whether it was not the plugin's fault: the connection broke, or a race was lost."""
    if isinstance(error, sa.exc.DBAPIError | psycopg.Error):
        return is_retryable(error) or (tx.raw.closed and not tx.sql.invalidated)
    return False


def _sqlstate(error: Exception) -> str | None:
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state


async def unharmed(tx: Transaction, before: tuple[object, ...]) -> bool:
    """Whether this is still the transaction of that identity, and of any use."""
    try:
        return not tx.sql.invalidated and await within(SECONDS, identity(tx)) == before
    except (psycopg.Error, TimeoutError):
        return False
