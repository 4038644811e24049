"""A batch that turns out bad: traced, drilled, frozen everywhere, and brought back."""

from __future__ import annotations

from typing import Any

import pytest

from core.extension.observers import Observers
from core.ids import uuid7
from core.ledger.records import lot_id
from schema.relay import encode_id
from tests.plugins.food_batches.shops import food, party, store, uuid_in
from tests.schema.statements import statements
from tests.shop import Json, Shop, line

TRACE = """query($batch: ID!, $way: FoodBatchesDirection!) {
  foodBatchesTrace(batch: $batch, direction: $way) {
    batches { totalCount nodes { produced left lot { code item { code } } } }
    suppliers { nodes { quantity supplier { code } lot { code } } }
    receipts { nodes { id } }
    places { totalCount nodes { quantity place { code account } lot { code } } }
    customers { nodes { delivered returned open customer { code } lot { code } } }
    documents { nodes { id type { code } } }
    ends { nodes { id } } } }"""
RECALL = """id reason drill openedAt closedAt milliseconds recoveryRate
  batches { nodes { produced frozen returned recoveryRate lot { code } hold { id reason } } }
  customers { nodes { delivered returned open customer { code } } }
  places { nodes { quantity place { code } lot { code } } }
  returns { nodes { quantity line document { id } lot { code } customer { code } } }"""
START = f"""mutation($input: FoodBatchesStartRecallInput!) {{ foodBatchesStartRecall(input: $input) {{
  recall {{ {RECALL} }} errors {{ code message path details }} }} }}"""
CLOSE = f"""mutation($input: FoodBatchesCloseRecallInput!) {{ foodBatchesCloseRecall(input: $input) {{
  recall {{ {RECALL} }} errors {{ code path }} }} }}"""
DRILL = """mutation($input: FoodBatchesRecallDrillInput!) { foodBatchesRecallDrill(input: $input) {
  drill { milliseconds batches suppliers customers places documents }
  recall { id drill closedAt milliseconds batches { nodes { hold { id } } } }
  errors { code path } } }"""
ONE = f"query($id: ID!) {{ foodBatchesRecall(id: $id) {{ {RECALL} }} }}"
LIST = """query($drills: Boolean, $open: Boolean, $after: String, $first: Int) {
  foodBatchesRecalls(drills: $drills, open: $open, first: $first, after: $after) {
    nodes { id } pageInfo { hasNextPage endCursor } } }"""
MANY = """{ foodBatchesRecalls(first: 9) { nodes { recoveryRate
  batches(first: 2) { nodes { lot { code item { code } } hold { id } } }
  customers(first: 2) { nodes { customer { code } } } places(first: 2) { nodes { place { code } } }
  documents(first: 2) { nodes { id } } returns(first: 2) { nodes { document { id } } } } } }"""


def batch(item: str, code: str) -> str:
    return encode_id("Lot", lot_id(uuid_in(item), code))


async def started(shop: Shop, *batches: str, reason: str = "glass", **more: Any) -> Json:
    input_ = {"commandId": str(uuid7()), "batches": batches, "reason": reason, **more}
    payload: Json = (await shop.ask(START, input=input_))["foodBatchesStartRecall"]
    return payload


async def trace(shop: Shop, of: str, way: str) -> Json:
    found: Json = (await shop.ask(TRACE, batch=of, way=way))["foodBatchesTrace"]
    return found


def nodes(found: Json, *keys: str) -> list[Any]:
    """Of each node of a list what lies under these dotted keys."""
    told = []
    for node in found["nodes"]:
        values = []
        for key in keys:
            value = node
            for part in key.split("."):
                value = value[part]
            values.append(value)
        told.append(tuple(values) if len(keys) > 1 else values[0])
    return told


