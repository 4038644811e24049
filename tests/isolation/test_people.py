"""People come, go and belong to several tenants: what they may is what they may now, and here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import httpx
import pytest

from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from core.tenancy.directory import tables as directory
from schema.relay import encode_id
from tests.isolation.twins import raw
from tests.serving import EMAIL, running_server
from tests.shop import Json, Shop

ASK = {"query": "{ members(first: 5) { nodes { user { email } } } }"}
ELSEWHERE_SECONDS = 5
"""Within this time another process knows as well (G20)."""

SET = """mutation($input: SetMemberInput!) { setMember(input: $input) {
  member { id user { id email name } roles { code } } errors { code } } }"""
REMOVE = """mutation($input: RemoveMemberInput!) { removeMember(input: $input) {
  removedId errors { code } } }"""


async def let_in(shop: Shop, email: str, *roles: str, name: str = "") -> Json:
    """The member, as `setMember` answers."""
    asked = {"commandId": str(uuid7()), "email": email, "roles": list(roles), "name": name}
    done = (await shop.ask(SET, input=asked))["setMember"]
    assert done["errors"] == []
    member: Json = done["member"]
    return member


async def let_out(shop: Shop, member: Json) -> None:
    asked = {"commandId": str(uuid7()), "userId": member["user"]["id"]}
    assert (await shop.ask(REMOVE, input=asked))["removeMember"]["errors"] == []


async def code_of(client: httpx.AsyncClient, token: str) -> str | None:
    """What the bearer of the token is refused with, if at all."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = (await client.post("/graphql", json=ASK, headers=headers)).json()
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


async def _removed(shop: Shop, member: Json, token: str) -> None:
    await let_out(shop, member)


async def _demoted(shop: Shop, member: Json, token: str) -> None:
    await let_in(shop, member["user"]["email"], "viewer")


async def _revoked(shop: Shop, member: Json, token: str) -> None:
    assert await tenancy.revoke_token(shop.database, token)


async def _by_the_operator(shop: Shop, member: Json, token: str) -> None:
    await tenancy.add_user(
        shop.database, shop.principal.tenant_id, member["user"]["email"], ["viewer"]
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_removed, "UNAUTHENTICATED"),
        (_demoted, "PERMISSION_DENIED"),
        (_revoked, "UNAUTHENTICATED"),
        (_by_the_operator, "PERMISSION_DENIED"),
    ],
)
async def test_a_change_acts_on_the_next_request(
    shop: Shop, change: Callable[[Shop, Json, str], Awaitable[None]], code: str
) -> None:
    member = await let_in(shop, f"{uuid4()}@example.com", "manager")
    token = await tenancy.issue_token(
        shop.database, shop.principal.tenant_id, member["user"]["email"]
    )
    for _ in range(2):
        assert await code_of(shop.client, token) is None
    await change(shop, member, token)
    assert await code_of(shop.client, token) == code
    assert await code_of(shop.client, token) == code


async def test_a_role_that_is_given_acts_on_the_next_request(shop: Shop) -> None:
    member = await let_in(shop, f"{uuid4()}@example.com", "seller")
    email = member["user"]["email"]
    token = await tenancy.issue_token(shop.database, shop.principal.tenant_id, email)
    assert await code_of(shop.client, token) == "PERMISSION_DENIED"
    await let_in(shop, email, "seller", "manager")
    assert await code_of(shop.client, token) is None


