"""What a run plans: everything it needs to know, read at one moment, a statement for each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.plugin_api import Transaction
from plugins.bom_manufacturing.bills import stock as bills
from plugins.bom_manufacturing.bills.rules.bom import untold
from plugins.bom_manufacturing.bills.rules.records import ZERO, Bom, Item, Variant
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.bills.service import attributes_told, uuids
from plugins.bom_manufacturing.planning.rules.mrp import (
    Firm,
    Order,
    Planned,
    Requirement,
    Situation,
    Source,
)
from plugins.bom_manufacturing.planning.rules.planning import PlanningData, Timeline, unconsumed
from plugins.bom_manufacturing.planning.stock import planning, supply
from plugins.bom_manufacturing.planning.stock.plans import Run
from plugins.bom_manufacturing.planning.stock.supply import Known, OpenLine

_CHUNK = 200
"""Bills that are read in one go, so that whoever shares the processor need not wait for all."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run plans, and what its figures stand for. ``lines`` are open lines of orders by their
    reference."""

    run: Run
    situation: Situation
    timeline: Timeline
    data: Mapping[UUID, PlanningData]
    on_hand: Mapping[UUID, Decimal]
    lines: Mapping[str, OpenLine]

    def made(self, item: UUID, order: Order) -> bool:
        """Whether a planned order of an item makes it, be it by a processor: as it was told, else where a
        bill is in force when the order is begun."""
        told = self.data.get(item)
        if told is not None and told.subcontract:
            return True
        return self.situation.made(order) if told is None or told.make is None else told.make

    def untold(self, order: Order) -> list[str]:
        """Attributes of what is ordered that its bill depends on and nobody told: components may be
        missing in the plan, and no order can be made of it."""
        day = self.situation.day(order.release)
        bom = self.situation.versions.in_force(order.item, day)
        if bom is None:
            return []
        variant = Variant(self.situation.attributes.get(order.item, {}), day)
        return untold(self.situation.versions.on(day), bom, variant)


async def read(tx: Transaction, run: Run) -> Snapshot:
    """Read what a run plans."""
    known = await supply.known(tx, run.place)
    forecasts = await planning.forecasts(tx, run.ends_on, run.starts_on, run.place)
    rests = list(unconsumed(forecasts, await supply.sold(tx, forecasts)))
    data = await planning.data_of(tx)
    for item in await planning.archived(tx):  # what is there is used up, and not filled again
        data[item] = replace(data[item], safety_stock=ZERO, places=(), reorder_point=None)
    places = None if run.place is None else await supply.places_within(tx, run.place)
    timeline = Timeline(await planning.calendar(tx), run.starts_on)
    demand = [
        Requirement(
            one.item,
            timeline.number(one.due),
            Fraction(one.quantity),
            Source.DEMAND,
            reference(one),
        )
        for one in known.demand
        if one.due <= run.ends_on
    ]
    demand += [
        Requirement(
            one.item,
            timeline.number(max(one.starts_on, run.starts_on)),
            Fraction(rest),
            Source.FORECAST,
            str(one.id),
        )
        for one, rest in rests
    ]
    last = timeline.number(run.ends_on)
    firm = [
        Firm(
            one.item,
            timeline.number(one.due) if one.due <= run.ends_on else last + 1,
            one.quantity,
            reference(one),
        )
        for one in known.supply
    ]
    # the first working day may lie behind a short horizon
    versions = await _versions(tx, run.starts_on, max(run.ends_on, timeline.day(last)), data)
    items: dict[Item, Planned] = {item: _planned(one, known, places) for item, one in data.items()}
    for item, quantity in known.on_hand.items():
        if item not in items:
            items[item] = Planned(on_hand=max(ZERO, quantity))
    demand += _floors(items, data, known)
    keys = {*items, *versions, *(one.item for one in demand)}
    keys |= {line.item for bom in _all(versions) for line in bom.lines}
    counted = await bills.decimals(tx, uuids(keys))
    return Snapshot(
        run=run,
        situation=Situation(
            items,
            versions,
            demand,
            firm,
            # what is late begins today
            day=lambda period: max(timeline.day(period), run.starts_on),
            attributes=await _attributes(tx, versions),
            decimals=dict(counted.items()),
        ),
        timeline=timeline,
        data=data,
        on_hand=known.on_hand,
        lines={reference(one): one for one in (*known.demand, *known.supply)},
    )


def reference(line: OpenLine) -> str:
    """How requirements and firm orders name a line of a document."""
    return f"{line.document}:{line.no}"


def _planned(one: PlanningData, known: Known, places: set[UUID] | None) -> Planned:
    safety = one.safety_stock
    if one.places or places is not None:
        mine = (quantity for place, quantity in one.places if places is None or place in places)
        safety = sum(mine, ZERO)
    on_hand = max(ZERO, known.on_hand.get(one.item, ZERO))
    return Planned(on_hand, safety, one.lead_time, one.lot_rule)


def _floors(
    items: Mapping[Item, Planned], data: Mapping[UUID, PlanningData], known: Known
) -> Iterator[Requirement]:
    """What is needed though nobody asks for it: stock below zero at once, and by the time an order of
    today arrives as much as the reorder point says."""
    for item, quantity in known.on_hand.items():
        if quantity < 0:
            yield Requirement(item, 0, Fraction(-quantity), Source.BACKLOG)
    for item, one in data.items():
        if one.reorder_point is not None:
            above = Fraction(one.reorder_point) - Fraction(items[item].safety_stock)
            if above > 0:
                yield Requirement(item, one.lead_time, above, Source.REORDER)


async def _versions(
    tx: Transaction, first: date, last: date, data: Mapping[UUID, PlanningData]
) -> Versions:
    """The bills in force on any day of a plan, of all that is not bought."""
    keys = await supply.valid_bills(tx, first, last)
    found: list[Bom] = []
    for at in range(0, len(keys), _CHUNK):
        for one in (await bills.by_ids(tx, keys[at : at + _CHUNK])).values():
            told = data.get(one.item_id)
            if told is None or told.make is not False:
                found.append(one.bom)
    return Versions(found)


def _all(versions: Versions) -> Iterator[Bom]:
    return (bom for item in versions for bom in versions.of(item))


async def _attributes(tx: Transaction, versions: Versions) -> dict[Item, Mapping[str, str]]:
    """What items are that are made, where any line depends on it: a phantom's lines go by what it is part
    of."""
    asked = {
        bom.item
        for bom in _all(versions)
        if any(line.conditions or line.phantom for line in bom.lines)
    }
    return dict((await attributes_told(tx, uuids(asked), _all(versions))).items())
