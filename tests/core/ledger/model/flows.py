"""From a paper to movements: which goods, from where to where, and how they are valued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.core.ledger.model import papers
from tests.core.ledger.model.history import TRANSIT, Cell, History, Move, PoolName, Spot
from tests.core.ledger.model.papers import Line, Paper, Setup
from tests.core.ledger.model.pools import ZERO, When, half_up, part_of, split
from tests.core.ledger.model.stock import Stock


class Unable(Exception):
    """The paper cannot be carried out: why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def pool_name(setup: Setup, item: str, place: str, lot: str, dispatch: int = 0) -> PoolName:
    """What shares the cost of goods: by scope; what is under way belongs to its dispatch."""
    if place == TRANSIT:
        return (item, place, lot, dispatch)
    known = setup.items[item]
    scope = known.scope
    if known.method == "specific" and scope in ("item", "item_place"):
        scope = "item_lot"
    by_place = scope in ("item_place", "item_lot_place")
    by_lot = scope in ("item_lot", "item_lot_place", "serial")
    return (item, place if by_place else "", lot if by_lot else "", 0)


def net(line: Line) -> Fraction:
    """What a line comes to."""
    if line.amount is not None:
        return line.amount
    return half_up((line.price or ZERO) * (line.quantity or 0))


def shares(paper: Paper, source: Paper) -> dict[int, Fraction]:
    """What each line of a receipt bears of a landed cost."""
    lines = dict(enumerate(source.lines, 1))
    weights = [net(line) if paper.basis == "amount" else line.pieces for line in lines.values()]
    if sum(weights) <= 0:
        raise Unable("BASIS_ZERO")
    return dict(zip(lines, split(paper.extra or ZERO, weights), strict=True))


