"""Orders to processors as they stand: read in whole sets, a statement however many there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import Transaction, rows
from plugins.bom_manufacturing.subcontracting import tables
from plugins.bom_manufacturing.subcontracting.documents import CHARGE, ISSUE, ORDER, RECEIPT, RETURN
from plugins.bom_manufacturing.subcontracting.rules import Used

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """An order to a processor with its product line, and what was delivered so far. ``place_id`` is where
    its components are sent from, ``receipts`` the place of the last one among its receipts. It is ``open``
    while something can be done with it."""

    id: UUID
    on: date
    state: str
    revision: int
    party_id: UUID
    place_id: UUID | None
    processor_place_id: UUID
    item_id: UUID
    pays_rejected: bool
    line: int
    quantity: Decimal
    unit_price: Decimal | None
    discount_pct: Decimal
    tax_rate: Decimal
    product_place_id: UUID
    received: Decimal
    rejected: Decimal
    receipts: int
    open: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """A component of an order: what was to be sent, and what became of what was. Base units, of which a
    quantity has ``dp`` decimals. A closed order wants nothing more."""

    order_id: UUID
    item_id: UUID
    numerator: Decimal
    denominator: Decimal
    allowance_pct: Decimal
    dp: int
    ordered: Decimal
    place_id: UUID
    sent: Decimal
    returned: Decimal
    used: Decimal
    allowed_loss: Decimal
    charged_loss: Decimal
    closed: bool

    @property
    def per_unit(self) -> Fraction:
        """What one of the product takes, without losses."""
        return Fraction(self.numerator) / Fraction(self.denominator)

    @property
    def taken(self) -> Used:
        """What receipts and charges took of it."""
        return Used(self.used, self.allowed_loss, self.charged_loss)

    @property
    def to_send(self) -> Decimal:
        """What the order still wants at the processor's."""
        wanted = self.ordered - self.sent + self.returned
        return ZERO if self.closed else max(ZERO, wanted)

    @property
    def left(self) -> Decimal:
        """What of it the processor still has; below zero where he took his own, or we forgot to send."""
        return self.sent - self.returned - self.taken.consumed


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of an order that promises components, and how far it was carried out."""

    line: int
    item_id: UUID
    place_id: UUID
    ordered: Decimal
    sent: Decimal
    returned: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is owed to a processor for an order. ``lost`` is what his losses beyond the allowance cost."""

    fee: Decimal
    tax: Decimal
    charges: Decimal
    adjustments: Decimal
    lost: Decimal

    @property
    def owed(self) -> Decimal:
        """What he gets; below zero he owes us."""
        return self.fee + self.tax + self.charges + self.adjustments - self.lost


@dataclass(frozen=True, slots=True)
class Short:
    """Less than nothing of an item at a processor's place."""

    place_id: UUID
    item_id: UUID
    party_id: UUID | None
    quantity: Decimal


_OPEN = (  # not closed, nor such that all came, all was sent, and nothing is left at the processor's
    "NOT (d.state = 'closed' OR d.state = 'approved' AND NOT EXISTS (SELECT FROM document_line l"  # noqa: S608 - ours
    "  LEFT JOIN line_progress g ON g.tenant_id = l.tenant_id AND g.document_id = l.document_id"
    "  AND g.no = l.no WHERE l.tenant_id = d.tenant_id AND l.document_id = d.id"
    "  AND l.quantity > coalesce(g.executed - g.returned, 0)) AND NOT EXISTS"
    "  (SELECT FROM (SELECT u.item_id, u.used + u.allowed_loss + u.charged_loss AS quantity"
    "   FROM bom_manufacturing_subcontract_use u WHERE u.tenant_id = d.tenant_id AND u.order_id = d.id"
    f"   UNION ALL SELECT l.item_id, l.quantity * CASE x.type WHEN '{ISSUE}' THEN -1 ELSE 1 END"
    "   FROM document x JOIN document_line l ON l.tenant_id = x.tenant_id AND l.document_id = x.id"
    "   WHERE x.tenant_id = d.tenant_id AND x.source_id = d.id AND x.state = 'posted'"
    f"   AND x.type IN ('{ISSUE}', '{RETURN}')) m GROUP BY m.item_id HAVING sum(m.quantity) <> 0))"
)


