"""Plugins made in a test: a module with a manifest and whatever hooks the test gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import psycopg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from core.db.database import Database, rows
from core.db.protect import protection
from core.extension.hookspecs import hookimpl
from core.extension.manifest import Manifest
from core.extension.plugin_tables import Tables
from core.extension.registry import Plugin, Registry, using
from core.tenancy import tables as tenancy
from core.tenancy.rules import Principal


def plugin(name: str, *hooks: Callable[..., Any], **facts: Any) -> Plugin:
    """A plugin whose hooks are these functions, by their names."""
    module = ModuleType(name)
    told = {"version": "1", "core": ">=0.1", "title": name, "title_zh": name} | {
        "summary": name,
        "summary_zh": name,
    }
    manifest = Manifest(name=name, **(told | facts))
    vars(module)["manifest"] = manifest
    for function in hooks:
        setattr(module, function.__name__, hookimpl(function))
    return Plugin(manifest, module)


@contextmanager
def installed(*plugins: Plugin) -> Iterator[Registry]:
    """These plugins are all there are."""
    with using(Registry(plugins)) as registry:
        yield registry


@contextmanager
def migrated(owner_url: str, tables: Tables) -> Iterator[None]:
    """What a plugin's migration does; undone at the end, for other tests know no such tables."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for table in tables.metadata.sorted_tables:
            made = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # untyped in the library
            for statement in (made, *protection(table)):
                connection.execute(statement.encode())
        yield
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(f"DROP TABLE {table.name}".encode())


async def switch_on(db: Database, principal: Principal, module: str) -> None:
    """As the service does, without its checks."""
    async with db.transaction(principal.tenant_id) as tx:
        await tenancy.next_change(tx, new_rules=True)
        await rows(
            tx,
            "INSERT INTO tenant_module (tenant_id, module, enabled) VALUES (%s, %s, true)"
            " RETURNING module",
            tx.tenant_id,
            module,
        )
