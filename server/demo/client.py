"""The demo as a front end: posts a trader's day through GraphQL, and reads the figures back.

Every id is made from the tenant's name and the step's, so a second run is answered as the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import httpx

from core.errors import define, refuse
from server.demo.records import Act, Id, In, Json, Report, Step, Trader

_IDS = UUID("5f1d3c1a-1d52-5d3a-9a53-64656d6f0001")
"""The name space of the demo's ids; another one where the demo's documents change."""
_ZONE = ZoneInfo("Asia/Shanghai")
_REFERENCE = "DEMO"

DEMO_REFUSED = define(
    "DEMO_REFUSED", en="The demo was refused: {reason}", zh="演示请求被拒绝:{reason}"
)

_SETTINGS = """
mutation DemoSettings($input: UpdateSettingsInput!) {
  updateSettings(input: $input) { errors { message } }
}"""
_ITEMS = """
mutation DemoItems($input: SaveItemsInput!) {
  saveItems(input: $input) { errors { message } verdicts { item { code id } errors { message } } }
}"""
_PARTIES = """
mutation DemoParties($input: SavePartiesInput!) {
  saveParties(input: $input) { errors { message } verdicts { party { code id } errors { message } } }
}"""
_PLACE = """
mutation DemoPlace($input: CreatePlaceInput!) {
  createPlace(input: $input) { errors { message } place { code id } }
}"""
_MAIN = """query DemoPlace { place(code: "MAIN") { code id } }"""
_FIRST = """
query DemoDay($reference: String!) {
  documents(filter: { reference: $reference }, first: 1) { nodes { businessDate } }
}"""
_POST = """
mutation DemoPost($input: PostDocumentInput!) {
  postDocument(input: $input) { errors { message } document { id number } }
}"""
_FIGURES = """
query DemoFigures($day: Date!) {
  stock(first: 100) { nodes { quantity value item { name } place { name } } }
  sales(groupBy: DAY, since: $day, until: $day) { nodes { soldNet returnedNet } }
  accountValues(since: $day, until: $day) { account value }
}"""


class Client:
    """One signed-in tenant."""

    def __init__(self, http: httpx.Client, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    def run(self, document: str, **variables: Any) -> Any:
        """The data of an operation. Refuses DEMO_REFUSED where the server does."""
        answer = self._http.post(
            self._url,
            json={"query": document, "variables": variables},
            headers=self._headers,
        ).json()
        _check(answer.get("errors"))
        return answer["data"]

    def mutate(self, document: str, content: Json) -> Any:
        """The payload of a mutation, which has one field."""
        (payload,) = self.run(document, input=content).values()
        _check(payload["errors"])
        return payload


@dataclass(frozen=True, slots=True)
class Figures:
    """What the day came to; amounts in the tenant's currency. ``stock`` is item, place, quantity,
    value."""

    stock: list[tuple[str, str, Decimal, Decimal]]
    sales: Decimal
    cost_of_sales: Decimal

    @property
    def stock_value(self) -> Decimal:
        return sum((value for *_, value in self.stock), Decimal(0))

    @property
    def margin(self) -> Decimal:
        return self.sales - self.cost_of_sales


@dataclass(frozen=True, slots=True)
class Day:
    """What became of a trader's day: global ids by code, and the numbers of its documents."""

    ids: dict[str, str]
    numbers: list[str]


def post_day(client: Client, trader: Trader) -> Day:
    """Make master data and post the documents of the day. Posts nothing that is there already."""
    client.mutate(_SETTINGS, {"commandId": _id(trader, "settings"), **trader.settings})
    ids = _master_data(client, trader)
    today = date.fromisoformat(_day(client))
    numbers = []
    documents: dict[str, str] = {}
    for step in trader.day:
        command: Json = {"commandId": _id(trader, "post", step.name)}
        if isinstance(step, Act):
            payload = client.mutate(step.mutation, command | _filled(step.content, today, ids))
            ids |= {f"{step.prefix}{code}": made for code, made in _named(payload)}
            if step.made is not None:
                ids[step.made] = next(one["id"] for one in payload.values() if "id" in one)
        else:
            content = _filled(_document(trader, step, ids, documents), today, ids)
            content["businessDate"] = today.isoformat()
            payload = client.mutate(_POST, command | {"document": content})
        if posted := payload.get("document"):
            documents[step.name] = posted["id"]
            numbers.append(posted["number"])
    return Day(ids, numbers)


