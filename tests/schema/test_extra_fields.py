"""What a caller may not decide is no field of any input, and is refused when sent all the same: nobody
assigns themselves a tenant, a state, a cost or an approval in passing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLField, get_named_type, is_input_object_type

from core.db.database import Database
from core.tenancy.directory.tables import Tenant
from schema.compose import core_schema
from tests.schema.requests import request, root_fields, sample
from tests.schema.statements import statements
from tests.schema.test_role_matrix import signed_in

SCHEMA = core_schema()
NOT_THEIRS = (
    *("tenant", "tenantId", "tenant_id", "status", "state", "postedAt", "cost", "unitCost"),
    *("createdBy", "version", "number", "sequence", "approvedBy", "postedBy", "permissions"),
    *("changed", "userId", "actor", "__typename"),
)
ASKED_FOR = {("DocumentFilterInput", "number"), ("RemoveMemberInput", "userId")}
"""Where such a name is one to look for, not one to set."""

INPUTS = sorted(
    name for name, type_ in SCHEMA._schema.type_map.items() if is_input_object_type(type_)
)

Path = tuple[str, ...]


def places(type_: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """The input types below an argument, each with the way to it."""
    named = get_named_type(type_)
    if is_input_object_type(named):
        step = f"{path[-1]}[]" if "[" in str(type_) else path[-1]
        path = (*path[:-1], step)
        yield named.name, path
        for name, field in named.fields.items():
            yield from places(field.type, (*path, name))


def filled(type_: Any, path: Path) -> Any:
    """A value of the type with an object at the path, and that object."""
    name, *rest = path
    holder = {name.removesuffix("[]"): sample(type_)}
    target, named = holder[name.removesuffix("[]")], get_named_type(type_)
    for step in (name, *rest):
        if step is not name:
            field = named.fields[step.removesuffix("[]")]
            target[step.removesuffix("[]")] = sample(field.type)
            target, named = target[step.removesuffix("[]")], get_named_type(field.type)
        if step.endswith("[]"):
            target = target[0]
    return holder, target


CASES: list[tuple[str, str, GraphQLField, Path, str]] = [
    (operation, root, field, path, type_)
    for operation, root, field in root_fields(SCHEMA._schema)
    for argument, facts in field.args.items()
    for type_, path in places(facts.type, (argument,))
]


def test_every_input_is_reached() -> None:
    assert {type_ for *_, type_ in CASES} == set(INPUTS)


def test_what_is_not_theirs_is_no_field() -> None:
    types: Any = SCHEMA._schema.type_map
    found = {
        (type_, name) for type_ in INPUTS for name in NOT_THEIRS if name in types[type_].fields
    }
    assert found == ASKED_FOR


@pytest.fixture(scope="module")
async def client(db: Database) -> httpx.AsyncClient:
    from core.tenancy import service

    tenant: Tenant = await service.create_tenant(db, "extra fields")
    return await signed_in(db, tenant, "administrator")


@pytest.mark.parametrize(
    ("operation", "root", "field", "path", "type_"),
    CASES,
    ids=[f"{root}({'.'.join(path)})" for _, root, _, path, _ in CASES],
)
async def test_what_is_not_theirs_is_refused(
    db: Database,
    client: httpx.AsyncClient,
    operation: str,
    root: str,
    field: GraphQLField,
    path: Path,
    type_: str,
) -> None:
    argument = path[0].removesuffix("[]")
    for name in NOT_THEIRS:
        if (type_, name) in ASKED_FOR:
            continue
        holder, target = filled(field.args[argument].type, path)
        target[name] = "1"
        body = request(operation, root, field, **holder)
        with statements(db) as sent:
            answer = (await client.post("/graphql", json=body)).json()
        assert "data" not in answer, (name, answer)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes == {"BAD_USER_INPUT"}, (name, answer)
        assert any(name in error["message"] for error in answer["errors"]), (name, answer)
        assert sent == [], name


async def test_the_same_without_them_is_in_order(client: httpx.AsyncClient) -> None:
    """It was the field that was refused, not the rest."""
    for operation, root, field, path, _ in CASES:
        holder, _ = filled(field.args[path[0].removesuffix("[]")].type, path)
        answer = (
            await client.post("/graphql", json=request(operation, root, field, **holder))
        ).json()
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert "BAD_USER_INPUT" not in codes, (root, path, answer)
