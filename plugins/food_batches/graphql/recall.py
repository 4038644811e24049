"""Recalls over GraphQL: what was frozen, who has it, what came back (召回)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.food_batches.graphql.trace import (
    SHARE_KEY,
    FoodBatchesLeft,
    FoodBatchesShare,
    OfParty,
    documents_page,
    listed,
    lot_of,
    party_of,
    share_key,
)
from plugins.food_batches.recall import tables as recall_tables
from plugins.food_batches.recall.tables import Recall, Recalled, Returned
from plugins.food_batches.rules.recall import recovery_rate
from plugins.food_batches.stock.tables import base_units
from plugins.food_batches.stock.tracing import Trace, untraced
from schema.plugin_api import (
    After,
    Connection,
    Document,
    Extension,
    First,
    Hold,
    Info,
    Lot,
    Node,
    Page,
    Party,
    argument,
    connection,
    documents_by_id,
    field,
    holds_by_id,
    object_type,
    optional_uuid,
    page_of,
    query_field,
    uuid_of,
)

_RATE = Decimal("0.0001")
"""Rates are shown with four decimals, half up; they are carried as fractions."""


async def recalls_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesRecall]:
    found = await recall_tables.recalls_by_id(tx, keys)
    return {key: FoodBatchesRecall.of(record) for key, record in found.items()}


async def lots_of_recalls(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Recalled]]:
    return await recall_tables.recalled_lots(tx, keys)


async def returns_of_recalls(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, list[Returned]]:
    return await recall_tables.returns_of(tx, keys)


async def traces_of_recalls(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Trace]:
    """What moved of the lots of each recall; one statement for all of them."""
    recalled = await recall_tables.recalled_lots(tx, keys)
    lots = {key: frozenset(one.lot_id for one in found) for key, found in recalled.items()}
    moved = (await untraced(tx, frozenset().union(*lots.values()))).moved
    return {
        key: Trace(own, tuple(one for one in moved if one.lot_id in own), frozenset())
        for key, own in lots.items()
    }


async def documents_of_recalls(
    tx: Transaction, keys: Sequence[UUID], party: UUID | None, page: Page
) -> Mapping[UUID, list[tuple[int, UUID]]]:
    start = page.after[0] if page.after else 0
    return await recall_tables.documents_of(tx, keys, party, start, page.limit)


async def units_of_lots(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, UUID]:
    return await base_units(tx, keys)


@object_type(permission="food_batches.read")
class FoodBatchesRecalledBatch:
    """A batch of a recall; quantities are in the item's base unit."""

    record: strawberry.Private[Recalled]
    produced: Decimal = field(
        "How much there was in all when the recall began, without what had become other goods."
    )
    frozen: Decimal = field("How much was still here, and was frozen.")
    returned: Decimal = field("How much came back since.")

    @classmethod
    def of(cls, record: Recalled) -> FoodBatchesRecalledBatch:
        return cls(
            record=record,
            produced=record.produced,
            frozen=record.on_hand,
            returned=record.returned,
        )

    @field
    def recovery_rate(self) -> Decimal | None:
        """The share of it that was got hold of, frozen or brought back; 1 is all. Null where there was
        nothing."""
        one = self.record
        return _shown(recovery_rate(one.produced, one.on_hand, one.returned))

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.record.lot_id)

    @field
    async def hold(self, info: Info) -> Hold | None:
        """What freezes it; null in a drill."""
        return await info.context.load(holds_by_id, self.record.hold_id)


@object_type(permission="food_batches.read")
class FoodBatchesRecallReturn:
    """What came back with a line of a document while the recall was open."""

    record: strawberry.Private[Returned]
    line: int = field("The line of the document.")
    quantity: Decimal = field("How much, in the item's base unit; below zero for what was undone.")

    @classmethod
    def of(cls, record: Returned) -> FoodBatchesRecallReturn:
        return cls(record=record, line=record.line, quantity=record.quantity)

    @field
    async def document(self, info: Info) -> Document | None:
        """The return, or the reversal of a sale."""
        return await info.context.load(documents_by_id, self.record.document_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.record.lot_id)

    @field
    async def customer(self, info: Info) -> Party | None:
        """Who brought it; null where nobody was named."""
        return await party_of(info, self.record.party_id)


