"""Tables of a plugin: installed later on a database with data, upgraded on their own, left behind when
the plugin's code is gone (P3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from core.db import freeze, lint, migrate
from core.db.config import DATABASE_NOT_MIGRATED, DatabaseAddress, make_ready
from core.db.database import Database
from core.db.embedded import EmbeddedServer
from core.db.metadata import Number, Uuid
from core.db.roles import APP, OWNER
from core.errors import Refused
from core.extension.plugin_tables import Tables
from core.extension.registry import Plugin, Registry, registry, using
from core.ids import uuid7
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from tests import toys
from tests.ledger_world import World

_SECOND = """\
from alembic import op

revision, down_revision = "toys_0002", "toys_0001"
branch_labels = depends_on = None


def upgrade() -> None:
    op.execute("alter table toys_box add column colour text not null default 'red'")
"""


def _tables() -> Tables:
    """A box per item, and the games that were played with it, which are history."""
    tables = Tables("toys")
    box = tables.table(
        "box",
        sa.Column("item_id", Uuid, primary_key=True),
        sa.Column("pieces", Number, nullable=False),
        tables.key("item_id", to="item"),
        sa.CheckConstraint("pieces > 0", name="pieces"),
    )
    tables.table(
        "game",
        sa.Column("id", Uuid, primary_key=True),
        sa.Column("item_id", Uuid, nullable=False),
        tables.key("item_id", to=box, target=("item_id",)),
        sa.Index(None, "tenant_id", "item_id"),
        append_only=True,
    )
    return tables


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """A plugin whose first migration was written from its tables."""
    made = toys.plugin(tables=_tables(), migrations=tmp_path / "migrations")
    freeze.write_plugin(made.manifest)
    return made


@pytest.fixture
def database(server: EmbeddedServer, new_database: Callable[[], str]) -> tuple[str, str]:
    """The addresses of a database of one's own, for who serves and for the owner."""
    name = new_database()
    return server.url(APP, name), server.url(OWNER, name)


@pytest.fixture
async def world(database: tuple[str, str]) -> AsyncIterator[World]:
    db = Database.connect(database[0], pool_size=2)
    yield await World.open(db)
    await db.close()


async def test_a_plugin_comes_later_grows_and_goes(
    world: World, database: tuple[str, str], plugin: Plugin
) -> None:
    app, owner = database
    item = await world.item("BEAR")
    await world.posted("receipt", world.line("BEAR", 5, 2))
    with using(Registry([plugin])) as plugins:
        with pytest.raises(Refused) as refused:
            make_ready(DatabaseAddress(app, None))
        assert refused.value.refusals[0].code == DATABASE_NOT_MIGRATED
        assert migrate.upgrade(owner, plugins.components) == ["toys_0001"]
        make_ready(DatabaseAddress(app, None))
        await _write_box(world, item)
        assert await _problems(world.db) == []

        assert plugin.manifest.migrations is not None
        (plugin.manifest.migrations / "0002_colour.py").write_text(_SECOND, "utf-8")
        assert migrate.pending(app, plugins.components) == ["toys"]
        assert migrate.upgrade(owner, plugins.components) == ["toys_0002"]
        assert await world.rows("SELECT pieces, colour FROM toys_box") == [(3, "red")]

    with using(Registry()) as without:
        make_ready(DatabaseAddress(app, None))
        assert migrate.upgrade(owner, without.components) == []
        assert await _problems(world.db) == []
        await world.posted("issue", world.line("BEAR", 1, 9))
        assert await world.rows("SELECT count(*) FROM toys_box") == [(1,)]
        assert await verify(world.db, world.principal.tenant_id) == []


async def test_a_plugins_tables_are_guarded_like_cores(
    world: World, database: tuple[str, str], plugin: Plugin
) -> None:
    app, owner = database
    with using(Registry([plugin])) as plugins:
        migrate.upgrade(owner, plugins.components)
        other = await tenancy.create_tenant(world.db, "another shop")
        item = await world.item("BEAR")
        await _write_box(world, item)
        async with world.db.snapshot(other.id) as tx:
            assert (await tx.sql.execute(sa.text("select count(*) from toys_box"))).scalar() == 0
        with psycopg.connect(app) as connection:
            connection.execute("select set_config('app.tenant', %s, true)", [str(other.id)])
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                connection.execute("insert into toys_box values (%s, %s, 1)", [other.id, item])
        with psycopg.connect(owner) as connection:
            connection.execute("drop trigger append_only on toys_game")
            connection.execute("alter table toys_box no force row level security")
        assert await _problems(world.db) == [
            "toys_box has no forced row-level security",
            "toys_game is append-only and has no trigger that refuses changes",
        ]


async def test_only_alembics_own_table_may_look_like_one(
    world: World, database: tuple[str, str]
) -> None:
    with psycopg.connect(database[1]) as connection:
        connection.execute("create table toys2_version (version_num text primary key)")
        connection.execute("create table toys_version (version_num text primary key, shop text)")
    assert await _problems(world.db) == [
        "toys_version is neither a tenant's table nor a named global one",
        "toys_version has no forced row-level security",
        "toys_version has no policy that admits the current tenant only",
    ]


def test_a_revision_that_was_changed_by_hand_is_kept(plugin: Plugin) -> None:
    script, revision = freeze.write_plugin(plugin.manifest)
    frozen = script.read_text("utf-8")
    assert frozen.startswith("-- Written by `python -m core.db.freeze toys` from")
    assert "refuse_change() returns" not in frozen, "that is core's"
    revision.write_text("# by hand\n", "utf-8")
    script.write_text("", "utf-8")
    assert freeze.write_plugin(plugin.manifest) == [script, revision]
    assert script.read_text("utf-8") == frozen
    assert revision.read_text("utf-8") == "# by hand\n"


def test_a_plugin_without_tables_has_nothing_to_freeze() -> None:
    with pytest.raises(Refused) as refused:
        freeze.write_plugin(toys.manifest())
    assert refused.value.refusals[0].code == "NOTHING_TO_FREEZE"


def test_first_migrations_of_plugins_are_fresh() -> None:
    for manifest in (plugin.manifest for plugin in registry()):
        if manifest.tables is None or manifest.migrations is None:
            continue
        if [path.stem for path in manifest.migrations.glob("0*.py")] != ["0001_initial"]:
            continue  # what was changed since lies in the later ones
        script = manifest.migrations / "0001_initial.sql"
        assert script.read_text("utf-8") == freeze.render_plugin(manifest.tables), (
            f"run `python -m core.db.freeze {manifest.name}`"
        )


async def _write_box(world: World, item: object) -> None:
    async with world.db.transaction(world.principal.tenant_id) as tx:
        box = {"tenant": tx.tenant_id, "item": item, "game": uuid7()}
        await tx.sql.execute(sa.text("insert into toys_box values (:tenant, :item, 3)"), box)
        await tx.sql.execute(sa.text("insert into toys_game values (:tenant, :game, :item)"), box)


async def _problems(db: Database) -> list[str]:
    async with db.directory() as connection:
        return await lint.problems(connection)
