"""What every plugin must keep in a real database and over HTTP. As in ``promises.py``, each answers with
what is broken, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from core.db import lint, migrate, roles
from core.db.database import Database
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.db.freeze import render_plugin
from core.db.migrate import Component
from core.extension.registry import Plugin, registry
from core.ledger.verify import verify
from server.testing.postgres import bare_database, drop_database
from server.testing.shop import Shop
from server.testing.trade import trade

Catalogue = Mapping[str, frozenset[str]]
"""Everything that the database knows of a table, by its name."""

_CATALOGUE = """
select c.relname, 'the column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || case when a.attnotnull then ' not null' else '' end
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
union all
select c.relname, 'the constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
from pg_class c join pg_constraint k on k.conrelid = c.oid
where c.relnamespace = 'public'::regnamespace
union all
select c.relname, pg_get_indexdef(x.indexrelid)
from pg_class c join pg_index x on x.indrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
union all
select c.relname, pg_get_triggerdef(t.oid)
from pg_class c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
where c.relnamespace = 'public'::regnamespace
union all
select tablename, 'the policy ' || policyname || coalesce(qual, '') || coalesce(with_check, '')
from pg_policies where schemaname = 'public'
union all
select table_name, 'the grant ' || privilege_type || ' to ' || grantee
from information_schema.role_table_grants where table_schema = 'public' and grantee <> grantor
"""


async def migration(server: EmbeddedServer, plugin: Plugin) -> list[str]:
    """Installed on a live database with data, it makes the tables that it declares and touches no
    others; once more there is nothing to do."""
    component = next((c for c in registry().components if c.label == plugin.name), None)
    if component is None:
        return []
    name = f"contract_{plugin.name}"
    before = _installed_before(plugin)
    bare_database(server, name, before)
    try:
        database = Database.connect(server.url(roles.APP, name), pool_size=4)
        try:
            shop = await Shop.open(database)
            await trade(shop)
            found = _migrated(server, name, plugin, before, component)
            async with database.directory() as connection:
                found += await lint.problems(connection)
            await trade(shop)
            return found + await verify(database, shop.principal.tenant_id)
        finally:
            await database.close()
    finally:
        drop_database(server, name)


def _migrated(
    server: EmbeddedServer,
    name: str,
    plugin: Plugin,
    before: Sequence[Component],
    component: Component,
) -> list[str]:
    """Migrate, and compare the tables with those before and with the declared ones."""
    url = server.url(roles.OWNER, name)
    core = catalogue(server, name)
    found = [] if migrate.upgrade(url, [*before, component]) else ["there was nothing to migrate"]
    if again := migrate.upgrade(url, [*before, component]):
        found.append(f"once more it migrated {', '.join(again)}")
    after = catalogue(server, name)
    found += differing(core, {table: after.get(table, frozenset()) for table in core})
    own = {t: facts for t, facts in after.items() if t not in core}
    del own[component.version_table]
    found += [
        f"the table {table} does not begin with {plugin.name}_"
        for table in own
        if not table.startswith(f"{plugin.name}_")
    ]
    return found + differing(_declared(server, plugin, before), own)


def _declared(server: EmbeddedServer, plugin: Plugin, before: Sequence[Component]) -> Catalogue:
    """The declared tables as the database sees them, made without the migrations."""
    if plugin.manifest.tables is None:
        return {}
    name = f"declared_{plugin.name}"
    bare_database(server, name, before)
    try:
        others = catalogue(server, name)
        with psycopg.connect(server.url(roles.OWNER, name)) as connection:
            connection.execute(render_plugin(plugin.manifest.tables).encode())
        made = catalogue(server, name)
        return {table: facts for table, facts in made.items() if table not in others}
    finally:
        drop_database(server, name)


def _installed_before(plugin: Plugin) -> list[Component]:
    """Core and what the plugin requires, in their order."""
    labels = {"core", *registry().closed([plugin.name])} - {plugin.name}
    return [component for component in registry().components if component.label in labels]


def catalogue(server: EmbeddedServer, name: str) -> dict[str, frozenset[str]]:
    """The tables of a database, with all that holds for them."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(server.url(SUPERUSER, name)) as connection:
        for table, fact in connection.execute(_CATALOGUE.encode()):
            found.setdefault(table, set()).add(fact)
    return {table: frozenset(facts) for table, facts in found.items()}


def differing(wanted: Catalogue, found: Catalogue) -> list[str]:
    """What is there and was not wanted, and the other way round."""
    tables = sorted(wanted.keys() | found.keys())
    nothing: frozenset[str] = frozenset()
    pairs = [(table, wanted.get(table, nothing), found.get(table, nothing)) for table in tables]
    return [
        *(f"{table} lacks {fact}" for table, want, have in pairs for fact in sorted(want - have)),
        *(f"{table} gained {fact}" for table, want, have in pairs for fact in sorted(have - want)),
    ]
