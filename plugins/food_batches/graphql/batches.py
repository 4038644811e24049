"""Batches: what is known of them, how they are listed, corrected, held and released."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, module_settings, today
from plugins.food_batches import batches, tables
from plugins.food_batches.alerts import NAME
from plugins.food_batches.graphql.items import READ
from plugins.food_batches.graphql.vocabulary import FoodBatchesFreshness, FoodBatchesStatus
from plugins.food_batches.rules import dates, life, records
from plugins.food_batches.stock import lists
from plugins.food_batches.stock import tables as stock
from plugins.food_batches.stock.lists import BatchFilter
from schema.plugin_api import (
    COMMAND_ID,
    UNSET,
    After,
    Connection,
    Extension,
    First,
    Info,
    Item,
    Lot,
    Node,
    Payload,
    argument,
    connection,
    field,
    input_type,
    items_by_id,
    lots_by_id,
    mutation_field,
    object_type,
    optional_uuid,
    page_of,
    payload_type,
    query_field,
    uuid_of,
)

WRITE = "food_batches.write"
PRODUCED = "The day it was made (生产日期)."
EXPIRES = "Its last good day (到期日); expired from the day after."
SUPPLIER_NUMBER = "The supplier's own number of it, at most 64 characters."
ORIGIN = "Where it comes from (产地), at most 64 characters."
CERTIFICATES = "Its certificates (检验报告), as ids of attachments; at most 50."


async def batches_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesBatch]:
    found = await tables.batches_by_lot(tx, keys)
    codes = await stock.lot_codes(tx, keys)
    items = await tables.items_by_id(tx, {batch.item_id for batch in found.values()})
    settings, on = await module_settings(tx, NAME), await today(tx)
    return {
        key: FoodBatchesBatch.of(
            batch,
            codes[key],
            on,
            life.near_days_of(batch, items.get(batch.item_id), settings.near_levels),
        )
        for key, batch in found.items()
    }


async def on_hand_of_batches(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Decimal]:
    return await lists.on_hand_of_lots(tx, keys)


@object_type(permission=READ, node=batches_by_id)
class FoodBatchesBatch(Node):
    """A batch (批次): what is known of a lot of food."""

    record: strawberry.Private[records.Batch]
    number: str = field("Its number, which is the code of its lot.")
    produced_on: dt.date | None = field(PRODUCED)
    expires_on: dt.date | None = field(f"{EXPIRES} Null: it keeps for ever, or nobody knows.")
    supplier_number: str | None = field(SUPPLIER_NUMBER)
    origin: str | None = field(ORIGIN)
    certificates: list[UUID] = field(CERTIFICATES, size=2)
    status: FoodBatchesStatus = field("Whether it may be used.")
    days_left: int | None = field(
        "Days of life left today: zero on the last day, below zero afterwards; null without expiry."
    )
    expired: bool = field("Whether it has expired today, in the tenant's accounting zone.")
    freshness: FoodBatchesFreshness = field("How close it is to its expiry today.")

    @classmethod
    def of(cls, record: records.Batch, number: str, on: dt.date, near: int) -> FoodBatchesBatch:
        expires_on = record.expires_on
        return cls(
            uuid=record.lot_id,
            record=record,
            number=number,
            produced_on=record.produced_on,
            expires_on=expires_on,
            supplier_number=record.supplier_number,
            origin=record.origin,
            certificates=list(record.certificates),
            status=FoodBatchesStatus(record.status.value),
            days_left=None if expires_on is None else dates.remaining_days(expires_on, on),
            expired=dates.expired(expires_on, on),
            freshness=FoodBatchesFreshness(life.freshness(expires_on, on, near).value),
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot of the ledger that it is."""
        return await info.context.load(lots_by_id, self.uuid)

    @field
    async def on_hand(self, info: Info) -> Decimal | None:
        """What is left of it in all our places, in base units; null for whoever may not see stock."""
        if not info.context.may("stock.read"):
            return None
        return await info.context.load(on_hand_of_batches, self.uuid) or Decimal(0)


async def batches_of_lots(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesBatch]:
    """The batches of lots: each is one, or a part of one."""
    whole = await stock.wholes(tx, keys)
    found = await batches_by_id(tx, list(set(whole.values())))
    return {key: found[lot] for key, lot in whole.items() if lot in found}


class LotFields:
    """What a lot shows."""

    @field
    async def food_batches(
        self, info: Info, lot: strawberry.Parent[Lot]
    ) -> FoodBatchesBatch | None:
        """The batch it is, or is a part of, as a unit is; null where its item is not kept by batch."""
        return await info.context.load(batches_of_lots, lot.uuid)


