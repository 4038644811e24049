"""Sign-ins are remembered only where changes are heard, and forgotten before a change is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from core.db import notices
from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service
from core.tenancy.directory.tables import Tenant
from core.tenancy.rules import Principal
from core.tenancy.sign_ins import CHANNEL, SignIns, authenticate
from tests.schema.statements import statements


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Database]:
    """A pool that hears of changes, as each process of a server has one."""
    db, heard = Database.connect(url, pool_size=2), asyncio.Event()
    sign_ins = db.companion(SignIns)

    class Ear:
        def heard(self, word: str) -> None:
            sign_ins.heard(word)

        def listening(self, on: bool) -> None:
            sign_ins.listening(on)
            heard.set() if on else heard.clear()

    task = asyncio.ensure_future(notices.keep_listening(db, {CHANNEL: Ear()}))
    try:
        await heard.wait()
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


async def _asks(db: Database, token: str) -> bool:
    """Whether signing in asks the database."""
    with statements(db) as sent:
        assert await authenticate(db, token)
    return bool(sent)


async def test_what_is_heard_may_be_remembered(here: Database, tenant: Tenant) -> None:
    await service.add_user(here, tenant.id, "a@b.test")
    token = await service.issue_token(here, tenant.id, "a@b.test")
    assert [await _asks(here, token) for _ in range(3)] == [True, False, False]


async def test_who_does_not_hear_remembers_nothing(db: Database, tenant: Tenant) -> None:
    await service.add_user(db, tenant.id, "a@b.test")
    token = await service.issue_token(db, tenant.id, "a@b.test")
    assert [await _asks(db, token) for _ in range(3)] == [True, True, True]


async def test_a_change_is_answered_once_everybody_has_forgotten(
    here: Database, there: Database, tenant: Tenant, principal: Principal
) -> None:
    stranger = await service.create_tenant(here, f"stranger of {tenant.id}")
    await service.add_user(here, stranger.id, "a@b.test")
    theirs = await service.issue_token(here, stranger.id, "a@b.test")
    member = await service.set_member(here, principal, uuid7(), "a@b.test", ["viewer"])
    token = await service.issue_token(here, tenant.id, "a@b.test")
    assert await authenticate(there, theirs)
    for n in range(30):
        roles = ["seller"] if n % 2 else ["purchaser"]
        for db in (here, there):
            await authenticate(db, token)
        await service.set_member((here, there)[n % 2], principal, uuid7(), "a@b.test", roles)
        for db in (here, there):
            found = await authenticate(db, token)
            assert found is not None
            assert list(found.roles) == roles
    await authenticate(there, theirs)  # what is remembered is so for seconds
    await service.set_member(here, principal, uuid7(), "a@b.test", ["seller"])
    assert not await _asks(there, theirs), "nothing had changed there"
    await service.remove_member(here, principal, uuid7(), member.user_id)
    assert await authenticate(there, token) is None


async def test_a_revoked_token_is_worthless_everywhere(
    here: Database, there: Database, tenant: Tenant
) -> None:
    await service.add_user(here, tenant.id, "a@b.test")
    token = await service.issue_token(here, tenant.id, "a@b.test")
    assert await authenticate(there, token)
    assert await service.revoke_token(here, token)
    assert await authenticate(there, token) is None


async def test_many_who_ask_at_once_share_one_look(here: Database, tenant: Tenant) -> None:
    await service.add_user(here, tenant.id, "a@b.test")
    token = await service.issue_token(here, tenant.id, "a@b.test")
    with statements(here) as alone:
        await here.companion(SignIns)._look_up(b"nobody's")
    with statements(here) as sent:
        found = await asyncio.gather(*(authenticate(here, token) for _ in range(50)))
    assert all(found)
    assert len(sent) < 10 * len(alone)


async def test_after_a_lost_connection_nothing_is_believed(
    here: Database, superuser_url: str, tenant: Tenant
) -> None:
    await service.add_user(here, tenant.id, "a@b.test")
    token = await service.issue_token(here, tenant.id, "a@b.test")
    assert await authenticate(here, token)
    lost = asyncio.Event()
    sign_ins = here.companion(SignIns)
    forget = sign_ins._forget

    def forgetting(keys: list[bytes]) -> None:
        forget(keys)
        lost.set()

    sign_ins._forget = forgetting  # type: ignore[method-assign]  # to learn when it happens
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(objid::int) from pg_locks where locktype = 'advisory'"
            " and classid::bigint = %s and database ="
            " (select oid from pg_database where datname = current_database())",
            [notices.LISTENS],
        )
    await asyncio.wait_for(lost.wait(), 10)
    assert await _asks(here, token)


async def test_one_that_does_not_answer_has_time_to_forget(
    here: Database, there: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PATIENCE", 0.3)
    await service.add_user(here, tenant.id, "a@b.test")
    token = await service.issue_token(here, tenant.id, "a@b.test")
    sign_ins = there.companion(SignIns)
    assert await authenticate(there, token)
    async with there.beside() as deaf:  # holds the lock of a listener, and does not listen
        process = deaf.info.backend_pid
        await deaf.execute(b"select pg_advisory_lock(%s, %s)", [notices.LISTENS, process])
        monkeypatch.setattr(sign_ins, "_forget", lambda keys: None)
        began = time.monotonic()
        await service.revoke_token(here, token)
        assert time.monotonic() - began >= 0.3
        assert await authenticate(there, token) is None
