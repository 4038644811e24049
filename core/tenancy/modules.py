"""The modules of a tenant: which are on, with which settings, and how they are switched (P4).

A switch locks the tenant's sequence row first: a posting that has not been numbered by then starts over
with the new modules, and what the module is asked about cannot change until it is switched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction
from core.errors import Refusal, Refused, define, raise_any, refuse
from core.extension.awaited import agree, objections
from core.extension.records import Module, Modules
from core.extension.registry import Plugin, registry
from core.masterdata.rules import changed_fields
from core.tenancy import sign_ins, tables
from core.tenancy.rules import Principal
from core.tenancy.settings import INVALID_SETTING
from core.tenancy.tables import ModuleRow
from core.text import clean_code

UNKNOWN_MODULE = define(
    "UNKNOWN_MODULE",
    en="There is no module {module}. Modules are: {modules}.",
    zh="没有模块 {module}。可用模块:{modules}。",
)
MODULE_REQUIRES = define(
    "MODULE_REQUIRES",
    en="The module {module} needs {other}: switch that on first.",
    zh="模块 {module} 依赖 {other}:请先启用后者。",
)
MODULE_REQUIRED = define(
    "MODULE_REQUIRED",
    en="The module {other} needs {module}: switch {other} off first.",
    zh="模块 {other} 依赖 {module}:请先停用 {other}。",
)
MODULE_CONFLICT = define(
    "MODULE_CONFLICT",
    en="The modules {module} and {other} exclude each other: switch {other} off first.",
    zh="模块 {module} 与 {other} 互斥:请先停用 {other}。",
)
MODULE_OBSTACLE = define(
    "MODULE_OBSTACLE",
    en="The module {module} cannot be switched on yet. {reason}",
    zh="模块 {module} 暂时无法启用:{reason_zh}",
)
MODULE_SETTINGS_OUTDATED = define(
    "MODULE_SETTINGS_OUTDATED",
    en="The setting {setting} of the module {module} does not fit its present version: set it anew.",
    zh="模块 {module} 的设置项 {setting} 不适用于其当前版本:请重新设置。",
)


@dataclass(frozen=True, slots=True)
class Switch:
    """A module that is installed, and whether the tenant has it on."""

    plugin: Plugin
    enabled: bool


async def load_modules(tx: Transaction) -> Modules:
    """The modules that are on (:func:`modules_of`)."""
    stored = await tables.read_modules(tx)
    return modules_of({name: row.settings for name, row in stored.items() if row.enabled})


def modules_of(stored: Mapping[str, Mapping[str, Any]]) -> Modules:
    """The modules that are on, with their settings, in the order of the registry. ``stored`` holds the
    settings of each as they are stored; what is not installed is left out.

    Refuses (MODULE_SETTINGS_OUTDATED) where a module has learnt since that what was set is wrong: a rule
    must not work with less than the shop decided.
    """
    return Modules(
        {
            plugin.name: Module(plugin.name, _settings(plugin, stored[plugin.name]))
            for plugin in registry()
            if plugin.name in stored
        }
    )


async def list_switches(tx: Transaction) -> list[Switch]:
    """Every installed module, in the order of the registry."""
    on = await sign_ins.modules_on(tx)
    return [Switch(plugin, plugin.name in on) for plugin in registry()]


async def obstacles(tx: Transaction, name: str) -> list[Refusal]:
    """Why a module could not be switched over now; nothing where it could. For a snapshot: where the
    module itself has to write in order to know, only the switch tells."""
    plugin, on = plugin_of(name), await sign_ins.modules_on(tx)
    if name in on:
        return in_the_way(plugin, on, enabling=False) or await objections(tx, plugin, "disabling")
    others = in_the_way(plugin, on, enabling=True)
    return others or _told_while_off(plugin, await objections(tx, plugin, "enabling"))


def _told_while_off(plugin: Plugin, refusals: Iterable[Refusal]) -> list[Refusal]:
    """Refusals of a module to tenants that have it off: codes of its own, which these do not know, are
    told in ``details``."""
    own = f"{plugin.name.upper()}_"
    return [_obstacle(plugin, one) if one.code.startswith(own) else one for one in refusals]


def _obstacle(plugin: Plugin, refusal: Refusal) -> Refusal:
    told = {"module": plugin.name, "code": refusal.code, "reason": refusal.message()}
    return Refusal(MODULE_OBSTACLE, refusal.path, {**told, "reason_zh": refusal.message("zh")})


def plugin_of(name: str) -> Plugin:
    """The installed module of this name. Refuses UNKNOWN_MODULE with the list of those there are."""
    name = clean_code(name, "name")
    plugin = registry().get(name)
    if plugin is None:
        modules = ", ".join(one.name for one in registry()) or "–"
        raise refuse(UNKNOWN_MODULE, "name", module=name, modules=modules)
    return plugin


def in_the_way(plugin: Plugin, on: Collection[str], *, enabling: bool) -> list[Refusal]:
    """What other modules have against switching this one on, or off, while these are on."""

    def because(code: str, others: Iterable[str]) -> list[Refusal]:
        return [
            Refusal(code, ("name",), {"module": plugin.name, "other": other}) for other in others
        ]

    others = [other.manifest for other in registry() if other.name in on]
    if not enabling:
        return because(MODULE_REQUIRED, (o.name for o in others if plugin.name in o.requires))
    own = plugin.manifest
    excluded = (o.name for o in others if o.name in own.conflicts or plugin.name in o.conflicts)
    return [
        *because(MODULE_REQUIRES, (name for name in own.requires if name not in on)),
        *because(MODULE_CONFLICT, excluded),
    ]


async def enable(db: Database, principal: Principal, command_id: UUID, name: str) -> None:
    """Switch a module on. One that is on already stays as it is.

    Refuses an unknown module, requirements that are off, conflicts, and what the module itself says.
    """
    await _command(db, principal, command_id, "enableModule", name, on=True)


async def disable(db: Database, principal: Principal, command_id: UUID, name: str) -> None:
    """Switch a module off; its settings and its data stay. One that is off already stays as it is.

    Refuses an unknown module, one that others need, and what the module itself says.
    """
    await _command(db, principal, command_id, "disableModule", name, on=False)


async def _command(
    db: Database, principal: Principal, command_id: UUID, operation: str, name: str, *, on: bool
) -> None:
    async def work(tx: Transaction) -> dict[str, Any]:
        plugin = plugin_of(name)
        await begin(tx)
        await switch(tx, principal.user_id, plugin, on=on)
        return {"module": plugin.name, "enabled": on}

    await commands.run(db, principal.tenant_id, command_id, operation, {"name": name}, work)
    await sign_ins.forgotten(db)


async def begin(tx: Transaction) -> None:
    """Before the first switch of a transaction: nobody posts meanwhile, and everybody hears of it."""
    await tables.next_change(tx, new_rules=True)
    await sign_ins.forget(tx)


async def switch(tx: Transaction, actor: UUID, plugin: Plugin, *, on: bool) -> bool:
    """Switch a module in a transaction that has begun to (:func:`begin`); whether it was not so yet."""
    stored = await tables.read_modules(tx)
    row = stored.get(plugin.name, ModuleRow(enabled=False, settings={}))
    if row.enabled == on:
        return False
    raise_any(in_the_way(plugin, await sign_ins.modules_on(tx), enabling=on))
    if on:
        _settings(plugin, row.settings)
    try:
        await agree(tx, plugin, "enabling" if on else "disabling")
    except Refused as refused:
        if on:
            raise Refused(*_told_while_off(plugin, refused.refusals)) from None
        raise
    # Afterwards: a module that commits on its own must not have switched itself.
    await tables.write_module(tx, plugin.name, replace(row, enabled=on))
    action = "module.enable" if on else "module.disable"
    await record(tx, actor, action, "tenant", tx.tenant_id, {"module": plugin.name})
    return True


async def update_module_settings(
    db: Database, principal: Principal, command_id: UUID, name: str, changes: Mapping[str, Any]
) -> BaseModel:
    """Change settings of a module by name, all or none, whether it is on or off. None sets a setting
    back to its default. Postings under way start over with the new ones."""

    async def work(tx: Transaction) -> dict[str, Any]:
        plugin = plugin_of(name)
        await tables.next_change(tx, new_rules=True)
        stored = await tables.read_modules(tx)
        row = stored.get(plugin.name, ModuleRow(enabled=False, settings={}))
        decided = _changed(plugin, row.settings, changes)
        await tables.write_module(tx, plugin.name, replace(row, settings=decided))
        details = {"module": plugin.name, **changed_fields(changes)}
        await record(tx, principal.user_id, "module.settings", "tenant", tx.tenant_id, details)
        return decided

    asked = {"name": name, **changed_fields(changes)}
    outcome = await commands.run(
        db, principal.tenant_id, command_id, "updateModuleSettings", asked, work
    )
    return _settings(plugin_of(name), outcome)


def _changed(
    plugin: Plugin, stored: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """What the tenant has decided, after the changes, as it is stored. Refuses INVALID_SETTING."""
    model = plugin.manifest.settings
    kept = {name: value for name, value in stored.items() if name in model.model_fields}
    decided = {name: value for name, value in {**kept, **changes}.items() if value is not None}
    unknown = [name for name in changes if name not in model.model_fields]
    raise_any(_invalid((name,)) for name in unknown)
    try:
        valid = model.model_validate(decided)
    except ValidationError as error:
        raise Refused(*(_invalid(problem["loc"]) for problem in error.errors())) from None
    return valid.model_dump(mode="json", include=set(decided))


def _settings(plugin: Plugin, stored: Mapping[str, Any]) -> BaseModel:
    # A setting that the module has given up since is nothing to stumble over.
    model = plugin.manifest.settings
    known = {name: value for name, value in stored.items() if name in model.model_fields}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        (setting, *_) = error.errors()[0]["loc"] or ("?",)
        details = {"module": plugin.name, "setting": setting}
        raise Refused(Refusal(MODULE_SETTINGS_OUTDATED, ("name",), details)) from None


def _invalid(location: tuple[int | str, ...]) -> Refusal:
    details = {
        "setting": str(location[0]) if location else "?",
        "reason": "the module has no such setting, or it takes no such value",
        "reason_zh": "模块没有该设置项,或不接受该值",
    }
    return Refusal(INVALID_SETTING, location, details)
