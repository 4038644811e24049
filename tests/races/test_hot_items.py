"""Everybody trades the same few goods, in any order of lines: nobody waits for ever (G11), and a document
of several lines goes in whole or not at all (G8)."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import psycopg
import pytest

from core.db.database import Database
from tests.races.crowd import Client, Crowd, Json, codes, line, posting
from tests.races.deadlocks import STATISTICS_SECONDS, deadlocks, deadlocks_at_rest
from tests.serving import RunningServer

SECONDS = 5
FULL_SECONDS = 60
TRADERS = 16
HOT = 6
SEED = 20260302
START = 100_000
EARLIER = "2026-03-01"
ALLOWED = {"done", "OUT_OF_STOCK", "LATER_SHORT"}

SCARCE = 60
FULL_SCARCE = 1_000


@dataclass
class Traders:
    """Clients who post documents about the same items until the time is up."""

    crowd: Crowd
    items: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0

    async def open(self) -> Traders:
        """Six items, half of them FIFO, plenty of each at two places."""
        self.items = [
            await self.crowd.item(f"HOT{n}", costingMethod=method)
            for n, method in enumerate(["MOVING_AVERAGE", "FIFO"] * (HOT // 2))
        ]
        other = await self.crowd.place("OTHER")
        for place in (self.crowd.places["MAIN"], other):
            lines = [line(item, START, 3) for item in self.items]
            await self.crowd.posted("receipt", *lines, on=EARLIER, placeId=place)
        return self

    async def trade(self, seconds: float, *, late: bool, traders: int = TRADERS) -> None:
        """Trade for so long, with every tenth document late or none; what came of it is in
        ``outcomes``."""
        until = time.monotonic() + seconds
        print(f"seed {SEED}")
        clients = self.crowd.clients[:traders]
        await asyncio.gather(
            *(
                self._trader(random.Random(SEED + n), client, until, 0.1 if late else 0)
                for n, client in enumerate(clients)
            )
        )

    async def _trader(
        self, chosen: random.Random, client: Client, until: float, late: float
    ) -> None:
        while time.monotonic() < until:
            begun = time.monotonic()
            payload = await client.post(self._document(chosen, late))
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.outcomes += codes([payload])

    def _document(self, chosen: random.Random, late: float) -> Json:
        type_ = chosen.choice(["issue", "issue", "receipt", "transfer"])
        lines = [line(item, 1, 3) for item in chosen.sample(self.items, chosen.randint(2, HOT))]
        on = {"on": EARLIER} if chosen.random() < late else {}
        if type_ != "transfer":
            return self.crowd.document(type_, *lines, **on)
        ends = ["MAIN", "OTHER"]
        chosen.shuffle(ends)
        here, there = (self.crowd.places[code] for code in ends)
        return self.crowd.document(type_, *lines, placeId=here, toPlaceId=there, **on)


async def test_random_order_on_hot_items_never_deadlocks(crowd: Crowd) -> None:
    before = deadlocks(crowd.server)
    await trade(crowd, SECONDS)
    assert deadlocks(crowd.server) == before


@pytest.mark.slow
async def test_a_minute_of_random_order_never_deadlocks(crowd: Crowd) -> None:
    before = await deadlocks_at_rest(crowd.server)
    await trade(crowd, FULL_SECONDS)
    assert await deadlocks_at_rest(crowd.server) == before


async def trade(crowd: Crowd, seconds: int) -> None:
    """Some late documents come early on: they play all of history again, and half a minute of it may take
    longer than a request may."""
    traders = await Traders(crowd).open()
    for late, lasts in ((False, 2.5), (True, 2.5), (False, seconds - 5)):
        await traders.trade(lasts, late=late)
        again = sum(client.again for client in crowd.clients)
        print(f"late {late}: {dict(traders.outcomes)}, slowest {traders.slowest:.2f} s", end=", ")
        print(f"{again} sent again so far")
        assert set(traders.outcomes) <= ALLOWED, traders.outcomes
        assert traders.outcomes["done"] >= TRADERS


async def test_a_planted_deadlock_is_seen(served: RunningServer, books: Database) -> None:
    """Two who take two locks in opposite order: the log tells of it, and so do the statistics, at once
    because the two hang up."""
    before = deadlocks(served)
    met = asyncio.Barrier(2)

    async def take(first: int, second: int) -> None:
        url = served.address.app_url
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute(b"SELECT pg_advisory_xact_lock(%s)", (first,))
            await met.wait()
            await connection.execute(b"SELECT pg_advisory_xact_lock(%s)", (second,))

    found = await asyncio.gather(take(1, 2), take(2, 1), return_exceptions=True)
    assert [type(one) for one in found].count(psycopg.errors.DeadlockDetected) == 1
    assert deadlocks(served).logged == before.logged + 1
    for _ in range(STATISTICS_SECONDS * 10):
        if deadlocks(served).counted > before.counted:
            break
        await asyncio.sleep(0.1)
    assert deadlocks(served).counted == before.counted + 1


async def test_a_document_that_lacks_one_line_leaves_nothing(crowd: Crowd) -> None:
    await share_the_scarce(crowd, SCARCE)


@pytest.mark.slow
async def test_a_thousand_documents_share_what_is_scarce(crowd: Crowd) -> None:
    await share_the_scarce(crowd, FULL_SCARCE)


async def share_the_scarce(crowd: Crowd, documents: int) -> None:
    """Each wants one of two plentiful items and one of a scarce one, of which there is half enough."""
    plenty = [await crowd.item(code) for code in ("MUCH", "MORE")]
    scarce = await crowd.item("SCARCE")
    await crowd.posted("receipt", *(line(item, documents, 3) for item in plenty))
    await crowd.posted("receipt", line(scarce, documents // 2, 3))
    chosen = random.Random(SEED)
    found: Counter[str] = Counter()
    for start in range(0, documents, len(crowd.clients)):
        count = min(len(crowd.clients), documents - start)
        sales = [
            posting(crowd.document("issue", *(line(item, 1, 5) for item in order)))
            for _ in range(count)
            for order in [chosen.sample([*plenty, scarce], 3)]
        ]
        found += codes(await crowd.at_once(sales))
    assert found == {"done": documents // 2, "OUT_OF_STOCK": documents - documents // 2}
    assert await crowd.on_hand(scarce) == 0
    for item in plenty:
        assert await crowd.on_hand(item) == documents - documents // 2
