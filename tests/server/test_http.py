"""GraphQL over HTTP, by its specification: media types, status codes, methods, sign-in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.schema.toy import PretendedDatabase
from tests.server.toy_app import LEGACY, MAKE, QUERY, SPEC, code, post


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        (
            "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
            "application/graphql-response+json",
        ),
    ],
)
async def test_media_types(client: httpx.AsyncClient, accept: str | None, answered: str) -> None:
    client.headers.pop("accept")
    response = await post(client, QUERY, **({"Accept": accept} if accept else {}))
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == {"data": {"toys": {"nodes": [{"name": "toy 000"}]}}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": "{"}, "GRAPHQL_SYNTAX"),
        ({"query": "{ nothing }"}, "GRAPHQL_INVALID"),
        ({"query": MAKE, "variables": {"input": {"name": "a", "price": "NaN"}}}, "BAD_USER_INPUT"),
    ],
)
async def test_request_errors_have_a_status_in_the_new_type_only(
    client: httpx.AsyncClient, body: dict[str, Any], expected: str
) -> None:
    new = await post(client, body, **SPEC)
    assert (new.status_code, code(new)) == (400, expected)
    assert "data" not in new.json()
    old = await post(client, body, **LEGACY)
    assert (old.status_code, code(old)) == (200, expected)
    assert "data" not in old.json()


async def test_field_errors_are_a_200(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": '{ broken(how: "refuse") __typename }'}, **SPEC)
    assert response.status_code == 200
    assert response.json()["data"] == {"broken": None, "__typename": "Query"}
    (error,) = response.json()["errors"]
    assert error["extensions"] == {
        "code": "NOT_FOUND",
        "inputPath": ["how"],
        "details": {"id": "refuse"},
    }
    assert error["path"] == ["broken"]


async def test_get_reads(client: httpx.AsyncClient) -> None:
    ask = {
        "query": "query Q($n: Int) { toys(first: $n) { nodes { name } } }",
        "variables": '{"n": 2}',
        "operationName": "Q",
    }
    response = await client.get("/graphql", params=ask, headers=SPEC)
    assert response.status_code == 200
    assert len(response.json()["data"]["toys"]["nodes"]) == 2


async def test_get_never_writes(client: httpx.AsyncClient) -> None:
    query = 'mutation { makeToy(input: {name: "a", price: "1"}) { toy { name } } }'
    response = await client.get("/graphql", params={"query": query})
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dGI6eA==", "Bearer " + "x" * 5000, "tb_all"],
)
async def test_without_a_token_nothing(client: httpx.AsyncClient, authorization: str) -> None:
    response = await post(client, QUERY, Authorization=authorization)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert set(response.json()) == {"errors"}


async def test_errors_speak_the_callers_language(client: httpx.AsyncClient) -> None:
    body = {"query": MAKE, "variables": {"input": {"name": "a", "price": "0"}}}
    for header, sentence in (
        ("zh-CN,zh;q=0.9,en;q=0.8", "太便宜。"),
        ("fr, en;q=0.5, zh;q=0.4", "Too cheap."),
        ("zh;q=x", "Too cheap."),
        ("*", "Too cheap."),
    ):
        response = await post(client, body, **{"Accept-Language": header})
        (error,) = response.json()["data"]["makeToy"]["errors"]
        assert error["message"] == sentence
        assert error["path"] == ["lines", "2", "unitPrice"]
    refused = await post(client, QUERY, Authorization="", **{"Accept-Language": "zh"})
    assert "请先登录" in refused.json()["errors"][0]["message"]


async def test_a_permission_that_is_missing(client: httpx.AsyncClient) -> None:
    response = await post(client, QUERY, Authorization="Bearer tb_nothing", **SPEC)
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert code(response) == "PERMISSION_DENIED"


async def test_outcome_unknown_is_an_answer(client: httpx.AsyncClient) -> None:
    variables = {"input": {"name": "a", "price": "1", "mood": "unknown"}}
    response = await post(client, {"query": MAKE, "variables": variables})
    (error,) = response.json()["data"]["makeToy"]["errors"]
    assert error["code"] == "OUTCOME_UNKNOWN"


@pytest.mark.parametrize("accept", ["text/html", "text/event-streams", "image/png"])
async def test_unknown_media_types_are_refused(client: httpx.AsyncClient, accept: str) -> None:
    response = await post(client, QUERY, Accept=accept)
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


async def test_a_request_reads_in_one_snapshot(
    client: httpx.AsyncClient, database: PretendedDatabase
) -> None:
    await post(client, {"query": "{ toys { nodes { shelf { name } friends { totalCount } } } }"})
    assert database.journal.opened == 1
    assert database.journal.closed == ["ended"]


async def test_live_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live")).json() == {"live": True}
    # The pretended database has no directory: what fails is not ready, and says no more than that.
    response = await client.get("/ready")
    assert (response.status_code, response.json()) == (503, {"ready": False})
