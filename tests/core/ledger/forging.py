"""What a superuser can do to sealed books: edit, delete, add, swap and reorder rows, cut the tail off, or
rewrite the chain, so that everything fits again but a head that was kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core.db.database import RawTransaction
from core.db.metadata import Moment
from core.db.roles import APP
from core.documents.tables import document, document_line
from core.ledger import seal as sealing
from core.ledger.invariants import differences
from core.ledger.seal import broken_links
from core.ledger.tables import entry, layer_entry, seal

SEALED: dict[sa.Table, str] = {
    document: sealing._DOCUMENT,
    document_line: sealing._LINE,
    entry: sealing._ENTRY,
    layer_entry: sealing._LAYER,
    seal: "sequence content hash",
}
"""The tables of the chain with the columns that it covers."""
TABLES = tuple(SEALED)
POSTED = {
    "document": "sequence IS NOT NULL",
    "document_line": "document_id IN (SELECT id FROM document WHERE sequence IS NOT NULL)",
}
"""Drafts and orders are no part of the chain."""
MATTERS = {
    "balance": "on_hand <> 0",
    "layer": "quantity <> 0",
    "pool": "quantity <> 0",
    "audit": "action IN ('document.post', 'document.reverse')",
    "command": "operation IN ('postDocument', 'reverseDocument')",
}
"""Of the other tables: rows that say something. One of nothing on hand may go, or come."""

_SWAPPED = {
    "document": "posted_at",
    "document_line": "quantity",
    "entry": "value",
    "layer_entry": "quantity",
    "seal": "content",
}
_FRESH = {
    "document": {
        "id": "gen_random_uuid()",
        "number": "number || 'x'",
        "reverses_id": "NULL",
        "sequence": "(SELECT max(sequence) + 1 FROM document d WHERE d.tenant_id = t.tenant_id)",
    },
    "document_line": {"no": "no + 500"},
    "entry": {"no": "no + 500"},
    "layer_entry": {"origin_flow": "origin_flow + 500"},
    "seal": {"sequence": "(SELECT max(sequence) + 1 FROM seal d WHERE d.tenant_id = t.tenant_id)"},
}
"""Values for a second copy of a row, where the key is taken."""


@dataclass
class Books:
    """The sealed books of a tenant, a superuser's connection to them, and heads kept elsewhere."""

    tenant: UUID
    forger: psycopg.AsyncConnection[Any]
    anchors: dict[int, str]
    random: Random

    @property
    def tx(self) -> RawTransaction:
        return RawTransaction(self.tenant, self.forger)

    async def found(self) -> list[str]:
        """What ``verify`` finds, within the forger's transaction but in the role that serves."""
        await self.forger.execute(f"SET LOCAL ROLE {APP}".encode())
        await self.forger.execute(b"SELECT set_config('app.tenant', %s, true)", (str(self.tenant),))
        return await broken_links(self.tx, self.anchors) or await differences(self.tx)

    async def run(self, statement: str, *parameters: object) -> int:
        """Forge; the rows touched. ``t`` stands for this tenant's row of the statement's table."""
        done = await self.forger.execute(statement.encode(), parameters or None)
        return done.rowcount

    async def some(self, table: sa.Table, value: str = "ctid") -> list[tuple[str, Any]]:
        """All rows of the chain in random order: their physical place, and a value."""
        cursor = await self.forger.execute(
            f"SELECT ctid::text, {value} FROM {table.name} t WHERE tenant_id = %s"
            f" AND {(POSTED | MATTERS).get(table.name, 'true')} ORDER BY t.ctid".encode(),
            (self.tenant,),
        )
        found = await cursor.fetchall()
        return self.random.sample(found, len(found))

    def table(self) -> sa.Table:
        """One of the chain's."""
        return self.random.choice(TABLES)


async def edit(books: Books) -> int:
    """One sealed column of a row takes another value."""
    table = books.table()
    return await edit_column(books, table, books.random.choice(SEALED[table].split()))


async def edit_column(books: Books, table: sa.Table, column: str) -> int:
    row = (await books.some(table))[0][0]
    return await books.run(
        f'UPDATE {table.name} SET "{column}" = {_other(table.c[column])} WHERE ctid = %s::tid', row
    )


async def delete(books: Books) -> int:
    """A row is gone."""
    return await delete_row(books, books.table())


async def delete_row(books: Books, table: sa.Table) -> int:
    row = (await books.some(table))[0][0]
    return await books.run(f"DELETE FROM {table.name} WHERE ctid = %s::tid", row)


