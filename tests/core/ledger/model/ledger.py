"""The reference ledger: a list of what was posted, played again from the beginning after each step.

It knows no transaction, no lock, no correction and no cache. Late news, landed cost and reversals on the
original's date are nothing special: the list is played in order of (date, entry), as if they had come in
time (rule 6.4). An act is answered with the refusals that it deserves; one of them must be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.core.ledger.model import papers
from tests.core.ledger.model.flows import Builder, Unable, mirrored, shares
from tests.core.ledger.model.history import TRANSIT, History, Move, Standards
from tests.core.ledger.model.papers import (
    Act,
    Document,
    Hold,
    Paper,
    Release,
    Reserve,
    Setup,
    Step,
    Undo,
)
from tests.core.ledger.model.pools import ZERO, When
from tests.core.ledger.model.stock import Promise, Stock


@dataclass
class Posted:
    """What a paper or its reversal did. ``gone``: undone on its own date, as if it had never been."""

    act: Document
    paper: Paper
    on: date
    moves: list[Move] = field(default_factory=list)
    standards: list[tuple[str, When, Fraction]] = field(default_factory=list)
    adds: dict[When, Fraction] = field(default_factory=dict)
    """What a landed cost adds to the receipts it belongs to."""
    reversed: bool = False
    gone: bool = False
    closed: bool = False
    expired: bool = False
    since: int = 0
    """An order's turn: by its approval, or by its reopening."""
    executed: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    returned: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))


