"""Measuring indicators: core's own and those of the modules that are on, each contained by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from core.db.database import Transaction
from core.decimals import exact, rounded
from core.errors import NOT_FOUND, Refusal, Refused, define, refuse
from core.extension.awaited import handed_to_read
from core.extension.registry import registry
from core.indicators.own import OWN
from core.indicators.records import Indicator
from core.indicators.rules import DECIMALS, Bounds, Health, Measured, Span, Step, points
from core.places.tables import places_by_id
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings

UNKNOWN_INDICATOR = define(
    "UNKNOWN_INDICATOR",
    en="There is no indicator {code} that you may see.",
    zh="没有您可查看的指标 {code}。",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """An indicator over one span. ``value`` is None where there was nothing to measure."""

    span: Span
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """An indicator, by which bounds it was judged, its figure over the whole span and the points of its
    trend; or why it could not be measured."""

    indicator: Indicator
    bounds: Bounds
    figure: Figure
    trend: tuple[Figure, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def visible(principal: Principal) -> dict[str, tuple[str | None, Indicator]]:
    """The indicators that somebody may see, by code, with the module they come from."""
    own = [(None, indicator) for indicator in OWN]
    plugins = registry()
    on = [
        (one.module, one.indicator) for one in plugins.indicators if one.module in principal.modules
    ]
    return {
        indicator.code: (module, indicator)
        for module, indicator in (*own, *on)
        if all(map(principal.may, indicator.permissions))
    }


Reading = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Opens what is read in; anew where a module that failed has taken the connection along."""


async def measure(
    reading: Reading,
    principal: Principal,
    span: Span,
    *,
    place_id: UUID | None = None,
    codes: Sequence[str] | None = None,
    by: Step | None = None,
) -> list[Report]:
    """These indicators, or all that the caller may see, over a span and by months or weeks.

    What fails of a module is told with its indicators and hinders no other. Refuses codes that the caller
    does not see (UNKNOWN_INDICATOR), a place that is not there, and too many points.
    """
    seen = visible(principal)
    if unknown := [code for code in codes or () if code not in seen]:
        raise refuse(UNKNOWN_INDICATOR, "codes", code=unknown[0])
    chosen = [seen[code] for code in dict.fromkeys(seen if codes is None else codes)]
    spans = [span, *(points(span, by) if by else ())]
    found: dict[str, Report] = {}
    for module, some in groupby(sorted(chosen, key=_module), key=lambda one: one[0]):
        async with reading() as tx:
            if place_id is not None and place_id not in await places_by_id(tx, [place_id]):
                raise refuse(NOT_FOUND, "placeId", id=str(place_id))
            marks = (await load_settings(tx)).indicator_bounds
            found |= await _reports(tx, module, [one for _, one in some], spans, place_id, marks)
    return [found[indicator.code] for _, indicator in chosen]


def _module(one: tuple[str | None, Indicator]) -> str:
    return one[0] or ""


async def _reports(
    tx: Transaction,
    module: str | None,
    indicators: Sequence[Indicator],
    spans: Sequence[Span],
    place_id: UUID | None,
    marks: Mapping[str, Bounds],
) -> dict[str, Report]:
    """One module's indicators. After a failure the connection may be gone: the rest of the module's are not
    asked."""
    found: dict[str, Report] = {}
    failed: tuple[Refusal, ...] = ()
    for indicator in indicators:
        bounds = marks.get(indicator.code, indicator.bounds)
        figures: list[Figure] = []
        try:
            for span in () if failed else spans:
                figures.append(await _figure(tx, module, indicator, bounds, span, place_id))
        except Refused as refused:
            failed = refused.refusals
        whole, *trend = figures if not failed else [Figure(spans[0])]
        found[indicator.code] = Report(indicator, bounds, whole, tuple(trend), failed)
    return found


async def _figure(
    tx: Transaction,
    module: str | None,
    indicator: Indicator,
    bounds: Bounds,
    span: Span,
    place_id: UUID | None,
) -> Figure:
    async def work() -> Figure:
        measured = await indicator.measure(tx, span, place_id)
        return Figure(span) if measured is None else _judged(measured, indicator, bounds, span)

    if module is None:
        return await work()
    return await handed_to_read(tx, module, f"indicator {indicator.code}", work())


def _judged(measured: Measured, indicator: Indicator, bounds: Bounds, span: Span) -> Figure:
    value = measured.value(indicator.unit)
    return Figure(
        span,
        rounded(exact(measured.numerator), DECIMALS),
        rounded(exact(measured.denominator), DECIMALS),
        None if value is None else rounded(value, DECIMALS),
        None if value is None else bounds.judge(value),
    )
