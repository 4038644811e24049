"""Documents made to be expensive are refused before they cost anything."""

from __future__ import annotations

import time
from typing import Any

import pytest

from schema.execute import Executor, Request
from schema.limits import MAX_COST
from tests.schema.toy import ALL, SCHEMA, PretendedDatabase, toy_context


def _chain(count: int) -> str:
    spreads = "".join(
        f"fragment F{n} on Toy {{ a: friends {{ nodes {{ ...F{n + 1} }} }}"
        f" b: friends {{ nodes {{ ...F{n + 1} }} }} }} "
        for n in range(count)
    )
    return f"{{ toys {{ nodes {{ ...F0 }} }} }} {spreads} fragment F{count} on Toy {{ name }}"


def _flat_chain(count: int) -> str:
    spreads = "".join(
        f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(count)
    )
    return f"{{ ...F0 }} {spreads} fragment F{count} on Query {{ __typename }}"


FRIENDS = "friends(first: 1) { nodes { "
BOMBS = {
    "depth 200": "{ toys { nodes { " + FRIENDS * 100 + "name" + " }" * 203,
    "depth 2,000": "{ a " * 2000 + "}" * 2000,
    "deep list": "{ toys(first: " + "[" * 700 + "]" * 20,
    "deep object": "{ toys(first: " + "{a:" * 350,
    "circular fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "fragment in itself": "{ ...A } fragment A on Query { ...A }",
    "fragment chain": _chain(20),
    "flat fragment chain": _flat_chain(200),
    "many fragments": "{ ...F0 }"
    + "".join(f" fragment F{n} on Query {{ __typename }}" for n in range(60)),
    "1,000 aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(1000)) + " }",
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(16)) + " }",
    "1,000 directives": "{ __typename" + " @skip(if: false)" * 1000 + " }",
    "directives": "{ __typename" + " @skip(if: false)" * 11 + " }",
    "duplicate fields": "{ " + "__typename " * 10_000 + "}",
    "repeats": "{ " + "__typename " * 21 + "}",
    "repeats in fragments": "{ " + "... on Query { __typename } " * 21 + "}",
    "inline fragments": "{ " + ("... on Query { " + "__typename " * 100 + "} ") * 200 + "}",
    "comments": "{ __typename }" + "#\n" * 30_000,
    "1,000 operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(1000)),
    "two operations": "query A { __typename } query B { __typename }",
    "1 MB string": '{ node(id: "' + "x" * 1_000_000 + '") { id } }',
    "selections": "{ toys { nodes { " + " ".join(f"f{n}" for n in range(401)) + " } } }",
    "pages in pages": "{ toys(first: 100) { nodes { friends(first: 100) { nodes { name } } } } }",
    "pages by default": "{ toys { nodes { friends { nodes { friends { nodes { id } } } } } } }",
}


async def answer(
    query: str, variables: dict[str, Any] | None = None, permissions: frozenset[str] = ALL
) -> dict[str, Any]:
    context = toy_context(PretendedDatabase(), permissions)
    return (await Executor(SCHEMA).run(Request(query, variables or {}), context)).body


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs(name: str) -> None:
    spent = []
    for _ in range(
        3
    ):  # each by an executor that has not seen it; one may collect garbage meanwhile
        started = time.process_time()
        body = await answer(BOMBS[name])
        spent.append(time.process_time() - started)
        assert "data" not in body
        assert body["errors"][0]["extensions"]["code"] in {"QUERY_TOO_LARGE", "GRAPHQL_INVALID"}
    assert min(spent) < 0.2  # measured at 0.002 to 0.02; the machine may be busy


async def test_depth_is_exact() -> None:
    def nested(levels: int) -> str:
        return (
            "{ toys(first: 1) { nodes { " + FRIENDS * levels + "name" + " } }" * (levels + 1) + " }"
        )

    assert "data" in await answer(nested(6))  # toys, nodes, six times two, name: 15
    assert "data" not in await answer(nested(7))


@pytest.mark.parametrize(
    ("query", "variables", "fits"),
    [
        ("{ toys(first: 49) { nodes { friends(first: 100) { nodes { name } } } } }", {}, True),
        ("{ toys(first: 50) { nodes { friends(first: 100) { nodes { name } } } } }", {}, False),
        ("query($n: Int) { toys(first: $n) { nodes { friends(first: $n) { nodes { name } } } } }",
         {"n": 70}, True),
        ("query($n: Int) { toys(first: $n) { nodes { friends(first: $n) { nodes { name } } } } }",
         {"n": 71}, False),
        ("query($n: Int = 5) { toys(first: $n) { nodes { friends(first: 100) { nodes { id } } } } }",
         {}, True),
        ("query($n: Int = 5) { toys(first: $n) { nodes { friends(first: 100) { nodes { id } } } } }",
         {"n": "lots"}, False),
        ("{ toys(first: null) { nodes { friends(first: 98) { nodes { id } } } } }", {}, True),
        ("query($i: [ID!]!) { nodes(ids: $i) { ... on Toy { friends(first: 98) { nodes { id } } } } }",
         {"i": [""] * 50}, True),
        ("query($i: [ID!]!) { nodes(ids: $i) { ... on Toy { friends(first: 98) { nodes { id } } } } }",
         {"i": [""] * 60}, False),
    ],
)  # fmt: skip
async def test_cost_counts_what_can_come_back(
    query: str, variables: dict[str, Any], fits: bool
) -> None:
    body = await answer(query, variables)
    if fits:
        assert "errors" not in body
    else:
        (error,) = body["errors"]
        assert error["extensions"]["details"] == {"measure": "cost", "limit": MAX_COST}


async def test_introspection_has_limits_of_its_own() -> None:
    deep = "type { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } }"
    query = f"{{ __schema {{ types {{ fields {{ args {{ {deep} }} }} }} }} }}"
    assert "data" in await answer(query)
    looped = "{ __schema { types { fields { type { fields { type { fields { type { fields"
    assert "data" not in await answer(looped + " { name } " + "} " * 9)


async def test_documents_are_prepared_once() -> None:
    executor = Executor(SCHEMA)
    first = executor.prepare("{ __typename }")
    assert executor.prepare("{ __typename }") is first
    for n in range(1001):
        executor.prepare(f"{{ a{n} }}")
    assert executor.prepare("{ __typename }") is not first
