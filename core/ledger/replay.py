"""Late news: a posting dated before what is already in the books.

Nothing is rewritten. History from the late position on is played again in memory, with the news in its
place, and where an event comes out differently the difference is appended, named after the event that
it corrects (rule 6.4). Quantities must hold at every later date, up to the next count (rule 6.3).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from core.errors import Refusal, Refused, define
from core.ids import NIL
from core.ledger.decide import Posted
from core.ledger.records import (
    OUTPUT,
    ZERO,
    BalanceKey,
    Basis,
    Event,
    Flow,
    LayerKey,
    Leg,
    Legs,
    Outcome,
    PoolKey,
    Position,
)
from core.ledger.state import State
from core.ledger.stock import short

K = TypeVar("K", bound=Hashable)

LATER_SHORT = define(
    "LATER_SHORT",
    en="{item} would be short at {place} on {date}: a later document needs these goods.",
    zh="{item} 在 {place} 于 {date} 将出现负库存:之后的单据需要这些货。",
)
UNIT_COUNTED = define(
    "UNIT_COUNTED",
    en="{lot} of {item} was counted on {date}, after this: reverse that count first, or date this later.",
    zh="{item} 的 {lot} 之后已于 {date} 盘点:请先红冲该盘点,或使用更晚的日期。",
)


@dataclass(slots=True)
class Past:
    """An event as the books have it: what was asked for, and what was written for it in all."""

    flow: Flow
    legs: Legs = field(default_factory=dict)
    layers: dict[LayerKey, Leg] = field(default_factory=dict)


@dataclass(slots=True)
class Replayed:
    """What a replay found: the new events as they came out, and corrections of the old ones."""

    entries: list[Posted] = field(default_factory=list)
    corrections: list[Posted] = field(default_factory=list)


def replay(
    state: State,
    past: Iterable[Past],
    late: Iterable[Flow],
    *,
    amended: dict[Event, Decimal] | None = None,
    reversed_: frozenset[int] = frozenset(),
) -> Replayed:
    """Play ``past`` again with the ``late`` flows among it.

    ``state.books`` stand as they did before the first of them and are left as they are after the last.
    ``amended`` adds to what events were given (landed cost); the events of ``reversed_`` postings are
    left out, as if they had never been: their reversal is entries of the reversing document.
    """
    result = Replayed()
    check = _Check(state)
    old = {p.flow.position: p for p in past}
    new = {flow.position: flow for flow in late}
    for position in sorted([*old, *new]):
        known = old.get(position)
        check.at(position)
        flow = new[position] if known is None else known.flow
        if known is not None and flow.event.sequence in reversed_:
            outcome = Outcome()
        else:
            if amended and (more := amended.get(flow.event)):
                flow = _with_cost(flow, more)
            outcome = state.books.apply(flow)
        check.add(flow, outcome.legs, known.legs if known else {})
        if known is None:
            result.entries.append(Posted(flow, outcome.legs, outcome.layers, flow.given))
            continue
        legs = difference(outcome.legs, known.legs)
        if flow.event.sequence not in reversed_:
            _check_counted(state, flow, legs)
        layers = difference(outcome.layers, known.layers)
        if legs or layers:
            given = (amended or {}).get(flow.event)
            result.corrections.append(Posted(known.flow, legs, layers, given))
    check.done()
    return result


def _check_counted(state: State, flow: Flow, changes: Legs) -> None:
    """Goods that were counted are there, whatever is undone before that: the count finds more than was
    known. A unit cannot be so: whoever undoes how it came means that it is not there. Raises Refused."""
    lot = state.lots.get(flow.lot)
    found = flow.basis is Basis.COUNT and bool(flow.given)
    if lot is None or not (found and lot.is_unit and any(leg.quantity for leg in changes.values())):
        return
    details = {"item": state.items[flow.item].code, "lot": lot.code, "date": flow.on.isoformat()}
    raise Refused(Refusal(UNIT_COUNTED, ("lines",), details))


def _with_cost(flow: Flow, more: Decimal) -> Flow:
    """The flow with landed cost on it, which is told by itself where a conversion brought the goods."""
    if flow.basis in OUTPUT:
        return replace(flow, added=flow.added + more)
    return replace(flow, given=(flow.given or ZERO) + more)


def difference(new: dict[K, Leg], old: dict[K, Leg]) -> dict[K, Leg]:
    """``new`` less ``old``, without what is equal."""
    changes: dict[K, Leg] = {}
    for key in [*new, *(k for k in old if k not in new)]:
        now, was = new.get(key, Leg()), old.get(key, Leg())
        change = Leg(now.quantity - was.quantity, now.value - was.value)
        if change.quantity or change.value:
            changes[key] = change
    return changes


@dataclass(slots=True)
class _Change:
    """What the flows of one document change on a balance, and the last of them; ``news`` says that none
    of them had been in the books."""

    flow: Flow
    place: UUID
    quantity: Decimal = ZERO
    news: bool = True


@dataclass(slots=True)
class _Check:
    """The news may lower a later balance only as far as it stays at or above zero: after each document
    as a whole, for its lines are one moment (a transfer may bring with one line what it takes with
    another)."""

    state: State
    shift: dict[BalanceKey, Decimal] = field(default_factory=dict)
    changes: dict[BalanceKey, _Change] = field(default_factory=dict)
    waiting: dict[PoolKey, Flow] = field(default_factory=dict)
    """The pools of what waits that the document touched: each must hold by itself, for what another
    order has in work is none of this one's."""
    document: tuple[date, int] | None = None

    def at(self, position: Position) -> None:
        """An event comes next: if it is another document's, the one before is done. Raises Refused."""
        if self.document != position[:2]:
            self.done()
            self.document = position[:2]

    def add(self, flow: Flow, now: Legs, was: Legs) -> None:
        for key in {*now, *was}:
            if key.pool is None:
                continue
            balance = BalanceKey(flow.item, key.place, key.lot)
            change = self.changes.setdefault(balance, _Change(flow, key.place))
            change.quantity += now.get(key, Leg()).quantity - was.get(key, Leg()).quantity
            change.flow, change.news = flow, change.news and not was
        for side in (flow.source, flow.target):
            if side.pool is not None and side.pool.document != NIL:
                self.waiting[side.pool] = flow

    def done(self) -> None:
        """The document is complete. Raises Refused."""
        state, changes, waiting = self.state, self.changes, self.waiting
        self.changes, self.waiting = {}, {}
        for pool, flow in waiting.items():
            if state.books.pool(pool).quantity < 0:
                raise self._later_short(pool.item, pool.place, flow)
        for balance, change in changes.items():
            shift = self.shift[balance] = self.shift.get(balance, ZERO) + change.quantity
            there = state.books.balances.get(balance, ZERO)
            allowed = state.may_go_negative(balance.item, change.place)
            if allowed or shift >= 0 or there >= 0:
                continue
            if change.news:  # the news itself finds too little on its own day
                wanted, found = -change.quantity, there - change.quantity
                raise Refused(short(state, balance.item, change.place, wanted, found))
            raise self._later_short(balance.item, change.place, change.flow)

    def _later_short(self, item: UUID, place: UUID, flow: Flow) -> Refused:
        details = {
            "item": self.state.items[item].code,
            "place": self.state.places.by_id[place].code,
            "date": flow.on.isoformat(),
        }
        return Refused(Refusal(LATER_SHORT, ("lines",), details))


