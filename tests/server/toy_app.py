"""The application over the toy schema, without a database, and how tests talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx

from core.db.database import Database
from core.tenancy.rules import Principal
from server.app import ServerSettings, create_app
from tests.schema.toy import ALL, SCHEMA, PretendedDatabase, person

SPEC = {"Accept": "application/graphql-response+json"}
LEGACY = {"Accept": "application/json"}
QUERY = {"query": "{ toys(first: 1) { nodes { name } } }"}
MAKE = """mutation Make($input: ToyInput!) {
  makeToy(input: $input) { toy { name } errors { code message path details } }
}"""


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=body, headers=headers)


def code(response: httpx.Response) -> str:
    found: str = response.json()["errors"][0]["extensions"]["code"]
    return found


TOKENS = {
    "tb_all": ALL,
    "tb_nothing": frozenset[str](),
    "tb_clerk": frozenset({"catalogue.read", "catalogue.write"}),
}


async def identify(database: Database, token: str) -> Principal | None:
    return person(TOKENS[token]) if token in TOKENS else None


async def client_of(
    database: PretendedDatabase, settings: ServerSettings
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        database=cast(Database, database), schema=SCHEMA, settings=settings, identify=identify
    )
    headers = {"Authorization": "Bearer tb_all"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tallybook", headers=headers
    ) as client:
        yield client
