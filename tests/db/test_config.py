"""Where the database is, and which databases are refused."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from core.db import config, migrate, roles
from core.db.cluster import TEST_TUNE, Cluster
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.errors import Refused
from core.extension.registry import registry


@pytest.fixture
def bare() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL as somebody else runs it, without our roles: its address by user and password."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-bare-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, TEST_TUNE)
    cluster.create("secret")
    cluster.start()
    yield lambda user: f"postgresql://{user}:secret@/postgres?host={cluster.socket}"
    cluster.stop()
    shutil.rmtree(cluster.home)
    shutil.rmtree(folder)


def test_environment_names_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://shop@db/books")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql+psycopg://owner@db/books")
    with config.open_database() as address:
        assert address.app_url == "postgresql://shop@db/books"
        assert address.owner_url == "postgresql://owner@db/books"
        assert address.embedded is None


def test_role_that_sees_all_is_refused(
    superuser_url: str, owner_url: str, database_url: str
) -> None:
    for url in (superuser_url, owner_url):
        with pytest.raises(Refused, match="bypass row-level security"):
            config.check(url)
    config.check(database_url)


def test_old_postgresql_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "OLDEST_VERSION", 99)
    with pytest.raises(Refused, match="at least 99 is needed"):
        config.check(database_url)


def test_silent_database_is_one_sentence() -> None:
    with pytest.raises(Refused, match=r"^The database does not answer: [^\n]+\.$"):
        config.check("postgresql://shop@127.0.0.1:1/books")


def test_windows_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(Refused, match="Linux and macOS only"):
        config.embedded_server()


def test_external_database_is_migrated_on_request_only(
    server: EmbeddedServer, new_database: Callable[[], str]
) -> None:
    name = new_database()
    with psycopg.connect(server.url(SUPERUSER, name)) as connection:
        connection.execute("delete from core_version")
    address = config.DatabaseAddress(server.url(roles.APP, name), server.url(roles.OWNER, name))
    with pytest.raises(Refused, match="run `tallybook migrate` first"):
        config.make_ready(address)


def test_missing_roles_are_created(bare: Callable[[str], str]) -> None:
    administrator, shop = bare(SUPERUSER), bare("shop")
    assert migrate.create_roles(administrator, shop) == []
    assert migrate.create_roles(administrator, shop) == []
    assert migrate.upgrade(administrator, registry().components)[0] == "core_0001"
    config.make_ready(config.DatabaseAddress(shop, None))
    with psycopg.connect(shop) as connection:
        assert connection.execute("select count(*) from item").fetchone() == (0,)
        assert connection.execute("show lock_timeout").fetchone() == ("10s",)


def test_missing_roles_are_printed_where_they_may_not_be_created(
    bare: Callable[[str], str],
) -> None:
    with psycopg.connect(bare(SUPERUSER)) as connection:
        connection.execute("create role builder login password 'secret'")
        connection.execute("alter database postgres owner to builder")
    statements = migrate.create_roles(bare("builder"), bare(roles.APP))
    assert statements
    with psycopg.connect(bare(SUPERUSER)) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    assert migrate.create_roles(bare("builder"), bare(roles.APP)) == []
    assert migrate.upgrade(bare("builder")) == ["core_0001"]
    config.check(bare(roles.APP))


def test_a_second_database_of_the_cluster_needs_the_roles_lent(bare: Callable[[str], str]) -> None:
    assert migrate.create_roles(bare(SUPERUSER), bare("shop")) == []
    with psycopg.connect(bare(SUPERUSER)) as connection:
        connection.execute("create role second login password 'secret'")
        connection.execute("alter database postgres owner to second")
    statements = migrate.create_roles(bare("second"), bare("shop"))
    assert statements == [roles.lend_role(roles.SEARCH, "second")]
    with psycopg.connect(bare(SUPERUSER)) as connection:
        connection.execute(statements[0].encode())
    assert migrate.create_roles(bare("second"), bare("shop")) == []
    assert migrate.upgrade(bare("second")) == ["core_0001"]
