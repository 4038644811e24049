"""Finding items, units, barcodes and categories."""

from __future__ import annotations

from typing import Annotated, cast

import strawberry

from core.catalogue import records, tables
from schema.access import field, input_type, query_field
from schema.catalogue import (
    Barcode,
    Category,
    Item,
    ItemKind,
    Unit,
    barcodes_by_code,
    categories_by_code,
    categories_by_id,
    items_by_code,
    items_by_id,
)
from schema.context import Info
from schema.masterdata import (
    ACTIVE_FILTER,
    CHANGED_SINCE,
    SEARCH,
    CodeArgument,
    IdArgument,
    MasterDataOrder,
    OrderArgument,
    listed,
    one_of,
)
from schema.relay import After, Connection, First, optional_uuid, uuid_of


@input_type
class ItemFilterInput:
    """Which items; all that is given must hold."""

    search: str | None = field(
        SEARCH.format(where="code, name, mnemonic or a barcode"), default=None
    )
    category_id: strawberry.ID | None = field(
        "In this category or anywhere below it.", default=None
    )
    kind: ItemKind | None = field("Of this kind.", default=None)
    active: bool | None = field(ACTIVE_FILTER, default=None)
    changed_since: int | None = field(CHANGED_SINCE, default=None)

    def wanted(self) -> records.ItemFilter:
        """The core's filter."""
        return records.ItemFilter(
            search=self.search,
            category_id=optional_uuid(self.category_id, "Category", "filter", "category_id"),
            kinds=(cast(records.ItemKind, self.kind.value),) if self.kind else None,
            active=self.active,
            changed_since=self.changed_since,
        )


@input_type
class CategoryFilterInput:
    """Which categories; all that is given must hold."""

    within_id: strawberry.ID | None = field("This one and all below it.", default=None)
    active: bool | None = field(ACTIVE_FILTER, default=None)
    changed_since: int | None = field(CHANGED_SINCE, default=None)

    def wanted(self) -> records.CategoryFilter:
        """The core's filter."""
        return records.CategoryFilter(
            within=optional_uuid(self.within_id, "Category", "filter", "within_id"),
            active=self.active,
            changed_since=self.changed_since,
        )


BarcodeArgument = Annotated[
    str | None, strawberry.argument(description="One of its barcodes, in place of the id.")
]
ScannedArgument = Annotated[str, strawberry.argument(description="What the scanner read.")]
ItemsWanted = Annotated[ItemFilterInput | None, strawberry.argument(description="Which items.")]
CategoriesWanted = Annotated[
    CategoryFilterInput | None, strawberry.argument(description="Which categories.")
]
ActiveArgument = Annotated[bool | None, strawberry.argument(description=ACTIVE_FILTER)]


class Queries:
    """Finding items, units and categories."""

    @query_field(permission="catalogue.read")
    async def item(
        self,
        info: Info,
        id: IdArgument = None,
        code: CodeArgument = None,
        barcode: BarcodeArgument = None,
    ) -> Item | None:
        """One item by its id, its code or a barcode. `barcode` tells its unit, too."""
        one_of(id=id, code=code, barcode=barcode)
        if id is not None:
            return await info.context.load(items_by_id, uuid_of(id, "Item", "id"))
        if code is not None:
            return await info.context.load(items_by_code, code)
        scanned = await info.context.load(barcodes_by_code, barcode or "")
        return await info.context.load(items_by_id, scanned.record.item_id) if scanned else None

    @query_field(permission="catalogue.read")
    async def items(
        self,
        info: Info,
        filter: ItemsWanted = None,
        order_by: OrderArgument = MasterDataOrder.CODE,
        first: First = None,
        after: After = None,
    ) -> Connection[Item]:
        """Items, a page at a time."""
        wanted = (filter or ItemFilterInput()).wanted()
        paging = (first, after)
        return await listed(
            info, wanted, order_by, paging, tables.list_items, tables.count_items, Item.of
        )

    @query_field(permission="catalogue.read")
    async def barcode(self, info: Info, code: ScannedArgument) -> Barcode | None:
        """What a scanned code stands for: the item and its unit. Null if it is nobody's."""
        return await info.context.load(barcodes_by_code, code)

    @query_field(permission="catalogue.read")
    async def units(self, info: Info, active: ActiveArgument = None) -> list[Unit]:
        """All units of measure by code; there are dozens at most."""
        async with info.context.reading() as tx:
            return [Unit.of(record) for record in await tables.list_units(tx, active=active)]

    @query_field(permission="catalogue.read")
    async def category(
        self, info: Info, id: IdArgument = None, code: CodeArgument = None
    ) -> Category | None:
        """One category by its id or its code."""
        one_of(id=id, code=code)
        if id is not None:
            return await info.context.load(categories_by_id, uuid_of(id, "Category", "id"))
        return await info.context.load(categories_by_code, code or "")

    @query_field(permission="catalogue.read")
    async def categories(
        self,
        info: Info,
        filter: CategoriesWanted = None,
        order_by: OrderArgument = MasterDataOrder.CODE,
        first: First = None,
        after: After = None,
    ) -> Connection[Category]:
        """Categories, a page at a time. Each names its parent, from which a tree is made."""
        wanted = (filter or CategoryFilterInput()).wanted()
        return await listed(
            info,
            wanted,
            order_by,
            (first, after),
            tables.list_categories,
            tables.count_categories,
            Category.of,
        )
