"""The hook of the schema: what a plugin adds to GraphQL.

Everything is declared once and composed at start into one schema. Where a tenant has the module switched
off, its view of the schema has none of it: not in introspection, in ``node(id:)``, in suggestions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pluggy

from core.extension.hookspecs import PROJECT

hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class InputField:
    """The one optional field, named after the plugin, that it adds to an input of core.

    ``type`` is an ``@input_type`` of the plugin, ``read`` turns a value of it into plain data (str, int,
    bool, Decimal, date, datetime, UUID, lists, mappings), which counts in the hash of the command. With
    documents and lines core keeps it, as JSON, in which decimals, dates and ids are text and None is
    left out; of items, parties and places it hands it to ``save_attributes``, which the plugin then must
    have. ``read`` may raise Refused, with a path from within the field; it must be quick and pure.
    """

    type: type
    read: Callable[[Any], Mapping[str, Any]]
    description: str


@dataclass(frozen=True, slots=True)
class Extension:
    """What one plugin adds.

    ``fields``: per type of core, a class whose fields join it; each takes the object as
    ``strawberry.Parent``. ``inputs``: per input of core. ``queries``, ``mutations`` and
    ``subscriptions``: classes whose fields join the roots. ``types``: object types that no field leads
    to by name. ``settings``: per setting of the manifest whose values are words, the GraphQL enum of them;
    query and mutation of the settings are made without being declared (``schema.module_settings``). All
    names of types begin with the plugin's in PascalCase; names of fields on core types and on the roots
    contain it. Permissions are core's or the manifest's. What does not hold is refused at start
    (BAD_PLUGIN). Refusal codes that the plugin's modules define are values of ``ErrorCode`` where it is
    on.
    """

    fields: Mapping[type, type] = field(default_factory=dict)
    inputs: Mapping[type, InputField] = field(default_factory=dict)
    queries: type | None = None
    mutations: type | None = None
    types: Sequence[type] = ()
    subscriptions: type | None = None
    settings: Mapping[str, type[Enum]] = field(default_factory=dict)


def gathered(parts: Iterable[Extension]) -> Extension:
    """One extension out of many, for a plugin that declares its GraphQL in several files. ValueError where
    two of them declare the same."""
    fields: dict[type, type] = {}
    inputs: dict[type, InputField] = {}
    types: list[type] = []
    settings: dict[str, type[Enum]] = {}
    queries: type | None = None
    mutations: type | None = None
    subscriptions: type | None = None
    for part in parts:
        for core, holder in part.fields.items():
            fields[core] = _joined(fields.get(core), holder)
        if twice := inputs.keys() & part.inputs.keys():
            raise ValueError(f"two parts extend {twice}")
        inputs |= part.inputs
        if words := settings.keys() & part.settings.keys():
            raise ValueError(f"two parts name the words of {sorted(words)}")
        settings |= part.settings
        types += part.types
        queries = _joined(queries, part.queries) if part.queries else queries
        mutations = _joined(mutations, part.mutations) if part.mutations else mutations
        if part.subscriptions:
            subscriptions = _joined(subscriptions, part.subscriptions)
    return Extension(fields, inputs, queries, mutations, types, subscriptions, settings)


def _joined(one: type | None, other: type) -> type:
    """A class with the fields of both."""
    if one is None:
        return other
    members, more = _members(one), _members(other)
    if twice := members.keys() & more.keys():
        raise ValueError(f"two parts declare {sorted(twice)}")
    return type(other.__name__, (), {**members, **more, "__module__": other.__module__})


def _members(holder: type) -> dict[str, Any]:
    return {name: member for name, member in vars(holder).items() if not name.startswith("__")}


class SchemaHooks:
    """Every hook of the schema."""

    @hookspec
    def graphql(self) -> Extension:
        """What the plugin adds to the schema; asked once, at start."""
        raise NotImplementedError
