"""What recipes ask of sales and stock: whole sets, a statement for each question however much was sold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.plugin_api import DOCUMENT_TYPES, Effect, Transaction, Write, rows
from plugins.bom_manufacturing.recipes import tables

Day = tuple[UUID, date]
"""A place and a day."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What core knows of an ingredient."""

    code: str
    stocked: bool
    decimals: int


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier closings leave to the next one of a place and day: their last ``number``, what the day
    answered for and needed so far, and what was left of ingredients at the place."""

    number: int
    dishes: Mapping[UUID, Decimal]
    needed: Mapping[UUID, Decimal]
    rests: Mapping[UUID, Decimal]


async def ours(tx: Transaction, place: UUID) -> bool:
    """Whether a place is there and goods lie in it, so that its day can be closed."""
    found = await rows(
        tx,
        "SELECT 1 FROM place WHERE tenant_id = %s AND id = %s AND holds_stock AND account IS NULL",
        *(tx.tenant_id, place),
    )
    return bool(found)


async def facts(tx: Transaction, items: Collection[UUID]) -> dict[UUID, Facts]:
    """What core knows of ingredients."""
    found = await rows(
        tx,
        "SELECT i.id, i.code, i.kind = 'stocked', u.decimals FROM item i"
        " JOIN unit u ON u.tenant_id = i.tenant_id AND u.id = i.base_unit_id"
        " WHERE i.tenant_id = %s AND i.id = ANY(%s)",
        *(tx.tenant_id, list(items)),
    )
    return {row[0]: Facts(*row[1:]) for row in found}


async def sold(tx: Transaction, place: UUID, day: date) -> dict[UUID, Decimal]:
    """Dishes sold at a place on a day less those returned: items that are not stocked and have a recipe.
    A reversal counts with its sign, on its day."""
    query = f"{_SOLD} SELECT item_id, quantity FROM sold"  # noqa: S608 - ours
    found = await rows(tx, query, *_sales(tx, place, day, day))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a day of a place stands: ``open`` where other dishes were sold than closings answer for."""

    place_id: UUID
    day: date
    open: bool

    @property
    def key(self) -> Day:
        return self.place_id, self.day


async def days(
    tx: Transaction,
    since: date,
    until: date,
    place: UUID | None = None,
    is_open: bool | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int = 1000,
) -> list[Standing]:
    """Days on which dishes were sold, by day and place; only those that are open, or closed, if said."""
    found = await rows(
        tx,
        f"{_SOLD}, told AS (SELECT c.place_id, c.day, d.item_id, sum(d.quantity) AS quantity"  # noqa: S608 - ours
        "  FROM bom_manufacturing_closing c JOIN bom_manufacturing_closing_dish d"
        "  ON d.tenant_id = c.tenant_id AND d.place_id = c.place_id AND d.number = c.number"
        "  WHERE c.tenant_id = %s AND c.day BETWEEN %s AND %s AND (%s::uuid IS NULL OR c.place_id = %s)"
        "  GROUP BY 1, 2, 3),"
        " standing AS (SELECT place_id, day,"
        "  bool_or(coalesce(sold.quantity, 0) <> coalesce(told.quantity, 0)) AS open"
        "  FROM sold FULL JOIN told USING (place_id, day, item_id) GROUP BY 1, 2)"
        " SELECT place_id, day, open FROM standing WHERE (%s::boolean IS NULL OR open = %s)"
        " AND (%s::date IS NULL OR (day, place_id) > (%s, %s)) ORDER BY day, place_id LIMIT %s",
        *_sales(tx, place, since, until),
        *(tx.tenant_id, since, until, place, place, is_open, is_open),
        *((after[0], *after) if after else (None, None, None)),
        limit,
    )
    return [Standing(*row) for row in found]


