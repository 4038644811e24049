"""What every plugin must keep, as far as its own files and declarations tell it.

Each promise is a function that answers with what breaks it, one sentence each.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

import sqlalchemy as sa

from core.db.schema import metadata
from core.errors import codes
from core.extension.hookspecs import PROJECT, CoreHooks
from core.extension.readable import READABLE
from core.extension.registry import GROUP, Plugin
from core.tenancy.rules import PERMISSIONS
from schema.hookspecs import SchemaHooks

DOORS = ("core.plugin_api", "schema.plugin_api")
"""All that a plugin may import of ours, except for its tests."""
_OURS = ("core", "schema", "server", "plugins")
_HAN = re.compile("[\u4e00-\u9fff]")
_READS = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)", re.IGNORECASE)
_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(\w+)")

Promise = Callable[[Plugin], Iterable[str]]


def one_name(plugin: Plugin) -> Iterator[str]:
    """Folder, entry point and manifest have the same name."""
    points = [point.name for point in entry_points(group=GROUP) if point.name == plugin.name]
    if not points:
        yield f"there is no entry point {plugin.name} in {GROUP}"
    if home(plugin).name != plugin.name:
        yield f"the folder is called {home(plugin).name}, the manifest {plugin.name}"


def only_the_doors(plugin: Plugin) -> Iterator[str]:
    """It imports nothing of ours but the doors, and no other plugin."""
    package = _package(plugin)
    for path in _sources(plugin):
        for line, name in _imports(path):
            within = name == package or name.startswith(f"{package}.")
            if name.split(".")[0] in _OURS and not within and not _is_door(name):
                yield f"{path.relative_to(home(plugin))}:{line} imports {name}"


def known_hooks(plugin: Plugin) -> Iterator[str]:
    """Its hooks are hooks of ours and take arguments of theirs."""
    specs = {
        name: function
        for holder in (CoreHooks, SchemaHooks)
        for name, function in vars(holder).items()
        if not name.startswith("_")
    }
    for name, function in hooks(plugin).items():
        if name not in specs:
            yield f"there is no hook {name}"
            continue
        known = {*inspect.signature(specs[name]).parameters} - {"self"}
        for argument in inspect.signature(function).parameters:
            if argument not in known:
                yield f"the hook {name} has no argument {argument}"
        awaited = "Awaitable" in str(specs[name].__annotations__.get("return"))
        if awaited != inspect.iscoroutinefunction(function):
            yield f"the hook {name} must {'' if awaited else 'not '}be an async function"


def tables_of_its_own(plugin: Plugin) -> Iterator[str]:
    """Its tables bear its name and belong to tenants; they point to core, and core not to them."""
    declared = plugin.manifest.tables
    if declared is None:
        return
    own = declared.metadata.tables
    for name, table in own.items():
        if not name.startswith(f"{plugin.name}_"):
            yield f"{name} does not begin with {plugin.name}_"
        if [*table.primary_key][:1] != [table.c.get("tenant_id")]:
            yield f"{name} has no tenant_id first in its key"
        for key in table.foreign_key_constraints:
            yield from _stray(table, key, own)
    if plugin.manifest.migrations is None:
        yield "it has tables and no folder of migrations"
    for table in metadata.tables.values():
        for foreign in table.foreign_keys:
            if foreign.target_fullname.startswith(f"{plugin.name}_"):
                yield f"{table.name} of core points to {foreign.target_fullname}"


def reads_what_it_may(plugin: Plugin) -> Iterator[str]:
    """Its SQL reads of core's tables those that are part of the door, and writes none."""
    for path in _sources(plugin):
        for line, text in _texts(path):
            where = f"{path.relative_to(home(plugin))}:{line}"
            written = {name for name in _WRITES.findall(text) if name in metadata.tables}
            yield from (f"{where} writes {name}" for name in sorted(written))
            read = {name for name in _READS.findall(text) if name in metadata.tables}
            yield from (
                f"{where} reads {name}" for name in sorted(read - READABLE.keys() - written)
            )


