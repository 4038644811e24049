"""Tables of serial numbers with their SQL: each is a tenant's, and leads to core, never back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import Tables, Transaction, Uuid, rows
from plugins.serial_numbers.rules.life import OURS, STORED, WAITING, State
from plugins.serial_numbers.rules.records import Claim, Item, Outcome, Unit

tables = Tables("serial_numbers")

item = tables.table(
    "item",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("serial_control", sa.Boolean, nullable=False),
    sa.Column("warranty_months", sa.Integer),
    sa.Column("imei", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("first_number", sa.Text),
    tables.key("item_id", to="item"),
    sa.CheckConstraint("warranty_months BETWEEN 0 AND 1200", name="warranty"),
)

unit = tables.table(
    "unit",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("item_id", Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tenant_wide", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("outs", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sold_on", sa.Date),
    sa.Column("warranty_until", sa.Date),
    sa.Column("party_id", Uuid),
    tables.key("lot_id", to="lot"),
    tables.key("item_id", to=item, target=("item_id",)),
    tables.key("party_id", to="party"),
    sa.UniqueConstraint("tenant_id", "item_id", "number", name="serial_numbers_unit_of_item"),
    sa.CheckConstraint(
        "state IN (" + ", ".join(f"'{state.value}'" for state in STORED) + ")", name="state"
    ),
    sa.CheckConstraint("outs >= 0", name="outs"),
    sa.CheckConstraint("sold_on <= warranty_until", name="warranty"),
    sa.Index(
        "serial_numbers_unit_everywhere",
        "tenant_id",
        "number",
        unique=True,
        postgresql_where=sa.text("tenant_wide"),
    ),
    sa.Index(None, "tenant_id", "number"),
    sa.Index(None, "tenant_id", "item_id", "state"),
)

reservation = tables.table(
    "reservation",
    sa.Column("lot_id", Uuid, primary_key=True),
    sa.Column("document_id", Uuid, primary_key=True),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False),
    tables.key("lot_id", to=unit, target=("lot_id",)),
    tables.key(
        "document_id", "line", to="document_line", target=("document_id", "no"), cascade=True
    ),
    sa.Index(None, "tenant_id", "document_id"),
)
"""Units that lines of orders name. It holds while core keeps a promise of that line, and until the unit
has left for it (``done``)."""

claim = tables.table(
    "claim",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("lot_id", Uuid, nullable=False),
    sa.Column("claimed_on", sa.Date, nullable=False),
    sa.Column("complaint", sa.Text, nullable=False),
    sa.Column("covered", sa.Boolean, nullable=False),
    sa.Column("party_id", Uuid),
    sa.Column("closed_on", sa.Date),
    sa.Column("outcome", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("replacement_id", Uuid),
    tables.key("lot_id", to=unit, target=("lot_id",)),
    tables.key("replacement_id", to=unit, target=("lot_id",)),
    tables.key("party_id", to="party"),
    sa.UniqueConstraint("tenant_id", "replacement_id", name="serial_numbers_claim_replacement"),
    sa.CheckConstraint(
        "outcome IN (" + ", ".join(f"'{outcome.value}'" for outcome in Outcome) + ")",
        name="outcome",
    ),
    sa.CheckConstraint("(outcome IS NULL) = (closed_on IS NULL)", name="closed"),
    sa.CheckConstraint("closed_on >= claimed_on", name="dates"),
    sa.CheckConstraint(
        "(replacement_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'replaced')",
        name="replaced",
    ),
    sa.CheckConstraint("replacement_id <> lot_id", name="itself"),
    sa.Index(
        "serial_numbers_claim_open",
        "tenant_id",
        "lot_id",
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    ),
    sa.Index(None, "tenant_id", "lot_id"),
)

_ITEM = "item_id, serial_control, warranty_months, imei, first_number"
_CLAIM = (
    "id, lot_id, claimed_on, complaint, covered, party_id, closed_on, outcome, note, replacement_id"
)
_STATE = (
    "CASE WHEN u.state = 'in_stock' AND EXISTS (SELECT FROM serial_numbers_reservation r"
    "  JOIN promise p ON p.tenant_id = r.tenant_id AND p.document_id = r.document_id"
    "   AND p.line = r.line WHERE r.tenant_id = u.tenant_id AND r.lot_id = u.lot_id AND NOT r.done"
    "   AND p.quantity > 0 AND (p.expires_at IS NULL OR p.expires_at > now()))"
    " THEN 'reserved' ELSE u.state END"
)
"""What a unit is for whoever looks."""
_UNIT = (
    f"u.lot_id, u.item_id, u.number, {_STATE}, u.tenant_wide, u.outs, u.sold_on, u.warranty_until,"
    " u.party_id"
)


async def items_by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Item]:
    """Items of which the module knows something."""
    found = await rows(
        tx,
        f"SELECT {_ITEM} FROM serial_numbers_item WHERE tenant_id = %s AND item_id = ANY(%s)",  # noqa: S608 - ours
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Item(*row) for row in found}


async def put_items(tx: Transaction, items: Iterable[Item]) -> None:
    """Store items, over what was kept of them."""
    wanted = sorted(items, key=lambda one: one.item_id)
    if wanted:
        await rows(
            tx,
            f"INSERT INTO serial_numbers_item (tenant_id, {_ITEM})"  # noqa: S608 - ours
            " SELECT %s, * FROM unnest(%s::uuid[], %s::boolean[], %s::int[], %s::boolean[], %s::text[])"
            " ON CONFLICT (tenant_id, item_id) DO UPDATE SET serial_control = excluded.serial_control,"
            " warranty_months = excluded.warranty_months, imei = excluded.imei,"
            " first_number = excluded.first_number RETURNING item_id",
            tx.tenant_id,
            [one.item_id for one in wanted],
            [one.serial_control for one in wanted],
            [one.warranty_months for one in wanted],
            [one.imei for one in wanted],
            [one.first_number for one in wanted],
        )


async def claims_where(
    tx: Transaction,
    *,
    ids: Collection[UUID] | None = None,
    lots: Collection[UUID] | None = None,
    replacements: Collection[UUID] | None = None,
    only_open: bool = False,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[Claim]:
    """Claims, the oldest first: these, or those about these units, or those that these units ended."""
    found = await rows(
        tx,
        f"SELECT {_CLAIM} FROM serial_numbers_claim WHERE tenant_id = %s"  # noqa: S608 - ours
        " AND (%s::uuid[] IS NULL OR id = ANY(%s)) AND (%s::uuid[] IS NULL OR lot_id = ANY(%s))"
        " AND (%s::uuid[] IS NULL OR replacement_id = ANY(%s)) AND (NOT %s OR outcome IS NULL)"
        " AND (%s::uuid IS NULL OR id > %s) ORDER BY id LIMIT %s",
        tx.tenant_id,
        *(None if ids is None else list(ids),) * 2,
        *(None if lots is None else list(lots),) * 2,
        *(None if replacements is None else list(replacements),) * 2,
        *(only_open, after, after, limit),
    )
    return [
        replace(
            Claim(*row[:7]),
            outcome=None if row[7] is None else Outcome(row[7]),
            note=row[8],
            replacement_id=row[9],
        )
        for row in found
    ]


async def count_claims(tx: Transaction, *, only_open: bool) -> int:
    """How many there are."""
    found = await rows(
        tx,
        "SELECT count(*) FROM serial_numbers_claim WHERE tenant_id = %s AND (NOT %s OR outcome IS NULL)",
        *(tx.tenant_id, only_open),
    )
    return int(found[0][0])


async def put_claim(tx: Transaction, one: Claim) -> None:
    """Store a claim, over what was kept of it."""
    await rows(
        tx,
        f"INSERT INTO serial_numbers_claim (tenant_id, {_CLAIM})"  # noqa: S608 - ours
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, id) DO UPDATE"
        " SET closed_on = excluded.closed_on, outcome = excluded.outcome, note = excluded.note,"
        " replacement_id = excluded.replacement_id RETURNING id",
        *(tx.tenant_id, one.id, one.lot_id, one.claimed_on, one.complaint, one.covered),
        *(one.party_id, one.closed_on, one.outcome and one.outcome.value, one.note),
        one.replacement_id,
    )


async def units_of_number(tx: Transaction, number: str) -> list[Unit]:
    """The units that have this number, at most one of each item."""
    return await _units(tx, "u.number = %s ORDER BY u.item_id", number)


async def units_by_lot(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, Unit]:
    """Units by their lots."""
    found = await _units(tx, "u.lot_id = ANY(%s)", list(lots))
    return {one.lot_id: one for one in found}


async def units_of_batches(tx: Transaction, lots: Collection[UUID]) -> dict[UUID, list[Unit]]:
    """The units that belong to each of these lots, by their numbers."""
    parts = await rows(
        tx,
        "SELECT id, parent_id FROM lot WHERE tenant_id = %s AND is_unit AND parent_id = ANY(%s)",
        *(tx.tenant_id, list(lots)),
    )
    parents: dict[UUID, UUID] = {row[0]: row[1] for row in parts}
    found: dict[UUID, list[Unit]] = {lot: [] for lot in lots}
    for unit in await _units(tx, "u.lot_id = ANY(%s) ORDER BY u.number", list(parents)):
        found[parents[unit.lot_id]].append(unit)
    return found


async def units_of_item(
    tx: Transaction, item_id: UUID, states: Collection[State], after: str | None, limit: int
) -> list[Unit]:
    """An item's units in some of these states, by their numbers."""
    return await _units(
        tx,
        f"u.item_id = %s AND {_STATE} = ANY(%s) AND (%s::text IS NULL OR u.number > %s)"
        " ORDER BY u.number LIMIT %s",
        *(item_id, [state.value for state in states], after, after, limit),
    )


