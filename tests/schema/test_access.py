"""Default deny: what declares no permission does not compose, what is guarded stays hidden."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry

from schema.access import PART, field, mutation_field, object_type, query_field
from schema.compose import CollisionError, build_schema
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.protect import UndeclaredError, grants
from schema.relay import encode_id
from tests.schema.toy import (
    ALL,
    SCHEMA,
    TOYS,
    PretendedDatabase,
    Toy,
    ToyQueries,
    run,
    toy_context,
)

A_TOY = next(iter(TOYS))


async def data(query: str, permissions: frozenset[str] = ALL) -> Any:
    async with toy_context(PretendedDatabase(), permissions) as context:
        result = await run(context, query)
    assert not result.errors, result.errors
    return result.data


async def test_guarded_field_is_null_without_its_permission() -> None:
    query = "{ toys(first: 1) { nodes { name cost } } }"
    seen = await data(query)
    assert seen["toys"]["nodes"] == [{"name": "toy 000", "cost": "1.50"}]
    hidden = await data(query, ALL - {"cost.read"})
    assert hidden["toys"]["nodes"] == [{"name": "toy 000", "cost": None}]


async def test_edge_to_a_type_of_another_permission_is_null() -> None:
    hidden = await data("{ toys(first: 1) { nodes { shelf { name } } } }", ALL - {"places.read"})
    assert hidden["toys"]["nodes"] == [{"shelf": None}]


async def test_root_field_refuses() -> None:
    async with toy_context(PretendedDatabase(), frozenset()) as context:
        result = await run(context, "{ toys { nodes { name } } }")
    assert result.data is None
    assert result.errors
    assert "catalogue.read" in result.errors[0].message


async def test_mutation_refuses_in_its_payload() -> None:
    query = 'mutation { makeToy(input: {name: "a", price: "1"}) { toy { name } errors { code } } }'
    answer = await data(query, frozenset())
    assert answer["makeToy"] == {"toy": None, "errors": [{"code": "PERMISSION_DENIED"}]}


async def test_node_answers_alike_for_hidden_and_missing() -> None:
    query = f'{{ node(id: "{encode_id("Toy", A_TOY)}") {{ __typename id }} }}'
    assert (await data(query))["node"]["__typename"] == "Toy"
    assert (await data(query, frozenset()))["node"] is None
    for wrong in (
        encode_id("Shelf", A_TOY),
        encode_id("PageInfo", A_TOY),
        encode_id("Query", A_TOY),
        "",
        "💥",
        "VG95OnRveQ==",
        "a" * 5000,
    ):
        assert (await data(f'{{ node(id: "{wrong}") {{ id }} }}'))["node"] is None


def test_the_table_is_complete() -> None:
    table = {grant.what: grant.permission for grant in grants(SCHEMA._schema)}
    assert table["Query.toys"] == "catalogue.read"
    assert table["Mutation.makeToy"] == "catalogue.write"
    assert table["Toy.cost"] == "cost.read"
    assert table["ToyConnection"] == "catalogue.read"


@strawberry.type
class Bare:
    name: str


class UndeclaredRoot:
    @field
    def hello(self) -> str:
        """Says hello."""
        return "hello"


class UndeclaredType:
    @query_field(permission="catalogue.read")
    def bare(self) -> Bare | None:
        """A type that declares nothing."""
        return None


@object_type(permission="catalogue.read")
class Proud:
    """A type whose guarded field could not be hidden."""

    cost: str = field("What it cost.", permission="cost.read")


class ProudQueries:
    @query_field(permission="catalogue.read")
    def proud(self) -> Proud | None:
        """A type."""
        return None


class CrossingQueries:
    @query_field(permission="places.read")
    def crossing(self) -> Toy:
        """Leads to what its own permission does not cover."""
        raise NotImplementedError


@object_type(permission=PART)
class Loose:
    """Not a payload."""

    name: str = field("A name.")


@payload_type
class StiffPayload(Payload):
    """A payload that cannot hold errors alone."""

    name: str = field("A name.")


class LooseMutations:
    @mutation_field(permission="catalogue.write")
    def loosen(self, info: Info) -> Loose:
        """Answers with no payload."""
        raise NotImplementedError


class StiffMutations:
    @mutation_field(permission="catalogue.write")
    def stiffen(self, info: Info) -> StiffPayload:
        """Answers with a payload that has a required field."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("queries", "mutations", "named"),
    [
        (UndeclaredRoot, None, "Query.hello declares no permission"),
        (UndeclaredType, None, "type Bare declares no permission"),
        (ProudQueries, None, "Proud.cost needs cost.read and must be nullable"),
        (CrossingQueries, None, "Query.crossing needs catalogue.read and must be nullable"),
        (ToyQueries, LooseMutations, "Mutation.loosen does not answer with a payload"),
        (ToyQueries, StiffMutations, "StiffPayload.name must be nullable"),
    ],
)
def test_what_declares_nothing_does_not_compose(
    queries: type, mutations: type | None, named: str
) -> None:
    with pytest.raises(UndeclaredError, match=named):
        build_schema([queries], [mutations] if mutations else [])


def test_two_modules_with_one_field_are_refused() -> None:
    with pytest.raises(CollisionError, match=r"Query\.toys"):
        build_schema([ToyQueries, ToyQueries])
