"""A plugin that misbehaves in a server of two processes, over HTTP: none of it harms the books or another
tenant, and the error says which plugin it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from core.db.database import Database, rows
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from tests.serving import RunningServer, running_server
from tests.shop import Json, Shop, line
from tests.streams import COMPLETE, listening

DUMMY = Path(__file__).parent / "dummy"
WORKERS = 2
BACK_SECONDS = 30
DOCUMENTS = "subscription { documentEvents { missed } }"

CREATE = """mutation($input: CreateItemInput!) { createItem(input: $input) {
  item { id } errors { code details } } }"""
ORDER = """mutation($input: DummyOrderInput!) { orderDummy(input: $input) {
  dummyDone errors { code details } } }"""


@dataclass(frozen=True, slots=True)
class House:
    """A server, a tenant that has the plugin on, and one that has not."""

    server: RunningServer
    db: Database
    bad: Shop
    good: Shop
    items: dict[UUID, str]

    def item(self, shop: Shop) -> str:
        """What a shop has in stock."""
        return self.items[shop.principal.tenant_id]

    async def order(self, hook: str, what: str) -> None:
        """From now on the hook does this in the bad shop."""
        answer = await self.bad.ask(ORDER, input={"hook": hook, "what": what})
        assert answer["orderDummy"] == {"dummyDone": True, "errors": []}

    async def orders(self) -> dict[str, str]:
        """What the plugin's table holds."""
        async with self.db.snapshot(self.bad.principal.tenant_id) as tx:
            query = "SELECT hook, what FROM dummy_order WHERE tenant_id = %s"
            return dict(await rows(tx, query, tx.tenant_id))

    async def forget(self) -> None:
        """No orders any more."""
        async with self.db.transaction(self.bad.principal.tenant_id) as tx:
            query = "DELETE FROM dummy_order WHERE tenant_id = %s RETURNING hook"
            await rows(tx, query, tx.tenant_id)

    async def judge(self) -> None:
        """The books of both tally, and both go on."""
        for shop in (self.bad, self.good):
            await shop.posted("issue", line(self.item(shop), "1"))
            assert await verify(self.db, shop.principal.tenant_id) == []

    @asynccontextmanager
    async def meanwhile(self) -> AsyncIterator[None]:
        """The other tenant posts for as long as the block runs, and at least once."""
        done = asyncio.Event()

        async def trade() -> None:
            while True:
                await self.good.posted("receipt", line(self.item(self.good), "2", "3"))
                if done.is_set():
                    return

        trading = asyncio.create_task(trade())
        try:
            yield
        finally:
            done.set()
            await trading


@pytest.fixture(scope="module")
def serving() -> Iterator[RunningServer]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(DUMMY))
        with running_server(WORKERS) as server:
            yield server


@pytest.fixture(scope="module")
async def house(serving: RunningServer) -> AsyncIterator[House]:
    db = Database.connect(serving.address.app_url, pool_size=4)
    shops, items = [], {}
    for name in ("bad", "good"):
        tenant = await tenancy.create_tenant(db, f"{name} {uuid4()}")
        shop = await Shop.enter(db, tenant.id, roles=("administrator",), at=serving.url)
        items[tenant.id] = made = await shop.item("A")
        await shop.posted("receipt", line(made, "500", "2"), on="2026-03-01")
        shops.append(shop)
    bad, good = shops
    await bad.switch("dummy", on=True)
    yield House(serving, db, bad, good, items)
    for shop in shops:
        await shop.client.aclose()
    await db.close()


@pytest.mark.parametrize(
    ("hook", "what"),
    [
        ("check_posting", "raises"),
        ("posting_rows", "raises_base"),
        ("allocate", "exits"),
        ("check_posting", "hangs"),
        ("posting_rows", "spins"),
        ("check_posting", "answers_a_number"),
        ("allocate", "answers_much"),
    ],
)
async def test_a_decision_is_refused_in_its_name(house: House, hook: str, what: str) -> None:
    item = house.item(house.bad)
    async with house.meanwhile():
        payload = await house.bad.post("issue", line(item, "1"), remark=f"{hook} {what}")
    assert failed_of(payload["errors"]) == ["dummy"]
    await house.judge()


BRIEF = ("raises_base", "exits", "spins", "rolls_back", "changes_the_tenant", "keeps_the_tenant")
LONG = ("waits", "swallows")
TOLD = [*BRIEF, *(pytest.param(what, marks=pytest.mark.slow) for what in LONG)]


@pytest.mark.parametrize("what", TOLD)
async def test_saving_an_item_is_refused_in_its_name(house: House, what: str) -> None:
    sent = {"commandId": str(uuid4()), "code": f"I{uuid4()}", "name": "item"}
    async with house.meanwhile():
        answer = await house.bad.ask(CREATE, input={**sent, "dummy": {"what": what}})
    assert failed_of(answer["createItem"]["errors"]) == ["dummy"]
    assert await house.orders() == {}, "what it wrote before must be gone"
    again = await house.bad.ask(CREATE, input=sent)
    assert again["createItem"]["errors"] == [], "the code must be free, and the command unused"
    await house.judge()


