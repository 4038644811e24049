"""Recalling over GraphQL: start, close, and drill (召回)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from plugins.food_batches import recalls
from plugins.food_batches.graphql.recall import FoodBatchesRecall, recalls_by_id
from plugins.food_batches.graphql.trace import batch_of
from schema.plugin_api import (
    COMMAND_ID,
    PART,
    Extension,
    Info,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    uuid_of,
)


@object_type(permission=PART)
class FoodBatchesDrill:
    """What a drill found, and how long it took."""

    milliseconds: int = field("How long the trace took, both ways.")
    batches: int = field("How many batches a recall would freeze.")
    suppliers: int = field("How many suppliers the goods came from.")
    customers: int = field("How many customers got some of them.")
    places: int = field("At how many places some is left.")
    documents: int = field("How many documents moved some of them.")


@input_type
class FoodBatchesStartRecallInput:
    """What to recall."""

    command_id: UUID = field(COMMAND_ID)
    batches: list[strawberry.ID] = field(
        f"The batches, by the ids of their lots; at most {recalls.MOST_BATCHES}."
    )
    reason: str = field("Why; whoever wants to sell the goods reads it.")
    include_descendants: bool = field(
        "Whether what was made of them is recalled, too.", default=True
    )


@input_type
class FoodBatchesCloseRecallInput:
    """Which recall to close."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The recall.")


@input_type
class FoodBatchesRecallDrillInput:
    """What to drill."""

    command_id: UUID = field(COMMAND_ID)
    batch: strawberry.ID = field("The batch, by the id of its lot.")


@payload_type
class FoodBatchesRecallPayload(Payload):
    """The recall as it stands now."""

    recall: FoodBatchesRecall | None = field("The recall; null if it was refused.", default=None)


@payload_type
class FoodBatchesRecallDrillPayload(Payload):
    """What the drill found."""

    drill: FoodBatchesDrill | None = field("What it found; null if it was refused.", default=None)
    recall: FoodBatchesRecall | None = field("The record that is kept of it.", default=None)


Input = argument("What to do.")


class Mutations:
    """Recalling, and drilling it."""

    @mutation_field(permission="food_batches.recall", ledger=True)
    async def food_batches_start_recall(
        self, info: Info, input: Annotated[FoodBatchesStartRecallInput, Input]
    ) -> FoodBatchesRecallPayload:
        """Recall batches: from the answer on nothing of them can be sold or used anywhere, only moved
        aside, scrapped or returned to the supplier. Returns are ordinary `return_from_customer` documents:
        they count by themselves."""
        context = info.context
        lots = [batch_of(one, "batches", n) for n, one in enumerate(input.batches)]
        key = await recalls.start_recall(
            context.database,
            context.principal,
            input.command_id,
            lots,
            input.reason,
            descendants=input.include_descendants,
        )
        return FoodBatchesRecallPayload(recall=await _one(info, key))

    @mutation_field(permission="food_batches.recall")
    async def food_batches_close_recall(
        self, info: Info, input: Annotated[FoodBatchesCloseRecallInput, Input]
    ) -> FoodBatchesRecallPayload:
        """Close a recall: returns do not count any more. What is here stays frozen."""
        context, key = info.context, uuid_of(input.id, "FoodBatchesRecall", "id")
        await recalls.close_recall(context.database, context.principal, input.command_id, key)
        return FoodBatchesRecallPayload(recall=await _one(info, key))

    @mutation_field(permission="food_batches.recall")
    async def food_batches_recall_drill(
        self, info: Info, input: Annotated[FoodBatchesRecallDrillInput, Input]
    ) -> FoodBatchesRecallDrillPayload:
        """Trace a batch as a recall would, freeze nothing, and keep a record of it (模拟召回)."""
        context, lot = info.context, batch_of(input.batch, "batch")
        found = await recalls.drill(context.database, context.principal, input.command_id, lot)
        drill = FoodBatchesDrill(
            milliseconds=found.milliseconds,
            batches=found.batches,
            suppliers=found.suppliers,
            customers=found.customers,
            places=found.places,
            documents=found.documents,
        )
        return FoodBatchesRecallDrillPayload(drill=drill, recall=await _one(info, found.recall_id))


async def _one(info: Info, key: UUID) -> FoodBatchesRecall | None:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        return (await recalls_by_id(tx, [key])).get(key)


EXTENSION = Extension(mutations=Mutations)