def opposite(
    past: Past, event: Event, document: UUID, on: date, *, at_standard: bool = False
) -> Flow:
    """The flow of a reversal on another date than the original's: the goods go back where they came
    from, at what they have cost; what only moved value gives it back. ``at_standard`` says that the
    item is kept at standard cost."""
    own = sum((leg.value for key, leg in past.legs.items() if key.pool is not None), ZERO)
    moved = sum((leg.quantity for key, leg in past.legs.items() if key.pool is not None), ZERO)
    old = past.flow
    flow = replace(old, event=event, document=document, on=on, given=None, rate=None, link=None)
    if at_standard and old.basis is Basis.STANDARD:  # back to the standard that is in force again
        return replace(flow, rate=old.rate)
    counted = old.basis is Basis.COUNT
    if counted and moved < 0:
        return replace(flow, basis=Basis.GIVEN, quantity=-moved, given=-own)
    if old.basis in (Basis.ADJUST, Basis.STANDARD) or (counted and not moved):
        return replace(flow, basis=Basis.ADJUST, given=-own, link=old.link)
    if old.source.pool is None and old.target.pool is None:
        came = sum(
            (leg.value for key, leg in past.legs.items() if key.place == old.target.place), ZERO
        )
        return replace(flow, source=old.target, target=old.source, basis=Basis.GIVEN, given=came)
    return replace(
        flow,
        source=old.target,
        target=old.source,
        quantity=moved if counted else old.quantity,
        basis=Basis.MIRROR,
        link=(old.event.sequence, old.line),
    )
