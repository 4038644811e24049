"""From what a plugin declares to fields of the schema, and what it may not declare.

A plugin that cannot be composed is refused at start (BAD_PLUGIN) with its name and that of the field or
type: a field that silently hid another, or that anybody may see, would be found by the wrong people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any

import pluggy
import strawberry
from graphql import GraphQLNamedType, GraphQLSchema, is_introspection_type
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from core.errors import Refused, codes, refuse
from core.extension import registry as extension_registry
from core.extension.registry import Plugin, Registry
from core.tenancy.rules import PERMISSIONS
from schema.access import ANY_MEMBER, OF_NODE, PART, Described
from schema.document_inputs import DocumentInput, DocumentLineDetails, DocumentLineInput
from schema.errors import codes_within
from schema.extensions import Extensible
from schema.hookspecs import Extension, InputField, SchemaHooks, gathered
from schema.module_settings import settings_of
from schema.protect import DEFINITION, grants

_WITHOUT_OBJECT = (DocumentInput, DocumentLineInput)
"""Inputs whose extensions lie with the document: no plugin has to store them."""


@dataclass(frozen=True, slots=True)
class Added:
    """What plugins add to the schema of core, in the order of the registry."""

    fields: dict[str, list[StrawberryField]] = data_field(default_factory=dict)
    """Per object type or input of core, and per root."""
    inputs: dict[str, dict[str, tuple[str, InputField]]] = data_field(default_factory=dict)
    """Per input of core: the name of the field → the plugin, and what it does with the value."""
    types: list[tuple[type, str]] = data_field(default_factory=list)
    """Further types, each with its plugin."""


def declared(plugins: Registry) -> dict[str, Extension]:
    """What each plugin declares, by its hook and by its settings. Raises Refused for a hook that nobody
    knows or that fails, and for settings that cannot be shown."""
    try:
        if not _specified(plugins):
            plugins.manager.add_hookspecs(SchemaHooks)
        plugins.manager.check_pending()
    except pluggy.PluginValidationError as error:
        culprit = next(one for one in plugins if one.module is error.plugin)
        raise bad(culprit, f"a hook does not fit: {error}") from None
    found: dict[str, Extension] = {}
    for plugin in plugins:
        try:
            answers = plugins.caller(plugin, "graphql")()
        except Exception as error:
            raise bad(
                plugin, f"its hook graphql failed ({type(error).__name__}: {error})"
            ) from error
        for answer in answers:
            if not isinstance(answer, Extension):
                raise bad(plugin, "its hook graphql does not answer with an Extension")
            found[plugin.name] = answer
        own = found.get(plugin.name, Extension())
        if plugin.manifest.settings.model_fields or own.settings:
            found[plugin.name] = _with_settings(plugin, own)
    return found


def _with_settings(plugin: Plugin, own: Extension) -> Extension:
    """What a plugin declares, and what its settings add."""
    try:
        return gathered([own, settings_of(plugin, pascal(plugin.name), own.settings)])
    except Exception as error:
        raise bad(plugin, f"its settings cannot be shown: {error}") from error


def _specified(plugins: Registry) -> bool:
    hook = getattr(plugins.manager.hook, "graphql", None)
    return hook is not None and hook.has_spec()


def added(plugins: Registry, extensions: Mapping[str, Extension], core: GraphQLSchema) -> Added:
    """What all of these plugins add to this schema of core. Raises Refused for names that are there
    already or do not contain the plugin's, for types core does not have, for fields that nothing
    answers."""
    all_ = Added()
    for plugin in plugins:
        if plugin.name in extensions:
            _add(all_, plugin, extensions[plugin.name], core)
    return all_


def _add(all_: Added, plugin: Plugin, extension: Extension, core: GraphQLSchema) -> None:
    roots = {
        "Query": extension.queries,
        "Mutation": extension.mutations,
        "Subscription": extension.subscriptions,
    }
    holders = [(name, holder) for name, holder in roots.items() if holder is not None]
    for target, holder in extension.fields.items():
        holders.append((_core_type(plugin, target, core), holder))
    for type_name, holder in holders:
        for field in _fields(plugin, type_name, holder):
            _place(all_, plugin, type_name, field, core)
    for target, input_ in extension.inputs.items():
        type_name = _core_type(plugin, target, core)
        field = _input_field(plugin, type_name, target, input_)
        _place(all_, plugin, type_name, field, core)
        name = to_camel_case(plugin.name)
        all_.inputs.setdefault(type_name, {})[name] = (plugin.name, input_)
    all_.types.extend((type_, plugin.name) for type_ in extension.types)


def _core_type(plugin: Plugin, target: Any, core: GraphQLSchema) -> str:
    """The name of a type of core that plugins may extend."""
    definition = get_object_definition(target)
    known = core.get_type(definition.name) if definition else None
    if known is None or known.extensions.get(DEFINITION) is not definition:
        shown = getattr(target, "__name__", repr(target))
        raise bad(plugin, f"it extends {shown}, which is no type of core")
    return known.name


def _fields(plugin: Plugin, type_name: str, holder: type) -> Iterator[StrawberryField]:
    """The fields that a class of a plugin adds to a type of core or to a root."""
    members = {n: m for n, m in vars(holder).items() if isinstance(m, StrawberryField)}
    for name, member in members.items():
        if member.base_resolver is None:
            raise bad(plugin, f"{type_name}.{name} has no resolver")
        if member.is_subscription != (type_name == "Subscription"):
            raise bad(plugin, f"{type_name}.{name} is not declared as a field of {type_name}")
    # A class made for the purpose: the plugin's own is left as it was written.
    facts: dict[str, Any] = {"__annotations__": {}, "__module__": holder.__module__}
    made = strawberry.type(type(holder.__name__, (), {**members, **facts}))
    for field in get_object_definition(made, strict=True).fields:
        field.metadata = {**field.metadata, "plugin": plugin.name}  # type: ignore[assignment]  # as given
        yield field


def _input_field(
    plugin: Plugin, type_name: str, target: type, input_: InputField
) -> StrawberryField:
    definition = get_object_definition(input_.type)
    if not issubclass(target, Extensible):
        raise bad(plugin, f"{type_name} is no input that plugins may extend")
    if definition is None or not definition.is_input:
        raise bad(plugin, f"its field of {type_name} needs an @input_type")
    stored = issubclass(target, _WITHOUT_OBJECT) or hasattr(plugin.module, "save_attributes")
    if not stored:
        raise bad(plugin, f"what is sent in {type_name} would be lost without save_attributes")
    return Described(
        python_name=plugin.name,
        graphql_name=to_camel_case(plugin.name),
        type_annotation=StrawberryAnnotation(input_.type | None),
        default=strawberry.UNSET,
        description=input_.description,
        metadata={"plugin": plugin.name},
    )


def _place(
    all_: Added, plugin: Plugin, type_name: str, field: StrawberryField, core: GraphQLSchema
) -> None:
    name = field.graphql_name or to_camel_case(field.python_name)
    there: Any = core.get_type(type_name)
    others = all_.fields.setdefault(type_name, [])
    taken = {other.graphql_name or to_camel_case(other.python_name) for other in others}
    if name in there.fields or name in taken:
        raise bad(plugin, f"{type_name}.{name} is there already")
    if pascal(plugin.name).lower() not in name.lower():
        raise bad(plugin, f"{type_name}.{name} does not contain {to_camel_case(plugin.name)}")
    others.append(field)


def extended_as(definition: StrawberryObjectDefinition) -> str:
    """The type of core whose further fields a type has: its own, but of an input of a plugin's that becomes
    a line of a document those of such a line."""
    if issubclass(definition.origin, DocumentLineDetails):
        return DocumentLineInput.__name__
    return definition.name


def pascal(name: str) -> str:
    """``food_batches`` → ``FoodBatches``: how the names of a plugin's types begin."""
    return "".join(part.capitalize() for part in name.split("_"))


