"""Rows of plugins' tables during one posting: read once, changed by what is decided, written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from core.db import bulk
from core.db.database import RawTransaction
from core.db.questions import TENANT, Question
from core.extension.records import Row
from core.ids import NIL

Key = tuple[Any, ...]


class Rows:
    """What is known of plugins' rows, by table. Later documents of a batch see what earlier ones write."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Key, Row]] = defaultdict(dict)
        self._of_item: dict[tuple[str, UUID], set[Key]] = defaultdict(set)
        self._written: dict[sa.Table, set[Key]] = {}

    def get(self, table: sa.Table, key: Mapping[str, Any]) -> Row | None:
        """The row with this whole key."""
        return self._tables[table.name].get(tuple(key[name] for name in key_of(table)))

    def find(self, table: sa.Table, equal: Mapping[str, Any]) -> list[Row]:
        """All rows that agree with ``equal``; those of an item without a look at the others."""
        known = self._tables[table.name]
        rows: Iterable[Row] = known.values()
        if "item_id" in equal:
            rows = (known[key] for key in self._of_item[table.name, equal["item_id"]])
        return [row for row in rows if all(row[name] == value for name, value in equal.items())]

    def put(self, table: sa.Table, row: Row) -> Key:
        """Take in a row that was read."""
        key = tuple(row[name] for name in key_of(table))
        self._tables[table.name][key] = MappingProxyType(dict(row))
        if "item_id" in row:
            self._of_item[table.name, row["item_id"]].add(key)
        return key

    def write(self, table: sa.Table, row: Row) -> None:
        """Take in a checked row that is to be written. What it leaves out stays as it is, or empty."""
        before = self.get(table, row) or {}
        whole = {**dict.fromkeys(columns_of(table)), **before, **row}
        self._written.setdefault(table, set()).add(self.put(table, whole))

    async def flush(self, tx: RawTransaction) -> None:
        """Write what was decided: parents first, each table in one statement, sorted by key (rule 3.4)."""
        for table in _parents_first(self._written):
            known = self._tables[table.name]
            names = columns_of(table)
            await bulk.insert(
                tx,
                table,
                " ".join(names),
                [
                    [known[key][name] for name in names]
                    for key in sorted(self._written[table], key=_sortable)
                ],
                conflict=_conflict(table),
            )


def rows_where(table: sa.Table, by: str, ids: list[UUID]) -> Question[list[Row]]:
    """The rows of a plugin's table whose column ``by`` is one of these ids."""
    return _question(table, f'"{by}" = ANY(%s)', ids)


def rows_of_lots(
    table: sa.Table, lots: Collection[UUID], named: Collection[UUID], items: Collection[UUID]
) -> Question[list[Row]]:
    """The rows of these lots, and of what the ``named`` ones belong to, which nobody knows yet. Of a table
    whose key has the item, too, those of these items, goods without a lot among them."""
    these = (
        '"lot_id" = ANY(%s::uuid[] || ARRAY(SELECT parent_id FROM lot WHERE tenant_id = %s'
        " AND id = ANY(%s)))"
    )
    if "item_id" not in key_of(table):
        return _question(table, these, [*lots, *named], TENANT, list(named))
    whole = [NIL, *lots, *named]
    return _question(
        table, f'"item_id" = ANY(%s) AND {these}', list(items), whole, TENANT, list(named)
    )


def _question(table: sa.Table, condition: str, *parameters: Any) -> Question[list[Row]]:
    names = columns_of(table)
    listed = ", ".join(f'"{name}"' for name in names)
    return Question(
        f"SELECT {listed} FROM {table.name} WHERE tenant_id = %s AND {condition}",  # noqa: S608 - names of a declared table
        parameters,
        lambda found: [dict(zip(names, row, strict=True)) for row in found],
    )


@lru_cache(maxsize=512)
def key_of(table: sa.Table) -> tuple[str, ...]:
    """The columns of the primary key after ``tenant_id``."""
    return tuple(column.name for column in table.primary_key if column.name != "tenant_id")


@lru_cache(maxsize=512)
def columns_of(table: sa.Table) -> tuple[str, ...]:
    """All columns but ``tenant_id``."""
    return tuple(column.name for column in table.c if column.name != "tenant_id")


def misfit(table: sa.Table, row: Row) -> str | None:
    """Why a row cannot be one of this table, in words for the plugin's author; None if it can.

    Checked before anything is sent: what the database refused in the middle of a batch would cost
    everybody in it a second try.
    """
    for name in key_of(table):
        if row.get(name) is None:
            return f"{name} belongs to the key and is missing"
    for name, value in row.items():
        column = table.c.get(name)
        if column is None or name == "tenant_id":
            return f"{name} is not a column that a plugin may fill"
        if value is None:
            if not column.nullable:
                return f"{name} must have a value"
        elif not _fits(column.type)(value):
            return f"{name} cannot be {type(value).__name__} {value!r:.80}"
    return None


def _fits(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], bool]:
    match kind:
        case sa.Uuid():
            return lambda value: isinstance(value, UUID)
        case sa.Boolean():
            return lambda value: isinstance(value, bool)
        case sa.BigInteger():
            return lambda value: type(value) is int and -(2**63) <= value < 2**63
        case sa.Integer():
            return lambda value: type(value) is int and -(2**31) <= value < 2**31
        case sa.Numeric():
            return lambda value: isinstance(value, Decimal) and value.is_finite()
        case sa.DateTime():
            return lambda value: isinstance(value, datetime) and value.tzinfo is not None
        case sa.Date():
            return lambda value: isinstance(value, date) and not isinstance(value, datetime)
        case sa.JSON():
            return _jsonable
        case sa.Text():
            return _storable
    return lambda value: False


def _jsonable(value: Any) -> bool:
    try:
        return b"\\u0000" not in orjson.dumps(value)
    except TypeError:
        return False


def _storable(value: Any) -> bool:
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sortable(key: Key) -> tuple[str, ...]:
    return tuple(str(part) for part in key)


def _parents_first(tables: Iterable[sa.Table]) -> list[sa.Table]:
    wanted = set(tables)
    homes = sorted({t.metadata for t in wanted}, key=lambda home: min(home.tables))
    return [table for home in homes for table in home.sorted_tables if table in wanted]


def _conflict(table: sa.Table) -> str:
    if table.info["append_only"]:
        return ""
    key = ", ".join(f'"{name}"' for name in ("tenant_id", *key_of(table)))
    rest = [name for name in columns_of(table) if name not in key_of(table)]
    if not rest:
        return f"ON CONFLICT ({key}) DO NOTHING"
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
    return f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
