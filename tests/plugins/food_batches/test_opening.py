"""Stock that has no batch yet gets one: as many, worth as much, where it lies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.ids import uuid7
from tests.plugins.food_batches.market import Market, errors
from tests.shop import Json, line

OPEN = """mutation($input: FoodBatchesOpenBatchesInput!) { foodBatchesOpenBatches(input: $input) {
  errors { code path } verdicts { document { id number type { code } }
    errors { code message path details } } } }"""
STOCK = """query($i: [ID!]) { stock(filter: {itemIds: $i}) { nodes {
  quantity value place { code } lot { code foodBatches { status expiresOn } } } } }"""


async def opened(market: Market, *batches: Json) -> list[Json]:
    sent = [{"commandId": str(uuid7()), **batch} for batch in batches]
    payload = (await market.shop.ask(OPEN, input={"batches": sent}))["foodBatchesOpenBatches"]
    assert payload["errors"] == []
    verdicts: list[Json] = payload["verdicts"]
    return verdicts


async def stock(market: Market, item: str) -> list[tuple[Any, ...]]:
    nodes = (await market.shop.ask(STOCK, i=[item]))["stock"]["nodes"]
    return sorted(
        (node["lot"]["code"] if node["lot"] else "", node["quantity"], node["value"])
        for node in nodes
    )


async def plain_item(market: Market, code: str) -> str:
    """An item of which 9 lie there without a batch, at 2.333… each."""
    item = await market.shop.item(code)
    await market.posted("receipt", line(item, "9", amount="21"), on=market.day(-10))
    return item


async def test_stock_comes_under_batch_control(market: Market) -> None:
    item = await plain_item(market, "TEA")
    main = market.shop.places["MAIN"]
    update = """mutation($input: UpdateItemInput!) { updateItem(input: $input) {
        item { foodBatches { batchControl } } errors { code path details } } }"""
    change = {"id": item, "foodBatches": {"shelfLife": {"value": 60}}}
    sent = {**change, "commandId": str(uuid7()), "revision": 1}
    refused = (await market.shop.ask(update, input=sent))["updateItem"]
    assert errors(refused) == [("FOOD_BATCHES_OPENING_REQUIRED", ["foodBatches", "batchControl"])]
    assert refused["errors"][0]["details"] == {"item": "TEA", "quantity": "9"}

    told = {"expiresOn": market.day(30)}
    first, second = await opened(
        market,
        {"itemId": item, "placeId": main, "number": "O1", "quantity": "4", "batch": told},
        {"itemId": item, "placeId": main, "number": "O2", "batch": {"expiresOn": market.day(20)}},
    )
    assert [first["errors"], second["errors"]] == [[], []]
    assert first["document"]["type"] == {"code": "food_batches_opening"}
    lots = await stock(market, item)
    assert [(code, quantity) for code, quantity, _ in lots] == [("O1", "4"), ("O2", "5")]
    assert sum(Decimal(value) for *_, value in lots) == 21
    batches = await market.batches()
    assert [(n, b["status"], b["expiresOn"]) for n, b in batches.items()] == [
        ("O2", "RELEASED", market.day(20)),
        ("O1", "RELEASED", market.day(30)),
    ]
    # From now on it is kept by batch
    assert await market.refused("receipt", line(item, "1", "2")) == ["FOOD_BATCHES_LOT_REQUIRED"]
    await market.posted("issue", line(item, "6", "5"))
    assert await market.left(item) == {"O1": "3"}
    sent = {**change, "commandId": str(uuid7()), "revision": 1}
    assert (await market.shop.ask(update, input=sent))["updateItem"]["errors"] == []


async def test_a_part_leaves_the_rest_as_it_was(market: Market) -> None:
    item = await plain_item(market, "TEA")
    main = market.shop.places["MAIN"]
    batch = {"itemId": item, "placeId": main, "number": "O1", "quantity": "4"}
    command = {**batch, "commandId": str(uuid7())}
    once = await opened(market, command)
    assert await opened(market, command) == once  # a command is carried out once
    (other,) = await opened(market, {**command, "quantity": "5"})
    assert errors(other) == [("COMMAND_REUSED", ["batches", "0", "commandId"])]
    (short,) = await opened(market, {**batch, "quantity": "6"})
    assert [code for code, _ in errors(short)] == ["OUT_OF_STOCK"]
    await market.posted("receipt", line(item, "1", "2"))  # it is not under batch control yet
    (rest,) = await opened(market, {"itemId": item, "placeId": main, "number": "O2"})
    assert rest["errors"] == []
    assert await market.left(item) == {"O1": "4", "O2": "6"}
    (nothing,) = await opened(market, {"itemId": item, "placeId": main, "number": "O3"})
    assert [code for code, _ in errors(nothing)] == ["OUT_OF_STOCK"]


async def test_an_opening_stays(market: Market) -> None:
    item = await plain_item(market, "TEA")
    main = market.shop.places["MAIN"]
    (made,) = await opened(market, {"itemId": item, "placeId": main, "number": "O1"})
    reverse = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
        document { id } errors { code path } } }"""
    sent = {"commandId": str(uuid7()), "id": made["document"]["id"]}
    payload = (await market.shop.ask(reverse, input=sent))["reverseDocument"]
    assert [code for code, _ in errors(payload)] == ["FOOD_BATCHES_OPENING_STAYS"]


