"""The valuation: applies flows to pools, one after the other, and says what each was worth.

This one function values what is posted today and what is replayed when late news arrives (rule 6.4);
the two cannot drift apart. It is pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from core.ledger.pools import Pool, Settled, Slice
from core.ledger.records import (
    ZERO,
    BalanceKey,
    Balances,
    Basis,
    Event,
    Flow,
    Method,
    Origin,
    Outcome,
    PoolKey,
    Position,
    Side,
)

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The virtual places that the valuation itself books to."""

    true_up: UUID
    price_difference: UUID
    standard_variance: UUID


@dataclass(slots=True)
class Cost:
    """What a posted line has cost so far: goods and value that went through it, unsigned."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO


@dataclass(slots=True)
class Conversion:
    """What a document has taken out of stock so far, and what it has given to its outputs."""

    taken: Decimal = ZERO
    given: Decimal = ZERO


@dataclass(slots=True)
class Policy:
    """How one item is valued. ``standards`` are (position, cost) in order of position."""

    method: Method
    cent: Decimal
    last_price: Decimal = ZERO
    """Prices what has no cost of its own yet (domain §5: gains at the last price when none)."""
    standards: list[tuple[Position, Decimal]] = field(default_factory=list)

    def standard_at(self, position: Position) -> Decimal | None:
        """The standard in force at a position; None unless the method is standard cost."""
        if self.method is not Method.STANDARD:
            return None
        found = ZERO
        for since, cost in self.standards:
            if since > position:
                break
            found = cost
        return found


@dataclass(slots=True)
class Books:
    """The working set of a posting or a replay: pools, balances, and what lines have cost.

    ``costs`` is keyed by (posting sequence, line): the returns of that line read it. ``returned``
    keeps how much of it went back, so that many part returns never return a cent too many.
    """

    accounts: Accounts
    policies: dict[UUID, Policy]
    pools: dict[PoolKey, Pool] = field(default_factory=dict)
    balances: Balances = field(default_factory=Balances)
    costs: dict[tuple[int, int], Cost] = field(default_factory=dict)
    events: dict[Event, Cost] = field(default_factory=dict)
    """What each event of those lines has cost: a reversal gives every lot and bin back its own."""
    returned: dict[tuple[int, int], Cost] = field(default_factory=dict)
    origins: dict[tuple[int, int], Origin] = field(default_factory=dict)
    """The layer that a received line made, for returns to the supplier."""
    lines: dict[Event, tuple[int, int]] = field(default_factory=dict)
    """Which line an event belongs to: a true-up corrects the cost of the line it settles."""
    conversions: dict[UUID, Conversion] = field(default_factory=dict)
    backs: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """The line that a returning line goes back to: undoing the return makes it returnable again."""

    def pool(self, key: PoolKey) -> Pool:
        pool = self.pools.get(key)
        if pool is None:
            policy = self.policies[key.item]
            price = policy.last_price
            pool = Pool(key, policy.method, policy.cent, last_cost=price, first_cost=price)
            self.pools[key] = pool
        return pool

    def apply(self, flow: Flow) -> Outcome:
        """Value one flow, move the pools and balances, and return its legs and layer changes."""
        outcome = Outcome()
        _APPLY[flow.basis](self, flow, outcome)
        for side in (flow.source, flow.target):
            if side.pool is not None:
                pool = self.pool(side.pool)
                for origin, change in pool.drain().items():
                    outcome.layer(pool.key.id, origin, change.quantity, change.value)
        for key, leg in outcome.legs.items():
            if key.pool is not None and leg.quantity:
                balance = BalanceKey(flow.item, key.place, key.lot)
                self.balances[balance] = self.balances.get(balance, ZERO) + leg.quantity
        return outcome

    # what each kind of flow does; the order is that of Basis

    def _move(self, flow: Flow, out: Outcome, forced: Decimal | None = None) -> None:
        """Out of the source, into the target: at the pool's cost, or the value that is forced."""
        value, slices = self._leave(flow, out, forced)
        self._arrive(flow, out, value, slices)
        self._remember(flow, value)

    def _given(self, flow: Flow, out: Outcome) -> None:
        value = flow.given or ZERO
        out.add(flow.source, flow.lot, -flow.quantity, -value)
        self._arrive(flow, out, value, [self._slice(flow, value)])
        self._remember(flow, value)
        assert flow.line is not None
        self.origins[flow.event.sequence, flow.line] = self._origin(flow)

    def _current(self, flow: Flow, out: Outcome) -> None:
        assert flow.target.pool is not None
        cost = self._current_cost(flow, flow.target.pool)
        value = self.pool(flow.target.pool).at(cost, flow.quantity) + (flow.given or ZERO)
        out.add(flow.source, flow.lot, -flow.quantity, -value)
        self._arrive(flow, out, value, [self._slice(flow, value)])
        self._remember(flow, value)

    def _linked(self, flow: Flow, out: Outcome) -> None:
        """A return at what the line it goes back to has cost, corrections included, by running
        total over its part returns (domain §1, returns)."""
        assert flow.link is not None
        back = self.returned.setdefault(flow.link, Cost())
        until = back.quantity + flow.quantity
        value = self._part(flow, self.costs.get(flow.link), until, back.value)
        back.quantity, back.value = until, back.value + value
        self.backs[flow.event.sequence, flow.line] = flow.link
        self._exchange(flow, out, value)

    def _exchange(self, flow: Flow, out: Outcome, value: Decimal) -> None:
        """Move goods at a stated value; what the pool does not hold of it is price difference."""
        if flow.source.pool is None:
            out.add(flow.source, flow.lot, -flow.quantity, -value)
            self._arrive(flow, out, value, [self._slice(flow, value)])
        else:
            taken, slices = self._leave(flow, out, value)
            if flow.target.pool is None:
                out.add(flow.target, flow.lot, flow.quantity, value)
            else:
                worth = self.pool(flow.target.pool).spread(slices, value)
                self._arrive(flow, out, value, worth)
            self._difference(flow, out, self.accounts.price_difference, taken - value)
        self._remember(flow, value)

    def _share(self, flow: Flow, out: Outcome) -> None:
        """An output of a conversion takes its share of what went in, or what it is said to be worth; the
        last takes the rest. No more is given than there is, also where late news leaves less of it: the
        rest of a conversion cannot be worth less than nothing."""
        under_way = self.conversions.setdefault(flow.document, Conversion())
        whole = under_way.taken + (flow.rate or ZERO)
        assert flow.target.pool is not None
        pool = self.pool(flow.target.pool)
        left = whole - under_way.given
        if flow.given is None:
            value = left
        else:
            told = flow.basis is Basis.WORTH
            value = flow.given if told else pool.portion(whole, flow.given, _HUNDRED)
            value = min(value, max(left, ZERO))
        under_way.given += value
        value += flow.added
        out.add(flow.source, flow.lot, -flow.quantity, -value)
        self._arrive(flow, out, value, [self._slice(flow, value)])
        self._remember(flow, value)
        self.origins[flow.event.sequence, flow.line] = self._origin(flow)

    def _count(self, flow: Flow, out: Outcome) -> None:
        """The book is brought to what was counted at this moment of history (rule 6.3), then, where
        a unit cost was stated, all that is there is valued anew at it."""
        assert flow.target.pool is not None
        book = self.balances.get(BalanceKey(flow.item, flow.target.place, flow.lot), ZERO)
        counted = book if flow.given is None else flow.given
        pool = self.pool(flow.target.pool)
        self._to_standard(flow, flow.target, out)
        change = counted - book
        elsewhere = pool.value - pool.share(book)
        value = ZERO
        if change > 0:
            current = self._current_cost(flow, flow.target.pool)
            cost = current if flow.rate is None else flow.rate
            value = pool.at(cost, change)
            self._arrive(flow, out, value, [self._slice(flow, value, change)], change)
        elif change < 0:
            value, _ = pool.take(
                -change, self._origin(flow), standard=self._standard(flow, flow.target)
            )
            value = -value
            out.add(flow.target, flow.lot, change, value)
        else:
            out.add(flow.target, flow.lot, ZERO, ZERO)
        out.add(flow.source, flow.lot, -change, -value)
        self._remember(flow, value, change)
        at_standard = pool.method is Method.STANDARD
        if flow.rate is not None and pool.quantity > 0 and not at_standard:
            there = min(counted, pool.quantity)
            worth = pool.at(flow.rate, there)
            alone = there == pool.quantity  # else the pool has goods elsewhere, which keep theirs
            anew = self._set_value(flow, out, worth if alone else elsewhere + worth, anew=alone)
            self._remember(flow, anew, ZERO)  # a reversal gives all of it back

    def _adjust(self, flow: Flow, out: Outcome) -> None:
        """Value is added: to the layer of the linked receipt if it is there, else to all there is.
        Stock at standard cost stays at its standard: the value goes to the variance (rule 5.5). Where
        late news has left nothing that could carry it, it is price difference."""
        assert flow.target.pool is not None
        pool, change = self.pool(flow.target.pool), flow.given or ZERO
        origin = self.origins.get(flow.link) if flow.link else None
        at_standard = pool.method is Method.STANDARD
        added = change if pool.quantity and not at_standard else ZERO
        if pool.quantity > 0:  # what has left with its value cannot be taken away here
            there = pool.layers[origin].value if origin in pool.layers else pool.value
            added = max(added, -there)
        if added and origin in pool.layers:
            pool.enrich(origin, added)
        elif added:
            pool.revalue(pool.value + added)
        out.add(flow.target, flow.lot, ZERO, added)
        accounts = self.accounts
        rest = accounts.standard_variance if at_standard else accounts.price_difference
        self._difference(flow, out, rest, change - added)
        out.add(flow.source, flow.lot, ZERO, -change)

    def _restandard(self, flow: Flow, out: Outcome) -> None:
        """All that is there has a new unit cost: the stated one, or the standard that is in force."""
        assert flow.target.pool is not None
        assert flow.rate is not None
        pool = self.pool(flow.target.pool)
        standard = self._standard(flow, flow.target)
        cost = flow.rate if standard is None else standard
        self._set_value(flow, out, pool.at(cost, pool.quantity), anew=True)

    def _mirror(self, flow: Flow, out: Outcome) -> None:
        """The goods of the mirrored line go back at what they came with, corrections included."""
        assert flow.link is not None
        # a reversal has its events in the order of the original's, one for one
        whole = self.events.get(Event(flow.link[0], flow.event.flow))
        value = self._part(flow, whole, flow.quantity, ZERO)
        undone = self.backs.get(flow.link)
        if undone is not None:
            back = self.returned.setdefault(undone, Cost())
            back.quantity, back.value = back.quantity - flow.quantity, back.value - value
        self._exchange(flow, out, value)

    # the parts they share

    def _part(self, flow: Flow, whole: Cost | None, until: Decimal, before: Decimal) -> Decimal:
        """What the linked line or event cost up to a quantity, less what came ``before``. What late news
        has undone, or left nothing of, cost nothing: then the goods go at what they cost now."""
        own = flow.source.pool or flow.target.pool
        assert own is not None
        if whole is None or not whole.quantity:
            return self.pool(own).at(self._current_cost(flow, own), flow.quantity)
        return self.pool(own).portion(whole.value, until, whole.quantity) - before

    def _current_cost(self, flow: Flow, pool: PoolKey) -> Decimal:
        standard = self.policies[flow.item].standard_at(flow.position)
        return self.pool(pool).cost() if standard is None else standard

    def _to_standard(self, flow: Flow, side: Side, out: Outcome) -> None:
        """Goods that late news put into a pool before the standard changed take on the new one with
        the first movement that meets them."""
        standard = self._standard(flow, side)
        if standard is None or side.pool is None:
            return
        pool = self.pool(side.pool)
        change = pool.at(standard, pool.quantity) - pool.value
        if change:
            pool.revalue(pool.value + change, anew=True)
            out.add(side, flow.lot, ZERO, change)
            self._difference(flow, out, self.accounts.standard_variance, -change)

    def _leave(
        self, flow: Flow, out: Outcome, forced: Decimal | None = None
    ) -> tuple[Decimal, list[Slice]]:
        assert flow.source.pool is not None
        if flow.source.pool == flow.target.pool:  # a move inside one pool carries no value (5.1)
            out.add(flow.source, flow.lot, -flow.quantity, ZERO)
            return ZERO, []
        self._to_standard(flow, flow.source, out)
        pool = self.pool(flow.source.pool)
        first = self.origins.get(flow.link) if flow.link else None
        standard = self._standard(flow, flow.source)
        value, slices = pool.take(
            flow.quantity, self._origin(flow), first=first, standard=standard, forced=forced
        )
        out.add(flow.source, flow.lot, -flow.quantity, -value)
        return value, slices

    def _arrive(
        self,
        flow: Flow,
        out: Outcome,
        value: Decimal,
        slices: list[Slice],
        quantity: Decimal | None = None,
    ) -> None:
        moved = flow.quantity if quantity is None else quantity
        if flow.target.pool is None:
            out.add(flow.target, flow.lot, moved, value)
            if flow.source.pool is not None and flow.basis is Basis.COST:
                self.conversions.setdefault(flow.document, Conversion()).taken += value
            return
        if flow.source.pool == flow.target.pool:
            out.add(flow.target, flow.lot, moved, ZERO)
            return
        self._to_standard(flow, flow.target, out)
        pool = self.pool(flow.target.pool)
        absorbed, settled = pool.put(slices, value, standard=self._standard(flow, flow.target))
        out.add(flow.target, flow.lot, moved, absorbed)
        self._difference(flow, out, self.accounts.standard_variance, value - absorbed)
        for part in settled:
            self._true_up(flow, out, part)

    def _true_up(self, flow: Flow, out: Outcome, part: Settled) -> None:
        """The goods of an earlier issue have arrived at another cost: the difference goes to cost of
        sales, never into the goods that are left, and names the issue (rule 5.7)."""
        if not part.true_up:
            return
        out.add(flow.target, flow.lot, ZERO, -part.true_up, part.event)
        out.add(Side(self.accounts.true_up), flow.lot, ZERO, part.true_up, part.event)
        line = self.lines.get(part.event)
        if line in self.costs:
            self.costs[line].value += part.true_up
        if part.event in self.events:
            self.events[part.event].value += part.true_up

    def _set_value(self, flow: Flow, out: Outcome, value: Decimal, *, anew: bool) -> Decimal:
        """Bring the pool to this value; returns by how much it changed."""
        assert flow.target.pool is not None
        change = self.pool(flow.target.pool).revalue(value, anew=anew)
        out.add(flow.target, flow.lot, ZERO, change)
        out.add(flow.source, flow.lot, ZERO, -change)
        return change

    def _difference(self, flow: Flow, out: Outcome, account: UUID, value: Decimal) -> None:
        if value:
            out.add(Side(account), flow.lot, ZERO, value)

    def _remember(self, flow: Flow, value: Decimal, quantity: Decimal | None = None) -> None:
        line = (flow.event.sequence, flow.line)
        self.lines[flow.event] = line
        for cost in (
            self.costs.setdefault(line, Cost()),
            self.events.setdefault(flow.event, Cost()),
        ):
            cost.quantity += flow.quantity if quantity is None else quantity
            cost.value += value

    def _origin(self, flow: Flow) -> Origin:
        return Origin(flow.on, flow.event.sequence, flow.event.flow)

    def _slice(self, flow: Flow, value: Decimal, quantity: Decimal | None = None) -> Slice:
        return Slice(self._origin(flow), flow.quantity if quantity is None else quantity, value)

    def _standard(self, flow: Flow, side: Side) -> Decimal | None:
        assert side.pool is not None
        return self.policies[flow.item].standard_at(flow.position)


_APPLY: dict[Basis, Callable[[Books, Flow, Outcome], None]] = {
    Basis.GIVEN: Books._given,
    Basis.COST: Books._move,
    Basis.CURRENT: Books._current,
    Basis.LINKED: Books._linked,
    Basis.SHARE: Books._share,
    Basis.WORTH: Books._share,
    Basis.COUNT: Books._count,
    Basis.ADJUST: Books._adjust,
    Basis.STANDARD: Books._restandard,
    Basis.MIRROR: Books._mirror,
}
