"""What plugins keep with master data: stored by them, in the transaction that saves the objects.

A plugin is never trusted to succeed: what it raises becomes a refusal that names it, and its own
statements are taken back with the objects they belong to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog

from core.db.database import Transaction, identity, rows
from core.errors import Refusal, raise_any, refuse
from core.extension.awaited import in_time, of_the_database, unharmed
from core.extension.failures import MODULE_FAILED
from core.extension.registry import Plugin, registry
from core.masterdata.rules import Extensions

Values = Mapping[UUID, Mapping[str, Any] | None]

SECONDS = 2.0
"""How long a plugin may take; other writes of the tenant's master data wait meanwhile."""

OF_CORE = "~core"
"""In the path of a refusal, after the object's id: what follows is a field of core's own, such as a
barcode that the plugin does not take. No field has this name."""

_log = structlog.get_logger("tallybook.plugins")


async def save_one(
    tx: Transaction, on: Collection[str], kind: str, object_id: UUID, sent: Extensions | None
) -> None:
    """Store what was sent with one object that is written. Raises Refused."""
    if sent:
        refused = await save(tx, on, kind, {object_id: sent})
        raise_any(refused.get(object_id, ()))


async def save_many(
    tx: Transaction,
    on: Collection[str],
    kind: str,
    objects: Mapping[int, UUID],
    sent: Mapping[int, Extensions],
    write: Callable[[Collection[int]], Awaitable[None]],
) -> dict[int, list[Refusal]]:
    """Write objects of a bulk, with what was sent for plugins; answers with what is refused, which
    leaves nothing behind and does not hinder the others.

    ``write`` writes the objects of these positions. It runs again without those that a plugin refuses.
    """
    refused: dict[int, list[Refusal]] = {}
    while True:
        left = [n for n in objects if n not in refused]
        given = {objects[n]: sent[n] for n in left if sent.get(n)}
        if not given:
            await write(left)
            return refused
        async with tx.raw.transaction() as attempt:
            await write(left)
            found = await save(tx, on, kind, given)
            if found:
                raise psycopg.Rollback(attempt)
        if not found:
            return refused
        refused |= {n: found[objects[n]] for n in left if objects[n] in found}


async def save(
    tx: Transaction, on: Collection[str], kind: str, sent: Mapping[UUID, Extensions]
) -> dict[UUID, list[Refusal]]:
    """Ask each plugin to store what was sent for it. Answers why objects cannot be saved, by object,
    with paths that begin at the plugin's field; then the caller must roll back."""
    plugins = registry()
    modules = plugins.closed(on)
    named = {name for given in sent.values() for name in given}
    if not named <= modules:
        raise ValueError(f"values for modules that are off: {sorted(named - modules)}")
    refused: dict[UUID, list[Refusal]] = {}
    for plugin in plugins:
        values = {key: given[plugin.name] for key, given in sent.items() if plugin.name in given}
        if values:
            for key, refusal in await _save(tx, plugin, kind, values):
                refused.setdefault(key, []).append(_seen(refusal, plugin))
    return refused


async def _save(
    tx: Transaction, plugin: Plugin, kind: str, values: Values
) -> list[tuple[UUID, Refusal]]:
    before = await identity(tx)
    try:
        # Inside this block the driver forbids a plugin to commit or roll back.
        async with tx.raw.transaction():
            refusals = await in_time(tx, _answer(tx, plugin, kind, values), SECONDS)
            placed = [one for refusal in refusals for one in _placed(refusal, values)]
    except (psycopg.IntegrityError, sa.exc.IntegrityError) as violation:
        placed = await _violated(tx, plugin, kind, values, violation)
    except Exception as fault:
        if of_the_database(tx, fault):
            raise
        placed = _failed(plugin, values, fault)
    began = tx.sql.get_transaction()
    ended = tx.sql.invalidated or began is None or not began.is_active
    if not ended and not await unharmed(tx, before):
        await tx.sql.invalidate()
        ended = True
    if ended:
        # It did not end in time, or it ended the transaction: nothing of this can be kept.
        raise refuse(MODULE_FAILED, plugin.name, module=plugin.name)
    return placed


async def _answer(tx: Transaction, plugin: Plugin, kind: str, values: Values) -> list[Refusal]:
    hook = registry().caller(plugin, "save_attributes")
    (answer,) = hook(tx=tx, kind=kind, values=values)  # without it the values would be lost
    refusals = list(await answer)
    for refusal in refusals:
        refusal.message()  # raises for what is no refusal, or has a code that nobody defined
    ((tenant,),) = await rows(tx, "SELECT current_setting('app.tenant', true)")
    if tenant != str(tx.tenant_id):
        raise RuntimeError("it left the transaction of its tenant")
    return refusals


def _seen(refusal: Refusal, plugin: Plugin) -> Refusal:
    """A refusal as the caller finds its place: in the plugin's field, or in one of core's."""
    if refusal.path[:1] == (OF_CORE,):
        return Refusal(refusal.code, refusal.path[1:], refusal.details)
    return refusal.under(plugin.name)


def _placed(refusal: Refusal, values: Values) -> list[tuple[UUID, Refusal]]:
    """The objects that a refusal is about: the one its path begins with, or all."""
    ids = {str(key): key for key in values}
    if refusal.path and refusal.path[0] in ids:
        inner = Refusal(refusal.code, refusal.path[1:], refusal.details)
        return [(ids[str(refusal.path[0])], inner)]
    return [(key, refusal) for key in values]


async def _violated(
    tx: Transaction, plugin: Plugin, kind: str, values: Values, violation: Exception
) -> list[tuple[UUID, Refusal]]:
    """The refusal that the manifest names for a constraint, of the objects that violate it."""
    diagnosis = getattr(getattr(violation, "orig", violation), "diag", None)
    code = plugin.manifest.refusals.get(getattr(diagnosis, "constraint_name", None) or "")
    if code is None:
        return _failed(plugin, values, violation)
    if len(values) == 1:
        return [(key, Refusal(code)) for key in values]
    found: list[tuple[UUID, Refusal]] = []
    for (
        key,
        value,
    ) in values.items():  # one by one, as the database does not say which object it was
        found += await _save(tx, plugin, kind, {key: value})
    return found or _failed(plugin, values, violation)


def _failed(plugin: Plugin, values: Values, fault: Exception) -> list[tuple[UUID, Refusal]]:
    """The refusal of all objects that a plugin failed for."""
    _log.error("plugin failed", plugin=plugin.name, hook="save_attributes", exc_info=fault)
    return [(key, Refusal(MODULE_FAILED, details={"module": plugin.name})) for key in values]
