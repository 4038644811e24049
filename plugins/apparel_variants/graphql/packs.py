"""Ratio packs (配码包) in GraphQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import (
    LIMIT_EXCEEDED,
    Asked,
    LineDraft,
    Transaction,
    availability,
    refuse,
)
from plugins.apparel_variants import packs, records, tables
from plugins.apparel_variants.graphql.entry import (
    ApparelVariantsDocumentPayload,
    head_of,
    payload,
)
from plugins.apparel_variants.graphql.palette import READ, WRITE
from plugins.apparel_variants.graphql.styles import STYLE, ApparelVariantsVariant, variants_by_item
from plugins.apparel_variants.rules import sizes
from plugins.apparel_variants.stock.packs import PackFilter, count_packs, list_packs
from schema.plugin_api import (
    COMMAND_ID,
    PART,
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    Payload,
    argument,
    connection,
    field,
    input_type,
    items_by_id,
    mutation_field,
    object_type,
    optional_uuid,
    page_of,
    payload_type,
    query_field,
    user_error,
    uuid_of,
)

MOST_VARIANTS = 200
"""Variants in a pack."""


async def available_by_item(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Decimal]:
    found = await availability(tx, [(key, None) for key in keys])
    return {item: one.available for (item, _), one in found.items()}


async def packs_by_item(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, ApparelVariantsPack]:
    return {key: ApparelVariantsPack.of(one) for key, one in (await tables.packs(tx, keys)).items()}


@object_type(permission=PART)
class ApparelVariantsPackLine:
    """So many of a variant in a pack."""

    record: strawberry.Private[records.PackLine]
    quantity: int = field("How many pieces.")

    @field
    async def variant(self, info: Info) -> ApparelVariantsVariant | None:
        """The variant."""
        return await info.context.load(variants_by_item, self.record.item_id)


@object_type(permission=READ)
class ApparelVariantsPack:
    """A ratio pack: an item that holds variants of a size run."""

    record: strawberry.Private[records.Pack]
    pieces: int = field("How many pieces it holds: 1-2-3-3-2-1 is twelve.")
    lines: list[ApparelVariantsPackLine] = field("What lies in it.", size=6)

    @classmethod
    def of(cls, record: records.Pack) -> ApparelVariantsPack:
        return cls(
            record=record,
            pieces=sizes.pieces(record.ratio),
            lines=[
                ApparelVariantsPackLine(record=line, quantity=line.quantity)
                for line in record.lines
            ],
        )

    @field
    async def fillable(self, info: Info) -> int | None:
        """How many packs the loose pieces that are available would fill, in all our places; null for
        whoever may not see stock."""
        if not info.context.may("stock.read"):
            return None
        ratio = self.record.ratio
        found = [(item, info.context.load(available_by_item, item)) for item in ratio]
        there = {item: await free or Decimal(0) for item, free in found}
        return sizes.whole_packs(ratio, there)

    @field
    async def item(self, info: Info) -> Item | None:
        """The item that it is bought, kept and sold as."""
        return await info.context.load(items_by_id, self.record.item_id)


class ItemFields:
    """What an item shows."""

    @field
    async def apparel_variants_pack(
        self, info: Info, item: strawberry.Parent[Item]
    ) -> ApparelVariantsPack | None:
        """What lies in it as a ratio pack; null where it is none."""
        return await info.context.load(packs_by_item, item.uuid)


@input_type
class ApparelVariantsPackFilterInput:
    """Which packs; all that is given must hold."""

    item_ids: list[strawberry.ID] | None = field(
        "Of these items, at most 200; those that are none are left out.", default=None
    )
    style_id: strawberry.ID | None = field("With this style in them.", default=None)
    active: bool | None = field("In use or not; null for both.", default=True)

    def read(self) -> PackFilter:
        """The module's filter. Refuses ids that are none (NOT_FOUND), and too many."""
        items, style = self.item_ids, self.style_id
        if items is not None and len(items) > MOST_VARIANTS:
            where = ("filter", "itemIds")
            raise refuse(LIMIT_EXCEEDED, *where, field="itemIds", limit=MOST_VARIANTS)
        return PackFilter(
            None
            if items is None
            else tuple(uuid_of(one, "Item", "filter", "itemIds", n) for n, one in enumerate(items)),
            optional_uuid(style, STYLE, "filter", "styleId"),
            self.active,
        )


@input_type
class ApparelVariantsPackLineInput:
    """So many of a variant."""

    item_id: strawberry.ID = field("The variant, by its item.")
    quantity: int = field("How many pieces, from 1 to 10,000.")


