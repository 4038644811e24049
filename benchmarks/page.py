"""The SQL of a Relay page: recorded once from the product, then sent by ``pgbench`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
from psycopg.abc import Params, QueryNoTemplate

from benchmarks.requests import PAGE
from benchmarks.world import Shop
from core.db.database import Database
from core.tenancy.rules import Principal
from core.tenancy.sign_ins import authenticate
from schema.compose import core_schema
from server.app import ServerSettings, create_app

NODES = 50
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""As the driver begins a snapshot; it and COMMIT pass no cursor, so they are not recorded."""


async def script(app_url: str, shop: Shop) -> str:
    """The transaction of one page as a ``pgbench`` script, values and all. Raises RuntimeError where the
    page is not full: an empty one would be a cheap page."""
    database = Database.connect(app_url, pool_size=2)
    who = await authenticate(database, shop.token)

    async def identify(_: Database, __: str) -> Principal | None:
        return who  # as a server remembers it: signing in is no part of the page

    app = create_app(
        database=database, schema=core_schema(), settings=ServerSettings(), identify=identify
    )
    headers = {"Authorization": f"Bearer {shop.token}"}
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://tallybook", headers=headers
        ) as client:
            await client.post("/graphql", json={"query": PAGE})  # what is asked once is asked now
            with _recorded() as statements:
                answer = (await client.post("/graphql", json={"query": PAGE})).json()
    finally:
        await database.close()
    nodes = answer["data"]["documents"]["nodes"]
    if len(nodes) < NODES or not all(line["item"] for n in nodes for line in n["lines"]["nodes"]):
        raise RuntimeError(f"a page of {len(nodes)} documents is no page of {NODES}")
    with psycopg.connect(app_url) as connection:
        cursor = psycopg.ClientCursor(connection)
        said = [cursor.mogrify(query, parameters) for query, parameters in statements]
    real = [text for text in said if text.strip(" ;")]  # the pool's ping is none of the page's SQL
    return "".join(f"{text};\n" for text in (_BEGIN, *real, "COMMIT"))


@contextmanager
def _recorded() -> Iterator[list[tuple[QueryNoTemplate, Params | None]]]:
    """Every statement that this process sends through a cursor meanwhile."""
    statements: list[tuple[QueryNoTemplate, Params | None]] = []
    execute = psycopg.AsyncCursor.execute

    async def recorded(
        self: Any, query: QueryNoTemplate, params: Params | None = None, **options: Any
    ) -> Any:
        statements.append((query, params))
        return await execute(self, query, params, **options)

    psycopg.AsyncCursor.execute = recorded  # type: ignore[method-assign,assignment]  # put back below
    try:
        yield statements
    finally:
        psycopg.AsyncCursor.execute = execute  # type: ignore[method-assign]  # as it was