async def orders(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Order]:
    """Orders by their ids."""
    found = await rows(
        tx,
        "SELECT d.id, d.business_date, d.state, d.revision, d.party_id, d.place_id, d.to_place_id,"  # noqa: S608 - ours
        " s.item_id, s.pays_rejected, l.no, l.quantity, l.unit_price * l.denominator / l.numerator,"
        " l.discount_pct, l.tax_rate, l.place_id,"
        f" coalesce(r.received, 0), coalesce(r.rejected, 0), coalesce(r.number, 0), {_OPEN}"
        " FROM bom_manufacturing_subcontract_order s"
        " JOIN document d ON d.tenant_id = s.tenant_id AND d.id = s.order_id"
        " JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        "  AND l.role = 'produce'"
        " LEFT JOIN LATERAL (SELECT sum(received) AS received, sum(rejected) AS rejected,"
        "  max(number) AS number FROM bom_manufacturing_subcontract_receipt"
        "  WHERE tenant_id = s.tenant_id AND order_id = s.order_id) r ON true"
        " WHERE s.tenant_id = %s AND s.order_id = ANY(%s)",
        tx.tenant_id,
        list(ids),
    )
    return {row[0]: Order(*row) for row in found}


async def list_orders(
    tx: Transaction,
    *,
    party: UUID | None,
    item: UUID | None,
    open_: bool | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Order]:
    """Orders, the newest first."""
    found = await rows(
        tx,
        "SELECT d.id FROM document d JOIN bom_manufacturing_subcontract_order s"  # noqa: S608 - ours
        " ON s.tenant_id = d.tenant_id AND s.order_id = d.id"
        " WHERE d.tenant_id = %s AND d.type = %s"
        " AND (%s::uuid IS NULL OR d.party_id = %s) AND (%s::uuid IS NULL OR s.item_id = %s)"
        f" AND (%s::boolean IS NULL OR ({_OPEN}) = %s)"
        " AND (%s::date IS NULL OR (d.business_date, d.id) < (%s, %s::uuid))"
        " ORDER BY d.business_date DESC, d.id DESC LIMIT %s",
        *(tx.tenant_id, ORDER, party, party, item, item, open_, open_),
        *((after[0], *after) if after else (None,) * 3),
        limit,
    )
    ids = [row[0] for row in found]
    known = await orders(tx, ids)
    return [known[key] for key in ids if key in known]


async def balances(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Balance]]:
    """The components of each order, in the order of its lines."""
    found = await rows(
        tx,
        "SELECT c.order_id, c.item_id, c.numerator, c.denominator, c.allowance_pct, u.decimals,"
        " o.ordered, o.place_id, coalesce(m.sent, 0), coalesce(m.returned, 0), coalesce(t.used, 0),"
        " coalesce(t.allowed, 0), coalesce(t.charged, 0), b.state = 'closed'"
        " FROM bom_manufacturing_subcontract_component c"
        " JOIN document b ON b.tenant_id = c.tenant_id AND b.id = c.order_id"
        " JOIN item i ON i.tenant_id = c.tenant_id AND i.id = c.item_id"
        " JOIN unit u ON u.tenant_id = i.tenant_id AND u.id = i.base_unit_id"
        " JOIN LATERAL (SELECT sum(quantity) AS ordered, min(no) AS no,"
        "  (array_agg(place_id ORDER BY no))[1] AS place_id FROM document_line"
        "  WHERE tenant_id = c.tenant_id AND document_id = c.order_id AND item_id = c.item_id"
        "  AND role = 'consume' HAVING count(*) > 0) o ON true"
        " LEFT JOIN LATERAL (SELECT sum(l.quantity) FILTER (WHERE d.type = %s) AS sent,"
        "  sum(l.quantity) FILTER (WHERE d.type = %s) AS returned FROM document d"
        "  JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        "  WHERE d.tenant_id = c.tenant_id AND d.source_id = c.order_id AND d.state = 'posted'"
        "  AND l.item_id = c.item_id) m ON true"
        " LEFT JOIN LATERAL (SELECT sum(used) AS used, sum(allowed_loss) AS allowed,"
        "  sum(charged_loss) AS charged FROM bom_manufacturing_subcontract_use"
        "  WHERE tenant_id = c.tenant_id AND order_id = c.order_id AND item_id = c.item_id) t ON true"
        " WHERE c.tenant_id = %s AND c.order_id = ANY(%s) ORDER BY c.order_id, o.no",
        *(ISSUE, RETURN, tx.tenant_id, list(ids)),
    )
    by_order: dict[UUID, list[Balance]] = {key: [] for key in ids}
    for row in found:
        by_order[row[0]].append(Balance(*row))
    return by_order


async def open_lines(tx: Transaction, order: UUID) -> list[OpenLine]:
    """The lines of an order that promise components."""
    found = await rows(
        tx,
        "SELECT l.no, l.item_id, l.place_id, l.quantity, coalesce(p.executed, 0),"
        " coalesce(p.returned, 0) FROM document_line l LEFT JOIN line_progress p"
        " ON p.tenant_id = l.tenant_id AND p.document_id = l.document_id AND p.no = l.no"
        " WHERE l.tenant_id = %s AND l.document_id = %s AND l.role = 'consume' ORDER BY l.no",
        *(tx.tenant_id, order),
    )
    return [OpenLine(*row) for row in found]


