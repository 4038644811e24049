"""The explorer: where allowed, from our own files, signed in with the token given."""

from __future__ import annotations

import re

from graphql import build_client_schema, get_introspection_query

from server.app import ServerSettings
from server.explorer import STATIC
from tests.schema.toy import PretendedDatabase
from tests.server.toy_app import client_of, post

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_it_is_shown_where_allowed() -> None:
    settings = ServerSettings(explorer=True, explorer_token='tb_"><script>')
    async for client in client_of(PretendedDatabase(), settings):
        home = await client.get("/", headers=HTML)
        assert (home.status_code, home.headers["location"]) == (307, "/graphql")
        page = await client.get("/graphql", headers=HTML)
        assert page.status_code == 200
        assert 'data-token="tb_&quot;&gt;&lt;script&gt;"' in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            if address != "data:,":
                assert (await client.get(address)).status_code == 200


async def test_it_is_hidden_elsewhere() -> None:
    async for client in client_of(PretendedDatabase(), ServerSettings(explorer=False)):
        page = await client.get("/graphql", headers=HTML)
        assert page.status_code == 400
        assert "<html" not in page.text


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name in ("explorer.html", "explorer.css", "explorer.js"):
        assert "//" not in re.sub(r"^\s*//.*$", "", (STATIC / name).read_text("utf-8"), flags=re.M)


async def test_its_introspection_passes_the_limits() -> None:
    async for client in client_of(PretendedDatabase(), ServerSettings(explorer=True)):
        query = get_introspection_query(
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
            one_of=True,
        )
        response = await post(client, {"query": query}, Authorization="Bearer tb_nothing")
        assert build_client_schema(response.json()["data"])
