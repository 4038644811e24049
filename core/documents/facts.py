"""What is known of items, places and parties when a document is resolved or posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit an item is kept in: base units per unit, and the decimals a quantity may have."""

    ratio: Fraction
    decimals: int


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a posting knows of an item."""

    id: UUID
    code: str
    stocked: bool
    active: bool
    base_unit_id: UUID
    units: Mapping[UUID, UnitFacts]
    purchase_price: Decimal | None = None
    standard_cost: Decimal | None = None
    weight: Decimal | None = None
    volume: Decimal | None = None
    negative_stock: str | None = None
    costing_method: str | None = None
    cost_scope: str | None = None
    moved_through: date | None = None


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What a posting knows of a place; ``path`` leads from the root to the place itself. ``outside`` says
    that a processor has the goods there."""

    id: UUID
    code: str
    path: tuple[UUID, ...]
    holds_stock: bool
    active: bool
    account: str | None = None
    negative_stock: str | None = None
    zone: str | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """What a posting knows of a party."""

    id: UUID
    code: str
    name: str
    is_supplier: bool
    is_customer: bool
    country: str | None = None
    address: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """What drafts are resolved against. A missing id is somebody else's or nobody's: the same."""

    items: Mapping[UUID, ItemFacts]
    places: Mapping[UUID, PlaceFacts]
    parties: Mapping[UUID, PartyFacts] = field(default_factory=dict)
    amount_dp: int = 2
    prices_include_tax: bool = False
    modules: frozenset[str] = frozenset()
    """What is switched on: a type of another module is none."""
