"""All that can happen to a promise, two at a time at two processes: each is resolved once, and what is on
hand is what came less what was issued, reserved or free (G9)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations_with_replacement

import pytest

from core.ids import uuid7
from tests.races.crowd import Crowd, Json, codes, line, posting
from tests.races.mutations import CLOSE, UNAPPROVE, mutation
from tests.races.test_sources import Send, following, sending

ROUNDS = 1
FULL_ROUNDS = 133
"""Of each pair; 15 pairs make 2,000 races."""
STOCK, WANTED = 10, 6
"""There is enough for one, whoever it is."""
WAITING_ROUNDS = 12
LAPSES = timedelta(seconds=1.5)
SELLERS = 8

ACTIONS = ("reserve", "deliver", "sell", "unapprove", "close")
REFUSED = {
    "reserve": {"NOT_RESERVABLE"},
    "deliver": {"SOURCE_NOT_READY", "BEYOND_ORDER", "OUT_OF_STOCK"},
    "sell": {"OUT_OF_STOCK"},
    "unapprove": {"STALE_REVISION", "WRONG_STATE", "ALREADY_EXECUTED"},
    "close": {"STALE_REVISION", "WRONG_STATE"},
}
SETTINGS = mutation("updateSettings", "UpdateSettingsInput", "")
FREE = """query($items: [ID!]!) {
  availability(itemIds: $items) { onHand reserved available } }"""


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(FULL_ROUNDS, marks=pytest.mark.slow)])
async def test_whatever_meets_an_order_is_resolved_once(crowd: Crowd, rounds: int) -> None:
    outcomes: Counter[str] = Counter()
    pairs = [*combinations_with_replacement(ACTIONS, 2)] * rounds
    for n, pair in enumerate(pairs):
        item = await crowd.item(f"PAIR{n}")
        await crowd.posted("receipt", line(item, STOCK, 3))
        order = await crowd.posted("sales_order", line(item, WANTED, 5))
        payloads = await crowd.at_once([_asking(crowd, a, order, item) for a in pair])
        found = list(zip(pair, payloads, strict=True))
        for action, payload in found:
            assert set(codes([payload])) <= {"done", *REFUSED[action]}, (pair, payload)
        done = Counter(action for action, payload in found if not payload["errors"])
        outcomes[f"{' and '.join(pair)}: {', '.join(sorted(done.elements())) or 'none'}"] += 1
        await _is_conserved(crowd, item, done)
    print("\n".join(f"{count} × {outcome}" for outcome, count in sorted(outcomes.items())))


def _asking(crowd: Crowd, action: str, order: Json, item: str) -> Send:
    match action:
        case "reserve":
            return posting(crowd.document("sales_order", line(item, WANTED, 5)))
        case "deliver":
            return following(crowd, "issue", order, item, WANTED)
        case "sell":
            return posting(crowd.document("issue", line(item, WANTED, 5)))
        case _:
            step = UNAPPROVE if action == "unapprove" else CLOSE
            return sending(step, id=order["id"], revision=order["revision"])


async def _is_conserved(crowd: Crowd, item: str, done: Counter[str]) -> None:
    """The order ends once: delivered, closed or taken back; only then another can have the goods."""
    ended = done["deliver"] + done["unapprove"] + done["close"]
    assert ended <= 1, done
    issued = WANTED * (done["deliver"] + done["sell"])
    reserved = WANTED * (1 - ended + done["reserve"])
    assert issued + reserved <= STOCK, done
    (free,) = (await crowd.first.ask(FREE, items=[item]))["availability"]
    shown = {key: Decimal(quantity) for key, quantity in free.items()}
    left = STOCK - issued
    assert shown == {"onHand": left, "reserved": reserved, "available": left - reserved}, done


async def test_the_goods_are_for_whoever_is_first_in_turn(crowd: Crowd) -> None:
    """Two orders wait for what is enough for one. The second gets it only when the first has given up."""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    [payload] = (await crowd.first.ask(SETTINGS, input=sent)).values()
    assert payload["errors"] == []
    outcomes: Counter[str] = Counter()
    for n in range(WAITING_ROUNDS):
        item = await crowd.item(f"WAITING{n}")
        await crowd.posted("receipt", line(item, STOCK, 3))
        orders = [await crowd.posted("sales_order", line(item, WANTED, 5)) for _ in range(2)]
        delivering = [following(crowd, "issue", order, item, WANTED) for order in orders]
        step = (UNAPPROVE, CLOSE)[n % 2]
        up = sending(step, id=orders[0]["id"], revision=orders[0]["revision"])
        both = n % 4 < 2
        first, second = await crowd.at_once([delivering[0] if both else up, delivering[1]])
        assert set(codes([first])) == {"done"}, first
        assert set(codes([second])) <= {"OUT_OF_STOCK"} | (set() if both else {"done"}), second
        outcomes[f"{'delivered' if both else 'given up'}: {[*codes([second])]}"] += 1
        left = STOCK - WANTED * (both + codes([second])["done"])
        (free,) = (await crowd.first.ask(FREE, items=[item]))["availability"]
        assert Decimal(free["onHand"]) == left
    print("\n".join(f"{count} × {outcome}" for outcome, count in sorted(outcomes.items())))


async def test_what_a_lapsed_promise_held_is_sold_once_and_not_before(crowd: Crowd) -> None:
    item = await crowd.item("LAPSING")
    await crowd.posted("receipt", line(item, STOCK, 3))
    lapses = datetime.now(UTC) + LAPSES
    await crowd.posted("sales_order", line(item, STOCK, 5, expiresAt=lapses.isoformat()))
    sold: list[datetime] = []
    refused = 0
    while not sold:
        assert datetime.now(UTC) < lapses + 20 * LAPSES
        sales = [posting(crowd.document("issue", line(item, STOCK, 5))) for _ in range(SELLERS)]
        payloads = await crowd.at_once(sales)
        assert set(codes(payloads)) <= {"done", "OUT_OF_STOCK"}
        sold += [datetime.now(UTC)] * codes(payloads)["done"]
        refused += codes(payloads)["OUT_OF_STOCK"]
    assert len(sold) == 1
    assert sold[0] >= lapses
    assert refused >= SELLERS - 1
