"""Subscriptions over HTTP, on two servers of one database: who hears what, and when it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from schema.limits import MAX_TENANT_STREAMS
from server.cli_data import database_of
from tests.serving import RunningServer, serving
from tests.shop import Shop, line
from tests.streams import listening

DOCUMENTS = """subscription($types: [String!], $states: [DocumentState!]) {
  documentEvents(types: $types, states: $states) {
    missed state at document { id number type { code } lines(first: 1) { nodes { item { name } } } } } }"""
ALERTS = "subscription { foodBatchesAlerts { missed kind } }"
AT_ONCE = 5.0

Two = tuple[RunningServer, RunningServer]


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    """Two servers of one database."""
    with tempfile.TemporaryDirectory(prefix="tallybook-serving-") as folder:
        data = Path(folder)
        with (
            database_of(data) as address,
            serving(data, address, 1) as one,
            serving(data, address, 1) as other,
        ):
            yield one, other


@pytest.fixture(scope="module")
async def db(two: Two) -> AsyncIterator[Database]:
    database = Database.connect(two[0].address.app_url, pool_size=4)
    yield database
    await database.close()


class Desk:
    """A shop, its administrator at both servers, and his token."""

    def __init__(self, shop: Shop, other: httpx.AsyncClient, item: str) -> None:
        self.shop, self.here, self.there, self.item = shop, shop.client, other, item

    @property
    def token(self) -> str:
        return self.here.headers["authorization"].partition(" ")[2]

    @property
    def tenant(self) -> UUID:
        return self.shop.principal.tenant_id

    async def post(self, **head: object) -> str:
        """Post a receipt at the first server; its number."""
        done = await self.shop.posted("receipt", line(self.item, "1", "2"), **head)
        return str(done["number"])


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def open_desk(db: Database, two: Two, stack: AsyncExitStack, name: str) -> Desk:
    tenant = await tenancy.create_tenant(db, f"{name} {uuid4()}")
    shop = await Shop.enter(db, tenant.id, roles=("administrator",), at=two[0].url)
    base = two[1].url.removesuffix("/graphql")
    other = httpx.AsyncClient(base_url=base, headers=shop.client.headers, timeout=30)
    stack.push_async_callback(shop.client.aclose)
    stack.push_async_callback(other.aclose)
    return Desk(shop, other, await shop.item("A"))


@pytest.fixture
async def desk(db: Database, two: Two, stack: AsyncExitStack) -> Desk:
    return await open_desk(db, two, stack, "ours")


@pytest.fixture
async def stranger(db: Database, two: Two, stack: AsyncExitStack) -> Desk:
    return await open_desk(db, two, stack, "theirs")


async def test_whoever_listens_hears_it_at_every_server(desk: Desk) -> None:
    async with listening(desk.here, DOCUMENTS) as here, listening(desk.there, DOCUMENTS) as there:
        for _ in range(3):
            number = await desk.post()
            for stream in (here, there):
                told = await stream.data("documentEvents")
                assert (told["missed"], told["state"]) == (False, "POSTED")
                assert told["document"]["number"] == number
                assert told["document"]["type"]["code"] == "receipt"


async def test_only_what_is_asked_for_is_told(desk: Desk) -> None:
    async with (
        listening(desk.there, DOCUMENTS, types=["issue"]) as issues,
        listening(desk.there, DOCUMENTS, states=["SUBMITTED"]) as submitted,
        listening(desk.there, DOCUMENTS) as everything,
    ):
        await desk.post()
        issue = await desk.shop.posted("issue", line(desk.item, "1", "3"))
        draft = await saved(desk)
        await step(desk, "submit", draft)
        states = [(await everything.data("documentEvents"))["state"] for _ in range(3)]
        assert states == ["POSTED", "POSTED", "SUBMITTED"]
        assert (await issues.data("documentEvents"))["document"]["number"] == issue["number"]
        told = await submitted.data("documentEvents")
        assert (told["state"], told["document"]["id"]) == ("SUBMITTED", draft["id"])


async def test_a_module_tells_what_only_a_posting_shows(desk: Desk) -> None:
    """The observer of the process that posts emits it, after the commit; all others hear of it."""
    await desk.shop.switch("food_batches", on=True)
    made = await desk.shop.ask(
        "mutation($input: CreateItemInput!) { createItem(input: $input) { item { id } errors { code } } }",
        input={"commandId": str(uuid7()), "code": "MILK", "name": "milk", "foodBatches": {}},
    )
    milk = made["createItem"]["item"]["id"]
    alerts = """subscription { foodBatchesAlerts(kinds: [SHORT_DATED, RETURNED]) { missed kind quantity
      item { code } batch { number freshness } document { number } } }"""
    async with listening(desk.there, alerts) as stream:
        food = {"expiresOn": "2026-03-10"}
        short = line(milk, "3", "2", lotCode="LATE", foodBatches=food)
        done = await desk.shop.posted("receipt", short)
        assert await stream.data("foodBatchesAlerts") == {
            **{"missed": False, "kind": "SHORT_DATED", "quantity": "3", "item": {"code": "MILK"}},
            "batch": {"number": "LATE", "freshness": "EXPIRED"},
            "document": {"number": done["number"]},
        }


async def saved(desk: Desk) -> dict[str, object]:
    answer = await desk.shop.ask(
        "mutation($input: SaveDraftInput!) { saveDraft(input: $input) {"
        " document { id revision } errors { code } } }",
        input=desk.shop.document("receipt", line(desk.item, "1", "2")),
    )
    document: dict[str, object] = answer["saveDraft"]["document"]
    return document


async def step(desk: Desk, name: str, draft: dict[str, object]) -> None:
    answer = await desk.shop.ask(
        f"mutation($input: DocumentStepInput!) {{ {name}Document(input: $input) {{"
        " errors { code } } }",
        input={"commandId": str(uuid7()), "id": draft["id"], "revision": draft["revision"]},
    )
    assert answer[f"{name}Document"] == {"errors": []}


async def test_nobody_hears_of_another_tenant(desk: Desk, stranger: Desk) -> None:
    """Both post at once; each event carries the name of its tenant's item."""
    desks, count = (desk, stranger), 20
    own = {one: set[str]() for one in desks}
    async with AsyncExitStack() as open_:
        streams = [
            (one, await open_.enter_async_context(listening(client, DOCUMENTS)))
            for one in desks
            for client in (one.here, one.there)
        ]

        async def post(one: Desk) -> None:
            for _ in range(count):
                done = await one.shop.posted("receipt", line(one.item, "1", "2"))
                own[one].add(done["id"])

        await asyncio.gather(*(post(one) for one in desks))
        for one, stream in streams:
            heard = {(await stream.data("documentEvents"))["document"]["id"] for _ in range(count)}
            assert heard == own[one]
        for _, stream in streams:
            with pytest.raises(TimeoutError):
                await stream.next(0.5)


