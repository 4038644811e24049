"""What a trader thinks of next: acts drawn at random, most of them sensible, not all of them allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from tests.core.ledger.model import papers
from tests.core.ledger.model.ledger import Ledger, Posted
from tests.core.ledger.model.papers import (
    Books,
    Hold,
    Item,
    Line,
    Paper,
    Release,
    Setup,
    Step,
    Undo,
)

T = TypeVar("T")


class Draw(Protocol):
    """Draws one example of a strategy."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


END_OF_MONTH = date(2026, 3, 31)
FIRST, LAST = date(2026, 3, 28), date(2026, 4, 8)
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

_items = st.sampled_from([*PLAIN, *PLAIN, *BY_LOT, *SERIAL]).flatmap(
    lambda way: st.builds(
        Item,
        method=st.just(way[0]),
        scope=st.just(way[1]),
        price=st.sampled_from([Fraction(0), Fraction("4.20")]),
        standard=st.sampled_from(PRICES),
        negative=st.sampled_from([None, None, "allow", "forbid"]),
    )
)


def _setup(items: list[Item], shop: str | None, rules: dict[str, str]) -> Setup:
    places: dict[str, tuple[str | None, str | None]] = {
        "ROOT": (None, None),
        "in_transit": (None, None),
        "MAIN": ("ROOT", None),
        "B1": ("MAIN", None),
        "SHOP": ("ROOT", shop),
    }
    return Setup(dict(zip(ITEMS, items, strict=True)), places, rules)


def setups() -> st.SearchStrategy[Setup]:
    """Tenants: three items, each kept in its own way, in a warehouse with a bin and in a shop."""
    costs = st.sampled_from(["original_cost", "current_cost"])
    rules = st.fixed_dictionaries(
        {
            "negative_stock": st.sampled_from(["forbid", "forbid", "allow"]),
            "return_in": costs,
            "return_out": costs,
            "landed_cost": st.sampled_from(["repost", "remaining"]),
            "reserve_on_order": st.sampled_from(["require", "backorder", "off"]),
        }
    )
    items = st.lists(_items, min_size=3, max_size=3)
    return st.builds(_setup, items, st.sampled_from([None, "allow", "forbid"]), rules)


