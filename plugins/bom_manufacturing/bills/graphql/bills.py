"""Bills of material over GraphQL: the versions of an item, and how they differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import stock as stored
from plugins.bom_manufacturing.bills.rules.compare import Difference
from plugins.bom_manufacturing.bills.rules.records import Alternate, Line, Output
from plugins.bom_manufacturing.bills.rules.records import Operation as Work
from plugins.bom_manufacturing.bills.stock import Stored
from plugins.bom_manufacturing.vocabulary import BomManufacturingOutputKind, BomManufacturingSupply
from schema.plugin_api import (
    PART,
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Node,
    argument,
    connection,
    field,
    guarded_field,
    items_by_id,
    object_type,
    page_of,
    query_field,
    uuid_of,
)

READ = "bom_manufacturing.read"
COST = "cost.read"


async def bills_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, BomManufacturingBom]:
    found = await stored.by_ids(tx, keys)
    return {key: BomManufacturingBom.of(one) for key, one in found.items()}


async def item_of(info: Info, key: object) -> Item | None:
    """An item that a bill names; those of stored bills are ids."""
    assert isinstance(key, UUID)
    return await info.context.load(items_by_id, key)


@object_type(permission=PART)
class BomManufacturingCondition:
    """Values of an attribute, one of which a variant must have."""

    attribute: str = field("The attribute, such as the colour.")
    values: list[str] = field("The values, one of which must hold.")


@object_type(permission=PART)
class BomManufacturingAlternate:
    """What may stand in for a component (替代料)."""

    record: strawberry.Private[Alternate]
    priority: int = field("The lowest is taken first.")
    ratio: Decimal = field("How much of it replaces one of the component.")

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await item_of(info, self.record.item)


@object_type(permission=READ)
class BomManufacturingLine:
    """A component, for the output quantity of its bill; quantities are in base units."""

    record: strawberry.Private[Line]
    number: int = field("Its place in the bill, from 1.")
    quantity: Decimal = field("How much is needed, before losses.")
    scrap_percent: Decimal = field("Scrap (损耗率), added: 3000 with 5 % are 3150.")
    setup_loss: Decimal = field("What is lost once, however much is made.")
    multiple: Decimal | None = field("The need is rounded up to multiples of this.")
    phantom: bool = field("Whether what it is made of takes its place (虚拟件).")
    supply: BomManufacturingSupply = field("How it gets to the work.")
    valid_from: dt.date | None = field("The first day; null for always.")
    valid_until: dt.date | None = field("The last day; null for ever.")
    conditions: list[BomManufacturingCondition] = field("All must hold; none for every variant.")
    alternates: list[BomManufacturingAlternate] = field("What may stand in, by priority.")

    @classmethod
    def of(cls, number: int, record: Line) -> BomManufacturingLine:
        return cls(
            record=record,
            number=number,
            quantity=record.quantity,
            scrap_percent=record.scrap_pct,
            setup_loss=record.setup_loss,
            multiple=record.multiple,
            phantom=record.phantom,
            supply=BomManufacturingSupply(record.supply.value),
            valid_from=record.valid_from,
            valid_until=record.valid_until,
            conditions=[
                BomManufacturingCondition(attribute=name, values=sorted(values))
                for name, values in sorted(record.conditions.items())
            ],
            alternates=[
                BomManufacturingAlternate(record=one, priority=one.priority, ratio=one.ratio)
                for one in record.alternates
            ],
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The component."""
        return await item_of(info, self.record.item)


