"""One schema out of many modules.

Each module of ``schema/`` has classes ``Queries`` and ``Mutations`` whose fields become those of the
root types. Two modules that define one field are refused, as the library would only warn and let the
last one win.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from schema import relay
from schema.errors import ErrorCode, error_code_definition
from schema.protect import protect
from schema.scalars import SCALARS

CORE_MODULES: tuple[Any, ...] = (relay,)
"""Modules of the core's schema, in the order of the SDL. Each brings Queries, Mutations or both."""


class CollisionError(Exception):
    """Two modules define the same field of a root type."""


def build_schema(
    queries: Iterable[type], mutations: Iterable[type] = (), types: Iterable[type] = ()
) -> strawberry.Schema:
    """Compose and protect a schema.

    ``types`` are those no field leads to by name, such as the types behind ``node``. Raises
    :class:`CollisionError`, or :class:`schema.protect.UndeclaredError` naming what declares no
    permission.
    """
    mutation_classes = list(mutations)
    schema = strawberry.Schema(
        query=_root("Query", "What can be read.", queries),
        mutation=_root("Mutation", "What can be done.", mutation_classes)
        if mutation_classes
        else None,
        types=list(types),
        config=StrawberryConfig(scalar_map={**SCALARS, ErrorCode: error_code_definition()}),
    )
    protect(schema._schema)
    return schema


def core_schema() -> strawberry.Schema:
    """The schema of the core alone."""
    return build_schema(
        [module.Queries for module in CORE_MODULES if hasattr(module, "Queries")],
        [module.Mutations for module in CORE_MODULES if hasattr(module, "Mutations")],
        [type_ for module in CORE_MODULES for type_ in getattr(module, "TYPES", ())],
    )


def _root(name: str, description: str, modules: Iterable[type]) -> type:
    members: dict[str, Any] = {}
    for module in modules:
        for key, member in vars(module).items():
            if not isinstance(member, StrawberryField):
                continue
            if key in members:
                raise CollisionError(f"{name}.{key} is defined twice, again by {module.__module__}")
            members[key] = member
    root = type(name, (), {**members, "__annotations__": {}, "__module__": __name__})
    return strawberry.type(root, description=description)
