"""A tenant as a front end sees it: GraphQL over HTTP, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from core.ids import uuid7

CREATE = """
mutation Create{kind}($input: Create{kind}Input!) {{
  create{kind}(input: $input) {{ {field} {{ id }} errors {{ code message path }} }}
}}
"""
UPDATE_SETTINGS = """
mutation UpdateSettings($input: UpdateSettingsInput!) {
  updateSettings(input: $input) { errors { code message path } }
}
"""
PLACE = "query Place($code: String!) { place(code: $code) { id } }"
POST = """
mutation Post($input: PostDocumentInput!) {
  postDocument(input: $input) { document { id } errors { code message path } }
}
"""
REVERSE = """
mutation Reverse($input: ReverseDocumentInput!) {
  reverseDocument(input: $input) { document { id } errors { code message path } }
}
"""
STOCK = """
query Stock($filter: StockFilterInput, $after: String) {
  stock(filter: $filter, first: 100, after: $after) {
    nodes { quantity value lot { code } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
CARD = """
query Card($item: ID!, $place: ID, $after: String) {
  itemCard(itemId: $item, placeId: $place, first: 100, after: $after) {
    nodes {
      quantity value balanceQuantity balanceValue
      document { id } corrects { id } place { id } lot { code }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LAYERS = """
query Layers($item: ID!, $place: ID) {
  costLayers(itemId: $item, placeId: $place) { quantity value lot { code } }
}
"""
ACCOUNTS = """
query Accounts($items: [ID!]!) { accountValues(itemIds: $items) { account value } }
"""
Row = Mapping[str, Any]


class RequestFailedError(Exception):
    """The server could not carry the request out at all: that is no refusal."""


class Refusals(Exception):
    """The user errors of a mutation."""

    def __init__(self, errors: list[Row]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error['code']} {error['message']}" for error in errors))


class Shop:
    """One tenant's GraphQL, by bearer token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self._url = url
        self._client = httpx.Client(headers=headers, timeout=60)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    # master data

    def create(self, kind: str, draft: Row) -> str:
        """Make a unit, an item, a place or a party; its id."""
        field = kind[0].lower() + kind[1:]
        document = CREATE.format(kind=kind, field=field)
        return str(self._mutate(document, draft)[field]["id"])

    def place(self, code: str) -> str:
        """The id of a place that every tenant has."""
        return str(self._ask(PLACE, code=code)["place"]["id"])

    def update_settings(self, changes: Row) -> None:
        """Change the tenant's settings."""
        self._mutate(UPDATE_SETTINGS, changes)

    # documents

    def post(self, document: Row) -> str:
        """Post a document; its id."""
        return str(self._mutate(POST, {"document": document})["document"]["id"])

    def reverse(self, document_id: str) -> str:
        """Reverse a document on its own date; the id of the mirror."""
        return str(self._mutate(REVERSE, {"id": document_id})["document"]["id"])

    # what the books say

    def stock(self, item: str, place: str | None) -> list[Row]:
        """Stock of an item, by place and lot."""
        wanted = {"itemIds": [item], "placeId": place, "includeZero": True}
        return self._all("stock", STOCK, filter=wanted)

    def card(self, item: str, place: str | None = None) -> list[Row]:
        """The item card, from its first entry on."""
        return self._all("itemCard", CARD, item=item, place=place)

    def layers(self, item: str, place: str | None) -> list[Row]:
        """What is left of each receipt, oldest first."""
        found: list[Row] = self._ask(LAYERS, item=item, place=place)["costLayers"]
        return found

    def account(self, item: str, account: str) -> Decimal:
        """What the item brought to a virtual place."""
        rows = self._ask(ACCOUNTS, items=[item])["accountValues"]
        return sum((Decimal(r["value"]) for r in rows if r["account"] == account), Decimal(0))

    def _all(self, field: str, query: str, **variables: Any) -> list[Row]:
        rows: list[Row] = []
        after = None
        while True:
            page = self._ask(query, after=after, **variables)[field]
            rows += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]

    def _mutate(self, query: str, given: Row) -> Row:
        (payload,) = self._ask(query, input={"commandId": str(uuid7()), **given}).values()
        if payload["errors"]:
            raise Refusals(payload["errors"])
        answer: Row = payload
        return answer

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self._client.post(self._url, json={"query": query, "variables": variables}).json()
        if "errors" in answer:
            raise RequestFailedError(str(answer["errors"][0]))
        found: dict[str, Any] = answer["data"]
        return found
