"""The audit trail over HTTP."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.tenancy import service as tenancy
from tests.shop import Shop, line

ENTRY = "id at action kind objectId details actor { email }"
TRAIL = f"""query($filter: AuditFilterInput, $first: Int, $after: String) {{
  auditTrail(filter: $filter, first: $first, after: $after) {{
    totalCount nodes {{ {ENTRY} }} pageInfo {{ hasNextPage endCursor }} }} }}"""


@pytest.fixture
async def shop(db: Database) -> Shop:
    return await Shop.open(db)


async def test_every_deed_is_in_the_trail(shop: Shop) -> None:
    item = await shop.item("AUDITED")
    receipt = await shop.posted("receipt", line(item, "1", "1"))
    found = (await shop.ask(TRAIL, filter={"objectId": receipt["id"]}))["auditTrail"]
    [entry] = found["nodes"]
    assert entry["action"] == "document.post"
    assert entry["kind"] == "document"
    assert entry["objectId"] == receipt["id"]
    assert entry["details"] == {"type": "receipt", "number": receipt["number"]}
    assert entry["actor"] == {"email": shop.principal.email}
    assert found["totalCount"] is None
    again = await shop.ask(
        f"query($id: ID!) {{ node(id: $id) {{ ... on AuditEntry {{ {ENTRY} }} }} }}", id=entry["id"]
    )
    assert again["node"] == entry


async def test_the_trail_is_read_backwards_by_page_and_span(shop: Shop) -> None:
    for n in range(3):
        await shop.item(f"I{n}")
    seen, after = [], None
    while True:
        page = (await shop.ask(TRAIL, first=2, after=after))["auditTrail"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    moments = [entry["at"] for entry in seen]
    assert moments == sorted(moments, reverse=True)
    assert [e["action"] for e in seen[:3]] == ["item.create"] * 3
    assert len({e["id"] for e in seen}) == len(seen)
    first = seen[-1]
    assert (first["action"], first["actor"]) == ("tenant.create", None)
    until = (await shop.ask(TRAIL, filter={"until": seen[0]["at"]}))["auditTrail"]["nodes"]
    assert [e["id"] for e in until] == [e["id"] for e in seen[1:]]
    since = (await shop.ask(TRAIL, filter={"since": seen[0]["at"]}))["auditTrail"]["nodes"]
    assert [e["id"] for e in since] == [seen[0]["id"]]


async def test_whoever_left_is_still_named(shop: Shop, db: Database) -> None:
    manager = await Shop.enter(db, shop.principal.tenant_id, roles=("manager",))
    item = await manager.item("A")
    await tenancy.remove_member(
        db, shop.principal, shop.principal.user_id, manager.principal.user_id
    )
    found = (await shop.ask(TRAIL, filter={"objectId": item}))["auditTrail"]["nodes"]
    assert [entry["actor"] for entry in found] == [{"email": manager.principal.email}]


async def test_the_trail_is_not_for_everybody(shop: Shop, db: Database) -> None:
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",))
    answer = await seller.raw(TRAIL)
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["PERMISSION_DENIED"]


async def test_a_stranger_sees_nothing_of_it(shop: Shop, db: Database) -> None:
    item = await shop.item("A")
    stranger = await Shop.open(db)
    found = (await stranger.ask(TRAIL, filter={"objectId": item}))["auditTrail"]
    assert found["nodes"] == []
    wrong = await shop.raw(TRAIL, filter={"objectId": "nonsense"})
    assert wrong["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert wrong["errors"][0]["extensions"]["inputPath"] == ["filter", "objectId"]
