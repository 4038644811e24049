"""One schema out of many modules and plugins.

Each module of ``schema/`` has classes ``Queries``, ``Mutations`` and ``Subscriptions`` whose fields
become those of the root types. Two modules that define one field are refused, as the library would only
warn and let the last one win. What plugins declare joins it (``schema/extend.py``), once per process;
what a tenant is shown of that is a view.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Self

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
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField

from core.extension.registry import Registry
from schema import (
    audit,
    books,
    catalogue_mutations,
    catalogue_queries,
    documents,
    events,
    imports,
    indicators,
    ledger,
    modules,
    parties,
    party_mutations,
    place_mutations,
    places,
    relay,
    settings,
    tenancy,
    vocabulary_mutations,
)
from schema import execute as execute  # what they refuse with is part of ErrorCode
from schema import streams as streams
from schema.contain import contain
from schema.errors import ErrorCode, error_code_definition
from schema.extend import Added, added, bad, check_view, codes_of, declared, extended_as
from schema.extensions import collecting
from schema.hookspecs import Extension
from schema.inputs import prepare_inputs
from schema.protect import DEFINITION, facts_of, protect
from schema.prune import pruned
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
    imports,
    documents,
    events,
    ledger,
    indicators,
    books,
    audit,
    modules,
)
"""Modules of the core's schema, in the order of the SDL. Each brings Queries, Mutations or Subscriptions."""


class CollisionError(Exception):
    """Two modules define the same field."""


class ComposedSchema(strawberry.Schema):
    """A schema in which types of core have fields of plugins, too, while the classes of core stay as
    they are; and of which there are views with fewer of them."""

    def __init__(
        self,
        added: Added,
        codes: Mapping[str, Iterable[str]],
        types: Sequence[type],
        **parts: Any,
    ) -> None:
        self._added, self._codes = added, codes
        further = [*((type_, None) for type_ in types), *added.types]
        self._further = [
            (get_object_definition(type_, strict=True).name, owner) for type_, owner in further
        ]
        super().__init__(types=[type_ for type_, _ in further], **parts)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The library's question for the fields of a type, when it makes the schema."""
        own = type_definition.fields
        more = self._added.fields.get(extended_as(type_definition), [])
        if twice := {f.python_name for f in own} & {f.python_name for f in more}:
            raise CollisionError(f"{type_definition.name} has {sorted(twice)} twice")
        return [*own, *more]

    def get_type_by_name(self, name: str) -> Any:  # type: ignore[override]  # the library's caches
        """The definition of a type that this view has; `node` asks so for the types of ids."""
        known = self.schema_converter.type_map.get(name)
        return known.definition if known and name in self._schema.type_map else None

    def view(self, modules: frozenset[str]) -> Self:
        """What tenants see that have just these modules."""

        def keep(field: Any) -> bool:
            return facts_of(field).get("plugin") in {None, *modules}

        types = [name for name, owner in self._further if owner in {None, *modules}]
        hidden = {code for name in self._codes.keys() - modules for code in self._codes[name]}
        shown = {code for name in self._codes.keys() & modules for code in self._codes[name]}
        values = {"ErrorCode": lambda code: code in shown or code not in hidden}
        view = copy.copy(self)
        view._schema = pruned(self._schema, keep=keep, types=types, values=values)
        view._schema._strawberry_schema = view  # type: ignore[attr-defined]  # where the library looks
        return view


def build_schema(
    queries: Iterable[type],
    mutations: Iterable[type] = (),
    types: Iterable[type] = (),
    subscriptions: Iterable[type] = (),
    *,
    added: Added | None = None,
    codes: Mapping[str, Iterable[str]] = MappingProxyType({}),
) -> ComposedSchema:
    """Compose and protect a schema.

    ``types`` are those no field leads to by name, such as the types behind ``node``. ``added`` and
    ``codes`` (per plugin) are what plugins bring. Raises :class:`CollisionError`, or
    :class:`schema.protect.UndeclaredError` naming what declares no permission.
    """
    added = added or Added()
    mutation_classes, subscription_classes = list(mutations), list(subscriptions)
    further = {code for some in codes.values() for code in some}
    schema = ComposedSchema(
        added,
        codes,
        list(types),
        query=_root("Query", "What can be read.", queries),
        mutation=_root("Mutation", "What can be done.", mutation_classes)
        if mutation_classes
        else None,
        subscription=_root("Subscription", "What can be heard as it happens.", subscription_classes)
        if subscription_classes
        else None,
        config=StrawberryConfig(scalar_map={**SCALARS, ErrorCode: error_code_definition(further)}),
    )
    _drop_null_defaults(schema._schema)
    _shorten(schema._schema)
    prepare_inputs(schema._schema)
    for type_ in schema._schema.type_map.values():
        if is_input_object_type(type_):
            fields = added.inputs.get(extended_as(type_.extensions[DEFINITION]))
            if fields:
                type_.out_type = collecting(fields)  # type: ignore[assignment]  # as the library has it
    contain(schema._schema, codes.keys())
    protect(schema._schema)
    return schema


def core_schema() -> ComposedSchema:
    """The schema of the core alone."""
    return _compose(Added(), {})


def composed_schema(plugins: Registry) -> ComposedSchema:
    """The schema of the core and all of these plugins, of which each tenant is shown a view.

    Raises Refused (BAD_PLUGIN), naming the plugin and what of it cannot be.
    """
    extensions = declared(plugins)
    if not extensions:
        return _compose(Added(), codes_of(plugins))
    core = core_schema()._schema
    everything = added(plugins, extensions, core)
    try:
        schema = _compose(everything, codes_of(plugins))
    except Exception as error:
        raise _culprit(plugins, extensions, core, error) from error
    view = cache(lambda modules: schema.view(modules)._schema)
    for plugin in plugins:
        required = plugins.closed(plugin.manifest.requires)
        check_view(plugin, view(required), view(required | {plugin.name}))
    return schema


def _culprit(
    plugins: Registry, extensions: Mapping[str, Extension], core: GraphQLSchema, error: Exception
) -> Exception:
    """The refusal of the first plugin with which the schema cannot be made."""
    so_far: dict[str, Extension] = {}
    for name in extensions:
        so_far[name] = extensions[name]
        try:
            _compose(added(plugins, so_far, core), {})
        except Exception as fault:
            culprit = plugins.get(name)
            assert culprit is not None
            return bad(culprit, f"its GraphQL does not compose: {fault}")
    return error


def _compose(added: Added, codes: Mapping[str, Iterable[str]]) -> ComposedSchema:
    return build_schema(
        [module.Queries for module in CORE_MODULES if hasattr(module, "Queries")],
        [module.Mutations for module in CORE_MODULES if hasattr(module, "Mutations")],
        [type_ for module in CORE_MODULES for type_ in getattr(module, "TYPES", ())],
        [module.Subscriptions for module in CORE_MODULES if hasattr(module, "Subscriptions")],
        added=added,
        codes=codes,
    )


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
