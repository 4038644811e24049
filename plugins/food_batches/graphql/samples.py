"""Samples that are kept of batches (留样)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction
from plugins.food_batches import samples
from plugins.food_batches.graphql.batches import FoodBatchesBatch, batches_by_id
from plugins.food_batches.graphql.items import READ
from plugins.food_batches.graphql.trace import batch_of
from plugins.food_batches.sample import tables as sample_tables
from plugins.food_batches.sample.tables import Sample, SampleFilter
from schema.plugin_api import (
    COMMAND_ID,
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Node,
    Payload,
    Place,
    argument,
    connection,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    object_type,
    page_of,
    payload_type,
    places_by_id,
    query_field,
    uuid_of,
)

_UNTIL = "Until when it is kept."
_AT = "Where it is kept, such as the sample fridge; at most 255 characters."


async def samples_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesSample]:
    found = await sample_tables.samples_by_id(tx, keys)
    return {key: FoodBatchesSample.of(one) for key, one in found.items()}


@object_type(permission=READ, node=samples_by_id)
class FoodBatchesSample(Node):
    """A sample that is kept of a batch (留样)."""

    record: strawberry.Private[Sample]
    quantity: Decimal = field("How much it is, in base units of the item.")
    kept_until: dt.datetime = field(_UNTIL)
    kept_at: str | None = field(_AT)
    taken_at: dt.datetime = field("When it was taken.")
    due: bool = field("Whether it may be disposed of now, and has not been.")
    disposed_at: dt.datetime | None = field("When it was disposed of; null while it is kept.")
    remark: str | None = field("What was said when it was disposed of.")

    @classmethod
    def of(cls, record: Sample) -> FoodBatchesSample:
        return cls(
            uuid=record.id,
            record=record,
            quantity=record.quantity,
            kept_until=record.kept_until,
            kept_at=record.kept_at,
            taken_at=record.taken_at,
            due=record.due,
            disposed_at=record.disposed_at,
            remark=record.remark,
        )

    @field
    async def batch(self, info: Info) -> FoodBatchesBatch | None:
        """The batch it is of."""
        return await info.context.load(batches_by_id, self.record.lot_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it was taken."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def document(self, info: Info) -> Document | None:
        """The document with which it left the stock; it tells who took it."""
        return await info.context.load(documents_by_id, self.record.id)


@input_type
class FoodBatchesTakeSampleInput:
    """A sample to take."""

    command_id: UUID = field(COMMAND_ID)
    batch: strawberry.ID = field("The batch, by the id of its lot or its own.")
    place_id: strawberry.ID = field("Where it is taken from.")
    quantity: Decimal = field("How much, in base units of the item.")
    kept_until: dt.datetime | None = field(
        f"{_UNTIL} As long from now as the settings say when left out.", default=None
    )
    kept_at: str | None = field(_AT, default=None)


@input_type
class FoodBatchesDisposeSampleInput:
    """A sample that is not kept any more."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The sample.")
    remark: str | None = field(
        "What became of it, such as the number of a test; at most 255 characters.", default=None
    )


@payload_type
class FoodBatchesSamplePayload(Payload):
    """The sample as it stands now."""

    sample: FoodBatchesSample | None = field("The sample; null if it was refused.", default=None)


class Queries:
    """Looking after samples."""

    @query_field(permission=READ)
    async def food_batches_samples(
        self,
        info: Info,
        batch: Annotated[
            strawberry.ID | None, argument("Of this batch; of all when left out.")
        ] = None,
        due: Annotated[
            bool | None, argument("True: those to be disposed of now. False: the others.")
        ] = None,
        disposed: Annotated[
            bool | None, argument("True: those disposed of. False: those that are kept.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[FoodBatchesSample]:
        """Samples of batches, those that may go first in front."""
        page = page_of(first, after, key=(dt.datetime, UUID))
        wanted = SampleFilter(None if batch is None else batch_of(batch, "batch"), due, disposed)
        async with info.context.reading() as tx:
            found = await sample_tables.list_samples(
                tx, wanted, (page.after[0], page.after[1]) if page.after else None, page.limit
            )
        return connection(
            page, found, node=FoodBatchesSample.of, cursor=lambda one: (one.kept_until, one.id)
        )


class Mutations:
    """Taking samples and disposing of them."""

    @mutation_field(permission="documents.post", ledger=True)
    async def food_batches_take_sample(
        self, info: Info, input: Annotated[FoodBatchesTakeSampleInput, argument("What to take.")]
    ) -> FoodBatchesSamplePayload:
        """Take a sample of a batch (留样): it leaves the stock with a document of internal use, and is on the
        list until it is disposed of. Reversing the document takes it back."""
        context = info.context
        key = await samples.take(
            context.database,
            context.principal,
            input.command_id,
            samples.Wanted(
                batch_of(input.batch, "batch"),
                uuid_of(input.place_id, "Place", "placeId"),
                input.quantity,
                input.kept_until,
                input.kept_at,
            ),
        )
        return FoodBatchesSamplePayload(sample=await _one(info, key))

    @mutation_field(permission="food_batches.write")
    async def food_batches_dispose_sample(
        self,
        info: Info,
        input: Annotated[FoodBatchesDisposeSampleInput, argument("Which one.")],
    ) -> FoodBatchesSamplePayload:
        """Record that a sample was disposed of, also before its time."""
        context, key = info.context, uuid_of(input.id, "FoodBatchesSample", "id")
        await samples.dispose(
            context.database, context.principal, input.command_id, key, input.remark
        )
        return FoodBatchesSamplePayload(sample=await _one(info, key))


async def _one(info: Info, key: UUID) -> FoodBatchesSample | None:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        return (await samples_by_id(tx, [key])).get(key)


EXTENSION = Extension(queries=Queries, mutations=Mutations)