@dataclass
class Ledger:
    setup: Setup
    posted: dict[int, Posted] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    lots: dict[tuple[str, str], date] = field(default_factory=dict)
    closed_through: date | None = None
    turns: int = 0
    reserve: str = ""
    """What orders do with stock that is not there; at first as the rules say."""

    def __post_init__(self) -> None:
        self.reserve = self.setup.rules["reserve_on_order"]
        self.now = self._play(self.posted.values())

    def submit(self, act: Act) -> set[str]:
        """Carry out an act: empty, or the refusals that it deserves."""
        match act:
            case Paper():
                return self._order(act) if act.type in papers.ORDERS else self._post(act)
            case Undo():
                return self._undo(act)
            case Hold():
                known = act.lot is None or (act.item, act.lot) in self.lots
                if known:
                    self.holds[act.no] = act
                return set() if known else {"NOT_FOUND"}
            case Release():
                return set() if self.holds.pop(act.hold, None) else {"HOLD_RELEASED"}
            case Step():
                return self._step(act)
            case Reserve():
                self.reserve = act.mode
                return set()
        self.closed_through = act.through
        return set()

    # what is known

    def promises(self) -> list[Promise]:
        """What orders still promise: ordered less delivered, while they are open and in time."""
        return [
            Promise(order.paper.no, no, line.item, line.at or "", left, incoming, order.since)
            for order in self.posted.values()
            if order.paper.type in papers.PROMISING and not order.closed and not order.expired
            for incoming in [order.paper.type == "purchase_order"]
            if incoming or self.reserve != "off"
            for no, line in enumerate(order.paper.lines, 1)
            if (left := line.pieces - order.executed[no]) > 0
        ]

    def stock(self, history: History) -> Stock:
        """What may be taken at a moment of history, with the promises and holds of today."""
        holds = list(self.holds.values())
        return Stock(self.setup, history.on_hand, self.promises(), holds, self.lots)

    def _play(self, posted: Iterable[Posted], until: date = date.max) -> History:
        live = [p for p in posted if not p.gone]
        standards: Standards = defaultdict(list)
        adds: dict[When, Fraction] = defaultdict(Fraction)
        for one in live:
            for item, when, cost in one.standards:
                standards[item].append((when, cost))
            for when, value in one.adds.items():
                adds[when] += value
        moves = [m for one in live for m in one.moves if m.when.on <= until]
        told = [
            replace(m, given=(m.given or ZERO) + adds[m.when]) if m.when in adds else m
            for m in moves
        ]
        return History.of(self.setup, standards, told)

    # papers

    def _check(self, paper: Paper, on: date) -> set[str]:
        found = set()
        if self.closed_through is not None and on <= self.closed_through:
            found.add("PERIOD_CLOSED")
        source = self.posted.get(paper.source) if paper.source is not None else None
        if source is not None:
            right = source.paper.type in papers.SOURCES[paper.type]
            ready = right and isinstance(source.act, Paper) and not source.reversed
            if not ready or source.closed or source.on > on:
                found.add("SOURCE_NOT_READY")
        elif paper.source is not None:
            found.add("NOT_FOUND")
        return found

    def _post(self, paper: Paper) -> set[str]:
        found = self._check(paper, paper.on)
        if found:
            return found
        source = self.posted[paper.source] if paper.source is not None else None
        new = Posted(paper, paper, paper.on)
        repost = paper.type == "landed_cost" and self.setup.rules["landed_cost"] == "repost"
        then = self._play(self.posted.values(), until=paper.on)
        known = source.paper if source is not None else None
        builder = Builder(self.setup, self.stock(then), then, paper, known)
        try:
            if repost:
                assert source is not None
                by_line = {m.line: m.when for m in source.moves}
                new.adds = {by_line[no]: s for no, s in shares(paper, source.paper).items()}
            else:
                new.moves = builder.build()
        except Unable as unable:
            return {unable.code}
        if paper.type == "standard_cost":
            when = When(paper.on, paper.no, 0)
            new.standards = [(line.item, when, line.price or ZERO) for line in paper.lines]
        own = self._fulfilled(paper)
        found |= self._progress(paper, source)
        after = self._play([*self.posted.values(), new])
        found |= self._refused(after, new, own)
        if found:
            return found
        self.now = after
        self.posted[paper.no] = new
        self.lots |= builder.made
        self._carry_out(paper, source)
        return set()

    def _carry_out(self, paper: Paper, source: Posted | None) -> None:
        for line in paper.lines:
            if source is not None and line.source_line is not None:
                done = source.returned if paper.type in papers.RETURNS else source.executed
                done[line.source_line] += line.pieces

    def _progress(self, paper: Paper, source: Posted | None) -> set[str]:
        """No source line is carried out, or returned, beyond its quantity."""
        wanted: dict[int, Fraction] = defaultdict(Fraction)
        for line in paper.lines:
            if source is not None and line.source_line is not None:
                wanted[line.source_line] += line.pieces
        for no, quantity in wanted.items():
            assert source is not None
            done = source.returned if paper.type in papers.RETURNS else source.executed
            if done[no] + quantity > source.paper.lines[no - 1].pieces:
                return {"BEYOND_ORDER"}
        return set()

    def _fulfilled(self, paper: Paper) -> list[tuple[Promise, Fraction]]:
        wanted: dict[int, Fraction] = defaultdict(Fraction)
        if paper.type not in papers.RETURNS:
            for line in paper.lines:
                if line.source_line is not None:
                    wanted[line.source_line] += line.pieces
        return [
            (p, min(p.quantity, wanted[p.line])) for p in self.promises() if p.order == paper.source
        ]

    def _refused(
        self, after: History, new: Posted, own: Iterable[tuple[Promise, Fraction]] = ()
    ) -> set[str]:
        """Why history may not be like this from now on: at a later date, or today."""
        found = self._shortages(after, {m.when for m in new.moves})
        found |= self._worthless(new)
        found |= self._uncounted(after, new)
        cells = {*after.on_hand, *self.now.on_hand}
        changes = {c: after.on_hand[c] - self.now.on_hand[c] for c in cells}
        moved = {cell: change for cell, change in changes.items() if change}
        if new.paper.type != "count" or isinstance(new.act, Undo):  # what was counted is a fact
            sale = new.paper.type in papers.SALES
            found |= self.stock(self.now).refusals(moved, sale=sale, own=own)
        if not found and self._doubled(after):
            found.add("UNIT_ELSEWHERE")
        return found

    def _shortages(self, after: History, new: set[When]) -> set[str]:
        """A balance may not be pushed below zero on any day (rule 6.3); of what is on its way no more may
        arrive than was sent, whatever else may be short."""
        found = set()
        news = {(when.on, when.paper) for when in new}
        for cell in {*after.series, *self.now.series}:
            if cell[1] != TRANSIT and self.setup.may_go_negative(cell[0], cell[1]):
                continue
            was, now = _by_paper(self.now.series[cell]), _by_paper(after.series[cell])
            old, there = ZERO, ZERO
            for when in sorted({*was, *now}):
                old, there = was.get(when, old), now.get(when, there)
                if there < min(old, ZERO):
                    found.add("OUT_OF_STOCK" if when in news else "LATER_SHORT")
        return found

    def _uncounted(self, after: History, new: Posted) -> set[str]:
        """A unit that a count found is there: what brought it before that day is not undone."""
        news = {move.when for move in new.moves}
        counts = (
            move
            for posted in self.posted.values()
            for move in posted.moves
            if move.how == "count" and move.given and move.when not in news
        )
        for move in counts:
            was, now = self.now.own[move.when].quantity, after.own[move.when].quantity
            if self.setup.items[move.item].scope == "serial" and was != now:
                return {"UNIT_COUNTED"}
        return set()

    def _worthless(self, new: Posted) -> set[str]:
        """A cost adjustment may not take more than there is."""
        if isinstance(new.act, Undo):
            return set()
        then = self._play(self.posted.values(), until=new.on)
        for move in new.moves:
            name = move.target.pool
            if move.how != "adjust" or name is None:
                continue
            if then.pool(name).value + (move.given or ZERO) < 0:
                return {"NEGATIVE_COST"}
        return set()

    def _doubled(self, after: History) -> bool:
        units: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
        for (item, _, lot), quantity in after.on_hand.items():
            if lot and self.setup.items[item].scope == "serial" and quantity:
                units[item, lot].append(quantity)
        return any(found != [1] for found in units.values())

    # orders

    def _order(self, paper: Paper, known: Posted | None = None) -> set[str]:
        source = (
            self.posted.get(paper.source) if known is None and paper.source is not None else None
        )
        found = self._check(paper, paper.on) if known is None else set()
        found = found or self._progress(paper, source)
        if found:
            return found
        order = known or Posted(paper, paper, paper.on, expired=paper.expired)
        required = paper.type == "sales_order" and self.reserve == "require"
        stock = self.stock(self.now)
        for no, line in enumerate(paper.lines, 1):
            left = line.pieces - order.executed[no]
            if not required or order.expired or left <= 0:
                continue  # what has run out promises nothing
            for place in self.setup.path(line.at or ""):
                short = left > stock.available(line.item, place)
                if short and not self.setup.may_go_negative(line.item, place):
                    return {"NOT_RESERVABLE"}
            stock.promises.append(Promise(paper.no, no, line.item, line.at or "", left, False))
        order.closed = False
        self.turns += 1
        order.since = self.turns
        self.posted[paper.no] = order
        self._carry_out(paper, source)
        return set()

    def _step(self, step: Step) -> set[str]:
        order = self.posted[step.order]
        if step.event == "expire":
            order.expired = True
            return set()
        lines = enumerate(order.paper.lines, 1)
        done = all(order.executed[no] >= line.pieces for no, line in lines)
        if order.closed != (step.event == "reopen") or (done and step.event == "close"):
            return {"WRONG_STATE"}
        if step.event == "reopen":
            return self._order(order.paper, order)
        order.closed = True
        return set()

    # reversals

    def _undo(self, undo: Undo) -> set[str]:
        original = self.posted[undo.original]
        on = undo.on or original.on
        if original.reversed:
            return {"ALREADY_REVERSED"}
        if isinstance(original.act, Undo) or original.paper.type in papers.ORDERS:
            return {"NOT_REVERSIBLE"}
        live = [p for p in self.posted.values() if isinstance(p.act, Paper) and not p.reversed]
        found = {"HAS_DEPENDENTS"} if any(p.paper.source == undo.original for p in live) else set()
        found |= self._check(replace(original.paper, source=None), on)
        found |= {"BEFORE_ORIGINAL"} if on < original.on else set()
        if found:
            return found
        new = Posted(undo, original.paper, on)
        gone = on == original.on or bool(original.adds)
        if not gone:
            new.moves = mirrored(self.setup, self.now, original.moves, undo.no, on)
            new.standards = self._restored(original, When(on, undo.no, 0))
        kept = [replace(p, gone=gone) if p is original else p for p in self.posted.values()]
        after = self._play([*kept, new])
        found = self._refused(after, new)
        if found:
            return found
        self.now = after
        original.reversed, original.gone = True, gone
        self.posted[undo.no] = new
        source = self.posted.get(original.paper.source or 0)
        for line in original.paper.lines:
            if source is not None and line.source_line is not None:
                returning = original.paper.type in papers.RETURNS
                done = source.returned if returning else source.executed
                done[line.source_line] -= line.pieces
        return set()

    def _restored(self, original: Posted, when: When) -> list[tuple[str, When, Fraction]]:
        """From the reversal on, the standards hold that would hold without the original."""
        found = []
        for item, began, _ in original.standards:
            others = [(w, c) for w, c in self.now.standards[item] if w != began and w <= when]
            cost = max(others)[1] if others else self.setup.items[item].standard
            found.append((item, when, cost))
        return found


def _by_paper(series: dict[When, Fraction]) -> dict[tuple[date, int], Fraction]:
    """A balance after each paper: its lines are one moment."""
    return {(when.on, when.paper): there for when, there in sorted(series.items())}
