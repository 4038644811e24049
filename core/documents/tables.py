"""Tables of documents. What was posted is immutable: a trigger refuses what the grants would allow."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core.db.metadata import Moment, Number, Uuid, metadata, tenant_key, tenant_table

document = tenant_table(
    "document",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("number", sa.Text),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("posted_at", Moment),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("created_by", Uuid, nullable=False),
    sa.Column("approved_by", Uuid),
    sa.Column("posted_by", Uuid),
    sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("party_id", Uuid),
    sa.Column("party_name", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("place_id", Uuid),
    sa.Column("to_place_id", Uuid),
    sa.Column("source_id", Uuid),
    sa.Column("reverses_id", Uuid),
    sa.Column("reference", sa.Text),
    sa.Column("remark", sa.Text),
    sa.Column("cause", sa.Text),
    sa.Column("extra_cost", Number),
    sa.Column("cost_basis", sa.Text),
    sa.Column("net", Number, nullable=False, server_default="0"),
    sa.Column("tax", Number, nullable=False, server_default="0"),
    sa.Column("total", Number, nullable=False, server_default="0"),
    sa.Column("extensions", JSONB, nullable=False, server_default="{}"),
    sa.UniqueConstraint("tenant_id", "sequence"),
    sa.UniqueConstraint("tenant_id", "reverses_id"),
    sa.UniqueConstraint("tenant_id", "type", "number"),
    tenant_key("party_id", to="party"),
    tenant_key("place_id", to="place"),
    tenant_key("to_place_id", to="place"),
    tenant_key("source_id", to="document"),
    tenant_key("reverses_id", to="document"),
    sa.CheckConstraint(
        "state IN ('draft', 'submitted', 'approved', 'posted', 'closed')", name="state"
    ),
    sa.CheckConstraint(
        "(state = 'posted') = (sequence IS NOT NULL AND posted_at IS NOT NULL)", name="posted"
    ),
    sa.CheckConstraint("state NOT IN ('posted', 'closed') OR number IS NOT NULL", name="numbered"),
    sa.Index(None, "tenant_id", "business_date", "id"),
    sa.Index(None, "tenant_id", "type", "business_date", "id"),
    sa.Index(None, "tenant_id", "party_id", "business_date"),
    sa.Index(None, "tenant_id", "source_id"),
    sa.Index(None, "tenant_id", "number"),
    sa.Index(None, "tenant_id", "changed"),
)

document_line = tenant_table(
    "document_line",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("unit_id", Uuid, nullable=False),
    sa.Column("entered_quantity", Number),
    sa.Column("numerator", Number, nullable=False),
    sa.Column("denominator", Number, nullable=False),
    sa.Column("quantity", Number),
    sa.Column("unit_price", Number),
    sa.Column("discount_pct", Number, nullable=False, server_default="0"),
    sa.Column("tax_rate", Number, nullable=False, server_default="0"),
    sa.Column("net", Number, nullable=False, server_default="0"),
    sa.Column("tax", Number, nullable=False, server_default="0"),
    sa.Column("total", Number, nullable=False, server_default="0"),
    sa.Column("stocked", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("lot_code", sa.Text),
    sa.Column("place_id", Uuid),
    sa.Column("to_place_id", Uuid),
    sa.Column("source_line", sa.Integer),
    sa.Column("role", sa.Text),
    sa.Column("share", Number),
    sa.Column("over_pct", Number),
    sa.Column("due_on", sa.Date),
    sa.Column("expires_at", Moment),
    sa.Column("cause", sa.Text),
    sa.Column("remark", sa.Text),
    sa.Column("extensions", JSONB, nullable=False, server_default="{}"),
    tenant_key("document_id", to="document"),
    tenant_key("item_id", to="item"),
    tenant_key("unit_id", to="unit"),
    tenant_key("place_id", to="place"),
    tenant_key("to_place_id", to="place"),
    sa.CheckConstraint("no BETWEEN 1 AND 1000", name="no"),
    sa.CheckConstraint("numerator > 0 AND denominator > 0", name="ratio"),
    sa.CheckConstraint("role IN ('consume', 'produce', 'lost', 'rejected')", name="role"),
    sa.CheckConstraint("over_pct >= 0", name="over_pct"),
    sa.Index(None, "tenant_id", "item_id", "document_id"),
)

line_progress = tenant_table(
    "line_progress",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("executed", Number, nullable=False, server_default="0"),
    sa.Column("returned", Number, nullable=False, server_default="0"),
    tenant_key("document_id", "no", to="document_line", target=("document_id", "no")),
    sa.CheckConstraint("executed >= 0 AND returned >= 0", name="positive"),
)

number_series = tenant_table(
    "number_series",
    sa.Column("type", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

metadata.info.setdefault("extra_ddl", []).append(
    (
        "posted documents are immutable",
        """
CREATE FUNCTION refuse_posted_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
DECLARE owner_state text;
BEGIN
    IF TG_TABLE_NAME = 'document' THEN
        owner_state := OLD.state;
    ELSE
        SELECT state INTO owner_state FROM public.document
        WHERE tenant_id = OLD.tenant_id AND id = OLD.document_id;
    END IF;
    IF owner_state = 'posted' THEN
        RAISE EXCEPTION 'a posted document is never changed, it is reversed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'posted_is_immutable';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_posted BEFORE UPDATE OR DELETE ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_posted_change();
CREATE TRIGGER document_line_posted BEFORE UPDATE OR DELETE ON document_line
    FOR EACH ROW EXECUTE FUNCTION refuse_posted_change();
""",
    )
)
