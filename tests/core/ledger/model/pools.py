"""Goods that share one cost, as the rules of value say (rule 5): value is carried, unit cost derived."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import NamedTuple

ZERO = Fraction(0)


def half_up(value: Fraction, places: int = 2) -> Fraction:
    """Rounded half up, away from zero."""
    scaled = abs(value) * 10**places
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**places)


def part_of(value: Fraction, part: Fraction, whole: Fraction) -> Fraction:
    return value if part == whole else half_up(value * part / whole)


def unit_cost(value: Fraction, quantity: Fraction) -> Fraction:
    """A cost that is kept for later has twelve decimals."""
    return half_up(value / quantity, 12) if quantity else ZERO


class When(NamedTuple):
    """A place in history: by date, then in the order of entry, then by line."""

    on: date
    paper: int
    flow: int


@dataclass
class Layer:
    """What is left of one receipt; below zero, what was sold before it came."""

    quantity: Fraction = ZERO
    value: Fraction = ZERO


class Part(NamedTuple):
    """Some goods of one receipt on their way."""

    receipt: When
    quantity: Fraction
    value: Fraction


class Settled(NamedTuple):
    """An issue that had been short, and by how much its goods were dearer than thought."""

    issue: When
    dearer: Fraction


@dataclass
class Pool:
    """``last`` is the last known cost, which prices what is sold short."""

    method: str
    last: Fraction
    quantity: Fraction = ZERO
    value: Fraction = ZERO
    layers: dict[When, Layer] = field(default_factory=dict)

    def cost(self) -> Fraction:
        return unit_cost(self.value, self.quantity) if self.quantity > 0 else self.last

    def take(
        self,
        wanted: Fraction,
        event: When,
        standard: Fraction | None,
        first: When | None = None,
        price: Fraction | None = None,
    ) -> tuple[Fraction, list[Part]]:
        """Goods leave, oldest first (from ``first`` before all): what they were worth, and which they
        were. ``price`` is the value wished for, of which an average gives what it has."""
        there = min(wanted, max(self.quantity, ZERO))
        parts = self._oldest(there, first)
        own = sum((part.value for part in parts), ZERO)
        if self.quantity > 0:
            newest = max((part.receipt for part in parts), default=None)
            read = self.layers[newest] if self.method == "fifo" and newest else self
            self.last = unit_cost(read.value, read.quantity)
        short = wanted - there
        if standard is not None:
            value = self.value - half_up(standard * (self.quantity - wanted))
            booked = value - part_of(value, there, wanted) if there else value
        else:
            booked = half_up(self.last * short)
            if not there:
                value = ZERO
            elif self.method == "fifo":
                value = own
            elif price is not None and there < self.quantity:
                value = max(ZERO, min(price, self.value))
            else:
                value = part_of(self.value, there, self.quantity)
            value += booked
        for part in parts:
            self._add(part.receipt, -part.quantity, -part.value)
        if short:
            self._add(event, -short, -booked)
            parts.append(Part(event, short, booked))
        self.quantity -= wanted
        self.value -= value
        return value, parts

    def put(
        self, parts: list[Part], value: Fraction, standard: Fraction | None
    ) -> tuple[Fraction, list[Settled]]:
        """Goods arrive: what the pool takes of their value, and the issues that they settle."""
        quantity = sum((part.quantity for part in parts), ZERO)
        if not quantity:
            return ZERO, []
        taken = value
        if standard is not None:
            taken = half_up(standard * (self.quantity + quantity)) - self.value
        settled, left, worth = self._settle(quantity, taken, standard is not None)
        gone = quantity - left
        for part in parts:
            kept = max(ZERO, part.quantity - gone)
            gone -= part.quantity - kept
            if left == quantity:  # nothing was owed: the goods keep what they are worth
                self._add(part.receipt, part.quantity, part.value)
            elif kept:
                share = part_of(worth, kept, left)
                self._add(part.receipt, kept, share)
                left, worth = left - kept, worth - share
        self.quantity += quantity
        self.value += taken - sum((s.dearer for s in settled), ZERO)
        alone = self.method == "fifo" or self.quantity <= 0
        self.last = unit_cost(taken, quantity) if alone else unit_cost(self.value, self.quantity)
        return taken, settled

    def worth(self, value: Fraction, *, anew: bool = False) -> Fraction:
        """The pool has this value from now on; the change. ``anew``: all of it has one cost."""
        change = value - self.value
        if not anew and change < 0 < self.quantity and self.method == "fifo":
            weights = [layer.value for _, layer in sorted(self.layers.items())]
        else:
            weights = [layer.quantity for _, layer in sorted(self.layers.items())]
        shares = split(value if anew else change, weights)
        for (_, layer), share in zip(sorted(self.layers.items()), shares, strict=True):
            layer.value = share if anew else layer.value + share
        self.value = value
        if self.quantity > 0:
            self.last = unit_cost(value, self.quantity)
        return change

    def enrich(self, receipt: When, change: Fraction) -> None:
        self.layers[receipt].value += change
        self.value += change
        self.last = unit_cost(self.value, self.quantity)

    def _oldest(self, wanted: Fraction, first: When | None) -> list[Part]:
        parts = []
        for receipt in sorted(self.layers, key=lambda r: (r != first, r)):
            layer = self.layers[receipt]
            part = min(wanted, layer.quantity)
            if part > 0:
                value = part_of(layer.value, part, layer.quantity)
                parts.append(Part(receipt, part, value))
                wanted -= part
        return parts

    def _settle(
        self, quantity: Fraction, value: Fraction, at_standard: bool
    ) -> tuple[list[Settled], Fraction, Fraction]:
        """What is owed is settled first, the oldest before the others; what remains, and its worth."""
        settled = []
        filled, spent = ZERO, ZERO
        for issue in sorted(self.layers):
            owed = self.layers[issue]
            part = min(quantity - filled, -owed.quantity)
            if part <= 0:
                continue
            booked = part_of(-owed.value, part, -owed.quantity)
            filled += part
            arrived = part_of(value, filled, quantity) - spent
            spent += arrived
            settled.append(Settled(issue, ZERO if at_standard else arrived - booked))
            self._add(issue, part, booked)
        return settled, quantity - filled, value - spent

    def _add(self, receipt: When, quantity: Fraction, value: Fraction) -> None:
        layer = self.layers.setdefault(receipt, Layer())
        layer.quantity += quantity
        layer.value += value
        if not layer.quantity:
            del self.layers[receipt]


def split(value: Fraction, weights: Iterable[Fraction]) -> list[Fraction]:
    """Shared by running total, so that the shares sum to the whole (rule 5.4)."""
    found = list(weights)
    whole, seen, given, shares = sum(found, ZERO), ZERO, ZERO, []
    for weight in found:
        seen += weight
        upto = part_of(value, seen, whole) if whole else ZERO
        shares.append(upto - given)
        given = upto
    return shares
