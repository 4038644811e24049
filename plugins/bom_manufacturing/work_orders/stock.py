"""Work orders as they are stored: read in whole sets, a statement for each question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.plugin_api import Transaction, rows
from plugins.bom_manufacturing.work_orders.tables import work_charge, work_order

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """An order with its document's head and its first line, which is the product; quantities in base
    units. ``charged`` is all that it cost besides its components."""

    id: UUID
    kind: str
    bom_id: UUID | None
    status: str
    reported: Decimal
    scrapped: Decimal
    absorbed: Decimal
    charged: Decimal
    state: str
    revision: int
    number: str | None
    business_date: date
    item_id: UUID
    quantity: Decimal
    place_id: UUID
    due_on: date | None
    over_pct: Decimal | None

    @property
    def open(self) -> Decimal:
        """What is still expected of the product."""
        return max(ZERO, self.quantity - self.reported - self.scrapped)

    @property
    def open_charges(self) -> Decimal:
        """What was charged and is in no product yet."""
        return self.charged - self.absorbed


_ORDER = (
    "SELECT w.document_id, w.kind, w.bom_id, w.status, w.reported, w.scrapped, w.absorbed,"
    " coalesce((SELECT sum(c.amount) FROM bom_manufacturing_work_charge c"
    "  WHERE c.tenant_id = w.tenant_id AND c.document_id = w.document_id), 0),"
    " d.state, d.revision, d.number, d.business_date, l.item_id, l.quantity, l.place_id, l.due_on,"
    " l.over_pct FROM bom_manufacturing_work_order w"
    " JOIN document d ON d.tenant_id = w.tenant_id AND d.id = w.document_id"
    " JOIN document_line l ON l.tenant_id = w.tenant_id AND l.document_id = w.document_id AND l.no = 1"
    " WHERE w.tenant_id = %s"
)


async def orders_by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, WorkOrder]:
    """Orders by the ids of their documents."""
    found = await rows(tx, f"{_ORDER} AND w.document_id = ANY(%s)", tx.tenant_id, list(ids))
    return {row[0]: WorkOrder(*row) for row in found}


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list; all that is given must hold. ``open`` takes those that are released and not
    closed, ``in_work`` those of which something is in work or charged and in no product yet."""

    item_id: UUID | None = None
    status: str | None = None
    state: str | None = None
    due_before: date | None = None
    open: bool = False
    in_work: bool = False


async def list_orders(
    tx: Transaction, wanted: OrderFilter, after: UUID | None, limit: int
) -> list[WorkOrder]:
    """Orders by their ids, which is the order in which they were made; the latest first."""
    found = await rows(
        tx,
        f"{_ORDER} AND (%s::uuid IS NULL OR l.item_id = %s) AND (%s::text IS NULL OR w.status = %s)"  # noqa: S608 - a constant of ours
        " AND (%s::text IS NULL OR d.state = %s) AND (%s::date IS NULL OR l.due_on < %s)"
        " AND (NOT %s OR (d.state = 'approved' AND w.status <> 'closed'))"
        " AND (NOT %s OR EXISTS (SELECT FROM pool p WHERE p.tenant_id = w.tenant_id"
        "  AND p.document_id = w.document_id AND p.quantity <> 0)"
        "  OR (w.status <> 'closed' AND w.absorbed < (SELECT sum(c.amount)"
        "   FROM bom_manufacturing_work_charge c WHERE c.tenant_id = w.tenant_id"
        "   AND c.document_id = w.document_id)))"
        " AND (%s::uuid IS NULL OR w.document_id < %s) ORDER BY w.document_id DESC LIMIT %s",
        tx.tenant_id,
        *(wanted.item_id,) * 2,
        *(wanted.status,) * 2,
        *(wanted.state,) * 2,
        *(wanted.due_before,) * 2,
        wanted.open,
        wanted.in_work,
        *(after,) * 2,
        limit,
    )
    return [WorkOrder(*row) for row in found]


async def lock(tx: Transaction, order: UUID) -> WorkOrder | None:
    """An order with its document locked, which every posting of it locks first."""
    query = "SELECT id FROM document WHERE tenant_id = %s AND id = %s FOR UPDATE"
    await rows(tx, query, tx.tenant_id, order)
    return (await orders_by_id(tx, [order])).get(order)


async def keep(tx: Transaction, order: UUID, kind: str, bom_id: UUID | None) -> None:
    """What an order is beside its document, be it new or written anew."""
    own = {"tenant_id": tx.tenant_id, "document_id": order, "kind": kind, "bom_id": bom_id}
    made = postgresql.insert(work_order).values(**own)
    await tx.sql.execute(
        made.on_conflict_do_update(
            index_elements=["tenant_id", "document_id"], set_={"kind": kind, "bom_id": bom_id}
        )
    )


