"""On a real database: each request sees its own tenant, and gives back a clean connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from core.db.database import Database, Transaction
from core.tenancy import service as tenancy
from core.tenancy.directory.tables import Tenant
from schema.access import query_field
from schema.compose import build_schema
from schema.context import Info
from server.app import ServerSettings, create_app
from tests.schema.statements import statements
from tests.server.toy_app import code, post

_WHO = sa.text("select current_setting('app.tenant'), pg_sleep(0.002)")
_MOMENT = sa.text("select pg_current_snapshot()::text")


async def _who(tx: Transaction, keys: Sequence[int]) -> Mapping[int, str]:
    tenant = str(await tx.sql.scalar(_WHO))
    return dict.fromkeys(keys, tenant)


class Probes:
    @query_field(permission="catalogue.read")
    async def tenant(self, info: Info) -> str | None:
        """Which tenant the database thinks asks."""
        return await info.context.load(_who, 1)

    @query_field(permission="catalogue.read")
    async def moment(self, info: Info) -> str:
        """The database's snapshot."""
        async with info.context.reading() as tx:
            return str(await tx.sql.scalar(_MOMENT))

    @query_field(permission="catalogue.read")
    async def broken(self, info: Info) -> str:
        """A statement that fails."""
        async with info.context.reading() as tx:
            return str(await tx.sql.scalar(sa.text("select 1 / 0 from no_such_table")))


SCHEMA = build_schema([Probes])


def client_on(database: Database, token: str) -> httpx.AsyncClient:
    app = create_app(database=database, schema=SCHEMA, settings=ServerSettings())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://tallybook",
        headers={"Authorization": f"Bearer {token}"},
    )


async def token_of(db: Database, tenant: Tenant) -> str:
    email = f"a@{tenant.id}.example"
    await tenancy.add_user(db, tenant.id, email, ["viewer"])
    return await tenancy.issue_token(db, tenant.id, email)


async def test_tokens_open_their_tenant_until_revoked(db: Database, tenant: Tenant) -> None:
    token = await token_of(db, tenant)
    async with client_on(db, token) as client:
        answer = await post(client, {"query": "{ tenant }"})
        assert answer.json() == {"data": {"tenant": str(tenant.id)}}
        await tenancy.revoke_token(db, token)
        assert code(await post(client, {"query": "{ tenant }"})) == "UNAUTHENTICATED"


async def test_one_query_sees_one_moment(db: Database, tenant: Tenant) -> None:
    async with client_on(db, await token_of(db, tenant)) as client:
        answer = await post(client, {"query": "{ a: moment b: moment }"})
        seen = answer.json()["data"]
        assert seen["a"] == seen["b"]
        with statements(db) as sent:
            await post(client, {"query": "{ a: tenant b: tenant c: tenant }"})
        assert len([one for one in sent if one == _WHO.text]) == 1, "the rest is signing in"
        failed = await post(client, {"query": "{ broken }"})
        assert code(failed) == "INTERNAL"
        assert "no_such_table" not in failed.text


async def test_ready_pings_the_database(db: Database, tenant: Tenant) -> None:
    async with client_on(db, "") as client:
        assert (await client.get("/ready")).json() == {"ready": True}


async def test_a_database_that_is_gone_is_said_to_be(db: Database, tenant: Tenant) -> None:
    token = await token_of(db, tenant)
    gone = Database.connect("postgresql://nobody@127.0.0.1:9/nothing")
    async with client_on(gone, token) as client:
        # The token may be remembered for a moment; the snapshot cannot be.
        answer = await post(client, {"query": "{ tenant }"})
        assert code(answer) == "UNAVAILABLE"
        assert "127.0.0.1" not in answer.text
        assert (await client.get("/ready")).status_code == 503


@pytest.mark.parametrize("seed", [1])
async def test_a_small_pool_and_many_tenants_never_mix(
    db: Database, database_url: str, seed: int
) -> None:
    dice = random.Random(seed)
    tenants = [await tenancy.create_tenant(db, f"pool {seed} {n}") for n in range(6)]
    tokens = {tenant.id: await token_of(db, tenant) for tenant in tenants}
    small = Database.connect(database_url, pool_size=3)
    outcomes: list[str] = []

    async def ask(tenant_id: UUID) -> None:
        query = "{ broken tenant }" if dice.random() < 0.1 else "{ a: tenant b: tenant moment }"
        async with client_on(small, tokens[tenant_id]) as client:
            answer = (await post(client, {"query": query})).json()
        if "broken" in query:
            outcomes.append("broken")
        else:
            assert answer["data"]["a"] == answer["data"]["b"] == str(tenant_id), answer
            outcomes.append("own")

    async def cancelled(tenant_id: UUID) -> None:
        task = asyncio.ensure_future(ask(tenant_id))
        await asyncio.sleep(dice.random() * 0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    for _ in range(10):
        batch = [dice.choice(tenants).id for _ in range(30)]
        await asyncio.gather(*(cancelled(t) if dice.random() < 0.1 else ask(t) for t in batch))
    assert outcomes.count("own") > 200
    async with small.directory() as connection:
        assert not await connection.scalar(
            sa.text("select nullif(current_setting('app.tenant', true), '')")
        )
    await small.close()