async def count_units(tx: Transaction, item_id: UUID, states: Collection[State]) -> int:
    """How many there are."""
    found = await rows(
        tx,
        "SELECT count(*) FROM serial_numbers_unit u WHERE u.tenant_id = %s AND u.item_id = %s"  # noqa: S608
        f" AND {_STATE} = ANY(%s)",
        *(tx.tenant_id, item_id, [state.value for state in states]),
    )
    return int(found[0][0])


async def units_numbered(tx: Transaction, item_id: UUID, numbers: Collection[str]) -> list[Unit]:
    """An item's units with these numbers."""
    return await _units(tx, "u.item_id = %s AND u.number = ANY(%s)", item_id, list(numbers))


async def taken(tx: Transaction, item_id: UUID, start: str, *, tenant_wide: bool) -> list[str]:
    """Numbers that begin like this and are some unit's: of the item, or of any item where a number is one
    unit's alone."""
    found = await rows(
        tx,
        "SELECT number FROM serial_numbers_unit WHERE tenant_id = %s AND (%s OR item_id = %s)"
        " AND starts_with(number, %s)",
        *(tx.tenant_id, tenant_wide, item_id, start),
    )
    return [row[0] for row in found]


async def put_states(tx: Transaction, states: Iterable[tuple[UUID, State]]) -> None:
    """Say of units what became of them."""
    wanted = sorted(states)
    if wanted:
        await rows(
            tx,
            "UPDATE serial_numbers_unit u SET state = s.state"
            " FROM unnest(%s::uuid[], %s::text[]) s(lot_id, state)"
            " WHERE u.tenant_id = %s AND u.lot_id = s.lot_id RETURNING u.lot_id",
            [lot for lot, _ in wanted],
            [state.value for _, state in wanted],
            tx.tenant_id,
        )


