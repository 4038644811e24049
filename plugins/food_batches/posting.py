"""A document on its way into the books, as this module sees it: which goods come in, which go out, and what
is to be said and written of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from uuid import UUID

from core.plugin_api import (
    NIL,
    Effect,
    Line,
    Movement,
    Offer,
    Posting,
    Refusal,
    Write,
    define,
)
from plugins.food_batches import opening, samples, seconds, tables
from plugins.food_batches.rules import dates, fefo, intake, life
from plugins.food_batches.rules.fefo import Allowed, Wanted
from plugins.food_batches.rules.records import (
    FIELD,
    Batch,
    Item,
    Licence,
    MinimumLife,
    Status,
    Told,
)
from plugins.food_batches.settings import FoodSettings

EXPIRED = define(
    "FOOD_BATCHES_EXPIRED",
    en="Batch {lot} of {item} expired on {expires_on}: it can only be scrapped or go back.",
    zh="{item} 的批次 {lot} 已于 {expires_on} 到期,只能报废或退货。",
)
NOT_RELEASED = define(
    "FOOD_BATCHES_NOT_RELEASED",
    en="Batch {lot} of {item} is {status} and may not be used.",
    zh="{item} 的批次 {lot} 状态为 {status},不能使用。",
)
NO_BATCH = define(
    "FOOD_BATCHES_NO_BATCH",
    en="{item} is kept by batch, and these goods belong to none. Give them one first.",
    zh="{item} 按批次管理,但这些货品没有批次,请先补录批次。",
)
NOT_BY_BATCH = define(
    "FOOD_BATCHES_NOT_BY_BATCH",
    en="{item} is not kept by batch: nothing of a batch belongs here.",
    zh="{item} 未启用批次管理,不应填写批次信息。",
)


class FoodPosting:
    """One document, with what this module knows of its goods."""

    def __init__(self, posting: Posting) -> None:
        self.posting, self.view, self.document = posting, posting.view, posting.document
        self.type, self.on = posting.document.type, posting.document.business_date
        self.by_line: dict[int, list[Movement]] = defaultdict(list)
        for movement in posting.movements:
            self.by_line[movement.line].append(movement)

    @property
    def opens(self) -> bool:
        """Whether the document gives goods a batch that had none."""
        return self.document.type_code == opening.OPENING.code

    @property
    def settings(self) -> FoodSettings:
        settings: FoodSettings = self.view.settings
        return settings

    def item(self, item_id: UUID) -> Item | None:
        row = self.view.row(tables.item, item_id=item_id)
        return Item.of(row) if row else None

    def controlled(self, item_id: UUID) -> Item | None:
        """The item if it is kept by batch, or about to be."""
        item = self.item(item_id)
        if self.opens:
            return replace(item, batch_control=True) if item else Item(item_id)
        return item if item is not None and item.batch_control else None

    def batch(self, lot: UUID) -> Batch | None:
        """The batch of a lot: it is one, or a part of one."""
        row = self.view.row(tables.batch, lot_id=self.whole(lot))
        return Batch.of(row) if row else None

    def whole(self, lot: UUID) -> UUID:
        """The lot that a lot is a part of; itself where it is none."""
        known = self.view.lot(lot)
        return lot if known is None or known.parent_id is None else known.parent_id

    def code(self, lot: UUID) -> str:
        known = self.view.lot(lot)
        return known.code if known else ""

    def ours(self, place: UUID) -> bool:
        """Whether goods there are ours: in one of our places, or under way between them,
        or in work."""
        return self.view.place(place).account in (None, "in_transit", "in_work")

    @cached_property
    def minimum(self) -> MinimumLife | None:
        """What life the customer of a sale wants goods to have left."""
        selling = self.type.effect is Effect.ISSUE and self.type.party == "customer"
        if not selling or self.document.party_id is None:
            return None
        row = self.view.row(tables.customer, party_id=self.document.party_id)
        return MinimumLife.of(row) if row else None

    @cached_property
    def from_supplier(self) -> bool:
        """Whether goods come in from a supplier, and are to be checked (进货查验)."""
        type_ = self.type
        receiving = type_.effect is Effect.RECEIVE and type_.party == "supplier"
        return receiving and not type_.returns and any(self._controlled_lines())

    @cached_property
    def licence(self) -> Licence | None:
        """The supplier's valid licence."""
        party = self.document.party_id
        known = self.view.rows(tables.licence, party_id=party) if party else []
        kinds = self.settings.licence_kinds
        return intake.valid_licence(map(Licence.of, known), kinds, self.on)

    def day_at(self, place: UUID) -> date:
        """The day of the document at a place. One of today is of today there, whatever day the tenant
        has; of another day nobody knows the hour, and it is that day everywhere."""
        return self.view.today_at(place) if self.on == self.view.today else self.on

    def wanted(self, item: Item, to: UUID | None, at: UUID | None = None) -> Wanted:
        """What is asked of the goods of an item that leave, from ``at`` for the place ``to``."""
        on = self.on if at is None else self.day_at(at)
        return Wanted(on, self.allowed(to), self.minimum, item.shelf_life)

    def allowed(self, to: UUID | None) -> Allowed:
        places = set(self.settings.disposal_place_ids)
        away = to is not None and not places.isdisjoint(self.view.place(to).path)
        return fefo.allowed(self.type, to_disposal=away)

    # what the hooks ask

    def allocate(self, line: Line, offers: Sequence[Offer]) -> list[Offer] | None:
        """The goods for a line that names no batch, first expired first; None for items that are not
        kept by batch, and for a batch that was named: whether it will do is said of it."""
        item = self.controlled(line.item_id)
        if item is None or line.lot_code is not None:
            return None
        if self.opens:
            return [offer for offer in offers if offer.lot_id == NIL]
        of_lot = cache(self.batch)
        known = {offer.lot_id: of_lot(offer.lot_id) for offer in offers}
        batches = {lot: batch for lot, batch in known.items() if batch is not None}
        wanted = self.wanted(item, line.to_place_id)
        return fefo.fefo(offers, batches, wanted, self._received, self.day_at)

    def refusals(self) -> Iterator[Refusal]:
        """Why the document may not be posted. What undoes another is nobody's to refuse here, but for an
        opening."""
        if self.opens:
            yield from opening.refusals(self)
        if self.posting.reverses:
            return
        if self.from_supplier and self.licence is None and self.settings.licence_policy == "refuse":
            yield intake.no_licence(self.settings.licence_kinds, self.on)
        told: dict[UUID, Batch] = {}
        for index, line in enumerate(self.document.lines):
            found = [*self._incoming(line, told), *self._outgoing(line), *seconds.check(self, line)]
            yield from (refusal.under("lines", index) for refusal in found)

    def writes(self) -> Iterator[Write]:
        """The rows that go into the books with the document."""
        yield from seconds.writes(self)
        yield from self._returned()
        if self.posting.reverses:
            return
        if self.from_supplier and self.settings.licence_policy != "off":
            yield Write(tables.purchase_check, self._purchase_check())
        if self.opens:
            yield from opening.writes(self)
        yield from samples.writes(self)
        made: dict[UUID, Batch] = {}
        for line in self.document.lines:
            for item, lot, _ in self._into(line):
                known = made.get(lot) or self.batch(lot)
                made[lot] = intake.merged(known, Told.of(line.extensions), lot, item)
        for lot, batch in made.items():
            if batch != self.batch(lot):
                yield Write(tables.batch, batch.row())

    # goods that come in

    def _incoming(self, line: Line, told: dict[UUID, Batch]) -> Iterator[Refusal]:
        """Refusals for the goods that a line brings in; ``told`` are the batches as the lines before it
        told of them."""
        facts, code = Told.of(line.extensions), self.view.item(line.item_id).code
        if facts.of_batch and not self.controlled(line.item_id):
            yield Refusal(NOT_BY_BATCH, (FIELD,), {"item": code})
        for item, lot, place in self._into(line):
            on = self.on if place is None else self.day_at(place)
            if lot == NIL or (line.lot_code is None and not (told.get(lot) or self.batch(lot))):
                yield Refusal(intake.LOT_REQUIRED, ("lotCode",), {"item": code})
                continue
            known, name = told.get(lot) or self.batch(lot), line.lot_code or self.code(lot)
            found = intake.check_dates(known, facts, item, code=name, item_code=code, on=on)
            wrong = [refusal.under(FIELD) for refusal in found]
            told[lot] = intake.merged(known, facts, lot, item)
            if not wrong and self.from_supplier:
                wrong += intake.check_arrived(told[lot], name, on)
            yield from wrong

    def _into(self, line: Line) -> Iterator[tuple[Item, UUID, UUID | None]]:
        """The lots that a line brings in from outside, or finds in a count, of items kept by batch, and
        where they come to lie."""
        item = self.controlled(line.item_id)
        if item is None or not line.stocked:
            return
        if self.type.effect is Effect.COUNT:
            if line.quantity:
                found = dict.fromkeys(self.whole(one.lot_id) for one in self.by_line[line.no])
                at = line.place_id or self.document.place_id
                yield from ((item, lot, at) for lot in found)
            return
        arrived: dict[UUID, UUID] = {}
        for movement in self.by_line[line.no]:
            if self.ours(movement.target) and not self.ours(movement.source):
                arrived.setdefault(self.whole(movement.lot_id), movement.target)
        yield from ((item, lot, place) for lot, place in arrived.items())

    def _controlled_lines(self) -> Iterator[Line]:
        return (line for line in self.document.lines if self.controlled(line.item_id))

    def _purchase_check(self) -> dict[str, object]:
        seen = self.licence
        return {
            "document_id": self.document.id,
            "party_id": self.document.party_id,
            "licence_kind": seen.kind.value if seen else None,
            "licence_number": seen.number if seen else None,
            "valid_until": seen.valid_until if seen else None,
        }

    def _returned(self) -> Iterator[Write]:
        """What comes back of batches under recall, by line, also with a sale that is reversed; the
        reversal of a return takes it away again."""
        if self.type.party != "customer" or not (self.type.returns or self.posting.reverses):
            return
        for no, movements in self.by_line.items():
            back: dict[UUID, Decimal] = defaultdict(Decimal)
            for movement in movements:
                sign = 1 if self.ours(movement.target) else -1
                back[self.whole(movement.lot_id)] += sign * movement.quantity
            for lot, quantity in back.items():
                for row in self.view.rows(tables.recall_batch, lot_id=lot, closed=False):
                    yield Write(
                        tables.recall_return,
                        {
                            "recall_id": row["recall_id"],
                            "lot_id": lot,
                            "document_id": self.document.id,
                            "line": no,
                            "party_id": self.document.party_id,
                            "quantity": quantity,
                        },
                    )

    # goods that go out

    def _outgoing(self, line: Line) -> Iterator[Refusal]:
        item = self.controlled(line.item_id)
        if item is None or self.type.effect in (Effect.COUNT, Effect.ARRIVE):
            return
        where = ("lotCode",) if line.lot_code else ()
        leaving = dict.fromkeys(
            (self.whole(movement.lot_id), movement.source, movement.target)
            for movement in self.by_line[line.no]
            if self.ours(movement.source)
        )
        refused: set[UUID] = set()
        for lot, source, target in leaving:
            if lot in refused:
                continue
            refusal = self._unfit(item, lot, self.wanted(item, target, source))
            if refusal is not None:
                refused.add(lot)
                yield replace(refusal, path=where)

    def _unfit(self, item: Item, lot: UUID, wanted: Wanted) -> Refusal | None:
        """Why goods of a lot will not do."""
        batch, code = self.batch(lot), self.code(lot)
        details: dict[str, object] = {"lot": code, "item": self.view.item(item.item_id).code}
        if batch is None:
            return None if wanted.allowed.expired else Refusal(NO_BATCH, (), details)
        if wanted.takes(batch):
            return None
        if batch.status is not Status.RELEASED and not wanted.allowed.held:
            return Refusal(NOT_RELEASED, (), {**details, "status": batch.status.value})
        if dates.expired(batch.expires_on, wanted.on) and not wanted.allowed.expired:
            assert batch.expires_on is not None
            return Refusal(EXPIRED, (), {**details, "expires_on": batch.expires_on.isoformat()})
        assert wanted.minimum is not None
        return life.life_too_short(code, batch, wanted.on, wanted.minimum)

    def _received(self, lot: UUID) -> date | None:
        known = self.view.lot(lot)
        return known.received_on if known else None