async def change(tx: Transaction, order: UUID, **values: object) -> None:
    """Further figures or another status."""
    mine = (work_order.c.tenant_id == tx.tenant_id) & (work_order.c.document_id == order)
    await tx.sql.execute(sa.update(work_order).where(mine).values(**values))


async def charge(
    tx: Transaction, key: UUID, order: UUID, kind: str, amount: Decimal, remark: str | None
) -> None:
    """Something that an order cost."""
    own = {"tenant_id": tx.tenant_id, "id": key, "document_id": order}
    await tx.sql.execute(
        sa.insert(work_charge).values(**own, kind=kind, amount=amount, remark=remark)
    )


@dataclass(frozen=True, slots=True)
class Charge:
    """What an order cost besides its components."""

    id: UUID
    kind: str
    amount: Decimal
    remark: str | None


async def charges(tx: Transaction, orders: Collection[UUID]) -> dict[UUID, list[Charge]]:
    """The charges of orders, in the order in which they were made."""
    found = await rows(
        tx,
        "SELECT document_id, id, kind, amount, remark FROM bom_manufacturing_work_charge"
        " WHERE tenant_id = %s AND document_id = ANY(%s) ORDER BY document_id, charged_at, id",
        tx.tenant_id,
        list(orders),
    )
    by_order: dict[UUID, list[Charge]] = defaultdict(list)
    for row in found:
        by_order[row[0]].append(Charge(*row[1:]))
    return by_order


async def done(tx: Transaction, orders: Collection[UUID]) -> dict[tuple[UUID, int], Decimal]:
    """What of the lines of orders was carried out and has not come back."""
    found = await rows(
        tx,
        "SELECT document_id, no, executed - returned FROM line_progress"
        " WHERE tenant_id = %s AND document_id = ANY(%s)",
        tx.tenant_id,
        list(orders),
    )
    return {(row[0], row[1]): row[2] for row in found}


@dataclass(frozen=True, slots=True)
class InWork:
    """Goods of one item and lot in work for an order. ``whole_code`` is the lot that a lot is part of."""

    order_id: UUID
    item_id: UUID
    lot_code: str | None
    quantity: Decimal
    value: Decimal
    whole_code: str | None


async def in_work(tx: Transaction, orders: Collection[UUID]) -> dict[UUID, list[InWork]]:
    """What is in work for orders, by item and lot."""
    found = await rows(
        tx,
        "SELECT p.document_id, p.item_id, t.code, p.quantity, p.value, w.code FROM pool p"
        " LEFT JOIN lot t ON t.tenant_id = p.tenant_id AND t.id = p.lot_id"
        " LEFT JOIN lot w ON w.tenant_id = t.tenant_id AND w.id = t.parent_id"
        " WHERE p.tenant_id = %s AND p.document_id = ANY(%s)"
        " AND p.document_id <> '00000000-0000-0000-0000-000000000000' AND p.quantity <> 0"
        " ORDER BY p.document_id, p.item_id, t.code",
        tx.tenant_id,
        list(orders),
    )
    by_order: dict[UUID, list[InWork]] = defaultdict(list)
    for row in found:
        by_order[row[0]].append(InWork(*row))
    return by_order


async def numbers_in_work(tx: Transaction) -> list[str]:
    """The numbers of the orders for which something is in work."""
    found = await rows(
        tx,
        "SELECT d.number FROM bom_manufacturing_work_order w JOIN document d"
        " ON d.tenant_id = w.tenant_id AND d.id = w.document_id WHERE w.tenant_id = %s"
        " AND EXISTS (SELECT FROM pool p WHERE p.tenant_id = w.tenant_id"
        "  AND p.document_id = w.document_id AND p.quantity <> 0) ORDER BY 1",
        tx.tenant_id,
    )
    return [row[0] for row in found]


@dataclass(frozen=True, slots=True)
class Used:
    """What an order used of an item, and what of it was written off; ``made`` is what it brought."""

    order_id: UUID
    item_id: UUID
    used: Decimal
    used_value: Decimal
    made: Decimal
    made_value: Decimal
    written_off: Decimal
    written_off_value: Decimal