async def adopt(tx: Transaction, items: Collection[UUID] | None = None) -> None:
    """Make units of those in stock that the module does not know, of these items or of all that are under
    serial control."""
    # Said or not said: with "NULL or any of" the planner would look at every lot of the tenant.
    of_these = "" if items is None else " AND l.item_id = ANY(%s)"
    await rows(
        tx,
        "INSERT INTO serial_numbers_unit (tenant_id, lot_id, item_id, number, state)"  # noqa: S608 - ours
        " SELECT l.tenant_id, l.id, l.item_id, l.code, 'in_stock' FROM lot l"
        " JOIN serial_numbers_item i ON i.tenant_id = l.tenant_id AND i.item_id = l.item_id"
        "  AND i.serial_control"
        f" WHERE l.tenant_id = %s AND l.is_unit{of_these}"
        " AND EXISTS (SELECT FROM balance b WHERE b.tenant_id = l.tenant_id AND b.lot_id = l.id"
        "  AND b.there)"
        " ON CONFLICT DO NOTHING RETURNING lot_id",
        tx.tenant_id,
        *([] if items is None else [list(items)]),
    )


async def astray(tx: Transaction, items: Collection[UUID] | None = None) -> list[Unit]:
    """Units whose state and stock disagree, of these items or of all."""
    of_these = "" if items is None else "u.item_id = ANY(%s) AND "
    return await _units(
        tx,
        f"{of_these}NOT EXISTS (SELECT FROM balance b"  # noqa: S608 - ours
        "  JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "   AND (p.holds_stock OR p.account = 'in_transit')"
        "  WHERE b.tenant_id = u.tenant_id AND b.lot_id = u.lot_id AND b.there"
        "  AND p.account IS NOT DISTINCT FROM CASE WHEN u.state = ANY(%s) THEN u.state END)"
        " = (u.state = ANY(%s)) ORDER BY u.number",
        *([] if items is None else [list(items)]),
        list(WAITING),
        [state.value for state in OURS],
    )


async def _units(tx: Transaction, where: str, *parameters: object) -> list[Unit]:
    found = await rows(
        tx,
        f"SELECT {_UNIT} FROM serial_numbers_unit u WHERE u.tenant_id = %s AND {where}",  # noqa: S608 - ours
        tx.tenant_id,
        *parameters,
    )
    return [Unit(row[0], row[1], row[2], State(row[3]), *row[4:]) for row in found]
