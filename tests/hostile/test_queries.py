"""Every argument of every query with values at the edge of what its type admits: each is answered or
refused, none is a fault of ours. Forged cursors among them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
)

from core.db.database import Database
from tests.hostile.evidence import Rows, insides
from tests.hostile.world import SCHEMA, World
from tests.schema.requests import request, selection
from tests.shop import Json, Shop, line

_UUID = "018f4e2a-0000-7000-8000-000000000000"
_FORGED: list[list[Any] | Json] = [
    [], [[]], {}, [None, _UUID], [True, _UUID], [_UUID], [_UUID, _UUID], [_UUID] * 3, ["x", _UUID],
    ["\0", _UUID], ["x" * 5000, _UUID], ["2026-01-01", _UUID], ["0001-01-01", _UUID],
    ["0001-01-01T00:00:00Z", _UUID], ["1e5", _UUID], [1, _UUID], [1], [1, 1], [10**30, _UUID],
    [2**31, _UUID], [2**63, _UUID], [-(2**63), _UUID], [10**30], ["2026-01-01", 2**63, 1],
    ["2026-01-01", 1, 2**31], ["2026-01-01", 1, 1, 2**31], ["2026-01-01", 1, 1, 1, 1],
]  # fmt: skip
_CURSORS = [urlsafe_b64encode(json.dumps(one).encode()).decode() for one in _FORGED]
_CURSORS += ["x", "", "x" * 60_000, "😀"]

_EDGES: dict[str, list[Any]] = {
    "Int": [0, -1, -(2**31), 2**31 - 1, 101],
    "Boolean": [True, False],
    "Date": ["0001-01-01", "1582-10-10", "9999-12-31"],
    "DateTime": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"],
    "String": ["", "%", "\\", "'", "[(*", "\u202e", "😀" * 1000, "x" * 60_000, "a" * 10_000 + "!"],
}


def _queries() -> dict[str, GraphQLField]:
    root = SCHEMA.query_type
    assert isinstance(root, GraphQLObjectType)
    return dict(root.fields)


def _edges(name: str, type_: Any, ids: list[str]) -> Iterator[Any]:
    type_ = get_nullable_type(type_)
    if name == "after":
        yield from _CURSORS
    elif is_list_type(type_):
        yield []
        for value in _edges(name, type_.of_type, ids):
            yield from ([value], [value] * 101)
    elif is_input_object_type(type_):
        yield {}
        for inner, field in type_.fields.items():
            yield from ({inner: value} for value in _edges(inner, field.type, ids))
    elif is_enum_type(type_):
        yield from type_.values
    elif type_.name == "ID":
        yield from (*ids, "x", "")
    else:
        yield from _EDGES[type_.name]


def _required(field: GraphQLField, ids: list[str]) -> Json:
    """Right values for the arguments that must be there."""
    days = {"since": "2026-03-01", "until": "2026-03-31"}
    found: Json = {}
    for name, argument in field.args.items():
        if str(argument.type) == "[ID!]!":
            found[name] = ids[:1]
        elif str(argument.type) == "ID!":
            found[name] = ids[0]
        elif name in days:
            found[name] = days[name]
    return found


@pytest.mark.parametrize("name", [name for name, field in _queries().items() if field.args])
async def test_edges_are_answered_or_refused(name: str, untouched: Rows, world: World) -> None:
    field = _queries()[name]
    ids = world.of_each_kind()
    wanted = get_named_type(field.type)
    shown = selection(wanted, 1) if hasattr(wanted, "fields") else ""
    problems = []
    for argument, definition in field.args.items():
        for value in _edges(argument, definition.type, ids):
            body = request(
                "query", name, field, shown, **{**_required(field, ids), argument: value}
            )
            response = await world.shop.client.post("/graphql", json=body)
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            faults = codes & {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"}
            if response.status_code >= 500 or faults or insides(response.text):
                problems.append((argument, str(value)[:60], codes, insides(response.text)))
    assert problems == []


async def test_stock_known_before_anything_was_is_nothing(db: Database) -> None:
    shop = await Shop.open(db)
    item = await shop.item("LATER")
    await shop.posted("receipt", line(item, "5", "1"))
    found = await shop.ask(
        'query($i: ID!) { stock(filter: {itemIds: [$i]}, knownAt: "2020-01-01T00:00:00Z")'
        " { nodes { quantity value } } }",
        i=item,
    )
    assert found["stock"]["nodes"] == [{"quantity": "0", "value": "0"}]
