"""Migrations: the files say what the modules declare, and running them twice is harmless."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import freeze, migrate
from core.db.embedded import EmbeddedServer
from core.db.roles import APP, OWNER
from core.db.schema import metadata
from core.extension.registry import registry
from tests.db.declared import METADATA

_WRITTEN_BY_HAND = {
    *(component.version_table for component in registry().components),
    *re.findall(r"create index (\w+)", freeze.INITIAL.read_text(encoding="utf-8")),
}
"""Alembic's own tables, and the indexes of the statements that modules add as text."""


def test_first_migration_is_fresh() -> None:
    assert freeze.INITIAL.read_text(encoding="utf-8") == freeze.render(metadata), (
        "run `python -m core.db.freeze`"
    )


def test_database_equals_declarations(owner_url: str) -> None:
    engine = sa.create_engine(owner_url.replace("postgresql", "postgresql+psycopg", 1))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": True,
                    "include_object": lambda thing, name, kind, reflected, counterpart: (
                        not (reflected and counterpart is None and name in _WRITTEN_BY_HAND)
                    ),
                },
            )
            differences = compare_metadata(context, METADATA)  # type: ignore[arg-type]  # its annotation is too narrow
            assert differences == []
    finally:
        engine.dispose()


def test_again_finds_nothing_to_do(owner_url: str, database_url: str) -> None:
    assert migrate.upgrade(owner_url, registry().components) == []
    assert migrate.pending(database_url, registry().components) == []


def test_failing_revision_leaves_those_before_it(
    server: EmbeddedServer, new_database: Callable[[], str], tmp_path: Path
) -> None:
    name = new_database()
    plugin = _component(tmp_path, "create table toys_a (n int)", "create table toys_a (n int)")
    with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
        migrate.upgrade(server.url(OWNER, name), [migrate.CORE, plugin])
    assert migrate.pending(server.url(APP, name), [migrate.CORE, plugin]) == ["toys"]
    # Of another length: a file rewritten within a second at the same size is read from its old bytecode.
    plugin = _component(tmp_path, "create table toys_a (n int)", "create table toys_mended (n int)")
    assert migrate.upgrade(server.url(OWNER, name), [plugin]) == ["toys_0002"]
    assert migrate.pending(server.url(APP, name), [migrate.CORE, plugin]) == []


def test_tables_newer_than_the_program_are_not_pending(
    server: EmbeddedServer, new_database: Callable[[], str]
) -> None:
    name = new_database()
    with psycopg.connect(server.url(OWNER, name)) as connection:
        connection.execute("update core_version set version_num = 'core_9999'")
    assert migrate.pending(server.url(APP, name)) == []


def test_two_deployments_at_once(server: EmbeddedServer, new_database: Callable[[], str]) -> None:
    name = new_database()
    with psycopg.connect(server.url(OWNER, name)) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.execute(f"grant usage on schema public to {APP}".encode())
    with ThreadPoolExecutor(2) as pool:
        ran = pool.map(migrate.upgrade, [server.url(OWNER, name)] * 2)
    assert sorted(ran) == [[], ["core_0001"]]


def _component(folder: Path, *statements: str) -> migrate.Component:
    """A plugin's migrations, one statement a revision."""
    before = None
    for number, statement in enumerate(statements, start=1):
        revision = f"toys_{number:04}"
        (folder / f"{revision}.py").write_text(
            f"from alembic import op\n"
            f"revision, down_revision = {revision!r}, {before!r}\n"
            f"branch_labels = depends_on = None\n"
            f"def upgrade():\n    op.execute({statement!r})\n"
        )
        before = revision
    return migrate.Component("toys", (folder,))
