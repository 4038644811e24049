"""What planning is told, as it is stored: of items, of working days, forecasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import Transaction, insert_many, rows
from plugins.bom_manufacturing.planning import tables
from plugins.bom_manufacturing.planning.rules.calendar import WorkingCalendar
from plugins.bom_manufacturing.planning.rules.planning import Forecast, PlanningData, Policy

_DATA = (
    "item_id make subcontract processing_fee lead_time safety_stock reorder_point supplier_id policy"
    " lot_quantity lot_minimum lot_maximum lot_multiple lot_periods annual_demand order_cost holding_cost"
)
_FORECAST = "id, item_id, place_id, starts_on, ends_on, quantity"


async def data_of(
    tx: Transaction, items: Collection[UUID] | None = None
) -> dict[UUID, PlanningData]:
    """What is told of items, or of all of which something is."""
    chosen = None if items is None else list(items)
    places: dict[UUID, list[tuple[UUID, Decimal]]] = defaultdict(list)
    for item, place, quantity in await rows(
        tx,
        "SELECT item_id, place_id, quantity FROM bom_manufacturing_safety_stock"
        " WHERE tenant_id = %s AND (%s::uuid[] IS NULL OR item_id = ANY(%s)) ORDER BY 1, 2",
        *(tx.tenant_id, chosen, chosen),
    ):
        places[item].append((place, quantity))
    found = await rows(
        tx,
        f"SELECT {', '.join(_DATA.split())} FROM bom_manufacturing_planning"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND (%s::uuid[] IS NULL OR item_id = ANY(%s))",
        *(tx.tenant_id, chosen, chosen),
    )
    told = {}
    for row in found:
        values = [*row[:8], Policy(row[8]), *row[9:], tuple(places[row[0]])]
        told[row[0]] = PlanningData(*values)
    return told


async def archived(tx: Transaction) -> set[UUID]:
    """Items of which something is told that are archived."""
    found = await rows(
        tx,
        "SELECT p.item_id FROM bom_manufacturing_planning p JOIN item i ON i.tenant_id = p.tenant_id"
        " AND i.id = p.item_id WHERE p.tenant_id = %s AND NOT i.active",
        tx.tenant_id,
    )
    return {row[0] for row in found}


async def put_data(tx: Transaction, values: Mapping[UUID, PlanningData | None]) -> None:
    """Store what is told of items; None takes it away."""
    for table in (tables.safety_stock, tables.planning):
        mine = table.c.item_id.in_(sorted(values))
        await tx.sql.execute(sa.delete(table).where(table.c.tenant_id == tx.tenant_id, mine))
    told = [values[key] for key in sorted(values)]
    await insert_many(
        tx,
        tables.planning,
        _DATA,
        [
            (
                *(one.item, one.make, one.subcontract, one.processing_fee),
                *(one.lead_time, one.safety_stock, one.reorder_point),
                *(one.supplier, one.policy.value, one.lot_quantity, one.lot_minimum),
                *(one.lot_maximum, one.lot_multiple, one.lot_periods, one.annual_demand),
                *(one.order_cost, one.holding_cost),
            )
            for one in told
            if one is not None
        ],
    )
    await insert_many(
        tx,
        tables.safety_stock,
        "item_id place_id quantity",
        [(one.item, *place) for one in told if one is not None for place in one.places],
    )


async def unknown(
    tx: Transaction, suppliers: Collection[UUID], places: Collection[UUID]
) -> set[UUID]:
    """Which of these are no suppliers, or no places of ours."""
    found = await rows(
        tx,
        "SELECT id FROM party WHERE tenant_id = %s AND id = ANY(%s) AND is_supplier UNION ALL"
        " SELECT id FROM place WHERE tenant_id = %s AND id = ANY(%s)"
        " AND kind NOT IN ('virtual', 'transit', 'work')",
        *(tx.tenant_id, list(suppliers), tx.tenant_id, list(places)),
    )
    return {*suppliers, *places} - {row[0] for row in found}


async def calendar(tx: Transaction) -> WorkingCalendar:
    """The days that are worked."""
    weekdays = await rows(
        tx, "SELECT weekday FROM bom_manufacturing_weekday WHERE tenant_id = %s", tx.tenant_id
    )
    days = await rows(
        tx, "SELECT day, worked FROM bom_manufacturing_day WHERE tenant_id = %s", tx.tenant_id
    )
    return WorkingCalendar(
        frozenset(row[0] for row in weekdays) or WorkingCalendar().weekdays,
        frozenset(day for day, worked in days if not worked),
        frozenset(day for day, worked in days if worked),
    )


async def put_calendar(tx: Transaction, weekdays: Iterable[int], days: Mapping[date, bool]) -> None:
    """Store the days that are worked, all of them anew."""
    for table in (tables.weekday, tables.day):
        await tx.sql.execute(sa.delete(table).where(table.c.tenant_id == tx.tenant_id))
    await insert_many(tx, tables.weekday, "weekday", [(one,) for one in sorted(weekdays)])
    await insert_many(tx, tables.day, "day worked", sorted(days.items()))


async def lock_forecasts(tx: Transaction) -> None:
    """Forecasts of a tenant change one after the other: two at once could overlap."""
    key = f"bom_manufacturing:forecast:{tx.tenant_id}"
    await rows(tx, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", key)


async def put_forecasts(
    tx: Transaction, gone: Collection[Forecast], put: Collection[Forecast]
) -> None:
    """Take forecasts away by item, place and first day, and store others."""
    starts = [(one.item, one.place, one.starts_on) for one in (*gone, *put)]
    items, places, days = zip(*starts, strict=True)
    await rows(
        tx,
        "WITH gone AS (DELETE FROM bom_manufacturing_forecast f"
        " USING unnest(%s::uuid[], %s::uuid[], %s::date[]) AS k (item_id, place_id, starts_on)"
        " WHERE f.tenant_id = %s AND f.item_id = k.item_id AND f.starts_on = k.starts_on"
        " AND f.place_id IS NOT DISTINCT FROM k.place_id RETURNING 1) SELECT count(*) FROM gone",
        *(list(items), list(places), list(days), tx.tenant_id),
    )
    await insert_many(
        tx,
        tables.forecast,
        _FORECAST.replace(",", ""),
        [(f.id, f.item, f.place, f.starts_on, f.ends_on, f.quantity) for f in put],
    )


async def overlapping(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, date]:
    """Which of these forecasts have days in common with another of the same item and place, and when
    that one begins."""
    found = await rows(
        tx,
        "SELECT f.id, o.starts_on FROM bom_manufacturing_forecast f"
        " JOIN bom_manufacturing_forecast o ON o.tenant_id = f.tenant_id AND o.item_id = f.item_id"
        " AND o.place_id IS NOT DISTINCT FROM f.place_id AND o.id <> f.id"
        " AND o.starts_on <= f.ends_on AND f.starts_on <= o.ends_on"
        " WHERE f.tenant_id = %s AND f.id = ANY(%s)",
        *(tx.tenant_id, list(ids)),
    )
    return dict(found)


async def forecasts(
    tx: Transaction, through: date, since: date, place: UUID | None
) -> list[Forecast]:
    """Forecasts of periods that end no earlier and begin no later, at a place and below or anywhere. Nobody
    expects to sell what is archived."""
    found = await rows(
        tx,
        f"SELECT {_FORECAST} FROM bom_manufacturing_forecast f"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND starts_on <= %s AND ends_on >= %s AND EXISTS (SELECT FROM item i"
        " WHERE i.tenant_id = f.tenant_id AND i.id = f.item_id AND i.active)"
        " AND (%s::uuid IS NULL OR EXISTS (SELECT FROM place p WHERE p.tenant_id = f.tenant_id"
        " AND p.id = f.place_id AND %s = ANY(p.path))) ORDER BY item_id, starts_on, id",
        *(tx.tenant_id, through, since, place, place),
    )
    return [Forecast(*row) for row in found]


async def list_forecasts(
    tx: Transaction, item: UUID | None, after: tuple[date, UUID] | None, limit: int
) -> list[Forecast]:
    """Forecasts, of an item or of all, by their first day."""
    found = await rows(
        tx,
        f"SELECT {_FORECAST} FROM bom_manufacturing_forecast"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND (%s::uuid IS NULL OR item_id = %s)"
        " AND (%s::date IS NULL OR (starts_on, id) > (%s, %s)) ORDER BY starts_on, id LIMIT %s",
        *(tx.tenant_id, item, item, after and after[0], *(after or (None, None)), limit),
    )
    return [Forecast(*row) for row in found]


async def forecasts_by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Forecast]:
    """Forecasts by their ids."""
    found = await rows(
        tx,
        f"SELECT {_FORECAST} FROM bom_manufacturing_forecast"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND id = ANY(%s)",
        *(tx.tenant_id, list(ids)),
    )
    return {row[0]: Forecast(*row) for row in found}
