"""A shop as a stranger sees it: one tenant, spoken to through GraphQL over HTTP only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.catalogue import service as catalogue
from core.catalogue.records import ItemDraft
from core.db.database import Database
from core.extension.registry import registry
from core.ids import uuid7
from core.tenancy import service as tenancy
from core.tenancy.rules import Principal
from schema.compose import ComposedSchema
from schema.relay import encode_id
from server.app import ServerSettings, create_app

POST = """mutation($input: PostDocumentInput!) { postDocument(input: $input) {
  document { id number state revision net total sequence lines(first: 20) { nodes { no net } } }
  errors { code message path details } } }"""
SWITCH = """mutation($input: SwitchModuleInput!) { %sModule(input: $input) {
  errors { code message path details } } }"""

Json = dict[str, Any]


def with_modules(principal: Principal, modules: Collection[str]) -> Principal:
    """The same person in a tenant that has these modules on, too, with all permissions that come with
    them for their roles."""
    plugins = registry()
    on = plugins.closed({*principal.modules, *modules})
    gained = {
        permission.code
        for plugin in plugins
        if plugin.name in on
        for permission in plugin.manifest.permissions
        if {"administrator", *permission.roles} & {*principal.roles}
    }
    return replace(principal, modules=on, permissions=principal.permissions | gained)


@dataclass
class Shop:
    """A tenant with a warehouse and an administrator who is signed in."""

    database: Database
    principal: Principal
    client: httpx.AsyncClient
    places: dict[str, str]

    @classmethod
    async def open(
        cls,
        database: Database,
        *,
        roles: tuple[str, ...] = ("administrator",),
        language: str = "en",
        schema: ComposedSchema | None = None,
        modules: Collection[str] = (),
        settings: ServerSettings | None = None,
    ) -> Shop:
        tenant = await tenancy.create_tenant(database, f"shop {uuid4()}")
        return await cls.enter(
            database,
            tenant.id,
            roles=roles,
            language=language,
            schema=schema,
            modules=modules,
            settings=settings,
        )

    @classmethod
    async def enter(
        cls,
        database: Database,
        tenant: UUID,
        *,
        roles: tuple[str, ...],
        language: str = "en",
        schema: ComposedSchema | None = None,
        modules: Collection[str] = (),
        settings: ServerSettings | None = None,
        at: str | None = None,
    ) -> Shop:
        """Sign in to a tenant that is there, as somebody with these roles: in this process, with the
        plugins that are installed or another ``schema``, or at the address ``at`` of a server.
        ``modules`` are taken for switched on, whatever the tenant has."""
        email = f"{uuid4()}@example.com"
        await tenancy.add_user(database, tenant, email, roles)
        token = await tenancy.issue_token(database, tenant, email)

        async def identify(database: Database, token: str) -> Principal | None:
            known = await tenancy.authenticate(database, token)
            return known and with_modules(known, modules)

        principal = await identify(database, token)
        assert principal is not None
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        if at is None:
            app = create_app(
                database=database,
                schema=schema,
                settings=settings or ServerSettings(),
                identify=identify,
            )
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(
                transport=transport, base_url="http://tallybook", headers=headers
            )
        else:
            client = httpx.AsyncClient(
                base_url=at.removesuffix("/graphql"), headers=headers, timeout=30
            )
        shop = cls(database, principal, client, {})
        if "places.read" in principal.permissions:
            found = await shop.ask("{ places(first: 50) { nodes { id code } } }")
            shop.places = {p["code"]: p["id"] for p in found["places"]["nodes"]}
        return shop

    async def switch(self, module: str, *, on: bool) -> None:
        """Switch a module on or off, which must not be refused."""
        errors = await self.try_switch(module, on=on)
        assert errors == [], errors

    async def try_switch(self, module: str, *, on: bool) -> list[Json]:
        """The same; the errors, none where it was done."""
        name = "enable" if on else "disable"
        sent = {"commandId": str(uuid7()), "name": module}
        answer = await self.ask(SWITCH % name, input=sent)
        errors: list[Json] = answer[f"{name}Module"]["errors"]
        return errors

    async def ask(self, document: str, **variables: Any) -> Json:
        """The data of an answer that must have no error."""
        answer = await self.raw(document, **variables)
        assert "errors" not in answer, answer
        data: Json = answer["data"]
        return data

    async def raw(self, document: str, **variables: Any) -> Json:
        body = {"query": document, "variables": variables}
        answer: Json = (await self.client.post("/graphql", json=body)).json()
        return answer

    async def item(self, code: str, **facts: Any) -> str:
        """A new item; its global id."""
        draft = ItemDraft(code=code, name=f"item {code}", **facts)
        made = await catalogue.create_item(self.database, self.principal, uuid7(), draft)
        return encode_id("Item", made.id)

    def document(self, type_: str, *lines: Json, on: str = "2026-03-02", **head: Any) -> Json:
        """The input of `postDocument`, in the main warehouse."""
        content = {"type": type_, "businessDate": on, "lines": list(lines), **head}
        content.setdefault("placeId", self.places["MAIN"])
        return {"commandId": str(uuid7()), "document": content}

    async def post(self, type_: str, *lines: Json, **head: Any) -> Json:
        """The payload of posting a document."""
        return await self.send(self.document(type_, *lines, **head))

    async def send(self, input_: Json) -> Json:
        payload: Json = (await self.ask(POST, input=input_))["postDocument"]
        return payload

    async def posted(self, type_: str, *lines: Json, **head: Any) -> Json:
        """The document, which must not be refused."""
        payload = await self.post(type_, *lines, **head)
        assert payload["errors"] == [], payload
        document: Json = payload["document"]
        return document


def line(item: str, quantity: str | None = None, price: str | None = None, **more: Any) -> Json:
    """The input of a line."""
    return {"itemId": item, "quantity": quantity, "unitPrice": price, **more}
