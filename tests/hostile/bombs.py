"""Requests made to be expensive, each in endless variations, so that no cache hides what one costs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bomb:
    """The body of a POST, what is to be sent with it, and the codes it may be refused with."""

    body: bytes
    codes: frozenset[str]
    headers: dict[str, str] = field(default_factory=dict)


Make = Callable[[int], Bomb]


def _query(text: str, *codes: str, **variables: object) -> Bomb:
    body = json.dumps({"query": text, "variables": variables}).encode()
    return Bomb(body, frozenset(codes or ("QUERY_TOO_LARGE",)))


def _raw(body: bytes, *codes: str, **headers: str) -> Bomb:
    return Bomb(body, frozenset(codes), {k.replace("_", "-"): v for k, v in headers.items()})


def _nested(levels: int, n: int) -> Bomb:
    inner = "parent { " * levels + f"a{n}: id" + " }" * levels
    return _query(f"{{ categories(first: 1) {{ nodes {{ {inner} }} }} }}")


def _circle(n: int) -> Bomb:
    return _query(
        f"{{ ...A{n} }} fragment A{n} on Query {{ a: __typename ...B{n} }}"
        f" fragment B{n} on Query {{ b: __typename ...A{n} }}",
        "GRAPHQL_INVALID",
    )


def _chain(n: int) -> Bomb:
    """Each of twenty fragments spreads the next one twice: 2^20 fields, were they written out."""
    links = " ".join(
        f"fragment F{n}x{k} on Category {{ a{k}: parent {{ ...F{n}x{k + 1} }}"
        f" b{k}: parent {{ ...F{n}x{k + 1} }} }}"
        for k in range(20)
    )
    start = f"{{ categories(first: 1) {{ nodes {{ ...F{n}x0 }} }} }}"
    return _query(f"{start} {links} fragment F{n}x20 on Category {{ id }}")


def _batch(n: int) -> Bomb:
    one = {"query": f"{{ a{n}: __typename }}"}
    return _raw(json.dumps([one] * 100).encode(), "BAD_REQUEST")


def _conflicts(n: int) -> Bomb:
    """Names that validation must compare each with each, as deep as it may go."""
    places = " ".join(
        f"... on Query {{ x{n}: items(first: {k}) {{ nodes {{ id }} }} }}" for k in range(20)
    )
    return _query(f"{{ {places} }}", "GRAPHQL_INVALID", "QUERY_TOO_LARGE")


def _list(n: int) -> Bomb:
    query = f"query A{n}($i: [ID!]!) {{ nodes(ids: $i) {{ id }} }}"
    head = json.dumps({"query": query}).encode()[:-1]
    return _raw(head + b', "variables": {"i": [' + b"1," * (10**6 - 1) + b"1]}}", "BODY_TOO_LARGE")


def _ids(n: int) -> Bomb:
    """As many as fit into a body."""
    query = f"query A{n}($i: [ID!]!) {{ nodes(ids: $i) {{ id }} }}"
    return _query(query, "QUERY_TOO_LARGE", i=["a"] * 190_000)


def _variables(size: int, n: int) -> Bomb:
    query = f"query A{n}($s: String!) {{ item(code: $s) {{ id }} }}"
    return _query(query, "BODY_TOO_LARGE", s="x" * size)


def _directives(n: int) -> Bomb:
    return _query(f"{{ a{n}: __typename" + " @include(if: true)" * 1000 + " }")


def _inline(n: int) -> Bomb:
    return _query(
        "{ " + (f"... on Query {{ {'__typename ' * 100}}} ") * 200 + f"a{n}: __typename }}"
    )


def _comments(n: int) -> Bomb:
    return _query(f"{{ a{n}: __typename }}" + "#\n" * 200_000)


def _operations(n: int) -> Bomb:
    return _query(" ".join(f"query Q{n}x{k} {{ __typename }}" for k in range(1000)))


def _introspection(n: int) -> Bomb:
    loop = "fields { type { " * 30 + f"a{n}: name" + " } }" * 30
    return _query(f"{{ __schema {{ types {{ {loop} }} }} }}", "QUERY_TOO_LARGE", "GRAPHQL_INVALID")


def _deep(opening: bytes, n: int) -> Bomb:
    body = b'{"query": "{ a%d: __typename }", "variables": ' % n + opening * 100_000
    return _raw(body, "BAD_JSON")


def _gzip(n: int) -> Bomb:
    packed = gzip.compress(b" " * (20 * MIB) + b'{"query": "{ a%d: __typename }"}' % n, 1)
    return _raw(packed, "UNSUPPORTED_MEDIA_TYPE", Content_Encoding="gzip")


def _digits(n: int) -> Bomb:
    return _query(f"{{ a{n}: items(first: {'9' * 5000}) {{ nodes {{ id }} }} }}")


BOMBS: dict[str, Make] = {
    "depth 200": lambda n: _nested(200, n),
    "depth 2,000": lambda n: _nested(2000, n),
    "circular fragments": _circle,
    "a chain of fragments": _chain,
    "1,000 aliases": lambda n: _query(
        "{ " + " ".join(f"a{n}x{k}: __typename" for k in range(1000)) + " }"
    ),
    "a batch of 100": _batch,
    "1,000 directives": _directives,
    "10,000 equal fields": lambda n: _query("{ " + "__typename " * 10_000 + f"a{n}: __typename }}"),
    "200 inline fragments of 100 fields": _inline,
    "200,000 comments": _comments,
    "a string of 1 MB": lambda n: _query(
        f'{{ a{n}: item(code: "{"x" * MIB}") {{ id }} }}', "QUERY_TOO_LARGE", "BODY_TOO_LARGE"
    ),
    "1,000 operations": _operations,
    "variables of 5 MB": lambda n: _variables(5 * MIB, n),
    "a list of a million": _list,
    "deep JSON": lambda n: _deep(b"[", n),
    "a gzip bomb": _gzip,
    # Further than the list of shapes: each was worth a try.
    "deep JSON of objects": lambda n: _deep(b'{"a":', n),
    "names in conflict": _conflicts,
    "a list as long as fits": _ids,
    "introspection in circles": _introspection,
    "5,000 digits": _digits,
    "17 MB": lambda n: _variables(17 * MIB, n),
}
