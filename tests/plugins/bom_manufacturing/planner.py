"""What tests of planning send and ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from core.ids import uuid7
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json

FORECASTS = """mutation($input: BomManufacturingSaveForecastsInput!) {
  bomManufacturingSaveForecasts(input: $input) { saved errors { code path message } } }"""
CALENDAR = """mutation($input: BomManufacturingSaveCalendarInput!) {
  bomManufacturingSaveCalendar(input: $input) { calendar { weekdays days { day worked } }
    errors { code path } } }"""
PLAN = """mutation($input: BomManufacturingPlanInput!) { bomManufacturingPlan(input: $input) {
  run { id state startsOn endsOn itemsDone itemsTotal failure { code message } }
  errors { code path } } }"""
ORDER = """mutation($input: BomManufacturingOrderSuggestionsInput!) {
  bomManufacturingOrderSuggestions(input: $input) {
    purchases { id state type { code } party { name }
      lines { nodes { item { code } quantity dueOn } } }
    workOrders { id revision status kind quantity dueOn number item { code } place { id }
      bom { version } parts { nodes { line ordered item { code } } } document { state
        lines { nodes { item { code } quantity role dueOn place { id } } } } }
    refused { code path } errors { code path message } } }"""
SUGGESTIONS = """query($item: ID, $make: Boolean, $supplier: ID, $by: Date, $late: Boolean,
  $ordered: Boolean, $untold: Boolean, $first: Int, $after: String) {
  bomManufacturingSuggestions(itemId: $item, make: $make, supplierId: $supplier, releaseBy: $by,
    pastDue: $late, ordered: $ordered, untold: $untold, first: $first, after: $after) {
    nodes { id make quantity releaseOn dueOn pastDue untoldAttributes item { code } supplier { name }
      document { id state } }
    pageInfo { hasNextPage endCursor } } }"""
WHY = """query($id: ID!) { bomManufacturingWhy(suggestionId: $id, first: 100) { nodes {
  level neededOn quantity source cover item { code } parent { code } document { number }
  forecast { quantity } placedOrder { number } } } }"""
OVER_TIME = """query($item: ID!, $bucket: BomManufacturingBucket!) {
  bomManufacturingOverTime(itemId: $item, bucket: $bucket, first: 100) { nodes {
    startsOn gross receipts plannedReceipts plannedReleases projectedOnHand } } }"""
PLACED = """query($exceptions: Boolean!) {
  bomManufacturingPlacedOrders(exceptions: $exceptions) { nodes {
    line quantity dueOn pastDue advice neededOn item { code } document { number } } } }"""
SHORT = """{ bomManufacturingPlanShortages { nodes { quantity lackingFrom item { code } } } }"""


SETTINGS = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  errors { code message } } }"""
PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id }
  errors { code message } } }"""


class Planner:
    """A workshop that plans; days are counted from today on."""

    def __init__(self, workshop: Workshop, today: date = date.min) -> None:
        self.workshop, self.today = workshop, today

    def day(self, n: int) -> str:
        return (self.today + timedelta(n)).isoformat()

    async def supplier(self, name: str = "Steel Ltd") -> str:
        """Somebody to buy from."""
        made = await self.send(PARTY, code=name, name=name, isSupplier=True)
        assert made["errors"] == []
        key: str = made["party"]["id"]
        return key

    async def told(self, **items: Json) -> None:
        """What is told of items, which must not be refused."""
        for code, facts in items.items():
            assert await self.try_told(code, facts) == []

    async def try_told(self, code: str, facts: Json | None) -> list[Json]:
        """The errors of telling something of an item."""
        update = """mutation($input: UpdateItemInput!) { updateItem(input: $input) {
          errors { code path message } } }"""
        key = await self.workshop.item(code)
        shop = self.workshop.shop
        seen = await shop.ask("query($id: ID!) { item(id: $id) { revision } }", id=key)
        sent = {
            "commandId": str(uuid7()),
            "id": key,
            "revision": seen["item"]["revision"],
            "bomManufacturing": facts,
        }
        errors: list[Json] = (await shop.ask(update, input=sent))["updateItem"]["errors"]
        return errors

    async def ready(self) -> None:
        """Work on all days, so that days are easily counted, and sell what is not there yet."""
        settings = await self.send(SETTINGS, reserveOnOrder="BACKORDER")
        assert settings["errors"] == []
        weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
        await self.send(CALENDAR, weekdays=weekdays)

    async def send(self, mutation: str, **input_: Any) -> Json:
        """The payload of one of the mutations above."""
        sent = {"commandId": str(uuid7()), **input_}
        [payload] = (await self.workshop.shop.ask(mutation, input=sent)).values()
        answer: Json = payload
        return answer

    async def plan(self, days: int = 60, **more: Any) -> Json:
        """A run, which must be done by now."""
        payload = await self.send(PLAN, days=days, **more)
        assert payload["errors"] == []
        run: Json = payload["run"]
        assert run["state"] == "DONE", run
        return run

    async def order(
        self,
        type_: str,
        item: str,
        quantity: str,
        due: int,
        source_line: int | None = None,
        **head: Any,
    ) -> Json:
        """An order of one line that stands."""
        key = await self.workshop.item(item)
        line = {"itemId": key, "quantity": quantity, "sourceLine": source_line}
        line |= {"dueOn": self.day(due), "unitPrice": "1"}
        on = self.day(min(0, due))
        return await self.workshop.shop.posted(type_, line, on=on, **head)

    async def turned(self, keys: Iterable[str], **how: Any) -> Json:
        """The payload of making orders of suggestions, by their ids."""
        return await self.send(ORDER, suggestions=[{"id": key} for key in keys], **how)

    async def suggestions(self, **wanted: Any) -> list[Json]:
        found = await self.workshop.shop.ask(SUGGESTIONS, **wanted)
        nodes: list[Json] = found["bomManufacturingSuggestions"]["nodes"]
        return nodes

    async def brief(self, **wanted: Any) -> list[tuple[str, str, int, int]]:
        """Suggestions as code, quantity, and days of release and receipt."""
        return [
            (
                one["item"]["code"],
                one["quantity"],
                (date.fromisoformat(one["releaseOn"]) - self.today).days,
                (date.fromisoformat(one["dueOn"]) - self.today).days,
            )
            for one in await self.suggestions(**wanted)
        ]

    async def nodes(self, query: str, **variables: Any) -> list[Json]:
        """The nodes of a question."""
        [found] = (await self.workshop.shop.ask(query, **variables)).values()
        nodes: list[Json] = found["nodes"]
        return nodes
