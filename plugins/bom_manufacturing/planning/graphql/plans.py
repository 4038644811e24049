"""Runs of planning over GraphQL, and what they suggest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Refusal, Transaction
from plugins.bom_manufacturing.bills.graphql.bills import READ, item_of
from plugins.bom_manufacturing.planning import answers, runs
from plugins.bom_manufacturing.planning.graphql.forecasts import PLAN
from plugins.bom_manufacturing.planning.stock import plans as stored
from plugins.bom_manufacturing.vocabulary import BomManufacturingRunState
from schema.plugin_api import (
    COMMAND_ID,
    After,
    Connection,
    Document,
    Extension,
    First,
    Info,
    Item,
    Node,
    Party,
    Payload,
    Place,
    UserError,
    argument,
    connection,
    documents_by_id,
    field,
    input_type,
    mutation_field,
    object_type,
    optional_uuid,
    page_of,
    parties_by_id,
    payload_type,
    places_by_id,
    query_field,
    user_error,
)

RUN = "BomManufacturingRun"
SUGGESTION = "BomManufacturingSuggestion"


async def runs_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, BomManufacturingRun]:
    found = await stored.runs_by_id(tx, keys)
    return {key: BomManufacturingRun.of(one) for key, one in found.items()}


async def suggestions_by_id(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, BomManufacturingSuggestion]:
    found = await stored.suggestions_by_id(tx, keys)
    return {key: BomManufacturingSuggestion.of(one) for key, one in found.items()}


@object_type(permission=READ, node=runs_by_id)
class BomManufacturingRun(Node):
    """A run of planning (MRP)."""

    record: strawberry.Private[stored.Run]
    state: BomManufacturingRunState = field("How far it is.")
    starts_on: dt.date = field("The day it was asked for.")
    ends_on: dt.date = field("The last day it looks at.")
    asked_at: dt.datetime = field("When it was asked for.")
    finished_at: dt.datetime | None = field("When it ended; null while it is under way.")
    items_done: int = field("Items it has planned.")
    items_total: int | None = field("Items it plans; null before it knows.")

    @classmethod
    def of(cls, record: stored.Run) -> BomManufacturingRun:
        return cls(
            uuid=record.id,
            record=record,
            state=BomManufacturingRunState(record.state),
            starts_on=record.starts_on,
            ends_on=record.ends_on,
            asked_at=record.asked_at,
            finished_at=record.finished_at,
            items_done=record.items_done,
            items_total=record.items_total,
        )

    @field
    async def place(self, info: Info) -> Place | None:
        """The place that is planned, with all below; null for all of ours."""
        return await info.context.load(places_by_id, self.record.place)

    @field
    def failure(self, info: Info) -> UserError | None:
        """Why it failed; null where it did not."""
        told = self.record.failure
        if told is None:
            return None
        return user_error(
            Refusal(told["code"], (), told.get("details") or {}), info.context.language
        )


@object_type(permission=READ, node=suggestions_by_id)
class BomManufacturingSuggestion(Node):
    """A planned order."""

    record: strawberry.Private[stored.Suggestion]
    make: bool = field("Whether to make it, not to buy it.")
    subcontract: bool = field("Whether the supplier makes it of our components (委外加工).")
    quantity: Decimal = field("How much, in base units.")
    release_on: dt.date = field("When to order it or to begin with it.")
    due_on: dt.date = field("When it must be there.")
    past_due: bool = field("Whether that release has passed (逾期): it will be late.")
    untold_attributes: list[str] = field(
        "Attributes of the item that lines of its bill depend on and nobody told. What those lines ask for is"
        " not planned, and no order can be made of it: tell them and plan again, or make the order by hand."
    )

    @classmethod
    def of(cls, record: stored.Suggestion) -> BomManufacturingSuggestion:
        return cls(
            uuid=record.id,
            record=record,
            make=record.make,
            subcontract=record.subcontract,
            quantity=record.quantity,
            release_on=record.release_on,
            due_on=record.due_on,
            past_due=record.past_due,
            untold_attributes=list(record.untold),
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """What is to be there."""
        return await item_of(info, self.record.item)

    @field
    async def supplier(self, info: Info) -> Party | None:
        """Who is asked first; null for what we make ourselves, and where nobody is preferred."""
        return await info.context.load(parties_by_id, self.record.supplier)

    @field
    async def document(self, info: Info) -> Document | None:
        """The order that was made of it; null where none was."""
        return await info.context.load(documents_by_id, self.record.document)


RunId = Annotated[strawberry.ID | None, argument("A run; the plan when left out.")]


async def run_of(tx: Transaction, run_id: str | None) -> stored.Run:
    """The run that was asked for, else the plan."""
    return await answers.plan_of(tx, optional_uuid(run_id, RUN, "runId"))


class Queries:
    """Plans."""

    @query_field(permission=READ)
    async def bom_manufacturing_runs(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BomManufacturingRun]:
        """Runs of planning, the latest first."""
        page = page_of(first, after, key=(UUID,))
        start = page.after[0] if page.after else None
        async with info.context.reading() as tx:
            found = await stored.list_runs(tx, start, page.limit)
        return connection(page, found, node=BomManufacturingRun.of, cursor=lambda one: (one.id,))

    @query_field(permission=READ)
    async def bom_manufacturing_suggestions(
        self,
        info: Info,
        run_id: RunId = None,
        item_id: Annotated[strawberry.ID | None, argument("Only of this item.")] = None,
        make: Annotated[bool | None, argument("Only what is made, or what is bought.")] = None,
        subcontract: Annotated[
            bool | None, argument("Only what processors make, or what they do not.")
        ] = None,
        supplier_id: Annotated[
            strawberry.ID | None, argument("Only where this supplier is preferred.")
        ] = None,
        release_by: Annotated[
            dt.date | None, argument("Only what is released on this day or before.")
        ] = None,
        past_due: Annotated[bool | None, argument("Only what is late, or what is not.")] = None,
        ordered: Annotated[
            bool | None, argument("Only what became an order, or what did not.")
        ] = None,
        untold: Annotated[
            bool | None,
            argument(
                "Only where attributes that the bill depends on are not told, or where all are."
            ),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[BomManufacturingSuggestion]:
        """Planned orders, by the day of their release."""
        page = page_of(first, after, key=(dt.date, int))
        wanted = stored.Wanted(
            item=optional_uuid(item_id, "Item", "itemId"),
            make=make,
            subcontract=subcontract,
            supplier=optional_uuid(supplier_id, "Party", "supplierId"),
            release_by=release_by,
            past_due=past_due,
            ordered=ordered,
            untold=untold,
        )
        start = (page.after[0], page.after[1]) if page.after else None
        async with info.context.reading() as tx:
            run = await run_of(tx, run_id)
            found = await stored.suggestions(tx, run.id, wanted, start, page.limit)
        return connection(
            page,
            found,
            node=BomManufacturingSuggestion.of,
            cursor=lambda one: (one.release_on, one.no),
        )


@input_type
class BomManufacturingPlanInput:
    """What to plan."""

    command_id: UUID = field(COMMAND_ID)
    days: int = field(
        f"How many days to look ahead, today included; at most {runs.LONGEST_HORIZON}.", default=182
    )
    place_id: strawberry.ID | None = field(
        "Only the stock, the orders, the forecasts and the safety stocks of this place and all below;"
        " left out for all of ours.",
        default=None,
    )


@payload_type
class BomManufacturingPlanPayload(Payload):
    """The run."""

    run: BomManufacturingRun | None = field("The run; null if it was refused.", default=None)


class Mutations:
    """Planning."""

    @mutation_field(permission=PLAN)
    async def bom_manufacturing_plan(
        self, info: Info, input: Annotated[BomManufacturingPlanInput, argument("What to plan.")]
    ) -> BomManufacturingPlanPayload:
        """Plan what to buy and to make (MRP). The answer comes when the run is done, or after some
        seconds while it goes on: ask for `bomManufacturingRuns` then. A run takes the place of one that
        is still under way; until it is done, the plan before it holds."""
        context = info.context
        place = optional_uuid(input.place_id, "Place", "placeId")
        asked = {"days": input.days, "placeId": place}
        key = await runs.ask(
            context.database, context.principal, input.command_id, place, input.days, asked
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            return BomManufacturingPlanPayload(run=(await runs_by_id(tx, [key])).get(key))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
