"""What the catalogue speaks of: items, their units and barcodes, categories. Frozen records, the
drafts they are made from, and the changes that can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from core.masterdata.rules import Extensions
from core.tenancy.settings import CostingMethod, CostScope, NegativeStock

ItemKind = Literal["stocked", "service"]


@dataclass(frozen=True, slots=True)
class Category:
    """A group of items in a tree; ``path`` leads from the root to the category itself."""

    id: UUID
    parent_id: UUID | None
    code: str
    name: str
    path: tuple[UUID, ...]
    active: bool
    revision: int
    changed: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure; quantities in it have at most ``decimals`` places."""

    id: UUID
    code: str
    name: str
    decimals: int
    active: bool
    revision: int
    changed: int


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is bought, kept or sold. A variant is an item (ledger rule 1.4).

    Prices and ``standard_cost`` are per base unit, ``weight`` in kilograms and ``volume`` in litres
    per base unit. None in ``negative_stock``, ``costing_method`` and ``cost_scope`` means that the
    tenant's setting holds. ``changed`` is the mark of the last write.
    """

    id: UUID
    code: str
    name: str
    kind: ItemKind
    category_id: UUID | None
    base_unit_id: UUID
    mnemonic: str
    list_price: Decimal | None
    purchase_price: Decimal | None
    weight: Decimal | None
    volume: Decimal | None
    negative_stock: NegativeStock | None
    costing_method: CostingMethod | None
    cost_scope: CostScope | None
    standard_cost: Decimal | None
    active: bool
    revision: int
    changed: int


@dataclass(frozen=True, slots=True)
class ItemUnit:
    """1 of the unit is exactly numerator / denominator of the item's base unit (L8)."""

    item_id: UUID
    unit_id: UUID
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code that scanners read; it stands for one of ``unit_id`` of the item."""

    code: str
    item_id: UUID
    unit_id: UUID


@dataclass(frozen=True, slots=True)
class FullItem:
    """An item with its further units and its barcodes."""

    item: Item
    units: tuple[ItemUnit, ...]
    barcodes: tuple[Barcode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemUnitDraft:
    """A further unit: 1 of it is numerator / denominator base units."""

    unit_id: UUID
    numerator: Decimal
    denominator: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarcodeDraft:
    """A barcode of one of the item's units, the base unit unless another is named."""

    code: str
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item to be made. None takes the default: stocked, the tenant's first unit (pieces), the
    mnemonic of the name. Where a draft is saved over an item, None leaves what is there."""

    code: str
    name: str
    id: UUID | None = None
    kind: ItemKind | None = None
    category_id: UUID | None = None
    base_unit_id: UUID | None = None
    mnemonic: str | None = None
    list_price: Decimal | None = None
    purchase_price: Decimal | None = None
    weight: Decimal | None = None
    volume: Decimal | None = None
    negative_stock: NegativeStock | None = None
    costing_method: CostingMethod | None = None
    cost_scope: CostScope | None = None
    standard_cost: Decimal | None = None
    units: tuple[ItemUnitDraft, ...] | None = None
    barcodes: tuple[BarcodeDraft, ...] | None = None
    extensions: Extensions | None = None


class ItemChanges(TypedDict, total=False):
    """What to change: an absent field stays, None clears it. Units and barcodes come as a whole."""

    code: str
    name: str
    kind: ItemKind
    category_id: UUID | None
    base_unit_id: UUID
    mnemonic: str | None
    list_price: Decimal | None
    purchase_price: Decimal | None
    weight: Decimal | None
    volume: Decimal | None
    negative_stock: NegativeStock | None
    costing_method: CostingMethod | None
    cost_scope: CostScope | None
    standard_cost: Decimal | None
    units: tuple[ItemUnitDraft, ...]
    barcodes: tuple[BarcodeDraft, ...]
    active: bool
    extensions: Extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSave:
    """One item of a bulk save: made, or written over the item with its id or, without an id, its
    code. ``revision``, where given, must be the one that is there."""

    command_id: UUID
    draft: ItemDraft
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDraft:
    """A category to be made; without a parent it is at the top."""

    code: str
    name: str
    id: UUID | None = None
    parent_id: UUID | None = None


class CategoryChanges(TypedDict, total=False):
    """What to change; ``parent_id`` None moves the category to the top."""

    code: str
    name: str
    parent_id: UUID | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraft:
    """A unit of measure to be made."""

    code: str
    name: str
    decimals: int = 0
    id: UUID | None = None


class UnitChanges(TypedDict, total=False):
    """What to change; decimals may only grow, for quantities were already entered with them."""

    code: str
    name: str
    decimals: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items to list; None admits all. A category stands for everything below it, too."""

    search: str | None = None
    category_id: UUID | None = None
    kinds: tuple[ItemKind, ...] | None = None
    active: bool | None = True
    changed_since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFilter:
    """Which categories to list; None admits all. ``within`` takes everything below it, too."""

    within: UUID | None = None
    active: bool | None = True
    changed_since: int | None = None
