"""The schema as files: what partners read, and what a review compares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_specified_scalar_type,
    print_schema,
)

from core.extension.registry import Registry, registry
from schema.compose import composed_schema, core_schema

FOLDER = Path(__file__).parent / "sdl"


def export(*, check: bool = False) -> list[str]:
    """Write the SDL files; with ``check`` write nothing. Returns the names of those that differed."""
    stale = []
    for name, text in _files().items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(f"schema/sdl/{name}")
            if not check:
                FOLDER.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
    return stale


def _schemas() -> dict[str, GraphQLSchema]:
    """Core alone, and core with the plugins that are installed."""
    return {
        "core.graphql": core_schema()._schema,
        "all.graphql": composed_schema(registry())._schema,
    }


def _files() -> dict[str, str]:
    files = {name: print_schema(schema) + "\n" for name, schema in _schemas().items()}
    return files | {"views.sha256": "".join(f"{line}\n" for line in _views(registry()))}


def _views(plugins: Registry) -> Iterator[str]:
    """What a tenant sees with each set of modules that can be on together, as a hash: a change of one
    module that reaches into the view of another shows in a review."""
    names = sorted(plugin.name for plugin in plugins)
    schema = composed_schema(plugins)
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            if plugins.closed(chosen) == frozenset(chosen):
                text = print_schema(schema.view(frozenset(chosen))._schema)
                yield f"{hashlib.sha256(text.encode()).hexdigest()}  {' '.join(chosen) or 'core'}"


def breaking_changes() -> list[str]:
    """What a client of a committed schema would miss in the program's, in words, each once."""
    found: dict[str, None] = {}
    for name, schema in _schemas().items():
        committed = build_schema((FOLDER / name).read_text("utf-8"))
        changes = find_breaking_changes(committed, schema)
        found |= dict.fromkeys(change.description for change in changes)
    return list(found)


def undescribed(schema: GraphQLSchema) -> list[str]:
    """Every type, field, argument and enum value that has no description, by name."""
    return sorted(name for type_ in schema.type_map.values() for name in _undescribed(type_))


def _undescribed(type_: GraphQLNamedType) -> Iterator[str]:
    if type_.name.startswith("__") or is_specified_scalar_type(type_):
        return
    if not type_.description:
        yield type_.name
    if is_enum_type(type_):
        for name, value in type_.values.items():
            if not value.description:
                yield f"{type_.name}.{name}"
    if is_object_type(type_) or is_interface_type(type_) or is_input_object_type(type_):
        for name, field in type_.fields.items():
            if not field.description:
                yield f"{type_.name}.{name}"
            for argument, definition in getattr(field, "args", {}).items():
                if not definition.description:
                    yield f"{type_.name}.{name}({argument}:)"
