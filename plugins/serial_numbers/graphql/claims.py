"""Claims under warranty: opened, closed with an outcome, listed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import strawberry

from plugins.serial_numbers import claims, tables
from plugins.serial_numbers.graphql.items import READ
from plugins.serial_numbers.graphql.units import SerialNumbersClaim, claims_by_id
from plugins.serial_numbers.graphql.vocabulary import SerialNumbersClaimOutcome
from plugins.serial_numbers.rules.records import Outcome
from schema.plugin_api import (
    COMMAND_ID,
    After,
    Connection,
    First,
    Info,
    Payload,
    argument,
    connection,
    field,
    input_type,
    mutation_field,
    optional_uuid,
    page_of,
    payload_type,
    query_field,
    uuid_of,
)

CLAIM = "serial_numbers.claim"


@input_type
class SerialNumbersOpenClaimInput:
    """What a customer complains of."""

    command_id: UUID = field(COMMAND_ID)
    unit_id: strawberry.ID = field("The unit, which was sold by then.")
    complaint: str = field("What is wrong with it; at most 1,000 characters.")
    claimed_on: dt.date | None = field(
        "The day on which the customer came; today if left out.", default=None
    )


@input_type
class SerialNumbersCloseClaimInput:
    """How a claim ended."""

    command_id: UUID = field(COMMAND_ID)
    id: strawberry.ID = field("The claim, which is open.")
    outcome: SerialNumbersClaimOutcome = field("What the customer got.")
    note: str | None = field("What is to be told of it; at most 1,000 characters.", default=None)
    replacement_id: strawberry.ID | None = field(
        "The unit that was given for it, in stock or sold to the customer by now: with `REPLACED`, and"
        " with nothing else. Documents move both units as any other.",
        default=None,
    )


@payload_type
class SerialNumbersClaimPayload(Payload):
    """The claim as it is now."""

    claim: SerialNumbersClaim | None = field("The claim; null if refused.", default=None)


class Queries:
    """Claims, listed."""

    @query_field(permission=READ)
    async def serial_numbers_claims(
        self,
        info: Info,
        only_open: Annotated[bool, argument("Only those that are open.")] = True,
        first: First = None,
        after: After = None,
    ) -> Connection[SerialNumbersClaim]:
        """Claims for units, the oldest first."""
        page = page_of(first, after, key=(UUID,))
        async with info.context.reading() as tx:
            start = page.after[0] if page.after else None
            found = await tables.claims_where(
                tx, only_open=only_open, after=start, limit=page.limit
            )

        async def count() -> int:
            async with info.context.reading() as tx:
                return await tables.count_claims(tx, only_open=only_open)

        return connection(
            page, found, node=SerialNumbersClaim.of, cursor=lambda one: (one.id,), count=count
        )


async def _one(info: Info, key: UUID) -> SerialNumbersClaim | None:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        return (await claims_by_id(tx, [key])).get(key)


class Mutations:
    """Claims, opened and closed."""

    @mutation_field(permission=CLAIM)
    async def serial_numbers_open_claim(
        self,
        info: Info,
        input: Annotated[SerialNumbersOpenClaimInput, argument("What a customer complains of.")],
    ) -> SerialNumbersClaimPayload:
        """Take in a claim for a unit that was sold, and see whether the warranty covers it."""
        context = info.context
        key = await claims.open_claim(
            context.database,
            context.principal,
            input.command_id,
            uuid_of(input.unit_id, "SerialNumbersUnit", "unitId"),
            input.complaint,
            input.claimed_on,
        )
        return SerialNumbersClaimPayload(claim=await _one(info, key))

    @mutation_field(permission=CLAIM)
    async def serial_numbers_close_claim(
        self, info: Info, input: Annotated[SerialNumbersCloseClaimInput, argument("How it ended.")]
    ) -> SerialNumbersClaimPayload:
        """Close a claim with its outcome; of one that was replaced, with the unit given for it."""
        context, given = info.context, input.replacement_id
        key = await claims.close_claim(
            context.database,
            context.principal,
            input.command_id,
            uuid_of(input.id, "SerialNumbersClaim", "id"),
            Outcome(str(input.outcome.value)),
            input.note,
            optional_uuid(given, "SerialNumbersUnit", "replacementId"),
        )
        return SerialNumbersClaimPayload(claim=await _one(info, key))
