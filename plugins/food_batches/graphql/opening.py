"""Opening batches in GraphQL: many at once, each with a verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, Asked, Refused, Verdict, clean, refuse
from plugins.food_batches import opening
from plugins.food_batches.graphql.lines import FoodBatchesLineInput
from plugins.food_batches.graphql.lines import read as read_line
from plugins.food_batches.opening import Opening
from schema.plugin_api import (
    COMMAND_ID,
    MAX_BULK,
    PART,
    Document,
    Extension,
    Info,
    Payload,
    UserError,
    argument,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    user_error,
    uuid_of,
)

_LONGEST_NUMBER = 64


@input_type
class FoodBatchesOpeningInput:
    """Stock without a batch that becomes one."""

    command_id: UUID = field(COMMAND_ID)
    item_id: strawberry.ID = field("The item.")
    place_id: strawberry.ID = field("Where it lies.")
    number: str = field("The number of the batch, at most 64 characters; new or known.")
    quantity: Decimal | None = field(
        "How much of it, in base units; all that is left there without a batch when left out.",
        default=None,
    )
    batch: FoodBatchesLineInput | None = field("What is known of the batch.", default=None)


@input_type
class FoodBatchesOpenBatchesInput:
    """Batches to open, in order."""

    batches: list[FoodBatchesOpeningInput] = field("At most 1,000.")


@object_type(permission=PART)
class FoodBatchesOpeningVerdict:
    """What became of one batch to be opened."""

    uuid: strawberry.Private[UUID | None]
    command_id: UUID = field("The command it was sent with.")
    errors: list[UserError] = field("Why it was refused; empty otherwise.", size=1)

    @field
    async def document(self, info: Info) -> Document | None:
        """The document that opened it; null if it was refused."""
        return await info.context.load(documents_by_id, self.uuid)


@payload_type
class FoodBatchesOpenBatchesPayload(Payload):
    """A verdict for each batch, in the order they were sent."""

    verdicts: list[FoodBatchesOpeningVerdict] | None = field("The verdicts.", default=None)


class Mutations:
    """Opening batches."""

    @mutation_field(permission="documents.post", ledger=True, bulk=True)
    async def food_batches_open_batches(
        self, info: Info, input: Annotated[FoodBatchesOpenBatchesInput, argument("What to open.")]
    ) -> FoodBatchesOpenBatchesPayload:
        """Give stock that has no batch one (期初批次), with a verdict for each: quantity and value stay
        as they are, and where they lie. With the last of the goods an item comes under batch control;
        its other lots are then held until their dates are told."""
        if len(input.batches) > MAX_BULK:
            raise refuse(LIMIT_EXCEEDED, "batches", field="batches", limit=MAX_BULK)
        verdicts: dict[int, Verdict] = {}
        asked: dict[int, tuple[Asked, Opening]] = {}
        for n, one in enumerate(input.batches):
            try:
                asked[n] = _asked(one)
            except Refused as refused:
                verdicts[n] = Verdict(refusals=refused.refusals)
        context = info.context
        made = await opening.open_batches(context.database, context.principal, list(asked.values()))
        verdicts |= dict(zip(asked, made, strict=True))
        return FoodBatchesOpenBatchesPayload(
            verdicts=[
                FoodBatchesOpeningVerdict(
                    uuid=UUID(v.outcome["id"]) if v.outcome is not None else None,
                    command_id=one.command_id,
                    errors=[
                        user_error(refusal.under("batches", n), context.language)
                        for refusal in v.refusals
                    ],
                )
                for n, one in enumerate(input.batches)
                for v in [verdicts[n]]
            ]
        )


def _asked(one: FoodBatchesOpeningInput) -> tuple[Asked, Opening]:
    try:
        told: dict[str, Any] = dict(read_line(one.batch)) if one.batch else {}
    except Refused as refused:
        raise Refused(*(refusal.under("batch") for refusal in refused.refusals)) from None
    wanted = Opening(
        uuid_of(one.item_id, "Item", "itemId"),
        uuid_of(one.place_id, "Place", "placeId"),
        clean(one.number, "number", _LONGEST_NUMBER),
        one.quantity,
        told,
    )
    # The books know their postings by this operation, whatever leads to them.
    return Asked.of(one.command_id, "postDocument", wanted), wanted


EXTENSION = Extension(mutations=Mutations)