async def test_who_was_read_before_a_change_is_not_remembered_after_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race: a request reads the membership, it ends, and the request remembers what it read."""
    member = await let_in(shop, f"{uuid4()}@example.com", "manager")
    db = shop.database
    token = await tenancy.issue_token(db, shop.principal.tenant_id, member["user"]["email"])
    read, go_on = asyncio.Event(), asyncio.Event()
    find_bearer = directory.find_bearer

    async def slow(*given: object) -> directory.Bearer | None:
        found = await find_bearer(*given)  # type: ignore[arg-type]  # passed on as they came
        read.set()
        await go_on.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(directory, "find_bearer", slow)
        request = asyncio.ensure_future(tenancy.authenticate(db, token))
        await read.wait()
    await let_out(shop, member)
    go_on.set()
    assert await request is not None
    assert await code_of(shop.client, token) == "UNAUTHENTICATED"


async def test_one_person_in_two_tenants(shop: Shop, db: Database) -> None:
    other = await Shop.open(db)
    email = f"{uuid4()}@example.com"
    there = await let_in(other, email, "manager", name="Secret Nickname")
    here = await let_in(shop, email, "viewer")
    assert here["user"] == {"id": there["user"]["id"], "email": email, "name": email}
    assert here["roles"] == [{"code": "viewer"}]
    renamed = await let_in(shop, email, "viewer", name="Li")
    assert renamed["user"]["name"] == "Li"
    assert (await let_in(shop, email, "storekeeper"))["user"]["name"] == "Li"
    assert (await let_in(other, email, "manager"))["user"]["name"] == "Secret Nickname"

    token = await tenancy.issue_token(db, shop.principal.tenant_id, email)
    token_there = await tenancy.issue_token(db, other.principal.tenant_id, email)
    # Being a member elsewhere opens nothing here: a token is of one tenant.
    assert await code_of(shop.client, token) == "PERMISSION_DENIED"
    assert await code_of(shop.client, token_there) is None
    item = await other.item("THEIRS")
    asked = {"query": "query($id: ID!) { item(id: $id) { code } }", "variables": {"id": item}}
    answers = [
        (await shop.client.post("/graphql", json=asked, headers={"Authorization": f"Bearer {t}"}))
        for t in (token, token_there)
    ]
    assert [a.json()["data"]["item"] for a in answers] == [None, {"code": "THEIRS"}]

    await let_out(shop, here)
    assert await code_of(shop.client, token) == "UNAUTHENTICATED"
    assert await code_of(shop.client, token_there) is None
    trail = await shop.ask(
        "query($who: ID!) { auditTrail(filter: {objectId: $who}) { nodes { action } } }",
        who=there["user"]["id"],
    )
    assert [row["action"] for row in trail["auditTrail"]["nodes"]] == [
        *("member.remove", "member.set", "member.set", "member.set")
    ]


async def test_an_account_tells_nothing_of_its_age(shop: Shop) -> None:
    """An id with a clock in it would say whether the address was known before it was let in."""
    member = await let_in(shop, f"{uuid4()}@example.com", "viewer")
    async with shop.database.directory() as sql:
        user_id = await directory.ensure_user(sql, member["user"]["email"])
    assert member["user"]["id"] == encode_id("User", user_id)
    assert user_id.version == 4


@pytest.mark.slow
def test_every_process_learns_of_it_within_seconds() -> None:
    with running_server(workers=2) as server:
        administrator = server.new_tenant("people")

        def ask(token: str, body: Json) -> Json:
            # A connection for each, so that they come to both workers.
            headers = {"Authorization": f"Bearer {token}"}
            answer: Json = httpx.post(server.url, json=body, headers=headers).json()
            return answer

        who = ask(administrator, {"query": "{ viewer { tenant { id } user { email } } }"})
        assert who["data"]["viewer"]["user"]["email"] == EMAIL
        asked = {"commandId": str(uuid7()), "email": "b@example.com", "roles": ["manager"]}
        done = ask(administrator, {"query": SET, "variables": {"input": asked}})
        member = done["data"]["setMember"]["member"]

        async def token_of(tenant: UUID) -> str:
            db = Database.connect(server.address.app_url, pool_size=1)
            try:
                return await tenancy.issue_token(db, tenant, "b@example.com")
            finally:
                await db.close()

        tenant = raw(who["data"]["viewer"]["tenant"]["id"])
        token = asyncio.run(token_of(tenant))
        assert all("errors" not in ask(token, ASK) for _ in range(30))
        gone = {"commandId": str(uuid7()), "userId": member["user"]["id"]}
        ask(administrator, {"query": REMOVE, "variables": {"input": gone}})
        since = time.monotonic()
        last = since
        while time.monotonic() - since < ELSEWHERE_SECONDS + 1:
            if "errors" not in ask(token, ASK):
                last = time.monotonic()
        print(f"the last answer came {last - since:.2f} s after the membership ended")
        assert last - since < ELSEWHERE_SECONDS
