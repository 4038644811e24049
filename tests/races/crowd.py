"""Many clients of one tenant, spread over all processes of a real server.

What two processes do at once is met only if both are asked: every answer is counted for the process
that gave it, and a crowd that met one process alone fails its test.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from tests.races.mutations import CREATE_ITEM, CREATE_PLACE, POST
from tests.races.sockets import workers_by_port
from tests.serving import EMAIL, RunningServer

DAY = "2026-03-02"
"""The business date of whatever says no other."""

CLIENTS = 32
_TIMEOUT = 120
_PAUSE_SECONDS = 0.2
_LINES = 5
_SPREAD_SECONDS = 60
_LEAST_SHARE = 0.1

STOCK = """query($items: [ID!]) { stock(first: 50, filter: {itemIds: $items, includeZero: true}) {
  nodes { quantity } } }"""

Json = dict[str, Any]


@dataclass
class Client:
    """One signed-in program with one connection of its own. ``answers`` counts who answered it, ``again``
    what had to be sent again. What is sent again is what was answered with one of ``left_open``."""

    server: RunningServer
    token: str = ""
    http: httpx.AsyncClient = field(init=False)
    answers: Counter[int] = field(default_factory=Counter)
    ports: dict[int, int] = field(default_factory=dict)
    again: int = 0
    left_open: frozenset[str] = frozenset({"UNAVAILABLE", "OUTCOME_UNKNOWN"})

    def __post_init__(self) -> None:
        self.http = self._connection()

    def _connection(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            limits=httpx.Limits(max_connections=1),
            timeout=_TIMEOUT,
            verify=False,
        )

    async def raw(self, document: str, **variables: Any) -> Json:
        """The whole answer. Where a connection broke (an idle one is closed after seconds), or the
        database does not answer in time (on a busy machine), the same command is sent again, as every
        client is told to."""
        body = {"query": document, "variables": variables}
        until = time.monotonic() + _TIMEOUT
        while True:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                response = await self.http.post(self.server.url, json=body, headers=headers)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            else:
                self.answers[self._answering(response)] += 1
                answer: Json = response.json()
                if self._is_open(answer) and time.monotonic() < until:
                    await asyncio.sleep(_PAUSE_SECONDS)
                else:
                    return answer
            self.again += 1

    def _is_open(self, answer: Json) -> bool:
        """Whether the answer leaves open what became of the command."""
        found = {error["extensions"].get("code") for error in answer.get("errors", [])}
        return bool(found & self.left_open)

    async def ask(self, document: str, **variables: Any) -> Json:
        """The data of an answer that must have no error."""
        answer = await self.raw(document, **variables)
        if "errors" in answer:
            log = self.server.log.read_text("utf-8", "replace").splitlines()
            said = [text for text in log if "200 OK" not in text][-_LINES:]
            raise AssertionError("\n".join([str(answer), "the server's log ends:", *said]))
        data: Json = answer["data"]
        return data

    async def does(self, document: str, input_: Json) -> Json:
        """The payload of a mutation."""
        (payload,) = (await self.ask(document, input=input_)).values()
        found: Json = payload
        return found

    async def post(self, input_: Json) -> Json:
        """The payload of ``postDocument``."""
        return await self.does(POST, input_)

    async def dial(self) -> int:
        """Drop the connection, make another, and say which process took it."""
        await self.http.aclose()
        self.http = self._connection()
        self.ports.clear()
        return await self.worker()

    async def worker(self) -> int:
        """The process that answers this client now."""
        before = self.answers.copy()
        await self.ask("{ __typename }")
        (worker,) = self.answers - before
        return worker

    def _answering(self, response: httpx.Response) -> int:
        stream = response.extensions["network_stream"]
        port: int = stream.get_extra_info("client_addr")[1]
        if port not in self.ports:
            self.ports[port] = workers_by_port(self.server.workers())[port]
        return self.ports[port]


@dataclass
class Crowd:
    """Clients in an order in which neighbours talk to different processes."""

    server: RunningServer
    database: Database
    tenant: UUID
    clients: list[Client]
    places: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, server: RunningServer, database: Database, size: int) -> Crowd:
        """New clients, ``size`` of them, at the door of a fresh tenant."""
        clients = [Client(server) for _ in range(size)]
        try:
            return await cls.enter(database, clients)
        except BaseException:
            for client in clients:
                await client.http.aclose()
            raise

    @classmethod
    async def enter(cls, database: Database, clients: Sequence[Client]) -> Crowd:
        """Sign these clients in to a fresh tenant, which has a warehouse (MAIN), as administrators."""
        made = await tenancy.create_tenant(database, f"crowd {uuid4()}")
        await tenancy.add_user(database, made.id, EMAIL)
        token = await tenancy.issue_token(database, made.id, EMAIL)
        for client in clients:
            client.token = token
        crowd = cls(clients[0].server, database, made.id, list(clients))
        await crowd.spread()
        found = await crowd.first.ask("{ places(first: 50) { nodes { id code } } }")
        crowd.places = {p["code"]: p["id"] for p in found["places"]["nodes"]}
        return crowd

    @property
    def first(self) -> Client:
        """Whoever prepares what the others fight for."""
        return self.clients[0]

    async def spread(self) -> None:
        """Have each process hold its share of the connections, by dialling until it is so: the
        kernel gives a connection to whichever process wakes first, and one may still be starting.
        Answers are counted from here on."""
        full = -(-len(self.clients) // len(self.server.workers()))
        held: dict[int, list[Client]] = defaultdict(list)
        waiting = self.clients
        until = time.monotonic() + _SPREAD_SECONDS
        taken = await asyncio.gather(*(client.worker() for client in waiting))
        while True:
            left: list[Client] = []
            for client, worker in zip(waiting, taken, strict=True):
                (held[worker] if len(held[worker]) < full else left).append(client)
            if not left:
                break
            assert time.monotonic() < until, f"one process takes no connections: {held.keys()}"
            waiting = left
            taken = await asyncio.gather(*(client.dial() for client in waiting))
        self.clients = [c for row in zip_longest(*held.values()) for c in row if c is not None]
        for client in self.clients:
            client.answers.clear()

    def assert_spread(self) -> None:
        """A second process, at least, gave a fair part of the answers."""
        answers = self.answers()
        counts = [count for _, count in answers.most_common()]
        assert len(counts) > 1, f"one process shows no race between processes: {answers}"
        assert counts[1] >= _LEAST_SHARE * sum(counts), f"the other process had no part: {answers}"

    def answers(self) -> Counter[int]:
        """How many answers each process gave."""
        return sum((client.answers for client in self.clients), Counter())

    async def at_once(self, sends: Sequence[Callable[[Client], Awaitable[Json]]]) -> list[Json]:
        """Start all of them in the same turn, each at a client of its own."""
        assert len(sends) <= len(self.clients)
        return await asyncio.gather(
            *(send(client) for send, client in zip(sends, self.clients, strict=False))
        )

    async def item(self, code: str, **facts: Any) -> str:
        """A new item; its global id."""
        input_ = {"commandId": str(uuid7()), "code": code, "name": f"item {code}", **facts}
        return str((await self._made(CREATE_ITEM, input_, "item"))["id"])

    async def place(self, code: str, parent: str | None = None) -> str:
        """A new place, by default a warehouse; its global id."""
        input_ = {"commandId": str(uuid7()), "code": code, "name": code}
        input_ |= {"kind": "BIN" if parent else "WAREHOUSE"}
        input_ |= {"parentId": self.places[parent]} if parent else {}
        self.places[code] = str((await self._made(CREATE_PLACE, input_, "place"))["id"])
        return self.places[code]

    async def _made(self, document: str, input_: Json, name: str) -> Json:
        payload = await self.first.does(document, input_)
        assert payload["errors"] == [], payload
        made: Json = payload[name]
        return made

    def document(self, type_: str, *lines: Json, on: str = DAY, **head: Any) -> Json:
        """The input of ``postDocument``, in the main warehouse, with ids of its own."""
        content = {"type": type_, "businessDate": on, "lines": list(lines), "id": str(uuid7())}
        content |= {"placeId": self.places["MAIN"], **head}
        return {"commandId": str(uuid7()), "document": content}

    async def posted(self, type_: str, *lines: Json, **head: Any) -> Json:
        """Post a document that must not be refused."""
        payload = await self.first.post(self.document(type_, *lines, **head))
        assert payload["errors"] == [], payload
        document: Json = payload["document"]
        return document

    async def on_hand(self, item: str) -> Decimal:
        """How much there is of an item, wherever it lies."""
        nodes = (await self.first.ask(STOCK, items=[item]))["stock"]["nodes"]
        return sum((Decimal(node["quantity"]) for node in nodes), Decimal(0))

    async def hang_up(self) -> None:
        for client in self.clients:
            await client.http.aclose()

    async def finish(self) -> None:
        """The books must tally, history too, and a second process must have had its part."""
        assert await verify(self.database, self.tenant, deep=True) == []
        self.assert_spread()


def line(item: str, quantity: object = None, price: object = None, **more: Any) -> Json:
    """The input of a line; numbers as they are written."""
    made: Json = {"itemId": item, **more}
    made |= {} if quantity is None else {"quantity": str(quantity)}
    return made | ({} if price is None else {"unitPrice": str(price)})


def codes(payloads: Sequence[Json]) -> Counter[str]:
    """How often each came out: ``posted`` (or whatever was asked), or the first refusal's code."""
    return Counter(p["errors"][0]["code"] if p["errors"] else "done" for p in payloads)


def posting(input_: Json) -> Callable[[Client], Awaitable[Json]]:
    """What a client does to post this document."""
    return lambda client: client.post(input_)
