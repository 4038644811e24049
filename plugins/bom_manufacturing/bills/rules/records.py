"""A bill of material as the rules see it: items are whatever names them, ids or codes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

Item = Hashable
ZERO, ONE = Decimal(0), Decimal(1)


class Supply(StrEnum):
    """How a component gets to the work (供料方式)."""

    ISSUE = "issue"  # picked and issued (领料)
    BACKFLUSH = "backflush"  # taken when the product is reported (倒冲)
    PROCESSOR = "processor"  # the processor's own (加工方自备): costs us nothing, we need none
    CONSUMABLE = "consumable"  # kept ready at the work, never short (耗材)

    @property
    def taken(self) -> bool:
        """Whether it is taken from stock of ours for what is made."""
        return self in (Supply.ISSUE, Supply.BACKFLUSH)


class Kind(StrEnum):
    """What else comes out of the work."""

    BY_PRODUCT = "by_product"  # comes out anyway (副产品)
    CO_PRODUCT = "co_product"  # is wanted as well (联产品)


@dataclass(frozen=True, slots=True)
class Alternate:
    """What may stand in for a component (替代料): ``ratio`` of it replaces one; lower priority first."""

    item: Item
    priority: int = 1
    ratio: Decimal = ONE


@dataclass(frozen=True, slots=True)
class Line:
    """A component, for the output quantity of its bill.

    ``conditions`` names values by attribute: one of them must hold, of every attribute named. A phantom
    (虚拟件) is never made by itself: its own components take its place. The day ``valid_until`` is the last.
    """

    item: Item
    quantity: Decimal
    scrap_pct: Decimal = ZERO
    setup_loss: Decimal = ZERO
    multiple: Decimal | None = None
    phantom: bool = False
    supply: Supply = Supply.ISSUE
    valid_from: date | None = None
    valid_until: date | None = None
    conditions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    alternates: tuple[Alternate, ...] = ()

    def applies(self, attributes: Mapping[str, str], on: date | None) -> bool:
        """Whether the line belongs to a variant, on a day; without a day, on any."""
        return within(self.valid_from, self.valid_until, on) and all(
            attributes.get(name) in values for name, values in self.conditions.items()
        )

    def untold(self, attributes: Mapping[str, str], on: date | None) -> frozenset[str]:
        """The attributes that decide whether it applies and that nobody told; none where what was told
        rules it out."""
        missing = self.conditions.keys() - attributes.keys()
        if not missing or not within(self.valid_from, self.valid_until, on):
            return frozenset()
        told = (
            attributes[name] in values
            for name, values in self.conditions.items()
            if name in attributes
        )
        return frozenset(missing) if all(told) else frozenset()


@dataclass(frozen=True, slots=True)
class Output:
    """What comes out besides, for the output quantity: worth a share of the cost, or a fixed value of
    each unit."""

    item: Item
    quantity: Decimal
    kind: Kind = Kind.BY_PRODUCT
    share_pct: Decimal = ZERO
    unit_value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """Work at a station: ``minutes`` for each cycle of ``cycle_quantity``, after ``setup_minutes``."""

    minutes: Decimal
    hour_rate: Decimal
    setup_minutes: Decimal = ZERO
    efficiency_pct: Decimal = Decimal(100)
    cycle_quantity: Decimal = ONE
    whole_cycles: bool = True


@dataclass(frozen=True, slots=True)
class Bom:
    """A version of how an item is made (物料清单). The day ``valid_until`` is the last."""

    item: Item
    lines: tuple[Line, ...] = ()
    output_quantity: Decimal = ONE
    version: str = "1"
    valid_from: date | None = None
    valid_until: date | None = None
    outputs: tuple[Output, ...] = ()
    operations: tuple[Operation, ...] = ()

    def components(self) -> Iterator[Item]:
        """All that may go in, alternates too, of all variants and days."""
        for line in self.lines:
            yield line.item
            yield from (alternate.item for alternate in line.alternates)


Boms = Mapping[Item, Bom]
"""The version in force of each item that is made."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What decides which lines apply: the attributes of what is made, and the day."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    on: date | None = None


ANY = Variant()


def within(start: date | None, end: date | None, on: date | None) -> bool:
    """Whether a day lies from a start through an end; either may be open."""
    return on is None or ((start is None or start <= on) and (end is None or on <= end))
