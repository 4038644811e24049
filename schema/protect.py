"""Default deny, put into force on a composed schema (reliability rule 20).

Walks every type once. What does not say who may see it is refused by name; what does is wrapped, so
that a resolver never runs for a caller who lacks the permission. Fields without a guard of their own
keep their resolver as it is: the check costs nothing where nothing is checked.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_interface_type,
    is_non_null_type,
    is_object_type,
    is_union_type,
)

from core.db.database import OUTCOME_UNKNOWN, OutcomeUnknownError
from core.errors import PERMISSION_DENIED, Refusal, Refused, refuse
from schema.access import ANY_MEMBER, OF_NODE, PART, PER_TYPE
from schema.context import Context
from schema.errors import Payload, user_errors

DEFINITION = "strawberry-definition"


class UndeclaredError(Exception):
    """The schema does not say who may see something, or says it in a way that cannot hold."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of the permission table: what (``Query.items``), and who may."""

    what: str
    permission: str


def facts_of(field: GraphQLField) -> Mapping[str, Any]:
    """What ``schema.access`` wrote on a field."""
    definition = field.extensions.get(DEFINITION)
    return definition.metadata if definition is not None else {}


def grants(schema: GraphQLSchema) -> list[Grant]:
    """The full table: every root field, every type and every guarded field, sorted."""
    return sorted(_grants(schema), key=lambda grant: grant.what)


def _grants(schema: GraphQLSchema) -> Iterator[Grant]:
    for type_ in _object_types(schema):
        root = type_ in (schema.query_type, schema.mutation_type, schema.subscription_type)
        if not root:
            yield Grant(type_.name, permission_of(type_))
        for name, field in type_.fields.items():
            permission = facts_of(field).get("permission")
            if permission:
                yield Grant(f"{type_.name}.{name}", permission)


def _object_types(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [
        type_
        for name, type_ in schema.type_map.items()
        if is_object_type(type_) and not name.startswith("__")
    ]


def permission_of(type_: GraphQLNamedType) -> str:
    """The permission a type declares. Raises :class:`UndeclaredError` if it declares none."""
    definition = type_.extensions.get(DEFINITION)
    declared = getattr(getattr(definition, "origin", None), "__permission__", None)
    if declared is None:
        raise UndeclaredError(f"type {type_.name} declares no permission")
    if declared == OF_NODE:
        fields = type_.fields  # type: ignore[attr-defined]  # objects and interfaces only
        return permission_of(get_named_type(fields["nodes" if "nodes" in fields else "node"].type))
    return str(declared)


def protect(schema: GraphQLSchema) -> None:
    """Wrap what is guarded. Raises :class:`UndeclaredError` naming what declares nothing."""
    for type_ in schema.type_map.values():
        if is_interface_type(type_) or is_union_type(type_):
            _check_members(schema, type_)
    for type_ in _object_types(schema):
        for name, field in type_.fields.items():
            what = f"{type_.name}.{name}"
            if type_ is schema.query_type:
                _protect_query(what, field)
            elif type_ is schema.mutation_type:
                _protect_mutation(what, field)
            elif type_ is schema.subscription_type:
                _protect_subscription(what, field)
            else:
                _protect_field(what, field, permission_of(type_))


def _check_members(schema: GraphQLSchema, type_: Any) -> None:
    declared = PER_TYPE if is_union_type(type_) else permission_of(type_)
    for member in schema.get_possible_types(type_):
        if declared != PER_TYPE and permission_of(member) != declared:
            raise UndeclaredError(f"{member.name} has another permission than {type_.name}")


def _target(what: str, field: GraphQLField, known: str | None) -> str | None:
    """The permission of the type a field leads to, where it is not one already checked."""
    type_ = get_named_type(field.type)
    if is_union_type(type_):
        raise UndeclaredError(f"{what} leads to a union, whose members may differ")
    if not (is_object_type(type_) or is_interface_type(type_)):
        return None
    permission = permission_of(type_)
    if permission == PER_TYPE and known != PER_TYPE:
        raise UndeclaredError(f"{what} leads to an interface whose types may differ")
    return None if permission in (PART, PER_TYPE, known) else permission


def _protect_query(what: str, field: GraphQLField) -> None:
    permission = _declared(what, field)
    _protect_field(what, field, permission, own=False)
    if permission not in (ANY_MEMBER, PER_TYPE):
        field.resolve = _refusing(_resolver(what, field), permission)


def _declared(what: str, field: GraphQLField) -> str:
    permission = facts_of(field).get("permission")
    if not permission:
        raise UndeclaredError(f"{what} declares no permission")
    return str(permission)


def _protect_field(what: str, field: GraphQLField, parent: str, *, own: bool = True) -> None:
    guard = facts_of(field).get("permission") if own else None
    target = _target(what, field, guard or parent)
    for permission in (guard, target):
        if permission:
            if is_non_null_type(field.type):
                raise UndeclaredError(f"{what} needs {permission} and must be nullable")
            field.resolve = _hiding(_resolver(what, field), permission)


def _resolver(what: str, field: GraphQLField) -> GraphQLFieldResolver:
    if field.resolve is None:
        raise UndeclaredError(f"{what} has no resolver")
    return field.resolve


def _refusing(resolve: GraphQLFieldResolver, permission: str) -> GraphQLFieldResolver:
    def refusing(source: Any, info: Any, **arguments: Any) -> Any:
        if not info.context.may(permission):
            raise refuse(PERMISSION_DENIED, permission=permission)
        return resolve(source, info, **arguments)

    return refusing


def _hiding(resolve: GraphQLFieldResolver, permission: str) -> GraphQLFieldResolver:
    def hiding(source: Any, info: Any, **arguments: Any) -> Any:
        return resolve(source, info, **arguments) if info.context.may(permission) else None

    return hiding


def _protect_subscription(what: str, field: GraphQLField) -> None:
    permission = _declared(what, field)
    if field.subscribe is None:
        raise UndeclaredError(f"{what} is no subscription_field")
    _protect_field(what, field, permission, own=False)
    field.subscribe = _refusing(field.subscribe, permission)


def _protect_mutation(what: str, field: GraphQLField) -> None:
    permission = _declared(what, field)
    definition = get_named_type(field.type).extensions.get(DEFINITION)
    payload: type = getattr(definition, "origin", object)
    if not issubclass(payload, Payload):
        raise UndeclaredError(f"{what} does not answer with a payload")
    for name, inner in get_named_type(field.type).fields.items():  # type: ignore[attr-defined]  # objects and interfaces only
        if name != "errors" and is_non_null_type(inner.type):
            raise UndeclaredError(f"{what}: {payload.__name__}.{name} must be nullable")
    field.resolve = _answering(_resolver(what, field), permission, payload)


def _answering(
    resolve: GraphQLFieldResolver, permission: str, payload: type[Payload]
) -> GraphQLFieldResolver:
    async def answering(source: Any, info: Any, **arguments: Any) -> Payload:
        context: Context = info.context
        if not context.may(permission):
            denied = refuse(PERMISSION_DENIED, permission=permission)
            return payload(errors=user_errors(denied, context.language))
        await context.renew()
        try:
            with context.writing():
                answer = resolve(source, info, **arguments)
                made: Payload = await answer if inspect.isawaitable(answer) else answer
            return made
        except Refused as refused:
            return payload(errors=user_errors(refused, context.language))
        except OutcomeUnknownError:
            unknown = Refused(Refusal(OUTCOME_UNKNOWN))
            return payload(errors=user_errors(unknown, context.language))

    return answering
