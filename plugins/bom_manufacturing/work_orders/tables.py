"""What is kept beside the documents of work orders."""

from __future__ import annotations

import sqlalchemy as sa

from core.plugin_api import Moment, Number, Uuid
from plugins.bom_manufacturing.bills.tables import bom
from plugins.bom_manufacturing.tables import tables

work_order = tables.table(
    "work_order",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("bom_id", Uuid),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("reported", Number, nullable=False, server_default="0"),
    sa.Column("scrapped", Number, nullable=False, server_default="0"),
    sa.Column("absorbed", Number, nullable=False, server_default="0"),
    tables.key("document_id", to="document", cascade=True),
    tables.key("bom_id", to=bom),
    sa.CheckConstraint("kind IN ('make', 'rework', 'disassemble')", name="kind"),
    sa.CheckConstraint("status IN ('open', 'stopped', 'closed')", name="status"),
    sa.CheckConstraint("reported >= 0 AND scrapped >= 0 AND absorbed >= 0", name="figures"),
)
"""One for each order. Its first line is the product; ``reported`` of it were good, ``scrapped`` were not.
``absorbed`` is what of the charges went into what was received."""

work_charge = tables.table(
    "work_charge",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("document_id", Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount", Number, nullable=False),
    sa.Column("remark", sa.Text),
    sa.Column("charged_at", Moment, nullable=False, server_default=sa.func.now()),
    tables.key("document_id", to=work_order, target=("document_id",), cascade=True),
    sa.CheckConstraint("kind IN ('labour', 'overhead', 'fee', 'other')", name="kind"),
    sa.CheckConstraint("amount <> 0", name="amount"),
    sa.Index(None, "tenant_id", "document_id"),
)
"""What an order cost besides its components; below zero where it was charged too much before."""