async def test_a_revoked_token_ends_its_streams(db: Database, desk: Desk) -> None:
    async with listening(desk.there, DOCUMENTS) as stream:
        began = time.monotonic()
        assert await tenancy.revoke_token(db, desk.token)
        assert await stream.end() == ["UNAUTHENTICATED"]
        assert time.monotonic() - began < AT_ONCE


async def colleague(
    db: Database, desk: Desk, stack: AsyncExitStack, roles: tuple[str, ...] = ("seller",)
) -> Shop:
    """Somebody of the same shop, at the second server."""
    shop = await Shop.enter(db, desk.tenant, roles=roles, at=str(desk.there.base_url))
    stack.push_async_callback(shop.client.aclose)
    return shop


async def test_who_is_let_go_hears_nothing_more(
    db: Database, desk: Desk, stack: AsyncExitStack
) -> None:
    second = await colleague(db, desk, stack)
    async with listening(second.client, DOCUMENTS) as stream:
        began = time.monotonic()
        await tenancy.remove_member(db, desk.shop.principal, uuid7(), second.principal.user_id)
        assert await stream.end() == ["UNAUTHENTICATED"]
        assert time.monotonic() - began < AT_ONCE


async def test_a_lost_permission_ends_what_needs_it(
    db: Database, desk: Desk, stack: AsyncExitStack
) -> None:
    await desk.shop.switch("food_batches", on=True)
    second = await colleague(db, desk, stack)
    email = second.principal.email
    async with (
        listening(second.client, ALERTS) as stream,
        listening(desk.there, ALERTS) as other,
    ):
        await tenancy.set_member(db, desk.shop.principal, uuid7(), email, [])
        assert await stream.end() == ["PERMISSION_DENIED"]
        with pytest.raises(TimeoutError):
            await other.next(2)


async def test_who_may_not_is_told_so_at_once(
    db: Database, desk: Desk, stack: AsyncExitStack
) -> None:
    await desk.shop.switch("food_batches", on=True)
    nobody = await colleague(db, desk, stack, roles=())
    for document in (DOCUMENTS, ALERTS):
        answer = await post(nobody.client, document)
        assert answer.status_code == 200
        assert '"code":"PERMISSION_DENIED"' in answer.text
        assert answer.text.endswith("event: complete\ndata:\n\n")


async def test_what_is_switched_off_ends(desk: Desk) -> None:
    refused = await post(desk.there, ALERTS)
    assert (refused.status_code, codes(refused)) == (400, ["GRAPHQL_INVALID"])
    assert "foodBatches" not in refused.json()["errors"][0]["message"].partition("Did you")[2]
    await desk.shop.switch("food_batches", on=True)
    async with (
        listening(desk.there, ALERTS) as stream,
        listening(desk.there, DOCUMENTS) as other,
    ):
        began = time.monotonic()
        await desk.shop.switch("food_batches", on=False)
        assert await stream.end() == ["SUBSCRIPTION_ENDED"]
        assert time.monotonic() - began < AT_ONCE
        number = await desk.post()
        assert (await other.data("documentEvents"))["document"]["number"] == number


