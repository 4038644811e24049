"""Which plugins there are: found by entry point, checked, and put in order once per process.

A plugin that cannot work is refused at start, by name: a shop must not open with half of its rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import EntryPoint, entry_points, version
from types import ModuleType
from typing import TypeVar

import pluggy
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import ValidationError

from core.db.migrate import CORE, Component
from core.documents import types
from core.documents.types import DocumentType, Effect
from core.errors import Refused, define, refuse
from core.extension.hookspecs import PROJECT, CoreHooks
from core.extension.manifest import Manifest
from core.extension.plugin_tables import Tables
from core.imports.columns import ImportColumn, Placed, header_key
from core.imports.own import COLUMNS
from core.indicators.records import Indicator
from core.tenancy.editions import EDITIONS
from core.tenancy.rules import PERMISSIONS, ROLES

GROUP = "tallybook.plugins"

T = TypeVar("T")

BAD_PLUGIN = define(
    "BAD_PLUGIN",
    en="The plugin {plugin} cannot be used: {reason}. Repair or uninstall it, then start again.",
    zh="插件 {plugin} 无法使用:{reason_zh}。请修复或卸载后重新启动。",
)

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin as it was found: its manifest, and the module with its hooks."""

    manifest: Manifest
    module: ModuleType

    @property
    def name(self) -> str:
        return self.manifest.name


@dataclass(frozen=True, slots=True)
class ModuleIndicator:
    """An indicator and the plugin it comes from."""

    module: str
    indicator: Indicator