async def documents_of(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """What was posted for each order, in that order: issues, returns, receipts, charges, what was added to
    receipts since, reversals."""
    found = await rows(
        tx,
        "WITH own AS MATERIALIZED (SELECT source_id AS order_id, id, sequence FROM document"
        "  WHERE tenant_id = %s AND source_id = ANY(%s) AND state = 'posted')"
        " SELECT order_id, id FROM (SELECT order_id, id, sequence FROM own UNION ALL"
        "  SELECT w.order_id, a.id, a.sequence FROM own w JOIN document a ON a.tenant_id = %s"
        "  AND a.source_id = w.id AND a.type = 'landed_cost' AND a.state = 'posted') x"
        " ORDER BY order_id, sequence",
        *(tx.tenant_id, list(ids), tx.tenant_id),
    )
    by_order: dict[UUID, list[UUID]] = {key: [] for key in ids}
    for order, document in found:
        by_order[order].append(document)
    return by_order


async def settlements(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Settlement]:
    """What is owed for each order: fees and charges of receipts, what was added to them since in the name
    of the processor, less the value that he lost."""
    found = await rows(
        tx,
        "WITH own AS MATERIALIZED (SELECT o.id AS order_id, o.party_id, d.id, d.type, d.sequence,"
        "  d.net, d.tax, coalesce(d.extra_cost, 0) * CASE WHEN d.reverses_id IS NULL THEN 1 ELSE -1 END"
        "  AS extra FROM document o JOIN document d ON d.tenant_id = o.tenant_id"
        "  AND d.source_id = o.id AND d.state = 'posted' AND d.type IN (%s, %s)"
        "  WHERE o.tenant_id = %s AND o.id = ANY(%s)),"
        " later AS (SELECT w.order_id, sum(a.extra_cost"
        "  * CASE WHEN a.reverses_id IS NULL THEN 1 ELSE -1 END) AS amount FROM own w"
        "  JOIN document a ON a.tenant_id = %s AND a.source_id = w.id AND a.type = 'landed_cost'"
        "  AND a.state = 'posted' AND a.party_id = w.party_id GROUP BY 1),"
        " lost AS (SELECT w.order_id, sum(e.value) AS amount FROM own w JOIN entry e"
        "  ON e.tenant_id = %s AND e.event_sequence = w.sequence AND e.place_id ="
        "  (SELECT id FROM place WHERE tenant_id = %s AND account = 'supplier') GROUP BY 1)"
        " SELECT w.order_id, sum(w.net) FILTER (WHERE w.type = %s),"
        "  sum(w.tax) FILTER (WHERE w.type = %s), sum(w.extra),"
        "  coalesce(any_value(l.amount), 0), coalesce(any_value(x.amount), 0) FROM own w"
        " LEFT JOIN later l ON l.order_id = w.order_id LEFT JOIN lost x ON x.order_id = w.order_id"
        " GROUP BY 1",
        *(RECEIPT, CHARGE, tx.tenant_id, list(ids), *(tx.tenant_id,) * 3, RECEIPT, RECEIPT),
    )
    none = Settlement(ZERO, ZERO, ZERO, ZERO, ZERO)
    known = {row[0]: Settlement(row[1] or ZERO, row[2] or ZERO, *row[3:]) for row in found}
    return {key: known.get(key, none) for key in ids}


async def paid_for(tx: Transaction, receipt: UUID) -> Decimal:
    """What the processor gets for a receipt without tax: his fee and charges, and what was added since."""
    found = await rows(
        tx,
        "SELECT d.net + coalesce(d.extra_cost, 0) + coalesce((SELECT sum(a.extra_cost"
        "  * CASE WHEN a.reverses_id IS NULL THEN 1 ELSE -1 END) FROM document a"
        "  WHERE a.tenant_id = d.tenant_id AND a.source_id = d.id AND a.type = 'landed_cost'"
        "  AND a.state = 'posted' AND a.party_id = d.party_id), 0)"
        " FROM document d WHERE d.tenant_id = %s AND d.id = %s",
        *(tx.tenant_id, receipt),
    )
    paid: Decimal = found[0][0]
    return paid


async def order_of_receipt(tx: Transaction, receipt: UUID) -> tuple[UUID, bool] | None:
    """The order that a receipt belongs to, and whether anything was taken in; None where it is none, or a
    reversal."""
    found = await rows(
        tx,
        "SELECT d.source_id, EXISTS (SELECT FROM document_line l WHERE l.tenant_id = d.tenant_id"
        "  AND l.document_id = d.id AND l.role = 'produce') FROM document d"
        " WHERE d.tenant_id = %s AND d.id = %s AND d.type = %s AND d.reverses_id IS NULL",
        *(tx.tenant_id, receipt, RECEIPT),
    )
    return found[0] if found else None


async def below_zero(
    tx: Transaction, *, party: UUID | None, after: tuple[UUID, UUID] | None, limit: int
) -> list[Short]:
    """What is below zero at processors' places."""
    found = await rows(
        tx,
        "SELECT b.place_id, b.item_id, r.party_id, sum(b.on_hand) FROM balance b"
        " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id AND p.kind = 'processor'"
        " LEFT JOIN bom_manufacturing_processor r"
        "  ON r.tenant_id = b.tenant_id AND r.place_id = b.place_id"
        " WHERE b.tenant_id = %s AND b.on_hand < 0 AND (%s::uuid IS NULL OR r.party_id = %s)"
        " AND (%s::uuid IS NULL OR (b.place_id, b.item_id) > (%s, %s::uuid))"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2 LIMIT %s",
        *(tx.tenant_id, party, party),
        *((after[0], *after) if after else (None,) * 3),
        limit,
    )
    return [Short(*row) for row in found]


MOST_DOCUMENTS = 20


async def takers(
    tx: Transaction, keys: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], list[UUID]]:
    """The last documents that took an item from a place, the newest first."""
    found = await rows(
        tx,
        "SELECT k.place_id, k.item_id, d.id FROM unnest(%s::uuid[], %s::uuid[]) k (place_id, item_id)"
        " CROSS JOIN LATERAL (SELECT DISTINCT e.event_sequence FROM entry e WHERE e.tenant_id = %s"
        "  AND e.item_id = k.item_id AND e.place_id = k.place_id AND e.quantity < 0"
        "  ORDER BY e.event_sequence DESC LIMIT %s) t"
        " JOIN document d ON d.tenant_id = %s AND d.sequence = t.event_sequence"
        " ORDER BY 1, 2, d.sequence DESC",
        [key[0] for key in keys],
        [key[1] for key in keys],
        *(tx.tenant_id, MOST_DOCUMENTS, tx.tenant_id),
    )
    by_key: dict[tuple[UUID, UUID], list[UUID]] = {key: [] for key in keys}
    for place, item, document in found:
        by_key[place, item].append(document)
    return by_key


