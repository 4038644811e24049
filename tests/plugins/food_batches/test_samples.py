"""Samples kept of batches: taken from stock, on a list until they may go, and gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.db.database import rows
from core.ids import uuid7
from tests.plugins.food_batches.market import Market, errors
from tests.shop import Json, line

SAMPLE = """sample { id quantity keptUntil keptAt takenAt due disposedAt remark
  batch { number } place { code } document { type { code } } } errors { code path message }"""
TAKE = f"""mutation($input: FoodBatchesTakeSampleInput!) {{
  foodBatchesTakeSample(input: $input) {{ {SAMPLE} }} }}"""
DISPOSE = f"""mutation($input: FoodBatchesDisposeSampleInput!) {{
  foodBatchesDisposeSample(input: $input) {{ {SAMPLE} }} }}"""
LIST = """query($due: Boolean, $disposed: Boolean, $batch: ID, $after: String) {
  foodBatchesSamples(due: $due, disposed: $disposed, batch: $batch, first: 1, after: $after) {
    nodes { id due batch { number } } pageInfo { hasNextPage endCursor } } }"""


class Kitchen:
    """A market with one batch of milk, of which samples are taken."""

    def __init__(self, market: Market, item: str, batch: str) -> None:
        self.market, self.item, self.batch = market, item, batch

    async def take(self, quantity: str = "1", **more: Any) -> Json:
        sent = {
            "commandId": str(uuid7()),
            "batch": self.batch,
            "placeId": self.market.shop.places["MAIN"],
            "quantity": quantity,
            **more,
        }
        payload: Json = (await self.market.shop.ask(TAKE, input=sent))["foodBatchesTakeSample"]
        return payload

    async def dispose(self, id_: str, **more: Any) -> Json:
        sent = {"commandId": str(uuid7()), "id": id_, **more}
        answer = await self.market.shop.ask(DISPOSE, input=sent)
        payload: Json = answer["foodBatchesDisposeSample"]
        return payload

    async def listed(self, **wanted: Any) -> list[str]:
        """The ids of samples, read a page of one at a time."""
        found: list[str] = []
        after = None
        while True:
            answer = await self.market.shop.ask(LIST, **wanted, after=after)
            page = answer["foodBatchesSamples"]
            found += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found


@pytest.fixture
async def kitchen(market: Market) -> Kitchen:
    milk = await market.food("MILK")
    await market.receive(milk, "A", "10", expiresOn=market.day(30))
    return Kitchen(market, milk, (await market.batches())["A"]["id"])


async def test_a_sample_leaves_the_stock_and_is_kept(kitchen: Kitchen) -> None:
    before = datetime.now(UTC)
    taken = await kitchen.take("2", keptAt="fridge 3")
    assert taken["errors"] == []
    sample = taken["sample"]
    assert (Decimal(sample["quantity"]), sample["keptAt"], sample["due"]) == (
        Decimal(2),
        "fridge 3",
        False,
    )
    kept_for = datetime.fromisoformat(sample["keptUntil"]) - before
    assert timedelta(hours=48) <= kept_for < timedelta(hours=49), "as the settings say"
    assert (sample["batch"]["number"], sample["place"]["code"]) == ("A", "MAIN")
    assert sample["document"]["type"]["code"] == "internal_use"
    assert await kitchen.market.left(kitchen.item) == {"A": "8"}
    assert await kitchen.listed(due=False) == [sample["id"]]
    assert await kitchen.listed(due=True) == []


async def test_what_is_due_is_listed_until_it_is_disposed_of(kitchen: Kitchen) -> None:
    market = kitchen.market
    late = (await kitchen.take(keptUntil="2999-01-01T00:00:00Z"))["sample"]["id"]
    soon = (await kitchen.take())["sample"]["id"]
    other = (await kitchen.take(keptUntil="2998-01-01T00:00:00Z"))["sample"]["id"]
    assert await kitchen.listed() == [soon, other, late]
    assert await kitchen.listed(batch=kitchen.batch) == [soon, other, late]
    gone = await kitchen.dispose(soon, remark="report 17: clean")
    assert gone["errors"] == []
    assert gone["sample"]["disposedAt"] is not None
    assert gone["sample"]["remark"] == "report 17: clean"
    assert await kitchen.listed(disposed=False) == [other, late]
    assert await kitchen.listed(disposed=True) == [soon]
    again = await kitchen.dispose(soon)
    assert errors(again) == [("FOOD_BATCHES_SAMPLE_DISPOSED", ["id"])]
    async with market.transaction() as tx:
        ((count,),) = await rows(
            tx, "SELECT count(*) FROM audit WHERE action = 'food_batches.dispose_sample'"
        )
    assert count == 1


async def test_due_from_its_hour_on(kitchen: Kitchen, superuser_url: str) -> None:
    """The clock is the database's: a sample whose hour is set back is due."""
    import psycopg

    sample = (await kitchen.take())["sample"]["id"]
    assert await kitchen.listed(due=True) == []
    with psycopg.connect(superuser_url) as sql:
        sql.execute("SET session_replication_role = replica")
        sql.execute(
            "UPDATE food_batches_sample SET kept_until = now() - interval '1 second'"
            " WHERE tenant_id = %s",
            [kitchen.market.shop.principal.tenant_id],
        )
    assert await kitchen.listed(due=True) == [sample]
    assert (await kitchen.dispose(sample))["sample"]["due"] is False
    assert await kitchen.listed(due=True) == []


async def test_reversed_it_never_was(kitchen: Kitchen) -> None:
    command = str(uuid7())
    taken = await kitchen.take(commandId=command)
    assert await kitchen.take(commandId=command) == taken, "sent twice it is taken once"
    assert await kitchen.market.left(kitchen.item) == {"A": "9"}
    found = await kitchen.market.shop.ask(
        '{ documents(filter: {types: ["internal_use"]}, first: 1) { nodes { id } } }'
    )
    sent = {"commandId": str(uuid7()), "id": found["documents"]["nodes"][0]["id"]}
    undone = await kitchen.market.shop.ask(
        "mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) { errors { code } } }",
        input=sent,
    )
    assert undone["reverseDocument"]["errors"] == []
    assert await kitchen.market.left(kitchen.item) == {"A": "10"}
    assert await kitchen.listed() == []
    assert errors(await kitchen.dispose(taken["sample"]["id"])) == [("NOT_FOUND", ["id"])]


async def test_what_is_refused(kitchen: Kitchen) -> None:
    market = kitchen.market
    past = await kitchen.take(keptUntil="2020-01-01T00:00:00Z")
    assert errors(past) == [("FOOD_BATCHES_SAMPLE_PAST", ["keptUntil"])]
    much = await kitchen.take("11")
    assert [code for code, _ in errors(much)] == ["OUT_OF_STOCK"]
    assert all("lines" not in path for _, path in errors(much))
    unknown = await kitchen.take(batch=market.shop.places["MAIN"])
    assert [code for code, _ in errors(unknown)] == ["NOT_FOUND"]
    await market.receive(kitchen.item, "OLD", "5", expiresOn=market.day(-1))
    old = (await market.batches())["OLD"]["id"]
    assert [c for c, _ in errors(await kitchen.take(batch=old))] == ["FOOD_BATCHES_EXPIRED"]
    assert await kitchen.listed() == []


async def test_ordinary_use_is_no_sample(kitchen: Kitchen) -> None:
    await kitchen.market.posted("internal_use", line(kitchen.item, "1", lotCode="A"))
    assert await kitchen.listed() == []