@dataclass
class Builder:
    """Builds the movements of one paper on the books as they stood then."""

    setup: Setup
    stock: Stock
    then: History
    paper: Paper
    source: Paper | None = None
    moves: list[Move] = field(default_factory=list)
    made: dict[tuple[str, str], date] = field(default_factory=dict)

    def build(self) -> list[Move]:
        lines = list(enumerate(self.paper.lines, 1))
        for no, line in lines:
            if line.role != "produce":
                self._effect()(no, line)
        made = [(no, line) for no, line in reversed(lines) if line.role == "produce"]
        for no, line in sorted(
            made, key=lambda one: not net(one[1])
        ):  # a worth of its own is first
            self._produce(no, line, rest=no == made[-1][0])  # the first output takes the rest, last
        if self.paper.type == "landed_cost":
            self._landed()
        return self.moves

    def _effect(self) -> Callable[[int, Line], None]:
        kind = self.paper.type
        if kind in papers.RECEIVE:
            return self._receive
        if kind in papers.ISSUE or kind in papers.CONVERSIONS:
            return self._issue
        return {
            "transfer": self._transfer,
            "dispatch": self._dispatch,
            "arrival": self._arrive,
            "count": self._count,
            "cost_adjustment": self._revalue,
            "standard_cost": self._revalue,
        }[kind]

    def _receive(self, no: int, line: Line) -> None:
        kind = self.paper.type
        linked = kind in papers.RETURNS and self._linked(line, "return_in")
        told = kind in ("receipt", "opening") or line.price is not None or bool(net(line))
        how = "linked" if linked else "current" if kind in papers.RETURNS or not told else "told"
        lot = self._comes(line, line.lot or self._source_lot(line))
        account = Spot(papers.RECEIVE[kind])
        given = net(line) if how == "told" else None
        self._move(no, line, lot, line.pieces, account, self._at(line, line.at, lot), how, given)

    def _issue(self, no: int, line: Line) -> None:
        linked = self.paper.type in papers.RETURNS and self._linked(line, "return_out")
        account = Spot(papers.ISSUE.get(self.paper.type, "production"))
        for (item, place, lot), part in self._takes(line):
            source = Spot(place, pool_name(self.setup, item, place, lot))
            self._move(no, line, lot, part, source, account, "linked" if linked else "cost")

    def _produce(self, no: int, line: Line, *, rest: bool) -> None:
        lot = self._comes(line, line.lot)
        target = self._at(line, line.at, lot)
        given = None if rest else net(line) or Fraction(line.share or 0)
        how = "worth" if net(line) else "share"
        extra = self.paper.extra or ZERO
        self._move(no, line, lot, line.pieces, Spot("production"), target, how, given, extra)

    def _transfer(self, no: int, line: Line) -> None:
        for (item, place, lot), part in self._takes(line):
            source = Spot(place, pool_name(self.setup, item, place, lot))
            self._move(no, line, lot, part, source, self._at(line, line.to, lot), "cost")

    def _dispatch(self, no: int, line: Line) -> None:
        for (item, place, lot), part in self._takes(line):
            source = Spot(place, pool_name(self.setup, item, place, lot))
            self._move(no, line, lot, part, source, self._under_way(item, lot), "cost")

    def _arrive(self, no: int, line: Line) -> None:
        """Out of what is under way of its dispatch, lot by lot; what was lost is a loss."""
        wanted = line.pieces
        assert self.paper.source is not None
        for name, pool in sorted(self.then.pools.items()):
            if name[0] != line.item or name[3] != self.paper.source:
                continue
            cell = (line.item, TRANSIT, name[2])
            part = min(wanted, pool.quantity - self.stock.taken[cell])
            if part > 0 and line.lot in (None, name[2]):
                self.stock.taken[cell] += part
                wanted -= part
                to = Spot("gain_loss") if line.role == "lost" else self._at(line, line.to, name[2])
                self._move(no, line, name[2], part, Spot(TRANSIT, name), to, "cost")
        if wanted > 0:
            raise Unable("OUT_OF_STOCK")

    def _count(self, no: int, line: Line) -> None:
        lot = self._comes(line, line.lot)
        given = None if line.quantity is None else Fraction(line.quantity)
        account, target = Spot("gain_loss"), self._at(line, line.at, lot)
        self._move(no, line, lot, ZERO, account, target, "count", given, line.price)

    def _revalue(self, no: int, line: Line) -> None:
        """A cost adjustment, or a new unit cost for all that is there."""
        names = [
            name
            for name, pool in sorted(self.then.pools.items())
            if name[0] == line.item
            and pool.quantity
            and not name[3]
            and (line.lot is None or name[2] in ("", line.lot))
            and (line.at is None or name[1] in ("", line.at))
        ]
        standard = self.paper.type == "standard_cost"
        account = Spot("standard_variance" if standard else "price_difference")
        if not standard and not names:
            raise Unable("NOTHING_TO_REVALUE")
        if not standard and line.price is None and len(names) > 1:
            raise Unable("NAME_THE_POOL")
        for name in names:
            target = Spot(self._somewhere(name), name)
            if line.price is not None:
                rate = line.price
                self._move(no, line, name[2], ZERO, account, target, "standard", None, rate)
            else:
                self._move(no, line, name[2], ZERO, account, target, "adjust", net(line))

    def _landed(self) -> None:
        """The policy "remaining": what is left of the receipt takes its share, the rest is expensed."""
        assert self.source is not None
        assert self.paper.source is not None
        for no, share in shares(self.paper, self.source).items():
            line, link = self.source.lines[no - 1], (self.paper.source, no)
            receipt = self.then.lines[link][0]
            there = sorted(n for n, pool in self.then.pools.items() if receipt in pool.layers)
            seen, given = ZERO, ZERO
            supplier = Spot("supplier")
            for name in there:
                seen += self.then.pools[name].layers[receipt].quantity
                part = part_of(share, seen, line.pieces) - given
                given += part
                target = Spot(self._somewhere(name), name)
                self._move(no, line, name[2], ZERO, supplier, target, "adjust", part, None, link)
            if share != given:
                expense = Spot("landed_cost_expensed")
                self._move(no, line, "", ZERO, supplier, expense, "told", share - given)

    # what they share

    def _move(
        self,
        no: int,
        line: Line,
        lot: str,
        quantity: Fraction,
        source: Spot,
        target: Spot,
        how: str,
        given: Fraction | None = None,
        rate: Fraction | None = None,
        link: tuple[int, int] | None = None,
    ) -> None:
        if how == "linked":
            assert self.paper.source is not None
            assert line.source_line is not None
            link = (self.paper.source, line.source_line)
        when = When(self.paper.on, self.paper.no, len(self.moves) + 1)
        self.moves.append(
            Move(when, no, line.item, lot, quantity, source, target, how, given, rate, link)
        )

    def _of_source(self, line: Line) -> bool:
        return self.source is not None and line.source_line is not None

    def _source_lot(self, line: Line) -> str | None:
        if self.source is None or line.source_line is None:
            return None
        return self.source.lines[line.source_line - 1].lot

    def _linked(self, line: Line, rule: str) -> bool:
        return self._of_source(line) and self.setup.rules[rule] == "original_cost"

    def _at(self, line: Line, place: str | None, lot: str) -> Spot:
        assert place is not None
        return Spot(place, pool_name(self.setup, line.item, place, lot))

    def _under_way(self, item: str, lot: str) -> Spot:
        return Spot(TRANSIT, pool_name(self.setup, item, TRANSIT, lot, self.paper.no))

    def _takes(self, line: Line) -> Iterator[tuple[Cell, Fraction]]:
        serial = self.setup.items[line.item].scope == "serial"
        if serial and line.lot is None:
            raise Unable("UNIT_LOT")
        if line.lot is not None and (line.item, line.lot) not in self.stock.lots:
            raise Unable("NOT_FOUND")
        sale = self.paper.type in papers.SALES
        assert line.at is not None
        to = line.to or ""
        yield from self.stock.allocate(line.item, line.at, line.lot, line.pieces, sale=sale, to=to)

    def _comes(self, line: Line, lot: str | None) -> str:
        """The lot that goods come into: it is known from then on."""
        nothing = self.paper.type == "count" and not line.quantity
        serial = self.setup.items[line.item].scope == "serial"
        if serial and (lot is None or not (line.quantity == 1 or nothing)):
            raise Unable("UNIT_LOT")
        if lot is not None and (line.item, lot) not in self.stock.lots:
            self.made.setdefault((line.item, lot), self.paper.on)
        return lot or ""

    def _somewhere(self, name: PoolName) -> str:
        """A place where goods of this pool lie; value alone does not care which."""
        if name[1]:
            return name[1]
        cells = [c for c, q in self.then.on_hand.items() if c[0] == name[0] and q]
        ours = [c for c in cells if c[1] != TRANSIT and name[2] in ("", c[2])]
        return max(ours, key=lambda c: (self.then.on_hand[c], c))[1]


def mirrored(setup: Setup, now: History, moves: list[Move], no: int, on: date) -> list[Move]:
    """The movements of a reversal on a later day: goods go back at what they have cost; what only moved
    value gives it back."""
    found = []
    for k, old in enumerate(moves, 1):
        own = now.own[old.when]
        new = replace(old, when=When(on, no, k), given=None, rate=None, link=None)
        counted = old.how == "count"
        if old.how == "standard" and setup.items[old.item].method == "standard":
            new = replace(new, rate=old.rate)
        elif counted and own.quantity < 0:
            new = replace(new, how="told", quantity=-own.quantity, given=-own.value)
        elif old.how in ("adjust", "standard") or (counted and not own.quantity):
            new = replace(new, how="adjust", given=-own.value, link=old.link)
        elif old.source.pool is None and old.target.pool is None:
            new = replace(new, source=old.target, target=old.source, given=old.given)
        else:
            new = replace(
                new,
                source=old.target,
                target=old.source,
                quantity=own.quantity if counted else old.quantity,
                how="mirror",
                link=old.link if old.how == "linked" else None,
                mirrors=old.when,
            )
        found.append(new)
    return found
