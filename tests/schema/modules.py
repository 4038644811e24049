"""Small plugins for tests: one that keeps how long things last, and as many tiny ones as are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from types import ModuleType
from typing import Annotated, Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateTable

from core.db.protect import protection
from core.extension.registry import Plugin
from core.plugin_api import (
    Manifest,
    Permission,
    Refusal,
    Tables,
    Transaction,
    Uuid,
    define,
    hookimpl,
    refuse,
    rows,
)
from schema.plugin_api import (
    CreateItemInput,
    CreatePartyInput,
    CreatePlaceInput,
    Document,
    DocumentInput,
    DocumentLine,
    DocumentLineInput,
    Extension,
    Info,
    InputField,
    Item,
    Node,
    Party,
    Payload,
    Place,
    SaveItemInput,
    SavePartyInput,
    UpdateItemInput,
    UpdatePartyInput,
    UpdatePlaceInput,
    argument,
    encode_id,
    field,
    guarded_field,
    input_type,
    items_by_id,
    mutation_field,
    object_type,
    payload_type,
    query_field,
)

TOO_SHORT = define("SHELF_LIFE_TOO_SHORT", en="{days} days are too few.", zh="{days} 天太短。")
UNLUCKY = define("SHELF_LIFE_UNLUCKY", en="13 days will not do.", zh="不能是 13 天。")
TOO_LONG = define("SHELF_LIFE_TOO_LONG", en="Nothing lasts that long.", zh="保质期过长。")

tables = Tables("shelf_life")
span = tables.table(
    "span",
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("object_id", Uuid, primary_key=True),
    sa.Column("days", sa.Integer, nullable=False),
    sa.CheckConstraint("days < 1000", name="days"),
)


@contextmanager
def shelf_life_table(owner_url: str) -> Iterator[None]:
    """The plugin's table, until the block is left."""
    made = str(CreateTable(span).compile(dialect=PGDialect()))  # type: ignore[no-untyped-call]  # the library's
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for statement in (made, *protection(span)):
            owner.execute(statement.encode())
        yield
        owner.execute("drop table shelf_life_span")


# GraphQL


@strawberry.enum(description="How to keep it.")
class ShelfLifeStorage(Enum):
    """Warm or cold."""

    WARM = strawberry.enum_value("warm", description="On a shelf.")
    COLD = strawberry.enum_value("cold", description="In a fridge.")


@input_type
class ShelfLifeInput:
    """How long it lasts."""

    days: int | None = field("Days.", default=None)
    storage: ShelfLifeStorage | None = field("How to keep it.", default=None)


async def spans(tx: Transaction, keys: Sequence[tuple[str, UUID]]) -> Mapping[Any, ShelfLife]:
    ids = [key for _, key in keys]
    query = "select kind, object_id, days from shelf_life_span where object_id = any(%s)"
    found = await rows(tx, query, ids)
    return {(kind, key): ShelfLife(uuid=key, days=days) for kind, key, days in found}


async def spans_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, ShelfLife]:
    found = await spans(tx, [("item", key) for key in keys])
    return {key: life for (_, key), life in found.items()}


@object_type(permission="shelf_life.read", node=spans_by_id)
class ShelfLife(Node):
    """How long something lasts."""

    days: int = field("Days.")
    secret: int | None = guarded_field("Its secret.", permission="cost.read", default=7)

    @field
    async def item(self, info: Info) -> Item | None:
        """The item it is of."""
        return await info.context.load(items_by_id, self.uuid)

    @field
    def storage(self) -> ShelfLifeStorage:
        """How it is kept."""
        return ShelfLifeStorage.COLD


class OfItem:
    @field
    async def shelf_life(self, info: Info, item: strawberry.Parent[Item]) -> ShelfLife | None:
        """How long it lasts."""
        return await info.context.load(spans, ("item", item.uuid))


class OfParty:
    @field
    async def shelf_life(self, info: Info, party: strawberry.Parent[Party]) -> ShelfLife | None:
        """How long they last."""
        return await info.context.load(spans, ("party", party.uuid))


class OfPlace:
    @field
    async def shelf_life(self, info: Info, place: strawberry.Parent[Place]) -> ShelfLife | None:
        """How long it lasts."""
        return await info.context.load(spans, ("place", place.uuid))


class OfDocument:
    @field
    def shelf_life_days(self, document: strawberry.Parent[Document]) -> int | None:
        """What was sent with it."""
        return days_in(document.stored.document.extensions)


class OfLine:
    @field
    def shelf_life_days(self, line: strawberry.Parent[DocumentLine]) -> int | None:
        """What was sent with it."""
        return days_in(line.record.extensions)


def days_in(extensions: Mapping[str, Any]) -> int | None:
    days: int | None = extensions.get("shelf_life", {}).get("days")
    return days


@payload_type
class ShelfLifePayload(Payload):
    """What was set."""

    shelf_life: ShelfLife | None = field("How long it lasts.", default=None)


class Queries:
    @query_field(permission="shelf_life.read")
    async def shelf_life_default(
        self, info: Info, storage: Annotated[ShelfLifeStorage, argument("How it is kept.")]
    ) -> int | None:
        """How long things last otherwise."""
        return 30 if storage is ShelfLifeStorage.COLD else 3


