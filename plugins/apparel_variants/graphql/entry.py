"""Documents entered as a matrix, in GraphQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Asked, DocumentDraft, Refused, clean, uuid7
from plugins.apparel_variants import entries
from plugins.apparel_variants.entries import RowEntry, StyleEntry, Terms
from plugins.apparel_variants.graphql.palette import SIZE
from plugins.apparel_variants.graphql.styles import STYLE
from schema.plugin_api import (
    COMMAND_ID,
    Document,
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
    uuid_of,
)

LONGEST_NOTE = 2000
LONGEST_CODE = 64


@input_type
class ApparelVariantsRowInput:
    """A row: one colour, size by size."""

    colour_id: strawberry.ID | None = field(
        "The colour; null where the style has none.", default=None
    )
    cells: list[Decimal | None] = field(
        "Quantities in base units, one for each column. Null, and except on a count zero, says nothing."
    )
    lot_code: str | None = field(
        "The lot of the row's pieces, by its code (批号、缸号), in each of their items; made with its first"
        " receipt. What else other modules want to be told of a line, dates or numbers, is filled in on a"
        " draft.",
        default=None,
    )


@input_type
class ApparelVariantsStyleEntryInput:
    """A style's part of a document: rows are colours, columns sizes."""

    style_id: strawberry.ID = field("The style.")
    size_ids: list[strawberry.ID] | None = field(
        "The columns. When left out, they are those of the style's matrix.", default=None
    )
    unit_price: Decimal | None = field(
        "The price of each piece; on receipts it is the cost. When left out, that of the line it goes"
        " back to; else the variant's list price for customers, its purchase price from suppliers.",
        default=None,
    )
    discount_pct: Decimal | None = field(
        "Discount in percent of the price. When left out, that of the line it goes back to, or none.",
        default=None,
    )
    tax_rate: Decimal | None = field(
        "Tax in percent. When left out, that of the line it goes back to, or none.", default=None
    )
    due_on: dt.date | None = field("When an order's lines are due.", default=None)
    rows: list[ApparelVariantsRowInput] = field("The rows.")


@input_type
class ApparelVariantsPostGridInput:
    """A document entered as a matrix."""

    command_id: UUID = field(COMMAND_ID)
    id: UUID | None = field("The document's id, made by you (a UUIDv7).", default=None)
    type: str = field(
        "The code of its type: an order, a receipt, an issue, a transfer, a count and the like."
    )
    business_date: dt.date = field("The day it counts on, in the tenant's accounting zone.")
    party_id: strawberry.ID | None = field("The supplier or the customer.", default=None)
    place_id: strawberry.ID | None = field("Where the goods come from, or into.", default=None)
    to_place_id: strawberry.ID | None = field("Where a transfer brings them.", default=None)
    source_id: strawberry.ID | None = field(
        "The document it goes back to, such as the order of a receipt, the issue of a return: each cell"
        " goes back to the lines of its item there, in their order as far as they are open.",
        default=None,
    )
    reference: str | None = field(
        "A number of somebody else's: their order, invoice.", default=None
    )
    remark: str | None = field("A note, at most 2,000 characters.", default=None)
    cause: str | None = field("Why, at most 2,000 characters: a loss, a difference.", default=None)
    styles: list[ApparelVariantsStyleEntryInput] = field(
        "What was entered; at most 1,000 cells with a quantity."
    )


@payload_type
class ApparelVariantsDocumentPayload(Payload):
    """The document."""

    document: Document | None = field("The document; null if refused.", default=None)


class Mutations:
    """Entering documents as matrices."""

    @mutation_field(permission="documents.post", ledger=True, bulk=True)
    async def apparel_variants_post_grid(
        self,
        info: Info,
        input: Annotated[ApparelVariantsPostGridInput, argument("What was entered.")],
    ) -> ApparelVariantsDocumentPayload:
        """Post one document (an order: approve it) with a line for each cell of a matrix that was
        filled in. Refusals lead to the cell."""
        context = info.context
        # The books know their postings by this operation, whatever leads to them.
        command = Asked.of(input.command_id, "postDocument", input)
        verdict = await entries.post_grid(
            context.database, context.principal, command, *_entered(input)
        )
        assert verdict.outcome is not None
        return await payload(info, UUID(verdict.outcome["id"]))

    @mutation_field(permission="documents.write", bulk=True)
    async def apparel_variants_draft_grid(
        self,
        info: Info,
        input: Annotated[ApparelVariantsPostGridInput, argument("What was entered.")],
    ) -> ApparelVariantsDocumentPayload:
        """Keep a matrix as a draft, for somebody else to check and to post. Where a draft with this `id`
        is there, what was entered is added to its lines, and its head stays. Refusals lead to the cell."""
        context = info.context
        command = Asked.of(input.command_id, "apparelVariants.draftGrid", input)
        key = await entries.draft_grid(
            context.database, context.principal, command, *_entered(input)
        )
        return await payload(info, key)


def _entered(input: ApparelVariantsPostGridInput) -> tuple[DocumentDraft, list[StyleEntry]]:
    head = head_of(
        input.id, input.type, input.business_date, input.place_id, input.party_id, input.remark
    )
    head = replace(
        head,
        to_place_id=optional_uuid(input.to_place_id, "Place", "toPlaceId"),
        source_id=optional_uuid(input.source_id, "Document", "sourceId"),
        reference=_text(input.reference, "reference"),
        cause=_text(input.cause, "cause"),
    )
    return head, [_entry(one, n) for n, one in enumerate(input.styles)]


def head_of(
    id_: UUID | None,
    type_: str,
    on: dt.date,
    place_id: str | None,
    party_id: str | None,
    remark: str | None,
) -> DocumentDraft:
    """The head of a document whose lines follow from what was entered."""
    return DocumentDraft(
        id_ or uuid7(),
        type_,
        on,
        (),
        party_id=optional_uuid(party_id, "Party", "partyId"),
        place_id=optional_uuid(place_id, "Place", "placeId"),
        remark=_text(remark, "remark"),
    )


def _text(text: str | None, field_: str) -> str | None:
    return None if text is None else clean(text, field_, LONGEST_NOTE, required=False)


def _lot(code: str | None, *path: str | int) -> str | None:
    if code is None:
        return None
    try:
        return clean(code, "lotCode", LONGEST_CODE)
    except Refused as refused:
        raise Refused(*(one.under(*path) for one in refused.refusals)) from None


async def payload(info: Info, key: UUID) -> ApparelVariantsDocumentPayload:
    """The payload of a document that is in the books."""
    context = info.context
    async with context.database.snapshot(context.principal.tenant_id) as tx:
        found = await documents_by_id(tx, [key])
    return ApparelVariantsDocumentPayload(document=found.get(key))


def _entry(one: ApparelVariantsStyleEntryInput, n: int) -> StyleEntry:
    where = ("styles", n)
    sizes = one.size_ids
    return StyleEntry(
        uuid_of(one.style_id, STYLE, *where, "styleId"),
        [
            RowEntry(
                optional_uuid(
                    row.colour_id, "ApparelVariantsColour", *where, "rows", r, "colourId"
                ),
                row.cells,
                _lot(row.lot_code, *where, "rows", r),
            )
            for r, row in enumerate(one.rows)
        ],
        None
        if sizes is None
        else [uuid_of(size, SIZE, *where, "sizeIds", c) for c, size in enumerate(sizes)],
        Terms(one.unit_price, one.discount_pct, one.tax_rate, one.due_on),
    )


EXTENSION = Extension(mutations=Mutations)
