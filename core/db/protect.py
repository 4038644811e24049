"""What keeps tenants apart and history unwritten, as SQL for every table (S1, ledger rule 7.1)."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.roles import APP, READ, identifier

TENANT_IS_CURRENT = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
"""True for rows of the transaction's tenant; null, and so false, where no tenant is set."""

REFUSE_CHANGE = """\
create function refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'integrity_constraint_violation';
end
$$"""
"""The trigger function of append-only tables, part of the first migration."""

_REMOVABLE_GLOBALS = frozenset({"membership"})
"""Who belongs to a tenant may end; that a tenant, a person or a token existed stays known."""


def protection(table: sa.Table) -> list[str]:
    """SQL statements that protect a table declared with ``tenant_table`` or ``global_table``.

    To be run by the owner right after the table is created, in core's migrations and in plugins'.
    """
    name = identifier(table.name)
    if not table.info["tenant"]:
        delete = ", delete" if table.name in _REMOVABLE_GLOBALS else ""
        return [f"grant select, insert, update{delete} on {name} to {APP}"]
    append_only = table.info["append_only"]
    rights = "select, insert" if append_only else "select, insert, update, delete"
    return [
        f"alter table {name} enable row level security",
        f"alter table {name} force row level security",
        f"create policy tenant on {name} using ({TENANT_IS_CURRENT})"
        f" with check ({TENANT_IS_CURRENT})",
        f"grant {rights} on {name} to {APP}",
        f"grant select on {name} to {READ}",
        *(_refuse_changes(name) if append_only else []),
    ]


def _refuse_changes(name: str) -> list[str]:
    return [
        f"create trigger append_only before update or delete on {name}"
        " for each row execute function refuse_change()",
        f"create trigger never_truncated before truncate on {name}"
        " for each statement execute function refuse_change()",
    ]