async def sold_and_used(shop: Shop) -> Json:
    """100 of milk M, of which 60 became yoghurt Y in an assembly, two stores, two customers, goods under way
    to the second store."""
    milk, sugar, yoghurt = [await food(shop, code) for code in ("MILK", "SUGAR", "YOGHURT")]
    dairy, ann, bob = [await party(shop, code) for code in ("DAIRY", "ANN", "BOB")]
    east = await store(shop, "EAST")
    came = await shop.posted("receipt", line(milk, "100", "2", lotCode="M"), partyId=dairy)
    await shop.posted("receipt", line(sugar, "10", "1", lotCode="S"), partyId=dairy)
    await shop.posted(
        "assembly",
        line(milk, "60", role="CONSUME", lotCode="M"),
        line(sugar, "5", role="CONSUME", lotCode="S"),
        line(yoghurt, "50", role="PRODUCE", lotCode="Y"),
    )
    await shop.posted("transfer", line(yoghurt, "20", lotCode="Y"), toPlaceId=east)
    await shop.posted("dispatch", line(milk, "4", lotCode="M"), toPlaceId=east)
    to_ann = await shop.posted("issue", line(yoghurt, "12", "5", lotCode="Y"), partyId=ann)
    to_bob = await shop.posted(
        "issue", line(yoghurt, "8", "5", lotCode="Y"), partyId=bob, placeId=east
    )
    milk_to_bob = await shop.posted("issue", line(milk, "6", "3", lotCode="M"), partyId=bob)
    return {
        **{"milk": milk, "sugar": sugar, "yoghurt": yoghurt, "dairy": dairy, "ann": ann},
        **{"bob": bob, "east": east, "came": came["id"], "to_ann": to_ann["id"]},
        **{"to_bob": to_bob["id"], "milk_to_bob": milk_to_bob["id"]},
    }


async def test_a_recall_from_the_first_news_to_the_last_return(food_shop: Shop) -> None:
    """A story: traced, drilled, recalled, refused everywhere, brought back, disposed of, closed."""
    shop = food_shop
    known = await sold_and_used(shop)
    await traced_both_ways(shop, known)
    await drilled(shop, known)
    payload = await started(shop, batch(known["milk"], "M"))
    assert payload["errors"] == []
    recall = payload["recall"]
    frozen = nodes(recall["batches"], "lot.code", "produced", "frozen", "returned")
    assert sorted(frozen) == [("M", "40", "33", "0"), ("Y", "50", "30", "0")]
    assert {hold["reason"] for hold in nodes(recall["batches"], "hold")} == {"glass"}
    assert recall["recoveryRate"] == "0.7000"
    await refused_everywhere(shop, known)
    await brought_back(shop, known, recall["id"])
    await disposed_and_closed(shop, known, recall["id"])


async def traced_both_ways(shop: Shop, known: Json) -> None:
    yoghurt, bad = known["yoghurt"], batch(known["milk"], "M")
    down = await trace(shop, bad, "DOWN")
    assert sorted(nodes(down["batches"], "lot.item.code", "produced", "left")) == [
        ("MILK", "40", "34"),
        ("YOGHURT", "50", "30"),
    ]
    assert nodes(down["customers"], "customer.code", "lot.code", "delivered", "open") == [
        ("ANN", "Y", "12", "12"),
        ("BOB", "Y", "8", "8"),
        ("BOB", "M", "6", "6"),
    ]
    assert sorted(nodes(down["places"], "lot.code", "quantity")) == [
        ("M", "30"),
        ("M", "4"),
        ("Y", "12"),
        ("Y", "18"),
    ]
    assert nodes(down["documents"], "type.code") == [
        *("receipt", "assembly", "transfer", "dispatch", "issue", "issue", "issue")
    ]
    assert nodes(down["receipts"], "id") == [known["came"]]
    up = await trace(shop, batch(yoghurt, "Y"), "UP")
    assert sorted(nodes(up["suppliers"], "supplier.code", "lot.code", "quantity")) == [
        ("DAIRY", "M", "100"),
        ("DAIRY", "S", "10"),
    ]


