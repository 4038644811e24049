"""A pool: goods that share one cost, their value, and the layers they came in.

Value is carried and unit cost derived: whoever empties the pool takes all that is left, so no cent
stays behind with quantity zero (rule 5.4; domain §12.1). Every pool keeps layers whatever its method,
because returns, landed cost and a later change of method need to know which receipt is left (5.3).
A *negative* layer is an issue that left before its goods arrived: it holds the value that was booked
for it, and the next receipt settles it first (domain §1, negative stock).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from core.ledger.records import ZERO, Event, Leg, Method, Origin, PoolKey

_EXACT = Context(prec=60)
_COST = Decimal(1).scaleb(-12)
"""Unit costs kept for later (last known cost) are rounded half up at 12 decimals: they only ever
price what has no cost of its own, never what is carried."""


def unit_cost(value: Decimal, quantity: Decimal) -> Decimal:
    """Value by quantity, half up at 12 decimals; zero quantity costs nothing."""
    if not quantity:
        return ZERO
    return _EXACT.divide(value, quantity).quantize(_COST, ROUND_HALF_UP, context=_EXACT)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a layer that leaves or arrives: the value is the layer's own, not the average's."""

    origin: Origin
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Settled:
    """An earlier issue whose goods have arrived: ``true_up`` is arrival cost less booked cost."""

    origin: Origin
    quantity: Decimal
    booked: Decimal
    true_up: Decimal

    @property
    def event(self) -> Event:
        return Event(self.origin.sequence, self.origin.flow)


