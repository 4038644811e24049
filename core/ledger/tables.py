"""Tables of the ledger. Entries, layer entries and seals are append-only; balances, pools, layers and
period rows are state that ``verify`` derives again from them (ledger rules 5 and 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from core.db.database import Transaction
from core.db.metadata import Moment, Number, Uuid, metadata, tenant_key, tenant_table
from core.ledger.records import PENDING

item_guard = tenant_table(
    "item_guard",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("moved_through", sa.Date),
)
"""One row per item, locked by every posting that touches the item. No foreign key names it: with the
item row itself as guard, the key checks of draft lines deadlocked (rule 3.1)."""

lot = tenant_table(
    "lot",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("parent_id", Uuid),
    sa.Column("is_unit", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("received_on", sa.Date, nullable=False),
    sa.UniqueConstraint("tenant_id", "item_id", "code"),
    tenant_key("item_id", to="item"),
    tenant_key("parent_id", to="lot"),
    sa.Index(None, "tenant_id", "parent_id", postgresql_where=sa.text("parent_id IS NOT NULL")),
)

balance = tenant_table(
    "balance",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("on_hand", Number, nullable=False),
    sa.Column("there", sa.Boolean, sa.Computed("on_hand <> 0", persisted=True), nullable=False),
    sa.Column("allocated", Number, nullable=False, server_default="0"),
    sa.Column("may_go_negative", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("is_unit", sa.Boolean, nullable=False, server_default="false"),
    tenant_key("item_id", to="item"),
    tenant_key("place_id", to="place"),
    sa.CheckConstraint("on_hand >= 0 OR may_go_negative", name="oversold"),
    sa.CheckConstraint("allocated BETWEEN 0 AND greatest(on_hand, 0)", name="allocated"),
    ExcludeConstraint(
        ("tenant_id", "="),
        ("lot_id", "="),
        name="balance_unit_in_one_place",
        using="btree",
        where=sa.text("is_unit AND there"),
        deferrable=True,
        initially="IMMEDIATE",
    ),
    sa.CheckConstraint("NOT is_unit OR on_hand IN (0, 1)", name="unit"),
    sa.Index(None, "tenant_id", "place_id", "item_id"),
    sa.Index("balance_there_idx", "tenant_id", "item_id", postgresql_where=sa.text("there")),
)
"""No row is ever deleted: they are the keys of every past date, too. Postings read those not at zero. No
index asks for the quantity, only whether anything is ``there``: most postings change it within the page."""

pool = tenant_table(
    "pool",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("place_id", Uuid, nullable=False),
    sa.Column("lot_id", Uuid, nullable=False),
    sa.Column("document_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("value", Number, nullable=False),
    sa.Column("last_cost", Number, nullable=False),
    sa.Column("first_cost", Number, nullable=False),
    tenant_key("item_id", to="item"),
    sa.CheckConstraint("quantity <> 0 OR value = 0", name="empty_is_worthless"),
    sa.Index(None, "tenant_id", "item_id", "document_id", "lot_id"),
    sa.Index(
        None,
        "tenant_id",
        "document_id",
        postgresql_where=sa.text("document_id <> '00000000-0000-0000-0000-000000000000'"),
    ),
)
"""No index depends on a quantity: most postings change one, and it is done within the page. Which pools hold
something, their layers tell."""

layer = tenant_table(
    "layer",
    sa.Column("pool_id", Uuid, primary_key=True),
    sa.Column("origin_on", sa.Date, primary_key=True),
    sa.Column("origin_sequence", sa.BigInteger, primary_key=True),
    sa.Column("origin_flow", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("value", Number, nullable=False),
    tenant_key("pool_id", to="pool"),
    sa.Index(None, "tenant_id", "item_id"),
)
"""What is left of receipts in pools, and, below zero, of issues whose goods have not come yet."""

entry = tenant_table(
    "entry",
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("document_id", Uuid, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("place_id", Uuid, nullable=False),
    sa.Column("lot_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("value", Number, nullable=False),
    sa.Column("pool_id", Uuid),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("event_on", sa.Date, nullable=False),
    sa.Column("event_sequence", sa.BigInteger, nullable=False),
    sa.Column("event_flow", sa.Integer, nullable=False),
    sa.Column("event_line", sa.Integer, nullable=False),
    sa.Column("leg", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("given", Number),
    sa.Column("rate", Number),
    sa.Column("link_sequence", sa.BigInteger),
    sa.Column("link_line", sa.Integer),
    sa.Column("settles_sequence", sa.BigInteger),
    sa.Column("settles_flow", sa.Integer),
    tenant_key("sequence", to="document", target=("sequence",)),
    tenant_key("place_id", to="place"),
    tenant_key("pool_id", to="pool"),
    sa.CheckConstraint("leg IN ('source', 'target', 'other')", name="leg"),
    sa.Index("entry_card_idx", "tenant_id", "item_id", "event_on", "event_sequence", "event_flow"),
    sa.Index("entry_event_idx", "tenant_id", "event_sequence", "event_line"),
    sa.Index("entry_place_idx", "tenant_id", "place_id", "effective_on"),
    sa.Index("entry_date_idx", "tenant_id", "item_id", "effective_on"),
    sa.Index(
        "entry_link_idx",
        "tenant_id",
        "link_sequence",
        "link_line",
        postgresql_where=sa.text("link_sequence IS NOT NULL"),
    ),
    sa.Index(
        "entry_lot_idx",
        "tenant_id",
        "lot_id",
        postgresql_where=sa.text("lot_id <> '00000000-0000-0000-0000-000000000000'"),
    ),
    sa.Index(
        "entry_settles_idx",
        "tenant_id",
        "settles_sequence",
        postgresql_where=sa.text("settles_sequence IS NOT NULL"),
    ),
    append_only=True,
)
"""The journal. ``event_*`` names the event an entry belongs to: its own, or, for a correction, the one
it corrects. ``effective_on`` is the date it counts on: the event's, or the first open day where that
period was closed. Its item is that of its pool. ``basis``, ``given``, ``rate`` and ``link_*`` say how the
value was found, so that history can be replayed (rule 6.4)."""

layer_entry = tenant_table(
    "layer_entry",
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("event_sequence", sa.BigInteger, primary_key=True),
    sa.Column("event_flow", sa.Integer, primary_key=True),
    sa.Column("pool_id", Uuid, primary_key=True),
    sa.Column("origin_on", sa.Date, primary_key=True),
    sa.Column("origin_sequence", sa.BigInteger, primary_key=True),
    sa.Column("origin_flow", sa.Integer, primary_key=True),
    sa.Column("event_on", sa.Date, nullable=False),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("value", Number, nullable=False),
    tenant_key("sequence", to="document", target=("sequence",)),
    tenant_key("pool_id", to="pool"),
    sa.Index(None, "tenant_id", "item_id", "event_on", "event_sequence", "event_flow"),
    append_only=True,
)
"""What each event made of layers (positive) and consumed from them (negative)."""

standard_cost = tenant_table(
    "standard_cost",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("cost", Number, nullable=False),
    tenant_key("sequence", to="document", target=("sequence",)),
    sa.CheckConstraint("cost >= 0", name="cost"),
    append_only=True,
)

period_balance = tenant_table(
    "period_balance",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("period", sa.Date, primary_key=True),
    sa.Column("quantity", Number, nullable=False),
)
"""Quantity at the end of a period, for each key and period in which it moved (rule 6.2)."""

period_pool = tenant_table(
    "period_pool",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("pool_id", Uuid, primary_key=True),
    sa.Column("period", sa.Date, primary_key=True),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("value", Number, nullable=False),
)

promise = tenant_table(
    "promise",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("place_id", Uuid, nullable=False),
    sa.Column("lot_id", Uuid, nullable=False),
    sa.Column("incoming", sa.Boolean, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("due_on", sa.Date),
    sa.Column("expires_at", Moment),
    sa.Column("since", sa.BigInteger, nullable=False),
    tenant_key("document_id", "line", to="document_line", target=("document_id", "no")),
    tenant_key("item_id", to="item"),
    tenant_key("place_id", to="place"),
    sa.CheckConstraint("quantity >= 0", name="quantity"),
    sa.CheckConstraint(f"since BETWEEN 1 AND {PENDING - 1}", name="since"),
    sa.Index(None, "tenant_id", "item_id", postgresql_where=sa.text("quantity > 0")),
)
"""``since`` is the change mark of the approval or reopening: what was promised first is served first."""

hold = tenant_table(
    "hold",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("place_id", Uuid),
    sa.Column("lot_id", Uuid),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("placed_by", Uuid, nullable=False),
    sa.Column("placed_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("until", Moment),
    sa.Column("released_at", Moment),
    tenant_key("item_id", to="item"),
    tenant_key("place_id", to="place"),
    tenant_key("lot_id", to="lot"),
    sa.Index(
        None, "tenant_id", "item_id", "lot_id", postgresql_where=sa.text("released_at IS NULL")
    ),
)

seal = tenant_table(
    "seal",
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    append_only=True,
)
"""The chain: ``content`` is the digest of the document's rows, ``hash`` that of it and the last."""

metadata.info.setdefault("extra_ddl", []).append(
    (
        "entries balance",
        """
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM written GROUP BY tenant_id, sequence, item_id, lot_id
               HAVING sum(quantity) <> 0)
       OR EXISTS (SELECT FROM written GROUP BY tenant_id, sequence HAVING sum(value) <> 0)
    THEN
        RAISE EXCEPTION 'entries of a document do not sum to zero'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_balanced AFTER INSERT ON entry REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();
""",
    )
)


async def create_guards(tx: Transaction, item_ids: Iterable[UUID]) -> None:
    """Give new items their guard rows."""
    rows = [{"tenant_id": tx.tenant_id, "item_id": i} for i in sorted(item_ids)]
    if rows:
        await tx.sql.execute(sa.insert(item_guard), rows)


async def stock_exists(tx: Transaction, place_id: UUID) -> bool:
    """Whether any goods, or a debt of goods, are at this very place."""
    found = await tx.sql.execute(
        sa.select(sa.literal(1))
        .where(
            balance.c.tenant_id == tx.tenant_id,
            balance.c.place_id == place_id,
            balance.c.on_hand != 0,
        )
        .limit(1)
    )
    return found.first() is not None