@pytest.mark.parametrize("what", TOLD)
async def test_a_switch_is_refused_in_its_name(house: House, what: str) -> None:
    await house.order("enabling", what)
    await house.bad.switch("dummy", on=False)
    async with house.meanwhile():
        errors = await house.bad.try_switch("dummy", on=True)
    assert failed_of(errors) == ["dummy"]
    assert await house.orders() == {"enabling": what}
    await house.forget()
    await house.bad.switch("dummy", on=True)
    await house.judge()


@pytest.mark.parametrize("what", BRIEF)
async def test_a_mutation_of_its_own_harms_nobody(house: House, what: str) -> None:
    async with house.meanwhile():
        answer = await house.bad.raw(ORDER, input={"hook": "now", "what": what})
    assert {"UNAVAILABLE", "MODULE_FAILED", "DEADLINE_EXCEEDED", None} >= {code_of(answer)}, answer
    await house.forget()
    await house.judge()


EVENTS = "subscription($what: String!) { dummyEvents(what: $what) { what } }"


@pytest.mark.parametrize(
    "what",
    [
        *("raises", "raises_base", "exits", "hangs", "spins"),
        *("answers_a_number", "answers_much", "yields_nonsense", "no_such_thing"),
    ],
)
async def test_a_subscription_of_its_own_ends_in_its_name(house: House, what: str) -> None:
    async with (
        house.meanwhile(),
        listening(house.good.client, DOCUMENTS) as other,
        listening(house.bad.client, EVENTS, what=what) as stream,
    ):
        assert await stream.data("dummyEvents") == {"what": what}
        answer = await stream.next()
        assert [failure["extensions"]["code"] for failure in answer["errors"]] == ["MODULE_FAILED"]
        assert answer["errors"][0]["extensions"]["details"] == {"module": "dummy"}
        assert await stream.next() == COMPLETE
        assert await other.data("documentEvents") == {"missed": False}, "others go on"
    await house.judge()


async def test_a_subscription_that_does_not_end_is_left(house: House) -> None:
    """It swallows that it shall end: neither its client nor a place in the server waits for it."""
    for _ in range(3):
        async with listening(house.bad.client, EVENTS, what="swallows_the_end") as stream:
            assert await stream.data("dummyEvents") == {"what": "swallows_the_end"}
            await house.bad.switch("dummy", on=False)
            assert await stream.end(10) == ["SUBSCRIPTION_ENDED"]
        await house.bad.switch("dummy", on=True)
    await house.judge()


async def test_a_subscription_without_end_leaves_time_for_others(house: House) -> None:
    async with (
        listening(house.bad.client, EVENTS, what="floods") as flood,
        house.meanwhile(),
        listening(house.good.client, DOCUMENTS) as other,
    ):
        for _ in range(5):
            assert await other.data("documentEvents") == {"missed": False}
            await flood.data("dummyEvents")
    await house.judge()


async def test_who_commits_by_himself_is_named(house: House) -> None:
    """What stood in the transaction up to there is durable: nobody can take it back. The books were
    never in it."""
    sent = {"commandId": str(uuid4()), "code": f"I{uuid4()}", "name": "item"}
    async with house.meanwhile():
        answer = await house.bad.ask(CREATE, input={**sent, "dummy": {"what": "commits"}})
    assert failed_of(answer["createItem"]["errors"]) == ["dummy"]
    await house.forget()
    await house.order("enabling", "commits")
    await house.bad.switch("dummy", on=False)
    async with house.meanwhile():
        assert failed_of(await house.bad.try_switch("dummy", on=True)) == ["dummy"]
    await house.forget()
    await house.bad.switch("dummy", on=True)
    await house.judge()


async def test_a_worker_that_dies_is_replaced(house: House) -> None:
    item = house.item(house.bad)
    before = await stock(house.bad)
    for told in ("check_posting dies", "posting_rows dies", "check_posting spins_on"):
        workers = house.server.workers()
        with pytest.raises(httpx.TransportError):
            await house.bad.post("issue", line(item, "1"), remark=told)
        await replaced(house.server, workers, BACK_SECONDS)
    assert await stock(house.bad) == before
    await house.judge()


async def replaced(server: RunningServer, before: list[int], seconds: float) -> None:
    """Wait until as many workers as before answer, one of them new."""
    until = time.monotonic() + seconds
    while set(server.workers()) == set(before) or len(server.workers()) < WORKERS:
        assert time.monotonic() < until, "nobody took its place"
        await asyncio.sleep(0.1)
    while not server.ready():
        assert time.monotonic() < until, "its successor does not answer"
        await asyncio.sleep(0.1)


async def stock(shop: Shop) -> list[Json]:
    found: list[Json] = (await shop.ask("{ stock { nodes { quantity value } } }"))["stock"]["nodes"]
    return found


def failed_of(errors: list[Json]) -> list[str]:
    """The modules that errors blame; every error must blame one."""
    assert {error["code"] for error in errors} == {"MODULE_FAILED"}, errors
    return [error["details"]["module"] for error in errors]


def code_of(answer: Json) -> Any:
    """The code of the first error, be it of the answer or of the payload."""
    if answer.get("errors"):
        return answer["errors"][0]["extensions"]["code"]
    errors = answer["data"]["orderDummy"]["errors"]
    return errors[0]["code"] if errors else None
