"""A small schema that uses every helper once: shelves with toys on them, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from dataclasses import field as data_field
from decimal import Decimal
from inspect import isawaitable
from types import SimpleNamespace
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from graphql import ExecutionResult, parse
from graphql.execution import execute

from core.db.database import Database, OutcomeUnknownError, Transaction
from core.errors import INVALID, NOT_FOUND, refuse
from core.tenancy.rules import Principal
from schema import relay
from schema.access import field, guarded_field, input_type, mutation_field, object_type, query_field
from schema.compose import ComposedSchema, build_schema
from schema.context import Context, Info
from schema.errors import Payload, payload_type
from schema.relay import After, Connection, First, Node, connection, page_of, uuid_of

TENANT = UUID(int=1)
SHELVES = {UUID(int=100 + n): f"shelf {n}" for n in range(3)}
TOYS = {UUID(int=1000 + n): f"toy {n:03}" for n in range(250)}


@dataclass
class Journal:
    """What the pretended database was asked."""

    statements: list[tuple[str, int]] = data_field(default_factory=list)
    opened: int = 0
    closed: list[str] = data_field(default_factory=list)


class PretendedDatabase:
    """Counts snapshots and says how each of them ended."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.sql = SimpleNamespace(closed=False)

    @asynccontextmanager
    async def snapshot(self, tenant_id: UUID) -> AsyncIterator[Transaction]:
        assert tenant_id == TENANT
        self.journal.opened += 1
        try:
            yield cast(Transaction, self)
        except BaseException as error:
            self.journal.closed.append(type(error).__name__)
            raise
        self.journal.closed.append("ended")


def said(tx: Transaction, statement: str, size: int) -> None:
    cast(PretendedDatabase, tx).journal.statements.append((statement, size))


async def shelves_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Shelf]:
    said(tx, "shelves", len(keys))
    return {key: Shelf(uuid=key, name=SHELVES[key]) for key in keys if key in SHELVES}


async def toys_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Toy]:
    said(tx, "toys", len(keys))
    return {key: Toy.of(key) for key in keys if key in TOYS}


@object_type(permission="places.read", node=shelves_by_id)
class Shelf(Node):
    """Where toys stand."""

    name: str = field("What is written on it.")


@object_type(permission="catalogue.read", node=toys_by_id)
class Toy(Node):
    """Something to play with."""

    name: str = field("Its name.")
    cost: Decimal | None = guarded_field("What it cost.", permission="cost.read")

    @classmethod
    def of(cls, uuid: UUID) -> Toy:
        return cls(uuid=uuid, name=TOYS[uuid], cost=Decimal("1.50"))

    @field
    async def shelf(self, info: Info) -> Shelf | None:
        """Where it stands."""
        return await info.context.load(shelves_by_id, UUID(int=100 + self.uuid.int % 3))

    @field
    async def friends(self, info: Info, first: First = None) -> Connection[Toy]:
        """Toys like it."""
        page = page_of(first)
        return connection(
            page,
            list(TOYS)[: page.limit],
            node=Toy.of,
            cursor=lambda uuid: (TOYS[uuid], uuid),
        )


@input_type
class ToyInput:
    """A toy to make."""

    name: str = field("Its name.")
    price: Decimal = field("What it shall cost.")
    shelf: strawberry.ID | None = field("Where to put it.", default=None)
    mood: str = field("How the service shall behave.", default="kind")


@payload_type
class MakeToyPayload(Payload):
    """The toy made."""

    toy: Toy | None = field("The toy.", default=None)


async def _count() -> int:
    return len(TOYS)


class ToyQueries:
    @query_field(permission="catalogue.read")
    async def toys(self, info: Info, first: First = None, after: After = None) -> Connection[Toy]:
        """All toys by name."""
        page = page_of(first, after, key=(str, UUID))
        async with info.context.reading() as tx:
            said(tx, "list", page.limit)
        start = list(TOYS).index(page.after[1]) + 1 if page.after else 0
        return connection(
            page,
            list(TOYS)[start : start + page.limit],
            node=Toy.of,
            cursor=lambda uuid: (TOYS[uuid], uuid),
            count=_count,
        )

    @query_field(permission="catalogue.read")
    async def broken(
        self, info: Info, how: Annotated[str, strawberry.argument(description="How.")]
    ) -> str | None:
        """Always fails."""
        if how == "deadlock":
            async with info.context.reading():
                await info.context.load(toys_by_id, UUID(int=1000))
        if how == "refuse":
            raise refuse(NOT_FOUND, "how", id=how)
        raise ValueError("select * from secret_table in /srv/app")

    @query_field(permission="catalogue.read")
    async def slow(
        self, info: Info, seconds: Annotated[float, strawberry.argument(description="How long.")]
    ) -> str:
        """Takes its time, holding the connection."""
        async with info.context.reading() as tx:
            said(tx, "slow", 1)
            await asyncio.sleep(seconds)
        return "done"


class ToyMutations:
    @mutation_field(permission="catalogue.write", ledger=True)
    async def make_toy(
        self, info: Info, input: Annotated[ToyInput, strawberry.argument(description="What.")]
    ) -> MakeToyPayload:
        """Make a toy."""
        if input.shelf is not None:
            uuid_of(input.shelf, "Shelf", "shelf")
        if input.mood == "unknown":
            raise OutcomeUnknownError
        if input.mood == "broken":
            raise ValueError("password=hunter2")
        if input.price <= 0:
            raise refuse(
                INVALID, "lines", 2, "unit_price", reason="Too cheap.", reason_zh="太便宜。"
            )
        return MakeToyPayload(toy=Toy.of(UUID(int=1000)))

    @mutation_field(permission="catalogue.write", bulk=True)
    async def make_toys(
        self,
        info: Info,
        input: Annotated[list[ToyInput], strawberry.argument(description="What.")],
    ) -> MakeToyPayload:
        """Make many toys."""
        return MakeToyPayload(toy=Toy.of(UUID(int=1000 + len(input) % 10)))


ALL = frozenset({"catalogue.read", "catalogue.write", "places.read", "cost.read", "settings.write"})


def toy_schema() -> ComposedSchema:
    return build_schema([relay.Queries, ToyQueries], [ToyMutations])


def toy_context(
    database: PretendedDatabase, permissions: frozenset[str] = ALL, language: Any = "en"
) -> Context:
    return Context(cast(Database, database), person(permissions), language)


def person(permissions: frozenset[str] = ALL) -> Principal:
    return Principal(UUID(int=9), "a@example.org", TENANT, "toys", (), permissions)


async def run(context: Context, query: str) -> ExecutionResult:
    """Execute a document as it stands, without the gates before execution."""
    answer = execute(
        SCHEMA._schema,
        parse(query),
        context_value=context,
        executor_class=SCHEMA.execution_context_class,
    )
    return await answer if isawaitable(answer) else answer


SCHEMA = toy_schema()
