"""The thirteen checks of graphql-cop, on the production profile: it would find nothing.

Each is sent as that tool sends it, by a stranger, and again by somebody who has signed in, because
what is refused to strangers only is not safe.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from schema.compose import core_schema
from server.app import ServerSettings, create_app
from tests.hostile.evidence import insides
from tests.hostile.world import World

INTROSPECTION = "query cop { __schema { types { name fields { name } } } }"


@pytest.fixture(params=["stranger", "viewer"])
async def client(request: pytest.FixtureRequest, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """As production has it, signed in or not; the viewer may read everything but settings."""
    if request.param == "viewer":
        yield (await world.viewer()).client
        return
    settings = ServerSettings(explorer=False)
    app = create_app(database=world.shop.database, schema=core_schema(), settings=settings)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tallybook") as made:
        yield made


async def cop(client: httpx.AsyncClient, body: Any, **headers: str) -> Any:
    """The answer as that tool reads it: JSON, whatever the status."""
    response = await client.post("/graphql", json=body, headers=headers)
    assert response.status_code < 500
    assert insides(response.text) is None
    return response.json()


async def test_alias_overloading(client: httpx.AsyncClient) -> None:
    aliases = " ".join(f"alias{n}: __typename" for n in range(101))
    answer = await cop(client, {"query": f"query cop {{ {aliases} }}"})
    assert "data" not in answer


async def test_array_based_query_batching(client: httpx.AsyncClient) -> None:
    answer = await cop(client, [{"query": "query cop { __typename }"}] * 10)
    assert isinstance(answer, dict)
    assert "data" not in answer


async def test_directive_overloading(client: httpx.AsyncClient) -> None:
    answer = await cop(client, {"query": "query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }"})
    assert len(answer["errors"]) < 10
    valid = await cop(client, {"query": "query cop { __typename " + "@skip(if: false) " * 11 + "}"})
    assert "data" not in valid


async def test_circular_introspection(client: httpx.AsyncClient) -> None:
    loop = "fields { type { " * 4 + "name" + " } }" * 4
    answer = await cop(client, {"query": f"query cop {{ __schema {{ types {{ {loop} }} }} }}"})
    assert "data" not in answer


async def test_field_duplication(client: httpx.AsyncClient) -> None:
    answer = await cop(client, {"query": "query cop { " + "__typename \n" * 500 + "}"})
    assert "data" not in answer


async def test_field_suggestions(client: httpx.AsyncClient) -> None:
    for wrong in ("{ __schema { directive } }", "{ itemz { nodes { id } } }", "{ item { cod } }"):
        assert (
            "did you mean"
            not in json.dumps(await cop(client, {"query": f"query cop {wrong}"})).lower()
        )


async def test_get_method_for_queries(client: httpx.AsyncClient) -> None:
    # A page of another site can make a browser send this, but not with an Authorization header; and no
    # cookie and no word in the address signs anybody in.
    client.headers.pop("Authorization", None)
    client.cookies.set("Authorization", "Bearer x")
    for address in ("?query=query cop {__typename}", "?query={__typename}&access_token=x"):
        response = await client.get(f"/graphql{address}")
        assert response.status_code == 401
        assert "data" not in response.json()


async def test_get_method_for_mutations(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "mutation cop {__typename}"})
    assert response.status_code in (401, 405)
    assert "data" not in response.json()


async def test_post_urlencoded(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", data={"query": "query cop { __typename }"})
    assert response.status_code == 415
    assert "data" not in response.json()
    text = await client.post(
        "/graphql", content='{"query": "{__typename}"}', headers={"Content-Type": "text/plain"}
    )
    assert text.status_code == 415


async def test_introspection(client: httpx.AsyncClient) -> None:
    for query in (INTROSPECTION, '{ __type(name: "Item") { name } }',
                  "{ ...F } fragment F on Query { a: __schema { types { name } } }"):  # fmt: skip
        assert "data" not in await cop(client, {"query": query})


async def test_no_page_with_an_explorer(client: httpx.AsyncClient) -> None:
    for path in ("/", "/graphql", "/graphiql", "/playground", "/console", "/altair", "/voyager",
                 "/api", "/v1/graphiql"):  # fmt: skip
        response = await client.get(path, headers={"Accept": "text/html"})
        assert "<html" not in response.text.lower()
        for word in ("graphiql", "playground", "react.", "altair"):
            assert word not in response.text.lower()


async def test_tracing(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"X-Apollo-Tracing": "1", "apollo-federation-include-trace": "ftv1"}):
        answer = await cop(client, {"query": "query cop { __typename }"}, **headers)
        assert "extensions" not in answer
        assert "tracing" not in json.dumps(answer)


async def test_unhandled_errors(client: httpx.AsyncClient) -> None:
    for query in (
        "qwerty cop { abc }",
        "query cop { node(id: []) { id } }",
        "{",
        "\\",
        "{ a(b: $c) }",
    ):
        answer = await cop(client, {"query": query})
        for error in answer["errors"]:
            assert error["extensions"].keys() <= {"code", "details", "inputPath"}
        assert "exception" not in json.dumps(answer).lower()