async def before(tx: Transaction, place: UUID, day: date) -> Before:
    """What earlier closings leave to the next one."""
    own = (tx.tenant_id, place)
    last = await rows(
        tx,
        "SELECT coalesce(max(number), 0) FROM bom_manufacturing_closing"
        " WHERE tenant_id = %s AND place_id = %s",
        *own,
    )
    dishes = await rows(tx, _OF_DAY.format("quantity", "closing_dish"), *own, day)
    needed = await rows(tx, _OF_DAY.format("needed", "closing_use"), *own, day)
    rests = await rows(
        tx,
        "SELECT DISTINCT ON (item_id) item_id, rest FROM bom_manufacturing_closing_use"
        " WHERE tenant_id = %s AND place_id = %s ORDER BY item_id, number DESC",
        *own,
    )
    return Before(last[0][0], dict(dishes), dict(needed), dict(rests))


async def write(tx: Transaction, written: Iterable[Write]) -> bool:
    """Write a closing that takes nothing. False where somebody else's has its number."""
    by_table: dict[sa.Table, list[dict[str, object]]] = defaultdict(list)
    for one in written:
        by_table[one.table].append({"tenant_id": tx.tenant_id, **one.row})
    [head] = by_table.pop(tables.closing)
    claim = insert(tables.closing).values(head).on_conflict_do_nothing()
    if (await tx.sql.execute(claim.returning(tables.closing.c.number))).first() is None:
        return False
    for table, ready in by_table.items():
        await tx.sql.execute(sa.insert(table), ready)
    return True


async def below_zero(tx: Transaction, keys: Sequence[Day]) -> dict[Day, list[tuple[UUID, Decimal]]]:
    """What closings of a day took and of which less than nothing is there now, by code."""
    found = await rows(
        tx,
        "SELECT k.place_id, k.day, i.id, sum(b.on_hand) FROM unnest(%s::uuid[], %s::date[]) k(place_id, day)"
        " CROSS JOIN LATERAL (SELECT DISTINCT u.item_id FROM bom_manufacturing_closing c"
        "  JOIN bom_manufacturing_closing_use u ON u.tenant_id = c.tenant_id AND u.place_id = c.place_id"
        "  AND u.number = c.number WHERE c.tenant_id = %s AND c.place_id = k.place_id AND c.day = k.day) u"
        " JOIN balance b ON b.tenant_id = %s AND b.item_id = u.item_id AND b.place_id = k.place_id"
        " JOIN item i ON i.tenant_id = b.tenant_id AND i.id = b.item_id"
        " GROUP BY k.place_id, k.day, i.id, i.code HAVING sum(b.on_hand) < 0 ORDER BY i.code",
        *([place for place, _ in keys], [day for _, day in keys], tx.tenant_id, tx.tenant_id),
    )
    by_day: dict[Day, list[tuple[UUID, Decimal]]] = {key: [] for key in keys}
    for place, day, item, quantity in found:
        by_day[place, day].append((item, quantity))
    return by_day


@dataclass(frozen=True, slots=True)
class Taken:
    """What the closings of a day took of an ingredient, all together."""

    item_id: UUID
    needed: Decimal
    taken: Decimal


async def taken(
    tx: Transaction, keys: Sequence[Day], after: UUID | None, limit: int
) -> dict[Day, list[Taken]]:
    """What closings of days took, in the order of the ingredients' ids; so many of each day."""
    found = await rows(
        tx,
        "SELECT k.place_id, k.day, u.* FROM unnest(%s::uuid[], %s::date[]) k(place_id, day)"
        " CROSS JOIN LATERAL (SELECT u.item_id, sum(u.needed), sum(u.taken)"
        "  FROM bom_manufacturing_closing c JOIN bom_manufacturing_closing_use u"
        "  ON u.tenant_id = c.tenant_id AND u.place_id = c.place_id AND u.number = c.number"
        "  WHERE c.tenant_id = %s AND c.place_id = k.place_id AND c.day = k.day"
        "  AND (%s::uuid IS NULL OR u.item_id > %s) GROUP BY 1 ORDER BY 1 LIMIT %s) u",
        *(
            [place for place, _ in keys],
            [day for _, day in keys],
            tx.tenant_id,
            after,
            after,
            limit,
        ),
    )
    by_day: dict[Day, list[Taken]] = {key: [] for key in keys}
    for place, day, *figures in found:
        by_day[place, day].append(Taken(*figures))
    return by_day


