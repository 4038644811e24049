"""Migrations: the files say what the modules declare, and running them twice is harmless."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import freeze, migrate
from core.db.schema import metadata

_WRITTEN_BY_HAND = {
    "core_version",
    *re.findall(r"create index (\w+)", freeze.INITIAL.read_text(encoding="utf-8")),
}
"""Alembic's own table, and the indexes of the statements that modules add as text."""


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
            assert compare_metadata(context, metadata) == []
    finally:
        engine.dispose()


def test_again_finds_nothing_to_do(owner_url: str, database_url: str) -> None:
    assert migrate.upgrade(owner_url) == []
    assert migrate.pending(database_url) == []
