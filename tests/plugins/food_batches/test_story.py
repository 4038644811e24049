"""A food shop from receipt to the waste bin, and two tenants of one server of which one sells food."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.db.database import Database
from core.extension.jobs import jobs_of, run_due
from core.extension.registry import registry
from core.ids import uuid7
from core.tenancy import service as tenancy
from core.tenancy.rules import Principal
from plugins.food_batches.watch import watch
from schema.compose import ComposedSchema
from server.app import ServerSettings, create_app
from tests.core.extension.making import switch_on
from tests.plugins.food_batches.market import NAME, Market, errors
from tests.shop import Json, line, with_modules

NEAR = """query($place: ID) { foodBatchesNearExpiry(placeId: $place) { on
  lines(first: 10) { totalCount nodes { quantity value daysLeft nearExpiryDays freshness
    markdownPercent batch { number status } place { code } } }
  totals { nearBatches nearValue expiredBatches expiredValue } } }"""
HOLDS = "{ holds { nodes { reason lot { code foodBatches { number status } } } } }"


async def three_batches(market: Market) -> tuple[str, str]:
    """Milk of which A and B are good for 5 and 8 days, and C is past its date; and the supplier."""
    milk = await market.food("MILK")
    dairy = await market.party("DAIRY", {"licences": [{"kind": "FOOD_TRADE", "number": "JY1"}]})
    for lot, days in (("A", 5), ("B", 8), ("C", -1)):
        told = {"expiresOn": market.day(days), "supplierNumber": f"S-{lot}", "origin": "内蒙古"}
        sent = line(milk, "10", "2", lotCode=lot, foodBatches=told)
        await market.posted("receipt", sent, on=market.day(-10), partyId=dairy["party"]["id"])
    return milk, dairy["party"]["id"]


async def test_from_receipt_to_the_bin(market: Market) -> None:
    milk, dairy = await three_batches(market)
    batches = await market.batches()
    assert list(batches) == ["C", "A", "B"]
    assert batches["A"]["producedOn"] == market.day(5 - 60)
    assert [(b["daysLeft"], b["expired"], b["freshness"]) for b in batches.values()] == [
        (-1, True, "EXPIRED"),
        (5, False, "NEAR"),
        (8, False, "NEAR"),
    ]

    # First expired first out, across two batches; what has expired is passed over
    ann = (await market.party("ANN"))["party"]["id"]
    bob = (await market.party("BOB", {"minimumLife": {"days": 7}}))["party"]["id"]
    await market.posted("issue", line(milk, "3", "5"), partyId=bob)
    assert await market.refused("issue", line(milk, "1", "5", lotCode="A"), partyId=bob) == [
        "FOOD_BATCHES_LIFE_TOO_SHORT"
    ]
    await market.posted("issue", line(milk, "12", "5"), partyId=ann)
    assert await market.left(milk) == {"B": "5", "C": "10"}
    assert await market.refused("issue", line(milk, "6", "5"), partyId=ann) == ["OUT_OF_STOCK"]

    # Expired goods are not sold and not moved, but scrapped and sent back
    shop = market.shop
    place = {"commandId": str(uuid7()), "code": "W2", "name": "W2", "kind": "WAREHOUSE"}
    made = await shop.ask(
        "mutation($input: CreatePlaceInput!) { createPlace(input: $input) { place { id } } }",
        input=place,
    )
    there = made["createPlace"]["place"]["id"]
    spoilt = line(milk, "1", lotCode="C")
    expired = ["FOOD_BATCHES_EXPIRED"]
    assert await market.refused("issue", spoilt, partyId=ann) == expired
    assert await market.refused("transfer", spoilt, toPlaceId=there) == expired
    assert await market.refused("dispatch", spoilt, toPlaceId=there) == expired
    await market.posted("scrap", line(milk, "4", lotCode="C"))
    await market.posted("return_to_supplier", line(milk, "2", "2", lotCode="C"), partyId=dairy)

    near = (await shop.ask(NEAR))["foodBatchesNearExpiry"]
    assert near["on"] == market.day(0)
    assert near["totals"] == {
        **{"nearBatches": 1, "nearValue": "10.00"},
        **{"expiredBatches": 1, "expiredValue": "8.00"},
    }
    assert near["lines"]["totalCount"] == 2
    assert near["lines"]["nodes"] == [
        {
            **{"quantity": "4", "value": "8.00", "daysLeft": -1, "nearExpiryDays": 10},
            **{"freshness": "EXPIRED", "markdownPercent": None},
            "batch": {"number": "C", "status": "RELEASED"},
            "place": {"code": "MAIN"},
        },
        {
            **{"quantity": "5", "value": "10.00", "daysLeft": 8, "nearExpiryDays": 10},
            **{"freshness": "NEAR", "markdownPercent": "10"},
            "batch": {"number": "B", "status": "RELEASED"},
            "place": {"code": "MAIN"},
        },
    ]
    assert (await shop.ask(NEAR, place=there))["foodBatchesNearExpiry"]["lines"]["nodes"] == []


async def test_each_hour_what_expired_is_held_and_what_came_near_is_told_of(market: Market) -> None:
    milk, _ = await three_batches(market)
    for _ in range(2):  # the second time there is nothing to do
        async with market.transaction() as tx:
            await watch(tx)
        holds = (await market.shop.ask(HOLDS))["holds"]["nodes"]
        told = {"number": "C", "status": "RELEASED"}
        assert [hold["lot"] for hold in holds] == [{"code": "C", "foodBatches": told}]
        assert await events(market) == [
            ("food_batches.expired", "C", -1),
            ("food_batches.near", "A", 5),
            ("food_batches.near", "B", 8),
        ]
    availability = """query($i: ID!) { availability(itemIds: [$i]) { onHand onHold available } }"""
    found = (await market.shop.ask(availability, i=milk))["availability"]
    assert found == [{"onHand": "30", "onHold": "10", "available": "20"}]

    # A date that was read wrongly is corrected: the goods are free at once, and told of by the new date
    c = (await market.batches())["C"]["id"]
    fixed = await market.do("UpdateBatch", id=c, expiresOn=market.day(9), reason="read wrongly")
    assert fixed["errors"] == []
    assert fixed["batch"]["expired"] is False
    assert (await market.shop.ask(HOLDS))["holds"]["nodes"] == []
    await market.posted("issue", line(milk, "2", "5", lotCode="C"))
    async with market.transaction() as tx:
        await watch(tx)
    assert (await events(market))[-1] == ("food_batches.near", "C", 9)


async def test_the_job_runs_once_an_hour(market: Market) -> None:
    await three_batches(market)
    jobs, tenant = jobs_of(registry()), market.shop.principal.tenant_id
    now = datetime.now(UTC).replace(minute=30)
    for moment, ran in ((now, ["watch"]), (now, []), (now + timedelta(hours=1), ["watch"])):
        # Nothing is remembered from run to run, as by another process.
        assert await run_due(market.shop.database, tenant, jobs, {}, moment) == ran
    assert len(await events(market)) == 3
    assert len((await market.shop.ask(HOLDS))["holds"]["nodes"]) == 1


async def events(market: Market) -> list[tuple[str, str, int]]:
    async with market.transaction() as tx:
        found = await tx.raw.execute(
            "SELECT topic, payload ->> 'batch', (payload ->> 'days_left')::int FROM outbox"
            " WHERE topic IN ('food_batches.near', 'food_batches.expired') ORDER BY id"
        )
        return list(await found.fetchall())


async def test_a_held_batch_is_sold_to_nobody(market: Market) -> None:
    milk, _ = await three_batches(market)
    b = (await market.batches())["B"]["id"]
    assert errors(await market.do("Release", id=b, reason="why")) == [
        ("FOOD_BATCHES_WRONG_STATUS", ["id"])
    ]
    assert errors(await market.do("Hold", id=b, reason=" ")) == [("REQUIRED", ["reason"])]
    command = str(uuid7())
    for _ in range(2):  # a command is carried out once
        held = await market.do("Hold", id=b, reason="smells", commandId=command)
        assert held["errors"] == []
        assert held["batch"]["status"] == "HELD"
    holds = (await market.shop.ask(HOLDS))["holds"]["nodes"]
    assert [(hold["reason"], hold["lot"]["code"]) for hold in holds] == [("smells", "B")]
    (code,) = await market.refused("issue", line(milk, "1", "5", lotCode="B"))
    assert code in ("ON_HOLD", "FOOD_BATCHES_NOT_RELEASED")
    assert await market.refused("issue", line(milk, "11", "5")) == ["OUT_OF_STOCK"]
    assert list(await market.batches(status="HELD")) == ["B"]
    assert (await market.do("Release", id=b, reason="it was the fridge"))["errors"] == []
    assert (await market.shop.ask(HOLDS))["holds"]["nodes"] == []
    await market.posted("issue", line(milk, "11", "5"))
    assert await market.left(milk) == {"B": "9", "C": "10"}
    trail = await market.shop.ask("{ auditTrail(first: 50) { nodes { action details } } }")
    kept = {
        entry["action"]: entry["details"]
        for entry in trail["auditTrail"]["nodes"]
        if entry["action"].startswith("food_batches.")
    }
    assert kept == {
        "food_batches.hold": {"reason": "smells"},
        "food_batches.release": {"reason": "it was the fridge"},
    }


FOOD_QUERY = """{ items { nodes { code foodBatches { batchControl shelfLife { value unit } } } }
  foodBatches { nodes { number } } }"""


async def test_one_server_two_tenants_of_which_one_sells_food(
    db: Database, schema: ComposedSchema
) -> None:
    modules: dict[UUID, list[str]] = {}

    async def identify(database: Database, token: str) -> Principal | None:
        known = await tenancy.authenticate(database, token)
        return known and with_modules(known, modules.get(known.tenant_id, ()))

    app = create_app(database=db, schema=schema, settings=ServerSettings(), identify=identify)
    asked: dict[str, Any] = {}
    for name in ("food", "tools"):
        tenant = await tenancy.create_tenant(db, f"{name} {uuid4()}")
        email = f"{uuid4()}@example.com"
        await tenancy.add_user(db, tenant.id, email, ("administrator",))
        token = await tenancy.issue_token(db, tenant.id, email)
        if name == "food":
            modules[tenant.id] = [NAME]
            principal = await identify(db, token)
            assert principal is not None
            await switch_on(db, principal, NAME)
        asked[name] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://tallybook",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def answer(name: str, query: str) -> Json:
        found: Json = (await asked[name].post("/graphql", json={"query": query})).json()
        return found

    for _ in range(2):  # in turn, from one process
        food, tools = await answer("food", FOOD_QUERY), await answer("tools", FOOD_QUERY)
        assert food == {"data": {"items": {"nodes": []}, "foodBatches": {"nodes": []}}}
        assert "data" not in tools
        told = " ".join(error["message"] for error in tools["errors"])
        assert "Did you mean" not in told
    types = "{ __schema { types { name } } }"
    names = {
        name: {t["name"] for t in (await answer(name, types))["data"]["__schema"]["types"]}
        for name in asked
    }
    gained = names["food"] - names["tools"]
    assert "FoodBatchesBatch" in gained
    assert names["tools"] <= names["food"]
    assert not [name for name in names["tools"] if name.startswith("FoodBatches")]
