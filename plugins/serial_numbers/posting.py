"""A document on its way into the books, as this module sees it: which units it moves, whether they may
move, and what becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NIL,
    REQUIRED,
    Effect,
    Line,
    LineDraft,
    Lot,
    LotPart,
    Movement,
    Offer,
    Posting,
    Refusal,
    Refused,
    Row,
    Write,
    lot_id,
)
from plugins.serial_numbers import tables
from plugins.serial_numbers.refusals import (
    HAS_LEFT,
    NO_NUMBER,
    NOT_A_BATCH,
    NOT_ALLOWED,
    NOT_BY_NUMBER,
    OTHER_LOT,
    RESERVED,
    UNKNOWN,
    WRONG_COUNT,
    WRONG_PLACE,
)
from plugins.serial_numbers.rules import entry, imei, life, warranty
from plugins.serial_numbers.rules.life import State
from plugins.serial_numbers.rules.records import FIELD, Item, Unit, told
from plugins.serial_numbers.settings import SerialSettings

MOST_TOLD = 20
"""Refusals of one document: of ten thousand wrong numbers nobody reads all."""
ONE, NONE = Decimal(1), Decimal(0)
_NO_UNITS = (Effect.DROP, Effect.REVALUE, Effect.LANDED, Effect.STANDARD, Effect.ORDER)


def units_of(lines: Iterable[Line | LineDraft]) -> set[UUID]:
    """The units that lines name."""
    return {
        lot_id(line.item_id, number) for line in lines for number in told(line.extensions) or ()
    }


class SerialPosting:
    """One document, with what this module knows of its units."""

    def __init__(self, posting: Posting) -> None:
        self.posting, self.view, self.document = posting, posting.view, posting.document
        self.type = posting.document.type
        self.state_at = cache(self._state_at)
        self.settings: SerialSettings = self.view.settings
        self.lies = cache(self._lies)
        self.controlled = cache(self._controlled)
        self.account = cache(self._account)
        self.covered = cache(self.view.covered)

    @cached_property
    def named(self) -> set[UUID]:
        """The units that the lines name."""
        return units_of(self.document.lines)

    @cached_property
    def worked_on(self) -> set[UUID]:
        """The units that lines take in so that they come out of the same document once more (返工)."""
        sides: dict[str | None, set[UUID]] = {"consume": set(), "produce": set()}
        for line in self.document.lines:
            numbers = told(line.extensions) or ()
            sides.setdefault(line.role, set()).update(lot_id(line.item_id, one) for one in numbers)
        return sides["consume"] & sides["produce"]

    def _controlled(self, item_id: UUID) -> Item | None:
        """The item if it is under serial control."""
        row = self.view.row(tables.item, item_id=item_id)
        return Item.of(row) if row and row["serial_control"] else None

    def unit(self, lot: UUID) -> Unit | None:
        row = self.view.row(tables.unit, lot_id=lot)
        return Unit.of(row) if row else None

    # what the hooks ask

    def split(self) -> Iterator[LotPart]:
        """The units that lines are about. Raises Refused where their numbers are not what they must be."""
        refusals: list[Refusal] = []
        seen: set[tuple[UUID, str, str | None]] = set()
        for index, line in enumerate(self.document.lines):
            found = self._numbers(line)
            if isinstance(found, Refusal):
                refusals.append(found.under("lines", index))
                continue
            item = self.controlled(line.item_id)
            if found is None or item is None:
                continue
            wrong: list[Refusal] = []
            for n, number in enumerate(found):
                key = line.item_id, number, line.role
                refusal = self._check(line, item, number)
                if key in seen:
                    refusal = Refusal(entry.TWICE, (), {"number": number})
                seen.add(key)
                if refusal is not None:
                    wrong.append(refusal.under(FIELD, "numbers", n))
            refusals += [refusal.under("lines", index) for refusal in wrong]
            if len(refusals) >= MOST_TOLD:
                break
            yield from self._parts(line, found)
        if refusals:
            raise Refused(*refusals[:MOST_TOLD])

    def allocate(self, line: Line, offers: Sequence[Offer]) -> list[Offer] | None:
        """The units for a line that names none, or only their batch: those that may go, first in, first
        out."""
        if self.controlled(line.item_id) is None:
            return None
        states = {offer: self.unit(offer.lot_id) for offer in offers}
        may = [offer for offer, unit in states.items() if unit and self._may_go(line, unit.state)]
        may = [offer for offer in may if not self._anothers(offer.lot_id)]
        return sorted(may, key=lambda offer: self.reserved_for(offer.lot_id) is None)

    def refusals(self) -> Iterator[Refusal]:
        """Why the document may not be posted."""
        if self.type.effect is Effect.ORDER:
            yield from self._ordered()
            return
        told_of = 0
        for movement in self.posting.movements:
            refusal = self._check_movement(movement)
            if refusal is not None:
                told_of += 1
                yield refusal.under("lines", movement.line - 1)
            if told_of >= MOST_TOLD:
                return

    def _ordered(self) -> Iterator[Refusal]:
        """Why units that a customer's order names cannot be reserved for it."""
        for line, numbers in self._wanted():
            where = ("lines", line.no - 1)
            if self.controlled(line.item_id) is None:
                name = {"item": self.view.item(line.item_id).code}
                yield Refusal(NOT_BY_NUMBER, (*where, FIELD), name)
                continue
            if len(numbers) > line.base_quantity:
                details = {"item": self.view.item(line.item_id).code, "count": len(numbers)}
                details |= {"quantity": line.base_quantity}
                yield Refusal(WRONG_COUNT, (*where, "quantity"), details)
            for n, number in enumerate(numbers):
                if refused := self._unfit_to_reserve(line, number):
                    yield refused.under(*where, FIELD, "numbers", n)

    def _unfit_to_reserve(self, line: Line, number: str) -> Refusal | None:
        lot = lot_id(line.item_id, number)
        unit = self.unit(lot)
        if unit is None:
            return self._not(UNKNOWN, line, number, None)
        if unit.state is not State.IN_STOCK:
            return self._not(NOT_ALLOWED, line, number, unit.state)
        return self._not(RESERVED, line, number, unit.state) if self.reserved_for(lot) else None

    def _wanted(self) -> Iterator[tuple[Line, Sequence[str]]]:
        """The lines of a customer's order that name units."""
        if self.type.effect is Effect.ORDER and self.type.party == "customer":
            for line in self.document.lines:
                if numbers := told(line.extensions):
                    yield line, numbers

    @cached_property
    def _reservations(self) -> Mapping[UUID, Sequence[Row]]:
        """All reservations by unit: each of ten thousand units is asked about, and a look at each
        reservation for each of them would take their product."""
        found: dict[UUID, list[Row]] = defaultdict(list)
        for row in self.view.rows(tables.reservation):
            found[row["lot_id"]].append(row)
        return found

    @cached_property
    def _kept(self) -> Mapping[UUID, UUID]:
        """The orders that units are reserved for: of those that a line names as many as are there for it
        in its turn. What an earlier order waits for, a later one cannot keep by naming it."""
        named: dict[tuple[UUID, UUID, int], list[UUID]] = defaultdict(list)
        for lot, rows in self._reservations.items():
            unit = self.unit(lot)
            if unit is not None and lot in self.lies(unit.item_id):
                for row in rows:
                    if not row["done"]:
                        named[unit.item_id, row["document_id"], row["line"]].append(lot)
        found: dict[UUID, UUID] = {}
        for (item, order, line), lots in named.items():
            most = int(self.covered(item).get((order, line), NONE))
            found |= dict.fromkeys(sorted(lots)[:most], order)
        return found

    def reserved_for(self, lot: UUID) -> UUID | None:
        """The order that a unit is reserved for, as long as core keeps its promise."""
        return self._kept.get(lot)

    def _anothers(self, lot: UUID) -> bool:
        """Whether a unit is reserved for another order than this document carries out. What may take
        goods on hold, such as a scrapping, may take it."""
        order = self.reserved_for(lot) if self.type.holds else None
        return order not in (None, self.document.source_id)

    def writes(self) -> Iterator[Write]:
        """What becomes of the units."""
        for line, numbers in self._wanted():
            for number in numbers:
                key = {"lot_id": lot_id(line.item_id, number), "document_id": self.document.id}
                yield Write(tables.reservation, {**key, "line": line.no, "done": False})
        moved: dict[UUID, Unit] = {}
        # what goes comes after in the same document, where it is worked on once more
        for movement in sorted(
            self.posting.movements, key=lambda one: self.account(one.source) is not None
        ):
            yield from self._fulfilled(movement)
            item = self.controlled(movement.item_id)
            if item is not None and movement.quantity and movement.lot_id != NIL:
                known = moved.get(movement.lot_id) or self.unit(movement.lot_id)
                moved[movement.lot_id] = self._moved(movement, item, known)
        for unit in moved.values():
            yield Write(tables.unit, unit.row())

    def _fulfilled(self, movement: Movement) -> Iterator[Write]:
        """A unit that leaves for the order it is reserved for has done so; undone, it has not."""
        if self.account(movement.source) is None and self.account(movement.target) is None:
            return
        for row in self._reservations.get(movement.lot_id, ()):
            if row["document_id"] == self.document.source_id:
                yield Write(tables.reservation, {**row, "done": not self.posting.reverses})

    # numbers of lines

    def _numbers(self, line: Line) -> list[str] | Refusal | None:
        """The numbers that a line names; None where it need not, or a refusal."""
        numbers, quantity = told(line.extensions), line.quantity
        if self.type.effect in _NO_UNITS or not line.stocked:
            return None
        name = {"item": self.view.item(line.item_id).code}
        if self.controlled(line.item_id) is None:
            return Refusal(NOT_BY_NUMBER, (FIELD,), name) if numbers else None
        counts = self.type.effect is Effect.COUNT
        if counts and quantity is None:
            return None  # it only says what they cost
        if not numbers and counts and not quantity:
            return []
        if not numbers:
            if counts or self._comes(line):
                return Refusal(REQUIRED, (FIELD,), {"field": FIELD})
            return None
        batch = line.lot_code
        if batch is not None and (
            numbers != [batch]
            and (batch in numbers or self.unit(lot_id(line.item_id, batch)) is not None)
        ):
            return Refusal(NOT_A_BATCH, ("lotCode",), name | {"lot": batch})
        if len(numbers) != quantity:
            details = {"quantity": quantity, "count": len(numbers)}
            return Refusal(WRONG_COUNT, ("quantity",), name | details)
        return numbers

    def _comes(self, line: Line) -> bool:
        return self.type.effect is Effect.RECEIVE or line.role == "produce"

    def _leaves_for(self) -> str | None:
        """The account that goods leave for, None for places of ours."""
        return self.type.account if self.type.effect in (Effect.ISSUE, Effect.CONVERT) else None

    def _may_go(self, line: Line, state: State | None) -> bool:
        """Whether a unit can be what a line takes: one that waits, or one in a place of ours. A conversion
        takes from what waits where it names no place."""
        waits, effect = self.type.waits_in, self.type.effect
        if waits and (effect is Effect.ARRIVE or (effect is Effect.CONVERT and not line.place_id)):
            return state is life.WAITING[waits]
        return life.may_leave(state, self._leaves_for())

    def _check(self, line: Line, item: Item, number: str) -> Refusal | None:
        """What speaks against a number where it stands."""
        lot = lot_id(line.item_id, number)
        unit = self.unit(lot)
        state = unit.state if unit else None
        if unit is not None and not self._belongs(line, lot):
            whole = self._whole(lot)
            names = {"lot": whole.code if whole else "-", "wanted": str(line.lot_code)}
            return self._not(OTHER_LOT, line, number, state, **names)
        there = self.lies(line.item_id).get(lot)
        account = self.type.account or ""
        if self._comes(line) or (self.type.effect is Effect.COUNT and there is None):
            if state is None and item.imei and not imei.is_imei(number):
                return Refusal(imei.BAD_IMEI, (), {"number": number})
            if lot not in self.worked_on and not life.may_come(state, account):
                return self._not(UNKNOWN if unit is None else NOT_ALLOWED, line, number, state)
            return None
        if unit is None:
            return self._not(UNKNOWN, line, number, state)
        if not self._may_go(line, state):
            return self._not(NOT_ALLOWED, line, number, state)
        if self._anothers(lot):
            return self._not(RESERVED, line, number, state)
        if there is not None and line.place_id is not None and self.type.effect != Effect.ARRIVE:
            exactly = self.type.effect is Effect.COUNT
            path = (there,) if exactly else self.view.place(there).path
            if line.place_id not in path:
                places = {"place": self.view.place(there).code}
                places |= {"wanted": self.view.place(line.place_id).code}
                return self._not(WRONG_PLACE, line, number, state, **places)
        return None

    def _not(self, code: str, line: Line, number: str, state: State | None, **more: str) -> Refusal:
        item = self.view.item(line.item_id).code
        details = {"item": item, "number": number, "state": state and state.value, **more}
        return Refusal(code, (), details)

    def _whole(self, lot: UUID) -> Lot | None:
        """The batch that a unit belongs to."""
        known = self.view.lot(lot)
        return None if known is None or known.parent_id is None else self.view.lot(known.parent_id)

    def _belongs(self, line: Line, lot: UUID) -> bool:
        """Whether a unit is of the batch that a line names; any is where it names none."""
        if line.lot_code is None or lot == (named := lot_id(line.item_id, line.lot_code)):
            return True
        known = self.view.lot(lot)
        return known is not None and known.parent_id == named

    def _parts(self, line: Line, numbers: Sequence[str]) -> Iterator[LotPart]:
        for number in numbers:
            batch = line.lot_code if line.lot_code != number else None
            yield LotPart(line.no, number, ONE, unit=True, parent_code=batch)
        if self.type.effect is Effect.COUNT and line.place_id is not None:
            named = {lot_id(line.item_id, number) for number in numbers}
            for lot, place in self.lies(line.item_id).items():
                known = self.view.lot(lot)
                missing = place == line.place_id and lot not in named
                if missing and known is not None and self._belongs(line, lot):
                    yield LotPart(line.no, known.code, NONE, unit=True)

    def _lies(self, item_id: UUID) -> dict[UUID, UUID]:
        """Where the units of an item are, if they are in our places."""
        return {
            lot: place
            for (place, lot), quantity in self.view.on_hand(item_id).items()
            if quantity and self.view.place(place).account is None
        }

    # units that move

    def _check_movement(self, movement: Movement) -> Refusal | None:
        """What speaks against a movement: goods without a number; or, of a reversal, a unit that is not
        any more where the document had put it."""
        if not movement.quantity or self.controlled(movement.item_id) is None:
            return None
        name = self.view.item(movement.item_id).code
        if self.unit(movement.lot_id) is None and movement.lot_id not in self.named:
            return Refusal(NO_NUMBER, (), {"item": name})
        if not self.posting.reverses:
            return None
        unit = self.unit(movement.lot_id)
        if unit is None or self._is_last(unit, movement):
            return None
        if movement.lot_id in self.worked_on and self.account(movement.source) is not None:
            return None  # it is asked where it comes out
        details = {"item": name, "number": unit.number, "state": unit.state.value}
        return Refusal(HAS_LEFT, (), details)

    def _is_last(self, unit: Unit, movement: Movement) -> bool:
        """Whether a unit is where the reversed document had put it, and its arrival was not followed by
        a departure."""
        source, target = self.account(movement.source), self.account(movement.target)
        if source is not None:
            return unit.state is life.gone_to(source, undone=False)
        waits = self.state_at(movement.source)
        if waits in life.WAITING.values():
            return unit.state is waits
        there = self.view.on_hand(movement.item_id).get((movement.source, movement.lot_id))
        arrived = target not in (None, "customer")
        return bool(there) and not (arrived and unit.outs)

    def _moved(self, movement: Movement, item: Item, known: Unit | None) -> Unit:
        """The unit after a movement."""
        lot = self.view.lot(movement.lot_id)
        assert lot is not None
        unit = known or Unit(lot.id, lot.item_id, lot.code, State.INACTIVE)
        source, target = self.account(movement.source), self.account(movement.target)
        undone, outs = self.posting.reverses, unit.outs
        gone = None if target is None else life.gone_to(target, undone=undone)
        state = gone or self.state_at(movement.target)
        if source is not None and undone:
            outs = max(outs - 1, 0)
        elif source not in (None, "customer"):
            outs = 0
        elif target is not None and not undone:
            outs += 1
        told: dict[str, Any] = {"state": state, "outs": outs}
        if target == "customer" and not undone:
            months, on = item.warranty_months, self.document.business_date
            last = None if months is None else warranty.until(on, months)
            told |= {"sold_on": on, "warranty_until": last, "party_id": self.document.party_id}
        return replace(unit, tenant_wide=self.settings.unique_within == "tenant", **told)

    def _account(self, place: UUID) -> str | None:
        """The account that a place stands for; None where goods there are ours."""
        account = self.view.place(place).account
        return None if account in life.WAITING else account

    def _state_at(self, place: UUID) -> State:
        """What a unit is in one of our places, or under way between them."""
        facts = self.view.place(place)
        if facts.account is not None:
            return life.WAITING[facts.account]
        if not set(facts.path).isdisjoint(self.settings.repair_place_ids):
            return State.IN_REPAIR
        if not set(facts.path).isdisjoint(self.settings.processor_place_ids):
            return State.AT_PROCESSOR
        return State.IN_STOCK
