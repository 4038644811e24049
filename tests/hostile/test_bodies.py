"""A mutation that would be accepted, sent in every way that it may not be sent in."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.hostile.evidence import Rows, insides
from tests.hostile.world import DAY, World, command, mutation
from tests.shop import Json, line

JSON_TYPE = {"Content-Type": "application/json"}
SPEC = {"Accept": "application/graphql-response+json"}
QUERY = mutation("postDocument")


def right(world: World) -> Json:
    """What would be posted."""
    lines = [line(world.ids["item KEG"], "1", "5")]
    place = world.ids["place MAIN"]
    document = {"type": "receipt", "businessDate": DAY, "placeId": place, "lines": lines}
    return {"query": QUERY, "variables": {"input": command(document=document)}}


def bodies(body: Json) -> dict[str, bytes]:
    """Wrong spellings of a right request."""
    plain = json.dumps(body)
    variables = json.dumps(body["variables"])
    query = json.dumps(body["query"])
    return {
        "nothing": b"",
        "half": plain[: len(plain) // 2].encode(),
        "twice": (plain + plain).encode(),
        "array": f"[{plain}]".encode(),
        "array of many": ("[" + ",".join([plain] * 10) + "]").encode(),
        "a key twice": f'{{"query": {query}, "query": {query}, "variables": {variables}}}'.encode(),
        "a deep key twice": plain.replace('"quantity": "1"', '"quantity": "1", "quantity": "9"').encode(),
        "an escaped key twice": plain.replace(
            '"quantity": "1"', '"quantity": "1", "quantit\\u0079": "9"'
        ).encode(),
        "NaN": plain.replace('"quantity": "1"', '"quantity": NaN').encode(),
        "Infinity": plain.replace('"quantity": "1"', '"quantity": -Infinity').encode(),
        "huge exponent": plain.replace('"quantity": "1"', '"quantity": 1e400').encode(),
        "5,000 digits": plain.replace('"quantity": "1"', '"quantity": ' + "9" * 5000).encode(),
        "deep": plain.replace('"quantity": "1"', '"quantity": ' + "[" * 200 + "]" * 200).encode(),
        "deeper": plain.replace('"quantity": "1"', '"quantity": ' + '{"a":' * 90_000).encode(),
        "UTF-16": plain.encode("utf-16"),
        "Latin-1": plain.replace("receipt", "r\u00e9ceipt").encode("latin-1"),
        "byte order mark": b"\xef\xbb\xbf" + plain.encode(),
        "NUL": plain.replace("receipt", "rec\\u0000eipt").encode(),
        "raw NUL": plain.replace("receipt", "rec\0eipt").encode(),
        "half a character": plain.replace("receipt", "rec\\ud800eipt").encode(),
        "trailing comma": (plain[:-1] + ",}").encode(),
        "comment": b"/* */" + plain.encode(),
        "single quotes": plain.replace('"', "'").encode(),
        "a string": json.dumps(plain).encode(),
        "other name": json.dumps({**body, "operationName": "Other"}).encode(),
        "name of a number": json.dumps({**body, "operationName": 1}).encode(),
        "variables in a string": json.dumps({**body, "variables": variables}).encode(),
        "variables in a list": json.dumps({**body, "variables": [body["variables"]]}).encode(),
        "extensions": json.dumps({**body, "extensions": "x"}).encode(),
        "persisted": json.dumps(
            {"variables": body["variables"],
             "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
        ).encode(),
        "id of a document": json.dumps({"documentId": "x", "variables": body["variables"]}).encode(),
        "two operations": json.dumps({**body, "query": QUERY + " query Q { __typename }"}).encode(),
        "undefined variable": json.dumps(
            {**body, "query": QUERY.replace("input: $input", "input: $other")}
        ).encode(),
        "twice in one": json.dumps(
            {**body, "query": QUERY.replace("{ postDocument(", "{ a: postDocument(input: $input)"
                                            " { errors { code } } postDocument(", 1)}
        ).encode(),
        "subscription": json.dumps({**body, "query": "subscription { __typename }"}).encode(),
        "incremental": json.dumps(
            {**body, "query": QUERY.replace("errors {", "... @defer { __typename } errors {", 1)}
        ).encode(),
    }  # fmt: skip


async def refused(response: httpx.Response, *statuses: int) -> str:
    """The code of an answer that must be a refusal of the whole request."""
    assert response.status_code in (statuses or (400, 413)), response.text
    assert insides(response.text) is None, response.text
    assert response.headers["content-type"].startswith("application/graphql-response+json")
    answer = response.json()
    assert "data" not in answer
    error = answer["errors"][0]
    assert error["message"]
    code: str = error["extensions"]["code"]
    return code


@pytest.mark.parametrize("name", bodies({"query": QUERY, "variables": {}}))
async def test_wrong_bodies(name: str, untouched: Rows, world: World) -> None:
    body = bodies(right(world))[name]
    headers = {**JSON_TYPE, **SPEC}
    response = await world.shop.client.post("/graphql", content=body, headers=headers)
    assert await refused(response) in {
        "BAD_JSON", "BAD_REQUEST", "BAD_TEXT", "BAD_USER_INPUT", "GRAPHQL_INVALID",
        "ONE_LEDGER_MUTATION", "QUERY_TOO_LARGE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "encode"),
    [
        ({"Content-Type": "text/plain"}, bytes),
        ({"Content-Type": "application/graphql"}, bytes),
        ({"Content-Type": "application/json; charset=gbk"}, bytes),
        ({"Content-Type": "application/x-www-form-urlencoded"}, bytes),
        ({"Content-Type": "multipart/form-data; boundary=x"}, bytes),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress),
        ({"Content-Type": "application/json", "Content-Encoding": "deflate"}, zlib.compress),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip, gzip"}, bytes),
    ],
)  # fmt: skip
async def test_wrong_media_types(
    untouched: Rows, world: World, headers: dict[str, str], encode: Any
) -> None:
    body = encode(json.dumps(right(world)).encode())
    response = await world.shop.client.post("/graphql", content=body, headers={**SPEC, **headers})
    assert await refused(response, 415) == "UNSUPPORTED_MEDIA_TYPE"


async def test_forms_and_multipart(untouched: Rows, world: World) -> None:
    body = right(world)
    form = {"query": body["query"], "variables": json.dumps(body["variables"])}
    for sent in (
        {"data": form},
        {"files": {"operations": (None, json.dumps(body)), "map": (None, "{}")}},
    ):
        response = await world.shop.client.post("/graphql", headers=SPEC, **sent)
        assert await refused(response, 415) == "UNSUPPORTED_MEDIA_TYPE"


async def test_mutations_by_get_and_other_methods(untouched: Rows, world: World) -> None:
    body = right(world)
    asked = urlencode({"query": body["query"], "variables": json.dumps(body["variables"])})
    response = await world.shop.client.get(f"/graphql?{asked}", headers=SPEC)
    assert await refused(response, 405) == "METHOD_NOT_ALLOWED"
    assert response.headers["allow"] == "POST"
    twice = await world.shop.client.get(f"/graphql?{asked}&{asked}", headers=SPEC)
    assert await refused(twice) == "BAD_REQUEST"
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"):
        other = await world.shop.client.request(method, f"/graphql?{asked}", json=body)
        assert other.status_code == 405
        assert insides(other.text) is None
    # A query in the address and a mutation in the body: the body alone is read.
    mixed = await world.shop.client.post("/graphql?query={__typename}", content=b"{}",
                                         headers={**SPEC, **JSON_TYPE})  # fmt: skip
    assert await refused(mixed) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp4", "Bearer tb_" + "x" * 600, "Bearer \x7f",
     "bearer tb_' OR 1=1 --", "Bearer a b"],
)  # fmt: skip
async def test_strangers(untouched: Rows, world: World, authorization: str) -> None:
    headers = {**SPEC, "Authorization": authorization}
    response = await world.shop.client.post("/graphql", json=right(world), headers=headers)
    assert await refused(response, 401) == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "application/jsonp"])
async def test_answers_that_we_do_not_give(untouched: Rows, world: World, accept: str) -> None:
    response = await world.shop.client.post(
        "/graphql", json=right(world), headers={"Accept": accept}
    )
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


async def test_texts_that_are_taken_come_back_as_they_were(world: World) -> None:
    """Quotes, SQL, markup, right-to-left and emoji are somebody's names."""
    for number, name in enumerate(
        ["'; DROP TABLE item; --", '"><script>alert(1)</script>', "שלום \u202eabc", "👩‍👩‍👧", "%s %(x)s {0}",
         "\\u0000", "../../etc/passwd", "=cmd|' /C calc'!A0", "${jndi:ldap://x}", "e\u0301"]
    ):  # fmt: skip
        code = f"T{number}"
        await world.make("Category", code)
        change = {"id": world.ids[f"category {code}"], "revision": 1, "name": name}
        await world.do("updateCategory", **change)
        found = await world.shop.ask("query($c: String!) { category(code: $c) { name } }", c=code)
        assert found["category"]["name"] == name.replace("e\u0301", "\u00e9")
