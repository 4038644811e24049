"""Documents as the API shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.db.database import Transaction
from core.documents import queries
from core.documents import reading as stored_documents
from core.documents.queries import LineProgress
from core.documents.records import Line, Stored
from core.documents.types import TYPES as DOCUMENT_TYPES
from core.documents.types import DocumentType as TypeRecord
from core.ledger.views.reserved import reserved
from schema.access import PART, field, object_type
from schema.catalogue import Item, Unit, items_by_id, units_by_id
from schema.context import Info
from schema.document_inputs import CostBasis, LineRole
from schema.parties import Party, parties_by_id
from schema.places import Place, places_by_id
from schema.relay import After, Connection, First, Node, Page, connection, page_of

_SALES = {"sales_order", "issue", "return_from_customer"}
"""Documents whose prices are sales prices: all others show what goods cost us."""


@strawberry.enum(description="Where a document stands in its life.")
class DocumentState(Enum):
    """A reversed document stays POSTED and names its reversal."""

    DRAFT = enum_value("draft", description="May be edited and deleted; moves nothing.")
    SUBMITTED = enum_value("submitted", description="Waits for approval; frozen.")
    APPROVED = enum_value(
        "approved", description="Content is final. An approved order's promises stand."
    )
    POSTED = enum_value("posted", description="In the books, for ever.")
    CLOSED = enum_value("closed", description="An order whose rest will not come.")


@strawberry.enum(description="What posting a document of a type does with its lines.")
class DocumentEffect(Enum):
    """A closed list: types are data over these effects."""

    ORDER = enum_value(
        "order",
        description="Promises only: reserves what will be issued, or expects; or just asks.",
    )
    RECEIVE = enum_value("receive", description="Into one of our places, from the counter account.")
    ISSUE = enum_value("issue", description="Out of one of our places, to the counter account.")
    MOVE = enum_value("move", description="From one of our places to another at once.")
    DISPATCH = enum_value(
        "dispatch", description="Out of a place into transit or work; still ours."
    )
    ARRIVE = enum_value(
        "arrive", description="Out of transit or work into a place; what is lost is a loss."
    )
    COUNT = enum_value("count", description="The book becomes what was counted.")
    CONVERT = enum_value("convert", description="Items become others and carry their value along.")
    DROP = enum_value("drop", description="From the supplier to the customer, never in our stock.")
    REVALUE = enum_value("revalue", description="Changes the value of what is there.")
    LANDED = enum_value("landed", description="Adds cost to a receipt.")
    STANDARD = enum_value("standard", description="Changes the standard cost.")


@object_type(permission=PART)
class DocumentType:
    """A type of document: what posting it does, and what it may go back to."""

    code: str = field("The code that `DocumentInput.type` takes.")
    title: str = field("Its name in your language.")
    prefix: str = field("How its numbers begin.")
    effect: DocumentEffect = field("What posting does with its lines.")
    account: str | None = field("The virtual place on the other side.")
    party_kind: str | None = field("Whether it names a `supplier` or a `customer`.")
    source_types: list[str] = field("The types it may go back to.", size=3)
    source_required: bool = field("Whether it must go back to one.")
    waits_in: str | None = field(
        "Where it leaves goods, or finds them: `in_transit` or `in_work`; they wait there for its source"
        " order or, without one, for itself."
    )
    has_roles: bool = field("Whether it is an order of which each line consumes or produces.")
    asks: bool = field(
        "Whether it is an order that only asks, as a requisition does: nothing is reserved or expected;"
        " orders that go back to it carry it out."
    )

    @classmethod
    def of(cls, record: TypeRecord, language: str) -> DocumentType:
        return cls(
            code=record.code,
            title=record.zh if language == "zh" else record.en,
            prefix=record.prefix,
            effect=DocumentEffect(record.effect.value),
            account=record.account,
            party_kind=record.party,
            source_types=list(record.sources),
            source_required=record.source_required,
            waits_in=record.waits_in,
            has_roles=record.roles,
            asks=record.asks,
        )


async def documents_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Document]:
    stored = await stored_documents.heads(tx, list(keys))
    return {key: Document.of(found) for key, found in stored.items()}


async def lines_of_documents(
    tx: Transaction, keys: Sequence[UUID], page: Page
) -> Mapping[UUID, list[Line]]:
    after = page.after[0] if page.after else 0
    return await stored_documents.page_of_lines(tx, keys, after, page.limit)


async def line_counts(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, int]:
    return await stored_documents.count_lines(tx, keys)


async def progress_by_line(
    tx: Transaction, keys: Sequence[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], LineProgress]:
    return await queries.progress_of_lines(tx, keys)


def _may_see(info: Info, type_code: str) -> bool:
    return type_code in _SALES or info.context.may("cost.read")


@object_type(permission="stock.read")
class Reservation:
    """What stock is reserved for a line of an order, in the item's base unit. Orders are served in the
    sequence of their approval."""

    quantity: Decimal = field("What is reserved and has not left.")
    covered: Decimal = field(
        "How much of it is there once all that was reserved earlier has left: it can be delivered now."
    )
    backordered: Decimal = field("The rest of it, which waits for goods to come.")


@object_type(permission="documents.read")
class DocumentLine:
    """A line of a document."""

    record: strawberry.Private[Line]
    document_id: strawberry.Private[UUID]
    type_code: strawberry.Private[str]
    no: int = field("Its number in the document, from 1.")
    quantity: Decimal | None = field("How much, in `unit`; negative on a reversal.")
    base_quantity: Decimal | None = field("How much, in the item's base unit.")
    discount_pct: Decimal = field("Discount in percent.")
    tax_rate: Decimal = field("Tax in percent.")
    lot_code: str | None = field("The lot.")
    source_line: int | None = field("The line of the source document it goes back to.")
    role: LineRole | None = field("What the line does, where lines differ.")
    share: Decimal | None = field("Percent of a conversion's cost that this output takes.")
    over_pct: Decimal | None = field("How much more than ordered may be carried out, in percent.")
    due_on: dt.date | None = field("When it is due.")
    expires_at: dt.datetime | None = field("When its promise lapses.")
    description: str | None = field("What is printed instead of the item's name.")
    cause: str | None = field("Why.")
    remark: str | None = field("A note.")

    @classmethod
    def of(cls, document: Document, line: Line) -> DocumentLine:
        return cls(
            record=line,
            document_id=document.uuid,
            type_code=document.type_code,
            no=line.no,
            quantity=line.entered_quantity,
            base_quantity=line.quantity,
            discount_pct=line.discount_pct,
            tax_rate=line.tax_rate,
            lot_code=line.lot_code,
            source_line=line.source_line,
            role=LineRole(line.role) if line.role else None,
            share=line.share,
            over_pct=line.over_pct,
            due_on=line.due_on,
            expires_at=line.expires_at,
            description=line.description,
            cause=line.cause,
            remark=line.remark,
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def unit(self, info: Info) -> Unit | None:
        """The unit of `quantity` and `unitPrice`."""
        return await info.context.load(units_by_id, self.record.unit_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where the goods come from, or into."""
        return await info.context.load(places_by_id, self.record.place_id)

    @field
    async def to_place(self, info: Info) -> Place | None:
        """Where the goods are brought."""
        return await info.context.load(places_by_id, self.record.to_place_id)

    @field
    def unit_price(self, info: Info) -> Decimal | None:
        """Price per unit; what goods cost us is null for whoever may not see it."""
        return self.record.unit_price if _may_see(info, self.type_code) else None

    @field
    def net(self, info: Info) -> Decimal | None:
        """The amount of the line without tax."""
        return self.record.net if _may_see(info, self.type_code) else None

    @field
    def tax(self, info: Info) -> Decimal | None:
        """The tax of the line."""
        return self.record.tax if _may_see(info, self.type_code) else None

    @field
    def total(self, info: Info) -> Decimal | None:
        """The amount of the line with tax."""
        return self.record.total if _may_see(info, self.type_code) else None

    @field
    async def executed_quantity(self, info: Info) -> Decimal:
        """How much of it was received, delivered or arrived so far, in base units."""
        progress = await info.context.load(progress_by_line, (self.document_id, self.no))
        return progress.executed if progress else Decimal(0)

    @field
    async def returned_quantity(self, info: Info) -> Decimal:
        """How much of it was returned so far, in base units."""
        progress = await info.context.load(progress_by_line, (self.document_id, self.no))
        return progress.returned if progress else Decimal(0)

    @field
    async def reservation(self, info: Info) -> Reservation | None:
        """What is reserved for an order's line, and how much of it is there; null where nothing is, or for
        whoever may not see stock."""
        found = await info.context.load(reserved, (self.document_id, self.no))
        if found is None:
            return None
        return Reservation(
            quantity=found.quantity, covered=found.covered, backordered=found.backordered
        )


