"""What may leave: goods on hand less what is promised and what is on hold, at a place and above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.core.ledger.model.history import Cell
from tests.core.ledger.model.papers import Hold, Setup
from tests.core.ledger.model.pools import ZERO


@dataclass
class Promise:
    """Open quantity of an order's line, as far as it counts."""

    order: int
    line: int
    item: str
    place: str
    quantity: Fraction
    incoming: bool
    since: int = 0
    """Whose turn comes first: the lower, the earlier it was promised."""


@dataclass
class Stock:
    """What is where at a moment, with the promises and holds of today."""

    setup: Setup
    on_hand: Mapping[Cell, Fraction]
    promises: list[Promise]
    holds: list[Hold]
    lots: Mapping[tuple[str, str], date]
    taken: dict[Cell, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def held(self, cell: Cell) -> bool:
        item, place, lot = cell
        return any(
            hold.item == item
            and hold.lot in (None, lot)
            and (hold.place is None or self.setup.inside(place, hold.place))
            for hold in self.holds
        )

    def available(self, item: str, place: str, *, sale: bool = True) -> Fraction:
        """Below zero where too much was promised. ``sale``: goods on hold do not count."""
        promised = sum(p.quantity for p in self._promised(item, place))
        return self._sum(item, place, sale=sale) - promised

    def _sum(self, item: str, place: str, *, sale: bool) -> Fraction:
        there = ZERO
        for cell, quantity in self.on_hand.items():
            if cell[0] == item and self.setup.inside(cell[1], place):
                there += ZERO if sale and quantity > 0 and self.held(cell) else quantity
        return there

    def _promised(self, item: str, place: str) -> list[Promise]:
        return [
            p
            for p in self.promises
            if p.item == item and not p.incoming and self.setup.inside(p.place, place)
        ]

    def leaves(self, own: Promise, item: str, place: str, *, sale: bool) -> Fraction:
        """What others leave for an order: what is promised earlier is not touched, nor what is there for
        what is promised later."""
        others = [p for p in self._promised(item, place) if p.order != own.order]
        kept = (p.quantity if p.since < own.since else self.covered(p, sale=sale) for p in others)
        return self._sum(item, place, sale=sale) - sum(kept)

    def covered(self, promise: Promise, *, sale: bool = True) -> Fraction:
        """How much of a promise is there when its turn comes."""

        def before(other: Promise) -> bool:
            return (other.since, other.line) < (promise.since, promise.line)

        left = [
            self._sum(promise.item, place, sale=sale)
            - sum(p.quantity for p in self._promised(promise.item, place) if before(p))
            for place in self.setup.path(promise.place)
        ]
        return max(ZERO, min(promise.quantity, *left))

    def allocate(
        self, item: str, place: str, lot: str | None, wanted: Fraction, *, sale: bool, to: str = ""
    ) -> list[tuple[Cell, Fraction]]:
        """Which goods are taken: no lot before all lots, then the lot received first, at the place
        itself before its bins, and never where they go ``to``. What is missing is missing at the place
        itself."""
        cells = [
            cell
            for cell, quantity in self.on_hand.items()
            if cell[0] == item
            and quantity > self.taken[cell]
            and self.setup.inside(cell[1], place)
            and cell[1] != to
            and lot in (None, cell[2])
            and not (sale and self.held(cell))
        ]
        cells.sort(key=lambda c: (self.lots.get((item, c[2]), date.min), c[1] != place, c[1], c[2]))
        takes = []
        for cell in cells:
            part = min(wanted, self.on_hand[cell] - self.taken[cell])
            if part > 0:
                takes.append((cell, part))
                wanted -= part
        if wanted:
            takes.append(((item, place, lot or ""), wanted))
        for cell, part in takes:
            self.taken[cell] += part
        return takes

    def refusals(
        self,
        changes: Mapping[Cell, Fraction],
        *,
        sale: bool,
        own: Iterable[tuple[Promise, Fraction]] = (),
    ) -> set[str]:
        """Why these changes may not be: each at its place and at every place above it (rule 4.1)."""
        found: set[str] = set()
        totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        strict: set[tuple[str, str]] = set()
        for (item, place, lot), change in changes.items():
            forbidden = not self.setup.may_go_negative(item, place)
            if change < 0 and sale and self.held((item, place, lot)):
                found.add("ON_HOLD")
            if change < 0 and forbidden and self._there((item, place, lot)) + change < 0:
                found.add("OUT_OF_STOCK")
            for above in self.setup.path(place):
                totals[item, above] += change
                if change < 0 and forbidden:
                    strict.add((item, above))
        for item, place in strict:
            mine = [(p, q) for p, q in own if p.item == item and not p.incoming and q]
            here = sum(q for p, q in mine if self.setup.inside(p.place, place))
            below = sum(
                q for p, q in mine if p.place != place and self.setup.inside(place, p.place)
            )
            wanted = max(-totals[item, place], ZERO)
            if wanted <= max(self.available(item, place, sale=sale) + here, ZERO):
                continue
            # nothing else leaves: it is served in its turn, whatever is promised to later orders
            served = 0 < wanted <= here + below
            if not served or wanted > self.leaves(mine[0][0], item, place, sale=sale):
                found.add("OUT_OF_STOCK")
        return found

    def _there(self, cell: Cell) -> Fraction:
        return self.on_hand.get(cell, ZERO)