@input_type
class FoodBatchesFilterInput:
    """Which batches; all that is given must hold."""

    item_id: strawberry.ID | None = field("Of this item.", default=None)
    expires_before: dt.date | None = field("With an expiry before this day.", default=None)
    status: FoodBatchesStatus | None = field("In this status.", default=None)
    place_id: strawberry.ID | None = field(
        "Of which something lies at this place or below it.", default=None
    )
    in_stock: bool = field("Only those of which something is left.", default=False)

    def read(self) -> BatchFilter:
        """The module's filter. Refuses ids that are none (NOT_FOUND)."""
        item, place = self.item_id, self.place_id
        return BatchFilter(
            optional_uuid(item, "Item", "filter", "itemId"),
            self.expires_before,
            records.Status(str(self.status.value)) if self.status else None,
            optional_uuid(place, "Place", "filter", "placeId"),
            self.in_stock,
        )


@input_type
class FoodBatchesUpdateBatchInput:
    """What to correct of a batch. What is left out stays; null clears it, and a date that is cleared
    follows from the other by the item's shelf life."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The batch.")
    produced_on: dt.date | None = field(PRODUCED, default=UNSET)
    expires_on: dt.date | None = field(EXPIRES, default=UNSET)
    supplier_number: str | None = field(SUPPLIER_NUMBER, default=UNSET)
    origin: str | None = field(ORIGIN, default=UNSET)
    certificates: list[UUID] | None = field(f"{CERTIFICATES} They replace all.", default=UNSET)
    reason: str | None = field(
        "Why, at most 500 characters; needed where a date that was known becomes another. The audit"
        " trail keeps it.",
        default=None,
    )

    def changes(self) -> batches.Changes:
        """What to change, as the module says it."""
        names = ("produced_on", "expires_on", "supplier_number", "origin", "certificates")
        told = {name: getattr(self, name) for name in names if getattr(self, name) is not UNSET}
        if "certificates" in told:
            told["certificates"] = tuple(told["certificates"] or ())
        return told  # type: ignore[return-value]  # by its names


@input_type
class FoodBatchesStatusInput:
    """A batch to hold, or to release."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The batch.")
    reason: str = field("Why, at most 500 characters; whoever wants to sell it reads it.")


@payload_type
class FoodBatchesBatchPayload(Payload):
    """The batch as it stands now."""

    batch: FoodBatchesBatch | None = field("The batch; null if it was refused.", default=None)


Input = argument("What to do.")


class Queries:
    """Batches."""

    @query_field(permission=READ)
    async def food_batches(
        self,
        info: Info,
        filter: Annotated[
            FoodBatchesFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[FoodBatchesBatch]:
        """Batches, those that expire first in front; those without expiry come last."""
        page = page_of(first, after, key=(dt.date, UUID))
        wanted = (filter or FoodBatchesFilterInput()).read()
        start = None if page.after is None else (page.after[0], page.after[1])
        async with info.context.reading() as tx:
            keys = await lists.list_batches(tx, wanted, start, page.limit)
            found = await batches_by_id(tx, [lot for _, lot in keys])

        async def count() -> int:
            async with info.context.reading() as tx:
                return await lists.count_batches(tx, wanted)

        return connection(
            page, keys, node=lambda key: found[key[1]], cursor=lambda key: key, count=count
        )


class Mutations:
    """What people do with batches."""

    @mutation_field(permission=WRITE, ledger=True)
    async def food_batches_update_batch(
        self, info: Info, input: Annotated[FoodBatchesUpdateBatchInput, Input]
    ) -> FoodBatchesBatchPayload:
        """Correct what is known of a batch: its dates with a reason, its certificates, the supplier's
        number. Goods that have not expired after all can be sold again at once."""
        context, lot = info.context, _batch(input.id)
        await batches.update_batch(
            context.database,
            context.principal,
            input.command_id,
            lot,
            input.changes(),
            input.reason,
        )
        return await _payload(info, lot)

    @mutation_field(permission=WRITE, ledger=True)
    async def food_batches_hold(
        self, info: Info, input: Annotated[FoodBatchesStatusInput, Input]
    ) -> FoodBatchesBatchPayload:
        """Hold a batch wherever it lies (冻结): from the answer on no sale, transfer into a store or use
        takes it. It can be moved, scrapped and sent back."""
        context, lot = info.context, _batch(input.id)
        await batches.hold_batch(
            context.database, context.principal, input.command_id, lot, input.reason
        )
        return await _payload(info, lot)

    @mutation_field(permission=WRITE, ledger=True)
    async def food_batches_release(
        self, info: Info, input: Annotated[FoodBatchesStatusInput, Input]
    ) -> FoodBatchesBatchPayload:
        """Release a batch that is held (解冻). Refused while its expiry is not known, where its item has
        a shelf life; one under recall is released by closing the recall."""
        context, lot = info.context, _batch(input.id)
        await batches.release_batch(
            context.database, context.principal, input.command_id, lot, input.reason
        )
        return await _payload(info, lot)


def _batch(global_id: strawberry.ID) -> UUID:
    return uuid_of(global_id, "FoodBatchesBatch", "id")


async def _payload(info: Info, lot: UUID) -> FoodBatchesBatchPayload:
    # Not through the context, which reads beside a service only once the resolver has ended.
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        return FoodBatchesBatchPayload(batch=(await batches_by_id(tx, [lot])).get(lot))


EXTENSION = Extension(fields={Lot: LotFields}, queries=Queries, mutations=Mutations)
