"""The directory above tenants: who they are, who may enter, and with which token.

The one door to the global tables. They carry no row-level security, so nothing else may touch them.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.metadata import Moment, Uuid, global_table

tenant = global_table(
    "tenant",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("edition", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
)

user_account = global_table(
    "user_account",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("email", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
)

membership = global_table(
    "membership",
    sa.Column("tenant_id", Uuid, sa.ForeignKey("tenant.id"), primary_key=True),
    sa.Column("user_id", Uuid, sa.ForeignKey("user_account.id"), primary_key=True),
    sa.Column("roles", ARRAY(sa.Text), nullable=False),
    sa.Index(None, "user_id"),
)

api_token = global_table(
    "api_token",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("tenant_id", Uuid, nullable=False),
    sa.Column("user_id", Uuid, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["membership.tenant_id", "membership.user_id"],
        ondelete="CASCADE",
    ),
)
