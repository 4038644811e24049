"""What a bill of material tells: its tree, what a quantity needs, costs, and how many can be made.

The tree comes as a list in the order of reading, however deep: depth is an argument and no nesting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Annotated, TypeVar

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, Refusal, Refused, Transaction, clean
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills.graphql.bills import COST, READ, BomManufacturingLine, item_of
from plugins.bom_manufacturing.bills.graphql.saving import LONGEST_TEXT
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules import records as record
from plugins.bom_manufacturing.bills.rules.bom import Node, decimal_up, explode, indented
from schema.plugin_api import (
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Page,
    argument,
    connection,
    field,
    input_type,
    object_type,
    page_of,
    query_field,
    uuid_of,
)

T = TypeVar("T")
MOST_NODES = 100_000
"""Nodes of a tree that can be read: beyond, the ways down are too many to be of use."""


@input_type
class BomManufacturingAttributeInput:
    """An attribute of the variant that is made."""

    attribute: str = field("The attribute, such as the colour.")
    value: str = field("Its value.")


@object_type(permission=READ)
class BomManufacturingNode:
    """A line of the indented bill."""

    record: strawberry.Private[Node]
    level: int = field("How far below the product, from 1.")
    quantity: Decimal = field("What is needed here, rounded up at six decimals.")
    line: BomManufacturingLine = field("The line.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await item_of(info, self.record.line.item)

    @field
    async def parent(self, info: Info) -> Item | None:
        """What it goes into."""
        return await item_of(info, self.record.parent)


@object_type(permission=READ)
class BomManufacturingNeed:
    """How much of an item a quantity needs, over all levels."""

    key: strawberry.Private[record.Item]
    level: int = field("Its low-level code (低位码): the longest way down to it.")
    quantity: Decimal = field("How much, rounded up at six decimals.")
    made: bool = field("Whether it is made, by a bill of its own.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await item_of(info, self.key)


@object_type(permission=READ)
class BomManufacturingUse:
    """What an item goes into."""

    key: strawberry.Private[record.Item]
    distance: int = field("The shortest way up to it: 1 where the item stands in its bill.")

    @field
    async def item(self, info: Info) -> Item | None:
        """What is made."""
        return await item_of(info, self.key)


@object_type(permission=READ)
class BomManufacturingCanBuild:
    """How many can be made of what is there and not promised."""

    quantity: int | None = field("Whole units; null where nothing limits it.")
    short: list[BomManufacturingNeed] = field("What one more would lack.")


@object_type(permission=COST)
class BomManufacturingStandard:
    """What one of a made item costs by its bill, of the run that the bill describes."""

    key: strawberry.Private[record.Item]
    level: int = field("Its low-level code (低位码): 0 is the item that was asked for.")
    current: Decimal | None = field("The standard cost that is in force; null where there is none.")
    rolled_up: Decimal = field("What it should be, at six decimals.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await item_of(info, self.key)


ItemId = Annotated[strawberry.ID, argument("What is made.")]
Quantity = Annotated[Decimal, argument("How much is made, in base units.")]
On = Annotated[dt.date | None, argument("The day whose versions count; today when left out.")]
Attributes = Annotated[
    list[BomManufacturingAttributeInput],
    argument(
        "The attributes of the variant, where it is not what is told of the item; lines on conditions that do"
        " not hold are left out."
    ),
]


class Queries:
    """Questions to bills."""

    @query_field(permission=READ)
    async def bom_manufacturing_tree(
        self,
        info: Info,
        item_id: ItemId,
        quantity: Quantity = record.ONE,
        depth: Annotated[int, argument("How many levels to show.")] = 1,
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingNode]:
        """The bill as a tree, in the order of reading from above: each node after the one it goes
        into."""
        page = page_of(first, after, key=(int,))
        start = page.after[0] if page.after else 0
        _check(quantity, "quantity")
        if not 1 <= depth <= bills.DEEPEST:
            details = {"field": "depth", "wanted": f"1 … {bills.DEEPEST}", "value": depth}
            raise Refused(Refusal(check.OUT_OF_RANGE, ("depth",), details))
        if not 0 <= start <= MOST_NODES:
            details = {"field": "after", "limit": MOST_NODES}
            raise Refused(Refusal(LIMIT_EXCEEDED, ("after",), details))
        async with info.context.reading() as tx:
            asked = await ask_bill(tx, item_id, on, attributes)
        nodes = indented(asked.boms, asked.item, quantity, depth, asked.variant)
        shown = islice(enumerate(nodes, start=1), start, start + page.limit)
        return connection(
            page,
            list(shown),
            node=lambda row: BomManufacturingNode(
                record=row[1],
                level=row[1].level,
                quantity=decimal_up(row[1].quantity),
                line=BomManufacturingLine.of(row[0], row[1].line),
            ),
            cursor=lambda row: (row[0],),
        )

    @query_field(permission=READ)
    async def bom_manufacturing_explode(
        self,
        info: Info,
        item_id: ItemId,
        quantity: Quantity = record.ONE,
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingNeed]:
        """What a quantity needs over all levels, each item once, the highest levels first. What is lost
        at set-up is lost once for each item that is made."""
        page = page_of(first, after, key=(int,))
        _check(quantity, "quantity")
        async with info.context.reading() as tx:
            asked = await ask_bill(tx, item_id, on, attributes)
        found = explode(asked.boms, asked.item, quantity, asked.variant)
        needs = [
            BomManufacturingNeed(key=item, level=level, quantity=decimal_up(amount), made=made)
            for item, level in found.levels.items()
            for made, amounts in ((True, found.made), (False, found.bought))
            if (amount := amounts.get(item))
        ]
        return numbered(page, needs)

    @query_field(permission=READ)
    async def bom_manufacturing_where_used(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID, argument("The component.")],
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingUse]:
        """All that an item goes into by any version, directly or not, be it as an alternate; the nearest
        first (反查)."""
        page = page_of(first, after, key=(int,))
        async with info.context.reading() as tx:
            found = await bills.where_used(tx, uuid_of(item_id, "Item", "itemId"))
        return numbered(
            page, [BomManufacturingUse(key=key, distance=distance) for distance, key in found]
        )

    @query_field(permission=READ)
    async def bom_manufacturing_can_build(
        self,
        info: Info,
        item_id: ItemId,
        place_ids: Annotated[
            list[strawberry.ID] | None,
            argument("Only what lies at these places or below; all of ours when left out."),
        ] = None,
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
    ) -> BomManufacturingCanBuild:
        """How many can be made of what is there and not promised: sub-assemblies first, then what they
        are made of."""
        places = None
        if place_ids is not None:
            places = [uuid_of(one, "Place", "placeIds", n) for n, one in enumerate(place_ids)]
        async with info.context.reading() as tx:
            asked = await ask_bill(tx, item_id, on, attributes)
            most, short = await bills.can_build(tx, asked, places)
        levels = explode(asked.boms, asked.item, 1, asked.variant).levels
        return BomManufacturingCanBuild(
            quantity=most,
            short=[
                BomManufacturingNeed(
                    key=item, level=levels[item], quantity=decimal_up(amount), made=False
                )
                for item, amount in sorted(short.items(), key=lambda one: str(one[0]))
            ],
        )

    @query_field(permission=COST)
    async def bom_manufacturing_cost(
        self,
        info: Info,
        item_id: ItemId,
        quantity: Quantity = record.ONE,
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
    ) -> Decimal:
        """What a quantity would cost by its bill (成本卷积): components at the average of what is there,
        else at their standard, last known or purchase cost; every line rounded as amounts are; without what
        comes out besides."""
        _check(quantity, "quantity")
        async with info.context.reading() as tx:
            asked = await ask_bill(tx, item_id, on, attributes)
            return await bills.cost_of(tx, asked, quantity)

    @query_field(permission=COST)
    async def bom_manufacturing_roll_up(
        self,
        info: Info,
        item_id: ItemId,
        on: On = None,
        attributes: Attributes = [],  # noqa: B006 - GraphQL's default, never changed
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingStandard]:
        """What one of an item, and of all that is made on the way to it, costs by its bill: what its
        standard cost should be (标准成本卷积). The lowest level first. A document of type `standard_cost`
        puts it in force."""
        page = page_of(first, after, key=(int,))
        async with info.context.reading() as tx:
            asked = await ask_bill(tx, item_id, on, attributes)
            found = await bills.standards(tx, asked)
        rows = [
            BomManufacturingStandard(
                key=one.item, level=one.level, current=one.current, rolled_up=one.rolled_up
            )
            for one in found
        ]
        return numbered(page, rows)


def _check(quantity: Decimal, name: str) -> None:
    if found := list(check.positive(name, quantity)):
        raise Refused(*found)


async def ask_bill(
    tx: Transaction,
    item_id: strawberry.ID,
    on: dt.date | None,
    attributes: Sequence[BomManufacturingAttributeInput],
) -> bills.Asked:
    """The bills under an item, as a query asks for them."""
    return await bills.ask(tx, uuid_of(item_id, "Item", "itemId"), on, variant_of(attributes))


def variant_of(sent: Sequence[BomManufacturingAttributeInput]) -> dict[str, str]:
    """Attributes as they are sent, each with one value."""
    found: dict[str, str] = {}
    for n, one in enumerate(sent):
        path = ("attributes", n)
        try:
            name = clean(one.attribute, "attribute", LONGEST_TEXT)
            value = clean(one.value, "value", LONGEST_TEXT)
        except Refused as refused:
            raise Refused(*(each.under(*path) for each in refused.refusals)) from None
        if name in found:
            raise Refused(Refusal(check.SAME_ATTRIBUTE, (*path, "attribute"), {"attribute": name}))
        found[name] = value
    return found


def numbered(page: Page, found: Sequence[T]) -> Connection[T]:
    """A page of what is all known, in its order."""
    start = page.after[0] if page.after else 0
    rows = [row for row in enumerate(found, start=1) if row[0] > start]
    return connection(
        page, rows[: page.limit], node=lambda row: row[1], cursor=lambda row: (row[0],)
    )


EXTENSION = Extension(queries=Queries)
