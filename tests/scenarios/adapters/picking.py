"""Allocation over rows of stock: :func:`core.ledger.availability.pick`, in the order of the first expired
(:mod:`plugins.food_batches.rules.fefo`) where the rows have dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from core.extension.records import Offer
from core.ids import uuid7
from core.ledger.availability import Picked, Row, Strategy, pick
from plugins.food_batches.rules import fefo
from plugins.food_batches.rules.records import Batch
from tests.scenarios.adapters.stock import Kept, Stock
from tests.scenarios.compare import Record
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet

STRATEGIES = {
    "fifo": Strategy.FIFO,
    "lifo": Strategy.LIFO,
    "place": Strategy.PLACE,
    "place_order": Strategy.PLACE,
    "closest": Strategy.CLOSEST,
    "nearest": Strategy.CLOSEST,
    "largest": Strategy.LARGEST,
    "least_packages": Strategy.LARGEST,
    "smallest": Strategy.SMALLEST,
    "full_pallet": Strategy.FULL_FIRST,
    "full_first": Strategy.FULL_FIRST,
}


def operations(stock: Stock) -> Mapping[str, Any]:
    """The one operation ``pick``: what has expired is never taken."""

    def pick_(_: str, step: Fields) -> Record:
        name = step.text("strategy", "fefo" if stock.dated else "fifo")
        if name != "fefo" and name not in STRATEGIES:
            raise NotYet(f"strategy {name}")
        on = step.day("on", date.min)
        rows = _first_expired(stock.of(step.text("item"), None), on)
        if name == "fefo":  # in order already: of one day of receipt, so that it is kept
            rows = [replace(row, received="") for row in rows]
        found = pick(
            rows,
            step.number("qty"),
            STRATEGIES.get(name, Strategy.FIFO),
            places=step.texts("locs"),
            all_or_nothing=step.flag("all_or_nothing"),
        )
        return _picked(found)

    return {"pick": pick_}


def _first_expired(rows: list[Kept], on: date) -> list[Row]:
    """The rows that have not expired, first expired first; without dates, as they were given."""
    if all(kept.expiry is None for kept in rows):
        return [kept.row() for kept in rows]
    offers = {Offer(uuid7(), uuid7(), kept.cell.available): kept for kept in rows}
    batches = {o.lot_id: Batch(o.lot_id, o.lot_id, None, kept.expiry) for o, kept in offers.items()}
    received = {offer.lot_id: kept.received for offer, kept in offers.items()}

    def first_came(lot: UUID) -> date | None:
        return date.fromisoformat(received[lot]) if received[lot] else None

    ordered = fefo.fefo(offers, batches, fefo.Wanted(on), first_came)
    return [offers[offer].row() for offer in ordered]


def _picked(found: Picked) -> Record:
    """A pick as scenarios state it."""
    return Record(picks=[[row.name, part] for row, part in found.picks], short=found.short)
