"""Items, units, barcodes and categories as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.catalogue import records, tables
from core.db.database import Transaction
from schema.access import field, guarded_field, object_type
from schema.context import Info
from schema.masterdata import ACTIVE, CHANGED, CODE, REVISION, by_code, children_page
from schema.policies import CostingMethod, CostScope, NegativeStock
from schema.relay import After, Connection, First, Node, Page, connection


@strawberry.enum(description="Whether there is stock of an item.")
class ItemKind(Enum):
    """Fixed once the item has moved."""

    STOCKED = enum_value("stocked", description="Goods: the books keep their quantity and cost.")
    SERVICE = enum_value("service", description="Freight, labour, fees: sold and bought, not kept.")


# Batch functions, for `schema.context.Context.load`


async def units_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Unit]:
    found = await tables.units_by_id(tx, keys)
    return {key: Unit.of(record) for key, record in found.items()}


async def categories_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Category]:
    found = await tables.categories_by_id(tx, keys)
    return {key: Category.of(record) for key, record in found.items()}


async def categories_by_code(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Category]:
    found = await by_code(tx, keys, tables.categories.by_code)
    return {key: Category.of(record) for key, record in found.items()}


async def children_of_categories(
    tx: Transaction, keys: Sequence[UUID], page: Page
) -> Mapping[UUID, list[records.Category]]:
    after = page.after[0] if page.after else None
    return await tables.categories.children(tx, keys, after=after, limit=page.limit)


async def items_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Item]:
    found = await tables.items_by_id(tx, keys)
    return {key: Item.of(record) for key, record in found.items()}


async def items_by_code(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Item]:
    found = await by_code(tx, keys, tables.items_by_code)
    return {key: Item.of(record) for key, record in found.items()}


async def barcodes_by_code(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Barcode]:
    found = await tables.items_by_barcode(tx, keys)
    return {key: Barcode.of(record) for key, record in found.items()}


async def units_of_items(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[ItemUnit]]:
    found = await tables.units_of_items(tx, keys)
    return {key: [ItemUnit.of(record) for record in some] for key, some in found.items()}


async def barcodes_of_items(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Barcode]]:
    found = await tables.barcodes_of_items(tx, keys)
    return {key: [Barcode.of(record) for record in some] for key, some in found.items()}


# Types


@object_type(permission="catalogue.read", node=units_by_id)
class Unit(Node):
    """A unit of measure (计量单位)."""

    code: str = field(CODE)
    name: str = field("Its name.")
    decimals: int = field("How many decimal places a quantity in it may have.")
    active: bool = field(ACTIVE)
    revision: int = field(REVISION)
    changed: int = field(CHANGED)

    @classmethod
    def of(cls, record: records.Unit) -> Unit:
        return cls(
            uuid=record.id,
            code=record.code,
            name=record.name,
            decimals=record.decimals,
            active=record.active,
            revision=record.revision,
            changed=record.changed,
        )


@object_type(permission="catalogue.read", node=categories_by_id)
class Category(Node):
    """A group of items, in a tree."""

    record: strawberry.Private[records.Category]
    code: str = field(CODE)
    name: str = field("Its name.")
    active: bool = field(ACTIVE)
    revision: int = field(REVISION)
    changed: int = field(CHANGED)

    @classmethod
    def of(cls, record: records.Category) -> Category:
        return cls(
            uuid=record.id,
            record=record,
            code=record.code,
            name=record.name,
            active=record.active,
            revision=record.revision,
            changed=record.changed,
        )

    @field
    async def parent(self, info: Info) -> Category | None:
        """The category it lies in; null at the top."""
        return await info.context.load(categories_by_id, self.record.parent_id)

    @field
    async def ancestors(self, info: Info) -> list[Category]:
        """The categories it lies in, from the top down, without itself."""
        found = [info.context.load(categories_by_id, key) for key in self.record.path[:-1]]
        return [category for one in found if (category := await one)]

    @field
    async def children(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Category]:
        """The categories directly in it, by code, archived ones included."""
        page = children_page(first, after)
        found = await info.context.load(children_of_categories, self.uuid, page)
        return connection(page, found or [], node=Category.of, cursor=lambda row: (row.id,))


@object_type(permission="catalogue.read")
class ItemUnit:
    """A further unit of an item, with its exact ratio to the base unit."""

    unit_id: strawberry.Private[UUID]
    numerator: Decimal = field("1 of this unit is `numerator` / `denominator` base units.")
    denominator: Decimal = field("See `numerator`. A ratio like 1/3 stays exact this way.")

    @classmethod
    def of(cls, record: records.ItemUnit) -> ItemUnit:
        return cls(
            unit_id=record.unit_id, numerator=record.numerator, denominator=record.denominator
        )

    @field
    async def unit(self, info: Info) -> Unit:
        """The unit."""
        unit = await info.context.load(units_by_id, self.unit_id)
        assert unit is not None
        return unit


@object_type(permission="catalogue.read")
class Barcode:
    """A code that scanners read. It stands for one of a unit of an item: a bottle, a case."""

    record: strawberry.Private[records.Barcode]
    code: str = field("What the scanner reads. Unique in the tenant.")

    @classmethod
    def of(cls, record: records.Barcode) -> Barcode:
        return cls(record=record, code=record.code)

    @field
    async def item(self, info: Info) -> Item:
        """The item it stands for."""
        item = await info.context.load(items_by_id, self.record.item_id)
        assert item is not None
        return item

    @field
    async def unit(self, info: Info) -> Unit:
        """The unit it stands for one of."""
        unit = await info.context.load(units_by_id, self.record.unit_id)
        assert unit is not None
        return unit


@object_type(permission="catalogue.read", node=items_by_id)
class Item(Node):
    """Something that is bought, kept or sold (商品). Each variant is an item of its own.

    Prices and costs are in the tenant's currency per base unit.
    """

    record: strawberry.Private[records.Item]
    code: str = field(CODE)
    name: str = field("Its name.")
    kind: ItemKind = field("Whether there is stock of it.")
    mnemonic: str = field("Its mnemonic code (助记码), such as the initials of the pinyin.")
    list_price: Decimal | None = field("What customers pay unless agreed otherwise.")
    purchase_price: Decimal | None = guarded_field(
        "What suppliers are usually paid.", permission="cost.read"
    )
    standard_cost: Decimal | None = guarded_field(
        "The cost that is set, where items are valued at standard cost.", permission="cost.read"
    )
    weight: Decimal | None = field("Kilograms of one base unit.")
    volume: Decimal | None = field("Litres of one base unit.")
    negative_stock: NegativeStock | None = field(
        "Whether its stock may go below zero; null: as the place or the settings say."
    )
    costing_method: CostingMethod | None = field("Its valuation; null: as the settings say.")
    cost_scope: CostScope | None = field("What shares one cost pool; null: as the settings say.")
    active: bool = field(ACTIVE)
    revision: int = field(REVISION)
    changed: int = field(CHANGED)

    @classmethod
    def of(cls, record: records.Item) -> Item:
        return cls(
            uuid=record.id,
            record=record,
            code=record.code,
            name=record.name,
            kind=ItemKind(record.kind),
            mnemonic=record.mnemonic,
            list_price=record.list_price,
            purchase_price=record.purchase_price,
            standard_cost=record.standard_cost,
            weight=record.weight,
            volume=record.volume,
            negative_stock=record.negative_stock and NegativeStock(record.negative_stock),
            costing_method=record.costing_method and CostingMethod(record.costing_method),
            cost_scope=record.cost_scope and CostScope(record.cost_scope),
            active=record.active,
            revision=record.revision,
            changed=record.changed,
        )

    @field
    async def category(self, info: Info) -> Category | None:
        """The category it lies in."""
        return await info.context.load(categories_by_id, self.record.category_id)

    @field
    async def base_unit(self, info: Info) -> Unit:
        """The unit its stock is kept in."""
        unit = await info.context.load(units_by_id, self.record.base_unit_id)
        assert unit is not None
        return unit

    @field
    async def units(self, info: Info) -> list[ItemUnit]:
        """Its further units, the smallest first; the base unit is not among them."""
        return await info.context.load(units_of_items, self.uuid) or []

    @field
    async def barcodes(self, info: Info) -> list[Barcode]:
        """Its barcodes."""
        return await info.context.load(barcodes_of_items, self.uuid) or []
