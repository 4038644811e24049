"""Tables of recipes at work. Rows are added with each closing and never changed."""

from __future__ import annotations

import sqlalchemy as sa

from core.plugin_api import Number, Uuid
from plugins.bom_manufacturing.tables import tables

closing = tables.table(
    "closing",
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("document_id", Uuid),
    tables.key("place_id", to="place"),
    tables.key("document_id", to="document"),
    sa.UniqueConstraint("tenant_id", "document_id"),
    sa.CheckConstraint("number > 0", name="number"),
    sa.Index(None, "tenant_id", "place_id", "day"),
    append_only=True,
)
"""Closings of a place, numbered from 1: each goes on from the one before it, so that of two at the same
moment the key lets one in. ``document_id`` took the ingredients; null where nothing was due yet."""

closing_dish = tables.table(
    "closing_dish",
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("quantity", Number, nullable=False),
    tables.key("place_id", "number", to=closing, target=("place_id", "number")),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("quantity <> 0", name="quantity"),
    append_only=True,
)
"""What of dishes a closing answers for, sold less returned, beyond the earlier ones of its day."""

closing_use = tables.table(
    "closing_use",
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("needed", Number, nullable=False),
    sa.Column("taken", Number, nullable=False),
    sa.Column("rest", Number, nullable=False),
    tables.key("place_id", "number", to=closing, target=("place_id", "number")),
    tables.key("item_id", to="item"),
    sa.Index(None, "tenant_id", "place_id", "item_id", "number"),
    append_only=True,
)
"""What it took of ingredients, and what is carried to the next closing of the place."""
