"""What may still be promised and what may still leave (ledger rule 4, `domain.md` §2).

On hand is what is there; allocated is what is promised to someone; held is locked by quality or
recall. *Available* is on hand less all of these and less the safety threshold. A negative
threshold allows selling ahead of stock: promising is not shipping, so shipping is checked
against what is on hand alone.

Figures are kept below zero and shown at zero: a shortage that was hidden would be promised
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from core.errors import define, refuse

NOT_AVAILABLE = define(
    "NOT_AVAILABLE",
    en="{asked} cannot be promised: {available} is available.",
    zh="无法预留 {asked}:可用量为 {available}。",
)
NOT_ON_HAND = define(
    "NOT_ON_HAND",
    en="{asked} cannot leave: {on_hand} is on hand.",
    zh="无法发出 {asked}:现存量为 {on_hand}。",
)
NOT_ALLOCATED = define(
    "NOT_ALLOCATED",
    en="{asked} cannot be released: {allocated} is reserved.",
    zh="无法释放 {asked}:已预留 {allocated}。",
)
BELOW_ZERO = define(
    "BELOW_ZERO",
    en="The quantity must not be below zero; {quantity} is.",
    zh="数量不能为负,{quantity} 无效。",
)

ZERO = Decimal(0)


def available(
    on_hand: Decimal,
    allocated: Decimal = ZERO,
    held: Decimal = ZERO,
    threshold: Decimal = ZERO,
) -> Decimal:
    """What may still be promised at one place or over many; below zero where too much was
    promised.
    """
    return on_hand - allocated - held - threshold


def available_along(levels: Iterable[Decimal]) -> Decimal:
    """What may be taken at a place, given what is available there and at each of its ancestors.

    The scarcest level decides (ledger rule 4.1): bins A 5 and B 5, eight promised by the store,
    leave two in B. ValueError without any level.
    """
    return min(levels)


def shown(quantity: Decimal) -> Decimal:
    """A quantity as people see it: never below zero."""
    return max(ZERO, quantity)


@dataclass(frozen=True, slots=True)
class Cell:
    """Stock of one item at one place, or of one row within it, with what is promised of it."""

    on_hand: Decimal
    allocated: Decimal = ZERO
    threshold: Decimal = ZERO
    on_order: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What may still be promised, below zero where too much was."""
        return available(self.on_hand, self.allocated, self.held, self.threshold)

    @property
    def saleable(self) -> Decimal:
        """What may still be promised, as shown."""
        return shown(self.available)

    @property
    def projected(self) -> Decimal:
        """On hand and on order less reserved: what will be there once everything known has
        happened.
        """
        return self.on_hand + self.on_order - self.allocated

    def allocate(self, quantity: Decimal, *, allow_backorder: bool = False) -> Cell:
        """Promise ``quantity``. Refuses more than is available unless backorders are allowed."""
        _not_negative(quantity)
        if quantity > self.saleable and not allow_backorder:
            raise refuse(NOT_AVAILABLE, "quantity", asked=quantity, available=self.saleable)
        return replace(self, allocated=self.allocated + quantity)

    def release(self, quantity: Decimal) -> Cell:
        """Take a promise back. Refuses more than was promised (rule read in odoo's quant tests)."""
        _not_negative(quantity)
        if quantity > self.allocated:
            raise refuse(NOT_ALLOCATED, "quantity", asked=quantity, allocated=self.allocated)
        return replace(self, allocated=self.allocated - quantity)

    def ship(self, quantity: Decimal) -> Cell:
        """Let ``quantity`` leave, using up its promise first. Refuses more than is on hand and
        not held.
        """
        _not_negative(quantity)
        there = self.on_hand - self.held
        if quantity > there:
            raise refuse(NOT_ON_HAND, "quantity", asked=quantity, on_hand=there)
        used = min(quantity, self.allocated)
        return replace(self, on_hand=self.on_hand - quantity, allocated=self.allocated - used)

    def adjust_to(self, counted: Decimal, *, trim_reservation: bool = False) -> Cell:
        """What a count leaves. Trimming gives up promises that the goods found cannot keep.

        Finding goods again does not restore them: whoever lost his promise may have bought
        elsewhere.
        """
        _not_negative(counted)
        kept = min(self.allocated, counted) if trim_reservation else self.allocated
        return replace(self, on_hand=counted, allocated=kept)

    def with_threshold(self, threshold: Decimal) -> Cell:
        """Keep ``threshold`` back from sale, or allow selling that much ahead where it is negative."""
        return replace(self, threshold=threshold)

    def reallocate(self, demand: Decimal) -> Cell:
        """Promise anew, as much of the whole open ``demand`` as the stock allows."""
        _not_negative(demand)
        unpromised = replace(self, allocated=ZERO)
        return replace(self, allocated=min(demand, unpromised.saleable))