async def test_an_opening_makes_nothing_else_of_goods(market: Market) -> None:
    """Expired goods would else become fresh ones by it."""
    milk, tea = await market.food("MILK"), await plain_item(market, "TEA")
    await market.receive(milk, "OLD", "5", expiresOn=market.day(-1))
    fresh = {"expiresOn": market.day(30)}
    only = "FOOD_BATCHES_ONLY_OPENS"

    async def tried(*lines: Json, **head: Any) -> list[str]:
        return await market.refused("food_batches_opening", *lines, **head)

    def into(item: str, quantity: str) -> Json:
        return line(item, quantity, role="PRODUCE", lotCode="NEW", foodBatches=fresh)

    assert only in await tried(line(milk, "5", role="CONSUME", lotCode="OLD"), into(milk, "5"))
    assert await tried(line(milk, "5", role="CONSUME"), into(milk, "5")) == ["OUT_OF_STOCK"]
    assert await tried(line(tea, "5", role="CONSUME"), into(tea, "6")) == [only]
    assert only in await tried(line(tea, "5", role="CONSUME"), into(milk, "5"))
    assert await tried(line(tea, "5", role="CONSUME"), into(tea, "5"), extraCost="1") == [only]


async def test_lots_that_nobody_told_of_are_held_until_somebody_does(market: Market) -> None:
    item = await plain_item(market, "TEA")
    await market.posted("receipt", line(item, "3", "2", lotCode="L"), on=market.day(-10))
    main = market.shop.places["MAIN"]
    told = {"expiresOn": market.day(30)}
    await opened(market, {"itemId": item, "placeId": main, "number": "O1", "batch": told})
    held = (await market.batches(status="HELD"))["L"]
    assert (held["producedOn"], held["expiresOn"], held["onHand"]) == (None, None, "3")
    assert await market.refused("issue", line(item, "1", "5", lotCode="L")) == [
        "FOOD_BATCHES_NOT_RELEASED"
    ]
    update = {"id": held["id"], "producedOn": market.day(-20), "expiresOn": market.day(40)}
    assert (await market.do("UpdateBatch", **update))["errors"] == []  # it was not known: no reason
    assert (await market.do("Release", id=held["id"], reason="label read"))["errors"] == []
    await market.posted("issue", line(item, "1", "5", lotCode="L"))


async def test_what_cannot_be_opened(market: Market) -> None:
    item = await plain_item(market, "TEA")
    main = market.shop.places["MAIN"]
    batch = {"itemId": item, "placeId": main, "number": "O1"}
    verdicts = await opened(
        market,
        {**batch, "number": "  "},
        {**batch, "placeId": item},
        {**batch, "batch": {"producedOn": market.day(0), "expiresOn": market.day(-1)}},
        {**batch, "batch": {"origin": "x" * 65}},
    )
    assert [errors(verdict) for verdict in verdicts] == [
        [("REQUIRED", ["batches", "0", "number"])],
        [("NOT_FOUND", ["batches", "1", "placeId"])],
        [
            (
                "FOOD_BATCHES_DATES_REVERSED",
                ["batches", "2", "lines", "1", "foodBatches", "expiresOn"],
            )
        ],
        [("TOO_LONG", ["batches", "3", "batch", "origin"])],
    ]
    assert await market.batches() == {}