async def drilled(shop: Shop, known: Json) -> None:
    """A drill tells the figures, and freezes nothing."""
    milk = known["milk"]
    drill = {"commandId": str(uuid7()), "batch": batch(milk, "M")}
    payload = (await shop.ask(DRILL, input=drill))["foodBatchesRecallDrill"]
    assert payload["errors"] == []
    assert payload["drill"].pop("milliseconds") == payload["recall"]["milliseconds"]
    assert payload["drill"] == {
        **{"batches": 2, "suppliers": 1, "customers": 2, "places": 3, "documents": 7},
    }
    assert payload["recall"]["drill"] is True
    assert nodes(payload["recall"]["batches"], "hold") == [None, None]
    await shop.posted("issue", line(milk, "1", "3", lotCode="M"), partyId=known["ann"])


async def refused_everywhere(shop: Shop, known: Json) -> None:
    """Neither named nor allocated, sold nor used nor sent, in no store."""
    milk, yoghurt = known["milk"], known["yoghurt"]
    for item, place, quantity in (
        (milk, "MAIN", "1"),
        (yoghurt, "MAIN", "1"),
        (yoghurt, "EAST", "1"),
    ):
        for type_ in ("issue", "internal_use", "dispatch"):
            more = {"toPlaceId": known["east"]} if type_ == "dispatch" else {}
            lot = "M" if item == milk else "Y"
            for code in (lot, None):
                refused = await shop.post(
                    type_,
                    line(item, quantity, lotCode=code),
                    placeId=shop.places[place],
                    **more,
                )
                assert refused["document"] is None, (type_, item, place)
                assert refused["errors"], (type_, item, place)


