"""Operations that nobody wrote: any root field, with any arguments and any selection the schema admits,
and with values that it does not. Subscriptions have no answer to judge here: ``tests/server/test_streams.py``
tries them."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from core.documents.types import TYPES
from tests.hostile.values import DATES, DECIMALS, IDS, INTS, MOMENTS, UNSTORABLE, UUIDS
from tests.hostile.world import SCHEMA
from tests.shop import Json

Draw = st.DrawFn

DEPTH = 3
ID = "id of "
"""Before the name of something in a world, whose global id is filled in when the operation is sent."""

_NAMES: dict[str, list[str]] = {
    "item": ["item KEG", "item PART", "item SVC", "item OLD"],
    "unit": ["unit pcs", "unit box", "unit kg"],
    "category": ["category C1", "category C2", "category OLD"],
    "party": ["party SUP", "party CUS", "party OLD"],
    "place": ["place MAIN", "place STORE", "place ROOT", "place ~customer", "place SPARE"],
    "lot": ["lot"],
    "hold": ["hold"],
    "user": ["user"],
    "document": [
        *("receipt", "receipt of a lot", "receipt to reverse", "order to close"),
        *("order to unapprove", "order to reopen", "draft to post", "draft to submit"),
        *("draft to approve", "draft to reject", "draft to delete"),
    ],
}
_ALL_NAMES = sorted(name for names in _NAMES.values() for name in names)


def _id(draw: Draw, name: str, root: str) -> str:
    """A global id: of the kind that its field asks for, as far as its name or the operation's tell."""
    told = f"{name} {root}".lower()
    kind = next((kind for kind in _NAMES if kind in told), "document")
    usual = draw(st.integers(0, 7)) > 0
    return ID + draw(st.sampled_from(_NAMES[kind] if usual else _ALL_NAMES))


_RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "UUID": st.uuids().map(str),
    "Int": st.integers(1, 3) | st.sampled_from([0, -1]) | st.sampled_from([100, 2**31 - 1]),
    "Boolean": st.booleans(),
    "Decimal": st.sampled_from(["1", "0.5", "2.50", "0", "-1", "999999999999", "0.000000000001"]),
    "Date": st.sampled_from(
        [
            "2026-03-01",
            "2026-03-02",
            "2026-04-30",
            "2026-02-28",
            "1999-12-31",
            "9999-12-31",
            "0001-01-01",
        ]
    ),
    "DateTime": st.sampled_from(["2026-03-01T08:00:00+08:00", "9999-12-31T00:00:00Z"]),
    "String": st.sampled_from(
        ["KEG", "LOT", "x", "可乐", "", "%", "viewer", "a@b.cn", "Asia/Tokyo"]
    )
    | st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30),
    "JSON": st.just({}),
}
_WRONG: dict[str, list[Any]] = {
    "ID": IDS, "UUID": UUIDS, "Int": INTS, "Boolean": ["x", 2], "Decimal": DECIMALS, "Date": DATES,
    "DateTime": MOMENTS, "String": [*UNSTORABLE, 1, "x" * 5000], "JSON": [1],
}  # fmt: skip


@st.composite
def operations(draw: Draw) -> Json:
    """The body of a request."""
    kind = draw(st.sampled_from(["query", "mutation", "mutation"]))
    root: Any = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
    name = draw(st.sampled_from(sorted(root.fields)))
    field: GraphQLField = root.fields[name]
    given = _chosen(draw, field.args)
    variables = {key: value(draw, field.args[key].type, key, name) for key in given}
    declared = ", ".join(f"${key}: {field.args[key].type}" for key in given)
    passed = ", ".join(f"{key}: ${key}" for key in given)
    head = f"{kind} Q({declared})" if declared else f"{kind} Q"
    call = f"{name}({passed})" if passed else name
    alias = draw(st.sampled_from(["", "", "a: "]))
    return {
        "query": f"{head} {{ {alias}{call} {selection(draw, field.type, DEPTH)} }}",
        "variables": variables,
    }


def selection(draw: Draw, type_: Any, depth: int) -> str:
    """Some fields of a type, and of what lies below it."""
    target: Any = get_named_type(type_)
    if not hasattr(target, "fields"):
        return ""
    if target.name == "UserError":
        return "{ code message path details }"
    parts = ["__typename"]
    names = draw(st.lists(st.sampled_from(sorted(target.fields)), max_size=6, unique=True))
    if "errors" in target.fields:  # a payload: everything in it, and why there is nothing in it
        names = sorted(target.fields)
    for name in names:
        field = target.fields[name]
        below = get_named_type(field.type)
        if any(_required(argument) for argument in field.args.values()):
            continue
        if hasattr(below, "fields") and depth == 0:
            continue
        paged = f"(first: {draw(st.integers(0, 3))})" if "first" in field.args else ""
        parts.append(f"{name}{paged} {selection(draw, below, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def value(draw: Draw, type_: Any, name: str, root: str) -> Any:
    """A value for an input: mostly right, at times not."""
    if not is_non_null_type(type_) and draw(st.integers(0, 19)) == 0:
        return None
    type_ = get_nullable_type(type_)
    if is_list_type(type_):
        return [value(draw, type_.of_type, name, root) for _ in range(draw(st.integers(0, 3)))]
    if is_input_object_type(type_):
        chosen = _chosen(draw, type_.fields)
        return {key: value(draw, type_.fields[key].type, key, root) for key in chosen}
    if is_enum_type(type_):
        return draw(
            st.sampled_from([*type_.values, *(["NOPE"] if draw(st.integers(0, 30)) == 0 else [])])
        )
    if draw(st.integers(0, 39)) == 0:
        return draw(st.sampled_from(_WRONG[type_.name]))
    if name in ("type", "types"):
        return draw(st.sampled_from([*TYPES, "nothing"]))
    return _id(draw, name, root) if type_.name == "ID" else draw(_RIGHT[type_.name])


def _chosen(
    draw: Draw, inputs: dict[str, GraphQLArgument] | dict[str, GraphQLInputField]
) -> list[str]:
    """What must be given, and some of what may be."""
    optional = [name for name, one in inputs.items() if not _required(one)]
    more = draw(st.lists(st.sampled_from(optional), max_size=4, unique=True)) if optional else []
    return [name for name, one in inputs.items() if _required(one) or name in ("lines", *more)]


def _required(one: GraphQLArgument | GraphQLInputField) -> bool:
    return is_non_null_type(one.type) and one.default_value is Undefined


def filled(content: Any, ids: dict[str, str]) -> Any:
    """With the global ids of a world."""
    if isinstance(content, dict):
        return {key: filled(one, ids) for key, one in content.items()}
    if isinstance(content, list):
        return [filled(one, ids) for one in content]
    if isinstance(content, str) and content.startswith(ID):
        return ids[content.removeprefix(ID)]
    return content