def check_view(plugin: Plugin, without: GraphQLSchema, with_: GraphQLSchema) -> None:
    """Refuse types that do not bear the plugin's name, and permissions that nobody can have.
    ``without`` is the schema of what the plugin requires, ``with_`` the same and the plugin."""
    own = {permission.code for permission in plugin.manifest.permissions}
    allowed = PERMISSIONS | own | {PART, OF_NODE, ANY_MEMBER}
    for grant in sorted({*grants(with_)} - {*grants(without)}, key=lambda one: one.what):
        if grant.permission not in allowed:
            raise bad(plugin, f"{grant.what} needs the undeclared permission {grant.permission}")
    for name, type_ in with_.type_map.items():
        new = name not in without.type_map and not is_introspection_type(type_)
        if new and not name.startswith(pascal(plugin.name)) and not of_core(type_):
            raise bad(plugin, f"its type {name} does not begin with {pascal(plugin.name)}")


def of_core(type_: GraphQLNamedType) -> bool:
    """Whether it is core's own, or a list of what is: core did not show it, but may."""
    definition = type_.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition):
        module = getattr(getattr(definition, "wrapped_cls", None), "__module__", "")
        return str(module).startswith(("schema.", "core."))
    arguments = definition.type_var_map.values()
    classes = [definition.origin, *(one for one in arguments if isinstance(one, type))]
    return all(cls.__module__.startswith(("schema.", "core.")) for cls in classes)


def codes_of(plugins: Registry) -> dict[str, frozenset[str]]:
    """The refusal codes of each plugin: what its modules can name and core cannot."""
    core = codes_within("core", "schema")
    return {plugin.name: frozenset(_codes(plugin) - core) for plugin in plugins}


def _codes(plugin: Plugin) -> set[str]:
    home = plugin.module.__package__ or plugin.module.__name__
    values = tuple(vars(plugin.module).values())
    return codes_within(home) | {v for v in values if isinstance(v, str) and v in codes()}


def bad(plugin: Plugin, reason: str) -> Refused:
    """The refusal to start with a plugin that cannot be composed."""
    reason_zh = f"GraphQL 声明有误({reason})"
    return refuse(
        extension_registry.BAD_PLUGIN, plugin=plugin.name, reason=reason, reason_zh=reason_zh
    )
