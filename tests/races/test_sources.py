"""What may happen once happens once, though two processes are asked at the same time: deliveries of an
order, returns of a sale, a reversal, a promise, a step of a document's life (G9, rule 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

import pytest

from core.ids import uuid7
from tests.races.crowd import Client, Crowd, Json, codes, line, posting
from tests.races.mutations import (
    APPROVE,
    CLOSE,
    PLACE_HOLD,
    POST_DRAFT,
    REVERSE,
    SAVE_DRAFT,
    UNAPPROVE,
)

ROUNDS = 5
FULL_ROUNDS = 60

Send = Callable[[Client], Awaitable[Json]]
ROUND = pytest.mark.parametrize(
    "rounds", [ROUNDS, pytest.param(FULL_ROUNDS, marks=pytest.mark.slow)]
)


def sending(mutation: str, /, **input_: object) -> Send:
    """What a client does to send this mutation, as a command of its own."""
    return lambda client: client.does(mutation, {"commandId": str(uuid7()), **input_})


def following(crowd: Crowd, type_: str, source: Json, item: str, quantity: int) -> Send:
    """A document that carries out, or returns, the first line of its source."""
    one = line(item, quantity, 3, sourceLine=1)
    return posting(crowd.document(type_, one, sourceId=source["id"]))


async def won(crowd: Crowd, sends: Sequence[Send], refused: Sequence[str]) -> int:
    """Which one of these was carried out; all others were refused with one of these codes."""
    payloads = await crowd.at_once(sends)
    winners = [n for n, payload in enumerate(payloads) if not payload["errors"]]
    assert len(winners) == 1, payloads
    assert set(codes(payloads)) <= {"done", *refused}, payloads
    return winners[0]


@ROUND
@pytest.mark.parametrize("many", [2, 4])
@pytest.mark.parametrize(
    ("order", "delivery"),
    [("purchase_order", "receipt"), ("sales_order", "issue"), ("requisition", "purchase_order")],
)
async def test_an_order_is_not_carried_out_beyond_what_it_says(
    crowd: Crowd, order: str, delivery: str, many: int, rounds: int
) -> None:
    item = await crowd.item("ORDERED")
    await crowd.posted("receipt", line(item, 100 * rounds, 3))
    for _ in range(rounds):
        made = await crowd.posted(order, line(item, 10, 3))
        deliveries = [following(crowd, delivery, made, item, 6) for _ in range(many)]
        await won(crowd, deliveries, ["BEYOND_ORDER"])


@ROUND
@pytest.mark.parametrize("many", [2, 4])
@pytest.mark.parametrize(
    ("first", "back"), [("issue", "return_from_customer"), ("receipt", "return_to_supplier")]
)
async def test_no_more_goes_back_than_there_was(
    crowd: Crowd, first: str, back: str, many: int, rounds: int
) -> None:
    item = await crowd.item("BACK")
    await crowd.posted("receipt", line(item, 100 * rounds, 3))
    for _ in range(rounds):
        made = await crowd.posted(first, line(item, 10, 3))
        returns = [following(crowd, back, made, item, 6) for _ in range(many)]
        await won(crowd, returns, ["BEYOND_ORDER"])


@ROUND
async def test_what_is_in_transit_arrives_once(crowd: Crowd, rounds: int) -> None:
    item, shop = await crowd.item("SENT"), await crowd.place("SHOP")
    await crowd.posted("receipt", line(item, 100 * rounds, 3))
    for _ in range(rounds):
        sent = await crowd.posted("dispatch", line(item, 10), toPlaceId=shop)
        one = line(item, 6, sourceLine=1)
        arrivals = [
            posting(crowd.document("arrival", one, sourceId=sent["id"], toPlaceId=shop))
            for _ in range(4)
        ]
        await won(crowd, arrivals, ["BEYOND_ORDER", "OUT_OF_STOCK"])


@ROUND
async def test_a_document_is_reversed_once_by_many(crowd: Crowd, rounds: int) -> None:
    item = await crowd.item("UNDO")
    for _ in range(rounds):
        made = await crowd.posted("receipt", line(item, 5, 3))
        await won(crowd, [sending(REVERSE, id=made["id"])] * 8, ["ALREADY_REVERSED"])
    assert await crowd.on_hand(item) == 0


@ROUND
async def test_a_sale_that_is_reversed_is_not_returned_as_well(crowd: Crowd, rounds: int) -> None:
    item = await crowd.item("UNSOLD")
    await crowd.posted("receipt", line(item, 10, 3))
    for _ in range(rounds):
        sold = await crowd.posted("issue", line(item, 10, 5))
        back = following(crowd, "return_from_customer", sold, item, 10)
        await won(
            crowd,
            [sending(REVERSE, id=sold["id"]), back],
            ["HAS_DEPENDENTS", "SOURCE_NOT_READY"],
        )
        assert await crowd.on_hand(item) == 10


@ROUND
async def test_what_is_promised_is_not_sold_as_well(crowd: Crowd, rounds: int) -> None:
    item = await crowd.item("PROMISED")
    winners: Counter[int] = Counter()
    for _ in range(rounds):
        await crowd.posted("receipt", line(item, 10, 3))
        order = crowd.document("sales_order", line(item, 6, 5))
        sale = crowd.document("issue", line(item, 6, 5))
        winner = await won(
            crowd, [posting(order), posting(sale)], ["NOT_RESERVABLE", "OUT_OF_STOCK"]
        )
        winners[winner] += 1
        if winner == 0:
            known = (await crowd.first.post(order))["document"]
            await carry_out(crowd, sending(CLOSE, id=known["id"], revision=known["revision"]))
        await crowd.posted("issue", line(item, 10 if winner == 0 else 4, 5))
    print(f"the promise came first {winners[0]} times, the sale {winners[1]} times")


@ROUND
async def test_a_promise_of_the_whole_is_kept_from_its_parts(crowd: Crowd, rounds: int) -> None:
    """Two sales of different bins each leave enough, both together do not (rule 4.1)."""
    item = await crowd.item("WHOLE")
    bins = [await crowd.place(code, "MAIN") for code in ("A", "B")]
    for bin_ in bins:
        await crowd.posted("receipt", line(item, 5, 3), placeId=bin_)
    await crowd.posted("sales_order", line(item, 6, 5))
    for _ in range(rounds):
        sales = [posting(crowd.document("issue", line(item, 4, 5), placeId=b)) for b in bins]
        taken = await won(crowd, sales, ["OUT_OF_STOCK"])
        await crowd.posted("receipt", line(item, 4, 3), placeId=bins[taken])


@ROUND
async def test_an_order_is_carried_out_or_taken_back(crowd: Crowd, rounds: int) -> None:
    """Unapproved or closed, it is delivered no more; delivered, it is not unapproved. What is closed
    beside a delivery of its part may come after it."""
    item = await crowd.item("EITHER")
    await crowd.posted("receipt", line(item, 100 * rounds, 3))
    for step in (UNAPPROVE, CLOSE):
        for _ in range(rounds):
            order = await crowd.posted("sales_order", line(item, 10, 5))
            end = sending(step, id=order["id"], revision=order["revision"])
            payloads = await crowd.at_once([end, following(crowd, "issue", order, item, 4)])
            found = set(codes(payloads))
            assert found <= {"done", "ALREADY_EXECUTED", "SOURCE_NOT_READY"}, payloads
            assert codes(payloads)["done"] == 1 or (step == CLOSE and found == {"done"}), payloads
    free = (await crowd.first.ask(FREE, items=[item]))["availability"][0]
    open_ = Decimal(free["reserved"])
    assert Decimal(free["available"]) == Decimal(free["onHand"]) - open_
    assert open_ <= 6 * rounds  # only orders of which a part was delivered still stand


FREE = "query($items: [ID!]!) { availability(itemIds: $items) { onHand reserved available } }"


@ROUND
async def test_a_hold_comes_before_the_sale_or_after_it(crowd: Crowd, rounds: int) -> None:
    for n in range(rounds):
        item = await crowd.item(f"RECALLED{n}")
        await crowd.posted("receipt", line(item, 10, 3))
        sale = crowd.document("issue", line(item, 1, 5))
        hold = sending(PLACE_HOLD, itemId=item, reason="recalled")
        held, *sold = await crowd.at_once([hold, posting(sale), posting(sale)])
        assert held["errors"] == []
        assert len(codes(sold)) == 1, sold
        assert set(codes(sold)) <= {"done", "ON_HOLD"}
        later = await crowd.first.post(crowd.document("issue", line(item, 1, 5)))
        assert set(codes([later])) == {"ON_HOLD"}


@ROUND
@pytest.mark.parametrize("guessed", [False, True], ids=["", "by a guessed revision"])
async def test_a_draft_is_posted_as_it_was_seen(crowd: Crowd, guessed: bool, rounds: int) -> None:
    """Posting names the revision it saw: the edit comes after it and is refused, or before and the
    posting is. One who guesses the edit's revision may post what the edit wrote, and nothing else."""
    before, after = await crowd.item("BEFORE"), await crowd.item("AFTER")
    wrote = {before: 0, after: 0}
    for _ in range(rounds):
        content = crowd.document("receipt", line(before, 1, 3))["document"]
        saved = await carry_out(crowd, sending(SAVE_DRAFT, document=content))
        revision = saved["document"]["revision"]
        edited = content | {"lines": [line(after, 1, 3)]}
        edit = sending(SAVE_DRAFT, document=edited, revision=revision)
        post = sending(
            POST_DRAFT, id=saved["document"]["id"], revision=revision + 1 if guessed else revision
        )
        wrote_it, posted = await crowd.at_once([edit, post])
        if not guessed:
            assert codes([wrote_it, posted])["done"] == 1, (wrote_it, posted)
        refused = set(codes([wrote_it, posted])) - {"done"}
        assert refused <= {"STALE_REVISION", "WRONG_STATE"}, (wrote_it, posted)
        if not posted["errors"]:
            wrote[after if guessed else before] += 1
    for item, count in wrote.items():
        assert await crowd.on_hand(item) == count


@ROUND
async def test_a_draft_is_approved_or_edited(crowd: Crowd, rounds: int) -> None:
    item = await crowd.item("APPROVED")
    await crowd.posted("receipt", line(item, 10 * rounds, 3))
    for _ in range(rounds):
        content = crowd.document("sales_order", line(item, 1, 5))["document"]
        saved = await carry_out(crowd, sending(SAVE_DRAFT, document=content))
        seen = saved["document"]["revision"]
        edited = content | {"lines": [line(item, 2, 5)]}
        edit = sending(SAVE_DRAFT, document=edited, revision=seen)
        approve = sending(APPROVE, id=saved["document"]["id"], revision=seen)
        await won(crowd, [edit, approve], ["STALE_REVISION", "WRONG_STATE"])


async def carry_out(crowd: Crowd, send: Send) -> Json:
    """Send what must not be refused."""
    payload = await send(crowd.first)
    assert payload["errors"] == [], payload
    return payload
