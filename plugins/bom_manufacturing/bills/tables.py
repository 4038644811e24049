"""Tables of bills of material: each is a tenant's, and leads to core, never back."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Number, Uuid
from plugins.bom_manufacturing.tables import tables

bom = tables.table(
    "bom",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("output_quantity", Number, nullable=False),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    tables.key("item_id", to="item"),
    sa.UniqueConstraint("tenant_id", "item_id", "version"),
    sa.CheckConstraint("version <> ''", name="version"),
    sa.CheckConstraint("output_quantity > 0", name="output_quantity"),
    sa.CheckConstraint("valid_from <= valid_until", name="dates"),
)
"""Versions of how items are made; the days are those of all its lines."""

line = tables.table(
    "line",
    sa.Column("bom_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("scrap_pct", Number, nullable=False),
    sa.Column("setup_loss", Number, nullable=False),
    sa.Column("multiple", Number),
    sa.Column("phantom", sa.Boolean, nullable=False),
    sa.Column("supply", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    sa.Column("conditions", postgresql.JSONB, nullable=False),
    tables.key("bom_id", to=bom),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("scrap_pct >= 0 AND setup_loss >= 0 AND multiple > 0", name="losses"),
    sa.CheckConstraint(
        "supply IN ('issue', 'backflush', 'processor', 'consumable')", name="supply"
    ),
    sa.CheckConstraint("valid_from <= valid_until", name="dates"),
    sa.CheckConstraint("jsonb_typeof(conditions) = 'object'", name="conditions"),
    sa.Index(None, "tenant_id", "item_id"),
)
"""Components, for the output quantity; ``conditions`` are lists of values by attribute."""

alternate = tables.table(
    "alternate",
    sa.Column("bom_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("ratio", Number, nullable=False),
    tables.key("bom_id", "line", to=line, target=("bom_id", "line")),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("ratio > 0 AND priority >= 0", name="ratio"),
    sa.Index(None, "tenant_id", "item_id"),
)
"""What may stand in for a component."""

output = tables.table(
    "output",
    sa.Column("bom_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("share_pct", Number, nullable=False),
    sa.Column("unit_value", Number),
    tables.key("bom_id", to=bom),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("kind IN ('by_product', 'co_product')", name="kind"),
    sa.CheckConstraint(
        "quantity > 0 AND share_pct >= 0 AND share_pct < 100 AND unit_value >= 0", name="value"
    ),
    sa.CheckConstraint("unit_value IS NULL OR share_pct = 0", name="one_value"),
)
"""What comes out besides."""

operation = tables.table(
    "operation",
    sa.Column("bom_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("minutes", Number, nullable=False),
    sa.Column("hour_rate", Number, nullable=False),
    sa.Column("setup_minutes", Number, nullable=False),
    sa.Column("efficiency_pct", Number, nullable=False),
    sa.Column("cycle_quantity", Number, nullable=False),
    sa.Column("whole_cycles", sa.Boolean, nullable=False),
    tables.key("bom_id", to=bom),
    sa.CheckConstraint(
        "minutes >= 0 AND hour_rate >= 0 AND setup_minutes >= 0"
        " AND efficiency_pct > 0 AND cycle_quantity > 0",
        name="figures",
    ),
)
"""Work, in the order in which it is done."""
