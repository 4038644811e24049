"""One schema out of many modules.

Each module of ``schema/`` has classes ``Queries`` and ``Mutations`` whose fields become those of the
root types. Two modules that define one field are refused, as the library would only warn and let the
last one win.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLFieldResolver,
    GraphQLInputField,
    GraphQLSchema,
    Undefined,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from schema import (
    audit,
    books,
    catalogue_mutations,
    catalogue_queries,
    documents,
    ledger,
    parties,
    party_mutations,
    place_mutations,
    places,
    relay,
    settings,
    tenancy,
    vocabulary_mutations,
)
from schema import execute as execute  # what it refuses with is part of ErrorCode
from schema.errors import ErrorCode, error_code_definition
from schema.inputs import prepare_inputs
from schema.protect import DEFINITION, protect
from schema.scalars import SCALARS

CORE_MODULES: tuple[Any, ...] = (
    relay,
    tenancy,
    settings,
    catalogue_queries,
    catalogue_mutations,
    vocabulary_mutations,
    places,
    place_mutations,
    parties,
    party_mutations,
    documents,
    ledger,
    books,
    audit,
)
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
    _drop_null_defaults(schema._schema)
    _shorten(schema._schema)
    prepare_inputs(schema._schema)
    protect(schema._schema)
    return schema


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """A Python default of None means "may be left out", which a nullable type says already."""
    for type_ in schema.type_map.values():
        inputs: list[GraphQLArgument | GraphQLInputField] = []
        if is_input_object_type(type_):
            inputs.extend(type_.fields.values())
        elif is_object_type(type_) or is_interface_type(type_):
            inputs.extend(value for field in type_.fields.values() for value in field.args.values())
        for value in inputs:
            if value.default_value is None:
                value.default_value = Undefined


def _shorten(schema: GraphQLSchema) -> None:
    """Let fields that are plain attributes read them at once. The library's own way from a field to
    its attribute is longer than the rest of execution."""
    for type_ in schema.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                definition = field.extensions.get(DEFINITION)
                if isinstance(definition, StrawberryField) and definition.is_basic_field:
                    field.resolve = _attribute(definition.python_name)
            if schema.get_type("Node") in type_.interfaces:
                type_.fields["id"].resolve = _global_id(type_.name)


def _global_id(type_name: str) -> GraphQLFieldResolver:
    return lambda node, info: relay.encode_id(type_name, node.uuid)


def _attribute(name: str) -> GraphQLFieldResolver:
    read = attrgetter(name)
    return lambda source, info: read(source)


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
