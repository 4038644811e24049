"""From one edition to another with data in place: what can be changed is, what cannot says why (P5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction
from core.errors import Refusal, Refused
from core.extension.registry import Plugin, registry
from core.tenancy import modules, sign_ins, tables
from core.tenancy.directory import tables as directory
from core.tenancy.editions import Edition, changes, edition_of
from core.tenancy.settings import Settings, fixed


@dataclass(frozen=True, slots=True)
class EditionChange:
    """What came of a change: modules that were switched, settings that were set, by name, and why others
    were not. Paths of the refusals begin with ``modules`` or ``settings`` and the name."""

    edition: str
    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    unchanged: tuple[Refusal, ...] = ()


def modules_of(edition: str) -> tuple[frozenset[str], frozenset[str]]:
    """The installed modules of an edition: those that are on from the start, with all they require, and
    those that are offered. One that names no edition is offered in each."""
    told = {plugin.name: plugin.manifest.editions.get(edition) for plugin in registry()}
    on = {name for name, started in told.items() if started}
    for plugin in reversed(registry().plugins):
        if plugin.name in on:
            on.update(plugin.manifest.requires)
    offered = {
        plugin.name
        for plugin in registry()
        if told[plugin.name] is False or not plugin.manifest.editions
    }
    return frozenset(on), frozenset(offered - on)


async def change_edition(
    db: Database, tenant_id: UUID, actor: UUID, command_id: UUID, edition: str
) -> EditionChange:
    """Give a tenant another edition: its modules are switched on and those it does not have are switched
    off, each by its own checks; settings change where they still may. Refuses an unknown edition."""

    async def work(tx: Transaction) -> dict[str, Any]:
        wanted = edition_of(edition)
        tenant = await directory.find_tenant(tx.sql, tx.tenant_id)
        assert tenant is not None
        await modules.begin(tx)
        done = await move(tx, actor, edition_of(tenant.edition), wanted)
        await directory.set_edition(tx.sql, tx.tenant_id, wanted.code)
        outcome = _stored(done)
        details = {"before": tenant.edition, **outcome}
        await record(tx, actor, "tenant.edition", "tenant", tx.tenant_id, details)
        return outcome

    outcome = await commands.run(
        db, tenant_id, command_id, "changeEdition", {"edition": edition}, work
    )
    await sign_ins.forgotten(db)
    return _restored(outcome)


async def move(tx: Transaction, actor: UUID, before: Edition, after: Edition) -> EditionChange:
    """Settings first, then modules off, dependents first, then modules on, in their order."""
    settings, unchanged = await _set(tx, before, after)
    on, offered = modules_of(after.code)
    off = [one for one in reversed(registry().plugins) if one.name not in on | offered]
    disabled, stay_on = await _switch(tx, actor, off, on=False)
    enabled, stay_off = await _switch(tx, actor, [p for p in registry() if p.name in on], on=True)
    return EditionChange(after.code, enabled, disabled, settings, (*unchanged, *stay_on, *stay_off))


async def _set(
    tx: Transaction, before: Edition, after: Edition
) -> tuple[tuple[str, ...], list[Refusal]]:
    stored = await tables.read_settings(tx)
    now = Settings.model_validate(stored)
    wanted = changes(before, after, now)
    refused: list[Refusal] = []
    if (await tables.read_sequence(tx)).posting > 0:
        refused = fixed(now, now.model_copy(update=wanted))
    for refusal in refused:
        del wanted[str(refusal.path[0])]
    if wanted:
        settled = Settings.model_validate({**now.model_dump(), **wanted})
        await tables.write_settings(tx, settled.model_dump(mode="json"))
    return tuple(sorted(wanted)), [refusal.under("settings") for refusal in refused]


async def _switch(
    tx: Transaction, actor: UUID, plugins: list[Plugin], *, on: bool
) -> tuple[tuple[str, ...], list[Refusal]]:
    """The names of those that were switched, and why others were not."""
    switched, refused = [], []
    for plugin in plugins:
        try:
            async with tx.sql.begin_nested():
                if await modules.switch(tx, actor, plugin, on=on):
                    switched.append(plugin.name)
        except Refused as error:
            if (
                tx.sql.closed
            ):  # it failed so badly that nothing more can be done in this transaction
                raise
            reasons = (Refusal(r.code, details=r.details) for r in error.refusals)
            refused += [reason.under("modules", plugin.name) for reason in reasons]
    return tuple(switched), refused


def _stored(done: EditionChange) -> dict[str, Any]:
    """As a command's outcome is kept."""
    return {
        "edition": done.edition,
        "enabled": done.enabled,
        "disabled": done.disabled,
        "settings": done.settings,
        "unchanged": [
            {"code": r.code, "path": r.path, "details": r.details} for r in done.unchanged
        ],
    }


def _restored(outcome: Mapping[str, Any]) -> EditionChange:
    return EditionChange(
        outcome["edition"],
        tuple(outcome["enabled"]),
        tuple(outcome["disabled"]),
        tuple(outcome["settings"]),
        tuple(Refusal(r["code"], tuple(r["path"]), r["details"]) for r in outcome["unchanged"]),
    )
