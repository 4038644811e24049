"""Scanning over GraphQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import lines_of_documents
from plugins.food_batches import scans
from plugins.food_batches.scans import ScanDraft, Scanned
from schema.plugin_api import (
    Document,
    DocumentLine,
    Extension,
    Info,
    Payload,
    argument,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    optional_uuid,
    payload_type,
)


@input_type
class FoodBatchesScanInput:
    """A scan, and the draft it goes into. `type`, `businessDate` and what follows are the head of that draft
    where it is not there yet; of one that is there nothing changes."""

    command_id: UUID = field("Made by you; the same id is answered the same way for ever.")
    device: str = field("Which device scanned.")
    sequence: int = field("The device's number of this scan, a new one for each, from zero.")
    text: str = field(
        "What the scanner sent: a GS1 element string, a Digital Link, a GTIN, or an own barcode. Its"
        " separators (FNC1, character 29) are written ␝, as texts hold no control characters."
    )
    document_id: UUID = field("The draft's id, made by you, the same for every scan into it.")
    type: str | None = field("The code of its type.", default=None)
    business_date: dt.date | None = field("The day it counts on.", default=None)
    party_id: strawberry.ID | None = field("The supplier or customer.", default=None)
    place_id: strawberry.ID | None = field("Where goods leave, or come in.", default=None)
    to_place_id: strawberry.ID | None = field("Where a transfer brings them.", default=None)
    quantity: Decimal | None = field(
        "How much, in the barcode's unit; what the label says when left out, else one.",
        default=None,
    )
    unit_price: Decimal | None = field("Price per unit.", default=None)


@payload_type
class FoodBatchesScanPayload(Payload):
    """The line that the scan became."""

    document: Document | None = field(
        "The draft as it is now; null if it was refused, or is gone meanwhile.", default=None
    )
    line: DocumentLine | None = field("Its line; null if it was taken out again.", default=None)


class Mutations:
    """Scanning."""

    @mutation_field(permission="documents.write")
    async def food_batches_scan(
        self, info: Info, input: Annotated[FoodBatchesScanInput, argument("What was scanned.")]
    ) -> FoodBatchesScanPayload:
        """Turn a scan into a line of a draft: item, batch, dates, count and weight as the label says. The
        same scan again changes nothing and is answered as the first time."""
        context = info.context
        draft = ScanDraft(
            input.device,
            input.sequence,
            input.text,
            input.document_id,
            input.type,
            input.business_date,
            optional_uuid(input.party_id, "Party", "partyId"),
            optional_uuid(input.place_id, "Place", "placeId"),
            optional_uuid(input.to_place_id, "Place", "toPlaceId"),
            input.quantity,
            input.unit_price,
        )
        done = await scans.scan(context.database, context.principal, input.command_id, draft)
        return await _payload(info, done)


async def _payload(info: Info, done: Scanned) -> FoodBatchesScanPayload:
    async with info.context.database.snapshot(info.context.principal.tenant_id) as tx:
        document = (await documents_by_id(tx, [done.document_id])).get(done.document_id)
        lines = (await lines_of_documents(tx, [done.document_id])).get(done.document_id, {})
    line = lines.get(done.line)
    if document is None or line is None:
        return FoodBatchesScanPayload(document=document)
    return FoodBatchesScanPayload(document=document, line=DocumentLine.of(document, line))


EXTENSION = Extension(mutations=Mutations)
