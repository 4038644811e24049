"""A subscription whose client is slow, gone, or takes nothing any more: spoken to as uvicorn would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette

from core.db import notices
from core.db.database import Database
from core.ids import NIL
from core.outbox import Event, Hub, emit_many, relay
from core.outbox.hub import MAX_WAITING
from core.tenancy import service as tenancy
from core.tenancy.directory.tables import Tenant
from schema import streams
from server import event_stream
from server.app import ServerSettings, create_app

DOCUMENT = "subscription { documentEvents { missed state document { id } } }"
SECONDS = 30


class Client:
    """A connection: what was sent to it, and whether it takes more."""

    def __init__(self, app: Starlette, token: str) -> None:
        self._app, self._token = app, token
        self._sent: list[bytes] = []
        self._news, self.takes, self._gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._asked = False
        self.takes.set()

    def ask(self) -> asyncio.Task[None]:
        """Subscribe; the task is done when the server is."""
        headers = {
            **{"authorization": f"Bearer {self._token}", "accept": "text/event-stream"},
            "content-type": "application/json",
        }
        scope = {
            **{"type": "http", "method": "POST", "path": "/graphql", "query_string": b""},
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        return asyncio.ensure_future(self._app(scope, self._receive, self._send))

    async def heard(self, count: int) -> list[dict[str, Any]]:
        """The first so many answers."""
        async with asyncio.timeout(SECONDS):
            while len(found := self._answers()) < count:
                self._news.clear()
                await self._news.wait()
        return found

    async def listens(self) -> None:
        async with asyncio.timeout(SECONDS):
            while b":\n\n" not in self._sent:
                self._news.clear()
                await self._news.wait()

    def leave(self) -> None:
        self._gone.set()

    def _answers(self) -> list[dict[str, Any]]:
        lines = b"".join(self._sent).decode().splitlines()
        return [json.loads(one[6:]) for one in lines if one.startswith("data: ")]

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._asked:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": json.dumps({"query": DOCUMENT}).encode()}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.takes.wait()
        self._sent.append(message.get("body", b""))
        self._news.set()


@pytest.fixture
async def app(db: Database) -> AsyncIterator[Starlette]:
    """An application that hears events, without a server around it."""
    hearing = asyncio.ensure_future(notices.keep_listening(db, {relay.CHANNEL: db.companion(Hub)}))
    try:
        yield create_app(database=db, settings=ServerSettings())
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing


@pytest.fixture
async def client(app: Starlette, db: Database, tenant: Tenant) -> Client:
    email = f"a@{tenant.id}.test"
    await tenancy.add_user(db, tenant.id, email, ["viewer"])
    return Client(app, await tenancy.issue_token(db, tenant.id, email))


async def emit(db: Database, tenant: Tenant, *states: str) -> None:
    async with db.transaction(tenant.id) as tx:
        told = {"id": NIL, "type": "receipt", "number": None}
        await emit_many(tx, [Event(f"document.{state}", told) for state in states])
    while await relay.relay_tenant(db, tenant.id):
        pass


async def test_who_is_slow_is_told_of_the_gap(client: Client, db: Database, tenant: Tenant) -> None:
    task = client.ask()
    await client.listens()
    await emit(db, tenant, "submitted")
    await client.heard(1)
    client.takes.clear()
    overflow = overflowing(db, tenant)
    await emit(db, tenant, *["posted"] * (MAX_WAITING + 3))
    await asyncio.wait_for(overflow.wait(), SECONDS)
    client.takes.set()
    await emit(db, tenant, "closed")
    states = ["SUBMITTED"]
    while states[-1] != "CLOSED":
        states = [told_of(answer) for answer in await client.heard(len(states) + 1)]
    assert states.count("missed") == 1
    assert len(states) < 10, "what waited was dropped"
    client.leave()
    await task


def told_of(answer: dict[str, Any]) -> str:
    event = answer["data"]["documentEvents"]
    return "missed" if event["missed"] else str(event["state"])


def overflowing(db: Database, tenant: Tenant) -> asyncio.Event:
    """Set once the one listener of the tenant has lost events."""
    (listener,) = db.companion(Hub)._listeners[tenant.id]
    happened, miss = asyncio.Event(), listener.miss

    def missing() -> None:
        miss()
        happened.set()

    listener.miss = missing  # type: ignore[method-assign]  # to learn when it happens
    return happened


async def test_who_leaves_frees_everything(client: Client, db: Database, tenant: Tenant) -> None:
    task = client.ask()
    await client.listens()
    assert tenant.id in db.companion(Hub)._listeners
    client.leave()
    await asyncio.wait_for(task, SECONDS)
    assert tenant.id not in db.companion(Hub)._listeners


async def test_who_takes_nothing_is_left(
    client: Client, db: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.2)
    task = client.ask()
    await client.listens()
    client.takes.clear()
    await emit(db, tenant, "posted")
    await asyncio.wait_for(task, SECONDS)
    assert tenant.id not in db.companion(Hub)._listeners


async def test_silence_is_broken_by_a_sign_of_life(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(streams, "QUIET_SECONDS", 0.1)
    task = client.ask()
    async with asyncio.timeout(SECONDS):
        while client._sent.count(b":\n\n") < 4:
            client._news.clear()
            await client._news.wait()
    client.leave()
    await task