class Registry:
    """The plugins of one process, in their order: those that others require first, else by name.

    Raises Refused (BAD_PLUGIN) for the first plugin that cannot work.
    """

    def __init__(self, plugins: Iterable[Plugin] = ()) -> None:
        found: dict[str, Plugin] = {}
        for plugin in sorted(plugins, key=lambda one: one.name):
            if found.setdefault(plugin.name, plugin) is not plugin:
                raise _bad(plugin.name, "there are two of this name", "存在同名插件")
        for plugin in found.values():
            _check(plugin.manifest, found)
        self.plugins = tuple(found[name] for name in _ordered(found))
        self._by_name = found
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(CoreHooks)
        for plugin in self.plugins:
            try:
                self.manager.register(plugin.module, plugin.name)
            except pluggy.PluginValidationError as error:
                raise _bad(
                    plugin.name, f"a hook does not fit: {error}", f"钩子不匹配:{error}"
                ) from None
        self.document_types = tuple(self._document_types())
        self.indicators = tuple(self._indicators())
        self.import_columns = tuple(self._import_columns())

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self.plugins)

    def get(self, name: str) -> Plugin | None:
        """The plugin of this name."""
        return self._by_name.get(name)

    def closed(self, names: Iterable[str]) -> frozenset[str]:
        """These modules, as far as they are installed, with all that they require."""
        found: set[str] = set()
        waiting = [name for name in names if name in self._by_name]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._by_name[name].manifest.requires
        return frozenset(found)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Core and the plugins that have migrations, in the order in which they are migrated."""
        own = [
            Component(plugin.name, (plugin.manifest.migrations,))
            for plugin in self.plugins
            if plugin.manifest.migrations is not None
        ]
        return (CORE, *own)

    @property
    def tables(self) -> tuple[Tables, ...]:
        """The tables of every plugin that has any."""
        declared = (plugin.manifest.tables for plugin in self.plugins)
        return tuple(tables for tables in declared if tables is not None)

    def caller(self, plugin: Plugin, hook: str) -> pluggy.HookCaller:
        """This hook of this plugin alone; it answers with a list of one, or of none where the plugin
        does not have it."""
        others = [other.module for other in self.plugins if other is not plugin]
        return self.manager.subset_hook_caller(hook, others)

    def _document_types(self) -> Iterator[DocumentType]:
        core = [type_ for type_ in types.TYPES.values() if type_.module is None]
        known, prefixes = {type_.code for type_ in core}, {type_.prefix for type_ in core}
        for plugin in self.plugins:
            for type_ in self._told_types(plugin):
                if type_.code in known:
                    reason = f"its document type {type_.code} is there already"
                    raise _bad(plugin.name, reason, f"单据类型 {type_.code} 已存在")
                if type_.prefix in prefixes:  # documents are found by their numbers
                    reason = (
                        f"numbers of another type than its {type_.code} begin with {type_.prefix}"
                    )
                    raise _bad(plugin.name, reason, f"单据编号前缀 {type_.prefix} 已被使用")
                order = type_.effect is Effect.ORDER and not type_.asks
                if order and type_.party is None and not type_.roles:
                    reason = f"its order {type_.code} has neither a party nor roles"
                    raise _bad(plugin.name, reason, f"订单类型 {type_.code} 须有往来单位或行角色")
                if type_.effect in (Effect.DISPATCH, Effect.ARRIVE) and type_.waits_in is None:
                    reason = f"its document type {type_.code} does not say where goods wait"
                    raise _bad(plugin.name, reason, f"单据类型 {type_.code} 未指明货物暂存处")
                known.add(type_.code)
                prefixes.add(type_.prefix)
                yield replace(type_, module=plugin.name)

    def _told_types(self, plugin: Plugin) -> list[DocumentType]:
        return self._told(plugin, "document_types", DocumentType, ("document types", "单据类型"))

    def _indicators(self) -> Iterator[ModuleIndicator]:
        known: set[str] = set()
        for plugin in self.plugins:
            for told in self._told(plugin, "indicators", Indicator, ("indicators", "指标")):
                if not told.code.startswith(f"{plugin.name}."):
                    reason = f"its indicator {told.code} does not begin with {plugin.name}."
                    raise _bad(plugin.name, reason, f"指标 {told.code} 须以 {plugin.name}. 开头")
                if told.code in known:
                    reason = f"its indicator {told.code} is there twice"
                    raise _bad(plugin.name, reason, f"指标 {told.code} 重复")
                own = {permission.code for permission in plugin.manifest.permissions}
                if strange := {*told.permissions} - PERMISSIONS - own:
                    reason = f"its indicator {told.code} needs {min(strange)}, which nobody has"
                    raise _bad(plugin.name, reason, f"指标 {told.code} 的权限不存在")
                known.add(told.code)
                yield ModuleIndicator(plugin.name, told)

    def _import_columns(self) -> Iterator[Placed]:
        taken = {(one.kind, header_key(name)) for one in COLUMNS for name in (one.en, one.zh)}
        for plugin in self.plugins:
            for told in self._told(plugin, "import_columns", ImportColumn, ("columns", "导入列")):
                for name in (told.en, told.zh):
                    if (told.kind, header_key(name)) in taken:
                        reason = f"there is a column {name} for imports already"
                        raise _bad(plugin.name, reason, f"导入列 {name} 已存在")
                    taken.add((told.kind, header_key(name)))
                if not self.caller(plugin, "save_attributes").get_hookimpls():
                    reason = "it has columns for imports and does not save_attributes"
                    raise _bad(plugin.name, reason, "有导入列但未实现 save_attributes")
                yield Placed(plugin.name, told)

    def _told(self, plugin: Plugin, hook: str, kind: type[T], named: tuple[str, str]) -> list[T]:
        """What a plugin declares by a hook that is asked at start."""
        try:
            told = [one for answer in self.caller(plugin, hook)() for one in answer]
        except Exception as error:  # whatever its code raises when it is asked
            reason = f"its {named[0]} are not told ({type(error).__name__}: {error})"
            raise _bad(plugin.name, reason, f"无法取得{named[1]}({error})") from error
        if not all(isinstance(one, kind) for one in told):
            raise _bad(plugin.name, f"its {named[0]} are none", f"{named[1]}无效")
        return told


_current: Registry | None = None


def registry() -> Registry:
    """The plugins of this process; found at the first call. Raises Refused (BAD_PLUGIN)."""
    if _current is None:
        found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
        _use(Registry(map(_load, found)))
        assert _current is not None
    return _current


@contextmanager
def using(plugins: Registry) -> Iterator[Registry]:
    """For tests: other plugins than those installed, until the block is left."""
    before = registry()
    _use(plugins)
    try:
        yield plugins
    finally:
        _use(before)


def _use(plugins: Registry) -> None:
    global _current
    _current = plugins
    types.install(plugins.document_types)


def _load(point: EntryPoint) -> Plugin:
    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # whatever its code raises when it is imported
        told = f"{type(error).__name__}: {error}"
        raise _bad(point.name, f"it cannot be imported ({told})", f"无法导入({told})") from error
    manifest = getattr(module, "manifest", None)
    if not isinstance(module, ModuleType) or not isinstance(manifest, Manifest):
        raise _bad(point.name, "it has no manifest", "缺少清单 manifest")
    if manifest.name != point.name:
        reason = f"its manifest calls it {manifest.name}"
        raise _bad(point.name, reason, f"清单名称为 {manifest.name}")
    return Plugin(manifest, module)


def _check(manifest: Manifest, found: Mapping[str, Plugin]) -> None:
    """Raise Refused for a manifest that cannot be right where these plugins are."""
    name = manifest.name
    if not _NAME.fullmatch(name) or name == CORE.label:
        raise _bad(name, "its name is not lower_case or is core's", "名称须为小写下划线形式")
    try:
        fits = version("tallybook") in SpecifierSet(manifest.core, prereleases=True)
    except InvalidSpecifier:
        raise _bad(name, f"{manifest.core!r} is no range of versions", "核心版本范围无效") from None
    if not fits:
        reason = f"it needs core {manifest.core}, this is {version('tallybook')}"
        raise _bad(name, reason, f"需要核心版本 {manifest.core}")
    for other in sorted({*manifest.requires} - found.keys()):
        raise _bad(name, f"it requires the plugin {other}", f"依赖的插件 {other} 未安装")
    for other in sorted({*manifest.requires} & {*manifest.conflicts}):
        reason = f"it both requires and excludes {other}"
        raise _bad(name, reason, f"对 {other} 既依赖又互斥")
    for edition in sorted(manifest.editions.keys() - EDITIONS.keys()):
        raise _bad(name, f"there is no edition {edition}", f"没有版本 {edition}")
    try:
        manifest.settings()
    except ValidationError:
        raise _bad(name, "not all of its settings have a default", "设置项须有默认值") from None
    for permission in manifest.permissions:
        if not permission.code.startswith(f"{name}."):
            reason = f"its permission {permission.code} does not begin with {name}."
            raise _bad(name, reason, f"权限 {permission.code} 须以 {name}. 开头")
        for role in sorted({*permission.roles} - ROLES.keys()):
            raise _bad(name, f"there is no role {role}", f"没有角色 {role}")
    if manifest.tables is not None and manifest.tables.plugin != name:
        reason = f"its tables are named after {manifest.tables.plugin}"
        raise _bad(name, reason, f"数据表前缀为 {manifest.tables.plugin}")


def _ordered(found: Mapping[str, Plugin]) -> list[str]:
    graph = {name: sorted(plugin.manifest.requires) for name, plugin in found.items()}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        reason = f"its requirements go in a circle: {circle}"
        raise _bad(error.args[1][0], reason, f"循环依赖:{circle}") from None
    order: list[str] = []
    while ready := sorted(sorter.get_ready()):
        order += ready
        sorter.done(*ready)
    return order


def _bad(plugin: str, reason: str, reason_zh: str) -> Refused:
    return refuse(BAD_PLUGIN, plugin=plugin, reason=reason, reason_zh=reason_zh)
