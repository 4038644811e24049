"""Forecasts and the working calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, Transaction, refuse
from plugins.bom_manufacturing.bills.graphql.bills import READ, item_of
from plugins.bom_manufacturing.planning import data
from plugins.bom_manufacturing.planning.rules.calendar import WorkingCalendar
from plugins.bom_manufacturing.planning.rules.planning import Forecast
from plugins.bom_manufacturing.planning.stock import planning as stored
from plugins.bom_manufacturing.vocabulary import BomManufacturingWeekday
from schema.plugin_api import (
    COMMAND_ID,
    MAX_BULK,
    PART,
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Node,
    Payload,
    Place,
    argument,
    connection,
    field,
    input_type,
    mutation_field,
    object_type,
    optional_uuid,
    page_of,
    payload_type,
    places_by_id,
    query_field,
    uuid_of,
)

PLAN = "bom_manufacturing.plan"


async def forecasts_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, BomManufacturingForecast]:
    found = await stored.forecasts_by_id(tx, keys)
    return {key: BomManufacturingForecast.of(one) for key, one in found.items()}


@object_type(permission=READ, node=forecasts_by_id)
class BomManufacturingForecast(Node):
    """What is expected to be sold in a period."""

    record: strawberry.Private[Forecast]
    starts_on: dt.date = field("The first day of the period.")
    ends_on: dt.date = field("The last day of the period.")
    quantity: Decimal = field("How much, in base units.")

    @classmethod
    def of(cls, record: Forecast) -> BomManufacturingForecast:
        return cls(
            uuid=record.id,
            record=record,
            starts_on=record.starts_on,
            ends_on=record.ends_on,
            quantity=record.quantity,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await item_of(info, self.record.item)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it is sold from; null for anywhere."""
        return await info.context.load(places_by_id, self.record.place)


@object_type(permission=PART)
class BomManufacturingCalendarDay:
    """A day that is not like its weekday."""

    day: dt.date = field("The day.")
    worked: bool = field("Whether it is worked (调休) or not (放假).")


@object_type(permission=READ)
class BomManufacturingCalendar:
    """The days that are worked (工作日历): lead times count these."""

    weekdays: list[BomManufacturingWeekday] = field("The weekdays that are worked.", size=7)
    days: list[BomManufacturingCalendarDay] = field("Days that are not like their weekday.")

    @classmethod
    def of(cls, record: WorkingCalendar) -> BomManufacturingCalendar:
        days = {**dict.fromkeys(record.off, False), **dict.fromkeys(record.extra, True)}
        return cls(
            weekdays=[BomManufacturingWeekday(one) for one in sorted(record.weekdays)],
            days=[
                BomManufacturingCalendarDay(day=day, worked=worked)
                for day, worked in sorted(days.items())
            ],
        )


class Queries:
    """What planning was told."""

    @query_field(permission=READ)
    async def bom_manufacturing_forecasts(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID | None, argument("Only of this item.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingForecast]:
        """Forecasts, by their first day."""
        page = page_of(first, after, key=(dt.date, UUID))
        item = optional_uuid(item_id, "Item", "itemId")
        start = (page.after[0], page.after[1]) if page.after else None
        async with info.context.reading() as tx:
            found = await stored.list_forecasts(tx, item, start, page.limit)
        return connection(
            page,
            found,
            node=BomManufacturingForecast.of,
            cursor=lambda one: (one.starts_on, one.id),
        )

    @query_field(permission=READ)
    async def bom_manufacturing_calendar(self, info: Info) -> BomManufacturingCalendar:
        """The days that are worked; Monday to Friday where nothing was said."""
        async with info.context.reading() as tx:
            return BomManufacturingCalendar.of(await stored.calendar(tx))


@input_type
class BomManufacturingCalendarDayInput:
    """A day that is not like its weekday."""

    day: dt.date = field("The day.")
    worked: bool = field("Whether it is worked.")


@input_type
class BomManufacturingSaveCalendarInput:
    """The days that are worked, all of them at once."""

    command_id: UUID = field(COMMAND_ID)
    weekdays: list[BomManufacturingWeekday] = field("The weekdays that are worked, one at least.")
    days: list[BomManufacturingCalendarDayInput] = field(
        f"Days that are not like their weekday, at most {data.MOST_DAYS_OFF}.",
        default_factory=list,
    )


@payload_type
class BomManufacturingCalendarPayload(Payload):
    """The calendar as it stands now."""

    calendar: BomManufacturingCalendar | None = field(
        "The calendar; null if it was refused.", default=None
    )


@input_type
class BomManufacturingForecastInput:
    """What is expected to be sold in a period."""

    item_id: strawberry.ID = field("The item.")
    place_id: strawberry.ID | None = field(
        "Where it is sold from, or below; left out for anywhere.", default=None
    )
    starts_on: dt.date = field("The first day of the period: by then it shall be there.")
    ends_on: dt.date = field(
        f"The last day of the period, which has at most {data.LONGEST_PERIOD} days."
    )
    quantity: Decimal = field("How much, in base units; zero takes the forecast away.")


@input_type
class BomManufacturingSaveForecastsInput:
    """Forecasts, each over the one of the same item, place and first day."""

    command_id: UUID = field(COMMAND_ID)
    forecasts: list[BomManufacturingForecastInput] = field(f"At most {MAX_BULK}.")


@payload_type
class BomManufacturingForecastsPayload(Payload):
    """How many forecasts there are now of those that were sent."""

    saved: int | None = field("How many; null if they were refused.", default=None)


class Mutations:
    """Telling planning."""

    @mutation_field(permission=PLAN)
    async def bom_manufacturing_save_calendar(
        self,
        info: Info,
        input: Annotated[BomManufacturingSaveCalendarInput, argument("The calendar.")],
    ) -> BomManufacturingCalendarPayload:
        """Say which days are worked. The next run of planning goes by it."""
        context = info.context
        asked = strawberry.asdict(input)
        asked.pop("command_id")
        weekdays = [int(one.value) for one in input.weekdays]
        days = [(one.day, one.worked) for one in input.days]
        await data.save_calendar(
            context.database, context.principal, input.command_id, weekdays, days, asked
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            calendar = BomManufacturingCalendar.of(await stored.calendar(tx))
        return BomManufacturingCalendarPayload(calendar=calendar)

    @mutation_field(permission=PLAN, bulk=True)
    async def bom_manufacturing_save_forecasts(
        self,
        info: Info,
        input: Annotated[BomManufacturingSaveForecastsInput, argument("The forecasts.")],
    ) -> BomManufacturingForecastsPayload:
        """Store forecasts. In a run, what customers ordered for days of the period, delivered or not,
        comes off the forecast (预测冲销), so that it is not counted twice."""
        context = info.context
        if len(input.forecasts) > MAX_BULK:
            raise refuse(LIMIT_EXCEEDED, "forecasts", field="forecasts", limit=MAX_BULK)
        asked = strawberry.asdict(input)
        asked.pop("command_id")
        told = [
            data.forecast(
                uuid_of(one.item_id, "Item", "forecasts", n, "itemId"),
                optional_uuid(one.place_id, "Place", "forecasts", n, "placeId"),
                one.starts_on,
                one.ends_on,
                one.quantity,
            )
            for n, one in enumerate(input.forecasts)
        ]
        saved = await data.save_forecasts(
            context.database, context.principal, input.command_id, told, asked
        )
        return BomManufacturingForecastsPayload(saved=len(saved))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
