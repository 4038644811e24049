"""Tables of food batches with all their SQL: each is a tenant's, and leads to core, never back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Moment, Number, Tables, Transaction, Uuid, rows
from plugins.food_batches.rules.records import Batch, Item, Licence, MinimumLife, Status

tables = Tables("food_batches")

item = tables.table(
    "item",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("batch_control", sa.Boolean, nullable=False),
    sa.Column("shelf_life_value", sa.Integer),
    sa.Column("shelf_life_unit", sa.Text),
    sa.Column("storage", sa.Text),
    sa.Column("storage_note", sa.Text),
    sa.Column("near_days", sa.Integer),
    sa.Column("second_unit_id", Uuid),
    sa.Column("second_min", Number),
    sa.Column("second_max", Number),
    sa.Column("specification", sa.Text),
    tables.key("item_id", to="item"),
    tables.key("second_unit_id", to="unit"),
    sa.CheckConstraint(
        "(shelf_life_value IS NULL) = (shelf_life_unit IS NULL) AND shelf_life_value > 0",
        name="shelf_life",
    ),
    sa.CheckConstraint("shelf_life_unit IN ('days', 'months')", name="shelf_life_unit"),
    sa.CheckConstraint("storage IN ('ambient', 'cool', 'chilled', 'frozen')", name="storage"),
    sa.CheckConstraint("near_days >= 0", name="near_days"),
    sa.CheckConstraint(
        "second_unit_id IS NOT NULL OR (second_min IS NULL AND second_max IS NULL)",
        name="second_unit",
    ),
    sa.CheckConstraint(
        "second_min >= 0 AND second_max > 0 AND second_max >= second_min", name="second_range"
    ),
)

batch = tables.table(
    "batch",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("produced_on", sa.Date),
    sa.Column("expires_on", sa.Date),
    sa.Column("supplier_number", sa.Text),
    sa.Column("origin", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="released"),
    sa.Column("certificates", postgresql.JSONB, nullable=False, server_default="[]"),
    tables.key("lot_id", to="lot"),
    tables.key("item_id", to=item, target=("item_id",)),
    sa.CheckConstraint("produced_on <= expires_on", name="dates"),
    sa.CheckConstraint("status IN ('released', 'held', 'recalled')", name="status"),
    sa.CheckConstraint("jsonb_typeof(certificates) = 'array'", name="certificates"),
    sa.Index(None, "tenant_id", "item_id", "expires_on"),
    sa.Index(None, "tenant_id", "expires_on"),
)

hold = tables.table(
    "hold",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("cause", sa.Text, primary_key=True),
    sa.Column("hold_id", Uuid, nullable=False),
    tables.key("lot_id", to=batch, target=("lot_id",)),
    tables.key("hold_id", to="hold"),
    sa.CheckConstraint("cause IN ('held', 'expired')", name="cause"),
)
"""The hold of core that lies under a batch, by why it was placed."""

alert = tables.table(
    "alert",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("freshness", sa.Text, primary_key=True),
    sa.Column("expires_on", sa.Date, primary_key=True),
    sa.Column("told_at", Moment, nullable=False, server_default=sa.func.now()),
    tables.key("lot_id", to=batch, target=("lot_id",)),
    sa.CheckConstraint("freshness IN ('near', 'expired')", name="freshness"),
    append_only=True,
)
"""What was told of a batch that came near its expiry, or past it: once, unless its date is corrected."""

customer = tables.table(
    "customer",
    sa.Column("party_id", Uuid, primary_key=True),
    sa.Column("minimum_days", sa.Integer),
    sa.Column("minimum_numerator", sa.Integer),
    sa.Column("minimum_denominator", sa.Integer),
    tables.key("party_id", to="party"),
    sa.CheckConstraint(
        "(minimum_days IS NULL) = (minimum_numerator IS NOT NULL)"
        " AND (minimum_numerator IS NULL) = (minimum_denominator IS NULL)",
        name="minimum",
    ),
    sa.CheckConstraint("minimum_days >= 0", name="minimum_days"),
    sa.CheckConstraint(
        "minimum_numerator BETWEEN 0 AND minimum_denominator AND minimum_denominator > 0",
        name="minimum_fraction",
    ),
)
"""What life a customer wants goods to have left: days, or a fraction of shelf life kept exactly."""

licence = tables.table(
    "licence",
    sa.Column("party_id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("valid_until", sa.Date),
    tables.key("party_id", to="party"),
    sa.CheckConstraint(
        "kind IN ('business', 'food_production', 'food_trade', 'other')", name="kind"
    ),
    sa.CheckConstraint("number <> ''", name="number"),
    sa.Index(None, "tenant_id", "valid_until"),
)

purchase_check = tables.table(
    "purchase_check",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("party_id", Uuid),
    sa.Column("licence_kind", sa.Text),
    sa.Column("licence_number", sa.Text),
    sa.Column("valid_until", sa.Date),
    tables.key("document_id", to="document"),
    tables.key("party_id", to="party"),
    sa.CheckConstraint("(licence_kind IS NULL) = (licence_number IS NULL)", name="licence"),
    append_only=True,
)
"""Which licence was seen when goods came in (进货查验); none means that the receipt is flagged, as is
one without a supplier."""

recall = tables.table(
    "recall",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("opened_by", Uuid, nullable=False),
    sa.Column("opened_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("closed_at", Moment),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
    sa.CheckConstraint("closed_at >= opened_at", name="closed"),
    sa.CheckConstraint("milliseconds >= 0", name="milliseconds"),
    sa.Index(None, "tenant_id", "opened_at", "id"),
)
"""Recalls, and drills of them, which freeze nothing; ``milliseconds`` is how long it took until all was
traced, and frozen."""

recall_batch = tables.table(
    "recall_batch",
    sa.Column("recall_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("hold_id", Uuid),
    sa.Column("produced", Number, nullable=False),
    sa.Column("on_hand", Number, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False, server_default="false"),
    tables.key("recall_id", to=recall),
    tables.key("lot_id", to="lot"),
    tables.key("hold_id", to="hold"),
    sa.CheckConstraint("produced >= 0 AND on_hand >= 0", name="quantities"),
    sa.Index(None, "tenant_id", "lot_id"),
)
"""The lots of a recall, of items that are kept by batch or not: how much of each there was in all, without
what became other goods, and how much was still here to be frozen, in base units; with the hold that freezes
it. A drill has none."""

recall_return = tables.table(
    "recall_return",
    sa.Column("recall_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("party_id", Uuid),
    sa.Column("quantity", Number, nullable=False),
    tables.key("recall_id", "lot_id", to=recall_batch, target=("recall_id", "lot_id")),
    tables.key("document_id", to="document"),
    tables.key("party_id", to="party"),
    append_only=True,
)
"""What came back of a recalled batch while the recall was open; a reversal has it below zero."""

second_balance = tables.table(
    "second_balance",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("quantity", Number, nullable=False),
    tables.key("item_id", to=item, target=("item_id",)),
    tables.key("place_id", to="place"),
    sa.CheckConstraint("quantity >= 0", name="quantity"),
)
"""The second quantity of what is there, beside core's balance of the first; postings read it by lot."""

