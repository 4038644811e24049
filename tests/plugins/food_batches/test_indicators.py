"""What a food trader watches, over real books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.ids import uuid7
from tests.plugins.food_batches.market import Market
from tests.shop import Json, Shop, line

ASK = """query($since: Date!, $until: Date!, $codes: [String!]) {
  indicators(since: $since, until: $until, codes: $codes) { code errors { code }
    figure { numerator denominator value health } } }"""


async def figure(market: Market, word: str, **asked: Any) -> Json:
    asked = {"since": market.day(-30), "until": market.day(0), **asked}
    (found,) = (await market.shop.ask(ASK, codes=[f"food_batches.{word}"], **asked))["indicators"]
    assert found["errors"] == []
    told: Json = found["figure"]
    return told


def number(figure: Json, name: str = "value") -> Any:
    return Decimal(figure[name])


async def test_near_expiry_and_scrap(market: Market) -> None:
    milk = await market.food("MILK", nearExpiryDays=5)
    await market.receive(milk, "OLD", "10", expiresOn=market.day(-2))
    await market.receive(milk, "SOON", "20", expiresOn=market.day(5))
    await market.receive(milk, "LATER", "70", expiresOn=market.day(6))
    await market.item("HAMMER")
    near = await figure(market, "near_expiry_share")
    assert (number(near, "numerator"), number(near, "denominator")) == (60, 200)
    assert (number(near), near["health"]) == (30, "ALARM")
    before = await figure(market, "near_expiry_share", until=market.day(-3))
    assert number(before) == 0 + 10  # only OLD was within five days then
    assert (await figure(market, "expired_scrap_rate"))["health"] == "IDEAL"
    await market.posted("scrap", line(milk, "10", lotCode="OLD"))
    await market.posted("scrap", line(milk, "5", lotCode="LATER"))  # broken, not expired
    scrap = await figure(market, "expired_scrap_rate")
    assert (number(scrap), scrap["health"]) == (10, "ALARM")


async def test_recovery_of_recalls(market: Market) -> None:
    assert (await figure(market, "recall_recovery_rate"))["value"] is None
    milk = await market.food("MILK")
    await market.receive(milk, "B", "10", expiresOn=market.day(5))
    await market.posted("issue", line(milk, "4", "9", lotCode="B"))
    batch = (await market.batches())["B"]["id"]
    started = await market.shop.ask(
        "mutation($input: FoodBatchesStartRecallInput!) { foodBatchesStartRecall(input: $input) {"
        " errors { code message } } }",
        input={
            "commandId": str(uuid7()),
            "batches": [batch],
            "reason": "glass",
        },
    )
    assert started["foodBatchesStartRecall"]["errors"] == []
    found = await figure(market, "recall_recovery_rate", since=market.day(0))
    assert (number(found), found["health"]) == (60, "ALARM")


async def test_who_may_not_read_batches_sees_none_of_them(market: Market) -> None:
    """The permission of the module counts beside that of reports."""
    known = market.shop.principal.tenant_id
    shop = await Shop.enter(market.shop.database, known, roles=("viewer",))
    asked = {"since": market.day(-30), "until": market.day(0)}
    seen = {one["code"] for one in (await shop.ask(ASK, **asked))["indicators"]}
    assert "food_batches.near_expiry_share" not in seen  # it shows costs
    assert "food_batches.recall_recovery_rate" in seen