def permissions_of_its_own(plugin: Plugin) -> Iterator[str]:
    """Its permissions bear its name and are not declared twice."""
    own = [permission.code for permission in plugin.manifest.permissions]
    for code in own:
        if not code.startswith(f"{plugin.name}.") or code in PERMISSIONS:
            yield f"the permission {code} does not begin with {plugin.name}."
        if own.count(code) > 1:
            yield f"the permission {code} is declared twice"


def both_languages(plugin: Plugin) -> Iterator[str]:
    """Title, summary and what it refuses with can be read in English and in Chinese."""
    manifest = plugin.manifest
    told = {"title": (manifest.title, manifest.title_zh)}
    told["summary"] = (manifest.summary, manifest.summary_zh)
    for name, (english, chinese) in told.items():
        if not english.strip() or _HAN.search(english):
            yield f"the {name} is not told in English"
        if not _HAN.search(chinese):
            yield f"the {name} is not told in Chinese"
    for what, words in _declared_words(plugin):
        for english, chinese in words:
            if not english.strip() or _HAN.search(english) or not _HAN.search(chinese):
                yield f"{what} is not told in both languages"
    for constraint, code in manifest.refusals.items():
        if code not in codes():
            yield f"{constraint} is refused with {code}, which nobody defined"


def settings_that_start(plugin: Plugin) -> Iterator[str]:
    """Its settings have defaults, so that it can be switched on, and are stored as they are read."""
    model = plugin.manifest.settings
    for name, field in model.model_fields.items():
        if field.is_required():
            yield f"the setting {name} has no default"
    if not any(field.is_required() for field in model.model_fields.values()):
        first = model()
        if model.model_validate(first.model_dump(mode="json")) != first:
            yield "the settings are not read as they were stored"


PROMISES: Mapping[str, Promise] = {
    "one name": one_name,
    "only the doors": only_the_doors,
    "known hooks": known_hooks,
    "tables of its own": tables_of_its_own,
    "reads what it may": reads_what_it_may,
    "permissions of its own": permissions_of_its_own,
    "both languages": both_languages,
    "settings that start": settings_that_start,
}


def home(plugin: Plugin) -> Path:
    """The folder of the plugin's package."""
    return Path(inspect.getfile(plugin.module)).parent


def hooks(plugin: Plugin) -> dict[str, Callable[..., object]]:
    """Its hook implementations, by their names."""
    marker = f"{PROJECT}_impl"
    found = vars(plugin.module).items()
    return {name: value for name, value in found if callable(value) and hasattr(value, marker)}


def _declared_words(plugin: Plugin) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What it declares for people to read, in English and in Chinese."""
    if "indicators" in hooks(plugin):
        for one in plugin.module.indicators():
            yield f"the indicator {one.code}", [(one.en, one.zh), (one.about, one.about_zh)]
    if "import_columns" in hooks(plugin):
        for one in plugin.module.import_columns():
            yield f"the column {one.en}", [(one.en, one.zh), (one.about, one.about_zh)]


def _package(plugin: Plugin) -> str:
    return plugin.module.__name__.rpartition(".")[0] or plugin.module.__name__


def _sources(plugin: Plugin) -> Iterator[Path]:
    for path in sorted(home(plugin).rglob("*.py")):
        if "tests" not in path.relative_to(home(plugin)).parts[:-1]:
            yield path


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            named = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            yield from ((node.lineno, str(name)) for name in named)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """The texts in a file that could be SQL: all but docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in told:
            yield node.lineno, node.value


def _is_door(name: str) -> bool:
    return any(name == door or name.startswith(f"{door}.") for door in DOORS)


def _stray(
    table: sa.Table, key: sa.ForeignKeyConstraint, own: Mapping[str, sa.Table]
) -> Iterator[str]:
    target = key.referred_table
    if target.name not in metadata.tables and target.name not in own:
        yield f"{table.name} points to {target.name}, which is neither core's nor its own"
    first = key.elements[0]
    if (first.parent.name, first.column.name) != ("tenant_id", "tenant_id"):
        yield f"{table.name} points to {target.name} without the tenant"
