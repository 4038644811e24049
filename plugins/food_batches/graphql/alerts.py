"""Alerts over GraphQL, as they happen."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.plugin_api import Heard
from plugins.food_batches.alerts import Alert
from plugins.food_batches.graphql.batches import FoodBatchesBatch, batches_by_id
from plugins.food_batches.graphql.items import READ
from schema.plugin_api import (
    MISSED,
    Document,
    Extension,
    Info,
    Item,
    argument,
    documents_by_id,
    field,
    items_by_id,
    object_type,
    subscription_field,
)


@strawberry.enum(description="What is told of a batch.")
class FoodBatchesAlertKind(Enum):
    """Found by the hourly job, done by people, or brought by a posting."""

    NEAR = enum_value(Alert.NEAR.value, description="It has come near its expiry (临期).")
    EXPIRED = enum_value(Alert.EXPIRED.value, description="It has expired and still lies there.")
    HELD = enum_value(Alert.HELD.value, description="Somebody stopped it (冻结).")
    RECALLED = enum_value(Alert.RECALLED.value, description="It is recalled (召回).")
    RETURNED = enum_value(
        Alert.RETURNED.value, description="A customer brought some back while it is under recall."
    )
    SHORT_DATED = enum_value(
        Alert.SHORT_DATED.value,
        description="A supplier delivered it near its expiry, or past it (到货临期).",
    )


@object_type(permission=READ)
class FoodBatchesAlert:
    """Something that happened to a batch, or alerts were missed."""

    lot_id: strawberry.Private[UUID | None]
    item_id: strawberry.Private[UUID | None]
    document_id: strawberry.Private[UUID | None]
    missed: bool = field(MISSED)
    at: dt.datetime = field("When it happened.")
    kind: FoodBatchesAlertKind | None = field("What happened; null where alerts were missed.")
    quantity: Decimal | None = field(
        "How much of it lay there, came back or was delivered, in base units; null where that is not"
        " told."
    )

    @classmethod
    def of(cls, heard: Heard) -> FoodBatchesAlert:
        told = heard.payload
        kind = None if heard.missed else FoodBatchesAlertKind(heard.topic.partition(".")[2])
        quantity = told.get("quantity")
        return cls(
            lot_id=_uuid(told.get("lot_id")),
            item_id=_uuid(told.get("item_id")),
            document_id=_uuid(told.get("document_id")),
            missed=heard.missed,
            at=heard.at,
            kind=kind,
            quantity=None if quantity is None else Decimal(quantity),
        )

    @field
    async def batch(self, info: Info) -> FoodBatchesBatch | None:
        """The batch as it is now."""
        return await info.context.load(batches_by_id, self.lot_id)

    @field
    async def item(self, info: Info) -> Item | None:
        """Its item."""
        return await info.context.load(items_by_id, self.item_id)

    @field
    async def document(self, info: Info) -> Document | None:
        """The document that brought it, where one did."""
        return await info.context.load(documents_by_id, self.document_id)


def _uuid(told: str | None) -> UUID | None:
    return None if told is None else UUID(told)


class Subscriptions:
    """Alerts."""

    @subscription_field(permission=READ)
    async def food_batches_alerts(
        self,
        info: Info,
        kinds: Annotated[
            list[FoodBatchesAlertKind] | None, argument("Only these; all if left out.")
        ] = None,
    ) -> AsyncIterator[FoodBatchesAlert]:
        """What happens to batches: those that come near their expiry or pass it, are stopped or recalled,
        come back under recall, or are delivered with a short date."""
        wanted = FoodBatchesAlertKind if kinds is None else kinds
        topics = [Alert(str(kind.value)).topic for kind in wanted]
        async for heard in info.context.events(*topics):
            yield FoodBatchesAlert.of(heard)


EXTENSION = Extension(subscriptions=Subscriptions)
