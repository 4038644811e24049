"""Suppliers and customers: their table and all its SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.database import Transaction
from core.db.metadata import Uuid, metadata, tenant_table
from core.masterdata.rules import columns_of
from core.masterdata.tables import Order, Register
from core.parties.rules import Party, PartyFilter
from core.search import door, patterns, spaced

party = tenant_table(
    "party",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("mnemonic", sa.Text, nullable=False),
    sa.Column("is_supplier", sa.Boolean, nullable=False),
    sa.Column("is_customer", sa.Boolean, nullable=False),
    sa.Column("country", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("tax_number", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("is_supplier or is_customer", name="some_role"),
)

metadata.info.setdefault("extra_ddl", []).append(
    (
        "search of parties",
        door(
            "search_parties",
            "party",
            {"is_supplier": "boolean", "is_customer": "boolean", "active": "boolean"},
        ),
    )
)

register = Register(party, Party)


async def parties_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Party]:
    return await register.by_id(tx, ids)


async def parties_by_code(tx: Transaction, keys: Collection[str]) -> dict[str, Party]:
    """Parties by code key, see :func:`core.text.code_key`."""
    return await register.by_code(tx, keys)


async def changed_parties(tx: Transaction, since: int, limit: int) -> list[Party]:
    """Parties written after the mark ``since``, archived ones included."""
    return await register.changed(tx, since, limit)


async def list_parties(
    tx: Transaction,
    wanted: PartyFilter,
    order: Order = "code",
    *,
    after: UUID | None = None,
    descending: bool = False,
    limit: int,
) -> list[Party]:
    """A page of parties; ``after`` is the id of the last one already seen."""
    paged = order == "code" and not descending and wanted.changed_since is None
    start = register.key_of(tx, "code", after) if paged and after else sa.null()
    query = _matching(tx, wanted, start, limit if paged else None)
    return await register.page(tx, query, order, after=after, descending=descending, limit=limit)


async def count_parties(tx: Transaction, wanted: PartyFilter) -> int:
    return await register.count(tx, _matching(tx, wanted, sa.null(), None))


async def put_parties(tx: Transaction, rows: Iterable[Party], key: Callable[[str], str]) -> None:
    """Write parties; ``key`` makes a code's key."""
    put = [
        {
            **columns_of(p),
            "code_key": key(p.code),
            "search": spaced((p.code, p.name, p.mnemonic, p.phone or "", p.tax_number or "")),
        }
        for p in rows
    ]
    await register.put(tx, put)


def _matching(
    tx: Transaction, wanted: PartyFilter, after: sa.ColumnElement[Any], at_most: int | None
) -> sa.Select[Any]:
    """The parties wanted. ``after`` and ``at_most`` let a search in the order of codes stop when a
    page is full (see :mod:`core.search`)."""
    query = register.query(tx, wanted.changed_since)
    flags = {name: getattr(wanted, name) for name in ("is_supplier", "is_customer", "active")}
    if found_by := patterns(wanted.search or ""):
        search = sa.func.search_parties(
            sa.literal(found_by, ARRAY(sa.Text)),
            *(
                sa.cast(None if flag is None else [flag], ARRAY(sa.Boolean))
                for flag in flags.values()
            ),
            sa.cast(after, sa.Text),
            sa.cast(at_most, sa.Integer),
        ).column_valued("found")
        return query.where(party.c.id.in_(sa.select(search)))
    for name, flag in flags.items():
        if flag is not None:
            query = query.where(party.c[name] == flag)
    return query