async def documents(tx: Transaction, keys: Sequence[Day]) -> dict[Day, list[UUID]]:
    """The documents of the closings of days, in their order."""
    found = await rows(
        tx,
        "SELECT c.place_id, c.day, c.document_id FROM bom_manufacturing_closing c"
        " JOIN unnest(%s::uuid[], %s::date[]) k(place_id, day) USING (place_id, day)"
        " WHERE c.tenant_id = %s AND c.document_id IS NOT NULL ORDER BY c.number",
        *([place for place, _ in keys], [day for _, day in keys], tx.tenant_id),
    )
    by_day: dict[Day, list[UUID]] = {key: [] for key in keys}
    for place, day, document in found:
        by_day[place, day].append(document)
    return by_day


async def differences(tx: Transaction) -> list[str]:
    """Where closings and books, or closings among themselves, do not agree: for `verify`."""
    wrong = await rows(
        tx,
        "SELECT c.place_id, c.number FROM bom_manufacturing_closing c"
        " JOIN LATERAL (SELECT item_id, taken FROM bom_manufacturing_closing_use u WHERE u.tenant_id ="
        "  c.tenant_id AND u.place_id = c.place_id AND u.number = c.number AND u.taken <> 0) u ON true"
        " LEFT JOIN LATERAL (SELECT -sum(e.quantity) AS quantity FROM entry e WHERE e.tenant_id = c.tenant_id"
        "  AND e.document_id = c.document_id AND e.item_id = u.item_id AND e.place_id = c.place_id) e ON true"
        " WHERE c.tenant_id = %s AND e.quantity IS DISTINCT FROM u.taken ORDER BY 1, 2",
        tx.tenant_id,
    )
    drifted = await rows(
        tx,
        "SELECT place_id, item_id FROM bom_manufacturing_closing_use WHERE tenant_id = %s"
        " GROUP BY 1, 2 HAVING sum(needed - taken) <> (array_agg(rest ORDER BY number DESC))[1]"
        " ORDER BY 1, 2",
        tx.tenant_id,
    )
    return [
        f"closing {number} at {place} is not what the books have" for place, number in wrong
    ] + [
        f"what is left to take of {item} at {place} does not follow from its closings"
        for place, item in drifted
    ]


def _sales(tx: Transaction, place: UUID | None, since: date, until: date) -> tuple[object, ...]:
    of_customers = [one for one in DOCUMENT_TYPES.values() if one.party == "customer"]
    back = [one.code for one in of_customers if one.effect is Effect.RECEIVE]
    forth = [one.code for one in of_customers if one.effect is Effect.ISSUE]
    return (back, tx.tenant_id, [*forth, *back], since, until, place, place)


_SOLD = (
    "WITH sold AS (SELECT l.place_id, d.business_date AS day, l.item_id,"
    " sum(CASE WHEN d.type = ANY(%s) THEN -l.quantity ELSE l.quantity END) AS quantity"
    " FROM document d JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
    " WHERE d.tenant_id = %s AND d.state = 'posted' AND d.type = ANY(%s)"
    " AND d.business_date BETWEEN %s AND %s AND NOT l.stocked AND l.place_id IS NOT NULL"
    " AND (%s::uuid IS NULL OR l.place_id = %s)"
    " AND EXISTS (SELECT FROM bom_manufacturing_bom b WHERE b.tenant_id = d.tenant_id"
    "  AND b.item_id = l.item_id AND (b.valid_from IS NULL OR b.valid_from <= d.business_date)"
    "  AND (b.valid_until IS NULL OR b.valid_until >= d.business_date))"
    " GROUP BY 1, 2, 3)"
)
_OF_DAY = (
    "SELECT x.item_id, sum(x.{}) FROM bom_manufacturing_closing c JOIN bom_manufacturing_{} x"
    " ON x.tenant_id = c.tenant_id AND x.place_id = c.place_id AND x.number = c.number"
    " WHERE c.tenant_id = %s AND c.place_id = %s AND c.day = %s GROUP BY 1"
)
