"""What a plan tells: why something is planned, and how the stock of an item goes over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from core.plugin_api import NOT_FOUND, Transaction, define, refuse
from plugins.bom_manufacturing.bills.rules.records import ZERO
from plugins.bom_manufacturing.planning import pegs
from plugins.bom_manufacturing.planning.pegs import StoredPeg
from plugins.bom_manufacturing.planning.rules.mrp import Source
from plugins.bom_manufacturing.planning.stock import plans
from plugins.bom_manufacturing.planning.stock.plans import PlacedOrder, Run, Suggestion

NO_PLAN = define(
    "BOM_MANUFACTURING_NO_PLAN",
    en="Nothing was planned yet.",
    zh="尚未进行计划运算。",
)
MOST_REASONS = 10_000
"""Needs that are told of one suggestion: a screw may be for all there is."""
_ALL = 1_000_000


class Bucket(StrEnum):
    """How long the periods of a table are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Reason:
    """A need that a planned order covers, ``level`` levels up from what was asked about."""

    level: int
    item: UUID
    peg: StoredPeg


@dataclass(frozen=True, slots=True)
class Period:
    """What happens to an item in a period, and what is there at its end."""

    starts_on: date
    gross: Decimal = ZERO
    receipts: Decimal = ZERO
    planned_receipts: Decimal = ZERO
    planned_releases: Decimal = ZERO
    projected: Decimal = ZERO


async def plan_of(tx: Transaction, key: UUID | None) -> Run:
    """A run, or the plan. Raises Refused where there is none."""
    run = await plans.current(tx) if key is None else (await plans.runs_by_id(tx, [key])).get(key)
    if run is None:
        raise refuse(NO_PLAN) if key is None else refuse(NOT_FOUND, "run_id", id=str(key))
    return run


async def why(tx: Transaction, key: UUID) -> list[Reason]:
    """What a suggestion is for, up to the demand that asked for it in the end: a statement for each
    level."""
    one = (await plans.suggestions_by_id(tx, [key])).get(key)
    if one is None:
        raise refuse(NOT_FOUND, "id", id=str(key))
    found: list[Reason] = []
    seen = {one.no}
    level, row = 0, {one.item: {one.no}}
    while row and len(found) < MOST_REASONS:
        level += 1
        above: dict[UUID, set[int]] = {}
        for item, planned in sorted((await plans.items(tx, one.run, row)).items()):
            for peg in map(pegs.read, planned.pegs):
                if peg.order_no not in row[item]:
                    continue
                found.append(Reason(level, item, peg))
                if (
                    peg.parent is not None
                    and peg.parent_no is not None
                    and peg.parent_no not in seen
                ):
                    seen.add(peg.parent_no)
                    above.setdefault(peg.parent, set()).add(peg.parent_no)
        row = above
    return found[:MOST_REASONS]


async def over_time(tx: Transaction, run: Run, item: UUID, bucket: Bucket) -> list[Period]:
    """How the stock of an item goes over the horizon of a run, period by period."""
    planned = (await plans.items(tx, run.id, [item])).get(item)
    if planned is None:
        return []
    return phased(
        run,
        bucket,
        planned.on_hand,
        [pegs.read(peg) for peg in planned.pegs],
        await plans.placed(tx, run.id, item, None, _ALL, advised=False),
        await plans.suggestions(tx, run.id, plans.Wanted(item=item), None, _ALL),
    )


def phased(
    run: Run,
    bucket: Bucket,
    on_hand: Decimal,
    needs: Sequence[StoredPeg],
    placed: Sequence[PlacedOrder],
    suggestions: Sequence[Suggestion],
) -> list[Period]:
    """Periods of a plan. What is overdue stands in the first; safety stock and reorder points are kept
    back, not used, so that they are no gross need."""
    floors = (Source.SAFETY, Source.REORDER, Source.BACKLOG)
    moves = [(one.needed_on, "gross", one.quantity) for one in needs if one.source not in floors]
    moves += [(one.due_on, "receipts", one.quantity) for one in placed]
    for one in suggestions:
        moves.append((one.due_on, "planned_receipts", one.quantity))
        moves.append((one.release_on, "planned_releases", one.quantity))
    found = {start: Period(start) for start in _starts(run, bucket)}
    for day, name, quantity in moves:
        start = max(run.starts_on, _start(max(day, run.starts_on), bucket))
        if start in found:
            period = found[start]
            found[start] = replace(period, **{name: getattr(period, name) + quantity})
    stock, periods = on_hand, []
    for period in found.values():
        stock += period.receipts + period.planned_receipts - period.gross
        periods.append(replace(period, projected=stock))
    return periods


def _starts(run: Run, bucket: Bucket) -> Iterator[date]:
    day = run.starts_on
    while day <= run.ends_on:
        yield day
        day += timedelta(1)
        while _start(day, bucket) != day:
            day += timedelta(1)


def _start(day: date, bucket: Bucket) -> date:
    match bucket:
        case Bucket.WEEK:
            return day - timedelta(day.weekday())
        case Bucket.MONTH:
            return day.replace(day=1)
    return day
