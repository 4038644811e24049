"""Tables of orders to processors, and of what came of them."""

from __future__ import annotations

import sqlalchemy as sa

from core.plugin_api import Number, Uuid
from plugins.bom_manufacturing.tables import tables

processor = tables.table(
    "processor",
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("party_id", Uuid, nullable=False),
    tables.key("place_id", to="place"),
    tables.key("party_id", to="party"),
    sa.Index(None, "tenant_id", "party_id"),
)
"""Whose a place is where processors have components of ours."""

subcontract_order = tables.table(
    "subcontract_order",
    sa.Column("order_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("pays_rejected", sa.Boolean, nullable=False),
    tables.key("order_id", to="document", cascade=True),
    tables.key("item_id", to="item"),
    sa.Index(None, "tenant_id", "item_id"),
)
"""What core does not know of an order to a processor: the product, and whether rejected goods are paid."""

subcontract_component = tables.table(
    "subcontract_component",
    sa.Column("order_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("numerator", Number, nullable=False),
    sa.Column("denominator", Number, nullable=False),
    sa.Column("allowance_pct", Number, nullable=False),
    tables.key("order_id", to=subcontract_order, target=("order_id",), cascade=True),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("numerator > 0 AND denominator > 0", name="per_unit"),
    sa.CheckConstraint("allowance_pct >= 0", name="allowance"),
)
"""What one of the product takes of a component, without losses, and how much of that may be lost."""

subcontract_receipt = tables.table(
    "subcontract_receipt",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("order_id", Uuid, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("received", Number, nullable=False),
    sa.Column("rejected", Number, nullable=False),
    tables.key("document_id", to="document"),
    tables.key("order_id", to=subcontract_order, target=("order_id",)),
    sa.UniqueConstraint(
        "tenant_id", "order_id", "number", name="bom_manufacturing_subcontract_receipt_number"
    ),
    sa.CheckConstraint(
        "least(received, rejected) >= 0 OR greatest(received, rejected) <= 0", name="quantities"
    ),
    append_only=True,
)
"""Goods from a processor, below zero where it was reversed. The number is the receipt's place among those
of its order: of two that were reckoned on the same past, one is reckoned anew."""

subcontract_use = tables.table(
    "subcontract_use",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("order_id", Uuid, nullable=False),
    sa.Column("used", Number, nullable=False),
    sa.Column("allowed_loss", Number, nullable=False),
    sa.Column("charged_loss", Number, nullable=False),
    tables.key("document_id", to="document"),
    tables.key("item_id", to="item"),
    tables.key("order_id", to=subcontract_order, target=("order_id",)),
    sa.CheckConstraint(
        "least(used, allowed_loss, charged_loss) >= 0"
        " OR greatest(used, allowed_loss, charged_loss) <= 0",
        name="quantities",
    ),
    sa.Index(None, "tenant_id", "order_id", "item_id"),
    append_only=True,
)
"""What left the stock at a processor with a receipt or a charge, by why; below zero where reversed."""
