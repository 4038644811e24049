"""All that ever happened, played from the beginning: quantities, pools and accounts as they come out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tests.core.ledger.model.papers import Setup
from tests.core.ledger.model.pools import ZERO, Part, Pool, When, half_up, part_of, split

Cell = tuple[str, str, str]
"""Where goods lie: item, place, lot ("" for none)."""
PoolName = tuple[str, str, str, int]
"""What shares one cost: item, and place, lot and dispatch where they tell costs apart."""
TRANSIT = "in_transit"


class Spot(NamedTuple):
    """One end of a movement: an account, or a place of ours with its pool."""

    place: str
    pool: PoolName | None = None


@dataclass(frozen=True)
class Move:
    """Goods of one lot, or value alone, from somewhere to somewhere; ``how`` says what it is worth:
    told, cost, current, linked, share, worth, count, adjust, standard or mirror."""

    when: When
    line: int
    item: str
    lot: str
    quantity: Fraction
    source: Spot
    target: Spot
    how: str
    given: Fraction | None = None
    rate: Fraction | None = None
    link: tuple[int, int] | None = None
    mirrors: When | None = None
    dispatch: int = 0


@dataclass
class Sum:
    """Goods and value that went through."""

    quantity: Fraction = ZERO
    value: Fraction = ZERO


Standards = dict[str, list[tuple[When, Fraction]]]


@dataclass
class History:
    """The books after a list of movements. ``series`` keeps every balance at every event."""

    setup: Setup
    standards: Standards
    pools: dict[PoolName, Pool] = field(default_factory=dict)
    on_hand: dict[Cell, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    series: dict[Cell, dict[When, Fraction]] = field(default_factory=lambda: defaultdict(dict))
    accounts: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    own: dict[When, Sum] = field(default_factory=lambda: defaultdict(Sum))
    """What an event did to our goods, value that it only revalued included."""
    cost: dict[When, Sum] = field(default_factory=lambda: defaultdict(Sum))
    lines: dict[tuple[int, int], list[When]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[tuple[int, int], Sum] = field(default_factory=lambda: defaultdict(Sum))
    made: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    """Of a conversion: what was taken for it."""
    shared: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    """Of a conversion: what its outputs were given so far."""

    @classmethod
    def of(cls, setup: Setup, standards: Standards, moves: Iterable[Move]) -> History:
        history = cls(setup, standards)
        for move in sorted(moves, key=lambda m: m.when):
            history.apply(move)
        return history

    def pool(self, name: PoolName) -> Pool:
        item = self.setup.items[name[0]]
        return self.pools.setdefault(name, Pool(item.method, item.price))

    def standard(self, move: Move) -> Fraction | None:
        item = self.setup.items[move.item]
        if item.method != "standard":
            return None
        later = [cost for when, cost in sorted(self.standards[move.item]) if when <= move.when]
        return later[-1] if later else item.standard

    def apply(self, move: Move) -> None:
        act = {"count": self._count, "adjust": self._adjust, "standard": self._standard}
        if move.how in act:
            act[move.how](move)
        else:
            self._carry(move)

    def _carry(self, move: Move) -> None:
        self.lines[move.when.paper, move.line].append(move.when)
        if move.source.pool is not None and move.source.pool == move.target.pool:
            self._book(move, move.source, -move.quantity, ZERO)
            self._book(move, move.target, move.quantity, ZERO)
            self._costs(move, move.quantity, ZERO)
            return
        wish = self._wish(move)
        parts = [Part(move.when, move.quantity, wish or ZERO)]
        taken = wish or ZERO
        if move.source.pool is not None:
            self._meet(move, move.source)
            first = self._receipt(move)
            taken, parts = self.pool(move.source.pool).take(
                move.quantity, move.when, self.standard(move), first, wish
            )
            if move.how == "cost" and move.target.pool is None:
                self.made[move.when.paper] += taken
        self._book(move, move.source, -move.quantity, -taken)
        value = taken if wish is None else wish
        if wish is not None and move.source.pool is not None and move.target.pool is not None:
            parts = _at(parts, value)
        self._book_in(move, value, parts, move.quantity)
        self.accounts["price_difference"] += taken - value
        self._costs(move, move.quantity, value)

    def _wish(self, move: Move) -> Fraction | None:
        """What the goods are said to be worth; None where the pool they leave decides."""
        if move.how == "told":
            return move.given or ZERO
        if move.how == "current":
            return half_up(self._current(move) * move.quantity) + (move.given or ZERO)
        if move.how == "linked":
            assert move.link is not None
            back = self.returned[move.link]
            value = self._of(move, self._line(move.link), back.quantity + move.quantity)
            value -= back.value
            back.quantity, back.value = back.quantity + move.quantity, back.value + value
            return value
        if move.how == "mirror":
            assert move.mirrors is not None
            value = self._of(move, self.cost[move.mirrors], move.quantity)
            if move.link in self.returned:
                back = self.returned[move.link]
                back.quantity, back.value = back.quantity - move.quantity, back.value - value
            return value
        if move.how in ("share", "worth"):
            paper = move.when.paper
            whole = self.made[paper] + (move.rate or ZERO)
            value = left = whole - self.shared[paper]
            if move.given is not None:
                own = move.how == "worth"
                value = move.given if own else part_of(whole, move.given, Fraction(100))
                value = min(value, max(left, ZERO))  # the first output is worth nothing at least
            self.shared[paper] += value
            return value
        return None

    def _of(self, move: Move, whole: Sum, part: Fraction) -> Fraction:
        """A part of what something has cost; what cost nothing goes at today's cost."""
        if not whole.quantity:
            return half_up(self._current(move) * move.quantity)
        return part_of(whole.value, part, whole.quantity)

    def _line(self, link: tuple[int, int]) -> Sum:
        found = [self.cost[when] for when in self.lines[link]]
        return Sum(sum((s.quantity for s in found), ZERO), sum((s.value for s in found), ZERO))

    def _receipt(self, move: Move) -> When | None:
        """The receipt, or other movement, that this one goes back to: of several, the last."""
        link = (move.mirrors.paper, move.line) if move.mirrors is not None else move.link
        return self.lines[link][-1] if link in self.lines else None

    def _current(self, move: Move) -> Fraction:
        standard = self.standard(move)
        name = move.target.pool if move.how in ("current", "count") else None
        name = name or move.source.pool or move.target.pool
        assert name is not None
        return self.pool(name).cost() if standard is None else standard

    def _count(self, move: Move) -> None:
        self.lines[move.when.paper, move.line].append(move.when)
        assert move.target.pool is not None
        pool = self.pool(move.target.pool)
        book = self.on_hand[move.item, move.target.place, move.lot]
        counted = book if move.given is None else move.given
        self._meet(move, move.target)
        change, value = counted - book, ZERO
        held = min(book, pool.quantity)
        elsewhere = pool.value - (part_of(pool.value, held, pool.quantity) if held > 0 else ZERO)
        if change > 0:
            cost = self._current(move) if move.rate is None else move.rate
            value = half_up(cost * change)
            self._book_in(move, value, [Part(move.when, change, value)], change)
        elif change < 0:
            taken, _ = pool.take(-change, move.when, self.standard(move))
            value = -taken
            self._book(move, move.target, change, value)
        else:
            self._book(move, move.target, ZERO, ZERO)
        self._book(move, move.source, -change, -value)
        self._costs(move, change, value)
        if move.rate is not None and pool.quantity > 0 and pool.method != "standard":
            there = min(counted, pool.quantity)
            alone = there == pool.quantity
            worth = half_up(move.rate * there)
            anew = self._worth(move, worth if alone else elsewhere + worth, anew=alone)
            self._costs(move, ZERO, anew)

    def _adjust(self, move: Move) -> None:
        assert move.target.pool is not None
        pool, change = self.pool(move.target.pool), move.given or ZERO
        at_standard = pool.method == "standard"
        added = change if pool.quantity and not at_standard else ZERO
        receipt = self._receipt(move)
        receipt = receipt if receipt in pool.layers else None
        if pool.quantity > 0:
            added = max(added, -(pool.layers[receipt].value if receipt else pool.value))
        if added and receipt:
            pool.enrich(receipt, added)
        elif added:
            pool.worth(pool.value + added)
        self._book(move, move.target, ZERO, added)
        self._book(move, move.source, ZERO, -change)
        rest = "standard_variance" if at_standard else "price_difference"
        self.accounts[rest] += change - added

    def _standard(self, move: Move) -> None:
        assert move.target.pool is not None
        assert move.rate is not None
        standard = self.standard(move)
        cost = move.rate if standard is None else standard
        value = half_up(cost * self.pool(move.target.pool).quantity)
        self._worth(move, value, anew=True)

    # the parts they share

    def _book_in(self, move: Move, value: Fraction, parts: list[Part], quantity: Fraction) -> None:
        if move.target.pool is None:
            self._book(move, move.target, quantity, value)
            return
        self._meet(move, move.target)
        standard = self.standard(move)
        taken, settled = self.pool(move.target.pool).put(parts, value, standard)
        self._book(move, move.target, quantity, taken)
        self.accounts["standard_variance"] += value - taken
        for one in settled:
            self.accounts["true_up"] += one.dearer
            self.own[move.when].value -= one.dearer
            self.cost[one.issue].value += one.dearer

    def _meet(self, move: Move, spot: Spot) -> None:
        """Goods that late news put before a new standard take it on with their next movement."""
        standard = self.standard(move)
        if standard is None or spot.pool is None:
            return
        pool = self.pool(spot.pool)
        value = half_up(standard * pool.quantity)
        change = pool.worth(value, anew=True) if value != pool.value else ZERO
        self.own[move.when].value += change
        self.accounts["standard_variance"] -= change

    def _worth(self, move: Move, value: Fraction, *, anew: bool) -> Fraction:
        assert move.target.pool is not None
        change = self.pool(move.target.pool).worth(value, anew=anew)
        self._book(move, move.target, ZERO, change)
        self._book(move, move.source, ZERO, -change)
        return change

    def _book(self, move: Move, spot: Spot, quantity: Fraction, value: Fraction) -> None:
        if spot.pool is None:
            self.accounts[spot.place] += value
            return
        cell = (move.item, spot.place, move.lot)
        self.on_hand[cell] += quantity
        self.series[cell][move.when] = self.on_hand[cell]
        own = self.own[move.when]
        own.quantity, own.value = own.quantity + quantity, own.value + value

    def _costs(self, move: Move, quantity: Fraction, value: Fraction) -> None:
        cost = self.cost[move.when]
        cost.quantity, cost.value = cost.quantity + quantity, cost.value + value


def _at(parts: list[Part], value: Fraction) -> list[Part]:
    shares = split(value, [part.quantity for part in parts])
    return [Part(p.receipt, p.quantity, s) for p, s in zip(parts, shares, strict=True)]
