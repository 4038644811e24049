"""What the catalogue of the database must look like, whoever changed it and however (S1, F4).

Read by the tests after every migration and by ``tallybook verify`` in production. Each check is one
query that returns sentences; none returned means that all holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.roles import APP, READ
from core.db.schema import metadata
from core.extension.registry import registry

GLOBAL_TABLES = frozenset({"tenant", "user_account", "membership", "api_token"})
"""The tables above tenants, by name: a new one is a decision, not an accident."""

_CURRENT = "(tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid)"
"""``protect.TENANT_IS_CURRENT`` as PostgreSQL prints it; it is null, and so denies, when unset."""

_FACTS = """
with recursive tables as (
  select c.oid, c.relname as name, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
         a.attnum as tenant, a.attnotnull, a.atttypid = 'uuid'::regtype as is_uuid
  from pg_class c
  left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not (c.relname ~ '_version$' and c.relnatts = 1)  -- Alembic's own
),
tenant_tables as (select * from tables where not name = any (:globals)),
serving as (
  select oid, rolname, rolsuper, rolbypassrls from pg_roles where rolname in (:app, :read)
  union
  select r.oid, r.rolname, r.rolsuper, r.rolbypassrls
  from serving s join pg_auth_members m on m.roleid = s.oid and (m.inherit_option or m.set_option)
  join pg_roles r on r.oid = m.member
),
powers as (  -- the serving roles and every role whose rights they have
  select oid, rolname as through, rolname, rolsuper, rolbypassrls from serving
  union
  select r.oid, p.through, r.rolname, r.rolsuper, r.rolbypassrls
  from powers p join pg_auth_members m on m.member = p.oid join pg_roles r on r.oid = m.roleid
)
"""

_CHECKS = (
    # Tenant tables
    """select name || ' is neither a tenant''s table nor a named global one'
       from tenant_tables where tenant is null""",
    """select name || '.tenant_id is not a uuid that must be given'
       from tenant_tables where not (attnotnull and is_uuid)""",
    """select name || ' has no forced row-level security'
       from tenant_tables where not (relrowsecurity and relforcerowsecurity)""",
    """select name || ' has no policy that admits the current tenant only'
       from tenant_tables t where not exists (
         select from pg_policy p where p.polrelid = t.oid and p.polpermissive and p.polcmd = '*'
           and p.polroles = '{0}' and pg_get_expr(p.polqual, p.polrelid) = :current
           and pg_get_expr(p.polwithcheck, p.polrelid) = :current)""",
    """select t.name || ' has the policy ' || p.polname || ', which admits other rows'
       from tenant_tables t join pg_policy p on p.polrelid = t.oid and p.polpermissive
       where not (pg_get_expr(p.polqual, p.polrelid) is not distinct from :current
                  and pg_get_expr(p.polwithcheck, p.polrelid) is not distinct from :current)
         and not (p.polcmd = 'r' and not exists (
           select from unnest(p.polroles) as role(oid) left join pg_roles r using (oid)
           where r.oid is null or r.rolcanlogin
              or exists (select from powers w where w.oid = r.oid)))""",
    # Keys
    """select x.indexrelid::regclass || ' is unique without tenant_id in the first place'
       from tenant_tables t join pg_index x on x.indrelid = t.oid and x.indisunique
       where t.tenant is not null and x.indkey[0] <> t.tenant""",
    """select t.name || ' has no primary key'
       from tenant_tables t where not exists (
         select from pg_index x where x.indrelid = t.oid and x.indisprimary)""",
    """select k.conname || ' excludes without tenant_id in the first place'
       from tenant_tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'x'
       where k.conkey[1] <> t.tenant
          or k.conexclop[1] <> 'pg_catalog.=(uuid,uuid)'::regoperator""",
    """select k.conname || ' does not pair tenant_id with tenant_id in the first place'
       from tenant_tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
       left join tenant_tables other on other.oid = k.confrelid
       where k.conkey[1] <> t.tenant or k.confkey[1] <> other.tenant""",
    """select k.conname || ' leads from a global table into a tenant''s'
       from pg_constraint k join tenant_tables t on t.oid = k.confrelid
       where k.contype = 'f' and not exists (select from tenant_tables f where f.oid = k.conrelid)""",
    """select t.name || '.' || a.attname || ' is numbered by a sequence'
       from tables t join pg_attribute a on a.attrelid = t.oid
       left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
       where a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval(%'""",
    # Append-only tables
    """select name || ' is append-only and has no trigger that refuses changes'
       from tenant_tables t where name = any (:append_only) and (
         select count(*) from pg_trigger g where g.tgrelid = t.oid and g.tgenabled in ('O', 'A')
           and g.tgfoid = to_regproc('public.refuse_change') and g.tgtype in (27, 34)) < 2""",
    """select name || ' is append-only and ' || rolname || ' may change it'
       from tenant_tables t, serving s where name = any (:append_only)
         and has_table_privilege(s.oid, t.oid, 'update, delete')""",
    # Roles
    """select through || ' may bypass row-level security through ' || rolname
       from powers where rolsuper or rolbypassrls""",
    """select p.through || ' owns ' || t.name || ' through ' || p.rolname
       from powers p join tables t on t.relowner = p.oid""",
    """select s.rolname || ' may truncate ' || t.name || ' or attach triggers or keys to it'
       from serving s, tables t where not s.rolsuper
         and has_table_privilege(s.oid, t.oid, 'truncate, trigger, references')""",
    """select distinct t.name || ' is open to everybody'
       from tables t join pg_class c using (oid), aclexplode(c.relacl) acl
       where acl.grantee = 0""",
    """select s.rolname || ' may put out triggers as a replica does'
       from serving s where not s.rolsuper
         and has_parameter_privilege(s.oid, 'session_replication_role', 'set')""",
    """select s.rolname || ' may create objects in the schema ' || n.nspname
       from serving s, pg_namespace n where not s.rolsuper and n.nspname !~ '^pg_'
         and has_schema_privilege(s.oid, n.oid, 'create')""",
    """select split_part(setting, '=', 1) || ' is set for ' ||
              coalesce(r.rolname, 'all roles') || ' before any transaction sets it'
       from pg_db_role_setting d
       left join pg_database b on b.oid = d.setdatabase
       left join pg_roles r on r.oid = d.setrole,
       unnest(d.setconfig) as setting
       where setting ~* '^(app[.]|session_replication_role=|row_security=)'
         and (b.oid is null or b.datname = current_database())""",
    """select 'the role ' || name || ' is missing'
       from unnest(array[:app, :read]) as name where not exists (
         select from pg_roles where rolname = name)""",
    # Ways around
    """select relname || ' is a view without security_invoker'
       from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
         and not coalesce(reloptions && '{security_invoker=true,security_invoker=on}', false)
         and not exists (select from pg_depend d where d.objid = pg_class.oid and d.deptype = 'e')""",
    """select c.relname || ' is a foreign table, which knows no row-level security'
       from pg_class c where c.relkind = 'f'""",
    """select n.nspname || '.' || c.relname || ' lies outside the schema public, where nobody looks'
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
         and n.nspname not in ('public', 'information_schema')
         and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')""",
    """select relname || ' is a materialized view, which knows no row-level security'
       from pg_class where relnamespace = 'public'::regnamespace and relkind = 'm'""",
    """select p.oid::regprocedure || ' is SECURITY DEFINER without a fixed search_path'
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
         and not exists (select from unnest(p.proconfig) as c where c like 'search_path=%')
         and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')""",
)


async def problems(connection: AsyncConnection) -> list[str]:
    """What is wrong with the catalogue, one sentence each; any role may ask."""
    facts = {
        "globals": sorted(GLOBAL_TABLES),
        "append_only": sorted(_append_only()),
        "app": APP,
        "read": READ,
        "current": _CURRENT,
    }
    found: list[str] = []
    for check in _CHECKS:
        query = sa.text(_FACTS + check)
        used = {name: facts[name] for name in query.compile().params}
        found.extend(sorted((await connection.execute(query, used)).scalars()))
    return found


def _append_only() -> Iterator[str]:
    """The append-only tables of core and of the plugins that are there."""
    for declared in (metadata, *(tables.metadata for tables in registry().tables)):
        yield from (name for name, t in declared.tables.items() if t.info.get("append_only"))
