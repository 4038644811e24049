"""What a module of batches tells of goods that lie as units of another module: all of it is of the batch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database
from core.errors import Refused
from core.extension.registry import Registry
from core.ids import uuid7
from core.ledger.records import lot_id
from core.plugin_api import Span, today, today_by_place
from plugins.food_batches import attributes, batches, recalls, samples, tables, watch
from plugins.food_batches import plugin as food
from plugins.food_batches.near import near_expiry, totals
from plugins.food_batches.rules.life import Freshness
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import figures, lists, register
from plugins.food_batches.stock import tables as stock
from plugins.food_batches.stock.lists import BatchFilter
from plugins.food_batches.stock.register import RegisterFilter
from plugins.serial_numbers import plugin as serial
from tests.ledger_world import codes
from tests.plugins.together.sets import FOOD, SERIAL, Together

D = Decimal
ITEM = "A"


class Dairy(Together):
    """Cheese whose pieces are numbered, and the day it is."""

    on_day: date

    def day(self, offset: int) -> date:
        return self.on_day + timedelta(days=offset)

    def lot(self, code: str) -> UUID:
        return lot_id(self.id_of(ITEM), code)

    async def receive(self, batch: str, expires: int, *numbers: str, **more: Any) -> UUID:
        """Pieces at 5 each that came from a supplier ten days ago."""
        told = {FOOD: {"expires_on": self.day(expires)}}
        line = self.line(ITEM, numbers=numbers, lot=batch, extensions=told, price=5)
        return await self.world.posted("receipt", line, on=self.day(-10), **more)

    def tx(self) -> Any:
        return self.world.db.transaction(self.world.principal.tenant_id)


@pytest.fixture
async def dairy(db: Database, installed: Registry) -> AsyncIterator[Dairy]:
    """Of batch OLD, which expired yesterday, there are O1 and O2, of NEAR, which will in three days, N1 and
    N2 in the warehouse and N3 in the shop, of FRESH F1."""
    dairy = await Dairy.start(db, (FOOD, SERIAL))
    assert isinstance(dairy, Dairy)
    async with db.snapshot(dairy.world.principal.tenant_id) as tx:
        dairy.on_day = await today(tx)
    await dairy.receive("OLD", -1, "O1", "O2")
    await dairy.receive("NEAR", 3, "N1", "N2")
    await dairy.receive("NEAR", 3, "N3", at="SHOP")
    await dairy.receive("FRESH", 60, "F1")
    yield dairy
    assert await dairy.differences(deep=True) == []


async def test_near_expiry_counts_the_numbers_of_a_batch(dairy: Dairy) -> None:
    settings = FoodSettings()
    async with dairy.tx() as tx:
        found = await near_expiry(tx, settings, await today_by_place(tx))
    places = {id_: code for code, id_ in dairy.world.places.items()}
    listed = {(one.batch.lot_id, places[one.place_id]): (one.quantity, one.value) for one in found}
    assert listed == {
        (dairy.lot("OLD"), "MAIN"): (D(2), D(10)),
        (dairy.lot("NEAR"), "MAIN"): (D(2), D(10)),
        (dairy.lot("NEAR"), "SHOP"): (D(1), D(5)),
    }
    assert found[0].freshness is Freshness.EXPIRED
    sums = totals(found)
    assert (sums.near_batches, sums.near_value, sums.expired_value) == (1, D(15), D(10))


async def test_numbers_of_an_expired_batch_are_held(dairy: Dairy) -> None:
    async with dairy.tx() as tx:
        assert await watch.hold_unusable(tx) == 1
        assert await watch.hold_unusable(tx) == 0
    held = await dairy.world.rows("SELECT lot_id FROM hold WHERE released_at IS NULL")
    assert held == [(dairy.lot("OLD"),)]
    sale = await dairy.world.try_("issue", dairy.line(ITEM, numbers=["O1"]), on=dairy.day(0))
    assert codes(sale) == ["ON_HOLD"]


async def test_a_corrected_batch_lets_its_numbers_go(dairy: Dairy, db: Database) -> None:
    async with dairy.tx() as tx:
        await watch.hold_unusable(tx)
    changes = batches.Changes(expires_on=dairy.day(5))
    who = db, dairy.world.principal
    await batches.update_batch(*who, uuid7(), dairy.lot("OLD"), changes, "misread")
    await dairy.world.posted("issue", dairy.line(ITEM, numbers=["O1"]), on=dairy.day(0))


async def test_batches_are_listed_by_where_their_numbers_lie(dairy: Dairy) -> None:
    async def listed(**wanted: Any) -> list[UUID]:
        async with dairy.tx() as tx:
            found = await lists.list_batches(tx, BatchFilter(**wanted), None, 10)
            assert await lists.count_batches(tx, BatchFilter(**wanted)) == len(found)
        return [lot for _, lot in found]

    old, near, fresh = map(dairy.lot, ("OLD", "NEAR", "FRESH"))
    assert await listed(in_stock=True) == [old, near, fresh]
    assert await listed(place_id=dairy.world.places["SHOP"]) == [near]
    await dairy.world.posted("issue", dairy.line(ITEM, numbers=["F1"]), on=dairy.day(0))
    assert await listed(in_stock=True) == [old, near]


async def test_the_register_tells_of_batches(dairy: Dairy) -> None:
    await dairy.world.posted("issue", dairy.line(ITEM, numbers=["N1", "F1"]), on=dairy.day(0))
    async with dairy.tx() as tx:
        found = await register.list_entries(tx, RegisterFilter(), None, 20)
        of_near = await register.list_entries(
            tx, RegisterFilter(lot_id=dairy.lot("NEAR")), None, 20
        )
    assert sorted((one.account, one.lot_id, one.quantity) for one in found) == sorted(
        [
            ("supplier", dairy.lot("OLD"), D(2)),
            ("supplier", dairy.lot("NEAR"), D(2)),
            ("supplier", dairy.lot("NEAR"), D(1)),
            ("supplier", dairy.lot("FRESH"), D(1)),
            ("customer", dairy.lot("NEAR"), D(1)),
            ("customer", dairy.lot("FRESH"), D(1)),
        ]
    )
    assert [one.quantity for one in of_near] == [2, 1, 1]


async def test_expired_numbers_that_are_scrapped_are_counted(dairy: Dairy) -> None:
    await dairy.world.posted("scrap", dairy.line(ITEM, numbers=["O1", "F1"]), on=dairy.day(0))
    span = Span(dairy.day(-20), dairy.day(0))
    async with dairy.tx() as tx:
        scrapped, received = await figures.scrapped_and_received(tx, span, None)
    assert (scrapped, received) == (D(5), D(30))


async def test_what_came_with_a_document_is_of_batches(dairy: Dairy) -> None:
    document = await dairy.receive("FRESH", 60, "F2", "F3")
    async with dairy.tx() as tx:
        found = await stock.brought_in(tx, [document])
    assert [(one.account, one.lot_id, one.quantity) for one in found] == [
        ("supplier", dairy.lot("FRESH"), D(2))
    ]


async def test_units_make_no_batches_of_their_own(dairy: Dairy, db: Database) -> None:
    known = await dairy.world.rows("SELECT count(*) FROM food_batches_batch")
    async with dairy.tx() as tx:
        assert await attributes.open_batches(tx) == []
    assert await dairy.world.rows("SELECT count(*) FROM food_batches_batch") == known == [(3,)]
    who = db, dairy.world.principal
    await batches.hold_batch(*who, uuid7(), dairy.lot("FRESH"), "smells")
    async with dairy.tx() as tx:
        [refusal] = await food.disabling(tx)
    assert (refusal.code, refusal.details) == (
        "FOOD_BATCHES_STOPPED_IN_STOCK",
        {"count": 1, "item": ITEM},
    )


async def test_a_sample_of_a_batch_takes_one_of_its_numbers(dairy: Dairy, db: Database) -> None:
    place = dairy.world.places["MAIN"]
    wanted = samples.Wanted(dairy.lot("NEAR"), place, D(1))
    await samples.take(db, dairy.world.principal, uuid7(), wanted)
    kept = await dairy.world.rows("SELECT lot_id, quantity FROM food_batches_sample")
    assert kept == [(dairy.lot("NEAR"), 1)]
    states = dict(await dairy.world.rows("SELECT number, state FROM serial_numbers_unit"))
    assert states["N1"] == "issued"


async def test_a_named_batch_gives_its_numbers_first_in_first_out(dairy: Dairy) -> None:
    await dairy.receive("FRESH", 60, "F0")
    await dairy.world.posted("issue", dairy.line(ITEM, 2, lot="FRESH", price=9), on=dairy.day(0))
    states = dict(await dairy.world.rows("SELECT number, state FROM serial_numbers_unit"))
    assert {number for number, state in states.items() if state == "sold"} == {"F0", "F1"}
    for batch, code in (("FRESH", "OUT_OF_STOCK"), ("OLD", "FOOD_BATCHES_EXPIRED")):
        sale = await dairy.world.try_("issue", dairy.line(ITEM, 1, lot=batch), on=dairy.day(0))
        assert codes(sale) == [code]
    short = await dairy.world.try_("issue", dairy.line(ITEM, 3, lot="NEAR"), on=dairy.day(0))
    assert codes(short) == ["OUT_OF_STOCK"]
    await dairy.world.posted("scrap", dairy.line(ITEM, 2, lot="OLD"), on=dairy.day(0))


async def test_a_dispatched_batch_arrives_in_parts(dairy: Dairy) -> None:
    sent = await dairy.world.posted(
        "dispatch",
        dairy.line(ITEM, 2, lot="NEAR"),
        dairy.line(ITEM, numbers=["F1"]),
        on=dairy.day(0),
    )
    back = dairy.line(ITEM, 2, lot="NEAR", source_line=1)
    head = {"on": dairy.day(0), "to": "SHOP", "place_id": None}
    await dairy.world.posted("arrival", back, source_id=sent, **head)
    states = dict(await dairy.world.rows("SELECT number, state FROM serial_numbers_unit"))
    assert [states[number] for number in ("N1", "N2", "F1")] == [
        *("in_stock", "in_stock", "in_transit")
    ]


async def test_a_number_stays_with_its_batch(dairy: Dairy) -> None:
    on = dairy.day(0)
    wrong = dairy.line(ITEM, numbers=["N1"], lot="FRESH")
    assert codes(await dairy.world.try_("issue", wrong, on=on)) == ["SERIAL_NUMBERS_OTHER_LOT"]
    await dairy.world.posted("issue", dairy.line(ITEM, numbers=["N1"], lot="NEAR"), on=on)
    back = dairy.line(ITEM, numbers=["N1"], lot="FRESH")
    verdict = await dairy.world.try_("return_from_customer", back, on=on)
    assert codes(verdict) == ["SERIAL_NUMBERS_OTHER_LOT"]
    await dairy.world.posted("return_from_customer", dairy.line(ITEM, numbers=["N1"]), on=on)
    async with dairy.tx() as tx:
        left = await lists.on_hand_of_lots(tx, [dairy.lot("NEAR")])
    assert left == {dairy.lot("NEAR"): 3}


async def test_a_count_of_a_batch_leaves_the_others_alone(dairy: Dairy) -> None:
    await dairy.world.posted("count", dairy.line(ITEM, numbers=["N2"], lot="NEAR"), on=dairy.day(0))
    states = dict(await dairy.world.rows("SELECT number, state FROM serial_numbers_unit"))
    assert {number for number, state in states.items() if state == "lost"} == {"N1"}
    found = dairy.line(ITEM, numbers=["N2", "X9"], lot="NEAR")
    await dairy.world.posted("count", found, on=dairy.day(0))
    async with dairy.tx() as tx:
        assert await stock.wholes(tx, [dairy.lot("X9")]) == {dairy.lot("X9"): dairy.lot("NEAR")}


async def test_a_recall_of_a_number_is_one_of_its_batch(dairy: Dairy, db: Database) -> None:
    who = db, dairy.world.principal
    lots = [dairy.lot("N1"), dairy.lot("N2")]
    made = await recalls.start_recall(*who, uuid7(), lots, "glass", descendants=True)
    found = await dairy.world.rows(
        "SELECT lot_id, produced, on_hand FROM food_batches_recall_batch WHERE recall_id = %s", made
    )
    assert found == [(dairy.lot("NEAR"), 3, 3)]
    assert await dairy.world.rows("SELECT count(*) FROM food_batches_batch") == [(3,)]
    with pytest.raises(Refused) as refused:
        await recalls.start_recall(*who, uuid7(), [dairy.lot("N3")], "glass", descendants=False)
    assert [one.code for one in refused.value.refusals] == [recalls.UNDER_RECALL]


async def test_a_number_that_was_counted_keeps_its_receipt(dairy: Dairy) -> None:
    receipt = await dairy.receive("FRESH", 60, "F2")
    await dairy.world.posted(
        "count", dairy.line(ITEM, numbers=["F2"], lot="FRESH"), on=dairy.day(0)
    )
    assert codes(await dairy.world.undo(receipt)) == ["UNIT_COUNTED"]


async def test_new_goods_name_their_batch(dairy: Dairy) -> None:
    on = dairy.day(0)
    told = {FOOD: {"expires_on": dairy.day(9)}}
    bare = dairy.line(ITEM, numbers=["Z1"], extensions=told, price=5)
    assert codes(await dairy.world.try_("receipt", bare, on=on)) == ["FOOD_BATCHES_LOT_REQUIRED"]
    verdict = await dairy.world.try_("count", dairy.line(ITEM, numbers=["Z1"], at="SHOP"), on=on)
    assert codes(verdict) == ["FOOD_BATCHES_LOT_REQUIRED"]
    for lot, numbers in (("F1", ["Z1"]), ("Z1", ["Z1", "Z2"])):
        line = dairy.line(ITEM, numbers=numbers, lot=lot, extensions=told, price=5)
        verdict = await dairy.world.try_("receipt", line, on=on)
        assert codes(verdict) == ["SERIAL_NUMBERS_NOT_A_BATCH"]
    alone = dairy.line(ITEM, numbers=["Z1"], lot="Z1", extensions=told, price=5)
    await dairy.world.posted("receipt", alone, on=on)
    async with dairy.tx() as tx:
        batch = (await tables.batches_by_lot(tx, [dairy.lot("Z1")]))[dairy.lot("Z1")]
        assert list(await serial.differences(tx)) == []
    assert batch.expires_on == dairy.day(9)
