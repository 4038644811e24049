"""Events reach every process once they are durable, and none is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from core.db import notices
from core.db.database import Database, rows
from core.outbox import Event, Heard, Hub, Listener, emit_many, relay, tables
from core.outbox.relay import Relay, keep_relayed, relay_tenant
from core.tenancy import service
from core.tenancy.directory.tables import Tenant

SECONDS = 20


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Database]:
    """A pool that hears events, as each process of a server has one."""
    db, listening = Database.connect(url, pool_size=2), asyncio.Event()
    hub = db.companion(Hub)

    class Ear:
        def heard(self, word: str) -> None:
            hub.heard(word)

        def listening(self, on: bool) -> None:
            hub.listening(on)
            listening.set() if on else listening.clear()

    task = asyncio.ensure_future(notices.keep_listening(db, {relay.CHANNEL: Ear()}))
    try:
        await listening.wait()
        yield db
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await db.close()


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Database]:
    async with process(database_url) as db:
        yield db


@pytest.fixture
async def there(database_url: str) -> AsyncIterator[Database]:
    async with process(database_url) as db:
        yield db


async def emit(db: Database, tenant: UUID, *payloads: Any, topic: str = "test.told") -> None:
    async with db.transaction(tenant) as tx:
        await emit_many(tx, [Event(topic, {"n": payload}) for payload in payloads])


async def left(db: Database, tenant: UUID) -> int:
    async with db.snapshot(tenant) as tx:
        return int((await rows(tx, "SELECT count(*) FROM outbox"))[0][0])


def listen(db: Database, tenant: UUID) -> Listener:
    return db.companion(Hub).listen(tenant, ["test.told"])


async def hear(listener: Listener, count: int) -> list[Heard]:
    async with asyncio.timeout(SECONDS):
        return [await anext(listener) for _ in range(count)]


async def test_every_process_hears_in_order_what_was_committed(
    here: Database, there: Database, tenant: Tenant
) -> None:
    listeners = [listen(db, tenant.id) for db in (here, there)]
    await emit(there, tenant.id, *range(30))
    with suppress(RuntimeError):
        async with here.transaction(tenant.id) as tx:
            await emit_many(tx, [Event("test.told", {"n": "never"})])
            raise RuntimeError("the deed fails")
    await emit(here, tenant.id, *range(30, 40))
    while await relay_tenant(here, tenant.id, 7):
        pass
    for listener in listeners:
        assert [heard.payload["n"] for heard in await hear(listener, 40)] == [*range(40)]
    assert await left(here, tenant.id) == 0


async def test_what_fails_before_it_is_sent_is_sent_later(
    here: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await emit(here, tenant.id, 1, 2)

    async def failing(*given: Any) -> None:
        raise OSError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(notices, "send", failing)
        with pytest.raises(OSError, match="cut"):
            await relay_tenant(here, tenant.id)
    assert await left(here, tenant.id) == 2
    listener = listen(here, tenant.id)
    assert await relay_tenant(here, tenant.id) == 2
    assert [heard.payload["n"] for heard in await hear(listener, 2)] == [1, 2]


async def test_one_at_a_time_carries(here: Database, tenant: Tenant) -> None:
    await emit(here, tenant.id, 1, 2, 3)
    async with here.transaction(tenant.id) as tx:
        assert len(await tables.take(tx, 1)) == 1
        assert await relay_tenant(here, tenant.id) == 0, "somebody else is at it"
    assert await relay_tenant(here, tenant.id) == 2


async def test_one_tenant_in_trouble_stops_no_other(
    here: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await service.create_tenant(here, f"other of {tenant.id}")
    take = tables.take

    async def failing(tx: Any, limit: int) -> Any:
        if tx.tenant_id == tenant.id:
            raise psycopg.OperationalError("halted")
        return await take(tx, limit)

    listener = listen(here, other.id)
    await emit(here, tenant.id, 1)
    await emit(here, other.id, 2)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "take", failing)
        await Relay(here, 3600).round()
    assert [heard.payload["n"] for heard in await hear(listener, 1)] == [2]
    assert await left(here, tenant.id) == 1
    assert tenant.id in tables.emitted, "it is tried again"


async def test_the_relay_finds_what_others_left(here: Database, tenant: Tenant) -> None:
    await emit(here, tenant.id, 1)
    tables.emitted.pop(tenant.id)  # as if a process had written it that is no more
    listener = listen(here, tenant.id)
    task = asyncio.ensure_future(keep_relayed(here, timedelta(milliseconds=10)))
    try:
        assert [heard.payload["n"] for heard in await hear(listener, 1)] == [1]
        await emit(here, tenant.id, 2)
        assert [heard.payload["n"] for heard in await hear(listener, 1)] == [2]
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_is_too_long_arrives_with_its_ids(here: Database, tenant: Tenant) -> None:
    listener = listen(here, tenant.id)
    async with here.transaction(tenant.id) as tx:
        long = {"id": tenant.id, "item_id": tenant.id, "lines": ["值" * 100] * 100}
        await emit_many(tx, [Event("test.told", long), Event("test.told", {"n": 1})])
    await relay_tenant(here, tenant.id)
    first, second = await hear(listener, 2)
    assert first.payload == {"id": str(tenant.id), "item_id": str(tenant.id)}
    assert second.payload == {"n": 1}


async def test_no_topic_is_longer_than_a_notice(here: Database, tenant: Tenant) -> None:
    with pytest.raises((IntegrityError, psycopg.errors.CheckViolation)):
        await emit(here, tenant.id, 1, topic="x" * 101)
    await emit(here, tenant.id, 1, topic="x" * 100)
    assert await relay_tenant(here, tenant.id) == 1


async def test_every_row_can_be_sent(here: Database, tenant: Tenant) -> None:
    with pytest.raises((IntegrityError, psycopg.errors.CheckViolation)):
        async with here.transaction(tenant.id) as tx:
            await emit_many(tx, [Event("test.told", [1])])  # type: ignore[arg-type]  # no mapping


async def test_a_lost_connection_is_a_gap(
    here: Database, superuser_url: str, tenant: Tenant
) -> None:
    listener = listen(here, tenant.id)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(objid::int) from pg_locks where locktype = 'advisory'"
            " and classid::bigint = %s and database ="
            " (select oid from pg_database where datname = current_database())",
            [notices.LISTENS],
        )
    assert [heard.missed for heard in await hear(listener, 1)] == [True]
