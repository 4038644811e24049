"""What a trader thinks of next: acts drawn at random, most of them sensible, not all of them allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import TypeVar

from tests.core.ledger.model import papers
from tests.core.ledger.model.ledger import Ledger, Posted
from tests.core.ledger.model.papers import (
    Books,
    Hold,
    Item,
    Line,
    Paper,
    Release,
    Reserve,
    Setup,
    Step,
    Undo,
)

T = TypeVar("T")


END_OF_MONTH = date(2026, 3, 31)
FIRST, LAST = date(2026, 3, 29), date(2026, 4, 9)
"""Days of papers; the first of them lie in a month that can be closed."""
ITEMS = ("A", "B", "C")
PLACES = ("MAIN", "B1", "SHOP")
LOTS = ("L1", "L2")
PRICES = [Fraction(p) for p in ("1", "2.5", "3.33", "7", "10.01")]
PLAIN = [(m, s) for m in ("moving_average", "fifo", "standard") for s in ("item", "item_place")]
BY_LOT = [
    (m, s)
    for m in ("moving_average", "fifo", "specific", "standard")
    for s in ("item_lot", "item_lot_place")
]
SERIAL = [(m, "serial") for m in ("specific", "moving_average")]


def setup(random: Random) -> Setup:
    """A tenant: three items, each kept in its own way, in a warehouse with a bin and in a shop."""

    def item() -> Item:
        method, scope = random.choice([*PLAIN, *PLAIN, *BY_LOT, *SERIAL])
        price = random.choice([Fraction(0), Fraction("4.20")])
        negative = random.choice([None, None, "allow", "forbid"])
        return Item(method, scope, price, random.choice(PRICES), negative)

    places: dict[str, tuple[str | None, str | None]] = {
        "ROOT": (None, None),
        "in_transit": (None, None),
        "MAIN": ("ROOT", None),
        "B1": ("MAIN", None),
        "SHOP": ("ROOT", random.choice([None, "allow", "forbid"])),
    }
    rules = {
        "negative_stock": ["forbid", "forbid", "allow"],
        "return_in": ["original_cost", "current_cost"],
        "return_out": ["original_cost", "current_cost"],
        "landed_cost": ["repost", "remaining"],
        "reserve_on_order": ["require", "backorder", "backorder", "off"],
    }
    chosen = {name: random.choice(choices) for name, choices in rules.items()}
    return Setup({code: item() for code in ITEMS}, places, chosen)


@dataclass
class Planner:
    """Draws acts from what the model knows. ``today`` moves on by itself."""

    ledger: Ledger
    random: Random
    no: int
    today: date

    def paper(self, kind: str) -> Paper | Undo | None:
        """A paper of this kind; None where it would go back to something and there is nothing."""
        plans = {
            "return_from_customer": self._back,
            "return_to_supplier": self._back,
            "arrival": self._arrival,
            "landed_cost": self._landed,
            "cost_adjustment": self._revalue,
            "standard_cost": self._revalue,
            "undo": self._undo,
        }
        if kind in papers.CONVERSIONS:
            return self._convert(kind)
        return plans.get(kind, self._plain)(kind)

    def wanted(self) -> tuple[str, str, int]:
        """Goods that several want: an item, a place, and how much is there; rather some that run short."""
        there = [
            (item, place, int(quantity))
            for (item, place, _), quantity in self.ledger.now.on_hand.items()
            if place in PLACES and quantity > 0
        ]
        known = self.ledger.setup
        short = [
            (item, place, quantity)
            for item, place, quantity in there
            if known.items[item].scope != "serial" and not known.may_go_negative(item, place)
        ]
        return self._one(short or there or [(self._item(), self._place(), 1)])

    def wait(self, item: str, place: str, there: int) -> Paper:
        """Somebody orders about as much as there is, from where it lies or from above."""
        above = self._one([p for p in self.ledger.setup.path(place) if p in PLACES])
        line = Line(item, self._pieces(item, there + 2), at=above)
        return Paper(self.no, "sales_order", self._day(), (line,))

    def serve(self, item: str) -> Paper:
        """Somebody who ordered this asks for his goods, or for some of them."""
        orders = [
            no
            for no in self._known("sales_order")
            if self.ledger.posted[no].paper.lines[0].item == item
        ]
        if not orders:
            return self._plain("issue")
        source = self._one(orders[-4:])
        lines = self._of(source, self._most(9))
        if self.ledger.setup.items[item].scope != "serial":
            lines = [replace(line, lot=None) for line in lines]
        return Paper(self.no, "issue", self.today, tuple(lines), source)

    def hold(self) -> Hold:
        item = self._item()
        place = self._one([None, *PLACES])
        lots = [lot for known, lot in self.ledger.lots if known == item]
        return Hold(self.no, item, place, self._one([None, *lots]))

    def release(self) -> Release | None:
        return Release(self._one(list(self.ledger.holds))) if self.ledger.holds else None

    def step(self) -> Step | None:
        orders = [no for no, p in self.ledger.posted.items() if p.paper.type in papers.ORDERS]
        event = self._one(["close", "reopen", "expire"])
        return Step(self._one(orders), event) if orders else None

    def reserve(self) -> Reserve | None:
        """Orders that stand keep what they promise, whatever is decided for others."""
        other = {"require": "backorder", "backorder": "require"}.get(self.ledger.reserve)
        return Reserve(other) if other else None

    def books(self) -> Books | None:
        if self.ledger.closed_through is not None:
            return Books(None)
        return Books(END_OF_MONTH) if self.today > END_OF_MONTH else None

    # papers

    def _plain(self, kind: str) -> Paper:
        lines = [self._line(kind) for _ in range(self._most(2))]
        source = None
        orders = self._known(*papers.SOURCES.get(kind, ()))
        if orders and self._often(3):
            source = self._one(orders)
            lines = self._of(source, lines[0].quantity or 1)
        expired = kind in papers.ORDERS and not self._often(6)
        return Paper(self.no, kind, self._day(), tuple(lines), source, expired=expired)

    def _line(self, kind: str) -> Line:
        item, place, lot = self._goods(kind)
        serial = self.ledger.setup.items[item].scope == "serial"
        quantity: int | None = 1 if serial else self._most(9 if kind in papers.RECEIVE else 6)
        price = None
        if kind in ("receipt", "opening") or (kind in papers.RECEIVE and self._coin()):
            price = self._one(PRICES)
        if kind == "count":
            quantity = self._one([None, 0, 1] if serial else [None, 0, 1, 3, 8])
            price = self._one([None, None, *PRICES[:2]])
        to = self._one([p for p in PLACES if p != place]) if kind == "transfer" else None
        comes = kind in papers.RECEIVE or kind == "count"
        if kind in papers.ORDERS or (not comes and not serial and self._coin()):
            lot = None
        return Line(item, quantity, price, None, place, to, lot)

    def _of(self, source: int, quantity: int) -> list[Line]:
        """One line that carries out, or brings back, one of a source."""
        known = self.ledger.posted[source].paper
        no = self._most(len(known.lines))
        line = known.lines[no - 1]
        lot = line.lot or self._lot(line.item)
        price = self._one(PRICES) if known.type == "purchase_order" else None
        place = line.at if self._often(4) else self._place()
        quantity = min(quantity, line.quantity or 1)
        return [Line(line.item, quantity, price, None, place, None, lot, source_line=no)]

    def _back(self, kind: str) -> Paper | None:
        sources = self._known(*papers.SOURCES[kind])
        if not sources or not self._often(5):
            return self._plain(kind)
        source = self._one(sources)
        return Paper(self.no, kind, self._day(), tuple(self._of(source, self._most(4))), source)

    def _arrival(self, kind: str) -> Paper | None:
        sources = self._known("dispatch")
        if not sources:
            return None
        source = self._one(sources)
        sent = self.ledger.posted[source].paper
        no = self._most(len(sent.lines))
        line = sent.lines[no - 1]
        role = self._one([None, None, "lost"])
        quantity, place = self._most(line.quantity or 1), self._place()
        lot = self._one([None, line.lot])
        arrived = Line(line.item, quantity, to=place, lot=lot, source_line=no, role=role)
        return Paper(self.no, kind, self._day(), (arrived,), source)

    def _landed(self, kind: str) -> Paper | None:
        sources = self._known(*papers.SOURCES[kind])
        if not sources:
            return None
        extra = self._one([Fraction("0.01"), Fraction(7), Fraction("10.55")])
        basis = self._one(["amount", "quantity"])
        source = self._one(sources)
        return Paper(self.no, kind, self._day(), (), source, extra, basis)

    def _revalue(self, kind: str) -> Paper:
        item = self._item()
        at = self._one([None, None, *PLACES])
        lot = self._one([None, *LOTS])
        if kind == "standard_cost":
            return Paper(self.no, kind, self._day(), (Line(item, price=self._one(PRICES)),))
        if not self._often(3):
            line = Line(item, price=self._one(PRICES), at=at, lot=lot)
        else:
            amount = self._one([Fraction(a) for a in ("2.2", "11", "-1.5", "-12.34")])
            line = Line(item, amount=amount, at=at, lot=lot)
        return Paper(self.no, kind, self._day(), (line,))

    def _convert(self, kind: str) -> Paper:
        """One item becomes another, or several, which have a share of its cost or a price."""
        a, place, lot = self._goods(kind)
        others = [item for item in ITEMS if item != a]
        self.random.shuffle(others)
        consumed = Line(a, self._pieces(a, 4), at=place, lot=lot, role="consume")
        lines = [consumed]
        for n, b in enumerate(others[: self._most(3)]):
            at, lot, price, share = self._place(), self._lot(b), None, None
            if n and self._often(2):
                price = self._one(PRICES)
            elif n:
                share = self._one([10, 33, 50])
            pieces = self._pieces(b, 3)
            lines.append(Line(b, pieces, price, at=at, lot=lot, role="produce", share=share))
        extra = self._one([Fraction(0), Fraction("1.01")])
        return Paper(self.no, kind, self._day(), tuple(lines), None, extra)

    def _undo(self, kind: str) -> Undo | None:
        if not self.ledger.posted:
            return None
        on = self._one([None, None, None, self.today, self.today])
        return Undo(self.no, self._one(list(self.ledger.posted)), on)

    # moods

    def _known(self, *kinds: str) -> list[int]:
        def of(posted: Posted) -> bool:
            return isinstance(posted.act, Paper) and posted.paper.type in kinds

        return [no for no, posted in self.ledger.posted.items() if of(posted)]

    def _day(self) -> date:
        late = self._one([0, 0, 0, 0, 1, 2, 5])
        return max(FIRST, self.today - timedelta(days=late))

    def _goods(self, kind: str) -> tuple[str, str, str | None]:
        """What a line is about; what goes out mostly is there."""
        there = [
            cell
            for cell, quantity in self.ledger.now.on_hand.items()
            if quantity > 0 and cell[1] in PLACES
        ]
        if kind not in papers.RECEIVE and there and self._often(4):
            item, place, lot = self._one(there)
            return item, place, lot or None
        item = self._item()
        return item, self._place(), self._lot(item)

    def _item(self) -> str:
        return self._one([*ITEMS[:2], *ITEMS])

    def _pieces(self, item: str, most: int) -> int:
        return 1 if self.ledger.setup.items[item].scope == "serial" else self._most(most)

    def _lot(self, item: str) -> str | None:
        known = self.ledger.setup.items[item]
        if known.scope == "serial":
            return self._one([*LOTS, "L3", "L4"])
        if "lot" in known.scope:
            return self._one([*LOTS, *LOTS, None])
        return self._one([None, None, None, *LOTS])

    def _place(self) -> str:
        return self._one(list(PLACES))

    def _most(self, most: int) -> int:
        return self.random.randint(1, most)

    def _coin(self) -> bool:
        return self.random.random() < 0.5

    def _one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def _often(self, times: int) -> bool:
        """All but one of so many times."""
        return self.random.randrange(times) > 0
