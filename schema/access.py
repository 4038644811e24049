"""Who may see what is declared where it is defined; what declares nothing does not start.

How to write a type (see ``schema/relay.py`` for lists and global ids)::

    @object_type(permission="catalogue.read", node=items_by_id)
    class Item(Node):
        \"""Something that is bought, sold or kept.\"""

        code: str = field("The shop's own code, unique.")
        category_id: strawberry.Private[UUID | None]
        standard_cost: Decimal | None = guarded_field("Cost per unit.", permission="cost.read")

        @field
        async def category(self, info: Info) -> Category | None:
            \"""Where it stands in the assortment.\"""
            return self.category_id and await info.context.load(categories_by_id, self.category_id)

and how to reach and change it::

    class Queries:
        @query_field(permission="catalogue.read")
        async def item(self, info: Info, id: ItemId) -> Item | None:
            \"""One item.\"""

    class Mutations:
        @mutation_field(permission="catalogue.write")
        async def create_item(self, info: Info, input: CreateItemInput) -> CreateItemPayload:
            \"""Add an item.\"""
            item = await service.create_item(info.context.database, info.context.principal, ...)
            return CreateItemPayload(item=Item.of(item))

    class Subscriptions:
        @subscription_field(permission="documents.read")
        async def document_events(self, info: Info) -> AsyncIterator[DocumentEvent]:
            \"""What becomes of documents.\"""
            async for heard in info.context.events("document.posted"):
                yield DocumentEvent.of(heard)

* ``Item``'s batch function is ``async def items_by_id(tx, keys) -> Mapping[UUID, Item]``.
* Docstrings of classes and functions and the texts given to :func:`field` are the descriptions of
  the SDL; every one is required. Arguments: ``Annotated[int, strawberry.argument(description=...)]``.
* A root field needs its permission. Without it a query answers with a top-level error and a mutation
  with a user error, both ``PERMISSION_DENIED``.
* A field that leads to a type of another permission, and a guarded field, must be nullable: they are
  null for whoever lacks it. Types that are only part of another (``PART``) need none of their own.
* The generator of a subscription runs for hours: it reads only in ``async with info.context.reading()``,
  which there is a moment of its own, and leaves the rest to the fields of what it yields. These are
  resolved for each event by itself, for whoever the listener is by then. ``heard.missed`` says that
  events were lost: yield an event that says so, after which the client reads anew.
* A payload is ``@payload_type`` over a subclass of ``Payload`` (``schema/errors.py``), which brings
  ``errors``; its own fields are nullable with ``default=None``. An input is ``@input_type``. A mutation
  raises :class:`core.errors.Refused` (or lets its service raise it); the payload is then made here.
* ``mutation_field(ledger=True)`` must be alone in its request; ``bulk=True`` lets a request be large.

``schema/protect.py`` puts the declarations into force when the schema is composed, and refuses to
compose what lacks one.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, dataclass
from typing import Any, TypeVar, cast, dataclass_transform, overload

import strawberry
from strawberry.types.field import StrawberryField

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

PART = "(part)"
"""A value without an existence of its own: whoever sees the object it belongs to sees it."""
OF_NODE = "(of node)"
"""Edges and connections: the permission of the nodes in them."""
ANY_MEMBER = "(any member)"
"""A root field for whoever is signed in: it shows them nothing but themselves."""
PER_TYPE = "(per type)"
"""``node(id:)``: the permission of the type found; its resolver sees to it."""


@dataclass(frozen=True, slots=True)
class NodeLoader:
    """How ``node(id:)`` finds objects of a type: a batch function over their UUIDs."""

    permission: str
    batch: Callable[..., Awaitable[Mapping[Any, Any]]]


class Described(StrawberryField):
    """A field that takes its description from the docstring of its resolver."""

    def __call__(self, resolver: Any) -> Described:
        super().__call__(resolver)
        self.description = self.description or inspect.getdoc(resolver)
        return self


@overload
def field(description: F) -> F: ...
@overload
def field(
    description: str | None = None,
    *,
    permission: str | None = None,
    size: int | None = None,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    name: str | None = None,
) -> Any: ...
def field(
    description: Any = None,
    *,
    permission: str | None = None,
    size: int | None = None,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    name: str | None = None,
) -> Any:
    """A field of a type: ``code: str = field("The shop's own code.")``, or ``@field`` over a method,
    whose docstring is then the description.

    ``permission``: null for whoever lacks it. ``size``: how many a plain list usually holds, for the
    cost of a query. ``name``: its name in the API, where camel case does not give the right one.
    """
    if callable(description):
        return Described()(description)
    return Described(
        graphql_name=name,
        description=description,
        default=default,
        default_factory=default_factory,
        metadata={"permission": permission, "size": size},
    )


def guarded_field(
    description: str | None = None, *, permission: str, default: Any = MISSING
) -> Any:
    """Like :func:`field`: null for whoever lacks the permission, and therefore nullable."""
    return field(description, permission=permission, default=default)


def query_field(*, permission: str) -> Callable[[F], F]:
    """A field of ``Query``; a caller without the permission is refused."""
    return _declared({"permission": permission})


def subscription_field(*, permission: str) -> Callable[[F], F]:
    """A field of ``Subscription``, an async generator; a caller without the permission is refused, and one
    who loses it is told so and hears nothing more."""
    made = Described(is_subscription=True, metadata={"permission": permission})
    return cast("Callable[[F], F]", made)


def mutation_field(
    *, permission: str, ledger: bool = False, bulk: bool = False
) -> Callable[[F], F]:
    """A field of ``Mutation``. ``ledger``: it must be alone in its request. ``bulk``: its request
    may be large."""
    return _declared({"permission": permission, "ledger": ledger, "bulk": bulk})


def _declared(facts: dict[str, Any]) -> Callable[[F], F]:
    # To the type checker the method stays the function it is.
    return cast("Callable[[F], F]", Described(metadata=facts))


@dataclass_transform(kw_only_default=True, field_specifiers=(field, guarded_field, StrawberryField))
def object_type(
    *,
    permission: str,
    node: Callable[..., Awaitable[Mapping[Any, Any]]] | None = None,
    name: str | None = None,
) -> Callable[[type[T]], type[T]]:
    """An object type: who may see it, and, for a ``Node``, how its objects are found by id."""

    def declare(cls: type[T]) -> type[T]:
        cls.__permission__ = permission  # type: ignore[attr-defined]  # read by schema.protect
        cls.__node__ = NodeLoader(permission, node) if node else None  # type: ignore[attr-defined]  # read by schema.protect
        made: type[T] = strawberry.type(cls, name=name, description=_description(cls))
        return made

    return declare


@dataclass_transform(kw_only_default=True, field_specifiers=(field, guarded_field, StrawberryField))
def interface_type(*, permission: str) -> Callable[[type[T]], type[T]]:
    """An interface. Its implementors must have the same permission, unless it is ``PER_TYPE``."""

    def declare(cls: type[T]) -> type[T]:
        cls.__permission__ = permission  # type: ignore[attr-defined]  # read by schema.protect
        made: type[T] = strawberry.interface(cls, description=_description(cls))
        return made

    return declare


@dataclass_transform(kw_only_default=True, field_specifiers=(field, StrawberryField))
def input_type(cls: type[T]) -> type[T]:
    """An input; its docstring is its description."""
    made: type[T] = strawberry.input(cls, description=_description(cls))
    return made


def _description(cls: type) -> str | None:
    # Its own docstring only: a class without one would show that of its base.
    return inspect.cleandoc(cls.__dict__["__doc__"]) if cls.__dict__.get("__doc__") else None
