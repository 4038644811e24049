"""The location tree: its table and all its SQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.metadata import Uuid, tenant_key, tenant_table

place = tenant_table(
    "place",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("parent_id", Uuid),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("zone", sa.Text),
    sa.Column("path", ARRAY(Uuid), nullable=False),
    sa.Column("negative_stock", sa.Text),
    sa.Column("holds_stock", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.UniqueConstraint("tenant_id", "account"),
    sa.Index(None, "tenant_id", "parent_id"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint(
        "kind in ('organisation','store','warehouse','bin','transit','processor','virtual')",
        name="kind_known",
    ),
    sa.CheckConstraint("(kind in ('virtual','transit')) = (account is not null)", name="account"),
    sa.CheckConstraint("path[cardinality(path)] = id", name="path_ends_here"),
    sa.CheckConstraint("negative_stock in ('forbid','allow')", name="negative_stock"),
    tenant_key("parent_id", to="place"),
)
