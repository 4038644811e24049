"""Numbers that belong to batches of another module: what is decided for a batch reaches each of its units."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database
from core.documents.records import LineDraft
from core.extension.registry import Plugin, Registry, using
from core.ids import uuid7
from core.ledger.records import lot_id
from plugins.food_batches import batches, recalls
from plugins.food_batches import plugin as food
from plugins.serial_numbers import plugin
from plugins.serial_numbers.refusals import NOT_ALLOWED
from tests.core.extension.making import switch_on
from tests.ledger_world import day
from tests.plugins.serial_numbers.stores import Store

FOOD = "food_batches"


@pytest.fixture(scope="module")
def both() -> Iterator[Registry]:
    modules = [Plugin(food.manifest, food), Plugin(plugin.manifest, plugin)]
    with using(Registry(modules)) as registry:
        yield registry


@pytest.fixture(params=["serial", "item_lot", "item"])
async def store(
    db: Database, both: Registry, request: pytest.FixtureRequest
) -> AsyncIterator[Store]:
    """A store with both modules on, and CHEESE under both controls: of batch LATE, which came first, there
    are L1 and L2, of EARLY E1, E2 and E3, of GONE G1."""
    store = await Store.start(db)
    world = store.world
    await switch_on(db, world.principal, FOOD)
    await store.item("CHEESE", cost_scope=request.param)
    async with db.transaction(world.principal.tenant_id) as tx:
        sent = {world.items["CHEESE"]: {"batch_control": True}}
        assert await food.save_attributes(tx, "item", sent) == []
    await came(store, "LATE", 30, "L1", "L2", on=1)
    await came(store, "EARLY", 20, "E1", "E2", "E3", on=2)
    await came(store, "GONE", 3, "G1", on=2)
    yield store
    await store.tallies()
    async with db.snapshot(world.principal.tenant_id) as tx:
        assert list(await food.differences(tx)) == []


async def came(store: Store, batch: str, expires: int, *numbers: str, on: int) -> None:
    told = {FOOD: {"expires_on": day(expires), "produced_on": day(1)}}
    line = both_told(store.line("CHEESE", *numbers, price=5, lot_code=batch), told)
    await store.posted("opening", line, on=on)


def both_told(line: LineDraft, more: dict[str, Any]) -> LineDraft:
    extensions = {**line.extensions, **more}
    return LineDraft(
        line.item_id,
        line.quantity,
        unit_price=line.unit_price,
        lot_code=line.lot_code,
        extensions=extensions,
    )


def lot(store: Store, batch: str) -> UUID:
    return lot_id(store.world.items["CHEESE"], batch)


async def test_the_first_to_expire_go_first_among_numbers(store: Store) -> None:
    await store.posted("issue", store.line("CHEESE", quantity=4, price=9), on=5)
    assert await store.at("MAIN") == {"L2", "G1"}
    assert await store.codes("issue", store.line("CHEESE", quantity=2), on=5) == ["OUT_OF_STOCK"]


async def test_a_number_of_an_expired_batch_is_not_sold(store: Store) -> None:
    [refusal] = await store.refused("issue", store.line("CHEESE", "G1"), on=5)
    assert (refusal.code, refusal.details["lot"]) == ("FOOD_BATCHES_EXPIRED", "GONE")
    await store.posted("scrap", store.line("CHEESE", "G1"), on=5)
    assert (await store.states())["G1"] == "scrapped"


async def test_what_is_in_repair_is_passed_over(store: Store) -> None:
    await store.decide(repair_place_ids=[str(store.world.places["SHOP"])])
    await store.posted("transfer", store.line("CHEESE", "E1", to="SHOP"), on=3)
    picked = store.line("CHEESE", quantity=1)
    assert await store.codes("issue", picked, at="SHOP", on=4) == ["OUT_OF_STOCK"]
    named = store.line("CHEESE", "E1")
    assert await store.codes("issue", named, at="SHOP", on=4) == [NOT_ALLOWED]


async def test_a_held_batch_holds_its_numbers(store: Store, db: Database) -> None:
    principal = store.world.principal
    await batches.hold_batch(db, principal, uuid7(), lot(store, "EARLY"), "smells")
    assert await refusals(store, "E1") == ["ON_HOLD"]
    await store.posted("issue", store.line("CHEESE", quantity=2), on=5)
    assert await store.at("MAIN") == {"E1", "E2", "E3", "G1"}
    await batches.release_batch(db, principal, uuid7(), lot(store, "EARLY"), "fine")
    await store.posted("issue", store.line("CHEESE", "E1"), on=5)


async def test_a_recall_reaches_numbers(store: Store, db: Database) -> None:
    world = store.world
    sold = await store.posted("issue", store.line("CHEESE", "E1", "E2", price=9), on=5)
    recall = await recalls.start_recall(
        db, world.principal, uuid7(), [lot(store, "EARLY")], "glass", descendants=True
    )
    assert await refusals(store, "E3") == ["ON_HOLD"]
    back = store.line("CHEESE", "E1", "E2", source_line=1)
    await store.posted("return_from_customer", back, source_id=sold, on=6)
    returned = "SELECT quantity FROM food_batches_recall_return WHERE recall_id = %s"
    assert await world.rows(returned, recall) == [(2,)]
    frozen = "SELECT produced, on_hand FROM food_batches_recall_batch WHERE recall_id = %s"
    assert await world.rows(frozen, recall) == [(3, 1)]
    assert await refusals(store, "E1") == ["ON_HOLD"]


async def test_a_count_by_scanning_knows_the_batches(store: Store) -> None:
    await store.posted("count", store.line("CHEESE", "L1", "L2", "E1", "E3", "G1"), on=6)
    assert await store.at("MAIN") == {"L1", "L2", "E1", "E3", "G1"}
    assert (await store.states())["E2"] == "lost"


async def refusals(store: Store, number: str) -> list[str]:
    """The codes for which a sale of one number is refused."""
    verdict = await store.world.try_("issue", store.line("CHEESE", number, price=9), on=7)
    return [refusal.code for refusal in verdict.refusals]
