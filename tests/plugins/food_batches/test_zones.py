"""Goods expire the day after their date where they lie, whatever day it is elsewhere."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from core.ids import uuid7
from core.places import service as places
from core.places.rules import PlaceDraft
from core.plugin_api import today_by_place
from plugins.food_batches import plugin, posting, tables
from plugins.food_batches.rules import intake
from plugins.food_batches.rules.dates import ShelfLife
from plugins.food_batches.rules.records import Cause
from plugins.food_batches.stock.holds import holds_in_force
from plugins.food_batches.watch import hold_unusable
from schema.relay import decode_id, encode_id
from tests.plugins.food_batches.market import Market
from tests.plugins.food_batches.view import TODAY, Move, Shop
from tests.shop import line

DAY = timedelta(days=1)
EARLY, LATE = "Etc/GMT+12", "Pacific/Kiritimati"
"""26 hours apart: it is never the same day there."""


@pytest.fixture
def shop() -> Shop:
    """It is today, and still yesterday in BIN: a store in Los Angeles, of a company in Shanghai."""
    shop = Shop(days={"BIN": TODAY - DAY})
    shop.controls(shelf_life=ShelfLife(30))
    for place in ("STORE", "BIN"):
        shop.has("A", 5, place=place, expires_on=TODAY - DAY)
    return shop


def test_sold_through_its_last_day_there(shop: Shop) -> None:
    (refusal,) = shop.refused("issue", Move("STORE", "customer", "A"))
    assert refusal.code == posting.EXPIRED
    assert shop.refused("issue", Move("BIN", "customer", "A")) == []


def test_taken_only_where_it_is_good(shop: Shop) -> None:
    move = Move("STORE", "customer", None)
    found = plugin.allocate(shop.posting("issue"), move.line(shop, 1), shop.offers())
    assert [offer.place_id for offer in found or ()] == [shop.places["BIN"]]


def test_a_lot_that_leaves_two_places_at_once_is_judged_at_each(shop: Shop) -> None:
    moves = Move("BIN", "customer", "A"), Move("STORE", "customer", "A")
    (refusal,) = shop.refused("issue", *moves)
    assert (refusal.code, refusal.path[:2]) == (posting.EXPIRED, ("lines", 1))


def test_a_document_of_another_day_is_of_that_day_everywhere(shop: Shop) -> None:
    assert shop.refused("issue", Move("STORE", "customer", "A"), on=TODAY - DAY) == []
    shop.days["BIN"] = TODAY - 2 * DAY
    (refusal,) = shop.refused("issue", Move("BIN", "customer", "A"), on=TODAY + DAY)
    assert refusal.code == posting.EXPIRED


def test_arrivals_are_judged_where_they_arrive(shop: Shop) -> None:
    told = {"expires_on": TODAY - DAY}
    (refusal,) = shop.refused(
        "receipt", Move("supplier", "STORE", "N", told=told), party_id=shop.supplier
    )
    assert refusal.code == intake.ARRIVED_EXPIRED
    there = Move("supplier", "BIN", "N", told=told)
    assert shop.refused("receipt", there, party_id=shop.supplier) == []


async def place(market: Market, code: str, zone: str) -> str:
    draft = PlaceDraft(code=code, name=code, kind="store", zone=zone)
    made = await places.create_place(market.shop.database, market.shop.principal, uuid7(), draft)
    return encode_id("Place", made.id)


NEAR = """{ foodBatchesNearExpiry { lines(first: 9) { nodes { freshness daysLeft place { code } } } } }"""


async def test_through_the_books(market: Market) -> None:
    """Two stores between which a day always begins: the last day in one is over in the other."""
    early, late = await place(market, "EARLY", EARLY), await place(market, "LATE", LATE)
    async with market.transaction() as tx:
        days = await today_by_place(tx)
    last = days[decoded(early)]
    assert days[decoded(late)] > last
    milk = await market.food("MILK")
    for there in (early, late):
        told = {"lotCode": "A", "foodBatches": {"expiresOn": last.isoformat()}}
        await market.posted(
            "receipt", line(milk, "5", "2", **told), placeId=there, on=market.day(-9)
        )
    sale = line(milk, "1", "9", lotCode="A")
    assert await market.refused("issue", sale, placeId=late) == [posting.EXPIRED]
    await market.posted("issue", sale, placeId=early)
    found = (await market.shop.ask(NEAR))["foodBatchesNearExpiry"]["lines"]["nodes"]
    told_there = {one["place"]["code"]: (one["freshness"], one["daysLeft"]) for one in found}
    assert told_there["EARLY"] == ("NEAR", 0)
    assert told_there["LATE"] == ("EXPIRED", -(days[decoded(late)] - last).days)
    # The hold is of all of a batch: it waits until the last place has its midnight behind it.
    async with market.transaction() as tx:
        assert await hold_unusable(tx) == 0
    await market.posted("scrap", line(milk, "4", lotCode="A"), placeId=early)
    async with market.transaction() as tx:
        assert await hold_unusable(tx) == 1
        (batch,) = await tables.batches_of(tx)
        assert [*await holds_in_force(tx, [batch.lot_id])] == [(batch.lot_id, Cause.EXPIRED)]


def decoded(global_id: str) -> UUID:
    found = decode_id(global_id)
    assert found is not None
    return found[1]