def rows(client: Client, report: Report, day: Day) -> list[tuple[str, ...]]:
    """The rows of a report."""
    asked = {name: day.ids[code] for name, code in report.variables.items()}
    return list(report.rows(client.run(report.query, **asked)))


def figures(client: Client) -> Figures:
    """Stock now, sales and cost of sales of the demo's day."""
    data = client.run(_FIGURES, day=_day(client))
    stock = [
        (
            line["item"]["name"],
            line["place"]["name"],
            Decimal(line["quantity"]),
            Decimal(line["value"]),
        )
        for line in data["stock"]["nodes"]
    ]
    sales = data["sales"]["nodes"]
    sold = sum((Decimal(row["soldNet"]) - Decimal(row["returnedNet"]) for row in sales), Decimal(0))
    cost = (Decimal(v["value"]) for v in data["accountValues"] if v["account"] == "CUSTOMER")
    return Figures(stock, sold, sum(cost, Decimal(0)))


def _day(client: Client) -> str:
    """The day of the demo: that of its first run, else today."""
    found = client.run(_FIRST, reference=_REFERENCE)["documents"]["nodes"]
    return str(found[0]["businessDate"]) if found else datetime.now(_ZONE).date().isoformat()


def _master_data(client: Client, trader: Trader) -> dict[str, str]:
    """The global ids of items, parties and places by code."""
    ids = _coded([client.run(_MAIN)["place"]])
    for place in trader.places:
        content = {"commandId": _id(trader, "place", place["code"]), **place}
        ids |= _coded([client.mutate(_PLACE, content)["place"]])
    for mutation, many, one, wanted in (
        (_ITEMS, "items", "item", trader.items),
        (_PARTIES, "parties", "party", trader.parties),
    ):
        content = {many: [{"commandId": _id(trader, one, w["code"]), **w} for w in wanted]}
        verdicts = client.mutate(mutation, content)["verdicts"]
        for verdict in verdicts:
            _check(verdict["errors"])
        ids |= _coded(verdict[one] for verdict in verdicts)
    return ids


def _document(trader: Trader, step: Step, ids: dict[str, str], documents: dict[str, str]) -> Json:
    lines = []
    for number, (code, quantity, *price) in enumerate(step.lines, 1):
        line: Json = {"itemId": ids[code], "quantity": quantity}
        if price:
            line["unitPrice"] = price[0]
        if step.source:
            line["sourceLine"] = number
        lines.append(line | (step.each[number - 1] if step.each else {}))
    found: Json = {"type": step.type, "id": _id(trader, "document", step.name), "lines": lines}
    named = {"partyId": step.party, "placeId": step.place, "toPlaceId": step.to_place}
    found |= {field: ids[code] for field, code in named.items() if code is not None}
    if step.source:
        found["sourceId"] = documents[step.source]
    return found | {"reference": _REFERENCE} | dict(step.extra or {})


def _filled(value: Any, day: date, ids: dict[str, str]) -> Any:
    """The same with its dates counted from this day, and ids in place of codes."""
    match value:
        case In(days):
            return (day + timedelta(days=days)).isoformat()
        case Id(code):
            return ids[code]
        case dict():
            return {name: _filled(part, day, ids) for name, part in value.items()}
        case list():
            return [_filled(part, day, ids) for part in value]
    return value


def _named(payload: Any) -> Iterator[tuple[str, str]]:
    """Whatever has a code and an id in an answer."""
    if isinstance(payload, dict):
        if isinstance(payload.get("code"), str) and "id" in payload:
            yield payload["code"], payload["id"]
        payload = list(payload.values())
    if isinstance(payload, list):
        for part in payload:
            yield from _named(part)


def _coded(records: Iterable[Json]) -> dict[str, str]:
    return {record["code"]: record["id"] for record in records}


def _id(trader: Trader, *words: str) -> str:
    return str(uuid5(_IDS, "/".join((trader.name, *words))))


def _check(errors: list[Json] | None) -> None:
    if errors:
        raise refuse(DEMO_REFUSED, reason=" ".join(error["message"] for error in errors))
