"""What strangers send: each a typed refusal, never a fault of ours, never a word about our insides."""

from __future__ import annotations

import gzip
import json
import re
import time
from typing import Any

import httpx
import pytest

from tests.schema.toy import PretendedDatabase
from tests.server.toy_app import MAKE, QUERY, SPEC, code, post

JSON = {"Content-Type": "application/json", **SPEC}
INSIDES = re.compile(r"select |/work|/tmp|\.py|Traceback|psycopg|sqlalchemy|hunter2|<class", re.I)


async def send(client: httpx.AsyncClient, body: bytes | str, **headers: str) -> httpx.Response:
    response = await client.post("/graphql", content=body, headers={**JSON, **headers})
    assert response.status_code < 500
    assert not INSIDES.search(response.text)
    return response


def make(**changes: Any) -> dict[str, Any]:
    return {"query": MAKE, "variables": {"input": {"name": "a", "price": "1", **changes}}}


@pytest.mark.parametrize(
    "price",
    [
        "1e400", "1E+1000000", "NaN", "Infinity", "-Infinity", "", " 1", "1 ", "+1", "1.", ".5",
        "0x10", "1_000", "１２", "1,5", "--1", "9" * 19, "0." + "1" * 13, "1" * 100_000,
        1, 1.5, 12345678901234.567891, True, None, [], {}, 10**30,
    ],
)  # fmt: skip
async def test_wrong_decimals(client: httpx.AsyncClient, price: Any) -> None:
    response = await send(client, json.dumps(make(price=price)))
    assert response.status_code == 400
    assert code(response) == "BAD_USER_INPUT"
    (error,) = response.json()["errors"]
    assert error["extensions"]["inputPath"] == ["input", "price"]
    assert len(error["message"]) <= 500


@pytest.mark.parametrize("price", ["0.000000000001", "-" + "9" * 18, "1.50", "-0", "007.10"])
async def test_right_decimals(client: httpx.AsyncClient, price: str) -> None:
    response = await send(client, json.dumps(make(price=price)))
    assert "data" in response.json()


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("9" * 5000, "QUERY_TOO_LARGE"),
        ("1e400", "BAD_USER_INPUT"),
        ("12345678901234567890", "BAD_USER_INPUT"),
        ('"\\u0000"', "BAD_TEXT"),
        ('"\\uD800"', "GRAPHQL_SYNTAX"),
        ('"1e5"', "BAD_USER_INPUT"),
    ],
)
async def test_wrong_literals(client: httpx.AsyncClient, literal: str, expected: str) -> None:
    query = f'mutation {{ makeToy(input: {{name: "a", price: {literal}}}) {{ toy {{ id }} }} }}'
    response = await post(client, {"query": query}, **SPEC)
    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.parametrize("literal", ["9" * 5000, "-1", "101", "1e400", "2147483648", '"5"'])
