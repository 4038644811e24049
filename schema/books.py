"""Closing the books, and holding goods back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from core.db.database import Transaction
from core.ledger import holds, periods
from core.ledger.holds import HoldDraft
from schema.access import field, input_type, mutation_field, object_type, query_field
from schema.catalogue import Item, items_by_id
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.ledger_types import Lot, lots_by_id
from schema.places import Place, places_by_id
from schema.relay import After, Connection, First, Node, connection, optional_uuid, page_of, uuid_of


@object_type(permission="ledger.read")
class Books:
    """Where the tenant's books stand."""

    closed_through: dt.date | None = field("The last closed day; null where nothing is closed.")
    postings: int = field("How many documents were posted.")
    last_posted_at: dt.datetime | None = field("When the last one was.")
    halted: bool = field("Whether posting is stopped because verification failed.")

    @classmethod
    def of(cls, record: periods.Books) -> Books:
        return cls(
            closed_through=record.closed_through,
            postings=record.postings,
            last_posted_at=record.last_posted_at,
            halted=record.halted,
        )


async def holds_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Hold]:
    found = await holds.holds_by_id(tx, keys)
    return {key: Hold.of(record) for key, record in found.items()}


@object_type(permission="stock.read", node=holds_by_id)
class Hold(Node):
    """Goods that are there but may not be sold: an item, some place of it, or a lot (冻结)."""

    record: strawberry.Private[holds.Hold]
    reason: str = field("Why.")
    placed_at: dt.datetime = field("Since when.")
    until: dt.datetime | None = field("Until when; null for until it is released.")
    released_at: dt.datetime | None = field("When it was released.")

    @classmethod
    def of(cls, record: holds.Hold) -> Hold:
        return cls(
            uuid=record.id,
            record=record,
            reason=record.reason,
            placed_at=record.placed_at,
            until=record.until,
            released_at=record.released_at,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """The place and all below it; null for everywhere."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot; null for all of them."""
        return await info.context.load(lots_by_id, self.record.lot_id)


@input_type
class ClosePeriodInput:
    """How far to close the books."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    through: dt.date = field("The last day of a month that is over.")


@input_type
class ReopenPeriodInput:
    """How far to open the books again."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    through: dt.date | None = field(
        "The day through which they stay closed, a month end; none when left out.", default=None
    )


@input_type
class PlaceHoldInput:
    """What to hold back."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    item_id: strawberry.ID = field("The item.")
    reason: str = field("Why; whoever wants to sell it reads this.")
    place_id: strawberry.ID | None = field("Only at this place and below it.", default=None)
    lot_id: strawberry.ID | None = field("Only this lot.", default=None)
    until: dt.datetime | None = field("Until when; until it is released if left out.", default=None)
    id: UUID | None = field("The hold's id, made by you.", default=None)


@input_type
class ReleaseHoldInput:
    """Which hold to release."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    id: strawberry.ID = field("The hold.")


@payload_type
class BooksPayload(Payload):
    """Where the books stand now."""

    books: Books | None = field("The books; null if it was refused.", default=None)


@payload_type
class HoldPayload(Payload):
    """The hold as it stands now."""

    hold: Hold | None = field("The hold; null if it was refused.", default=None)


OfItem = Annotated[
    strawberry.ID | None, strawberry.argument(description="Of this item; of all if left out.")
]
Input = strawberry.argument(description="What to do.")


class Queries:
    """The state of the books, and what is held back."""

    @query_field(permission="ledger.read")
    async def books(self, info: Info) -> Books:
        """Where the tenant's books stand."""
        async with info.context.reading() as tx:
            return Books.of(await periods.read_books(tx))

    @query_field(permission="stock.read")
    async def holds(
        self, info: Info, item_id: OfItem = None, first: First = None, after: After = None
    ) -> Connection[Hold]:
        """Holds in force, oldest first."""
        page = page_of(first, after, key=(UUID,))
        item = optional_uuid(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await holds.list_holds(tx, item, start, page.limit)
        return connection(page, found, node=Hold.of, cursor=lambda hold: (hold.id,))


class Mutations:
    """Closing the books, and holding goods back."""

    @mutation_field(permission="periods.close", ledger=True)
    async def close_period(
        self, info: Info, input: Annotated[ClosePeriodInput, Input]
    ) -> BooksPayload:
        """Close the books through a month end (结账). Nothing can be dated there any more; what comes
        late is booked on the first open day."""
        context = info.context
        made = await periods.close_period(
            context.database, context.principal, input.command_id, input.through
        )
        return BooksPayload(books=Books.of(made))

    @mutation_field(permission="periods.reopen", ledger=True)
    async def reopen_period(
        self, info: Info, input: Annotated[ReopenPeriodInput, Input]
    ) -> BooksPayload:
        """Open closed books again (反结账)."""
        context = info.context
        made = await periods.reopen_period(
            context.database, context.principal, input.command_id, input.through
        )
        return BooksPayload(books=Books.of(made))

    @mutation_field(permission="stock.hold", ledger=True)
    async def place_hold(self, info: Info, input: Annotated[PlaceHoldInput, Input]) -> HoldPayload:
        """Hold goods back: no sale passes a hold, a return to the supplier and a scrapping do."""
        draft = HoldDraft(
            item_id=uuid_of(input.item_id, "Item", "itemId"),
            reason=input.reason,
            place_id=optional_uuid(input.place_id, "Place", "placeId"),
            lot_id=optional_uuid(input.lot_id, "Lot", "lotId"),
            until=input.until,
            id=input.id,
        )
        context = info.context
        made = await holds.place_hold(context.database, context.principal, input.command_id, draft)
        return HoldPayload(hold=Hold.of(made))

    @mutation_field(permission="stock.hold", ledger=True)
    async def release_hold(
        self, info: Info, input: Annotated[ReleaseHoldInput, Input]
    ) -> HoldPayload:
        """Release a hold."""
        context = info.context
        key = uuid_of(input.id, "Hold", "id")
        made = await holds.release_hold(context.database, context.principal, input.command_id, key)
        return HoldPayload(hold=Hold.of(made))
