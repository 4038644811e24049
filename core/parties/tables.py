"""Suppliers and customers: their table and all its SQL."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.metadata import Uuid, tenant_table

party = tenant_table(
    "party",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("code_key", sa.Text(collation="C"), nullable=False),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("mnemonic", sa.Text, nullable=False),
    sa.Column("is_supplier", sa.Boolean, nullable=False),
    sa.Column("is_customer", sa.Boolean, nullable=False),
    sa.Column("country", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("tax_number", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "code_key"),
    sa.Index(None, "tenant_id", "name", "id"),
    sa.Index(None, "tenant_id", "changed", unique=True),
    sa.CheckConstraint("is_supplier or is_customer", name="some_role"),
)
