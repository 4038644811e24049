"""Indicators (指标): figures over a span, their trend, and how healthy they are."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import enum_value

from core.indicators import rules, service
from core.indicators.service import Figure, Report
from schema.access import PART, field, object_type, query_field
from schema.context import Info
from schema.errors import UserError, user_error
from schema.ledger import From, PlaceId, To
from schema.relay import optional_uuid
from schema.settings import IndicatorBounds


@strawberry.enum(description="What an indicator counts in.")
class IndicatorUnit(Enum):
    """Percentages are out of a hundred: 1.5 is 1.5 %."""

    RATIO = enum_value("ratio", description="A ratio: so many times.")
    PERCENT = enum_value("percent", description="Per cent: 100 is all.")
    HOURS = enum_value("hours", description="Hours.")
    DAYS = enum_value("days", description="Days.")
    AMOUNT = enum_value("amount", description="Money, in the currency of the books.")


@strawberry.enum(description="Which way an indicator is good.")
class IndicatorBetter(Enum):
    """For arrows."""

    HIGHER = enum_value("higher", description="The more, the better.")
    LOWER = enum_value("lower", description="The less, the better.")
    BETWEEN = enum_value("between", description="Neither too little nor too much.")


@strawberry.enum(description="How healthy a figure is by its bounds.")
class IndicatorHealth(Enum):
    """Judged before the figure is rounded."""

    IDEAL = enum_value("ideal", description="Within its ideal bounds.")
    WATCH = enum_value("watch", description="Outside of them, and not alarming.")
    ALARM = enum_value("alarm", description="Beyond its alarm.")


@strawberry.enum(description="How long the points of a trend are.")
class IndicatorStep(Enum):
    """The first and the last point end where the span does."""

    MONTH = enum_value("month", description="Calendar months.")
    WEEK = enum_value("week", description="Weeks from Monday to Sunday.")


@object_type(permission=PART)
class IndicatorPoint:
    """A figure over one span."""

    since: dt.date = field("Its first day.")
    until: dt.date = field("Its last day.")
    numerator: Decimal | None = field("The part, or the sum; null where nothing was measured.")
    denominator: Decimal | None = field("The whole, or how many; 1 of plain amounts.")
    value: Decimal | None = field(
        "The figure, at 6 decimals; null where there is nothing to measure or to divide by."
    )
    health: IndicatorHealth | None = field("How healthy it is; null where it is not judged.")

    @classmethod
    def of(cls, figure: Figure) -> IndicatorPoint:
        return cls(
            since=figure.span.since,
            until=figure.span.until,
            numerator=figure.numerator,
            denominator=figure.denominator,
            value=figure.value,
            health=None if figure.health is None else IndicatorHealth(figure.health.value),
        )


@object_type(permission=PART)
class Indicator:
    """A figure by which the company is judged, over the span that was asked for."""

    code: str = field("Its code; of a module's, with the module's name and a dot in front.")
    title: str = field("Its name in your language.")
    about: str = field("How it is measured, in your language.")
    unit: IndicatorUnit = field("What it counts in.")
    better: IndicatorBetter = field("Which way is good.")
    bounds: IndicatorBounds = field("The bounds it is judged by: the tenant's, or the usual ones.")
    figure: IndicatorPoint = field("The figure over the whole span.")
    trend: list[IndicatorPoint] = field(
        "The same by months or weeks, oldest first; empty without `by`.", size=12
    )
    errors: list[UserError] = field(
        "Why it could not be measured, where its module failed; empty otherwise.", size=1
    )

    @classmethod
    def of(cls, report: Report, info: Info) -> Indicator:
        record, language = report.indicator, info.context.language
        zh = language == "zh"
        return cls(
            code=record.code,
            title=record.zh if zh else record.en,
            about=record.about_zh if zh else record.about,
            unit=IndicatorUnit(record.unit.value),
            better=IndicatorBetter(record.better.value),
            bounds=IndicatorBounds.of(report.bounds),
            figure=IndicatorPoint.of(report.figure),
            trend=[IndicatorPoint.of(point) for point in report.trend],
            errors=[user_error(refusal, language) for refusal in report.refusals],
        )


Codes = Annotated[
    list[str] | None,
    strawberry.argument(description="Which ones; all that you may see when left out."),
]
By = Annotated[
    IndicatorStep | None,
    strawberry.argument(description="Also a trend by months or weeks, of at most 60 points."),
]


class Queries:
    """Asking for indicators."""

    @query_field(permission="reports.read")
    async def indicators(
        self,
        info: Info,
        since: From,
        until: To,
        place_id: PlaceId = None,
        codes: Codes = None,
        by: By = None,
    ) -> list[Indicator]:
        """Indicators over a span of business dates: those of core, and of the modules that are on. What
        shows costs is there for those who may see costs."""
        reports = await service.measure(
            info.context.reading,
            info.context.principal,
            rules.span_of(since, until),
            place_id=optional_uuid(place_id, "Place", "placeId"),
            codes=codes,
            by=None if by is None else rules.Step(str(by.value)),
        )
        return [Indicator.of(report, info) for report in reports]
