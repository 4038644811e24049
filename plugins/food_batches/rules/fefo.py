"""First expired, first out (先到期先出): which goods may be taken, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from core.plugin_api import DocumentType, Effect, Offer
from plugins.food_batches.rules import dates, life
from plugins.food_batches.rules.dates import ShelfLife
from plugins.food_batches.rules.records import Batch, MinimumLife, Status


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a document may take besides goods that are released and good: ``expired`` ones, and ones
    that are ``held`` or recalled."""

    expired: bool = False
    held: bool = False


NOTHING_ELSE = Allowed()
ANYTHING = Allowed(expired=True, held=True)


def allowed(type_: DocumentType, to_disposal: bool = False) -> Allowed:
    """What documents of a type may take. ``to_disposal`` says that the goods go to a place that is kept
    for goods to be disposed of.

    Sales, dispatches, use and production take what is good. Scrapping, returning to the supplier,
    counting and arriving take everything: the goods must be able to leave, and to be found. Goods on hold
    may be moved, into quarantine say; expired ones only to be disposed of.
    """
    if type_.holds:
        return NOTHING_ELSE
    if type_.effect is Effect.MOVE:
        return Allowed(expired=to_disposal, held=True)
    return ANYTHING


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of goods: on which day they leave, what may be taken, and what life the customer
    wants them to have left."""

    on: date
    allowed: Allowed = NOTHING_ELSE
    minimum: MinimumLife | None = None
    shelf_life: ShelfLife | None = None

    def takes(self, batch: Batch) -> bool:
        """Whether goods of this batch will do."""
        if not self.allowed.held and batch.status is not Status.RELEASED:
            return False
        if not self.allowed.expired and dates.expired(batch.expires_on, self.on):
            return False
        return life.enough_life(batch, self.on, self.minimum, self.shelf_life)


def fefo(
    offers: Iterable[Offer],
    batches: Mapping[UUID, Batch],
    wanted: Wanted,
    received: Callable[[UUID], date | None],
    day_at: Callable[[UUID], date] | None = None,
) -> list[Offer]:
    """The offers that will do: by expiry, then by receipt, then in the order of the places they came in.

    No expiry comes last. ``received`` tells the day a lot first came. Goods of a lot that has no batch are
    of unknown age: they are taken only where expired ones are. ``day_at`` tells the day at a place, where
    it is another than that of ``wanted``.
    """

    def known(offer: Offer) -> bool:
        batch = batches.get(offer.lot_id)
        if batch is None:
            return wanted.allowed.expired
        here = wanted if day_at is None else replace(wanted, on=day_at(offer.place_id))
        return here.takes(batch)

    def order(offer: Offer) -> tuple[date, date]:
        batch = batches.get(offer.lot_id)
        expires_on = batch.expires_on if batch else None
        return expires_on or date.max, received(offer.lot_id) or date.min

    return sorted(filter(known, offers), key=order)
