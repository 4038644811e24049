"""From what a client sent to input objects.

The library looks up each field's name and type again for every value, which took more time than all the
rest of a mutation. What does not depend on the value is done once here, when the schema is composed, and
handed to the library as the type's ``from_input``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from graphql import GraphQLSchema, is_input_object_type
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.lazy_type import LazyType

from schema.extensions import SENT, Convert, read


def prepare_inputs(schema: GraphQLSchema) -> None:
    """Let every input type of the schema build its own values."""
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            definition: StrawberryObjectDefinition = type_.extensions["strawberry-definition"]
            # Its own fields only: what plugins add is another thing in every schema, and comes apart.
            names = {
                own: name
                for name, field in type_.fields.items()
                if (own := field.extensions["strawberry-definition"]) in definition.fields
            }
            definition.from_input = _Builder(definition, names)


class _Builder:
    """Builds the values of one input type."""

    def __init__(self, definition: StrawberryObjectDefinition, names: Mapping[Any, str]) -> None:
        self._definition, self._names = definition, names
        self._fields: list[tuple[str, str, Convert | None]] | None = None
        self._absent: dict[str, None] = {
            f.python_name: None
            for f in definition.fields
            if f.default_value is MISSING and f.default_factory is MISSING
        }

    def __call__(self, cls: type, value: Mapping[str, Any], _: InputContext | None = None) -> Any:
        if self._fields is None:  # not earlier: types may name each other in a circle
            self._fields = [
                (name, f.python_name, _conversion(f.resolve_type(type_definition=self._definition)))
                for f, name in self._names.items()
            ]
        found: dict[str, Any] = dict(self._absent)
        for name, attribute, convert in self._fields:
            if name in value:
                sent = value[name]
                found[attribute] = sent if sent is None or convert is None else convert(sent)
        if SENT in value:
            found["extensions"] = read(value[SENT], _conversion)
        return cls(**found)


def _conversion(type_: Any) -> Convert | None:
    """What turns a value of this type from the library's into ours; None for scalars and enums, which
    are ours already."""
    if isinstance(type_, StrawberryOptional):
        return _conversion(type_.of_type)
    if isinstance(type_, LazyType):
        return _conversion(type_.resolve_type())
    if isinstance(type_, StrawberryList):
        one = _conversion(type_.of_type)
        if one is None:
            return list
        return lambda values: [None if v is None else one(v) for v in values]
    definition = get_object_definition(type_)
    if definition is None:
        return None
    build = definition.from_input
    assert build is not None
    return lambda value: build(type_, value, None)  # type: ignore[arg-type]  # ours needs no context
