"""Storing what planning is told: of items, of working days, forecasts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    DUPLICATE,
    LIMIT_EXCEEDED,
    NIL,
    NOT_FOUND,
    REQUIRED,
    Database,
    Principal,
    Refusal,
    Transaction,
    define,
    raise_any,
    record_audit,
    run_command,
    uuid7,
)
from plugins.bom_manufacturing.bills import stock as bills
from plugins.bom_manufacturing.bills.rules.check import DATES_REVERSED, OUT_OF_RANGE, not_negative
from plugins.bom_manufacturing.planning.rules.planning import Forecast, PlanningData, Policy
from plugins.bom_manufacturing.planning.stock import planning as stored

OVERLAP = define(
    "BOM_MANUFACTURING_FORECAST_OVERLAP",
    en="A forecast of this item and place that begins on {starts_on} has days in common with it.",
    zh="该物料在此地点已有自 {starts_on} 开始的预测,期间重叠。",
)
MOST_PLACES = 100
"""Places of an item with a safety stock of their own."""
MOST_DAYS_OFF = 1000
LONGEST_PERIOD = 366
"""Days that one forecast is for."""


def told(item: UUID, sent: Mapping[str, Any] | None) -> PlanningData | None:
    """What was sent with an item; None takes it away."""
    if sent is None:
        return None
    places = tuple((place, quantity) for place, quantity in sent["places"])
    return PlanningData(item, **{**sent, "policy": Policy(sent["policy"]), "places": places})


async def save_items(tx: Transaction, values: Mapping[UUID, PlanningData | None]) -> list[Refusal]:
    """Store what is told of items, all at once; None takes it away."""
    told = {key: one for key, one in values.items() if one is not None}
    refusals = [r.under(str(key)) for key, one in told.items() for r in one.refusals()]
    refusals += [r.under(str(key)) for key, one in told.items() for r in _places(one)]
    suppliers = {one.supplier for one in told.values() if one.supplier is not None}
    places = {place for one in told.values() for place, _ in one.places}
    unknown = await stored.unknown(tx, suppliers, places)
    for key, one in told.items():
        if one.supplier in unknown:
            path = (str(key), "supplier_id")
            refusals.append(Refusal(NOT_FOUND, path, {"id": str(one.supplier)}))
        for n, (place, _) in enumerate(one.places):
            if place in unknown:
                path_ = (str(key), "safety_stocks", n, "place_id")
                refusals.append(Refusal(NOT_FOUND, path_, {"id": str(place)}))
    if not refusals:
        await stored.put_data(tx, values)
    return refusals


def _places(one: PlanningData) -> Iterator[Refusal]:
    if len(one.places) > MOST_PLACES:
        details = {"field": "safetyStocks", "limit": MOST_PLACES}
        yield Refusal(LIMIT_EXCEEDED, ("safety_stocks",), details)
    places = [place for place, _ in one.places]
    for n, place in enumerate(places):
        if place in places[:n]:
            details = {"field": "placeId", "value": str(place)}
            yield Refusal(DUPLICATE, ("safety_stocks", n, "place_id"), details)


async def save_calendar(
    db: Database,
    principal: Principal,
    command_id: UUID,
    weekdays: Collection[int],
    days: Sequence[tuple[date, bool]],
    asked: Mapping[str, Any],
) -> None:
    """Say which days are worked, all of them at once. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        if not weekdays:
            raise_any([Refusal(REQUIRED, ("weekdays",), {"field": "weekdays"})])
        if len(days) > MOST_DAYS_OFF:
            details = {"field": "days", "limit": MOST_DAYS_OFF}
            raise_any([Refusal(LIMIT_EXCEEDED, ("days",), details)])
        named = [day for day, _ in days]
        raise_any(
            Refusal(DUPLICATE, ("days", n, "day"), {"field": "day", "value": day.isoformat()})
            for n, day in enumerate(named)
            if day in named[:n]
        )
        await stored.put_calendar(tx, set(weekdays), dict(days))
        details = {"weekdays": len(set(weekdays)), "days": len(days)}
        await record_audit(
            tx,
            principal.user_id,
            "bom_manufacturing.calendar",
            "bom_manufacturing_day",
            NIL,
            details,
        )
        return {}

    operation = "bomManufacturingSaveCalendar"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work)


async def save_forecasts(
    db: Database,
    principal: Principal,
    command_id: UUID,
    told: Sequence[Forecast],
    asked: Mapping[str, Any],
) -> list[UUID]:
    """Store forecasts, each over the one of the same item, place and first day; a quantity of zero takes
    it away. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        raise_any(_refusals(told))
        await _check_known(tx, told)
        put = [one for one in told if one.quantity]
        await stored.lock_forecasts(tx)
        await stored.put_forecasts(tx, [one for one in told if not one.quantity], put)
        overlaps = await stored.overlapping(tx, [one.id for one in put])
        raise_any(
            Refusal(
                OVERLAP,
                ("forecasts", n, "starts_on"),
                {"starts_on": overlaps[one.id].isoformat()},
            )
            for n, one in enumerate(told)
            if one.id in overlaps
        )
        await record_audit(
            tx,
            principal.user_id,
            "bom_manufacturing.forecast",
            "bom_manufacturing_forecast",
            NIL,
            {"forecasts": len(told)},
        )
        return {"ids": [one.id for one in put]}

    operation = "bomManufacturingSaveForecasts"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return [UUID(one) for one in outcome["ids"]]


def forecast(
    item: UUID, place: UUID | None, starts_on: date, ends_on: date, quantity: Decimal
) -> Forecast:
    """A new forecast."""
    return Forecast(uuid7(), item, place, starts_on, ends_on, quantity)


def _refusals(told: Sequence[Forecast]) -> Iterator[Refusal]:
    if not told:
        yield Refusal(REQUIRED, ("forecasts",), {"field": "forecasts"})
    seen = set()
    for n, one in enumerate(told):
        where = ("forecasts", n)
        yield from (r.under(*where) for r in not_negative("quantity", one.quantity))
        if one.ends_on < one.starts_on:
            details = {"start": one.starts_on.isoformat(), "until": one.ends_on.isoformat()}
            yield Refusal(DATES_REVERSED, (*where, "ends_on"), details)
        elif (days := (one.ends_on - one.starts_on).days + 1) > LONGEST_PERIOD:
            details = {"field": "endsOn", "wanted": f"≤ {LONGEST_PERIOD} d", "value": f"{days}"}
            yield Refusal(OUT_OF_RANGE, (*where, "ends_on"), details)
        key = (one.item, one.place, one.starts_on)
        if key in seen:
            details = {"field": "startsOn", "value": one.starts_on.isoformat()}
            yield Refusal(DUPLICATE, (*where, "starts_on"), details)
        seen.add(key)


async def _check_known(tx: Transaction, told: Sequence[Forecast]) -> None:
    items = await bills.item_facts(tx, {one.item for one in told})
    places = await stored.unknown(tx, [], {one.place for one in told if one.place is not None})
    raise_any(
        Refusal(NOT_FOUND, ("forecasts", n, name), {"id": str(key)})
        for n, one in enumerate(told)
        for name, key, missing in (
            ("item_id", one.item, one.item not in items),
            ("place_id", one.place, one.place in places),
        )
        if missing
    )