@object_type(permission=READ)
class BomManufacturingOutput:
    """What comes out besides, for the output quantity."""

    record: strawberry.Private[Output]
    quantity: Decimal = field("How much comes out, in base units.")
    kind: BomManufacturingOutputKind = field("Whether it is wanted.")
    share_percent: Decimal = field("Its share of the cost.")
    unit_value: Decimal | None = guarded_field(
        "The fixed value of one, in place of a share.", permission=COST
    )

    @classmethod
    def of(cls, record: Output) -> BomManufacturingOutput:
        return cls(
            record=record,
            quantity=record.quantity,
            kind=BomManufacturingOutputKind(record.kind.value),
            share_percent=record.share_pct,
            unit_value=record.unit_value,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What comes out."""
        return await item_of(info, self.record.item)


@object_type(permission=READ)
class BomManufacturingOperation:
    """Work that is done."""

    minutes: Decimal = field("For each cycle.")
    setup_minutes: Decimal = field("Once, before the first.")
    cycle_quantity: Decimal = field("How much of the product a cycle makes.")
    whole_cycles: bool = field("Whether a cycle that was begun is paid whole.")
    efficiency_percent: Decimal = field("At 50, a cycle takes twice as long.")
    hour_rate: Decimal | None = guarded_field("What an hour costs.", permission=COST)

    @classmethod
    def of(cls, record: Work) -> BomManufacturingOperation:
        return cls(
            minutes=record.minutes,
            setup_minutes=record.setup_minutes,
            cycle_quantity=record.cycle_quantity,
            whole_cycles=record.whole_cycles,
            efficiency_percent=record.efficiency_pct,
            hour_rate=record.hour_rate,
        )


@object_type(permission=READ, node=bills_by_id)
class BomManufacturingBom(Node):
    """A version of how an item is made (物料清单)."""

    stored: strawberry.Private[Stored]
    version: str = field("Its name, unique for the item.")
    revision: int = field("Counts its changes; state it when you save over it.")
    output_quantity: Decimal = field("How much its lines are for, in base units.")
    valid_from: dt.date | None = field("The first day; null for always.")
    valid_until: dt.date | None = field("The last day; null for ever.")

    @classmethod
    def of(cls, one: Stored) -> BomManufacturingBom:
        return cls(
            uuid=one.id,
            stored=one,
            version=one.bom.version,
            revision=one.revision,
            output_quantity=one.bom.output_quantity,
            valid_from=one.bom.valid_from,
            valid_until=one.bom.valid_until,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What is made."""
        return await item_of(info, self.stored.item_id)

    @field
    def lines(self, first: First = None, after: After = None) -> Connection[BomManufacturingLine]:
        """Its components, in their order."""
        page = page_of(first, after, key=(int,))
        start = page.after[0] if page.after else 0
        numbered = [row for row in enumerate(self.stored.bom.lines, start=1) if row[0] > start]
        return connection(
            page,
            numbered[: page.limit],
            node=lambda row: BomManufacturingLine.of(*row),
            cursor=lambda row: (row[0],),
        )

    @field
    def outputs(self) -> list[BomManufacturingOutput]:
        """What comes out besides."""
        return [BomManufacturingOutput.of(one) for one in self.stored.bom.outputs]

    @field
    def operations(self) -> list[BomManufacturingOperation]:
        """The work, in its order."""
        return [BomManufacturingOperation.of(one) for one in self.stored.bom.operations]


@object_type(permission=READ)
class BomManufacturingDifference:
    """What two versions say of one item, as a component and as what comes out besides, or of the work."""

    record: strawberry.Private[Difference]
    changed: list[str] = field(
        "What differs for one unit made, such as `quantity`; `lines` where it is not in as many of both;"
        " `outputs` where it comes out besides; `operations` for the work."
    )
    before: list[BomManufacturingLine] = field("Its lines in the first version.")
    after: list[BomManufacturingLine] = field("Its lines in the second.")

    @classmethod
    def of(cls, record: Difference) -> BomManufacturingDifference:
        return cls(
            record=record,
            changed=[_NAMES.get(name, name) for name in record.changed],
            before=[BomManufacturingLine.of(n, one) for n, one in enumerate(record.before, 1)],
            after=[BomManufacturingLine.of(n, one) for n, one in enumerate(record.after, 1)],
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item; null for the work."""
        return None if self.record.item is None else await item_of(info, self.record.item)


_NAMES = {
    "scrap_pct": "scrapPercent",
    "setup_loss": "setupLoss",
    "valid_from": "validFrom",
    "valid_until": "validUntil",
}


class Queries:
    """Versions of bills."""

    @query_field(permission=READ)
    async def bom_manufacturing_bom(
        self, info: Info, id: Annotated[strawberry.ID, argument("The version.")]
    ) -> BomManufacturingBom | None:
        """A version of how an item is made; null if there is none."""
        return await info.context.load(bills_by_id, uuid_of(id, "BomManufacturingBom", "id"))

    @query_field(permission=READ)
    async def bom_manufacturing_boms(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID, argument("What is made.")],
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingBom]:
        """All versions of how an item is made, in the order in which they were first saved."""
        page = page_of(first, after, key=(UUID,))
        item = uuid_of(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await stored.versions_of(tx, item, start, page.limit)
        return connection(page, found, node=BomManufacturingBom.of, cursor=lambda one: (one.id,))

    @query_field(permission=READ)
    async def bom_manufacturing_compare(
        self,
        info: Info,
        before_id: Annotated[strawberry.ID, argument("The first version.")],
        after_id: Annotated[strawberry.ID, argument("The second version.")],
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingDifference]:
        """How two versions differ, item by item, for one unit made; the work last."""
        page = page_of(first, after, key=(int,))
        ids = [
            uuid_of(before_id, "BomManufacturingBom", "beforeId"),
            uuid_of(after_id, "BomManufacturingBom", "afterId"),
        ]
        async with info.context.reading() as tx:
            found = await bills.compare(tx, ids)
        start = page.after[0] if page.after else 0
        numbered = [row for row in enumerate(found, start=1) if row[0] > start]
        return connection(
            page,
            numbered[: page.limit],
            node=lambda row: BomManufacturingDifference.of(row[1]),
            cursor=lambda row: (row[0],),
        )


EXTENSION = Extension(queries=Queries)
