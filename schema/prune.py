"""A smaller schema out of a large one: without what belongs to modules that are off.

What only those lead to goes with them, because a schema holds what its roots reach. Scalars and enums are
the same objects in both, so that their values are read and written the same way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
    is_union_type,
)

Keep = Callable[[Any], bool]


def pruned(
    schema: GraphQLSchema, *, keep: Keep, types: Iterable[str], values: Mapping[str, Keep]
) -> GraphQLSchema:
    """The schema of the fields (of objects and inputs) that are kept and of these further types, and,
    of the enums named in ``values``, of the values that are. The schema given stays as it is."""
    pruner = _Pruner(keep, values)
    parts: dict[str, Any] = {**schema.to_kwargs()}
    for name in ("query", "mutation", "subscription"):
        parts[name] = parts[name] and pruner.named(parts[name])
    parts["types"] = [pruner.named(schema.type_map[name]) for name in types]
    return GraphQLSchema(**parts)


class _Pruner:
    def __init__(self, keep: Keep, values: Mapping[str, Keep]) -> None:
        self._keep, self._values = keep, values
        self._made: dict[str, GraphQLNamedType] = {}

    def named(self, type_: Any) -> Any:
        """A named type of the large schema, in the small one."""
        made = self._made.get(type_.name)
        if made is None:
            made = self._made[type_.name] = self._make(type_)
        return made

    def _make(self, type_: Any) -> Any:
        if is_introspection_type(type_):
            return type_
        parts: dict[str, Any] = {**type_.to_kwargs()} if not is_scalar_type(type_) else {}
        if is_object_type(type_) or is_interface_type(type_):
            parts["fields"] = lambda: self._fields(type_.fields, self._field)
            parts["interfaces"] = lambda: [self.named(one) for one in type_.interfaces]
        elif is_input_object_type(type_):
            parts["fields"] = lambda: self._fields(type_.fields, self._same)
        elif is_union_type(type_):
            parts["types"] = lambda: [self.named(one) for one in type_.types]
        elif is_enum_type(type_) and type_.name in self._values:
            keep = self._values[type_.name]
            parts["values"] = {name: one for name, one in type_.values.items() if keep(name)}
        else:
            return type_
        return type(type_)(**parts)

    def _fields(self, fields: Mapping[str, Any], make: Callable[[Any], Any]) -> dict[str, Any]:
        return {name: make(field) for name, field in fields.items() if self._keep(field)}

    def _field(self, field: GraphQLField) -> GraphQLField:
        made: GraphQLField = self._same(field)
        made.args = {name: self._same(argument) for name, argument in field.args.items()}
        return made

    def _same(self, holder: Any) -> Any:
        """A field, input field or argument, of the type in the small schema."""
        made = copy.copy(holder)
        made.type = self._type(holder.type)
        return made

    def _type(self, type_: Any) -> Any:
        if is_list_type(type_):
            return GraphQLList(self._type(type_.of_type))
        if is_non_null_type(type_):
            return GraphQLNonNull(self._type(type_.of_type))
        return self.named(type_)
