"""History is written once: the role that serves cannot change it in any way it might try (G19)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from core.db.roles import APP, OWNER, READ
from tests.db.declared import TABLES

HISTORY = sorted(name for name, table in TABLES.items() if table.info.get("append_only"))

WAYS = {
    "update": "update {} set tenant_id = tenant_id",
    "delete": "delete from {}",
    "truncate": "truncate {}",
    "truncate with what hangs on it": "truncate {} cascade",
    "put out the trigger": "alter table {} disable trigger append_only",
    "put out all triggers": "alter table {} disable trigger user",
    "drop the trigger": "drop trigger append_only on {}",
    "another trigger before it": (
        "create trigger aaa before insert on {} for each row execute function refuse_change()"
    ),
    "put out row-level security": "alter table {} disable row level security",
    "unforce row-level security": "alter table {} no force row level security",
    "another policy": "create policy all_of_it on {} using (true)",
    "drop the policy": "drop policy tenant on {}",
    "another column": "alter table {} add column more int",
    "drop the table": "drop table {}",
    "take it over": "alter table {} owner to tallybook_app",
    "grant it to oneself": "grant all on {0} to tallybook_app; delete from {0}",
    "a rule that changes instead": "create rule r as on insert to {} do instead nothing",
    "merge": ("merge into {} t using (select 1) s on true when matched then delete"),
    "lock others out": "lock table {} in access exclusive mode",
}
"""Statements of one table, each refused for want of the right to it."""

POWERS = {
    "become the owner": f"set role {OWNER}",
    "become a superuser": "set role postgres",
    "change who signed in": "set session authorization postgres",
    "put out triggers as a replica": "set session_replication_role = replica",
    "replace what the triggers call": (
        "create or replace function refuse_change() returns trigger language plpgsql"
        " as 'begin return new; end'"
    ),
    "drop what the triggers call": "drop function refuse_change() cascade",
    "a table of one's own": "create table mine (id int)",
    "a schema of one's own": "create schema mine",
    "a role of one's own": "create role mine",
    "give oneself the owner's rights": f"grant {OWNER} to {APP}",
    "bypass by decree": f"alter role {APP} bypassrls",
    "another limit": f"alter role {APP} superuser",
    "read files": "select pg_read_file('/etc/passwd')",
    "run programs": "copy (select 1) to program 'true'",
}
"""What gives power over all tables, each refused."""


@pytest.fixture(scope="module")
def app(database_url: str) -> Iterator[psycopg.Connection]:
    """One connection of the role that serves; what is tried on it is rolled back."""
    with psycopg.connect(database_url) as connection:
        yield connection


@pytest.fixture(scope="module")
def superuser(superuser_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(superuser_url) as connection:
        yield connection


def refused(connection: psycopg.Connection, statement: sql.SQL | sql.Composed) -> str | None:
    """Why a statement is refused; None where it is carried out. Nothing of it stays."""
    try:
        connection.execute(statement)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        return type(error).__name__
    finally:
        connection.rollback()
    return None


def test_there_is_history() -> None:
    assert {"entry", "layer_entry", "audit", "command", "seal"} <= set(HISTORY)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("table", HISTORY)
def test_no_way_to_change_history(app: psycopg.Connection, table: str, way: str) -> None:
    statement = sql.SQL(WAYS[way]).format(sql.Identifier(table))
    assert refused(app, statement) == "InsufficientPrivilege"


@pytest.mark.parametrize("power", POWERS)
def test_no_way_to_power(app: psycopg.Connection, power: str) -> None:
    assert refused(app, sql.SQL(POWERS[power])) == "InsufficientPrivilege"


@pytest.mark.parametrize("way", WAYS)
def test_each_way_would_work_for_who_may(superuser: psycopg.Connection, way: str) -> None:
    """It is the right that is missing, not a word in the statement; some meet the trigger then."""
    try:
        with suppress(psycopg.errors.IntegrityConstraintViolation):
            superuser.execute(sql.SQL(WAYS[way]).format(sql.Identifier("audit")))
    finally:
        superuser.rollback()


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("change", ["update {} set tenant_id = tenant_id", "delete from {}"])
def test_what_is_written_stays_whoever_asks(
    superuser: psycopg.Connection, table: str, change: str
) -> None:
    """The second lock behind the missing right: a trigger, for the owner and superusers too."""
    try:
        _one_row(superuser, table)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            superuser.execute(sql.SQL(change).format(sql.Identifier(table)))
    finally:
        superuser.rollback()


def _one_row(superuser: psycopg.Connection, table: str) -> None:
    # Foreign keys and checks are for whole postings; here a row of any content will do.
    superuser.execute("set local session_replication_role = replica")
    checks = superuser.execute(
        "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c'", [table]
    )
    for (name,) in checks.fetchall():
        drop = sql.SQL("alter table {} drop constraint {}")
        superuser.execute(drop.format(sql.Identifier(table), sql.Identifier(name)))
    columns = TABLES[table].c
    needed = [c for c in columns if not c.nullable and c.server_default is None]
    values = {c.name: _SAMPLES[type(c.type).__name__] for c in needed}
    superuser.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )
    superuser.execute("set local session_replication_role = origin")


_SAMPLES: dict[str, object] = {
    "Uuid": uuid4(),
    "Text": "x",
    "Integer": 1,
    "SmallInteger": 1,
    "BigInteger": 1,
    "Numeric": 1,
    "Boolean": False,
    "Date": "2026-03-01",
    "DateTime": "2026-03-01T00:00:00Z",
    "LargeBinary": b"x",
    "JSONB": "{}",
}


def test_who_reads_only_reads(superuser: psycopg.Connection) -> None:
    for name, table in TABLES.items():
        if table.info["tenant"]:
            rights = superuser.execute(
                "select has_table_privilege(%s, %s, 'insert, update, delete, truncate')",
                [READ, name],
            ).fetchone()
            assert rights == (False,), name
    superuser.rollback()
