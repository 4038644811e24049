"""SQL that is the same for every table of records with a code, a revision and a change mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.db import bulk
from core.db.database import Transaction
from core.db.metadata import Uuid

Order = Literal["code", "name", "changed"]
ORDERS: Mapping[Order, str] = {"code": "code_key", "name": "name", "changed": "changed"}


class Record(Protocol):
    """What the rows of these tables share."""

    @property
    def id(self) -> UUID: ...
    @property
    def code(self) -> str: ...
    @property
    def revision(self) -> int: ...


T = TypeVar("T")
R = TypeVar("R", bound=Record)


def among(column: sa.ColumnElement[T], values: Iterable[T]) -> sa.ColumnElement[bool]:
    """One array parameter however many values, so that the statement is prepared once.

    Not ``= any (array)``: where the planner does not use an index for that, it compares each row with
    each value, and it knows little about a table that is just being filled.
    """
    array = sa.literal(list(values), ARRAY(column.type))
    return column.in_(sa.select(sa.func.unnest(array, type_=column.type)))


@dataclass(frozen=True)
class Register(Generic[R]):
    """The rows of ``table`` as ``record``: a frozen dataclass whose fields are columns."""

    table: sa.Table
    record: type[R]

    def query(self, tx: Transaction, changed_since: int | None = None) -> sa.Select[Any]:
        """The tenant's rows: all, or those written after the mark ``changed_since``."""
        columns = [self.table.c[f.name] for f in fields(self.record)]  # type: ignore[arg-type]  # records are dataclasses
        query = sa.select(*columns).where(self.table.c.tenant_id == tx.tenant_id)
        return query if changed_since is None else query.where(self.table.c.changed > changed_since)

    async def all(self, tx: Transaction, query: sa.Select[Any]) -> list[R]:
        """The records that a query made by :meth:`query` finds."""
        return [self.record(*map(_frozen, row)) for row in await tx.sql.execute(query)]

    async def by_id(self, tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, R]:
        found = await self.all(tx, self.query(tx).where(among(self.table.c.id, ids)))
        return {record.id: record for record in found}

    async def by_code(self, tx: Transaction, keys: Collection[str]) -> dict[str, R]:
        """Records by code key (see :func:`core.text.code_key`)."""
        key = self.table.c.code_key
        query = self.query(tx).add_columns(key).where(among(key, keys))
        rows = (await tx.sql.execute(query)).all()
        return {row[-1]: self.record(*map(_frozen, row[:-1])) for row in rows}

    async def changed(self, tx: Transaction, since: int, limit: int) -> list[R]:
        """What was written after the mark ``since``, in the order of marks, archived ones included."""
        mark = self.table.c.changed
        return await self.all(tx, self.query(tx).where(mark > since).order_by(mark).limit(limit))

    async def page(
        self,
        tx: Transaction,
        query: sa.Select[Any],
        order: Order = "code",
        *,
        after: UUID | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[R]:
        """At most ``limit`` records of ``query`` that follow the record ``after``.

        A page costs the same however far down the list it lies (F2).
        """
        key, id_ = self.table.c[ORDERS[order]], self.table.c.id
        if after is not None:
            here = sa.tuple_(key, id_)
            there = sa.tuple_(self.key_of(tx, order, after), sa.literal(after, Uuid))
            query = query.where(here < there if descending else here > there)
        ends = (key.desc(), id_.desc()) if descending else (key.asc(), id_.asc())
        return await self.all(tx, query.order_by(*ends).limit(limit))

    async def children(
        self, tx: Transaction, parents: Iterable[UUID], *, after: UUID | None = None, limit: int
    ) -> dict[UUID, list[R]]:
        """Of each of the parents in a tree, at most ``limit`` of those directly below it by code."""
        t = self.table.c
        inside = self.query(tx).where(among(t.parent_id, parents))
        if after is not None:
            inside = inside.where(t.code_key > self.key_of(tx, "code", after))
        nth = sa.func.row_number().over(partition_by=t.parent_id, order_by=t.code_key)
        ranked = inside.add_columns(t.code_key.label("_key"), nth.label("_nth")).subquery()
        columns = [ranked.c[f.name] for f in fields(self.record)]  # type: ignore[arg-type]  # records are dataclasses
        query = sa.select(ranked.c.parent_id, *columns).where(ranked.c._nth <= limit)
        found: dict[UUID, list[R]] = defaultdict(list)
        for row in await tx.sql.execute(query.order_by(ranked.c._key)):
            found[row[0]].append(self.record(*map(_frozen, row[1:])))
        return found

    def key_of(self, tx: Transaction, order: Order, record_id: UUID) -> sa.ScalarSelect[Any]:
        """What the record is ordered by."""
        t = self.table.alias()
        key = sa.select(t.c[ORDERS[order]]).where(
            t.c.tenant_id == tx.tenant_id, t.c.id == record_id
        )
        return key.scalar_subquery()

    async def count(self, tx: Transaction, query: sa.Select[Any]) -> int:
        counted = sa.select(sa.func.count()).select_from(query.subquery())
        total: int = (await tx.sql.execute(counted)).scalar_one()
        return total

    async def put(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, or write over those whose id is there; sorted by id, so none deadlock."""
        if not rows:
            return
        names = list(rows[0])
        written = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
        await bulk.insert(
            tx,
            self.table,
            " ".join(names),
            [list(row.values()) for row in sorted(rows, key=lambda row: row["id"])],
            conflict=f"on conflict (tenant_id, id) do update set {written}",
        )

    async def put_tree(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
        """Like :meth:`put`, row by row: paths are arrays, which cannot travel as arrays of arrays."""
        query = insert(self.table)
        written = {name: query.excluded[name] for name in rows[0] if name != "id"}
        query = query.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=written)
        ordered = sorted(rows, key=lambda row: row["id"])
        await tx.sql.execute(query, [{"tenant_id": tx.tenant_id, **row} for row in ordered])

    async def rekey(self, tx: Transaction, key: Callable[[str], str]) -> str | None:
        """Give every code its new key. Returns a code that would not be unique, changing nothing."""
        t = self.table.c
        query = sa.select(t.id, t.code, t.code_key).where(t.tenant_id == tx.tenant_id)
        rows = (await tx.sql.execute(query)).all()
        keys: dict[str, UUID] = {}
        for row in rows:
            if keys.setdefault(key(row.code), row.id) != row.id:
                code: str = row.code
                return code
        moved = [
            {"row_id": row.id, "key": key(row.code)}
            for row in rows
            if row.code_key != key(row.code)
        ]
        if moved:
            change = sa.update(self.table).where(
                t.tenant_id == tx.tenant_id, t.id == sa.bindparam("row_id")
            )
            await tx.sql.execute(change.values(code_key=sa.bindparam("key")), moved)
        return None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
