"""The tenants that trade: made once, through GraphQL as a stranger would, with stock that never ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from benchmarks.sizes import LINES, Sizes
from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy

Json = dict[str, Any]
T = TypeVar("T")

STOCK = "1000000000"
HISTORY = 50
"""Issues that each shop has from the start, so that the first page is full."""
EMAIL = "administrator@example.com"

_PLACE = '{ place(code: "MAIN") { id } }'
_PARTY = """mutation($input: SavePartiesInput!) { saveParties(input: $input) {
  errors { message } verdicts { party { id } errors { message } } } }"""
_ITEMS = """mutation($input: SaveItemsInput!) { saveItems(input: $input) {
  errors { message } verdicts { item { id } errors { message } } } }"""
_POST = """mutation($input: PostDocumentInput!) { postDocument(input: $input) {
  errors { message } document { id } } }"""
_ISSUES = """mutation($input: PostDocumentsInput!) { postDocuments(input: $input) {
  errors { message } verdicts { errors { message } } } }"""


@dataclass(frozen=True, slots=True)
class Shop:
    """One tenant: its token, and the global ids that a document names."""

    tenant: str
    token: str
    place: str
    party: str
    items: list[str]
    day: str

    @property
    def id(self) -> UUID:
        return UUID(self.tenant)


@dataclass(frozen=True, slots=True)
class World:
    """``one`` has all items; ``many`` share as many among them."""

    one: Shop
    many: list[Shop]

    @property
    def shops(self) -> list[Shop]:
        return [self.one, *self.many]

    def write(self, path: Path) -> Path:
        """Put it down for the load generator, which is a process of its own."""
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def read(cls, path: Path) -> World:
        told = json.loads(path.read_text())
        return cls(Shop(**told["one"]), [Shop(**shop) for shop in told["many"]])


async def make(url: str, database_url: str, sizes: Sizes) -> World:
    """Tenants come from the service, as from the command line; all else goes through GraphQL."""
    db = Database.connect(database_url, pool_size=2)
    try:
        async with httpx.AsyncClient(timeout=120) as http:
            one = await _shop(db, http, url, "one", sizes.items)
            many = [
                await _shop(db, http, url, f"many {n}", sizes.items_each)
                for n in range(sizes.tenants)
            ]
    finally:
        await db.close()
    return World(one, many)


async def _shop(db: Database, http: httpx.AsyncClient, url: str, name: str, items: int) -> Shop:
    tenant = await tenancy.create_tenant(db, name)
    await tenancy.add_user(db, tenant.id, EMAIL)
    token = await tenancy.issue_token(db, tenant.id, EMAIL)

    async def ask(query: str, input_: Json | None = None) -> Json:
        answer = await http.post(
            url,
            json={"query": query, "variables": {"input": input_} if input_ else {}},
            headers={"Authorization": f"Bearer {token}"},
        )
        return _sound(answer.json())

    place = (await ask(_PLACE))["place"]["id"]
    party = {"code": "C1", "name": "Customer One", "isCustomer": True, "isSupplier": True}
    saved = await ask(_PARTY, {"parties": [_command() | party]})
    party_id = saved["saveParties"]["verdicts"][0]["party"]["id"]
    ids: list[str] = []
    for numbers in _parts([*range(items)]):
        wanted = [_command() | {"code": f"I{n:05}", "name": f"item {n:05}"} for n in numbers]
        saved = await ask(_ITEMS, {"items": wanted})
        ids += [verdict["item"]["id"] for verdict in saved["saveItems"]["verdicts"]]
    day = datetime.now(UTC).date().isoformat()
    for few in _parts(ids):
        lines = [{"itemId": item, "quantity": STOCK, "unitPrice": "7.31"} for item in few]
        head = {"type": "opening", "businessDate": day, "placeId": place}
        await ask(_POST, _command() | {"document": {**head, "lines": lines}})
    issues = [
        _issue(place, party_id, day, [ids[(n + k) % items] for k in range(LINES)])
        for n in range(HISTORY)
    ]
    await ask(_ISSUES, {"documents": issues})
    return Shop(str(tenant.id), token, place, party_id, ids, day)


def _issue(place: str, party: str, day: str, items: list[str]) -> Json:
    lines = [{"itemId": item, "quantity": "1", "unitPrice": "9.90"} for item in items]
    head = {"type": "issue", "businessDate": day, "placeId": place, "partyId": party}
    return _command() | {"document": {**head, "lines": lines}}


def _parts(all_: list[T], size: int = 500) -> Iterator[list[T]]:
    for start in range(0, len(all_), size):
        yield all_[start : start + size]


def _command() -> Json:
    return {"commandId": str(uuid7())}


def _sound(answer: Json) -> Json:
    """The data, where neither the answer nor any payload in it names an error."""
    found = list(_errors(answer))
    if found:
        raise RuntimeError(f"the server refused: {found[:3]}")
    data: Json = answer["data"]
    return data


def _errors(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        yield from value.get("errors") or ()
        for one in value.values():
            yield from _errors(one)
    elif isinstance(value, list):
        for one in value:
            yield from _errors(one)