second_movement = tables.table(
    "second_movement",
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("place_id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("quantity", Number, nullable=False),
    sa.Column("difference", Number, nullable=False, server_default="0"),
    tables.key("document_id", to="document"),
    tables.key("place_id", to="place"),
    tables.key("item_id", to=item, target=("item_id",)),
    sa.Index(None, "tenant_id", "item_id", "place_id", "lot_id"),
    append_only=True,
)
"""Signed changes of the second quantity. ``difference`` is what was left when the last of the goods went,
or lacking: weight dried away, or weighed otherwise."""

scan = tables.table(
    "scan",
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("document_id", Uuid, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("scanned_by", Uuid, nullable=False),
    sa.Column("scanned_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("device <> '' AND sequence >= 0", name="origin"),
    append_only=True,
)
"""Scans that became lines: the same of one device a second time is answered with the first, also when the
draft is gone."""


async def items_by_id(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Item]:
    """Items that this module knows, by id."""
    found = await _read(tx, item, item.c.item_id.in_(set(ids)))
    return {row["item_id"]: Item.of(row) for row in found}


async def batches_by_lot(tx: Transaction, lot_ids: Iterable[UUID]) -> dict[UUID, Batch]:
    """Batches by the lots they belong to."""
    found = await _read(tx, batch, batch.c.lot_id.in_(set(lot_ids)))
    return {row["lot_id"]: Batch.of(row) for row in found}


async def batches_of(
    tx: Transaction,
    *,
    items: Collection[UUID] | None = None,
    statuses: Collection[Status] | None = None,
    expires_through: Any = None,
) -> list[Batch]:
    """Batches, those that expire first in front; of some items, in some statuses, expiring no later
    than a day."""
    query = sa.select(batch).where(batch.c.tenant_id == tx.tenant_id)
    if items is not None:
        query = query.where(batch.c.item_id.in_(items))
    if statuses is not None:
        query = query.where(batch.c.status.in_([status.value for status in statuses]))
    if expires_through is not None:
        query = query.where(batch.c.expires_on <= expires_through)
    query = query.order_by(batch.c.expires_on.nulls_last(), batch.c.lot_id)
    return [Batch.of(row) for row in await _all(tx, query)]


async def minimums_by_party(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, MinimumLife]:
    """What life customers want goods to have left; who wants none is absent."""
    found = await _read(tx, customer, customer.c.party_id.in_(set(ids)))
    return {row["party_id"]: MinimumLife.of(row) for row in found}


async def licences_by_party(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, list[Licence]]:
    """The licences of suppliers, by kind and number."""
    wanted = set(ids)
    found: dict[UUID, list[Licence]] = {party: [] for party in wanted}
    for row in await _read(tx, licence, licence.c.party_id.in_(wanted)):
        found[row["party_id"]].append(Licence.of(row))
    return {
        party: sorted(known, key=lambda one: (one.kind, one.number))
        for party, known in found.items()
    }


async def put_items(tx: Transaction, items: Iterable[Item]) -> None:
    """Write what this module knows of items."""
    await _put(tx, item, [one.row() for one in items])


async def put_batches(tx: Transaction, batches: Iterable[Batch]) -> None:
    """Write batches. Their items must be locked: postings decide by them."""
    await _put(tx, batch, [one.row() for one in batches])


async def put_minimums(tx: Transaction, minimums: Mapping[UUID, MinimumLife | None]) -> None:
    """Write what life customers want goods to have left, or that they want none."""
    gone = [party for party, minimum in minimums.items() if minimum is None]
    await tx.sql.execute(
        sa.delete(customer).where(
            customer.c.tenant_id == tx.tenant_id, customer.c.party_id.in_(gone)
        )
    )
    wanted = [
        {"party_id": party, **minimum.row()} for party, minimum in minimums.items() if minimum
    ]
    await _put(tx, customer, wanted)


async def put_licences(tx: Transaction, licences: Mapping[UUID, Iterable[Licence]]) -> None:
    """Write the licences of suppliers: these, and no others."""
    await tx.sql.execute(
        sa.delete(licence).where(
            licence.c.tenant_id == tx.tenant_id, licence.c.party_id.in_(list(licences))
        )
    )
    wanted = [
        {
            "party_id": party,
            "kind": one.kind.value,
            "number": one.number,
            "valid_until": one.valid_until,
        }
        for party, known in licences.items()
        for one in known
    ]
    await _put(tx, licence, wanted)


async def keep_scan(tx: Transaction, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Remember a scan, or answer the one that this device sent under the same number before."""
    made = await tx.sql.execute(
        postgresql.insert(scan)
        .values(tenant_id=tx.tenant_id, **row)
        .on_conflict_do_nothing()
        .returning(scan.c.sequence)
    )
    if made.first() is not None:
        return None
    return await known_scan(tx, row["device"], row["sequence"])


async def known_scan(tx: Transaction, device: str, sequence: int) -> Mapping[str, Any] | None:
    """The scan that a device sent under this number."""
    same = (scan.c.device == device) & (scan.c.sequence == sequence)
    return next(iter(await _read(tx, scan, same)), None)


_DIFFERENCES = (
    "SELECT 'batch ' || l.code || ' belongs to another item than its lot' FROM food_batches_batch b"
    " JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
    " WHERE b.tenant_id = %s AND l.item_id <> b.item_id",
    "SELECT 'stock of ' || i.code || ' lies without a batch' FROM food_batches_item f"
    " JOIN item i ON i.tenant_id = f.tenant_id AND i.id = f.item_id"
    " WHERE f.tenant_id = %s AND f.batch_control AND EXISTS (SELECT FROM balance s"
    "  WHERE s.tenant_id = f.tenant_id AND s.item_id = f.item_id AND s.on_hand <> 0"
    "  AND NOT EXISTS (SELECT FROM lot l JOIN food_batches_batch b ON b.tenant_id = l.tenant_id"
    "    AND b.lot_id = coalesce(l.parent_id, l.id)"
    "   WHERE l.tenant_id = s.tenant_id AND l.id = s.lot_id))",
    "SELECT 'the second quantity of ' || i.code || ' is ' || coalesce(b.quantity, 0)"
    " || ' and should be ' || coalesce(m.quantity, 0) FROM"
    " (SELECT * FROM food_batches_second_balance WHERE tenant_id = %s) b FULL JOIN"
    " (SELECT item_id, place_id, lot_id, sum(quantity + difference) AS quantity"
    "  FROM food_batches_second_movement WHERE tenant_id = %s GROUP BY 1, 2, 3) m"
    " USING (item_id, place_id, lot_id) JOIN item i ON i.tenant_id = %s AND i.id = item_id"
    " WHERE coalesce(b.quantity, 0) <> coalesce(m.quantity, 0)",
)


async def differences(tx: Transaction) -> list[str]:
    """What does not hold in the rows of this module, one sentence each."""
    found = []
    for query in _DIFFERENCES:
        found += await rows(tx, query, *(tx.tenant_id,) * query.count("%s"))
    return sorted(row[0] for row in found)


async def _read(
    tx: Transaction, table: sa.Table, where: sa.ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    return await _all(tx, sa.select(table).where(table.c.tenant_id == tx.tenant_id, where))


async def _all(tx: Transaction, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
    return [dict(row._mapping) for row in await tx.sql.execute(query)]


async def _put(tx: Transaction, table: sa.Table, written: list[dict[str, Any]]) -> None:
    """Insert rows, or bring them up to date where their keys are there; sorted, as locks are taken."""
    if not written:
        return
    keys = [column.name for column in table.primary_key.columns]
    made = postgresql.insert(table)
    rest = {name: made.excluded[name] for name in written[0] if name not in keys}
    query = (
        made.on_conflict_do_update(index_elements=keys, set_=rest)
        if rest
        else made.on_conflict_do_nothing()
    )
    ready = [{"tenant_id": tx.tenant_id, **row} for row in written]
    await tx.sql.execute(query, sorted(ready, key=lambda row: [str(row[key]) for key in keys]))