async def add(books: Books) -> int:
    """A row comes a second time, under a key that is free."""
    table = books.table()
    row = (await books.some(table))[0][0]
    fresh = _FRESH[table.name]
    values = ", ".join(fresh.get(c.name, f'"{c.name}"') for c in table.columns)
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    return await books.run(
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name} t"
        " WHERE ctid = %s::tid",
        row,
    )


async def swap(books: Books) -> int:
    """Two rows exchange a value: every sum over the table stays as it was."""
    table = books.table()
    column = _SWAPPED[table.name]
    (first, value), *others = await books.some(table, column)
    second = next(row for row, other in others if other != value)
    pair = [first, second]
    return await books.run(
        f"UPDATE {table.name} t SET {column} = o.{column} FROM {table.name} o"
        " WHERE t.ctid = ANY(%s::tid[]) AND o.ctid = ANY(%s::tid[]) AND t.ctid <> o.ctid",
        pair,
        pair,
    )


async def reorder(books: Books) -> int:
    """Two documents exchange their places in the order of posting, with all that is theirs."""
    pair = [number for _, number in (await books.some(document, "sequence"))[:2]]
    moved = 0
    for old, new in ((pair[0], -1), (pair[1], pair[0]), (-1, pair[1])):
        moved += await _renumber(books, old, new)
    return moved


async def remove(books: Books) -> int:
    """A document vanishes from the middle; what follows moves up, and the chain is made anew."""
    numbers = sorted(number for _, number in await books.some(document, "sequence"))
    gone = books.random.choice(numbers[:-1])
    removed = await _cut(books, gone, gone)
    for number in range(gone + 1, numbers[-1] + 1):
        await _renumber(books, number, number - 1)
    await _reseal(books)
    return removed


async def rewrite(books: Books) -> int:
    """A document is edited, and the chain made anew from there."""
    changed = 0
    while not changed:
        table = books.random.choice(TABLES[:-1])
        changed = await edit_column(books, table, _SWAPPED[table.name])
    await _reseal(books)
    return changed


async def cut_tail(books: Books) -> int:
    """The last documents never were."""
    last = max(number for _, number in await books.some(document, "sequence"))
    return await _cut(books, last - books.random.randrange(5), last)


KINDS = (edit, delete, add, swap, reorder, remove, rewrite, cut_tail)


async def _cut(books: Books, first: int, last: int) -> int:
    within = "tenant_id = %s AND sequence BETWEEN %s AND %s"
    await books.run(
        "DELETE FROM document_line WHERE (tenant_id, document_id) IN"
        f" (SELECT tenant_id, id FROM document WHERE {within})",
        *(books.tenant, first, last),
    )
    gone = 0
    for table in ("seal", "entry", "layer_entry", "document"):
        gone = await books.run(f"DELETE FROM {table} WHERE {within}", books.tenant, first, last)
    return gone


async def _renumber(books: Books, old: int, new: int) -> int:
    moved = 0
    for table in ("document", "entry", "layer_entry"):
        moved += await books.run(
            f"UPDATE {table} SET sequence = %s WHERE tenant_id = %s AND sequence = %s",
            *(new, books.tenant, old),
        )
    return moved


async def _reseal(books: Books) -> None:
    """The chain as it would be had the books always been like this."""
    await books.run("DELETE FROM seal WHERE tenant_id = %s", books.tenant)
    previous = sealing._GENESIS
    for sequence, content in await sealing._contents(books.tx, 0, 1_000_000):
        previous = sealing._link(previous, sequence, content)
        await books.run(
            "INSERT INTO seal (tenant_id, sequence, content, hash) VALUES (%s, %s, %s, %s)",
            *(books.tenant, sequence, content, previous),
        )


def _other(column: sa.Column[Any]) -> str:
    """SQL for another value than the column has."""
    kind = column.type
    name = f'"{column.name}"'
    if isinstance(kind, sa.Uuid):
        return "gen_random_uuid()"
    if isinstance(kind, type(Moment)):
        return f"coalesce({name}, now()) + interval '1 second'"
    if isinstance(kind, sa.Date):
        return f"coalesce({name}, current_date) + 1"
    if isinstance(kind, sa.Boolean):
        return f"NOT {name}"
    if isinstance(kind, JSONB):
        return """'{"forged": true}'"""
    if isinstance(kind, sa.LargeBinary):
        return f"sha256({name})"
    if isinstance(kind, sa.Text):
        return f"coalesce({name}, '') || 'x'"
    return f"coalesce({name}, 0) + 100000"
