"""Who may do what: the reviewed table, and every root field as every role over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLField

from core.db.database import Database
from core.tenancy import service
from core.tenancy.directory.tables import Tenant
from core.tenancy.rules import PERMISSIONS, ROLES, Principal
from schema.access import ANY_MEMBER, PER_TYPE
from schema.compose import core_schema
from schema.protect import facts_of, grants
from server.app import ServerSettings, create_app
from tests.schema import role_matrix
from tests.schema.requests import request, root_fields
from tests.schema.statements import statements

SCHEMA = core_schema()


def test_the_table_is_the_reviewed_one() -> None:
    reviewed = role_matrix.TABLE.read_text("utf-8")
    assert role_matrix.table() == reviewed, "run `python -m tests.schema.role_matrix` and review it"


def test_only_permissions_that_exist_are_asked_for() -> None:
    asked = {grant.permission for grant in grants(SCHEMA._schema)}
    assert {name for name in asked if not name.startswith("(")} <= PERMISSIONS


async def signed_in(db: Database, tenant: Tenant, role: str) -> httpx.AsyncClient:
    """A client whose sign-in sends no statement, so that all that are sent are the field's."""
    member = await service.add_user(db, tenant.id, f"{uuid4()}@example.com", [role])
    who = Principal(
        member.user_id,
        member.email,
        tenant.id,
        tenant.name,
        member.roles,
        ROLES[role].permissions,
    )

    async def identify(_: Database, __: str) -> Principal:
        return who

    app = create_app(
        database=db, schema=SCHEMA, settings=ServerSettings(explorer=False), identify=identify
    )
    headers = {"Authorization": "Bearer tb_test"}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://tallybook", headers=headers)


def codes_of(answer: dict[str, Any], name: str) -> set[str]:
    """The codes of all errors, of the request and of the payload."""
    found = {error["extensions"]["code"] for error in answer.get("errors", ())}
    payload = (answer.get("data") or {}).get(name)
    if isinstance(payload, dict):
        found |= {error["code"] for error in payload.get("errors", ())}
    return found


def permission_of(field: GraphQLField) -> str:
    return str(facts_of(field)["permission"])


@pytest.mark.parametrize("role", ROLES)
async def test_every_root_field_as_every_role(db: Database, tenant: Tenant, role: str) -> None:
    client = await signed_in(db, tenant, role)
    for operation, name, field in root_fields(SCHEMA._schema):
        permission = permission_of(field)
        may = permission in ROLES[role].permissions or permission in (ANY_MEMBER, PER_TYPE)
        with statements(db) as sent:
            response = await client.post("/graphql", json=request(operation, name, field))
        codes = codes_of(response.json(), name)
        if may:
            assert codes.isdisjoint({"PERMISSION_DENIED", "INTERNAL", "UNAVAILABLE"}), (name, codes)
        else:
            assert codes == {"PERMISSION_DENIED"}, (name, codes)
            assert sent == [], name