async def used(tx: Transaction, orders: Collection[UUID]) -> dict[UUID, list[Used]]:
    """What orders used and made by the journal: reversals and late costs are in it."""
    found = await rows(
        tx,
        "SELECT d.source_id, e.item_id, coalesce(sum(e.quantity) FILTER (WHERE l.role = 'consume'), 0),"
        " coalesce(sum(e.value) FILTER (WHERE l.role = 'consume'), 0),"
        " coalesce(-sum(e.quantity) FILTER (WHERE l.role = 'produce'), 0),"
        " coalesce(-sum(e.value) FILTER (WHERE l.role = 'produce'), 0),"
        " coalesce(sum(e.quantity) FILTER (WHERE l.role = 'lost'), 0),"
        " coalesce(sum(e.value) FILTER (WHERE l.role = 'lost'), 0)"
        " FROM document d JOIN entry e ON e.tenant_id = d.tenant_id AND e.event_sequence = d.sequence"
        " JOIN place p ON p.tenant_id = e.tenant_id AND p.id = e.place_id"
        "  AND p.account IN ('production', 'production_variance', 'scrap')"
        " JOIN document_line l ON l.tenant_id = e.tenant_id AND l.document_id = d.id"
        "  AND l.no = e.event_line"
        " WHERE d.tenant_id = %s AND d.source_id = ANY(%s) AND d.type LIKE 'bom_manufacturing_%%'"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        tx.tenant_id,
        list(orders),
    )
    by_order: dict[UUID, list[Used]] = defaultdict(list)
    for row in found:
        by_order[row[0]].append(Used(*row))
    return by_order


async def scrapped_with_goods(tx: Transaction, order: UUID) -> Decimal:
    """What of an order's scrap was told together with goods that came in: it goes with their receipts."""
    [(found,)] = await rows(
        tx,
        "SELECT coalesce(sum((CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END)"
        "  * (extensions #>> '{bom_manufacturing,scrapped}')::numeric), 0) FROM document"
        " WHERE tenant_id = %s AND source_id = %s AND state = 'posted'"
        " AND type = 'bom_manufacturing_production_receipt'",
        tx.tenant_id,
        order,
    )
    assert isinstance(found, Decimal)
    return found


async def free_at(
    tx: Transaction, keys: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Decimal]:
    """What lies of items at places and below and is promised to nobody; expired promises count for
    nothing."""
    found = await rows(
        tx,
        "SELECT k.item_id, k.place_id, coalesce((SELECT sum(b.on_hand) FROM balance b"
        "  JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id"
        "  WHERE b.tenant_id = %s AND b.item_id = k.item_id AND k.place_id = ANY(p.path)), 0)"
        " - coalesce((SELECT sum(m.quantity) FROM promise m"
        "  JOIN place p ON p.tenant_id = m.tenant_id AND p.id = m.place_id"
        "  WHERE m.tenant_id = %s AND m.item_id = k.item_id AND NOT m.incoming"
        "  AND m.quantity > 0 AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())"
        "  AND k.place_id = ANY(p.path)), 0) FROM unnest(%s::uuid[], %s::uuid[]) k(item_id, place_id)",
        tx.tenant_id,
        tx.tenant_id,
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    return {(row[0], row[1]): row[2] for row in found}


async def differences(tx: Transaction) -> list[str]:
    """Figures that do not follow from the documents of their orders: what was reported and absorbed is what
    the receipts say, scrap no less, and no more was absorbed than charged."""
    found = await rows(
        tx,
        "WITH said AS (SELECT d.source_id, coalesce(sum(s.sign * d.extra_cost), 0) AS absorbed,"
        "  sum(s.sign * coalesce((d.extensions #>> '{bom_manufacturing,scrapped}')::numeric, 0)) AS scrapped,"
        "  sum(coalesce(s.sign * (d.extensions #>> '{bom_manufacturing,reported}')::numeric,"
        "   (SELECT sum(l.quantity) FROM document_line l WHERE l.tenant_id = d.tenant_id"
        "    AND l.document_id = d.id AND l.source_line = 1), 0)) AS reported"
        "  FROM document d CROSS JOIN LATERAL"
        "  (SELECT CASE WHEN d.reverses_id IS NULL THEN 1 ELSE -1 END AS sign) s"
        "  WHERE d.tenant_id = %s AND d.type = 'bom_manufacturing_production_receipt'"
        "  AND d.state = 'posted' GROUP BY 1),"
        " told AS (SELECT w.document_id, w.reported, w.scrapped, w.absorbed,"
        "  coalesce(r.reported, 0) AS made, coalesce(r.scrapped, 0) AS lost,"
        "  coalesce(r.absorbed, 0) AS borne, coalesce((SELECT sum(c.amount)"
        "   FROM bom_manufacturing_work_charge c WHERE c.tenant_id = w.tenant_id"
        "   AND c.document_id = w.document_id), 0) AS charged"
        "  FROM bom_manufacturing_work_order w LEFT JOIN said r ON r.source_id = w.document_id"
        "  WHERE w.tenant_id = %s)"
        " SELECT format('work order %%s: %%s reported, %%s scrapped and %%s absorbed of %%s charged, where"
        " receipts say %%s, %%s and %%s', document_id, reported, scrapped, absorbed, charged, made, lost,"
        " borne) FROM told WHERE reported <> made OR scrapped < lost OR absorbed <> borne"
        " OR absorbed > charged ORDER BY document_id",
        *(tx.tenant_id, tx.tenant_id),
    )
    return [row[0] for row in found]