async def test_streams_have_an_end_and_leave_room(desk: Desk, stranger: Desk) -> None:
    async with AsyncExitStack() as open_:
        for _ in range(MAX_TENANT_STREAMS):
            await open_.enter_async_context(listening(desk.there, DOCUMENTS))
        refused = await post(desk.there, DOCUMENTS)
        assert (refused.status_code, codes(refused)) == (429, ["TOO_MANY_STREAMS"])
        assert refused.headers["retry-after"]
        async with listening(stranger.there, DOCUMENTS):
            pass
    until = time.monotonic() + 20
    for _ in range(MAX_TENANT_STREAMS):
        while (answer := await opens(desk.there)) != 200:
            assert time.monotonic() < until, f"the places are not free again: {answer}"


async def opens(client: httpx.AsyncClient) -> int:
    headers, body = {"Accept": "text/event-stream"}, {"query": DOCUMENTS}
    async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
        return response.status_code


async def post(client: httpx.AsyncClient, document: str, **headers: str) -> httpx.Response:
    headers = {"Accept": "text/event-stream", **headers}
    return await client.post("/graphql", json={"query": document}, headers=headers)


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ("subscription { nothing }", 400, "GRAPHQL_INVALID"),
        ("subscription {", 400, "GRAPHQL_SYNTAX"),
        ("subscription { documentEvents { missed } b: documentEvents { missed } }", 400,
         "GRAPHQL_INVALID"),
        ("subscription { documentEvents(types: [1]) { missed } }", 400, "GRAPHQL_INVALID"),
        ("subscription { documentEvents { document { source { source { source { source { source {"
         " source { source { source { source { source { source { source { source { id"
         " } } } } } } } } } } } } } } } }", 400, "QUERY_TOO_LARGE"),
        ("subscription { documentEvents { document { lines(first: 100) { nodes { item { category {"
         " children(first: 100) { nodes { id } } } } } } } } }", 400, "QUERY_TOO_LARGE"),
    ],
)  # fmt: skip
async def test_what_may_not_run_does_not_begin(
    desk: Desk, document: str, status: int, code: str
) -> None:
    response = await post(desk.there, document)
    assert (response.status_code, codes(response)[0]) == (status, code)
    assert response.headers["content-type"].startswith("application/graphql-response+json")


async def test_a_subscription_comes_as_events_only(desk: Desk) -> None:
    response = await post(desk.there, DOCUMENTS, Accept="application/json")
    assert (response.status_code, codes(response)) == (406, ["NOT_ACCEPTABLE"])
    headers = {"Accept": "text/event-stream"}
    response = await desk.there.get("/graphql", params={"query": DOCUMENTS}, headers=headers)
    assert (response.status_code, codes(response)) == (405, ["METHOD_NOT_ALLOWED"])
    async with httpx.AsyncClient(base_url=desk.there.base_url) as nobody:
        response = await post(nobody, DOCUMENTS)
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])


async def test_a_query_may_come_as_one_event(desk: Desk) -> None:
    response = await post(desk.there, "{ viewer { permissions } }")
    assert response.headers["content-type"].startswith("text/event-stream")
    first, second, rest = response.text.split("\n\n")
    assert first.startswith('event: next\ndata: {"data":{"viewer":')
    assert (second, rest) == ("event: complete\ndata:", "")


async def test_the_reason_comes_in_the_language_of_who_listens(db: Database, desk: Desk) -> None:
    desk.there.headers["accept-language"] = "zh"
    async with listening(desk.there, DOCUMENTS) as stream:
        await tenancy.revoke_token(db, desk.token)
        answer = await stream.next()
        assert "请先登录" in answer["errors"][0]["message"]


async def test_a_server_that_stops_says_so_and_stops() -> None:
    with tempfile.TemporaryDirectory(prefix="tallybook-serving-") as folder:
        data = Path(folder)
        with (
            database_of(data) as address,
            serving(data, address, 1) as server,
        ):
            token = await asyncio.to_thread(server.new_tenant, "shop")
            headers = {"Authorization": f"Bearer {token}"}
            base = server.url.removesuffix("/graphql")
            async with (
                httpx.AsyncClient(base_url=base, headers=headers) as client,
                listening(client, DOCUMENTS) as one,
                listening(client, DOCUMENTS) as other,
            ):
                os.kill(server.process, signal.SIGTERM)
                for stream in (one, other):
                    assert await stream.end(10) == ["SERVER_STOPPING"]
            until = time.monotonic() + AT_ONCE
            while server.ready():
                assert time.monotonic() < until, "it does not end"
