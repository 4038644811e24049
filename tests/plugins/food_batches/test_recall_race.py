"""A recall against whoever sells or uses the goods at that very moment."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from core.db.database import rows
from core.ids import uuid7
from core.ledger.records import lot_id
from schema.relay import encode_id
from tests.plugins.food_batches.shops import food, party, uuid_in
from tests.shop import Json, Shop, line

ROUNDS = 50
START = """mutation($input: FoodBatchesStartRecallInput!) { foodBatchesStartRecall(input: $input) {
  recall { batches { nodes { produced frozen lot { code } } } } errors { code } } }"""


async def recalled(shop: Shop, *lots: str) -> dict[str, Decimal]:
    """Recall batches; how much of each was frozen."""
    input_ = {"commandId": str(uuid7()), "batches": lots, "reason": "glass"}
    payload: Json = (await shop.ask(START, input=input_))["foodBatchesStartRecall"]
    assert payload["errors"] == []
    batches = payload["recall"]["batches"]["nodes"]
    return {one["lot"]["code"]: Decimal(one["frozen"]) for one in batches}


async def left(shop: Shop, item: str, code: str) -> Decimal:
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        ((quantity,),) = await rows(
            tx,
            "SELECT coalesce(sum(on_hand), 0) FROM balance WHERE lot_id = %s",
            lot_id(uuid_in(item), code),
        )
        return Decimal(quantity)


async def test_nothing_is_sold_once_the_recall_is_answered(food_shop: Shop) -> None:
    """A seller sells until he is refused, while the batch is recalled: what was frozen is what is left."""
    shop = food_shop
    milk, ann = await food(shop, "MILK"), await party(shop, "ANN")
    before = 0
    for round_ in range(ROUNDS):
        code = f"M{round_}"
        await shop.posted("receipt", line(milk, "30", "2", lotCode=code), partyId=ann)
        lot = encode_id("Lot", lot_id(uuid_in(milk), code))
        sold = asyncio.Event()
        if not round_ % 2:
            sold.set()

        async def sell(code: str = code, sold: asyncio.Event = sold) -> int:
            for count in range(30):
                payload = await shop.post("issue", line(milk, "1", "3", lotCode=code), partyId=ann)
                if payload["document"] is None:
                    return count
                sold.set()
            return 30

        async def recall(lot: str = lot, sold: asyncio.Event = sold) -> dict[str, Decimal]:
            await sold.wait()
            return await recalled(shop, lot)

        count, frozen = await asyncio.gather(sell(), recall())
        assert frozen == {code: Decimal(30 - count)}, f"round {round_}"
        assert await left(shop, milk, code) == 30 - count, f"round {round_}"
        late = await shop.post("issue", line(milk, "1", "3", lotCode=code), partyId=ann)
        assert late["document"] is None
        before += count
    assert 0 < before < 30 * ROUNDS


async def test_what_is_made_meanwhile_is_recalled_or_not_made(food_shop: Shop) -> None:
    """The trace is taken under the locks: a batch that is made while others are being frozen is frozen with
    them, or its making is refused."""
    shop = food_shop
    yoghurt, milk, ann = await food(shop, "Y"), await food(shop, "MILK"), await party(shop, "ANN")
    made_in_time = 0
    for round_ in range(ROUNDS):
        code = f"M{round_}"
        await shop.posted("receipt", line(milk, "30", "2", lotCode=code), partyId=ann)

        async def make(code: str = code) -> int:
            for count in range(15):
                payload = await shop.post(
                    "assembly",
                    line(milk, "1", role="CONSUME", lotCode=code),
                    line(yoghurt, "1", role="PRODUCE", lotCode=f"{code}-{count}"),
                )
                if payload["document"] is None:
                    return count
            return 15

        lot = encode_id("Lot", lot_id(uuid_in(milk), code))
        count, frozen = await asyncio.gather(make(), recalled(shop, lot))
        assert frozen == {code: Decimal(30 - count)} | {
            f"{code}-{n}": Decimal(1) for n in range(count)
        }, f"round {round_}"
        if count:
            sale = line(yoghurt, "1", "3", lotCode=f"{code}-{count - 1}")
            assert (await shop.post("issue", sale, partyId=ann))["document"] is None
        made_in_time += count
    assert made_in_time < 15 * ROUNDS
