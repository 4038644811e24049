"""Items, units, barcodes and categories: their tables and all their SQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.metadata import Number, Uuid, tenant_key, tenant_table

category = tenant_table(
    "category",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("parent_id", Uuid),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("path", ARRAY(Uuid), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "parent_id"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("path[cardinality(path)] = id", name="path_ends_here"),
    tenant_key("parent_id", to="category"),
)

unit = tenant_table(
    "unit",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("decimals", sa.SmallInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("decimals between 0 and 6", name="decimals"),
)

item = tenant_table(
    "item",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("category_id", Uuid),
    sa.Column("base_unit_id", Uuid, nullable=False),
    sa.Column("mnemonic", sa.Text, nullable=False),
    sa.Column("list_price", Number),
    sa.Column("purchase_price", Number),
    sa.Column("weight", Number),
    sa.Column("volume", Number),
    sa.Column("negative_stock", sa.Text),
    sa.Column("costing_method", sa.Text),
    sa.Column("cost_scope", sa.Text),
    sa.Column("standard_cost", Number),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "category_id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("kind in ('stocked','service')", name="kind_known"),
    sa.CheckConstraint("negative_stock in ('forbid','allow')", name="negative_stock"),
    sa.CheckConstraint(
        "costing_method in ('moving_average','fifo','standard','specific')", name="costing_method"
    ),
    sa.CheckConstraint(
        "cost_scope in ('item','item_place','item_lot','item_lot_place','serial')",
        name="cost_scope",
    ),
    tenant_key("category_id", to="category"),
    tenant_key("base_unit_id", to="unit"),
)

item_unit = tenant_table(
    "item_unit",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("unit_id", Uuid, primary_key=True),
    sa.Column("numerator", Number, nullable=False),
    sa.Column("denominator", Number, nullable=False),
    sa.CheckConstraint("numerator > 0 and denominator > 0", name="ratio_positive"),
    tenant_key("item_id", to="item"),
    tenant_key("unit_id", to="unit"),
)
"""1 of this unit is numerator / denominator base units, exactly (L8). The base unit has no row."""

barcode = tenant_table(
    "barcode",
    sa.Column("code", sa.Text(collation="C"), primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("unit_id", Uuid, nullable=False),
    sa.Index(None, "tenant_id", "item_id"),
    tenant_key("item_id", to="item"),
    tenant_key("unit_id", to="unit"),
)
