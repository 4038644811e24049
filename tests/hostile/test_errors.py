"""The page of errors says the truth: every code that can be answered, and the status of each refusal."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLEnumType

from core.errors import codes
from server.graphql_route import NOT_EXECUTED, status_of
from tests.hostile.bombs import BOMBS
from tests.hostile.world import SCHEMA, World

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
STATUSES = PAGE.split("## Statuses")[1].split("## Of the API")[0]
API = PAGE.split("## Of the API")[1].split("## Of the command line")[0]


def _defined(*packages: str) -> set[str]:
    """Every code that is defined in the source of these packages."""
    return {
        str(node.args[0].value)
        for package in packages
        for file in (ROOT / package).rglob("*.py")
        if "core/db/" not in file.as_posix() or file.name == "database.py"
        if file.name != "registry.py"  # what a bad plugin is refused with at start
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "define" and isinstance(node.args[0], ast.Constant)
    }


def test_every_code_of_core_and_schema_is_published() -> None:
    enum = SCHEMA.get_type("ErrorCode")
    assert isinstance(enum, GraphQLEnumType)
    assert _defined("core", "schema") == set(enum.values)
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", API, re.MULTILINE)) == set(enum.values)


def test_every_sentence_is_there_in_both_languages() -> None:
    for code, sentences in codes().items():
        words = [set(re.findall(r"\{(\w+)\}", sentences[language])) for language in ("en", "zh")]
        assert re.search(r"[\u4e00-\u9fff]|^\{\w+\}$", sentences["zh"]), code
        # The same figures in both, but for reasons, which have a spelling of their own.
        assert words[0] == {word.removesuffix("_zh") for word in words[1]}, code


REQUESTS: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "BAD_JSON": ("POST", b"{", {}),
    "BAD_REQUEST": ("POST", b"[]", {}),
    "BAD_TEXT": ("POST", b'{"query": "{ a \\u0000 }"}', {}),
    "BAD_USER_INPUT": (
        "POST", b'{"query": "query($n: Int) {items(first: $n) {__typename}}", "variables": {"n": "x"}}', {},
    ),
    "BODY_TOO_LARGE": ("POST", BOMBS["variables of 5 MB"](1).body, {}),
    "GRAPHQL_INVALID": ("POST", b'{"query": "{ nothing }"}', {}),
    "GRAPHQL_SYNTAX": ("POST", b'{"query": "{"}', {}),
    "INTROSPECTION_DENIED": ("POST", b'{"query": "{ __schema { __typename } }"}', {}),
    "METHOD_NOT_ALLOWED": ("GET", b"mutation { __typename }", {}),
    "NOT_ACCEPTABLE": ("POST", b'{"query": "{ __typename }"}', {"Accept": "text/html"}),
    "ONE_LEDGER_MUTATION": (
        "POST",
        json.dumps({"query": "mutation($i: ReopenPeriodInput!) { a: reopenPeriod(input: $i) { __typename }"
                             " b: reopenPeriod(input: $i) { __typename } }"}).encode(), {},
    ),
    "QUERY_TOO_LARGE": ("POST", BOMBS["1,000 aliases"](1).body, {}),
    "UNAUTHENTICATED": ("POST", b'{"query": "{ __typename }"}', {"Authorization": "Bearer x"}),
    "UNSUPPORTED_MEDIA_TYPE": ("POST", b"", {"Content-Type": "text/plain"}),
}  # fmt: skip
OUR_FAULTS = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN"}
OF_STREAMS = {"SERVER_STOPPING", "TOO_MANY_STREAMS"}
"""Tried in ``tests/server/test_streams.py``."""


def test_every_refusal_of_a_request_is_tried() -> None:
    assert REQUESTS.keys() == NOT_EXECUTED - OUR_FAULTS - OF_STREAMS


@pytest.mark.parametrize("code", REQUESTS)
@pytest.mark.parametrize("media", ["application/graphql-response+json", "application/json"])
async def test_statuses(world: World, code: str, media: str) -> None:
    method, content, more = REQUESTS[code]
    client = (await world.viewer()).client
    headers = {"Content-Type": "application/json", "Accept": media, **more}
    parameters = {"query": content.decode()} if method == "GET" else None
    response = await client.request(
        method,
        "/graphql",
        content=None if parameters else content,
        params=parameters,
        headers=headers,
    )
    answer = response.json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert "data" not in answer
    old = media == "application/json"
    assert response.status_code == status_of(code, old=old)
    row = next(row for row in STATUSES.splitlines() if f"`{code}`" in row)
    _, status, _, other, _ = (cell.strip() for cell in row.split("|"))
    assert int(other if old else status) == response.status_code
