"""A module is switched on and off while the tenant trades (P4): nothing breaks, and nobody is told what is
not so at that moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from tests.races.crowd import Crowd, line, posting
from tests.serving import running_server

SWITCHES = 24
TRADERS = 6
MODULE = "food_batches"
SHOWN = "{ foodBatches(first: 1) { nodes { id } } }"
ON = """mutation($input: SwitchModuleInput!) { enableModule(input: $input) {
  errors { code message } } }"""
OFF = """mutation($input: SwitchModuleInput!) { disableModule(input: $input) {
  errors { code message } } }"""


async def test_a_storm_of_switches_breaks_nothing() -> None:
    with running_server(workers=2) as server:
        database = Database.connect(server.address.app_url, pool_size=2)
        crowd = await Crowd.open(server, database, TRADERS + 1)
        try:
            await _storm(crowd)
            assert await verify(database, crowd.tenant) == []
        finally:
            await crowd.hang_up()
            await database.close()


async def _storm(crowd: Crowd) -> None:
    item = await crowd.item("A")
    await crowd.posted("receipt", line(item, 10_000, 3))
    *traders, switcher = crowd.clients
    over = asyncio.Event()
    found: Counter[str] = Counter()

    async def trade(client: Any) -> None:
        while not over.is_set():
            type_ = "issue" if found["posted"] % 3 else "receipt"
            payload = await posting(crowd.document(type_, line(item, 1, 5)))(client)
            assert payload["errors"] == []
            found["posted"] += 1
            answer = await client.raw(SHOWN)
            told = answer.get("errors", [{}])[0].get("extensions", {}).get("code", "shown")
            found[told] += 1

    async def switch() -> None:
        for n in range(SWITCHES):
            document = OFF if n % 2 else ON
            payload = await switcher.does(document, {"commandId": str(uuid7()), "name": MODULE})
            assert payload["errors"] == []
            # What was answered holds: the next request, in whichever process, finds it.
            for client in traders[:2]:
                answer = await client.raw(SHOWN)
                assert ("errors" in answer) == bool(n % 2), answer
        over.set()

    await asyncio.gather(switch(), *(trade(client) for client in traders[2:]))
    assert found.keys() == {"posted", "shown", "GRAPHQL_INVALID"}, found
    assert found["posted"] > SWITCHES
