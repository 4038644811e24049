"""What items, units, categories, places and parties have in common in the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypeVar, cast, get_type_hints
from uuid import UUID

import strawberry

from core.db.database import Transaction
from core.errors import INVALID, LIMIT_EXCEEDED, REQUIRED, Refused, refuse
from core.masterdata.rules import Verdict
from core.masterdata.tables import Order
from core.tenancy.service import load_settings
from core.text import clean_code, code_key
from schema.access import field, input_type
from schema.context import Info
from schema.extensions import Extensible, sent_for_plugins
from schema.limits import MAX_BULK
from schema.relay import Connection, Page, connection, page_of, uuid_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CODE = "The company's own code. Unique, without regard to case unless the settings say otherwise."
ACTIVE = "False once archived: it can be read for ever, but no longer chosen for new documents."
REVISION = "Raised by every change. Name the one you saw when you change the object."
CHANGED = "The mark of the last write: ask for what was `changedSince` it."
COMMAND_ID = (
    "Made by you, new for every intent. Sent again, as after a lost answer, it changes nothing and"
    " is answered as the first time."
)
NEW_ID = "The new object's UUID, made by you, best of version 7. Left out, the server makes one."
SEEN = "The revision you saw. Refused with STALE_REVISION if somebody wrote meanwhile."
ACTIVE_FILTER = "True: in use. False: archived. Both when left out."
CHANGED_SINCE = "Written after this mark; 0 for all. See `CHANGED` of `orderBy`."
SEARCH = "All of these words, each anywhere in {where}; upper and lower case are the same."

IdArgument: TypeAlias = Annotated[
    strawberry.ID | None, strawberry.argument(description="Its global id.")
]
CodeArgument: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Its code, in place of the id.")
]


@strawberry.enum(description="The order of a list of master data.")
class MasterDataOrder(Enum):
    """Ascending; equal names by id."""

    CODE = strawberry.enum_value("code", description="By code.")
    NAME = strawberry.enum_value("name", description="By name, character by character.")
    CHANGED = strawberry.enum_value(
        "changed",
        description="By the mark of the last write, oldest first: for devices that keep a copy."
        " Read with `changedSince` 0 once, page by page; from then on with the last mark you saw."
        " Nothing is missed, and what is written while you read comes at the end.",
    )


OrderArgument: TypeAlias = Annotated[
    MasterDataOrder, strawberry.argument(description="The order of the list.")
]


class Record(Protocol):
    """What rows of master data share."""

    @property
    def id(self) -> UUID: ...
    @property
    def changed(self) -> int: ...


class Filter(Protocol):
    """A core filter that can be narrowed to what changed."""

    @property
    def changed_since(self) -> int | None: ...


R = TypeVar("R", bound=Record)
N = TypeVar("N")
F = TypeVar("F", bound=Filter)


async def listed(
    info: Info,
    wanted: F,
    order: MasterDataOrder,
    paging: tuple[int | None, str | None],
    read: Callable[..., Awaitable[Sequence[R]]],
    count: Callable[[Transaction, F], Awaitable[int]],
    node: Callable[[R], N],
) -> Connection[N]:
    """A page of what a core module lists: ``read(tx, filter, order, after=, limit=)``.

    In the order of marks the cursor is the mark itself, for a record that is written between two
    pages moves to the end of the list.
    """
    by_mark = order is MasterDataOrder.CHANGED
    page = page_of(*paging, key=(int,) if by_mark else (UUID,))
    narrowed, after = wanted, page.after[0] if page.after else None
    if by_mark and after is not None:
        since = max(after, wanted.changed_since or 0)
        narrowed, after = replace(wanted, changed_since=since), None  # type: ignore[type-var]  # filters are dataclasses
    sort = cast(Order, order.value)
    async with info.context.reading() as tx:
        rows = await read(tx, narrowed, sort, after=after, limit=page.limit)

    async def total() -> int:
        async with info.context.reading() as tx:
            return await count(tx, wanted)

    return connection(
        page,
        rows,
        node=node,
        cursor=lambda row: (row.changed,) if by_mark else (row.id,),
        count=total,
    )


def children_page(first: int | None, after: str | None) -> Page:
    """The page of a list of children, whose cursors are ids."""
    return page_of(first, after, key=(UUID,))


async def by_code(
    tx: Transaction,
    codes: Sequence[str],
    read: Callable[[Transaction, Sequence[str]], Awaitable[Mapping[str, R]]],
) -> dict[str, R]:
    """Records by the codes as callers wrote them."""
    case_sensitive = (await load_settings(tx)).codes_case_sensitive
    keys: dict[str, str] = {}
    for code in codes:
        with suppress(Refused):  # what could not be a code is nobody's code
            keys[code] = code_key(clean_code(code), case_sensitive=case_sensitive)
    found = await read(tx, list(keys.values()))
    return {code: found[key] for code, key in keys.items() if key in found}


def one_of(**given: object | None) -> None:
    """Refuse unless exactly one of the arguments is given."""
    if sum(value is not None for value in given.values()) != 1:
        names = ", ".join(given)
        raise refuse(
            INVALID,
            reason=f"Give exactly one of: {names}.",
            reason_zh=f"必须且只能提供其中一个:{names}。",
        )


@input_type
class ChangeInput:
    """A change of an object that is there."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The object's global id.")
    revision: int = field(SEEN)


