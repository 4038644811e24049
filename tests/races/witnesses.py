"""Clients who trade, look, and write down what they were told: the history that is judged."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from schema.relay import encode_id
from tests.races.crowd import Client, Crowd, Json, codes, line
from tests.races.history import Element, History, Part, Read, Write

SEED = 20260313
OPENING = 60
PROMISED = 90
SHELVES = ("MAIN", "OTHER")
BINS = ("BIN1", "BIN2")
TRADED, MOVED, KEPT = ("A", "B"), "C", "P"
"""Two items that come and go, one that is only moved about, and one of which a part is promised to
somebody at the place above its bins."""
NEWEST = 20
ALLOWED = {"done", "OUT_OF_STOCK", "BEYOND_ORDER"}

LOOK = """query($items: [ID!], $kept: [ID!]!, $above: ID, $item: ID!, $place: ID, $after: String,
    $newest: Int) {
  books { postings }
  stock(filter: {itemIds: $items, includeZero: true}, first: 20) {
    nodes { quantity item { code } place { code } } }
  availability(itemIds: $kept, placeId: $above) { available }
  itemCard(itemId: $item, placeId: $place, first: 100, after: $after) {
    nodes { quantity balanceQuantity document { id } } pageInfo { endCursor hasNextPage } }
  documents(orderBy: POSTED, first: $newest) { nodes { id } } }"""
JOURNAL = """query($after: String) { documents(orderBy: POSTED, first: 100, after: $after) {
  nodes { id } pageInfo { endCursor hasNextPage } } }"""


@dataclass
class Mark:
    """How far somebody has read the list of a balance."""

    cursor: str | None = None
    length: int = 0


@dataclass
class Witnesses:
    """What all clients do, and what they were told."""

    crowd: Crowd
    items: dict[str, str] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    left: int = 0
    opened: int = 0

    async def open(self) -> Witnesses:
        """Goods on two shelves and in two bins, and a promise of what lies in the bins."""
        crowd = self.crowd
        await crowd.place("OTHER")
        await crowd.place("ABOVE")
        for code in BINS:
            await crowd.place(code, "ABOVE")
        for code in (*TRADED, MOVED, KEPT):
            self.items[code] = await crowd.item(code)
        for item, place in self.balances():
            await self._post(crowd.first, "receipt", {(item, place): OPENING})
        promise = line(self.items[KEPT], PROMISED, 5)
        await crowd.posted("sales_order", promise, placeId=crowd.places["ABOVE"])
        self.opened = len(self.writes)
        return self

    def balances(self) -> list[tuple[str, str]]:
        """Items and places that have a balance."""
        goods = [(item, place) for item in (*TRADED, MOVED) for place in SHELVES]
        return [*goods, *((KEPT, place) for place in BINS)]

    async def witness(self, operations: int, clients: int) -> None:
        """So many operations in all, by so many clients at once."""
        print(f"seed {SEED}")
        self.left = operations
        await asyncio.gather(
            *(
                _Witness(self, client, random.Random(SEED + n)).work()
                for n, client in enumerate(self.crowd.clients[:clients])
            )
        )

    async def history(self) -> History:
        """All that was told, with everything read once more in the end."""
        lists = {}
        for item, place in self.balances():
            mark, elements = Mark(), list[Element]()
            while True:
                before = mark.length
                last, part, more = await self.look(self.crowd.first, item, place, mark)
                assert part.start == before
                elements += part.elements
                if not more:
                    break
            lists[_key(item, place)] = Part(0, tuple(elements))
        final = Read(
            last.started,
            last.ended,
            last.postings,
            await self._journal(),
            last.balances,
            lists,
            last.free,
        )
        moved = frozenset(_key(MOVED, place) for place in SHELVES)
        closed = [(moved, Decimal(OPENING * len(SHELVES)))]
        return History(self.writes, self.reads, final, closed, self.opened)

    async def _journal(self) -> tuple[str, ...]:
        found: list[str] = []
        after = None
        while True:
            page = (await self.crowd.first.ask(JOURNAL, after=after))["documents"]
            found += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return tuple(reversed(found))

    async def look(
        self, client: Client, item: str, place: str, mark: Mark
    ) -> tuple[Read, Part, bool]:
        """What one request shows, with the list of this balance behind the mark, which is moved on;
        and whether the list goes on behind what was shown."""
        started = time.monotonic_ns()
        shown = await client.ask(
            LOOK,
            items=list(self.items.values()),
            kept=[self.items[KEPT]],
            above=self.crowd.places["ABOVE"],
            item=self.items[item],
            place=self.crowd.places[place],
            after=mark.cursor,
            newest=NEWEST,
        )
        ended = time.monotonic_ns()
        card = shown["itemCard"]
        part = Part(mark.length, tuple(_element(node) for node in card["nodes"]))
        mark.length += len(part.elements)
        mark.cursor = card["pageInfo"]["endCursor"] or mark.cursor
        more = card["pageInfo"]["hasNextPage"]
        read = Read(
            started,
            ended,
            shown["books"]["postings"],
            tuple(node["id"] for node in reversed(shown["documents"]["nodes"])),
            {
                _key(node["item"]["code"], node["place"]["code"]): Decimal(node["quantity"])
                for node in shown["stock"]["nodes"]
            },
            {} if more else {_key(item, place): part},
            {KEPT: Decimal(shown["availability"][0]["available"])},
        )
        return read, part, more

    async def _post(
        self, client: Client, type_: str, moves: dict[tuple[str, str], int], **more: Any
    ) -> Json:
        """Post a document of one line, and write down what became of it."""
        crowd = self.crowd
        (item, place), *to = moves
        ends = {"placeId": crowd.places[place]}
        ends |= {"toPlaceId": crowd.places[to[0][1]]} if to else {}
        quantity = abs(moves[item, place])
        price = None if to else 3
        linked = {"sourceLine": 1} if "sourceId" in more else {}
        input_ = crowd.document(
            type_, line(self.items[item], quantity, price, **linked), **ends, **more
        )
        started = time.monotonic_ns()
        payload = await client.post(input_)
        ended = time.monotonic_ns()
        assert set(codes([payload])) <= ALLOWED, payload
        self.writes.append(
            Write(
                encode_id("Document", UUID(input_["document"]["id"])),
                started,
                ended,
                {_key(*where): Decimal(q) for where, q in moves.items()},
                None if payload["errors"] else payload["document"]["sequence"],
                told=_told(payload, item, place),
            )
        )
        return payload


@dataclass
class _Witness:
    """One of them, with what only this one knows: the sales made here, how far each list was read."""

    all: Witnesses
    client: Client
    chosen: random.Random
    sales: list[tuple[str, str, int, str]] = field(default_factory=list)
    marks: dict[tuple[str, str], Mark] = field(default_factory=lambda: defaultdict(Mark))

    async def work(self) -> None:
        while self.all.left > 0:
            self.all.left -= 1
            await self.chosen.choices(
                [self.look, self.sell, self.buy, self.move, self.take_back], [30, 22, 20, 20, 8]
            )[0]()

    async def look(self) -> None:
        item, place = self.chosen.choice(self.all.balances())
        read, _, _ = await self.all.look(self.client, item, place, self.marks[item, place])
        self.all.reads.append(read)

    async def sell(self) -> None:
        item, place, quantity = self._goods()
        payload = await self.all._post(self.client, "issue", {(item, place): -quantity})
        if not payload["errors"]:
            self.sales.append((item, place, quantity, payload["document"]["id"]))

    async def buy(self) -> None:
        item, place, quantity = self._goods()
        await self.all._post(self.client, "receipt", {(item, place): quantity})

    async def move(self) -> None:
        item = self.chosen.choice((*TRADED, MOVED, MOVED))
        ends = list(SHELVES)
        self.chosen.shuffle(ends)
        quantity = self.chosen.randint(1, 20)
        moves = {(item, ends[0]): -quantity, (item, ends[1]): quantity}
        await self.all._post(self.client, "transfer", moves)

    async def take_back(self) -> None:
        if not self.sales:
            return await self.sell()
        item, place, sold, sale = self.sales.pop(self.chosen.randrange(len(self.sales)))
        back = {(item, place): self.chosen.randint(1, sold)}
        await self.all._post(self.client, "return_from_customer", back, sourceId=sale)

    def _goods(self) -> tuple[str, str, int]:
        item = self.chosen.choice((*TRADED, KEPT))
        place = self.chosen.choice(BINS if item == KEPT else SHELVES)
        return item, place, self.chosen.randint(1, 20)


def _key(item: str, place: str) -> str:
    return f"{item}@{place}"


def _element(node: Json) -> Element:
    return Element(
        node["document"]["id"], Decimal(node["quantity"]), Decimal(node["balanceQuantity"])
    )


def _told(payload: Json, item: str, place: str) -> dict[str, Decimal]:
    """What a refusal says is there; of what is promised in part it says what is free."""
    return {
        _key(item, place): Decimal(error["details"]["available"])
        for error in payload["errors"]
        if error["code"] == "OUT_OF_STOCK" and item != KEPT and error["details"]["place"] == place
    }
