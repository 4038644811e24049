"""Resolvers of plugins: one that fails is named, and costs nobody but its own field."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLFieldResolver,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry.types.field import StrawberryField

from core.db.database import OutcomeUnknownError
from core.extension.containment import HOOK_SECONDS, contained, interrupted, stepwise
from schema.errors import DATABASE_FAULTS
from schema.extend import of_core, pascal
from schema.protect import DEFINITION, facts_of

_PASSING = (GraphQLError, OutcomeUnknownError, *DATABASE_FAULTS)
"""Faults that are no plugin's: what they are answered with does not depend on who asked."""


def contain(schema: GraphQLSchema, plugins: Iterable[str]) -> None:
    """Wrap the resolvers of these plugins, on types of core and on their own."""
    by_prefix = sorted(((pascal(name), name) for name in plugins), reverse=True)
    for type_ in schema.type_map.values():
        if not is_object_type(type_):
            continue
        own = [name for prefix, name in by_prefix if type_.name.startswith(prefix)]
        owner = own[0] if own and not of_core(type_) else None
        for name, field in type_.fields.items():
            module = facts_of(field).get("plugin") or owner
            definition = field.extensions.get(DEFINITION)
            plain = isinstance(definition, StrawberryField) and definition.is_basic_field
            if module and field.resolve and not plain:
                field.resolve = _contained(field.resolve, module, f"{type_.name}.{name}")
            if module and field.subscribe:
                kind = _class_of(field.type)
                field.subscribe = _heard(field.subscribe, module, f"{type_.name}.{name}", kind)


def _contained(resolve: GraphQLFieldResolver, module: str, what: str) -> GraphQLFieldResolver:
    def resolving(source: Any, info: Any, **arguments: Any) -> Any:
        with contained(module, what, *_PASSING), interrupted(HOOK_SECONDS):
            answer = resolve(source, info, **arguments)
        return _awaited(answer, module, what) if inspect.isawaitable(answer) else answer

    return resolving


async def _awaited(answer: Awaitable[Any], module: str, what: str) -> Any:
    with contained(module, what, *_PASSING):
        return await stepwise(answer)


def _class_of(type_: Any) -> Any:
    """What events of a subscription field must be instances of; object where it is not one class."""
    definition = get_named_type(type_).extensions.get(DEFINITION)
    if is_list_type(get_nullable_type(type_)) or not is_object_type(get_named_type(type_)):
        return object
    origin = getattr(definition, "origin", object)
    return origin if is_non_null_type(type_) else (origin, type(None))


def _heard(
    subscribe: GraphQLFieldResolver, module: str, what: str, kind: Any
) -> GraphQLFieldResolver:
    """A subscription of a plugin. It may wait for hours, but not forget to wait."""

    async def events(source: Any, info: Any, **arguments: Any) -> AsyncIterator[Any]:
        with contained(module, what, *_PASSING):
            with interrupted(HOOK_SECONDS):
                stream = subscribe(source, info, **arguments)
            steps = aiter(await stepwise(stream) if inspect.isawaitable(stream) else stream)
        try:
            while True:
                with contained(module, what, *_PASSING):
                    try:
                        event = await stepwise(anext(steps))
                    except StopAsyncIteration:
                        return
                    if not isinstance(event, kind):
                        raise TypeError(f"{type(event).__name__} is no event of it")
                yield event
        finally:
            if close := getattr(steps, "aclose", None):
                with contained(module, what):
                    await stepwise(close())

    return events