@dataclass
class Planner:
    """Draws acts on what the model knows. ``today`` moves on by itself."""

    ledger: Ledger
    draw: Draw
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

    def hold(self) -> Hold:
        item = self._item()
        place = self.draw(st.sampled_from([None, *PLACES]))
        lots = [lot for known, lot in self.ledger.lots if known == item]
        return Hold(self.no, item, place, self.draw(st.sampled_from([None, *lots])))

    def release(self) -> Release | None:
        return Release(self._one(list(self.ledger.holds))) if self.ledger.holds else None

    def step(self) -> Step | None:
        orders = [no for no, p in self.ledger.posted.items() if p.paper.type in papers.ORDERS]
        events = st.sampled_from(["close", "reopen", "expire"])
        return Step(self._one(orders), self.draw(events)) if orders else None

    def books(self) -> Books | None:
        if self.ledger.closed_through is not None:
            return Books(None)
        return Books(END_OF_MONTH) if self.today > END_OF_MONTH else None

    # papers

    def _plain(self, kind: str) -> Paper:
        lines = [self._line(kind) for _ in range(self._most(2))]
        source = None
        orders = self._known(*papers.SOURCES.get(kind, ()))
        if orders and bool(self.draw(st.integers(0, 2))):
            source = self._one(orders)
            lines = self._of(source, lines[0].quantity or 1)
        expired = kind in papers.ORDERS and self.draw(st.integers(0, 5)) == 5
        return Paper(self.no, kind, self._day(), tuple(lines), source, expired=expired)

    def _line(self, kind: str) -> Line:
        item = self._item()
        lot = self._lot(item)
        serial = self.ledger.setup.items[item].scope == "serial"
        quantity: int | None = 1 if serial else self._most(9 if kind in papers.RECEIVE else 6)
        price = None
        place = self._place()
        if kind in ("receipt", "opening") or (kind in papers.RECEIVE and self._coin()):
            price = self._one(PRICES)
        if kind == "count":
            quantity = self.draw(st.sampled_from([None, 0, 1] if serial else [None, 0, 1, 3, 8]))
            price = self.draw(st.sampled_from([None, None, *PRICES[:2]]))
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
        place = line.at if self.draw(st.integers(0, 3)) else self._place()
        quantity = min(quantity, line.quantity or 1)
        return [Line(line.item, quantity, price, None, place, None, lot, source_line=no)]

    def _back(self, kind: str) -> Paper | None:
        sources = self._known(*papers.SOURCES[kind])
        if not sources or not self.draw(st.integers(0, 4)):
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
        role = self.draw(st.sampled_from([None, None, "lost"]))
        quantity, place = self._most(line.quantity or 1), self._place()
        lot = self.draw(st.sampled_from([None, line.lot]))
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
        at = self.draw(st.sampled_from([None, None, *PLACES]))
        lot = self.draw(st.sampled_from([None, *LOTS]))
        if kind == "standard_cost":
            return Paper(self.no, kind, self._day(), (Line(item, price=self._one(PRICES)),))
        if self.draw(st.integers(0, 2)) == 2:
            line = Line(item, price=self._one(PRICES), at=at, lot=lot)
        else:
            amount = self._one([Fraction(a) for a in ("2.2", "11", "-1.5", "-12.34")])
            line = Line(item, amount=amount, at=at, lot=lot)
        return Paper(self.no, kind, self._day(), (line,))

    def _convert(self, kind: str) -> Paper:
        """One item becomes another, or two others."""
        a, *others = self.draw(st.permutations(ITEMS))
        consumed = Line(a, self._pieces(a, 4), at=self._place(), lot=self._lot(a), role="consume")
        lines = [consumed]
        shares = [None, self._one([10, 33, 50])][: self._most(2)]
        for b, share in zip(others, shares, strict=False):
            at, lot = self._place(), self._lot(b)
            pieces = self._pieces(b, 3)
            lines.append(Line(b, pieces, at=at, lot=lot, role="produce", share=share))
        extra = self._one([Fraction(0), Fraction("1.01")])
        return Paper(self.no, kind, self._day(), tuple(lines), None, extra)

    def _undo(self, kind: str) -> Undo | None:
        if not self.ledger.posted:
            return None
        on = None if self.draw(st.integers(0, 4)) < 3 else self.today
        return Undo(self.no, self._one(list(self.ledger.posted)), on)

    # moods

    def _known(self, *kinds: str) -> list[int]:
        def of(posted: Posted) -> bool:
            return isinstance(posted.act, Paper) and posted.paper.type in kinds

        return [no for no, posted in self.ledger.posted.items() if of(posted)]

    def _day(self) -> date:
        late = self.draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
        return max(FIRST, self.today - timedelta(days=late))

    def _item(self) -> str:
        return self._one([*ITEMS[:2], *ITEMS])

    def _pieces(self, item: str, most: int) -> int:
        return 1 if self.ledger.setup.items[item].scope == "serial" else self._most(most)

    def _lot(self, item: str) -> str | None:
        known = self.ledger.setup.items[item]
        if known.scope == "serial":
            return self._one([*LOTS, "L3", "L4"])
        if "lot" in known.scope:
            return self.draw(st.sampled_from([*LOTS, *LOTS, None]))
        return self.draw(st.sampled_from([None, None, None, *LOTS]))

    def _place(self) -> str:
        return self._one(list(PLACES))

    def _most(self, most: int) -> int:
        return self.draw(st.integers(1, most))

    def _coin(self) -> bool:
        return self.draw(st.booleans())

    def _one(self, choices: list[T]) -> T:
        return self.draw(st.sampled_from(choices))
