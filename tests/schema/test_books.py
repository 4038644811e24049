"""Closing the books and holding goods back, over HTTP."""

from __future__ import annotations

from core.ids import uuid7
from tests.shop import Json, Shop, line

CLOSE = """mutation($input: ClosePeriodInput!) { closePeriod(input: $input) {
  books { closedThrough postings halted } errors { code } } }"""
REOPEN = """mutation($input: ReopenPeriodInput!) { reopenPeriod(input: $input) {
  books { closedThrough } errors { code } } }"""
HOLD = """mutation($input: PlaceHoldInput!) { placeHold(input: $input) {
  hold { id reason item { code } place { code } lot { code } } errors { code path } } }"""
RELEASE = """mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) {
  hold { id releasedAt } errors { code } } }"""


async def close(shop: Shop, through: str) -> Json:
    asked = {"commandId": str(uuid7()), "through": through}
    payload: Json = (await shop.ask(CLOSE, input=asked))["closePeriod"]
    return payload


async def test_a_closed_period_takes_nothing_and_corrections_go_to_the_first_open_day(
    shop: Shop,
) -> None:
    item = await shop.item("CLOSED")
    receipt = await shop.posted("receipt", line(item, "10", "10"), on="2026-01-10")
    await shop.posted("issue", line(item, "4", "30"), on="2026-01-20")
    assert (await close(shop, "2026-01-15"))["errors"][0]["code"] == "NOT_A_MONTH_END"
    assert (await close(shop, "2099-01-31"))["errors"][0]["code"] == "MONTH_NOT_OVER"
    assert (await close(shop, "2026-01-31"))["books"] == {
        "closedThrough": "2026-01-31",
        "postings": 2,
        "halted": False,
    }
    late = await shop.post("receipt", line(item, "1", "10"), on="2026-01-31")
    assert [e["code"] for e in late["errors"]] == ["PERIOD_CLOSED"]
    await shop.posted(
        "landed_cost", sourceId=receipt["id"], extraCost="10", on="2026-02-05", placeId=None
    )
    january = await shop.ask(
        '{ accountValues(until: "2026-01-31") { account value }'
        ' stock(asOf: "2026-01-31") { nodes { quantity value } } }'
    )
    assert january["stock"]["nodes"] == [{"quantity": "6", "value": "60.00"}]
    values = {v["account"]: v["value"] for v in january["accountValues"]}
    assert values == {"CUSTOMER": "40.00", "SUPPLIER": "-100.00"}
    february = await shop.ask(
        '{ accountValues(since: "2026-02-01") { account value }'
        ' stock(asOf: "2026-02-28") { nodes { quantity value } } }'
    )
    assert february["stock"]["nodes"] == [{"quantity": "6", "value": "66.00"}]
    values = {v["account"]: v["value"] for v in february["accountValues"]}
    assert values == {"CUSTOMER": "4.00", "SUPPLIER": "-10.00"}


async def test_reopening_needs_an_earlier_day(shop: Shop) -> None:
    item = await shop.item("OPEN")
    await shop.posted("receipt", line(item, "10", "10"), on="2026-01-10")
    await close(shop, "2026-02-28")
    again = {"commandId": str(uuid7()), "through": "2026-02-28"}
    refused = (await shop.ask(REOPEN, input=again))["reopenPeriod"]
    assert [e["code"] for e in refused["errors"]] == ["NOT_EARLIER"]
    opened = (await shop.ask(REOPEN, input={"commandId": str(uuid7())}))["reopenPeriod"]
    assert opened["books"] == {"closedThrough": None}
    await shop.posted("receipt", line(item, "1", "10"), on="2026-01-31")


async def test_no_sale_passes_a_hold(shop: Shop) -> None:
    item = await shop.item("HELD")
    await shop.posted(
        "receipt", line(item, "5", "2", lotCode="A"), line(item, "5", "2", lotCode="B")
    )
    found = await shop.ask(
        "query($i: ID!) { stock(filter: {itemIds: [$i]}) { nodes { lot { id code } } } }", i=item
    )
    lots = {row["lot"]["code"]: row["lot"]["id"] for row in found["stock"]["nodes"]}
    asked = {
        "commandId": str(uuid7()),
        "itemId": item,
        "lotId": lots["A"],
        "reason": "spoiled",
    }
    placed = (await shop.ask(HOLD, input=asked))["placeHold"]
    assert placed["hold"]["lot"] == {"code": "A"}
    named = await shop.post("issue", line(item, "1", "9", lotCode="A"))
    assert [e["code"] for e in named["errors"]] == ["ON_HOLD"]
    await shop.posted("issue", line(item, "5", "9"))
    none = await shop.post("issue", line(item, "1", "9"))
    assert [e["code"] for e in none["errors"]] == ["OUT_OF_STOCK"]
    counted = await shop.ask(
        "query($i: ID!) { availability(itemIds: [$i]) { onHand onHold available }"
        " holds(itemId: $i) { nodes { reason } } }",
        i=item,
    )
    assert counted["availability"] == [{"onHand": "5", "onHold": "5", "available": "0"}]
    assert counted["holds"]["nodes"] == [{"reason": "spoiled"}]
    await shop.posted("scrap", line(item, "1", lotCode="A"))
    release = {"commandId": str(uuid7()), "id": placed["hold"]["id"]}
    freed = (await shop.ask(RELEASE, input=release))["releaseHold"]
    assert freed["hold"]["releasedAt"] is not None
    await shop.posted("issue", line(item, "4", "9"))
