"""The second quantity of a document's goods: checked, followed from place to place, and written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from core.plugin_api import NIL, Effect, Line, Movement, Refusal, Write, lot_id
from plugins.food_batches import tables
from plugins.food_batches.rules import weight
from plugins.food_batches.rules.records import FIELD, Item, Told

if TYPE_CHECKING:
    from plugins.food_batches.posting import FoodPosting

ZERO = Decimal(0)
Key = tuple[UUID, UUID, UUID]
"""Item, place and lot."""


@dataclass(slots=True)
class Change:
    """How a line changes the second quantity at one place: what was weighed or followed, and what was
    over or lacking when the goods were gone."""

    quantity: Decimal = ZERO
    difference: Decimal = ZERO


def check(food: FoodPosting, line: Line) -> Iterator[Refusal]:
    """Why a line's second quantity cannot be right; paths start at the line."""
    told = Told.of(line.extensions).second_quantity
    item = food.item(line.item_id) or Item(line.item_id, batch_control=False)
    if (item.second_unit_id is None and told is None) or line.quantity is None:
        return
    if food.type.effect is Effect.ORDER:  # weighed when the goods come or go
        return
    sold = food.type.effect is Effect.ISSUE and food.type.party == "customer"
    required = weight.must_be_weighed(food.type.effect, sold) or line.role == "produce"
    code = food.view.item(line.item_id).code
    found = weight.check_second(item, code, line.quantity, told, required=required)
    yield from (refusal.under(FIELD) for refusal in found)


def writes(food: FoodPosting) -> Iterator[Write]:
    """The second quantities after the document, and how each line changed them.

    The reversal of a count leaves them as they were counted: what was weighed is not unweighed.
    """
    if food.posting.reverses and food.type.effect is Effect.COUNT:
        return
    book = _Book(food)
    for line in food.document.lines:
        item = food.item(line.item_id)
        if item is None or item.second_unit_id is None:
            continue
        told = Told.of(line.extensions).second_quantity
        if food.type.effect is Effect.COUNT:
            book.count(line, told)
        else:
            book.move(food.by_line[line.no], told)
    yield from book.writes()


class _Book:
    """Second quantities as the lines of one document change them, one after the other."""

    def __init__(self, food: FoodPosting) -> None:
        self._food = food
        self._second: dict[Key, Decimal] = {}
        self._first: dict[Key, Decimal] = {}
        self._changes: dict[tuple[int, Key], Change] = defaultdict(Change)

    def count(self, line: Line, told: Decimal | None) -> None:
        """What was counted is what there is; a count of the value alone weighs nothing."""
        if line.place_id is None or line.quantity is None:
            return
        lot = lot_id(line.item_id, line.lot_code) if line.lot_code else NIL
        key = (line.item_id, line.place_id, lot)
        self._change(line.no, key, (told or ZERO) - self._seconds(key), ZERO)

    def move(self, movements: list[Movement], told: Decimal | None) -> None:
        """Goods take their second quantity along: what was weighed, else their part of what is there."""
        parts: list[Decimal | None] = [None] * len(movements)
        if told is not None and movements:
            parts = [*weight.spread(told, [movement.quantity for movement in movements])]
        for movement, part in zip(movements, parts, strict=True):
            if self._food.ours(movement.source):
                part = self._take(movement, part)
            if self._food.ours(movement.target):
                key = (movement.item_id, movement.target, movement.lot_id)
                self._first[key] = self._firsts(key) + movement.quantity
                self._change(movement.line, key, part or ZERO, ZERO)

    def writes(self) -> Iterator[Write]:
        for key in {key for _, key in self._changes}:
            item_id, place_id, lot = key
            row = {"item_id": item_id, "place_id": place_id, "lot_id": lot}
            yield Write(tables.second_balance, {**row, "quantity": self._seconds(key)})
        for (no, (item_id, place_id, lot)), change in self._changes.items():
            yield Write(
                tables.second_movement,
                {
                    "document_id": self._food.document.id,
                    "line": no,
                    "place_id": place_id,
                    "lot_id": lot,
                    "item_id": item_id,
                    "quantity": change.quantity,
                    "difference": change.difference,
                },
            )

    def _take(self, movement: Movement, weighed: Decimal | None) -> Decimal:
        """Take goods from a place. With the last of them the rest is gone as well, and nothing goes
        below zero: what was weighed otherwise is a difference."""
        key = (movement.item_id, movement.source, movement.lot_id)
        second, first = self._seconds(key), self._firsts(key)
        part = weight.portion(second, first, movement.quantity) if weighed is None else weighed
        rest = second - part
        self._first[key] = first - movement.quantity
        gone = self._first[key] <= 0 or rest < 0
        self._change(movement.line, key, -part, -rest if gone else ZERO)
        return part

    def _change(self, no: int, key: Key, quantity: Decimal, difference: Decimal) -> None:
        change = self._changes[no, key]
        change.quantity += quantity
        change.difference += difference
        self._second[key] = self._seconds(key) + quantity + difference

    def _seconds(self, key: Key) -> Decimal:
        if key not in self._second:
            item_id, place_id, lot = key
            row = self._food.view.row(
                tables.second_balance, item_id=item_id, place_id=place_id, lot_id=lot
            )
            self._second[key] = row["quantity"] if row else ZERO
        return self._second[key]

    def _firsts(self, key: Key) -> Decimal:
        if key not in self._first:
            item_id, place_id, lot = key
            self._first[key] = self._food.view.on_hand(item_id).get((place_id, lot), ZERO)
        return self._first[key]