@dataclass(slots=True)
class Pool:
    """``quantity`` in base units, ``value`` in the tenant's currency at ``cent`` precision.

    The layers' quantities always sum to ``quantity`` and are all of one sign; under FIFO and below
    zero their values sum to ``value`` too.
    """

    key: PoolKey
    method: Method
    cent: Decimal
    quantity: Decimal = ZERO
    value: Decimal = ZERO
    last_cost: Decimal = ZERO
    first_cost: Decimal = ZERO
    """What a unit was taken to cost before anything came in; the item's price may change afterwards."""
    layers: dict[Origin, Leg] = field(default_factory=dict)
    changes: dict[Origin, Leg] = field(default_factory=dict)
    """What happened to layers since the last :meth:`drain`."""

    def drain(self) -> dict[Origin, Leg]:
        """The layer changes of the event that just happened."""
        changes, self.changes = self.changes, {}
        return changes

    def round(self, amount: Decimal) -> Decimal:
        """Amounts are rounded half up, away from zero, at the tenant's amount decimals (rule 5.4)."""
        return amount.quantize(self.cent, ROUND_HALF_UP, context=_EXACT)

    def portion(self, value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
        """``value × part / whole``, rounded; the whole takes all of it."""
        if part == whole:
            return value
        return self.round(_EXACT.divide(_EXACT.multiply(value, part), whole))

    def share(self, part: Decimal) -> Decimal:
        """The value of a part of what is there; nothing where there is nothing."""
        held = min(part, self.quantity)
        return self.portion(self.value, held, self.quantity) if held > 0 else ZERO

    def spread(self, slices: list[Slice], value: Decimal) -> list[Slice]:
        """The slices at a stated value in all, by quantity."""
        whole = sum((part.quantity for part in slices), ZERO)
        seen, given, parts = ZERO, ZERO, []
        for part in slices:
            seen += part.quantity
            share = self.portion(value, seen, whole) - given
            given += share
            parts.append(Slice(part.origin, part.quantity, share))
        return parts

    def cost(self) -> Decimal:
        """What one unit costs now; below zero or empty, the last known cost."""
        if self.quantity > 0:
            return unit_cost(self.value, self.quantity)
        return self.last_cost

    def at(self, cost: Decimal, quantity: Decimal) -> Decimal:
        return self.round(_EXACT.multiply(cost, quantity))

    def take(
        self,
        quantity: Decimal,
        origin: Origin,
        *,
        first: Origin | None = None,
        standard: Decimal | None = None,
        forced: Decimal | None = None,
    ) -> tuple[Decimal, list[Slice]]:
        """Take goods out and return their value and the slices they were.

        ``first`` names a layer to take from before all others (a return to the supplier takes from
        its receipt); ``forced`` is the value wanted instead of the method's, of which an averaging
        pool gives what it has (FIFO layers have values of their own). What is not there becomes a
        negative layer of ``origin`` at the last known cost.
        """
        there = min(quantity, max(self.quantity, ZERO))
        slices = list(self._slices(there, first))
        if standard is not None:
            value = self._at_standard(standard, -quantity)
        elif there and self.method is Method.FIFO:
            value = sum((s.value for s in slices), ZERO)
        elif there and forced is not None:
            value = self.value if there == self.quantity else max(ZERO, min(forced, self.value))
        else:
            value = self.portion(self.value, there, self.quantity) if there else ZERO
        if self.quantity > 0:
            latest = self._latest(slices)
            self.last_cost = unit_cost(latest.value, latest.quantity)
        self._drop(slices)
        short = quantity - there
        if short:
            if standard is not None:
                booked = value - self.portion(value, there, quantity) if there else value
            else:
                booked = self.at(self.last_cost, short)
                value += booked
            slices.append(Slice(origin, short, booked))
            self._lay(origin, -short, -booked)
        self.quantity -= quantity
        self.value -= value
        return value, slices

    def put(
        self, slices: list[Slice], value: Decimal, *, standard: Decimal | None = None
    ) -> tuple[Decimal, list[Settled]]:
        """Bring goods in and return the value absorbed and the earlier issues that they settle.

        Under standard cost the pool absorbs the standard; the caller books the difference.
        """
        quantity = sum((s.quantity for s in slices), ZERO)
        if not quantity:
            return ZERO, []
        absorbed = value if standard is None else self._at_standard(standard, quantity)
        settled: list[Settled] = []
        rest = slices
        if self.quantity < 0:
            settled, rest = self._settle(slices, quantity, absorbed, standard)
        for part in rest:
            self._lay(part.origin, part.quantity, part.value)
        self.quantity += quantity
        self.value += absorbed - sum((s.true_up for s in settled), ZERO)
        if self.method is Method.FIFO or self.quantity <= 0:
            self.last_cost = unit_cost(absorbed, quantity)
        else:
            self.last_cost = unit_cost(self.value, self.quantity)
        return absorbed, settled

    def revalue(self, value: Decimal, *, anew: bool = False) -> Decimal:
        """Set the pool's value and return the change, which is spread over its layers by quantity;
        under FIFO a decrease by value, for a cheap layer cannot bear as much of it as a dear one.
        ``anew`` says that all that is there has one cost from now on, so that layers lose their own.
        """
        change = value - self.value
        layers = sorted(self.layers.items())
        by_value = self.method is Method.FIFO and not anew and change < 0 < self.quantity
        weights = [layer.value if by_value else layer.quantity for _, layer in layers]
        whole, spread = sum(weights, ZERO), value if anew else change
        given, seen = ZERO, ZERO
        for (origin, layer), weight in zip(layers, weights, strict=True):
            seen += weight
            share = self.portion(spread, seen, whole) - given
            given += share
            step = share - layer.value if anew else share
            layer.value += step
            self._note(origin, ZERO, step)
        self.value = value
        if self.quantity > 0:
            self.last_cost = unit_cost(value, self.quantity)
        return change

    def enrich(self, origin: Origin, change: Decimal) -> None:
        """Add value to one layer, as a landed cost does that reaches only one receipt."""
        self.layers[origin].value += change
        self._note(origin, ZERO, change)
        self.value += change
        self.last_cost = unit_cost(self.value, self.quantity)

    def _latest(self, slices: list[Slice]) -> Leg:
        """What the last known cost is read from: under FIFO the layer taken last, for its price goes
        on for what is sold short (rule read in odoo's stock_account tests), else the whole pool."""
        if self.method is Method.FIFO and slices:
            return self.layers[max(part.origin for part in slices)]
        return Leg(self.quantity, self.value)

    def _at_standard(self, standard: Decimal, change: Decimal) -> Decimal:
        """At standard cost the pool is worth its quantity at standard, always: the absolute value of
        the change is what keeps it so, and no rounding drifts."""
        return abs(self.at(standard, self.quantity + change) - self.value)

    def _slices(self, quantity: Decimal, first: Origin | None) -> Iterator[Slice]:
        order = sorted(self.layers, key=lambda origin: (origin != first, origin))
        for origin in order:
            if quantity <= 0:
                return
            layer = self.layers[origin]
            if layer.quantity <= 0:
                continue
            part = min(quantity, layer.quantity)
            yield Slice(origin, part, self.portion(layer.value, part, layer.quantity))
            quantity -= part

    def _settle(
        self,
        slices: list[Slice],
        quantity: Decimal,
        value: Decimal,
        standard: Decimal | None,
    ) -> tuple[list[Settled], list[Slice]]:
        """Let what arrives fill the oldest shortages first; the rest becomes layers."""
        settled: list[Settled] = []
        filled, spent = ZERO, ZERO
        for origin in sorted(self.layers):
            layer = self.layers[origin]
            if filled == quantity or layer.quantity >= 0:
                continue
            part = min(quantity - filled, -layer.quantity)
            booked = self.portion(-layer.value, part, -layer.quantity)
            filled += part
            arrived = self.portion(value, filled, quantity) - spent
            spent += arrived
            true_up = ZERO if standard is not None else arrived - booked
            settled.append(Settled(origin, part, booked, true_up))
            self._lay(origin, part, booked)
        rest: list[Slice] = []
        left = quantity - filled
        worth = value - spent
        for part_ in slices:
            skip = min(part_.quantity, filled)
            filled -= skip
            kept = part_.quantity - skip
            if kept:
                share = self.portion(worth, kept, left)
                rest.append(Slice(part_.origin, kept, share))
                left -= kept
                worth -= share
        return settled, rest

    def _drop(self, slices: list[Slice]) -> None:
        for part in slices:
            self._lay(part.origin, -part.quantity, -part.value)

    def _lay(self, origin: Origin, quantity: Decimal, value: Decimal) -> None:
        layer = self.layers.setdefault(origin, Leg())
        layer.quantity += quantity
        layer.value += value
        if not layer.quantity:
            del self.layers[origin]
        self._note(origin, quantity, value)

    def _note(self, origin: Origin, quantity: Decimal, value: Decimal) -> None:
        change = self.changes.setdefault(origin, Leg())
        change.quantity += quantity
        change.value += value
