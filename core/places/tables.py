"""The location tree: its table and all its SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.database import Transaction
from core.db.metadata import Uuid, tenant_key, tenant_table
from core.masterdata.rules import columns_of
from core.masterdata.tables import Order, Register
from core.places.rules import Place, PlaceKind

place = tenant_table(
    "place",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("parent_id", Uuid),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("zone", sa.Text),
    sa.Column("path", ARRAY(Uuid), nullable=False),
    sa.Column("negative_stock", sa.Text),
    sa.Column("holds_stock", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.UniqueConstraint("tenant_id", "account"),
    sa.Index(None, "tenant_id", "parent_id"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint(
        "kind in ('organisation','store','warehouse','bin','transit','work','processor','virtual')",
        name="kind_known",
    ),
    sa.CheckConstraint(
        "(kind in ('virtual','transit','work')) = (account is not null)", name="account"
    ),
    sa.CheckConstraint("path[cardinality(path)] = id", name="path_ends_here"),
    sa.CheckConstraint("negative_stock in ('forbid','allow')", name="negative_stock"),
    tenant_key("parent_id", to="place"),
)

register = Register(place, Place)


async def places_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Place]:
    return await register.by_id(tx, ids)


async def changed_places(tx: Transaction, since: int, limit: int) -> list[Place]:
    """Places written after the mark ``since``, archived ones included."""
    return await register.changed(tx, since, limit)


async def places_by_account(tx: Transaction) -> dict[str, Place]:
    """The tenant's virtual places, and those of goods in transit and in work, by account name."""
    found = await register.all(tx, register.query(tx).where(place.c.account.is_not(None)))
    return {p.account: p for p in found if p.account is not None}


async def root_place(tx: Transaction) -> Place:
    """The organisation at the top of the tenant's tree."""
    query = register.query(tx).where(place.c.parent_id.is_(None), place.c.kind == "organisation")
    (root,) = await register.all(tx, query)
    return root


async def subtree(tx: Transaction, place_id: UUID) -> list[Place]:
    """The place and everything below it."""
    inside = sa.literal(place_id, Uuid) == sa.any_(place.c.path)
    return await register.all(tx, register.query(tx).where(inside).order_by(place.c.code_key))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFilter:
    """Which places to list; None admits all. ``within`` is a place with everything below it."""

    kinds: tuple[PlaceKind, ...] | None = None
    parent_id: UUID | None = None
    within: UUID | None = None
    holds_stock: bool | None = None
    active: bool | None = True
    search: str | None = None
    changed_since: int | None = None


async def list_places(
    tx: Transaction,
    wanted: PlaceFilter,
    order: Order = "code",
    *,
    after: UUID | None = None,
    descending: bool = False,
    limit: int,
) -> list[Place]:
    """A page of places; ``after`` is the id of the last one already seen."""
    query = _matching(tx, wanted)
    return await register.page(tx, query, order, after=after, descending=descending, limit=limit)


async def count_places(tx: Transaction, wanted: PlaceFilter) -> int:
    return await register.count(tx, _matching(tx, wanted))


async def put_places(tx: Transaction, places: Iterable[Place], key: Callable[[str], str]) -> None:
    """Write places; ``key`` makes a code's key."""
    rows = [{**columns_of(p), "path": list(p.path), "code_key": key(p.code)} for p in places]
    await register.put_tree(tx, rows)


def _matching(tx: Transaction, wanted: PlaceFilter) -> sa.Select[Any]:
    query = register.query(tx, wanted.changed_since)
    if wanted.kinds is not None:
        query = query.where(place.c.kind.in_(wanted.kinds))
    if wanted.parent_id is not None:
        query = query.where(place.c.parent_id == wanted.parent_id)
    if wanted.within is not None:
        query = query.where(sa.literal(wanted.within, Uuid) == sa.any_(place.c.path))
    if wanted.holds_stock is not None:
        query = query.where(place.c.holds_stock == wanted.holds_stock)
    if wanted.active is not None:
        query = query.where(place.c.active == wanted.active)
    if wanted.search:
        # A tenant has hundreds of places, not tens of thousands: no index is needed.
        text = wanted.search.strip()
        query = query.where(
            place.c.code.icontains(text, autoescape=True)
            | place.c.name.icontains(text, autoescape=True)
        )
    return query