@input_type
class ArchiveInput(ChangeInput):
    """An object to take out of use."""


@input_type
class RestoreInput(ChangeInput):
    """An archived object to use again."""


def argument(description: str) -> Any:
    """The one argument ``input`` of a mutation."""
    return strawberry.argument(description=description)


UNSET: Any = strawberry.UNSET
"""The default of a field that can be left out apart from being null."""


_CALLERS = frozenset({"command_id", "id", "revision", "extensions"})


def said(
    value: DataclassInstance, references: Mapping[str, str], *path: str | int
) -> dict[str, Any]:
    """What an input says, in the core's words: global ids of the types named in ``references`` as
    UUIDs, enums as their values. Fields left out are absent, nulls are None; `commandId`, `id` and
    `revision` are the caller's business. What was sent for plugins is under ``extensions``."""
    found: dict[str, Any] = {}
    if isinstance(value, Extensible) and (sent := sent_for_plugins(value, *path)):
        found["extensions"] = sent
    for name in (f.name for f in fields(value)):
        given = getattr(value, name)
        if name in _CALLERS or given is UNSET:
            continue
        if name in references and given is not None:
            given = uuid_of(given, references[name], *path, name)
        found[name] = given.value if isinstance(given, Enum) else given
    return found


def changes(value: ChangeInput, references: Mapping[str, str], allowed: type) -> Any:
    """What an update input says, as the core's TypedDict ``allowed``. Refuses null (REQUIRED) for
    what cannot be cleared."""
    kinds = get_type_hints(allowed)
    clearable = [
        name for name, kind in kinds.items() if type(None) in getattr(kind, "__args__", ())
    ]
    return clearing_refused(said(value, references), except_for=clearable)


def clearing_refused(asked: dict[str, Any], *, except_for: Collection[str]) -> dict[str, Any]:
    """What was asked for. Refuses null (REQUIRED) for what cannot be cleared."""
    for name, given in asked.items():
        if given is None and name not in except_for:
            raise refuse(REQUIRED, name, field=name)
    return asked


S = TypeVar("S")
T = TypeVar("T")


async def saved(
    given: Sequence[S],
    name: str,
    prepare: Callable[[S], T],
    save: Callable[[list[T]], Awaitable[Sequence[Verdict]]],
) -> list[Verdict]:
    """A bulk: what can be prepared is saved, and each has its verdict, in the order given. ``name``
    is the field that holds them; paths lead from the input as a whole."""
    if len(given) > MAX_BULK:
        raise refuse(LIMIT_EXCEEDED, name, field=name, limit=MAX_BULK)
    verdicts: dict[int, Verdict] = {}
    prepared: dict[int, T] = {}
    for n, one in enumerate(given):
        try:
            prepared[n] = prepare(one)
        except Refused as refused:
            verdicts[n] = Verdict(None, refused.refusals)
    if prepared:
        done = await save(list(prepared.values()))
        verdicts |= zip(prepared, done, strict=True)
    return [
        Verdict(v.id, tuple(refusal.under(name, n) for refusal in v.refusals))
        for n, v in sorted(verdicts.items())
    ]
