"""Global ids and lists, as Relay wants them.

How to write a list::

    class Queries:
        @query_field(permission="catalogue.read")
        async def items(self, info: Info, first: First = None, after: After = None) -> Connection[Item]:
            \"""All items by code.\"""
            page = page_of(first, after, key=(str, UUID))
            async with info.context.reading() as tx:
                rows = await tables.list_items(tx, after=page.after, limit=page.limit)
            return connection(
                page, rows, node=Item.of, cursor=lambda row: (row.code, row.id),
                count=lambda: context.load(count_items, filter),
            )

A cursor holds the values the list is ordered by, ending in one that is unique; ``page.after`` are the
last ones seen, or None. ``page.limit`` is one more than asked for: the extra row tells whether there is
a next page. A list
inside an object goes through a loader, with the page as a parameter::

    rows = await info.context.load(lines_of_documents, self.uuid, page)

References in inputs are global ids: ``item: strawberry.ID``, read with
``uuid_of(input.item, "Item", "item")``, which refuses like an id that does not exist.
"""

from __future__ import annotations

import asyncio
import binascii
import datetime as dt
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types import get_object_definition

from core.errors import LIMIT_EXCEEDED, NOT_FOUND, define, refuse
from schema.access import (
    OF_NODE,
    PART,
    PER_TYPE,
    NodeLoader,
    field,
    interface_type,
    object_type,
    query_field,
)
from schema.context import Info
from schema.limits import DEFAULT_PAGE, MAX_PAGE, unstorable
from schema.scalars import parse_date, parse_decimal, parse_moment, parse_uuid, plain

BAD_CURSOR = define(
    "BAD_CURSOR",
    en="This cursor does not come from this list. Start again without it.",
    zh="该游标不属于此列表,请不带游标重新开始。",
)
BAD_PAGE = define(
    "BAD_PAGE", en="A page holds from 0 to {limit} objects.", zh="每页 0 到 {limit} 个。"
)

NodeType = TypeVar("NodeType")
Row = TypeVar("Row")

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"How many, at most {MAX_PAGE}; {DEFAULT_PAGE} when left out."),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The `endCursor` of the page before this one.")
]


def encode_id(type_name: str, uuid: UUID) -> strawberry.ID:
    """The global id of an object."""
    return strawberry.ID(urlsafe_b64encode(f"{type_name}:{uuid}".encode()).decode())


def decode_id(global_id: str) -> tuple[str, UUID] | None:
    """Type and UUID of a global id, or None if it is not one."""
    if len(global_id) > 200:
        return None
    try:
        type_name, _, uuid = urlsafe_b64decode(global_id.encode()).decode().partition(":")
        found = UUID(uuid)
    except (ValueError, binascii.Error):
        return None
    # One object has one id: other spellings of it are not ids.
    return (type_name, found) if encode_id(type_name, found) == global_id else None


def uuid_of(global_id: str, type_name: str, *path: str | int) -> UUID:
    """The UUID in a global id that must be of this type.

    Refuses with NOT_FOUND at ``path``, whether the id is none, of another type or of no object: an
    answer that told them apart would tell what strangers have (reliability rule 14).
    """
    decoded = decode_id(global_id)
    if decoded is None or decoded[0] != type_name:
        raise refuse(NOT_FOUND, *path, id=global_id[:200])
    return decoded[1]


def optional_uuid(global_id: str | None, type_name: str, *path: str | int) -> UUID | None:
    """The same of an id that may be left out, or null."""
    return None if global_id is None else uuid_of(global_id, type_name, *path)


@interface_type(permission=PER_TYPE)
class Node:
    """An object with a global id, found again by `node`."""

    uuid: strawberry.Private[UUID]

    @field
    def id(self) -> strawberry.ID:
        """The object's id in the whole API. Opaque: store it, compare it, do not take it apart."""
        definition = get_object_definition(type(self), strict=True)
        return encode_id(definition.name, self.uuid)


@object_type(permission=PART)
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = field("Whether there are more after this page.")
    has_previous_page: bool = field("Whether this page was asked for with `after`.")
    start_cursor: str | None = field("The cursor of the first edge; null on an empty page.")
    end_cursor: str | None = field("The cursor of the last edge: the `after` of the next page.")


@object_type(permission=OF_NODE)
class Edge(Generic[NodeType]):
    """An object of a list, with its place in it."""

    node: NodeType = field("The object.")
    cursor: str = field("Its place: list on from here with `after`.")