class Mutations:
    @mutation_field(permission="shelf_life.write")
    async def check_shelf_life(
        self, info: Info, input: Annotated[ShelfLifeInput, argument("What.")]
    ) -> ShelfLifePayload:
        """Say whether something may last so long."""
        read(input)
        return ShelfLifePayload(shelf_life=ShelfLife(uuid=UUID(int=1), days=input.days or 0))


def read(sent: ShelfLifeInput) -> Mapping[str, Any]:
    if sent.days is not None and sent.days < 1:
        raise refuse(TOO_SHORT, "days", days=sent.days)
    if sent.days == 666:
        raise ValueError("select * from secrets")
    return {"days": sent.days}


LIFE = InputField(ShelfLifeInput, read, "How long it lasts.")


@hookimpl
def graphql() -> Extension:
    return Extension(
        fields={
            Item: OfItem,
            Party: OfParty,
            Place: OfPlace,
            Document: OfDocument,
            DocumentLine: OfLine,
        },
        inputs=dict.fromkeys(
            (
                CreateItemInput,
                SaveItemInput,
                UpdateItemInput,
                CreatePartyInput,
                SavePartyInput,
                UpdatePartyInput,
                CreatePlaceInput,
                UpdatePlaceInput,
                DocumentInput,
                DocumentLineInput,
            ),
            LIFE,
        ),
        queries=Queries,
        mutations=Mutations,
    )


FAULTS: dict[int, BaseException] = {
    500: RuntimeError("select * from secrets"),
    501: SystemExit(3),
    502: KeyboardInterrupt(),
    510: asyncio.CancelledError(),
}


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    await misbehave(tx, {value["days"] for value in values.values() if value})
    insert = (
        "insert into shelf_life_span (tenant_id, kind, object_id, days) values (%s, %s, %s, %s)"
        " on conflict (tenant_id, kind, object_id) do update set days = excluded.days"
    )
    for key, value in values.items():
        if value is None:
            await tx.raw.execute("delete from shelf_life_span where object_id = %s", (key,))
        else:
            given = (tx.tenant_id, kind, key, value["days"])
            await tx.raw.execute(insert.encode(), given)
    return [
        Refusal(UNLUCKY, (str(key), "days"))
        for key, value in values.items()
        if value and value["days"] == 13
    ]


async def misbehave(tx: Transaction, days: set[int]) -> None:
    """What a plugin may do wrong, by the number of days."""
    for number in days & FAULTS.keys():
        raise FAULTS[number]
    if 503 in days:
        await tx.sql.commit()
    if 504 in days:
        await tx.raw.rollback()
    if 505 in days:
        await tx.raw.execute("select set_config('app.tenant', %s, true)", (str(UUID(int=1)),))
    if 506 in days:
        await tx.raw.execute("select nothing from nowhere")
    if 507 in days:
        await asyncio.Event().wait()
    if 508 in days:
        await tx.raw.execute("select pg_sleep(60)")


# Plugins


def plugin(name: str, requires: tuple[str, ...] = (), **parts: Any) -> Plugin:
    """A plugin of this name with these hooks and other members; ``facts`` are of its manifest."""
    facts = {
        "version": "1",
        "core": ">=0.1",
        "title": name,
        "title_zh": name,
        "summary": name,
        "summary_zh": name,
        **parts.pop("facts", {}),
    }
    module = ModuleType(name)
    for key, value in parts.items():
        setattr(module, key, value)
    return Plugin(Manifest(name=name, requires=requires, **facts), module)


def extending(name: str, extension: Any, **parts: Any) -> Plugin:
    """A plugin that declares this to GraphQL."""

    @hookimpl
    def graphql() -> Any:
        return extension

    return plugin(name, graphql=graphql, **parts)


def shelf_life() -> Plugin:
    return plugin(
        "shelf_life",
        graphql=graphql,
        save_attributes=save_attributes,
        TOO_SHORT=TOO_SHORT,
        UNLUCKY=UNLUCKY,
        TOO_LONG=TOO_LONG,
        facts={
            "permissions": (
                Permission("shelf_life.read", ("seller",)),
                Permission("shelf_life.write"),
            ),
            "tables": tables,
            "refusals": {"shelf_life_span_days": TOO_LONG},
        },
    )


def tiny(name: str, requires: tuple[str, ...] = ()) -> Plugin:
    """A plugin with a type, a field on Item, a query and a field of the line's input."""
    begin = name.capitalize()

    class Sent:
        """What is sent."""

        word: str = field("A word.")

    Sent.__name__ = f"{begin}Input"
    sent = input_type(Sent)

    class Kept:
        """What comes back."""

        word: str = field("A word.")

    Kept.__name__ = f"{begin}Word"
    kept: Any = object_type(permission="catalogue.read")(Kept)

    def of_item(self: Any) -> Any:
        return kept(word=name)

    of_item.__annotations__ = {"return": kept | None}
    of_item.__doc__ = "A word."

    def ask(self: Any) -> str:
        """Its name."""
        return name

    ask.__annotations__ = {"return": str}
    ask = query_field(permission="catalogue.read")(ask)
    return extending(
        name,
        Extension(
            fields={Item: type("Fields", (), {f"{name}_word": field(of_item)})},
            inputs={
                DocumentLineInput: InputField(sent, lambda one: {"word": one.word}, "A word."),
            },
            queries=type("Queries", (), {f"{name}_name": ask}),
        ),
        requires=requires,
    )


def item_id(key: UUID) -> str:
    return encode_id("Item", key)
