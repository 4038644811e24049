"""What a food trader hears at once: what people do to batches, and what a posting brought in."""

from __future__ import annotations

from typing import Any

from core.db.database import rows
from core.extension.observers import Observers
from core.ids import uuid7
from plugins.food_batches.alerts import Alert
from schema.relay import encode_id
from tests.plugins.food_batches.market import Market
from tests.plugins.food_batches.shops import uuid_in
from tests.shop import Json, line

RECALL = """mutation($input: FoodBatchesStartRecallInput!) { foodBatchesStartRecall(input: $input) {
  recall { id } errors { code } } }"""
REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  errors { code } } }"""


async def told(market: Market) -> list[tuple[str, str, str | None, str | None]]:
    """The alerts so far: which, of which batch, how much, and by which document."""
    await market.shop.database.companion(Observers).settle()
    async with market.transaction() as tx:
        found = await rows(
            tx,
            "SELECT topic, payload ->> 'batch', payload ->> 'quantity', payload ->> 'document_id'"
            " FROM outbox WHERE topic LIKE 'food_batches.%%' AND tenant_id = %s ORDER BY id",
            tx.tenant_id,
        )
    return [(topic.removeprefix("food_batches."), *rest) for topic, *rest in found]


async def recalled(market: Market, *batches: str) -> None:
    known = await market.batches()
    ids = [known[number]["id"] for number in batches]
    sent = {"commandId": str(uuid7()), "batches": ids, "reason": "glass"}
    answer = await market.shop.ask(RECALL, input=sent)
    assert answer["foodBatchesStartRecall"]["errors"] == []


async def reverse(market: Market, document: Json) -> None:
    sent = {"commandId": str(uuid7()), "id": document["id"]}
    answer = await market.shop.ask(REVERSE, input=sent)
    assert answer["reverseDocument"] == {"errors": []}


def of(alert: Alert, batch: str, quantity: str | None = None, document: Any = None) -> Any:
    return (alert.value, batch, quantity, document and str(uuid_in(document["id"])))


async def test_a_delivery_with_a_short_date_is_told_of(market: Market) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "FINE", "10", expiresOn=market.day(30))
    short = await market.receive(milk, "SHORT", "4", expiresOn=market.day(5))
    late = await market.receive(milk, "LATE", "3", expiresOn=market.day(-1))
    unfit = [of(Alert.SHORT_DATED, "SHORT", "4", short), of(Alert.SHORT_DATED, "LATE", "3", late)]
    assert await told(market) == unfit
    # Neither its sale, nor what goes back to the supplier, nor that this was a mistake
    await market.posted("issue", line(milk, "1", "5", lotCode="SHORT"))
    back = await market.posted("return_to_supplier", line(milk, "1", "2", lotCode="LATE"))
    await reverse(market, back)
    assert await told(market) == unfit


async def test_what_people_do_to_a_batch_is_told(market: Market) -> None:
    milk = await market.food("MILK")
    for lot in ("A", "B", "C"):
        await market.receive(milk, lot, "10", expiresOn=market.day(50))
    held = await market.do("Hold", id=(await market.batches())["A"]["id"], reason="smells")
    assert held["errors"] == []
    await recalled(market, "B", "C")
    assert await told(market) == [
        of(Alert.HELD, "A"),
        of(Alert.RECALLED, "B"),
        of(Alert.RECALLED, "C"),
    ]
    refused = await market.do("Hold", id=(await market.batches())["B"]["id"], reason="again")
    assert refused["errors"] != []
    assert len(await told(market)) == 3, "what is refused is not told"


async def test_what_comes_back_under_recall_is_told(market: Market) -> None:
    milk = await market.food("MILK")
    for lot in ("A", "B"):
        await market.receive(milk, lot, "10", expiresOn=market.day(50))
    ann = (await market.party("ANN"))["party"]["id"]
    sold = await market.posted("issue", line(milk, "5", "5", lotCode="A"), partyId=ann)
    other = await market.posted("issue", line(milk, "2", "5", lotCode="A"), partyId=ann)
    fine = await market.posted("issue", line(milk, "2", "5", lotCode="B"), partyId=ann)
    await recalled(market, "A")
    source = {"partyId": ann, "sourceId": sold["id"]}
    back = line(milk, "3", "5", lotCode="A", sourceLine=1)
    returned = await market.posted("return_from_customer", back, **source)
    await reverse(market, other)
    await reverse(market, fine)
    found = await told(market)
    assert found[:2] == [of(Alert.RECALLED, "A"), of(Alert.RETURNED, "A", "3", returned)]
    assert [one[:3] for one in found[2:]] == [(Alert.RETURNED.value, "A", "2")]


async def test_an_alert_names_what_it_is_about(market: Market) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "SHORT", "4", expiresOn=market.day(5))
    assert len(await told(market)) == 1
    async with market.transaction() as tx:
        ((payload,),) = await rows(
            tx,
            "SELECT payload FROM outbox WHERE tenant_id = %s AND topic = %s",
            *(tx.tenant_id, Alert.SHORT_DATED.topic),
        )
    assert payload["item"] == "MILK"
    assert encode_id("Item", uuid_in(milk)) == milk
    assert payload["item_id"] == str(uuid_in(milk))
    assert (payload["expires_on"], payload["days_left"]) == (market.day(5), 5)
