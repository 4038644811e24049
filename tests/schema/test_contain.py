"""What plugins' resolvers do is answered in their name, and ends neither the server nor the request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import psycopg
import pytest
import strawberry

from core.db.database import Database
from core.errors import LIMIT_EXCEEDED, refuse
from core.extension import containment
from schema.compose import composed_schema
from schema.plugin_api import (
    PART,
    Extension,
    Info,
    Item,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    query_field,
)
from tests.core.extension.making import installed, plugin
from tests.shop import Shop


class Unusual(BaseException):
    pass


def raising(fault: BaseException) -> Callable[[], Any]:
    def behave() -> Any:
        raise fault

    return behave


def spins() -> Any:
    while True:
        pass


BEHAVIOURS: dict[str, Callable[[], Any]] = {
    "raises": raising(RuntimeError("no")),
    "raises what nobody expects": raising(Unusual()),
    "exits": raising(SystemExit(1)),
    "interrupts": raising(KeyboardInterrupt()),
    "hangs": lambda: time.sleep(30),
    "spins": spins,
    "refuses": raising(refuse(LIMIT_EXCEEDED, "what", field="what", limit=1)),
    "loses the database": raising(psycopg.OperationalError("gone")),
    "behaves": lambda: None,
}
CODES = {"refuses": LIMIT_EXCEEDED, "loses the database": "UNAVAILABLE", "behaves": None}

What = Annotated[str, strawberry.argument(description="What to do.")]


@object_type(permission=PART)
class StrangeThing:
    """A type of the plugin's."""

    @field
    def inner(self, what: What) -> int | None:
        """Behaves as it is told."""
        BEHAVIOURS[what]()
        return 1


@input_type
class StrangeInput:
    """What to do."""

    what: str = field("What to do.")


@payload_type
class StrangePayload(Payload):
    """Whether it was done."""

    done: bool | None = field("Whether it was done.", default=None)


class Queries:
    @query_field(permission="catalogue.read")
    def strange_now(self, what: What) -> int | None:
        """At once."""
        BEHAVIOURS[what]()
        return 1

    @query_field(permission="catalogue.read")
    async def strange_later(self, info: Info, what: What) -> int | None:
        """After a while."""
        async with info.context.reading():
            BEHAVIOURS[what]()
        return 1

    @query_field(permission="catalogue.read")
    def strange_thing(self) -> StrangeThing:
        """A thing."""
        return StrangeThing()


class Mutations:
    @mutation_field(permission="catalogue.write")
    async def do_strange(
        self, info: Info, input: Annotated[StrangeInput, argument("What.")]
    ) -> StrangePayload:
        """Behaves as it is told."""
        BEHAVIOURS[input.what]()
        return StrangePayload(done=True)


class ItemFields:
    @field
    async def strange_field(self, item: strawberry.Parent[Item], what: What) -> int | None:
        """On a type of core."""
        BEHAVIOURS[what]()
        return 1


def graphql() -> Extension:
    return Extension(queries=Queries, mutations=Mutations, fields={Item: ItemFields})


QUERIES = {
    "now": "query($what: String!) { strangeNow(what: $what) categories { nodes { id } } }",
    "later": "query($what: String!) { strangeLater(what: $what) categories { nodes { id } } }",
    "inner": "query($what: String!) { strangeThing { inner(what: $what) } categories { nodes { id } } }",
    "field": """query($what: String!) { items(first: 1) { nodes { strangeField(what: $what) } }
      categories { nodes { id } } }""",
}
MUTATION = """mutation($input: StrangeInput!) { doStrange(input: $input) {
  done errors { code details } } }"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containment, "HOOK_SECONDS", 0.2)


@pytest.mark.parametrize("what", BEHAVIOURS)
async def test_a_field_that_fails_is_named_and_the_others_are_answered(
    what: str, db: Database
) -> None:
    with installed(plugin("strange", graphql)) as plugins:
        shop = await Shop.open(db, schema=composed_schema(plugins), modules={"strange"})
        await shop.item("A")
        for query in QUERIES.values():
            answer = await shop.raw(query, what=what)
            assert answer["data"]["categories"] == {"nodes": []}
            assert told(answer.get("errors", ()), "extensions") == expected(what)


@pytest.mark.parametrize("what", BEHAVIOURS)
async def test_a_mutation_that_fails_is_named(what: str, db: Database) -> None:
    with installed(plugin("strange", graphql)) as plugins:
        shop = await Shop.open(db, schema=composed_schema(plugins), modules={"strange"})
        answer = await shop.raw(MUTATION, input={"what": what})
        payload = (answer["data"] or {}).get("doStrange") or {"errors": []}
        found = told(answer.get("errors", ()), "extensions") or told(payload["errors"])
        assert found == expected(what)


def told(errors: Any, *path: str) -> list[tuple[str, Any]]:
    found = []
    for error in errors:
        facts = error
        for step in path:
            facts = facts[step]
        found.append((facts["code"], (facts.get("details") or {}).get("module")))
    return found


def expected(what: str) -> list[tuple[str, Any]]:
    code = CODES.get(what, "MODULE_FAILED")
    return [] if code is None else [(code, "strange" if code == "MODULE_FAILED" else None)]
