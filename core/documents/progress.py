"""How much of an ordered line was received, delivered or returned, and how much more may be.

The same rule holds for a freight invoice whose amount is claimed in parts (`core-claims`): what
is taken never exceeds what is there, beyond the tolerance the order allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from core.errors import define, refuse


class Progress(StrEnum):
    """How far an order has been carried out."""

    NONE = "none"
    PARTIAL = "partial"
    DONE = "done"


BEYOND_ORDER = define(
    "BEYOND_ORDER",
    en="{quantity} more would make {total}; at most {limit} may be done on this line.",
    zh="再执行 {quantity} 将达到 {total},超过本行允许的上限 {limit}。",
)
BELOW_NOTHING = define(
    "BELOW_NOTHING",
    en="{quantity} cannot be taken back: only {done} was done.",
    zh="不能撤回 {quantity}:仅执行了 {done}。",
)
NOT_POSITIVE = define(
    "NOT_POSITIVE",
    en="The quantity must be above zero, not {quantity}.",
    zh="数量必须大于零,不能为 {quantity}。",
)


@dataclass(frozen=True, slots=True)
class Ordered:
    """One ordered line: quantity ordered, tolerance in percent, and quantity done so far."""

    quantity: Decimal
    over_pct: Decimal = Decimal(0)
    done: Decimal = Decimal(0)

    @property
    def limit(self) -> Decimal:
        """The most that may be done, tolerance included."""
        return self.quantity * (100 + self.over_pct) / 100

    @property
    def open(self) -> Decimal:
        """What is still expected; nothing once the order is filled, even where more came."""
        return max(Decimal(0), self.quantity - self.done)

    @property
    def progress(self) -> Progress:
        """None, part or all of the ordered quantity."""
        if self.done <= 0:
            return Progress.NONE
        return Progress.PARTIAL if self.open else Progress.DONE

    def take(self, quantity: Decimal) -> Ordered:
        """After ``quantity`` more was done. Refuses what goes beyond the tolerance."""
        if quantity <= 0:
            raise refuse(NOT_POSITIVE, "quantity", quantity=quantity)
        total = self.done + quantity
        if total > self.limit:
            raise refuse(BEYOND_ORDER, "quantity", quantity=quantity, total=total, limit=self.limit)
        return replace(self, done=total)

    def give_back(self, quantity: Decimal) -> Ordered:
        """After ``quantity`` of what was done is undone, by a reversal or a correction."""
        if quantity <= 0:
            raise refuse(NOT_POSITIVE, "quantity", quantity=quantity)
        if quantity > self.done:
            raise refuse(BELOW_NOTHING, "quantity", quantity=quantity, done=self.done)
        return replace(self, done=self.done - quantity)
