"""Clients that post documents over HTTP and send each again, with its own id, until its outcome is definite.

What they book about their own work, the verdict (:mod:`tests.faults.verdict`) compares with the books.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, takewhile
from random import Random
from typing import Any
from uuid import UUID

import httpx

from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from schema.relay import encode_id
from tests.ledger_world import World, day

POST = """mutation($input: PostDocumentInput!) { postDocument(input: $input) {
  document { id number sequence } errors { code message } } }"""

ITEMS = 12
LINES = 3
WRITERS = 8
PLENTY = 1_000_000
"""Opening stock of each item: no document of the load is ever refused for want of goods."""

PATIENCE = 20
"""Seconds a client waits for one answer; longer than any deadline of the server."""
GIVE_UP = 180
"""Seconds after which a document without a definite outcome fails the test."""

PASSING = {"UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504, "OUTCOME_UNKNOWN": 200, "BUSY": 200}
"""Codes that tell the client to send the same command again, each with its HTTP status: whether a
payload's error or a top-level one. Any other code is an outcome, or a fault."""


@dataclass(slots=True)
class Paper:
    """A document as its client knows it; ``number`` is None until it is acknowledged."""

    command: UUID
    document: UUID
    type: str
    lines: tuple[tuple[int, int], ...]
    number: str | None = None
    tries: int = 0
    in_doubt: bool = False
    """Whether some answer left it open: OUTCOME_UNKNOWN, a deadline, or a connection that broke."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it began and ended, on the monotonic clock, its HTTP status and its code."""

    began: float
    ended: float
    status: int
    code: str