@object_type(permission="documents.read", node=documents_by_id)
class Document(Node):
    """An order, a receipt, an issue, a count: anything that is written down and posted."""

    stored: strawberry.Private[Stored]
    type_code: strawberry.Private[str]
    state: DocumentState = field("Where it stands in its life.")
    revision: int = field("Raised with every change; name the one you saw when you change it.")
    number: str | None = field("Its number, given when it is posted (an order: approved).")
    sequence: int | None = field("Its posting number: the order in which the books know it.")
    business_date: dt.date = field("The day it counts on.")
    posted_at: dt.datetime | None = field("When it was posted.")
    party_name: str | None = field("The party's name on this document.")
    address: str | None = field("The address on this document.")
    country: str | None = field("The country on this document.")
    reference: str | None = field("A number of somebody else's.")
    remark: str | None = field("A note.")
    cause: str | None = field("Why.")
    cost_basis: CostBasis | None = field("What a landed cost is shared by.")

    @classmethod
    def of(cls, stored: Stored) -> Document:
        record = stored.document
        return cls(
            uuid=record.id,
            stored=stored,
            type_code=record.type_code,
            state=DocumentState(stored.state),
            revision=stored.revision,
            number=stored.number,
            sequence=stored.sequence,
            business_date=record.business_date,
            posted_at=stored.posted_at,
            party_name=record.party_name,
            address=record.address,
            country=record.country,
            reference=record.reference,
            remark=record.remark,
            cause=record.cause,
            cost_basis=CostBasis(record.cost_basis) if record.cost_basis else None,
        )

    @field
    def type(self, info: Info) -> DocumentType:
        """What kind of document it is."""
        return DocumentType.of(DOCUMENT_TYPES[self.type_code], info.context.language)

    @field
    def net(self, info: Info) -> Decimal | None:
        """The amount without tax; what goods cost us is null for whoever may not see it."""
        return self.stored.document.net if _may_see(info, self.type_code) else None

    @field
    def tax(self, info: Info) -> Decimal | None:
        """The tax."""
        return self.stored.document.tax if _may_see(info, self.type_code) else None

    @field
    def total(self, info: Info) -> Decimal | None:
        """The amount with tax."""
        return self.stored.document.total if _may_see(info, self.type_code) else None

    @field
    def extra_cost(self, info: Info) -> Decimal | None:
        """The amount of a landed cost, or the further cost of a conversion."""
        return self.stored.document.extra_cost if info.context.may("cost.read") else None

    @field
    async def lines(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[DocumentLine]:
        """Its lines."""
        page = page_of(first, after, key=(int,))
        found = await info.context.load(lines_of_documents, self.uuid, page)

        async def count() -> int:
            return await info.context.load(line_counts, self.uuid) or 0

        return connection(
            page,
            found or [],
            node=lambda line: DocumentLine.of(self, line),
            cursor=lambda line: (line.no,),
            count=count,
        )

    @field
    async def party(self, info: Info) -> Party | None:
        """The supplier or customer."""
        return await info.context.load(parties_by_id, self.stored.document.party_id)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where goods leave, or come in."""
        return await info.context.load(places_by_id, self.stored.document.place_id)

    @field
    async def to_place(self, info: Info) -> Place | None:
        """Where goods are brought."""
        return await info.context.load(places_by_id, self.stored.document.to_place_id)

    @field
    async def source(self, info: Info) -> Document | None:
        """The document it goes back to."""
        return await self._other(info, self.stored.document.source_id)

    @field
    async def reverses(self, info: Info) -> Document | None:
        """The document that this one reverses."""
        return await self._other(info, self.stored.document.reverses_id)

    @field
    async def reversed_by(self, info: Info) -> Document | None:
        """The document that reverses this one."""
        return await self._other(info, self.stored.reversed_by_id)

    async def _other(self, info: Info, key: UUID | None) -> Document | None:
        return await info.context.load(documents_by_id, key)
