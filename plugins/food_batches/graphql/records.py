"""The register of goods received and delivered, as inspectors ask for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, module_settings
from plugins.food_batches.alerts import NAME
from plugins.food_batches.graphql.batches import FoodBatchesBatch, batches_by_id
from plugins.food_batches.graphql.items import FoodBatchesItem
from plugins.food_batches.graphql.items import items_by_id as food_items_by_id
from plugins.food_batches.graphql.vocabulary import (
    FoodBatchesLicenceKind,
    FoodBatchesRecordDirection,
)
from plugins.food_batches.rules import life
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import register
from plugins.food_batches.stock.register import Entry, RegisterFilter
from schema.plugin_api import (
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    Party,
    connection,
    documents_by_id,
    field,
    input_type,
    items_by_id,
    object_type,
    optional_uuid,
    page_of,
    parties_by_id,
    query_field,
)

_ACCOUNTS = {
    FoodBatchesRecordDirection.RECEIVED: "supplier",
    FoodBatchesRecordDirection.DELIVERED: "customer",
}


async def settings_for_records(tx: Transaction, keys: Sequence[str]) -> Mapping[str, FoodSettings]:
    found = await module_settings(tx, NAME)
    return dict.fromkeys(keys, found)


@object_type(permission="documents.read")
class FoodBatchesRecord:
    """Goods of a batch that came from a supplier or went to a customer: what the law wants on record
    (食品安全法: 名称、规格、数量、批号、保质期、日期、对方名称、地址、联系方式)."""

    record: strawberry.Private[Entry]
    direction: FoodBatchesRecordDirection = field("Which way the goods went.")
    on: dt.date = field("The business date.")
    quantity: Decimal = field(
        "How much, in base units; below zero where it goes back, or undoes another."
    )
    party_name: str | None = field("The other party's name, as the document has it.")
    party_address: str | None = field("Their address, as the document has it.")
    party_contact: str | None = field("Their telephone number, as it is known now.")
    licence_kind: FoodBatchesLicenceKind | None = field(
        "Which paper of the supplier was valid when the goods came in; null where none was seen."
    )
    licence_number: str | None = field("Its number.")

    @classmethod
    def of(cls, entry: Entry) -> FoodBatchesRecord:
        kind = entry.licence_kind
        return cls(
            record=entry,
            direction=next(d for d, account in _ACCOUNTS.items() if account == entry.account),
            on=entry.on,
            quantity=entry.quantity,
            party_name=entry.party_name,
            party_address=entry.address,
            party_contact=entry.contact,
            licence_kind=None if kind is None else FoodBatchesLicenceKind(kind),
            licence_number=entry.licence_number,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item, with its name."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def food(self, info: Info) -> FoodBatchesItem | None:
        """Its specification, shelf life and storage."""
        return await info.context.load(food_items_by_id, self.record.item_id)

    @field
    async def batch(self, info: Info) -> FoodBatchesBatch | None:
        """The batch, with its number and dates."""
        return await info.context.load(batches_by_id, self.record.lot_id)

    @field
    async def document(self, info: Info) -> Document | None:
        """The document."""
        return await info.context.load(documents_by_id, self.record.document_id)

    @field
    async def party(self, info: Info) -> Party | None:
        """The other party; null where the document names none."""
        return await info.context.load(parties_by_id, self.record.party_id)

    @field
    async def kept_until(self, info: Info) -> dt.date | None:
        """The last day on which this record must still be there: beyond shelf life by the months of the
        settings, or beyond its date where there is none."""
        batch = await info.context.load(batches_by_id, self.record.lot_id)
        settings = await info.context.load(settings_for_records, NAME)
        assert settings is not None
        return life.keep_records_until(
            self.record.on,
            batch.expires_on if batch else None,
            settings.record_months,
            settings.record_months_without_expiry,
        )


@input_type
class FoodBatchesRecordFilterInput:
    """Which records; all that is given must hold."""

    since: dt.date | None = field("From this business date on.", default=None)
    until: dt.date | None = field("Up to this business date.", default=None)
    item_id: strawberry.ID | None = field("Of this item.", default=None)
    batch_id: strawberry.ID | None = field("Of this batch.", default=None)
    party_id: strawberry.ID | None = field("From or to this party.", default=None)
    direction: FoodBatchesRecordDirection | None = field("Which way the goods went.", default=None)

    def read(self) -> RegisterFilter:
        """The module's filter. Refuses ids that are none (NOT_FOUND)."""
        item, batch, party = self.item_id, self.batch_id, self.party_id
        return RegisterFilter(
            self.since,
            self.until,
            optional_uuid(item, "Item", "filter", "itemId"),
            optional_uuid(batch, "FoodBatchesBatch", "filter", "batchId"),
            optional_uuid(party, "Party", "filter", "partyId"),
            _ACCOUNTS[self.direction] if self.direction else None,
        )


class Queries:
    """The register."""

    @query_field(permission="documents.read")
    async def food_batches_records(
        self,
        info: Info,
        filter: Annotated[
            FoodBatchesRecordFilterInput | None, strawberry.argument(description="Which ones.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[FoodBatchesRecord]:
        """What came from suppliers and went to customers by batch (进货查验记录、销售记录), in the order
        of posting."""
        page = page_of(first, after, key=(int, int, UUID))
        wanted = (filter or FoodBatchesRecordFilterInput()).read()
        start = None if page.after is None else (page.after[0], page.after[1], page.after[2])
        async with info.context.reading() as tx:
            found = await register.list_entries(tx, wanted, start, page.limit)
        return connection(page, found, node=FoodBatchesRecord.of, cursor=lambda entry: entry.cursor)


EXTENSION = Extension(queries=Queries)