async def processors(tx: Transaction, places: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose places these are, of those that are a processor's."""
    table = tables.processor
    query = sa.select(table.c.place_id, table.c.party_id).where(
        table.c.tenant_id == tx.tenant_id, table.c.place_id.in_(list(places))
    )
    return {row.place_id: row.party_id for row in await tx.sql.execute(query)}


async def places_of(tx: Transaction, party: UUID) -> list[UUID]:
    """The places of a processor that are in use."""
    found = await rows(
        tx,
        "SELECT r.place_id FROM bom_manufacturing_processor r"
        " JOIN place p ON p.tenant_id = r.tenant_id AND p.id = r.place_id AND p.active"
        " WHERE r.tenant_id = %s AND r.party_id = %s ORDER BY p.code",
        *(tx.tenant_id, party),
    )
    return [row[0] for row in found]


async def kind_of_place(tx: Transaction, place: UUID) -> str | None:
    """The kind of a place; None where it is not there."""
    query = "SELECT kind FROM place WHERE tenant_id = %s AND id = %s"
    found = await rows(tx, query, tx.tenant_id, place)
    return found[0][0] if found else None


async def supplier_name(tx: Transaction, party: UUID) -> str | None:
    """The name of a supplier; None where the party is none."""
    query = "SELECT name FROM party WHERE tenant_id = %s AND id = %s AND is_supplier"
    found = await rows(tx, query, tx.tenant_id, party)
    return found[0][0] if found else None


async def write_processor(tx: Transaction, place: UUID, party: UUID) -> None:
    """Say whose a place is."""
    row = {"tenant_id": tx.tenant_id, "place_id": place, "party_id": party}
    await tx.sql.execute(sa.insert(tables.processor).values(**row))


async def differences(tx: Transaction) -> list[str]:
    """Receipts and charges whose lines do not say what is kept of them."""
    found = await rows(
        tx,
        "SELECT number FROM (SELECT d.number, d.id, l.item_id,"
        "  sum(l.quantity) FILTER (WHERE l.role IS NULL OR l.role IN ('consume', 'lost')) AS quantity"
        "  FROM document d JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        "  WHERE d.tenant_id = %s AND d.type IN (%s, %s) AND d.state = 'posted' GROUP BY 1, 2, 3) x"
        " LEFT JOIN bom_manufacturing_subcontract_use u ON u.tenant_id = %s"
        "  AND u.document_id = x.id AND u.item_id = x.item_id"
        " WHERE coalesce(x.quantity, 0) <> coalesce(u.used + u.allowed_loss + u.charged_loss, 0)"
        " ORDER BY 1",
        *(tx.tenant_id, RECEIPT, CHARGE, tx.tenant_id),
    )
    return [f"{row[0]}: its lines and what is kept of them differ" for row in found]