@object_type(permission=OF_NODE)
class Connection(Generic[NodeType]):
    """A page of a list."""

    nodes: list[NodeType] = field("The objects alone.")
    page_info: PageInfo = field("Where this page lies.")
    cursors: strawberry.Private[Callable[[], list[str]]]
    count: strawberry.Private[Callable[[], Awaitable[int | None]] | None] = None

    @field
    def edges(self) -> list[Edge[NodeType]]:
        """The objects with their cursors."""
        pairs = zip(self.nodes, self.cursors(), strict=True)
        return [Edge(node=node, cursor=cursor) for node, cursor in pairs]

    @field
    async def total_count(self) -> int | None:
        """How many there are in the whole list; null where counting is not offered. It is counted
        when you ask, so ask only where you show it."""
        return await self.count() if self.count else None


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asked of a list. Hashable, so that it can be a loader's parameter."""

    first: int
    after: tuple[Any, ...] | None = None

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than shown."""
        return self.first + 1


def page_of(first: int | None, after: str | None = None, *, key: tuple[type, ...] = ()) -> Page:
    """Check ``first`` and ``after``; ``key`` are the types of the values in this list's cursors: of
    ``str``, ``int``, ``UUID``, ``Decimal``, ``date`` and ``datetime``.

    Refuses with LIMIT_EXCEEDED, BAD_PAGE or BAD_CURSOR.
    """
    size = DEFAULT_PAGE if first is None else first
    if size < 0:
        raise refuse(BAD_PAGE, "first", limit=MAX_PAGE)
    if size > MAX_PAGE:
        raise refuse(LIMIT_EXCEEDED, "first", field="first", limit=MAX_PAGE)
    return Page(size, None if after is None else decode_cursor(after, key))


def encode_cursor(values: Sequence[Any]) -> str:
    """A cursor as the API shows it: opaque."""
    return urlsafe_b64encode(orjson.dumps(plain(list(values)))).decode()


def decode_cursor(text: str, key: tuple[type, ...]) -> tuple[Any, ...]:
    """The values of a cursor that :func:`encode_cursor` made; refuses all else with BAD_CURSOR.

    Each value must be of its type exactly: a forged cursor must not reach the database as a
    comparison that fails there.
    """
    try:
        values = orjson.loads(urlsafe_b64decode(text.encode()))
        return tuple(_VALUES[type_](value) for type_, value in zip(key, values, strict=True))
    except (ValueError, TypeError, GraphQLError):
        raise refuse(BAD_CURSOR, "after") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or unstorable(value):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


_VALUES: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    UUID: parse_uuid,
    Decimal: parse_decimal,
    dt.date: parse_date,
    dt.datetime: parse_moment,
}


def connection(
    page: Page,
    rows: Sequence[Row],
    *,
    node: Callable[[Row], NodeType],
    cursor: Callable[[Row], Sequence[Any]],
    count: Callable[[], Awaitable[int | None]] | None = None,
) -> Connection[NodeType]:
    """A page of ``rows``: the up to ``page.limit`` rows after ``page.after``. ``cursor`` gives the
    values of a row that the list is ordered by."""
    shown = rows[: page.first]
    return Connection(
        nodes=[node(row) for row in shown],
        page_info=PageInfo(
            has_next_page=len(rows) > page.first,
            has_previous_page=page.after is not None,
            start_cursor=encode_cursor(cursor(shown[0])) if shown else None,
            end_cursor=encode_cursor(cursor(shown[-1])) if shown else None,
        ),
        cursors=lambda: [encode_cursor(cursor(row)) for row in shown],
        count=count,
    )


NodeId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="A global id, from any field `id`.")
]
NodeIds: TypeAlias = Annotated[
    list[strawberry.ID],
    strawberry.argument(description=f"Global ids, at most {MAX_PAGE}, in the order of the answer."),
]


class Queries:
    """Objects by their global ids."""

    @query_field(permission=PER_TYPE)
    async def node(self, info: Info, id: NodeId) -> Node | None:
        """Any object by its global id. Null if there is none, or none that you may see."""
        return await _find(info, id)

    @query_field(permission=PER_TYPE)
    async def nodes(self, info: Info, ids: NodeIds) -> list[Node | None]:
        """Several objects by their global ids."""
        if len(ids) > MAX_PAGE:
            raise refuse(LIMIT_EXCEEDED, "ids", field="ids", limit=MAX_PAGE)
        return await asyncio.gather(*(_find(info, global_id) for global_id in ids))


async def _none() -> None:
    return None


def _find(info: Info, global_id: str) -> Awaitable[Node | None]:
    decoded = decode_id(global_id)
    loader = decoded and _loader(info, decoded[0])
    if not decoded or not loader or not info.context.may(loader.permission):
        return _none()
    return info.context.load(loader.batch, decoded[1])


def _loader(info: Info, type_name: str) -> NodeLoader | None:
    # Asked of this schema, not of a registry: a type hidden from a tenant is not found.
    graphql_type = info.schema.get_type_by_name(type_name)
    return getattr(getattr(graphql_type, "origin", None), "__node__", None)