@object_type(permission="food_batches.read", node=recalls_by_id)
class FoodBatchesRecall(Node):
    """A recall: batches that were frozen everywhere, and what comes back of them; or a drill of one."""

    reason: str = field("Why; whoever wants to sell the goods reads it.")
    drill: bool = field("Whether it was a drill, which froze nothing.")
    opened_at: dt.datetime = field("When it began.")
    closed_at: dt.datetime | None = field("When it was closed; null while returns are collected.")
    milliseconds: int = field("How long it took until all was traced, and frozen.")

    @classmethod
    def of(cls, record: Recall) -> FoodBatchesRecall:
        return cls(
            uuid=record.id,
            reason=record.reason,
            drill=record.drill,
            opened_at=record.opened_at,
            closed_at=record.closed_at,
            milliseconds=record.milliseconds,
        )

    @field
    async def batches(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[FoodBatchesRecalledBatch]:
        """Its batches, descendants included."""
        page = page_of(first, after, key=(UUID,))
        found = await info.context.load(lots_of_recalls, self.uuid) or []
        return listed(page, found, FoodBatchesRecalledBatch.of, lambda one: (one.lot_id,))

    @field
    async def recovery_rate(self, info: Info) -> Decimal | None:
        """The share of all its goods that was got hold of, frozen or brought back; 1 is all. Null where
        there was nothing, or where its items are not counted in the same unit: see its batches."""
        found = await info.context.load(lots_of_recalls, self.uuid) or []
        loads = (info.context.load(units_of_lots, one.lot_id) for one in found)
        if len(set(await asyncio.gather(*loads))) != 1:
            return None
        produced, on_hand, returned = (
            sum(numbers, Decimal(0))
            for numbers in zip(
                *((one.produced, one.on_hand, one.returned) for one in found), strict=True
            )
        )
        return _shown(recovery_rate(produced, on_hand, returned))

    @field
    async def customers(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[FoodBatchesShare]:
        """Who got how much of its batches and brought how much back, those who still have the most
        first; as it is now."""
        page = page_of(first, after, key=SHARE_KEY)
        trace = await self._trace(info)
        return listed(page, trace.customers(), FoodBatchesShare.of, share_key)

    @field
    async def places(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[FoodBatchesLeft]:
        """Where some of its batches is now, also under way between places."""
        page = page_of(first, after, key=(UUID, UUID))
        trace = await self._trace(info)
        return listed(
            page, trace.left(), FoodBatchesLeft.of, lambda left: (left.place_id, left.lot_id)
        )

    @field
    async def documents(
        self, info: Info, party_id: OfParty = None, first: First = None, after: After = None
    ) -> Connection[Document] | None:
        """Every document that moved some of its batches, in the order of posting."""
        page = page_of(first, after, key=(int,))
        party = optional_uuid(party_id, "Party", "partyId")
        found = await info.context.load(documents_of_recalls, self.uuid, party, page)
        return await documents_page(info, page, found or [])

    @field
    async def returns(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[FoodBatchesRecallReturn]:
        """What came back while it was open."""
        page = page_of(first, after, key=(UUID, int, UUID))
        found = await info.context.load(returns_of_recalls, self.uuid) or []
        return listed(
            page,
            found,
            FoodBatchesRecallReturn.of,
            lambda one: (one.document_id, one.line, one.lot_id),
        )

    async def _trace(self, info: Info) -> Trace:
        return await info.context.load(traces_of_recalls, self.uuid) or Trace(
            frozenset(), (), frozenset()
        )


class Queries:
    """Recalls."""

    @query_field(permission="food_batches.read")
    async def food_batches_recall(
        self, info: Info, id: Annotated[strawberry.ID, argument("The recall.")]
    ) -> FoodBatchesRecall | None:
        """A recall or a drill; null if there is none."""
        return await info.context.load(recalls_by_id, uuid_of(id, "FoodBatchesRecall", "id"))

    @query_field(permission="food_batches.read")
    async def food_batches_recalls(
        self,
        info: Info,
        drills: Annotated[
            bool | None, argument("True: drills. False: recalls. Both when left out.")
        ] = None,
        open: Annotated[
            bool | None, argument("True: open. False: closed. Both when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[FoodBatchesRecall]:
        """Recalls and drills, the newest first."""
        page = page_of(first, after, key=(dt.datetime, UUID))
        async with info.context.reading() as tx:
            found = await recall_tables.list_recalls(
                tx,
                drills=drills,
                open_=open,
                after=(page.after[0], page.after[1]) if page.after else None,
                limit=page.limit,
            )
        return connection(
            page,
            found,
            node=FoodBatchesRecall.of,
            cursor=lambda recall: (recall.opened_at, recall.id),
        )


def _shown(rate: Fraction | None) -> Decimal | None:
    if rate is None:
        return None
    return (Decimal(rate.numerator) / Decimal(rate.denominator)).quantize(_RATE, ROUND_HALF_UP)


EXTENSION = Extension(queries=Queries)
