"""The tables of a plugin: its own, with foreign keys to core, never a column added to core."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import schema
from core.db.metadata import Uuid


class Tables:
    """Where a plugin declares its tables::

        tables = Tables("food_batches")
        batch = tables.table(
            "batch",
            sa.Column("lot_id", Uuid, primary_key=True),
            tables.key("lot_id", to="lot"),
        )

    Each is named after the plugin (``food_batches_batch``) and is a tenant's table like core's own.
    """

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self.metadata = sa.MetaData(naming_convention=schema.metadata.naming_convention)

    def table(
        self, noun: str, *columns: sa.schema.SchemaItem, append_only: bool = False
    ) -> sa.Table:
        """A table of tenants' rows. ``tenant_id`` comes first in its primary key, by itself."""
        return sa.Table(
            f"{self.plugin}_{noun}",
            self.metadata,
            sa.Column("tenant_id", Uuid, primary_key=True),
            *columns,
            info={"tenant": True, "append_only": append_only},
        )

    def key(
        self,
        *columns: str,
        to: str | sa.Table,
        target: tuple[str, ...] = ("id",),
        cascade: bool = False,
    ) -> sa.ForeignKeyConstraint:
        """A foreign key inside one tenant, to a table of core (by its name) or of the plugin. With
        ``cascade`` a row goes with what it belongs to, as with a draft that is deleted."""
        table = schema.metadata.tables[to] if isinstance(to, str) else to
        return sa.ForeignKeyConstraint(
            ["tenant_id", *columns],
            [table.c.tenant_id, *(table.c[name] for name in target)],
            ondelete="CASCADE" if cascade else None,
        )

    def named(self, name: str) -> sa.Table | None:
        """The declared table of this full name."""
        return self.metadata.tables.get(name)
