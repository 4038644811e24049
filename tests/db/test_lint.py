"""The catalogue: ours is sound, and the lint finds every fault that we plant (S1, F4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import psycopg.sql
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.db import lint
from core.db.protect import TENANT_IS_CURRENT
from tests.db.declared import TABLES

TENANT_TABLES = sorted(name for name, table in TABLES.items() if table.info["tenant"])

_SOUND = f"""
create table planted (tenant_id uuid not null, id uuid, code text, primary key (tenant_id, id));
alter table planted enable row level security;
alter table planted force row level security;
create policy tenant on planted using ({TENANT_IS_CURRENT}) with check ({TENANT_IS_CURRENT});
"""

FAULTS = {
    "a table of nobody": (
        "create table stray (id uuid primary key)",
        "stray is neither a tenant's table nor a named global one",
    ),
    "tenant may be null": (
        "create table planted (tenant_id uuid)",
        "planted.tenant_id is not a uuid that must be given",
    ),
    "tenant of another type": (
        "create table planted (tenant_id text primary key)",
        "planted.tenant_id is not a uuid that must be given",
    ),
    "not forced": (
        f"{_SOUND} alter table planted no force row level security",
        "planted has no forced row-level security",
    ),
    "not enabled": (
        f"{_SOUND} alter table planted disable row level security",
        "planted has no forced row-level security",
    ),
    "no check": (
        f"{_SOUND} drop policy tenant on planted;"
        f" create policy tenant on planted using ({TENANT_IS_CURRENT})",
        "planted has no policy that admits the current tenant only",
    ),
    "open when unset": (
        f"{_SOUND} drop policy tenant on planted; create policy tenant on planted"
        f" using ({TENANT_IS_CURRENT} or current_setting('app.tenant', true) is null)"
        f" with check ({TENANT_IS_CURRENT})",
        "planted has the policy tenant, which admits other rows",
    ),
    "second policy": (
        f"{_SOUND} create policy support on planted using (true)",
        "planted has the policy support, which admits other rows",
    ),
    "door for those who serve": (
        f"{_SOUND} create role door nologin; grant door to tallybook_app;"
        " create policy door on planted for select to door using (true)",
        "planted has the policy door, which admits other rows",
    ),
    "unique across tenants": (
        f"{_SOUND} alter table planted add unique (code)",
        "planted_code_key is unique without tenant_id in the first place",
    ),
    "tenant last in key": (
        f"{_SOUND} alter table planted add unique (code, tenant_id)",
        "planted_code_tenant_id_key is unique without tenant_id in the first place",
    ),
    "no key": (
        f"{_SOUND} alter table planted drop constraint planted_pkey",
        "planted has no primary key",
    ),
    "exclusion across tenants": (
        f"{_SOUND} alter table planted add constraint apart exclude using btree (code with =)",
        "apart excludes without tenant_id in the first place",
    ),
    "key into another tenant": (
        f"{_SOUND} alter table planted add unique (tenant_id, code);"
        " alter table planted add column other uuid;"
        " alter table planted add constraint astray foreign key (other, id)"
        " references planted (tenant_id, id)",
        "astray does not pair tenant_id with tenant_id in the first place",
    ),
    "global leads into tenants": (
        f"{_SOUND} alter table user_account add column planted uuid;"
        " alter table user_account add constraint inward"
        " foreign key (planted, id) references planted (tenant_id, id)",
        "inward leads from a global table into a tenant's",
    ),
    "identity": (
        f"{_SOUND} alter table planted add column number bigint generated always as identity",
        "planted.number is numbered by a sequence",
    ),
    "serial": (
        f"{_SOUND} alter table planted add column number bigserial",
        "planted.number is numbered by a sequence",
    ),
    "history unguarded": (
        "drop trigger append_only on audit",
        "audit is append-only and has no trigger that refuses changes",
    ),
    "history's guard asleep": (
        "alter table audit disable trigger never_truncated",
        "audit is append-only and has no trigger that refuses changes",
    ),
    "history granted": (
        "grant update on audit to tallybook_app",
        "audit is append-only and tallybook_app may change it",
    ),
    "bypass": (
        "alter role tallybook_read bypassrls",
        "tallybook_read may bypass row-level security through tallybook_read",
    ),
    "superuser by membership": (
        "create role ladder superuser; grant ladder to tallybook_app",
        "tallybook_app may bypass row-level security through ladder",
    ),
    "server owns": (
        "alter table item owner to tallybook_app",
        "tallybook_app owns item through tallybook_app",
    ),
    "truncate": (
        f"{_SOUND} grant truncate on planted to tallybook_app",
        "tallybook_app may truncate planted or attach triggers or keys to it",
    ),
    "public": (f"{_SOUND} grant select on planted to public", "planted is open to everybody"),
    "owner's view": (
        "create view window_ as select * from item",
        "window_ is a view without security_invoker",
    ),
    "materialized": (
        "create materialized view copy_ as select * from item",
        "copy_ is a materialized view, which knows no row-level security",
    ),
    "foreign": (
        "create foreign data wrapper nothing; create server afar foreign data wrapper nothing;"
        " create foreign table far (id int) server afar",
        "far is a foreign table, which knows no row-level security",
    ),
    "elsewhere": (
        "create schema attic; create table attic.item_copy as select * from item",
        "attic.item_copy lies outside the schema public, where nobody looks",
    ),
    "creates": (
        "grant create on schema public to tallybook_app",
        "tallybook_app may create objects in the schema public",
    ),
    "replica": (
        "grant set on parameter session_replication_role to tallybook_app",
        "tallybook_app may put out triggers as a replica does",
    ),
    "a tenant for all": (
        "alter role tallybook_app set app.tenant = '00000000-0000-0000-0000-000000000001'",
        "app.tenant is set for tallybook_app before any transaction sets it",
    ),
    "replica by default": (
        "alter role tallybook_app set session_replication_role = replica",
        "session_replication_role is set for tallybook_app before any transaction sets it",
    ),
    "definer's path": (
        "create function climb() returns int language sql security definer as 'select 1'",
        "climb() is SECURITY DEFINER without a fixed search_path",
    ),
}


@pytest.fixture
async def connection(superuser_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(
        sa.make_url(superuser_url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    async with engine.connect() as connection:
        yield connection
        await connection.rollback()
    await engine.dispose()


async def test_our_catalogue_is_sound(connection: AsyncConnection) -> None:
    assert await lint.problems(connection) == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_planted_fault_is_found(connection: AsyncConnection, fault: str) -> None:
    sql, sentence = FAULTS[fault]
    for statement in sql.split(";"):
        await connection.exec_driver_sql(statement)
    assert sentence in await lint.problems(connection)


async def test_sound_table_is_no_fault(connection: AsyncConnection) -> None:
    for statement in filter(str.strip, _SOUND.split(";")):
        await connection.exec_driver_sql(statement)
    assert await lint.problems(connection) == []


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_without_a_tenant_nothing_is_seen_or_written(table: str, database_url: str) -> None:
    with psycopg.connect(database_url) as app:
        name = psycopg.sql.Identifier(table)
        seen = app.execute(psycopg.sql.SQL("select count(*) from {}").format(name))
        assert seen.fetchone() == (0,)
        insert = psycopg.sql.SQL("insert into {} (tenant_id) values (%s)").format(name)
        # The policy decides before the other constraints are asked.
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            app.execute(insert, [uuid4()])


@pytest.mark.parametrize("change", ["update command set at = now()", "delete from command"])
def test_history_is_refused_to_everybody(superuser_url: str, change: str) -> None:
    with psycopg.connect(superuser_url) as connection:
        connection.execute(
            "insert into command (tenant_id, id, operation, hash_version, input_hash, outcome)"
            " values (%s, %s, 'test', 1, '', '{}')",
            [uuid4(), uuid4()],
        )
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            connection.execute(change.encode())
        connection.rollback()


def test_history_cannot_be_truncated(superuser_url: str) -> None:
    with psycopg.connect(superuser_url) as connection:
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            connection.execute("truncate command")
        connection.rollback()
