"""Documents made from the schema itself, so that a test covers fields that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from schema.relay import encode_id

NOBODY = encode_id("Item", UUID(int=1))
_SCALARS: dict[str, Any] = {
    "ID": NOBODY,
    "UUID": str(UUID(int=2)),
    "String": "x",
    "Int": 1,
    "Boolean": True,
    "Decimal": "1",
    "Date": "2026-03-01",
    "DateTime": "2026-03-01T00:00:00Z",
    "JSON": {},
}


def sample(type_: Any) -> Any:
    """A value that this input type admits, with nothing in it that may be left out."""
    if is_non_null_type(type_):
        return sample(type_.of_type)
    if is_list_type(type_):
        return [sample(type_.of_type)]
    if is_enum_type(type_):
        return next(iter(type_.values))
    if is_input_object_type(type_):
        return {n: sample(f.type) for n, f in type_.fields.items() if _required(f)}
    return _SCALARS[type_.name]


def _required(value: GraphQLArgument | GraphQLInputField) -> bool:
    return is_non_null_type(value.type) and value.default_value is Undefined


def root_fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """``query`` or ``mutation``, the field's name, and the field. A subscription is no request with an
    answer; ``tests/server/test_streams.py`` tries them."""
    for operation, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for name, field in root.fields.items() if root else ():
            yield operation, name, field


def request(
    operation: str, name: str, field: GraphQLField, selection: str = "", **given: Any
) -> dict[str, Any]:
    """A request for one root field; required arguments that are not given are made up."""
    values = {n: sample(a.type) for n, a in field.args.items() if _required(a)} | given
    declared = ", ".join(f"${n}: {field.args[n].type}" for n in values)
    passed = ", ".join(f"{n}: ${n}" for n in values)
    call = f"{name}({passed})" if values else name
    if not selection and is_object_type(get_named_type(field.type)):
        selection = (
            "{ __typename errors { code } }" if operation == "mutation" else "{ __typename }"
        )
    elif not selection and hasattr(get_named_type(field.type), "fields"):
        selection = "{ __typename }"
    head = f"{operation}({declared})" if declared else operation
    return {"query": f"{head} {{ {call} {selection} }}", "variables": values}


def free_fields(type_: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
    """The fields that can be asked for without arguments."""
    for name, field in type_.fields.items():
        if not any(_required(argument) for argument in field.args.values()):
            yield name, field


def selection(type_: Any, depth: int) -> str:
    """Everything in a type down to ``depth`` objects below it; of lists with pages the first two."""
    parts = []
    for name, field in free_fields(type_):
        target = get_named_type(field.type)
        if not hasattr(target, "fields"):
            parts.append(name)
        elif depth > 0 and name != "edges":
            paged = "(first: 2)" if "first" in field.args else ""
            parts.append(f"{name}{paged} {selection(target, depth - (name != 'nodes'))}")
    return "{ " + " ".join(parts or ["__typename"]) + " }"
