"""Places as the API shows them, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, cast
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.db.database import Transaction
from core.places import rules, tables
from core.tenancy.service import load_settings
from schema.access import field, input_type, object_type, query_field
from schema.context import Info
from schema.masterdata import (
    ACTIVE,
    ACTIVE_FILTER,
    CHANGED,
    CHANGED_SINCE,
    CODE,
    REVISION,
    CodeArgument,
    IdArgument,
    MasterDataOrder,
    OrderArgument,
    by_code,
    children_page,
    listed,
    one_of,
)
from schema.policies import NegativeStock
from schema.relay import After, Connection, First, Node, Page, connection, optional_uuid, uuid_of


@strawberry.enum(description="What sort of place a place is.")
class PlaceKind(Enum):
    """Fixed when the place is made."""

    ORGANISATION = enum_value(
        "organisation",
        description="A company, region or department: groups places, holds no stock.",
    )
    STORE = enum_value("store", description="A shop: goods lie and are sold there.")
    WAREHOUSE = enum_value("warehouse", description="A warehouse, of its own or of a store.")
    BIN = enum_value("bin", description="A shelf, a zone, a bin in a store or warehouse.")
    TRANSIT = enum_value(
        "transit", description="Where goods are between two places. Every tenant has one."
    )
    WORK = enum_value(
        "work", description="Where goods are that production works on. Every tenant has one."
    )
    PROCESSOR = enum_value(
        "processor", description="A processor who holds goods that remain the company's."
    )
    VIRTUAL = enum_value(
        "virtual", description="An account that value comes from or goes to, such as suppliers."
    )


@strawberry.enum(description="What a place of the ledger itself stands for.")
class PlaceAccount(Enum):
    """The tenant has each of them once."""

    SUPPLIER = enum_value("supplier", description="Where bought goods come from.")
    CUSTOMER = enum_value("customer", description="Where sold goods go.")
    PRODUCTION = enum_value("production", description="Conversions: what they use and make.")
    GAIN_LOSS = enum_value("gain_loss", description="Differences found by counting.")
    PRICE_DIFFERENCE = enum_value(
        "price_difference", description="Returns at another value than the one goods came in with."
    )
    TRUE_UP = enum_value("true_up", description="Corrections of what was issued before it came in.")
    LANDED_COST_EXPENSED = enum_value(
        "landed_cost_expensed", description="Landed cost of goods that had gone already."
    )
    STANDARD_VARIANCE = enum_value(
        "standard_variance", description="What was paid above or below the standard cost."
    )
    PRODUCTION_VARIANCE = enum_value(
        "production_variance", description="What production used beyond what it brought."
    )
    OPENING = enum_value("opening", description="Where opening stock comes from.")
    SCRAP = enum_value("scrap", description="Where spoiled goods go.")
    INTERNAL_USE = enum_value("internal_use", description="What the company uses itself.")
    OTHER = enum_value("other", description="Everything else that comes in or goes out.")
    IN_TRANSIT = enum_value("in_transit", description="Goods under way between two places.")
    IN_WORK = enum_value("in_work", description="Goods in work, valued by their order.")


async def places_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Place]:
    found = await tables.places_by_id(tx, keys)
    return {key: Place.of(record) for key, record in found.items()}


async def places_by_code(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Place]:
    found = await by_code(tx, keys, tables.register.by_code)
    return {key: Place.of(record) for key, record in found.items()}


async def children_of_places(
    tx: Transaction, keys: Sequence[UUID], page: Page
) -> Mapping[UUID, list[rules.Place]]:
    after = page.after[0] if page.after else None
    return await tables.register.children(tx, keys, after=after, limit=page.limit)


async def zones_of_places(
    tx: Transaction, keys: Sequence[rules.Place]
) -> Mapping[rules.Place, str]:
    """The zone in force at each place, from its ancestors or the settings."""
    default = (await load_settings(tx)).accounting_zone
    above = await tables.places_by_id(tx, {i for place in keys for i in place.path[:-1]})
    return {place: rules.zone_of(place, above, default) for place in keys}


@object_type(permission="places.read", node=places_by_id)
class Place(Node):
    """Somewhere goods lie, an organisation that groups such places, or an account of the ledger.

    Places form a tree: organisations hold stores and warehouses, which hold bins.
    """

    record: strawberry.Private[rules.Place]
    code: str = field(CODE)
    name: str = field("Its name.")
    kind: PlaceKind = field("What sort of place it is.")
    account: PlaceAccount | None = field(
        "What it stands for, if it belongs to the ledger itself; it cannot be changed then."
    )
    holds_stock: bool = field("Whether goods can lie there.")
    zone: str | None = field("Its own IANA time zone; null: as the place above it.")
    negative_stock: NegativeStock | None = field(
        "Whether stock there may go below zero; null: as the settings say."
    )
    active: bool = field(ACTIVE)
    revision: int = field(REVISION)
    changed: int = field(CHANGED)

    @classmethod
    def of(cls, record: rules.Place) -> Place:
        return cls(
            uuid=record.id,
            record=record,
            code=record.code,
            name=record.name,
            kind=PlaceKind(record.kind),
            account=PlaceAccount(record.account) if record.account else None,
            holds_stock=record.holds_stock,
            zone=record.zone,
            negative_stock=NegativeStock(record.negative_stock) if record.negative_stock else None,
            active=record.active,
            revision=record.revision,
            changed=record.changed,
        )

    @field
    async def effective_zone(self, info: Info) -> str:
        """The IANA time zone in force there: its own, or that of the nearest place above it that
        has one, or the accounting zone of the settings."""
        zone = await info.context.load(zones_of_places, self.record)
        assert zone is not None
        return zone

    @field
    async def parent(self, info: Info) -> Place | None:
        """The place it lies in; null at the top."""
        return await info.context.load(places_by_id, self.record.parent_id)

    @field
    async def ancestors(self, info: Info) -> list[Place]:
        """The places it lies in, from the top down, without itself."""
        found = [info.context.load(places_by_id, key) for key in self.record.path[:-1]]
        return [place for one in found if (place := await one)]

    @field
    async def children(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Place]:
        """The places directly in it, by code, archived ones included."""
        page = children_page(first, after)
        found = await info.context.load(children_of_places, self.uuid, page)
        return connection(page, found or [], node=Place.of, cursor=lambda row: (row.id,))


@input_type
class PlaceFilterInput:
    """Which places; all that is given must hold."""

    search: str | None = field("A part of the code or the name.", default=None)
    kinds: list[PlaceKind] | None = field("Of one of these kinds.", default=None)
    parent_id: strawberry.ID | None = field("Directly in this place.", default=None)
    within_id: strawberry.ID | None = field("This place and all below it.", default=None)
    holds_stock: bool | None = field("Whether goods can lie there.", default=None)
    active: bool | None = field(ACTIVE_FILTER, default=None)
    changed_since: int | None = field(CHANGED_SINCE, default=None)

    def wanted(self) -> tables.PlaceFilter:
        """The core's filter."""
        kinds = tuple(kind.value for kind in self.kinds or ())
        return tables.PlaceFilter(
            search=self.search,
            kinds=cast("tuple[rules.PlaceKind, ...]", kinds) if self.kinds is not None else None,
            parent_id=optional_uuid(self.parent_id, "Place", "filter", "parent_id"),
            within=optional_uuid(self.within_id, "Place", "filter", "within_id"),
            holds_stock=self.holds_stock,
            active=self.active,
            changed_since=self.changed_since,
        )


PlacesWanted = Annotated[PlaceFilterInput | None, strawberry.argument(description="Which places.")]


class Queries:
    """Finding places."""

    @query_field(permission="places.read")
    async def place(
        self, info: Info, id: IdArgument = None, code: CodeArgument = None
    ) -> Place | None:
        """One place by its id or its code."""
        one_of(id=id, code=code)
        if id is not None:
            return await info.context.load(places_by_id, uuid_of(id, "Place", "id"))
        return await info.context.load(places_by_code, code or "")

    @query_field(permission="places.read")
    async def places(
        self,
        info: Info,
        filter: PlacesWanted = None,
        order_by: OrderArgument = MasterDataOrder.CODE,
        first: First = None,
        after: After = None,
    ) -> Connection[Place]:
        """Places, a page at a time; those of the ledger itself are among them."""
        wanted = (filter or PlaceFilterInput()).wanted()
        return await listed(
            info,
            wanted,
            order_by,
            (first, after),
            tables.list_places,
            tables.count_places,
            Place.of,
        )
