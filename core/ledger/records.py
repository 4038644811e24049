"""The words of the ledger as frozen records: positions, pools, flows, legs.

A *flow* is one movement of one item from a place to a place, as a document's line asks for it. The
valuation turns it into *legs*, the signed entries that are written. Flows are what is replayed when
late news arrives; legs are what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from uuid import UUID, uuid5

from core.ids import NIL

ZERO = Decimal(0)
PENDING = 2**62
"""Sequences from here on are provisional: they follow everything posted, and become real numbers
when the tenant's sequence row, the last lock of a posting, has given them."""

_POOLS = UUID("6f1d2c9e-6f0b-5d0e-9a6c-4f2a5b0c7d11")
_LOTS = UUID("0b7c2f0e-93a4-5c1d-8f0a-1d9b6a7e3c22")


class Method(StrEnum):
    """How an issue is valued (domain §1). LIFO is absent: CAS 1 and IFRS forbid it."""

    MOVING_AVERAGE = "moving_average"
    FIFO = "fifo"
    STANDARD = "standard"
    SPECIFIC = "specific"  # the lot's or unit's own cost: an average over a pool of one lot


class Scope(StrEnum):
    """Which goods share one cost (ledger rule 5.2)."""

    ITEM = "item"
    ITEM_PLACE = "item_place"
    ITEM_LOT = "item_lot"
    ITEM_LOT_PLACE = "item_lot_place"
    SERIAL = "serial"


class Basis(StrEnum):
    """Where a flow's value comes from. ``given`` and ``rate`` of the flow mean, per basis:"""

    GIVEN = "given"  # given: the value told by the document (receipt, opening, drop shipment)
    COST = "cost"  # the pool decides (issue, move)
    CURRENT = "current"  # comes in at the pool's current cost (gain, unlinked return)
    LINKED = "linked"  # at what the linked line cost, corrections included (return)
    SHARE = "share"  # given: percent, None = the rest; rate: extra cost of the conversion
    WORTH = "worth"  # given: what an output is worth, as far as the cost goes; rate: as for share
    COUNT = "count"  # given: counted quantity or None; rate: new unit cost or None
    ADJUST = "adjust"  # given: value added to the pool
    STANDARD = "standard"  # rate: the new standard cost per base unit
    MIRROR = "mirror"  # the exact negative of the linked event


OUTPUT = (Basis.SHARE, Basis.WORTH)
"""What a conversion made."""


class Position(NamedTuple):
    """Where an event stands in history: by business date, then in the order of entry (rule 6.4)."""

    on: date
    sequence: int
    flow: int


class Event(NamedTuple):
    """Names an event for ever: the document's posting number and the flow within it."""

    sequence: int
    flow: int


class PoolKey(NamedTuple):
    """What shares one cost; the nil id stands for "not told apart by this"."""

    item: UUID
    place: UUID
    lot: UUID
    document: UUID

    @property
    def id(self) -> UUID:
        """A pool's id follows from its key, so that nobody has to look it up or race to make it."""
        return _pool_id(self)


@lru_cache(maxsize=65536)
def _pool_id(key: PoolKey) -> UUID:
    return uuid5(_POOLS, f"{key.item}{key.place}{key.lot}{key.document}")


@lru_cache(maxsize=65536)
def lot_id(item: UUID, code: str) -> UUID:
    """A lot's id follows from its item and code: two receipts of one lot meet on the same row."""
    return uuid5(_LOTS, f"{item}{code}")


class BalanceKey(NamedTuple):
    """A balance row: item, place, lot (rule 1.4)."""

    item: UUID
    place: UUID
    lot: UUID


class Balances(MutableMapping[BalanceKey, Decimal]):
    """Balances, found by key, and by item without looking at the others."""

    def __init__(self, balances: Mapping[BalanceKey, Decimal] | None = None) -> None:
        self._items: dict[UUID, dict[BalanceKey, Decimal]] = {}
        self.update(balances or {})

    def of(self, item: UUID) -> Mapping[BalanceKey, Decimal]:
        """The balances of one item."""
        return self._items.get(item, {})

    def __getitem__(self, key: BalanceKey) -> Decimal:
        return self._items[key.item][key]

    def __setitem__(self, key: BalanceKey, quantity: Decimal) -> None:
        self._items.setdefault(key.item, {})[key] = quantity

    def __delitem__(self, key: BalanceKey) -> None:
        del self._items[key.item][key]

    def __iter__(self) -> Iterator[BalanceKey]:
        return chain.from_iterable(self._items.values())

    def __len__(self) -> int:
        return sum(len(found) for found in self._items.values())


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a flow. A place that holds our goods has a pool; a virtual place has none."""

    place: UUID
    pool: PoolKey | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """One movement as asked for: ``quantity`` in base units, not negative (a count's is derived)."""

    event: Event
    on: date
    document: UUID
    line: int
    item: UUID
    lot: UUID
    quantity: Decimal
    source: Side
    target: Side
    basis: Basis
    given: Decimal | None = None
    rate: Decimal | None = None
    link: tuple[int, int] | None = None
    """The line this flow goes back to, as (posting sequence, line number)."""
    added: Decimal = ZERO
    """Landed cost that was put on a conversion's output since; of other receipts it is in ``given``."""

    @property
    def position(self) -> Position:
        return Position(self.on, self.event.sequence, self.event.flow)


class LegKey(NamedTuple):
    """Tells the legs of one event apart. ``settles`` names the issue that a true-up settles."""

    place: UUID
    lot: UUID
    pool: UUID | None
    settles: Event | None


@dataclass(slots=True)
class Leg:
    """A signed amount of goods and money at one place."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO


Legs = dict[LegKey, Leg]


class Origin(NamedTuple):
    """Which receipt a layer comes from. It is kept through moves, transit and arrival (rule 5.3)."""

    on: date
    sequence: int
    flow: int


class LayerKey(NamedTuple):
    pool: UUID
    origin: Origin


@dataclass(slots=True)
class Outcome:
    """What one flow did: its legs, and how it changed layers."""

    legs: Legs = field(default_factory=dict)
    layers: dict[LayerKey, Leg] = field(default_factory=dict)

    def add(
        self,
        side: Side,
        lot: UUID,
        quantity: Decimal,
        value: Decimal,
        settles: Event | None = None,
    ) -> None:
        key = LegKey(side.place, lot, side.pool.id if side.pool else None, settles)
        leg = self.legs.setdefault(key, Leg())
        leg.quantity += quantity
        leg.value += value

    def layer(self, pool: UUID, origin: Origin, quantity: Decimal, value: Decimal) -> None:
        leg = self.layers.setdefault(LayerKey(pool, origin), Leg())
        leg.quantity += quantity
        leg.value += value


def pool_key(scope: Scope, item: UUID, place: UUID, lot: UUID, root_lot: UUID) -> PoolKey:
    """The pool of goods at a place, by the item's cost scope. ``root_lot`` is the batch of a unit."""
    match scope:
        case Scope.ITEM:
            return PoolKey(item, NIL, NIL, NIL)
        case Scope.ITEM_PLACE:
            return PoolKey(item, place, NIL, NIL)
        case Scope.ITEM_LOT:
            return PoolKey(item, NIL, root_lot, NIL)
        case Scope.ITEM_LOT_PLACE:
            return PoolKey(item, place, root_lot, NIL)
        case Scope.SERIAL:
            return PoolKey(item, NIL, lot, NIL)
