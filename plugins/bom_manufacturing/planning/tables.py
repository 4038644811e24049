"""Its tables: what is told of items, days and forecasts, and what runs found."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Moment, Number, Uuid
from plugins.bom_manufacturing.tables import tables

planning = tables.table(
    "planning",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("make", sa.Boolean),
    sa.Column("subcontract", sa.Boolean, nullable=False),
    sa.Column("processing_fee", Number),
    sa.Column("lead_time", sa.Integer, nullable=False),
    sa.Column("safety_stock", Number, nullable=False),
    sa.Column("reorder_point", Number),
    sa.Column("supplier_id", Uuid),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("lot_quantity", Number),
    sa.Column("lot_minimum", Number),
    sa.Column("lot_maximum", Number),
    sa.Column("lot_multiple", Number),
    sa.Column("lot_periods", sa.Integer),
    sa.Column("annual_demand", Number),
    sa.Column("order_cost", Number),
    sa.Column("holding_cost", Number),
    tables.key("item_id", to="item"),
    tables.key("supplier_id", to="party"),
    sa.CheckConstraint(
        "policy IN ('lot_for_lot', 'fixed', 'multiple', 'min_max', 'eoq', 'periods')", name="policy"
    ),
    sa.CheckConstraint(
        "lead_time >= 0 AND safety_stock >= 0 AND reorder_point >= 0 AND processing_fee >= 0",
        name="figures",
    ),
    sa.CheckConstraint("NOT subcontract OR make IS NOT FALSE", name="subcontract"),
    sa.CheckConstraint(
        "lot_quantity > 0 AND lot_minimum >= 0 AND lot_maximum > 0 AND lot_multiple > 0"
        " AND lot_periods > 0 AND annual_demand >= 0 AND order_cost >= 0 AND holding_cost > 0",
        name="lots",
    ),
)
"""How an item is planned; ``make`` is null where its bill decides. With ``subcontract`` a processor makes it,
the supplier, for ``processing_fee`` each."""

safety_stock = tables.table(
    "safety_stock",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("quantity", Number, nullable=False),
    tables.key("item_id", to=planning, target=("item_id",)),
    tables.key("place_id", to="place"),
    sa.CheckConstraint("quantity >= 0", name="quantity"),
)
"""Safety stocks of places."""

weekday = tables.table(
    "weekday",
    sa.Column("weekday", sa.Integer, primary_key=True),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
)
"""Weekdays that are worked, Monday being 0; where there are none, Monday to Friday are."""

day = tables.table(
    "day",
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("worked", sa.Boolean, nullable=False),
)
"""Days that are not like their weekday."""

forecast = tables.table(
    "forecast",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("place_id", Uuid),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    tables.key("item_id", to="item"),
    tables.key("place_id", to="place"),
    sa.UniqueConstraint(
        "tenant_id", "item_id", "place_id", "starts_on", postgresql_nulls_not_distinct=True
    ),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("starts_on <= ends_on", name="period"),
)
"""What is expected to be sold in a period; without a place, anywhere."""

run = tables.table(
    "run",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("place_id", Uuid),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("asked_by", Uuid, nullable=False),
    sa.Column("asked_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("seen_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("finished_at", Moment),
    sa.Column("items_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("items_total", sa.Integer),
    sa.Column("disturbed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("failure", postgresql.JSONB),
    tables.key("place_id", to="place"),
    sa.CheckConstraint(
        "state IN ('queued', 'running', 'done', 'superseded', 'failed')", name="state"
    ),
    sa.CheckConstraint("starts_on <= ends_on", name="horizon"),
    sa.CheckConstraint("(state IN ('queued', 'running')) = (finished_at IS NULL)", name="finished"),
    sa.Index(
        "bom_manufacturing_run_one",
        "tenant_id",
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
    sa.Index(None, "tenant_id", "finished_at"),
)
"""Runs of planning: of each tenant one is under way at most. ``disturbed``: a suggestion became an order
meanwhile, so that what was read is stale."""

plan_item = tables.table(
    "plan_item",
    sa.Column("run_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("on_hand", Number, nullable=False),
    sa.Column("short_quantity", Number, nullable=False),
    sa.Column("short_on", sa.Date),
    sa.Column("pegs", postgresql.JSONB, nullable=False),
    tables.key("run_id", to=run),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("(short_quantity > 0) = (short_on IS NOT NULL)", name="short"),
    sa.Index(
        None,
        "tenant_id",
        "run_id",
        "short_on",
        "item_id",
        postgresql_where=sa.text("short_quantity > 0"),
    ),
)
"""An item in a plan, with what covers each of its needs."""

suggestion = tables.table(
    "suggestion",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("run_id", Uuid, nullable=False),
    sa.Column("no", sa.Integer, nullable=False),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("make", sa.Boolean, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("release_on", sa.Date, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("past_due", sa.Boolean, nullable=False),
    sa.Column("supplier_id", Uuid),
    sa.Column("subcontract", sa.Boolean, nullable=False),
    sa.Column("untold", postgresql.JSONB, nullable=False),
    tables.key("run_id", to=run),
    tables.key("item_id", to="item"),
    tables.key("supplier_id", to="party"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("jsonb_typeof(untold) = 'array' AND (untold = '[]' OR make)", name="untold"),
    sa.CheckConstraint("release_on <= due_on", name="dates"),
    sa.CheckConstraint("NOT subcontract OR make", name="subcontract"),
    sa.Index(None, "tenant_id", "run_id", "release_on", "no", unique=True),
    sa.Index(None, "tenant_id", "run_id", "item_id"),
)
"""Planned orders; with ``subcontract`` the supplier makes it of our components. ``untold`` are attributes of
the item that its bill depends on and nobody told."""

suggestion_order = tables.table(
    "suggestion_order",
    sa.Column("suggestion_id", Uuid, primary_key=True),
    sa.Column("document_id", Uuid, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    tables.key("suggestion_id", to=suggestion),
    sa.Index(None, "tenant_id", "document_id"),
    append_only=True,
)
"""Which document a suggestion became: one, once. A draft may be deleted, so that the document is no key."""

plan_order = tables.table(
    "plan_order",
    sa.Column("run_id", Uuid, primary_key=True),
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("past_due", sa.Boolean, nullable=False),
    sa.Column("advice", sa.Text),
    sa.Column("needed_on", sa.Date),
    tables.key("run_id", to=run),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("advice IN ('bring_forward', 'postpone', 'cancel')", name="advice"),
    sa.Index(None, "tenant_id", "run_id", "item_id"),
)
"""Orders that were placed when a run read them, and what they should do."""
