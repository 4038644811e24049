"""Renders the declared tables to SQL: ``python -m core.db.freeze`` writes the first migration anew,
``python -m core.db.freeze NAME`` that of a plugin.

A migration is text, so that a later change of a declaration cannot change what was already run
somewhere. Until the first release there is one revision and it may be rewritten; a test says when
the file is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.sql.ddl import sort_tables_and_constraints

from core.db.protect import REFUSE_CHANGE, protection
from core.db.schema import metadata
from core.errors import Refused, define, refuse
from core.extension.manifest import Manifest
from core.extension.plugin_tables import Tables
from core.extension.registry import registry

INITIAL = Path(__file__).parent / "migrations" / "0001_initial.sql"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in the library

NOTHING_TO_FREEZE = define(
    "NOTHING_TO_FREEZE",
    en="There is no plugin {plugin} with tables and a folder for migrations.",
    zh="没有名为 {plugin} 且带有数据表和迁移目录的插件。",
)

_REVISION = '''\
"""The first tables of {name}."""

from pathlib import Path

from core.plugin_api import run_script

revision = "{name}_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))
'''


def render(tables: sa.MetaData) -> str:
    """The whole schema of core as one SQL script, in an order that depends on the declarations alone."""
    # Some hosts install extensions themselves and allow nobody else to.
    first = ["create extension if not exists pg_trgm", REFUSE_CHANGE]
    # Each stands alone; by name, because the order of imports is nobody's promise.
    extra = [
        f"-- {name}\n{sql.strip().rstrip(';')}"
        for name, sql in sorted(tables.info.get("extra_ddl", []))
    ]
    return _script("", "core", [*first, *_statements(tables), *extra])


def render_plugin(tables: Tables) -> str:
    """The tables of a plugin as one SQL script; core's are there already."""
    return _script(f" {tables.plugin}", tables.plugin, _statements(tables.metadata))


def write_plugin(manifest: Manifest) -> list[Path]:
    """Write the first migration of a plugin, and the revision that runs it where there is none yet.
    Returns the files. Refuses (NOTHING_TO_FREEZE) a plugin without tables or without a folder."""
    if manifest.tables is None or manifest.migrations is None:
        raise refuse(NOTHING_TO_FREEZE, plugin=manifest.name)
    script = manifest.migrations / INITIAL.name
    revision = script.with_suffix(".py")
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(render_plugin(manifest.tables), encoding="utf-8")
    if not revision.exists():
        revision.write_text(_REVISION.format(name=manifest.name), encoding="utf-8")
    return [script, revision]


def _script(argument: str, where: str, statements: Iterable[str]) -> str:
    return (
        f"-- Written by `python -m core.db.freeze{argument}` from the tables declared in {where}.\n\n"
        + "\n\n".join(f"{statement.strip()};" for statement in statements)
        + "\n"
    )


def _statements(tables: sa.MetaData) -> Iterator[str]:
    ordered = sort_tables_and_constraints(tables.sorted_tables)  # type: ignore[no-untyped-call]  # untyped in the library
    for table, constraints in ordered:
        if table is None:
            yield from (_sql(AddConstraint(constraint)) for constraint in constraints)
            continue
        yield _sql(CreateTable(table, include_foreign_key_constraints=list(constraints)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _sql(CreateIndex(index))
        yield from protection(table)


def _sql(element: ExecutableDDLElement) -> str:
    return str(element.compile(dialect=_DIALECT))


def _main(name: str = "") -> None:
    if not name:
        INITIAL.write_text(render(metadata), encoding="utf-8")
        return
    plugin = registry().get(name)
    if plugin is None:
        raise refuse(NOTHING_TO_FREEZE, plugin=name)
    write_plugin(plugin.manifest)


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except Refused as refused:
        sys.exit(str(refused))