@dataclass
class Load:
    """Writers of one tenant. ``papers`` is what they sent, ``answers`` what they heard, ``wrong`` what
    no client should ever hear."""

    url: str
    token: str
    world: World
    seed: int
    papers: list[Paper] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    acknowledged: int = 0
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._items = list(self.world.items.values())

    @classmethod
    async def open(cls, url: str, db: Database, seed: int) -> Load:
        """A fresh tenant with stock; ``db`` goes to the database itself, past whatever breaks."""
        world = await World.open(db)
        for n in range(ITEMS):
            await world.item(f"I{n:02}")
        lines = [world.line(code, PLENTY, n + 1) for n, code in enumerate(world.items)]
        await world.posted("opening", *lines)
        principal = world.principal
        token = await tenancy.issue_token(db, principal.tenant_id, principal.email)
        print(f"\nseed {seed}")
        return cls(url, token, world, seed)

    async def run(self, documents: int | asyncio.Event) -> None:
        """Post this many, or until the event; returns when each has its definite outcome."""
        left = iter(range(documents) if isinstance(documents, int) else _until(documents))
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write(left))

    async def reached(self, acknowledged: int) -> None:
        """Wait until so many are acknowledged in all."""
        while True:
            if self.acknowledged >= acknowledged:
                return
            await asyncio.sleep(0.005)

    async def success_after(self, moment: float) -> float:
        """Seconds from ``moment`` to the first acknowledgement of a request that began later."""
        seen = bisect_right(self.answers, moment, key=lambda answer: answer.ended)
        while True:
            for answer in self.answers[seen:]:
                if answer.code == "posted" and answer.began > moment:
                    return answer.ended - moment
            await asyncio.sleep(0.005)

    def codes(self) -> Counter[str]:
        """How often each answer was heard."""
        return Counter(answer.code for answer in self.answers)

    def slowest(self) -> float:
        """Seconds of the longest request."""
        return max(answer.ended - answer.began for answer in self.answers)

    def on_hand(self) -> dict[UUID, Decimal]:
        """What each item must come to by what was acknowledged."""
        stock = dict.fromkeys(range(ITEMS), Decimal(PLENTY))
        for paper in self.papers:
            sign = 1 if paper.type == "receipt" else -1
            for item, quantity in paper.lines if paper.number else ():
                stock[item] += sign * quantity
        return {self._items[n]: quantity for n, quantity in stock.items()}

    def client(self) -> httpx.AsyncClient:
        """A client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        headers["Accept"] = "application/graphql-response+json"
        return httpx.AsyncClient(headers=headers, timeout=self.patience)

    async def _write(self, left: Iterator[int]) -> None:
        async with self.client() as client:
            for _ in left:
                paper = self.paper()
                await self._until_definite(client, paper)

    def paper(self) -> Paper:
        """A new document; whoever asks for it sends it until its outcome is definite."""
        kind = "issue" if self._random.random() < 0.6 else "receipt"
        items = self._random.sample(range(ITEMS), LINES)
        lines = tuple((item, self._random.randint(1, 9)) for item in items)
        self.papers.append(Paper(uuid7(), uuid7(), kind, lines))
        return self.papers[-1]

    async def _until_definite(self, client: httpx.AsyncClient, paper: Paper) -> None:
        until = time.monotonic() + GIVE_UP
        while paper.number is None:
            paper.tries += 1
            began = time.monotonic()
            status, code = await self.once(client, paper)
            self.answers.append(Answer(began, time.monotonic(), status, code))
            if code in ("OUTCOME_UNKNOWN", "DEADLINE_EXCEEDED", "transport"):
                paper.in_doubt = True
            if paper.number is None:
                if time.monotonic() > until:
                    raise TimeoutError(f"no outcome after {paper.tries} tries, the last: {code}")
                await asyncio.sleep(min(0.05 * paper.tries, 0.3) * (0.5 + self._random.random()))

    async def once(self, client: httpx.AsyncClient, paper: Paper) -> tuple[int, str]:
        """Send it; the HTTP status and the code, or 0 and ``transport`` where no answer came."""
        body = {"query": POST, "variables": {"input": self._input(paper)}}
        try:
            response = await client.post(self.url, json=body)
        except httpx.TransportError:
            return 0, "transport"
        try:
            answer = response.json()
            code = _code(answer)
        except (ValueError, KeyError, TypeError):
            self.wrong.append(f"{response.status_code}: {response.text[:500]}")
            return response.status_code, "wrong"
        if code == "posted":
            paper.number = answer["data"]["postDocument"]["document"]["number"]
            self.acknowledged += 1
        elif response.status_code != PASSING.get(code):
            self.wrong.append(f"{response.status_code}: {answer}")
        return response.status_code, code

    def _input(self, paper: Paper) -> dict[str, Any]:
        lines = [
            {
                "itemId": encode_id("Item", self._items[item]),
                "quantity": str(quantity),
                "unitPrice": "3.21",
            }
            for item, quantity in paper.lines
        ]
        document = {
            "id": str(paper.document),
            "type": paper.type,
            "businessDate": day(2).isoformat(),
            "placeId": encode_id("Place", self.world.places["MAIN"]),
            "lines": lines,
        }
        return {"commandId": str(paper.command), "document": document}


async def strike(load: Load, documents: int, times: int, blow: Callable[[int], Any]) -> list[float]:
    """Post ``documents`` and meanwhile strike at random points; the seconds after each blow until a
    later request was acknowledged."""
    random = Random(load.seed + 1)
    points = sorted(random.sample(range(documents // 20, documents - documents // 20), times))
    running = asyncio.ensure_future(load.run(documents))
    waited: list[float] = []
    try:
        for n, point in enumerate(points):
            await _or_end(running, load.reached(point))
            await asyncio.sleep(random.random() * 0.05)  # anywhere in the life of a request
            moment = time.monotonic()
            await asyncio.to_thread(blow, n)
            waited.append(await _or_end(running, load.success_after(moment)))
        await running
    finally:
        running.cancel()
    return waited


async def _or_end(running: asyncio.Future[None], event: Any) -> Any:
    """Wait for an event of the load; if the load ends first it failed, or the event never comes."""
    waiting = asyncio.ensure_future(event)
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        await asyncio.wait({waiting}, timeout=0.1)  # it may look only now
    if not waiting.done():
        waiting.cancel()
        await running
        raise AssertionError("the load was over before the service was back")
    return waiting.result()


def _until(over: asyncio.Event) -> Iterator[int]:
    """Counts for as long as it is not over."""
    return takewhile(lambda _: not over.is_set(), count())


def _code(answer: dict[str, Any]) -> str:
    """``posted``, or the code of the first error."""
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    payload = answer["data"]["postDocument"]
    if payload["errors"]:
        return str(payload["errors"][0]["code"])
    if not payload["document"]["number"]:
        raise KeyError("number")
    return "posted"
