"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugins.food_batches.graphql import (
    batches,
    items,
    lines,
    near,
    opening,
    parties,
    recall,
    records,
    scan,
    settings,
    trace,
)
from schema.plugin_api import Extension

PARTS = (items, parties, batches, lines, opening, near, records, settings, trace, recall, scan)


def _gathered(parts: Iterable[Extension]) -> Extension:
    """One extension out of many. Two parts that declare the same are a mistake of ours, and told."""
    fields: dict[type, type] = {}
    inputs: dict[type, Any] = {}
    types: list[type] = []
    queries: type | None = None
    mutations: type | None = None
    for part in parts:
        for core, holder in part.fields.items():
            fields[core] = _joined(fields.get(core), holder)
        if twice := inputs.keys() & part.inputs.keys():
            raise ValueError(f"two parts extend {twice}")
        inputs |= part.inputs
        types += part.types
        queries = _joined(queries, part.queries) if part.queries else queries
        mutations = _joined(mutations, part.mutations) if part.mutations else mutations
    return Extension(fields, inputs, queries, mutations, types)


def _joined(one: type | None, other: type) -> type:
    if one is None:
        return other
    members = {
        name: member
        for holder in (one, other)
        for name, member in vars(holder).items()
        if not name.startswith("__")
    }
    if len(members) < sum(
        not name.startswith("__") for holder in (one, other) for name in vars(holder)
    ):
        raise ValueError(f"{one.__name__} and {other.__name__} have a field in common")
    return type(other.__name__, (), {**members, "__module__": other.__module__})


EXTENSION = _gathered(part.EXTENSION for part in PARTS)