async def brought_back(shop: Shop, known: Json, recall_id: str) -> None:
    """Ordinary returns count, as do sales that are reversed."""
    yoghurt = known["yoghurt"]
    back = line(yoghurt, "10", "5", lotCode="Y", sourceLine=1)
    head = {"partyId": known["ann"], "sourceId": known["to_ann"], "on": "2026-03-03"}
    returned = await shop.posted("return_from_customer", back, **head)
    wrong = await shop.posted("return_from_customer", {**back, "quantity": "2"}, **head)
    undo = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
      errors { code } } }"""
    for mistaken in (wrong["id"], known["milk_to_bob"]):
        step = {"commandId": str(uuid7()), "id": mistaken}
        done = await shop.ask(undo, input=step)
        assert done["reverseDocument"] == {"errors": []}
    refused = await shop.post("issue", line(yoghurt, "10", "5", lotCode="Y"), partyId=known["ann"])
    assert refused["document"] is None  # what came back is under recall as well

    recall = (await shop.ask(ONE, id=recall_id))["foodBatchesRecall"]
    assert nodes(recall["customers"], "customer.code", "delivered", "returned", "open") == [
        ("BOB", "8", "0", "8"),
        ("ANN", "12", "10", "2"),
        ("ANN", "1", "0", "1"),
    ]
    came_back = nodes(recall["returns"], "document.id", "lot.code", "quantity")
    assert (returned["id"], "Y", "10") in came_back
    assert sorted(row[1:] for row in came_back) == [
        ("M", "6"),
        ("Y", "-2"),
        ("Y", "10"),
        ("Y", "2"),
    ]
    rates = dict(nodes(recall["batches"], "lot.code", "recoveryRate"))
    assert rates == {"M": "0.9750", "Y": "0.8000"}
    assert recall["recoveryRate"] == "0.8778"


async def disposed_and_closed(shop: Shop, known: Json, recall_id: str) -> None:
    """What is here can be scrapped or go to the supplier. After the end returns do not count, and the rest
    stays frozen."""
    milk, yoghurt = known["milk"], known["yoghurt"]
    await shop.posted("scrap", line(yoghurt, "22", lotCode="Y"), on="2026-03-04")
    await shop.posted(
        "return_to_supplier",
        line(milk, "35", "2", lotCode="M"),
        partyId=known["dairy"],
        on="2026-03-04",
    )
    close = {"commandId": str(uuid7()), "id": recall_id}
    for _ in range(2):
        closed = (await shop.ask(CLOSE, input=close))["foodBatchesCloseRecall"]
        assert closed["errors"] == []
        assert closed["recall"]["closedAt"] is not None
    close["commandId"] = str(uuid7())
    again = (await shop.ask(CLOSE, input=close))["foodBatchesCloseRecall"]
    assert again["errors"] == [{"code": "FOOD_BATCHES_RECALL_CLOSED", "path": ["id"]}]
    back = line(yoghurt, "1", "5", lotCode="Y", sourceLine=1)
    head = {"partyId": known["ann"], "sourceId": known["to_ann"], "on": "2026-03-04"}
    await shop.posted("return_from_customer", back, **head)
    later = (await shop.ask(ONE, id=recall_id))["foodBatchesRecall"]
    assert later["recoveryRate"] == "0.8778"
    assert nodes(later["customers"], "open")[1:] == ["1", "1"]
    still = await shop.post("issue", line(milk, "1", "5", lotCode="M"), partyId=known["ann"])
    assert still["document"] is None


async def test_the_list_of_recalls(food_shop: Shop) -> None:
    shop = food_shop
    milk = await food(shop, "MILK")
    for code in "ABC":
        await shop.posted("receipt", line(milk, "1", "2", lotCode=code))
    made = [(await started(shop, batch(milk, code)))["recall"]["id"] for code in "AB"]
    drill = {"commandId": str(uuid7()), "batch": batch(milk, "C")}
    payload = (await shop.ask(DRILL, input=drill))["foodBatchesRecallDrill"]
    again = (await shop.ask(DRILL, input=drill))["foodBatchesRecallDrill"]
    assert again == payload
    made.append(payload["recall"]["id"])
    await shop.ask(CLOSE, input={"commandId": str(uuid7()), "id": made[0]})

    async def listed(**wanted: Any) -> list[str]:
        return nodes((await shop.ask(LIST, **wanted))["foodBatchesRecalls"], "id")

    assert await listed() == made[::-1]
    assert await listed(drills=False) == [made[1], made[0]]
    assert await listed(open=True) == [made[1]]
    page = (await shop.ask(LIST, first=2))["foodBatchesRecalls"]
    assert page["pageInfo"]["hasNextPage"]
    assert await listed(first=2, after=page["pageInfo"]["endCursor"]) == [made[0]]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"reason": "  "}, "REQUIRED", ["reason"]),
        ({"reason": "x" * 501}, "LIMIT_EXCEEDED", ["reason"]),
        ({"batches": []}, "REQUIRED", ["batches"]),
        ({"batches": [encode_id("Lot", uuid7())] * 101}, "LIMIT_EXCEEDED", ["batches"]),
        ({"batches": [encode_id("Lot", uuid7())]}, "NOT_FOUND", ["batches", "0"]),
        ({"batches": [encode_id("Item", uuid7())]}, "NOT_FOUND", ["batches", "0"]),
    ],
)
async def test_recalls_that_cannot_be(
    food_shop: Shop, change: Json, code: str, path: list[str]
) -> None:
    input_ = {"commandId": str(uuid7()), "batches": [], "reason": "glass", **change}
    payload = (await food_shop.ask(START, input=input_))["foodBatchesStartRecall"]
    (error,) = payload["errors"]
    assert (payload["recall"], error["code"], error["path"]) == (None, code, path)


async def test_a_batch_is_recalled_once_at_a_time(food_shop: Shop) -> None:
    shop = food_shop
    milk = await food(shop, "MILK")
    await shop.posted("receipt", line(milk, "1", "2", lotCode="A"))
    input_ = {"commandId": str(uuid7()), "batches": [batch(milk, "A")], "reason": "glass"}
    first = (await shop.ask(START, input=input_))["foodBatchesStartRecall"]
    assert (await shop.ask(START, input=input_))["foodBatchesStartRecall"] == first
    payload = await started(shop, batch(milk, "A"))
    assert payload["errors"][0]["code"] == "FOOD_BATCHES_UNDER_RECALL"
    assert payload["errors"][0]["path"] == ["batches", "0"]
    holds = await shop.ask("{ holds { nodes { id } } }")
    assert len(holds["holds"]["nodes"]) == 1
    await shop.ask(CLOSE, input={"commandId": str(uuid7()), "id": first["recall"]["id"]})
    assert (await started(shop, batch(milk, "A")))["errors"] == []


async def test_what_was_made_of_it_can_be_left_alone(food_shop: Shop) -> None:
    """A wrong label is no fault of the yoghurt; an item that is not kept by batch is frozen by its lot; and
    where goods have no lot, the trace says so."""
    shop = food_shop
    known = await sold_and_used(shop)
    payload = await started(shop, batch(known["milk"], "M"), includeDescendants=False)
    assert nodes(payload["recall"]["batches"], "lot.code") == ["M"]
    await shop.posted("issue", line(known["yoghurt"], "1", "5"), partyId=known["ann"])
    cake, crumbs = await shop.item("CAKE"), await shop.item("CRUMBS")
    baked = line(known["sugar"], "1", role="CONSUME", lotCode="S")
    await shop.posted("assembly", baked, line(cake, "3", role="PRODUCE", lotCode="C"))
    lost = await shop.posted("assembly", baked, line(crumbs, "3", role="PRODUCE"))
    payload = await started(shop, batch(known["sugar"], "S"))
    assert sorted(nodes(payload["recall"]["batches"], "lot.code")) == ["C", "S", "Y"]
    refused = await shop.post("issue", line(cake, "1", "5", lotCode="C"), partyId=known["ann"])
    assert [error["code"] for error in refused["errors"]] == ["ON_HOLD"]
    down = await trace(shop, batch(known["sugar"], "S"), "DOWN")
    assert nodes(down["ends"], "id") == [lost["id"]]


async def test_only_who_may_recalls(food_shop: Shop, schema: Any) -> None:
    milk = await food(food_shop, "MILK")
    await food_shop.posted("receipt", line(milk, "1", "2", lotCode="A"))
    seller = await Shop.enter(
        food_shop.database,
        food_shop.principal.tenant_id,
        roles=("seller",),
        schema=schema,
        modules={"food_batches"},
    )
    payload = await started(seller, batch(milk, "A"))
    assert payload["errors"][0]["code"] == "PERMISSION_DENIED"
    assert nodes((await trace(seller, batch(milk, "A"), "DOWN"))["batches"], "lot.code") == ["A"]
    stranger = await Shop.open(food_shop.database, schema=schema, modules={"food_batches"})
    answer = await stranger.raw(TRACE, batch=batch(milk, "A"), way="DOWN")
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_list_costs_as_many_statements_as_one(food_shop: Shop) -> None:
    shop = food_shop
    milk, ann = await food(shop, "MILK"), await party(shop, "ANN")
    counts = []
    for n in range(1, 4):
        for lot in range(n):
            code = f"{n}-{lot}"
            await shop.posted("receipt", line(milk, "3", "2", lotCode=code))
            sale = await shop.posted("issue", line(milk, "2", "3", lotCode=code), partyId=ann)
            assert (await started(shop, batch(milk, code)))["errors"] == []
            back = line(milk, "1", "3", lotCode=code, sourceLine=1)
            head = {"partyId": ann, "sourceId": sale["id"]}
            await shop.posted("return_from_customer", back, **head)
        await shop.database.companion(Observers).settle()
        with statements(shop.database) as sent:
            found = await shop.ask(MANY)
        assert len(found["foodBatchesRecalls"]["nodes"]) == n * (n + 1) // 2
        counts.append(len(sent))
    assert counts[0] == counts[1] == counts[2]
