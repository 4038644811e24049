"""Tracing over GraphQL: where a batch came from and went (追溯)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from core.plugin_api import NIL, NOT_FOUND, refuse
from plugins.food_batches.rules.recall import ZERO, Share
from plugins.food_batches.stock.tables import Which, documents_of, items_of_lots, sequences
from plugins.food_batches.stock.tracing import Brought, Left, Trace, traced
from plugins.food_batches.trace import Direction
from schema.plugin_api import (
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Lot,
    Page,
    Party,
    Place,
    argument,
    connection,
    decode_id,
    documents_by_id,
    field,
    lots_by_id,
    object_type,
    optional_uuid,
    page_of,
    parties_by_id,
    places_by_id,
    query_field,
    uuid_of,
)

R = TypeVar("R")
N = TypeVar("N")
Key: TypeAlias = tuple[Any, ...]

BatchId = Annotated[strawberry.ID, argument("The batch: the id of its lot.")]
OfParty = Annotated[strawberry.ID | None, argument("Only those of this party; of all if left out.")]


@strawberry.enum(description="Which way a trace goes.")
class FoodBatchesDirection(Enum):
    """One step up, one step down, as often as there are steps."""

    UP = strawberry.enum_value("up", description="To what it was made of, and who brought that.")
    DOWN = strawberry.enum_value("down", description="To what was made of it, and who got that.")


_WAYS: dict[FoodBatchesDirection, Direction] = {
    FoodBatchesDirection.UP: "up",
    FoodBatchesDirection.DOWN: "down",
}


async def lot_of(info: Info, key: UUID) -> Lot | None:
    return await info.context.load(lots_by_id, key)


async def party_of(info: Info, key: UUID | None) -> Party | None:
    return await info.context.load(parties_by_id, key)


def batch_of(global_id: str, *path: str | int) -> UUID:
    """The lot of a batch, from the batch's global id or its lot's: goods that are not kept by batch are
    traced and recalled by their lots."""
    decoded = decode_id(global_id)
    named = "Lot" if decoded is not None and decoded[0] == "Lot" else "FoodBatchesBatch"
    return uuid_of(global_id, named, *path)


def listed(
    page: Page, found: Iterable[R], node: Callable[[R], N], key: Callable[[R], Key]
) -> Connection[N]:
    """A page of what is all known, in the order of its keys."""
    ordered = sorted(found, key=key)
    rest = [one for one in ordered if page.after is None or key(one) > page.after]

    async def count() -> int:
        return len(ordered)

    return connection(page, rest[: page.limit], node=node, cursor=key, count=count)


async def documents_page(
    info: Info, page: Page, found: Sequence[tuple[int, UUID]]
) -> Connection[Document]:
    """A page of documents, given by their posting numbers and ids."""
    keys = [key for _, key in found]
    loaded = await asyncio.gather(*(info.context.load(documents_by_id, key) for key in keys))
    pairs = [
        (sequence, one) for (sequence, _), one in zip(found, loaded, strict=True) if one is not None
    ]
    return connection(page, pairs, node=lambda pair: pair[1], cursor=lambda pair: (pair[0],))


@object_type(permission="food_batches.read")
class FoodBatchesBrought:
    """What a supplier delivered of a batch."""

    record: strawberry.Private[Brought]
    quantity: Decimal = field("How much, less what went back; in the item's base unit.")

    @classmethod
    def of(cls, record: Brought) -> FoodBatchesBrought:
        return cls(record=record, quantity=record.quantity)

    @field
    async def supplier(self, info: Info) -> Party | None:
        """The supplier; null where the receipt named none."""
        return await party_of(info, self.record.party_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.record.lot_id)


@object_type(permission="food_batches.read")
class FoodBatchesLeft:
    """What is left of a batch at a place."""

    record: strawberry.Private[Left]
    quantity: Decimal = field("How much, in the item's base unit.")

    @classmethod
    def of(cls, record: Left) -> FoodBatchesLeft:
        return cls(record=record, quantity=record.quantity)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where; goods under way between two places are in transit."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.record.lot_id)


@object_type(permission="food_batches.read")
class FoodBatchesShare:
    """What a customer got of a batch, and what of it came back."""

    record: strawberry.Private[Share]
    delivered: Decimal = field("How much he got, in the item's base unit.")
    returned: Decimal = field("How much of it came back.")
    open: Decimal = field("What he still has, as far as the books know.")

    @classmethod
    def of(cls, record: Share) -> FoodBatchesShare:
        return cls(
            record=record,
            delivered=record.delivered,
            returned=record.returned,
            open=record.outstanding,
        )

    @field
    async def customer(self, info: Info) -> Party | None:
        """The customer; null for sales that name none."""
        return await party_of(info, self.record.party_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.record.lot_id)


SHARE_KEY = (Decimal, UUID, UUID)


def share_key(share: Share) -> Key:
    """Customers with the most still open come first."""
    return -share.outstanding, share.party_id or NIL, share.lot_id


@object_type(permission="food_batches.read")
class FoodBatchesTraced:
    """A batch that a trace leads to; quantities are in the item's base unit."""

    key: strawberry.Private[UUID]
    produced: Decimal = field("How much there was in all, without what became other goods.")
    left: Decimal = field("How much is left, over all places and under way between them.")

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The batch."""
        return await lot_of(info, self.key)


@object_type(permission="food_batches.read")
class FoodBatchesTrace:
    """Where goods came from, or went, generation by generation: what was made of them is followed, too."""

    record: strawberry.Private[Trace]

    @field
    def batches(self, first: First = None, after: After = None) -> Connection[FoodBatchesTraced]:
        """The batches it leads to, with the one it begins with."""
        page = page_of(first, after, key=(UUID,))
        produced, left = self.record.produced(), self.record.on_hand()

        def node(lot: UUID) -> FoodBatchesTraced:
            return FoodBatchesTraced(
                key=lot, produced=produced.get(lot, ZERO), left=left.get(lot, ZERO)
            )

        return listed(page, self.record.lots, node, lambda lot: (lot,))

    @field
    def suppliers(self, first: First = None, after: After = None) -> Connection[FoodBatchesBrought]:
        """Who brought these batches."""
        page = page_of(first, after, key=(UUID, UUID))
        return listed(
            page,
            self.record.suppliers(),
            FoodBatchesBrought.of,
            lambda brought: (brought.party_id or NIL, brought.lot_id),
        )

    @field
    def places(self, first: First = None, after: After = None) -> Connection[FoodBatchesLeft]:
        """Where some of them is left, also under way between places."""
        page = page_of(first, after, key=(UUID, UUID))
        return listed(
            page,
            self.record.left(),
            FoodBatchesLeft.of,
            lambda left: (left.place_id, left.lot_id),
        )

    @field
    def customers(self, first: First = None, after: After = None) -> Connection[FoodBatchesShare]:
        """Who got how much of them, those who still have the most first."""
        page = page_of(first, after, key=SHARE_KEY)
        return listed(page, self.record.customers(), FoodBatchesShare.of, share_key)

    @field
    async def documents(
        self, info: Info, party_id: OfParty = None, first: First = None, after: After = None
    ) -> Connection[Document] | None:
        """Every document that moved some of them, in the order of posting."""
        party = optional_uuid(party_id, "Party", "partyId")
        return await self._documents(info, Which(party), page_of(first, after, key=(int,)))

    @field
    async def receipts(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Document] | None:
        """The documents with which they came from suppliers."""
        return await self._documents(info, Which(receipts=True), page_of(first, after, key=(int,)))

    @field
    async def ends(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Document] | None:
        """The documents behind which the trace is lost: going down, goods became others that are kept
        without a lot; going up, they were made of such."""
        page = page_of(first, after, key=(int,))
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await sequences(tx, self.record.ends, start, page.limit)
        return await documents_page(info, page, found)

    async def _documents(self, info: Info, which: Which, page: Page) -> Connection[Document]:
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await documents_of(tx, self.record.lots, which, start, page.limit)
        return await documents_page(info, page, found)


class Queries:
    """Tracing."""

    @query_field(permission="food_batches.read")
    async def food_batches_trace(
        self,
        info: Info,
        batch: BatchId,
        direction: Annotated[FoodBatchesDirection, argument("Which way.")],
    ) -> FoodBatchesTrace:
        """Trace a batch up to its suppliers, or down to every place and customer."""
        lot = batch_of(batch, "batch")
        async with info.context.reading() as tx:
            if not await items_of_lots(tx, [lot]):
                raise refuse(NOT_FOUND, "batch", id=batch[:200])
            return FoodBatchesTrace(record=await traced(tx, [lot], _WAYS[direction]))


EXTENSION = Extension(queries=Queries)
