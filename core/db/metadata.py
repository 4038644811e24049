"""How every table of a tenant is declared: tenant first in each key, so that row-level security,
uniqueness and a distributed PostgreSQL all see the same boundary (S1, F4).

Tables are declared in each module's ``tables.py`` with :func:`tenant_table`, never with ``sa.Table``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

Uuid = sa.Uuid(as_uuid=True)
Number = sa.Numeric(asdecimal=True)
"""Quantities, values and prices: PostgreSQL ``numeric``, exact, never a float."""
Moment = sa.DateTime(timezone=True)


def tenant_table(
    name: str, *columns: sa.schema.SchemaItem, append_only: bool = False, **kwargs: Any
) -> sa.Table:
    """A table of tenants' rows: ``tenant_id`` comes first and belongs to the primary key.

    Columns marked ``primary_key=True`` follow it in the key. ``append_only`` tables get neither the
    grant nor the trigger that would let a row be changed (ledger rule 7.1).
    """
    return sa.Table(
        name,
        metadata,
        sa.Column("tenant_id", Uuid, primary_key=True),
        *columns,
        info={"tenant": True, "append_only": append_only},
        **kwargs,
    )


def global_table(name: str, *columns: sa.schema.SchemaItem, **kwargs: Any) -> sa.Table:
    """A table above tenants (who they are, who may enter). The list is short and tested by name."""
    return sa.Table(name, metadata, *columns, info={"tenant": False}, **kwargs)


def tenant_key(
    *columns: str, to: str, target: tuple[str, ...] = ("id",)
) -> sa.ForeignKeyConstraint:
    """A foreign key inside one tenant: ``tenant_id`` is paired with ``tenant_id``."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", *columns], [f"{to}.tenant_id", *(f"{to}.{column}" for column in target)]
    )