async def test_wrong_page_sizes(client: httpx.AsyncClient, literal: str) -> None:
    query = f"{{ toys(first: {literal}) {{ nodes {{ name }} }} }}"
    response = await post(client, {"query": query}, **SPEC)
    assert response.json().get("data") is None
    assert code(response) in {
        "QUERY_TOO_LARGE",
        "GRAPHQL_INVALID",
        "LIMIT_EXCEEDED",
        "BAD_PAGE",
    }


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\udc00x", "\x1b[31m", "\x7f", "\x85"])
async def test_text_that_cannot_be_stored(client: httpx.AsyncClient, text: str) -> None:
    response = await send(client, json.dumps(make(name=text)))
    assert (response.status_code, code(response)) == (400, "BAD_TEXT")
    (error,) = response.json()["errors"]
    assert error["extensions"]["inputPath"] == ["variables", "input", "name"]
    raw = json.dumps(make(name=text), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert code(await send(client, raw)) in {"BAD_TEXT", "BAD_JSON"}


async def test_text_that_can_be_stored(client: httpx.AsyncClient) -> None:
    response = await send(client, json.dumps(make(name="可乐\n\t😀 \u202e א")))
    assert response.json()["data"]["makeToy"]["errors"] == []


async def test_the_document_itself_may_hold_no_half_characters(client: httpx.AsyncClient) -> None:
    response = await send(client, '{"query": "{ a \\ud800 }"}')
    assert (response.status_code, code(response)) == (400, "BAD_TEXT")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"\xff\xfe", b'{"query": "{a}"', b"[" * 100_000,
        b'{"variables": ' + b"[" * 33 + b"]" * 33 + b', "query": "{__typename}"}',
        b'{"a":' * 100_000, b'{"query": "{__typename}", "query": "{__typename}"}',
        b'{"query": "{__typename}", "variables": {"a": NaN}}',
        b'{"query": "{__typename}", "variables": {"a": ' + b"9" * 5000 + b"}}",
        '{"query": "{__typename}"}'.encode("utf-16"), b'"' + b'\\"' * 500_000,
    ],
)  # fmt: skip
async def test_bodies_that_are_not_json(client: httpx.AsyncClient, body: bytes) -> None:
    started = time.process_time()
    response = await send(client, body)
    assert (response.status_code, code(response)) == (400, "BAD_JSON")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "body",
    [
        "null", "1", '"{__typename}"', "[]", '[{"query": "{__typename}"}]', "{}",
        '{"query": null}', '{"query": {}}', '{"query": ""}', '{"query": 1}',
        '{"query": "{__typename}", "variables": []}', '{"query": "{__typename}", "variables": "a"}',
        '{"query": "{__typename}", "operationName": 1}', '{"query": "{__typename}", "extensions": 1}',
        '{"query": "{__typename}", "operationName": "Other"}',
        '{"query": "fragment F on Query { __typename }"}',
    ],
)  # fmt: skip
async def test_json_that_is_no_request(client: httpx.AsyncClient, body: str) -> None:
    response = await send(client, body)
    assert response.status_code == 400
    assert code(response) in {"BAD_REQUEST", "GRAPHQL_INVALID"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/graphql"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br"},
    ],
)
async def test_media_types_that_are_not_ours(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    body = json.dumps(QUERY).encode()
    content = gzip.compress(body) if headers.get("Content-Encoding") == "gzip" else body
    response = await send(client, content, **headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_sizes(client: httpx.AsyncClient) -> None:
    huge = "x" * (1024 * 1024)
    single = await send(client, json.dumps(make(name=huge)))
    assert (single.status_code, code(single)) == (413, "BODY_TOO_LARGE")
    many = """mutation M($input: [ToyInput!]!) { makeToys(input: $input) { errors { code } } }"""
    rows = [{"name": "x" * 2000, "price": "1"}] * 1000
    bulk = await send(client, json.dumps({"query": many, "variables": {"input": rows}}))
    assert bulk.status_code == 200
    assert bulk.json()["data"]["makeToys"]["errors"] == []
    beyond = await send(client, json.dumps(make(name=huge * 17)))
    assert (beyond.status_code, code(beyond)) == (413, "BODY_TOO_LARGE")
    document = await post(client, {"query": "#" + huge[:70_000] + "\n{ __typename }"}, **SPEC)
    assert (document.status_code, code(document)) == (400, "QUERY_TOO_LARGE")


async def test_faults_of_ours_say_nothing(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": '{ broken(how: "us") }'})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert re.fullmatch(r"[0-9a-f]{32}", error["extensions"]["details"]["id"])
    assert not INSIDES.search(response.text)
    thrown = await post(client, make(mood="broken"))
    assert thrown.json()["data"] is None
    assert code(thrown) == "INTERNAL"
    assert not INSIDES.search(thrown.text)


async def test_no_more_than_five_errors(client: httpx.AsyncClient) -> None:
    query = "{ " + " ".join(f"wrong{n}" for n in range(50)) + " }"
    response = await post(client, {"query": query}, **SPEC)
    assert len(response.json()["errors"]) == 5


async def test_no_suggestions(client: httpx.AsyncClient) -> None:
    for query in (
        "{ toy { name } }",
        "{ toys(frist: 1) { nodes { name } } }",
        "{ toys { nodes { nam } } }",
        "query($a: ToyInptu) { __typename }",
        "{ toys @skpi { nodes { name } } }",
        'mutation { makeToy(input: {nmae: "a"}) { errors { code } } }',
    ):
        assert "Did you mean" not in (await post(client, {"query": query})).text
    sent = await post(client, {"query": MAKE, "variables": {"input": {"nmae": "a"}}})
    assert "Did you mean" not in sent.text


async def test_fields_that_nobody_declared_are_refused(client: httpx.AsyncClient) -> None:
    for extra in ("tenant", "status", "postedAt", "cost", "createdBy", "version"):
        response = await send(client, json.dumps(make(**{extra: "x"})))
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_introspection_is_for_developers(client: httpx.AsyncClient) -> None:
    query = {"query": "{ __schema { queryType { name } } }"}
    assert (await post(client, query)).json()["data"]
    clerk = await post(client, query, Authorization="Bearer tb_clerk", **SPEC)
    assert (clerk.status_code, code(clerk)) == (400, "INTROSPECTION_DENIED")
    hidden = {"query": '{ ...F } fragment F on Query { t: __type(name: "Toy") { name } }'}
    assert (
        code(await post(client, hidden, Authorization="Bearer tb_clerk")) == "INTROSPECTION_DENIED"
    )


async def test_a_ledger_mutation_is_alone(
    client: httpx.AsyncClient, database: PretendedDatabase
) -> None:
    one = 'makeToy(input: {name: "a", price: "1"}) { errors { code } }'
    for query in (
        f"mutation {{ a: {one} b: {one} }}",
        f"mutation {{ ...A ...B }} fragment A on Mutation {{ a: {one} }}"
        f" fragment B on Mutation {{ b: {one} }}",
        f"mutation {{ {one} makeToys(input: []) {{ errors {{ code }} }} }}",
    ):
        response = await post(client, {"query": query}, **SPEC)
        assert (response.status_code, code(response)) == (400, "ONE_LEDGER_MUTATION")