class Strategy(StrEnum):
    """The order in which rows of stock are taken (出库策略); equal rows keep the order of entry."""

    FIFO = "fifo"  # received first
    LIFO = "lifo"  # received last, and of those the one entered last
    PLACE = "place"  # in the order in which the places are named
    CLOSEST = "closest"  # by distance, then by the name of the place
    LARGEST = "largest"  # fewest rows touched
    SMALLEST = "smallest"  # small rests are used up
    FULL_FIRST = (
        "full_first"  # whole pallets as long as they fit, the rest from the smallest that holds it
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of stock that an issue may take from; ``received`` sorts as given, blank is
    oldest.
    """

    name: str
    place: str
    free: Decimal
    received: str = ""
    distance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Picked:
    """What was taken from which row, and what is missing."""

    picks: tuple[tuple[Row, Decimal], ...]
    short: Decimal


def reservable(rows: Iterable[Decimal], quantity: Decimal) -> Decimal:
    """How much of ``quantity`` can be reserved over rows whose available quantities are given.

    The total decides, not each row: a row promised beyond its stock takes from the others (rule
    read in odoo's ``stock.quant``: 5 with 7 promised beside 12 with 10 promised leaves nothing).
    """
    _not_negative(quantity)
    return min(quantity, shown(sum(rows, ZERO)))


def pick(
    rows: Sequence[Row],
    quantity: Decimal,
    strategy: Strategy = Strategy.FIFO,
    *,
    places: Sequence[str] | None = None,
    all_or_nothing: bool = False,
) -> Picked:
    """Take ``quantity`` from the rows, in the order of the strategy, in ``places`` only if
    given.

    Never takes more than :func:`reservable`. With ``all_or_nothing`` a shortage takes nothing at
    all.
    """
    offered = [row for row in rows if places is None or row.place in places]
    wanted = reservable((row.free for row in offered), quantity)
    if all_or_nothing and wanted < quantity:
        return Picked((), quantity)
    stocked = [row for row in offered if row.free > 0]
    picks = []
    left = wanted
    for row in _in_order(stocked, strategy, wanted, places):
        if left <= 0:
            break
        taken = min(left, row.free)
        picks.append((row, taken))
        left -= taken
    return Picked(tuple(picks), quantity - wanted)


def _in_order(
    rows: list[Row], strategy: Strategy, wanted: Decimal, places: Sequence[str] | None
) -> list[Row]:
    match strategy:
        case Strategy.FIFO:
            return sorted(rows, key=lambda row: row.received)
        case Strategy.LIFO:
            # A stable sort upside down, so that of two rows of one day the later entered leads.
            return sorted(rows, key=lambda row: row.received)[::-1]
        case Strategy.PLACE:
            named = list(places or dict.fromkeys(row.place for row in rows))
            return sorted(rows, key=lambda row: named.index(row.place))
        case Strategy.CLOSEST:
            return sorted(rows, key=lambda row: (row.distance, row.place))
        case Strategy.LARGEST:
            return sorted(rows, key=lambda row: -row.free)
        case Strategy.SMALLEST:
            return sorted(rows, key=lambda row: row.free)
    return _full_first(rows, wanted)


def _full_first(rows: list[Row], wanted: Decimal) -> list[Row]:
    """Whole rows, largest first, while they fit; then the smallest row that holds the rest, else
    by size.
    """
    full: list[Row] = []
    broken: list[Row] = []
    left = wanted
    for row in sorted(rows, key=lambda row: -row.free):
        if row.free <= left:
            full.append(row)
            left -= row.free
        else:
            broken.append(row)
    return full + sorted(broken, key=lambda row: row.free)


def _not_negative(quantity: Decimal) -> None:
    if quantity < 0:
        raise refuse(BELOW_ZERO, "quantity", quantity=quantity)