@input_type
class ApparelVariantsCreatePackInput:
    """A ratio pack to make."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field("The code of its item, at most 64 characters.")
    name: str = field("Its name, at most 200 characters.")
    list_price: Decimal | None = field("What customers pay for a whole one.", default=None)
    purchase_price: Decimal | None = field("What suppliers are paid for one.", default=None)
    lines: list[ApparelVariantsPackLineInput] = field(
        "What lies in it, each variant once; at most 200. It stays so."
    )


@input_type
class ApparelVariantsConvertPacksInput:
    """Packs to open, or to fill."""

    command_id: UUID = field(COMMAND_ID)
    id: UUID | None = field("The document's id, made by you (a UUIDv7).", default=None)
    pack_id: strawberry.ID = field("The pack, by its item.")
    quantity: Decimal = field("How many packs.")
    place_id: strawberry.ID = field("Where they lie.")
    business_date: dt.date = field("The day it counts on.")
    fill: bool = field("True fills packs with loose pieces instead.", default=False)
    remark: str | None = field("A note, at most 2,000 characters.", default=None)


@input_type
class ApparelVariantsReceivePacksInput:
    """Packs that came, to be opened at once."""

    command_id: UUID = field(COMMAND_ID)
    id: UUID | None = field("The receipt's id, made by you (a UUIDv7).", default=None)
    pack_id: strawberry.ID = field("The pack, by its item.")
    quantity: Decimal = field("How many packs.")
    unit_price: Decimal | None = field(
        "What each cost; the item's purchase price when left out.", default=None
    )
    place_id: strawberry.ID = field("Where they come in.")
    party_id: strawberry.ID | None = field("The supplier.", default=None)
    source_id: strawberry.ID | None = field("The purchase order.", default=None)
    source_line: int | None = field("The line of the order.", default=None)
    business_date: dt.date = field("The day it counts on.")


@payload_type
class ApparelVariantsPackPayload(Payload):
    """The pack as it stands now."""

    pack: ApparelVariantsPack | None = field("The pack; null if refused.", default=None)


@payload_type
class ApparelVariantsReceivePacksPayload(Payload):
    """The documents that were posted. Packs that came and cannot be opened stay whole: there is a receipt
    then, and errors that say why."""

    receipt: Document | None = field("The receipt of the packs; null if refused.", default=None)
    opening: Document | None = field("What opened them; null if refused.", default=None)


class Queries:
    """Packs."""

    @query_field(permission=READ)
    async def apparel_variants_packs(
        self,
        info: Info,
        filter: Annotated[
            ApparelVariantsPackFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ApparelVariantsPack]:
        """Ratio packs by the codes of their items."""
        page = page_of(first, after, key=(str, UUID))
        wanted = (filter or ApparelVariantsPackFilterInput()).read()
        async with info.context.reading() as tx:
            found = await list_packs(tx, wanted, page.after, page.limit)

        async def count() -> int:
            async with info.context.reading() as tx:
                return await count_packs(tx, wanted)

        return connection(
            page,
            found,
            node=lambda one: ApparelVariantsPack.of(one[1]),
            cursor=lambda one: (one[0], one[1].item_id),
            count=count,
        )


class Mutations:
    """Making packs, receiving and opening them."""

    @mutation_field(permission=WRITE)
    async def apparel_variants_create_pack(
        self, info: Info, input: Annotated[ApparelVariantsCreatePackInput, argument("The pack.")]
    ) -> ApparelVariantsPackPayload:
        """Make a ratio pack, as an item of its own."""
        if len(input.lines) > MOST_VARIANTS:
            raise refuse(LIMIT_EXCEEDED, "lines", field="lines", limit=MOST_VARIANTS)
        context = info.context
        lines = [
            records.PackLine(uuid_of(one.item_id, "Item", "lines", n, "itemId"), one.quantity)
            for n, one in enumerate(input.lines)
        ]
        made = await packs.create_pack(
            context.database,
            context.principal,
            input.command_id,
            input.code,
            input.name,
            lines,
            (input.list_price, input.purchase_price),
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            found = (await tables.packs(tx, [made]))[made]
        return ApparelVariantsPackPayload(pack=ApparelVariantsPack.of(found))

    @mutation_field(permission="documents.post", ledger=True)
    async def apparel_variants_convert_packs(
        self,
        info: Info,
        input: Annotated[ApparelVariantsConvertPacksInput, argument("The packs.")],
    ) -> ApparelVariantsDocumentPayload:
        """Open packs into their variants (拆包), which share their cost by pieces; or fill them."""
        context = info.context
        verdict = await packs.convert(
            context.database,
            context.principal,
            Asked.of(input.command_id, "postDocument", input),
            head_of(input.id, "", input.business_date, input.place_id, None, input.remark),
            input.quantity,
            uuid_of(input.pack_id, "Item", "packId"),
            fill=input.fill,
        )
        assert verdict.outcome is not None
        return await payload(info, UUID(verdict.outcome["id"]))

    @mutation_field(permission="documents.post", ledger=True)
    async def apparel_variants_receive_packs(
        self,
        info: Info,
        input: Annotated[ApparelVariantsReceivePacksInput, argument("The packs.")],
    ) -> ApparelVariantsReceivePacksPayload:
        """Receive packs that were bought as one line, and open them at once: the variants come in, and
        carry the cost. Sent again after it was cut off, it goes on where it was."""
        context, source = info.context, input.source_id
        received, opened = await packs.receive(
            context.database,
            context.principal,
            Asked.of(input.command_id, "postDocument", input),
            head_of(input.id, "", input.business_date, input.place_id, input.party_id, None),
            LineDraft(
                uuid_of(input.pack_id, "Item", "packId"),
                input.quantity,
                unit_price=input.unit_price,
                source_line=input.source_line,
            ),
            optional_uuid(source, "Document", "sourceId"),
        )
        assert received.outcome is not None
        receipt = (await payload(info, UUID(received.outcome["id"]))).document
        if opened.outcome is None:
            errors = [user_error(one, context.language) for one in opened.refusals]
            return ApparelVariantsReceivePacksPayload(errors=errors, receipt=receipt)
        opening = (await payload(info, UUID(opened.outcome["id"]))).document
        return ApparelVariantsReceivePacksPayload(receipt=receipt, opening=opening)


EXTENSION = Extension(fields={Item: ItemFields}, queries=Queries, mutations=Mutations)
