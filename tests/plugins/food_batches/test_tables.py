"""The tables of the module: what they refuse, what they answer, and what they know of core's stock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import lint, roles
from core.db.database import Database
from core.db.embedded import EmbeddedServer
from core.errors import Refusal
from core.ids import uuid7
from core.ledger.records import lot_id
from core.parties import service as parties
from core.parties.rules import PartyDraft
from plugins.food_batches import attributes, plugin, tables
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife
from plugins.food_batches.rules.recall import shares
from plugins.food_batches.rules.records import (
    Batch,
    Item,
    Licence,
    LicenceKind,
    MinimumLife,
    Status,
    Storage,
)
from plugins.food_batches.stock import tables as stock
from plugins.food_batches.trace import came_in, delivered, follow, on_hand, suppliers
from tests.ledger_world import World

DAY = date(2026, 3, 1)


async def save(world: World, kind: str, values: Mapping[UUID, Any]) -> list[Refusal]:
    async with world.db.transaction(world.principal.tenant_id) as tx:
        return list(await plugin.save_attributes(tx, kind, values))


async def asked(world: World, hook: Any) -> list[Any]:
    async with world.db.transaction(world.principal.tenant_id) as tx:
        return list(await hook(tx))


async def party(world: World, code: str, **facts: Any) -> UUID:
    draft = PartyDraft(code=code, name=code, is_supplier=True, is_customer=True, **facts)
    return (await parties.create_party(world.db, world.principal, uuid7(), draft)).id


def codes(refusals: list[Refusal]) -> list[str]:
    return [refusal.code for refusal in refusals]


async def test_the_database_is_as_declared(server: EmbeddedServer, database_name: str) -> None:
    engine = sa.create_engine(
        server.url(roles.OWNER, database_name).replace("postgresql", "postgresql+psycopg", 1)
    )
    try:
        with engine.connect() as connection:
            options = {
                "compare_type": True,
                "include_name": lambda name, kind, _: (
                    kind != "table" or (name.startswith("food_batches_") and "version" not in name)
                ),
            }
            context = MigrationContext.configure(connection, opts=options)
            found = compare_metadata(context, tables.tables.metadata)
            assert [change for change in found if "food_batches" in str(change)] == []
    finally:
        engine.dispose()


async def test_tenants_are_kept_apart(db: Database) -> None:
    async with db.directory() as connection:
        assert await lint.problems(connection) == []


async def test_what_is_kept_with_an_item_comes_back(world: World) -> None:
    milk = await world.item("MILK")
    ((unit,),) = await world.rows("SELECT base_unit_id FROM item WHERE code = 'MILK'")
    told = {
        **{"shelf_life_value": 12, "shelf_life_unit": "months", "storage": "chilled"},
        **{"storage_note": "2–6 °C", "near_days": 20, "second_unit_id": unit},
        **{"second_min": Decimal("0.9"), "second_max": Decimal("1.1")},
    }
    assert await save(world, "item", {milk: told}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.items_by_id(tx, [milk, uuid7()]) == {
            milk: Item(
                *(milk, True, ShelfLife(12, LifeUnit.MONTHS), Storage.CHILLED, "2–6 °C", 20),
                *(unit, Decimal("0.9"), Decimal("1.1")),
            )
        }
    assert await save(world, "item", {milk: None}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert not (await tables.items_by_id(tx, [milk]))[milk].batch_control


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"shelf_life_value": 0}, "shelfLife"),
        ({"shelf_life_value": 1201, "shelf_life_unit": "months"}, "shelfLife"),
        ({"near_days": -1}, "nearExpiryDays"),
        ({"second_min": Decimal(1)}, "secondUnitId"),
        ({"second_unit_id": uuid7()}, "secondUnitId"),
        ({"second_unit_id": uuid7(), "second_max": Decimal(0)}, "secondMaximum"),
        (
            {"second_unit_id": uuid7(), "second_min": Decimal(2), "second_max": Decimal(1)},
            "secondMaximum",
        ),
    ],
)
async def test_items_that_cannot_be(world: World, told: dict[str, Any], path: str) -> None:
    milk = await world.item("MILK")
    first, *_ = await save(world, "item", {milk: told})
    assert first.path == (str(milk), path)
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.items_by_id(tx, [milk]) == {}


async def test_what_is_kept_with_a_party_comes_back(world: World) -> None:
    ann = await party(world, "ANN")
    papers = [
        {"kind": "food_trade", "number": " JY1 ", "valid_until": DAY},
        {"kind": "business", "number": "91"},
    ]
    told = {"minimum_numerator": 2, "minimum_denominator": 3, "licences": papers}
    assert await save(world, "party", {ann: told}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.minimums_by_party(tx, [ann]) == {
            ann: MinimumLife(fraction=Fraction(2, 3))
        }
        assert await tables.licences_by_party(tx, [ann]) == {
            ann: [
                Licence(LicenceKind.BUSINESS, "91"),
                Licence(LicenceKind.FOOD_TRADE, "JY1", DAY),
            ]
        }
    assert await save(world, "party", {ann: {"minimum_days": 30}}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert len((await tables.licences_by_party(tx, [ann]))[ann]) == 2, (
            "nothing was told of them"
        )
    assert await save(world, "party", {ann: {"licences": []}}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.minimums_by_party(tx, [ann]) == {ann: MinimumLife(days=30)}
        assert await tables.licences_by_party(tx, [ann]) == {ann: []}
    assert await save(world, "party", {ann: None}) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.minimums_by_party(tx, [ann]) == {}


@pytest.mark.parametrize(
    "told",
    [
        {"minimum_days": -1},
        {"minimum_days": 1, "minimum_numerator": 1, "minimum_denominator": 2},
        {"minimum_numerator": 3, "minimum_denominator": 2},
        {"minimum_numerator": 0, "minimum_denominator": 0},
        {"minimum_numerator": 1},
        {"licences": [{"kind": "other", "number": " "}]},
        {"licences": [{"kind": "other", "number": "9" * 65}]},
        {"licences": [{"kind": "other", "number": "1"}] * 2},
        {"licences": [{"kind": "other", "number": str(n)} for n in range(51)]},
    ],
)
async def test_parties_that_cannot_be(world: World, told: dict[str, Any]) -> None:
    ann = await party(world, "ANN")
    (refusal,) = await save(world, "party", {ann: told})
    assert refusal.path[0] == str(ann)
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        assert await tables.minimums_by_party(tx, [ann]) == {}
        assert await tables.licences_by_party(tx, [ann]) == {ann: []}


async def test_stock_asks_for_a_batch(world: World) -> None:
    """Goods without a lot stand in the way; lots without a batch are held until their dates are told."""
    milk = await world.item("MILK")
    await world.posted("receipt", world.line("MILK", 5, 2))
    await world.posted("receipt", world.line("MILK", 7, 2, lot_code="A"))
    (refusal,) = await save(world, "item", {milk: {}})
    assert (refusal.code, refusal.path) == (
        attributes.OPENING_REQUIRED,
        (str(milk), "batchControl"),
    )
    assert refusal.details == {"item": "MILK", "quantity": 5}
    await world.posted(
        "conversion",
        world.line("MILK", 5, role="consume"),
        world.line("MILK", 5, role="produce", lot_code="B"),
        on=2,
    )
    assert await asked(world, plugin.enabling) == []
    async with world.db.snapshot(world.principal.tenant_id) as tx:
        batches = await tables.batches_of(tx, items=[milk])
    wanted = {lot_id(milk, "A"), lot_id(milk, "B")} - {batch.lot_id for batch in batches}
    assert (wanted, {batch.status for batch in batches}) == (set(), {Status.HELD})
    assert await asked(world, plugin.differences) == []
    (refusal,) = await asked(world, plugin.disabling)
    assert (refusal.code, refusal.details) == (
        plugin.STOPPED_IN_STOCK,
        {"count": 2, "item": "MILK"},
    )
    assert codes(await save(world, "item", {milk: None})) == [attributes.STOCK_IN_BATCHES]
    await world.posted("scrap", world.line("MILK", 7, lot_code="A"), on=3)
    await world.posted("scrap", world.line("MILK", 5, lot_code="B"), on=3)
    assert await asked(world, plugin.disabling) == []
    assert await save(world, "item", {milk: None}) == []


async def test_differences_are_found(world: World) -> None:
    milk, tea = await world.item("MILK"), await world.item("TEA")
    assert await save(world, "item", {milk: {}, tea: {}}) == []
    await world.posted("receipt", world.line("MILK", 7, 2, lot_code="A"))
    assert await asked(world, plugin.differences) == ["stock of MILK lies without a batch"]
    balance = {"item_id": milk, "place_id": world.places["MAIN"], "lot_id": lot_id(milk, "A")}
    async with world.db.transaction(world.principal.tenant_id) as tx:
        await tables.put_batches(tx, [Batch(lot_id(milk, "A"), tea)])
        row = {"tenant_id": tx.tenant_id, **balance, "quantity": Decimal(3)}
        await tx.sql.execute(sa.insert(tables.second_balance), row)
    assert await asked(world, plugin.differences) == [
        "batch A belongs to another item than its lot",
        "the second quantity of MILK is 3 and should be 0",
    ]


async def test_batches_in_the_order_of_their_expiry(world: World) -> None:
    milk = await world.item("MILK")
    assert await save(world, "item", {milk: {}}) == []
    days = {"A": date(2026, 5, 1), "B": None, "C": date(2026, 4, 1)}
    for code in days:
        await world.posted("receipt", world.line("MILK", 1, 2, lot_code=code))
    made = [Batch(lot_id(milk, code), milk, None, day) for code, day in days.items()]
    async with world.db.transaction(world.principal.tenant_id) as tx:
        await tables.put_batches(tx, made)
        found = await tables.batches_of(tx)
        assert [batch.expires_on for batch in found] == [days["C"], days["A"], None]
        assert len(await tables.batches_of(tx, expires_through=date(2026, 4, 30))) == 1
        assert await tables.batches_of(tx, statuses=[Status.HELD]) == []
        assert await tables.batches_by_lot(tx, [made[0].lot_id]) == {made[0].lot_id: made[0]}


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"expires_on": date(2026, 1, 1)}, "food_batches_batch_dates"),
        ({"status": "sold"}, "food_batches_batch_status"),
        ({"certificates": {"no": "list"}}, "food_batches_batch_certificates"),
        ({"lot_id": uuid7()}, "food_batches_batch_tenant_id_lot_id_fkey"),
        ({"item_id": uuid7()}, "food_batches_batch_tenant_id_item_id_fkey"),
    ],
)
async def test_the_last_guard_is_the_database(
    world: World, row: dict[str, Any], constraint: str
) -> None:
    milk = await world.item("MILK")
    assert await save(world, "item", {milk: {}}) == []
    await world.posted("receipt", world.line("MILK", 1, 2, lot_code="A"))
    whole = {**Batch(lot_id(milk, "A"), milk, DAY).row(), **row}
    with pytest.raises(sa.exc.IntegrityError) as failed:
        async with world.db.transaction(world.principal.tenant_id) as tx:
            await tx.sql.execute(sa.insert(tables.batch), {"tenant_id": tx.tenant_id, **whole})
    assert isinstance(failed.value.orig, psycopg.IntegrityError)
    assert failed.value.orig.diag.constraint_name == constraint


async def test_a_scan_counts_once(world: World) -> None:
    await world.item("MILK")
    document = await world.posted("receipt", world.line("MILK", 1, 2))
    row = {"device": "PDA-1", "sequence": 7, "text": "(10)A", "document_id": document, "line": 1}
    row |= {"scanned_by": world.principal.user_id}
    async with world.db.transaction(world.principal.tenant_id) as tx:
        assert await tables.keep_scan(tx, row) is None
        again = await tables.keep_scan(tx, {**row, "text": "(10)B"})
        assert again is not None
        assert (again["text"], again["document_id"], again["line"]) == ("(10)A", document, 1)
        assert await tables.keep_scan(tx, {**row, "device": "PDA-2"}) is None


async def test_a_batch_is_traced_through_the_books(world: World) -> None:
    for code in ("MILK", "SUGAR", "YOGHURT"):
        await world.item(code)
    dairy, ann, bob = [await party(world, code) for code in ("DAIRY", "ANN", "BOB")]
    await world.place("SHOP")
    await world.posted("receipt", world.line("MILK", 100, 2, lot_code="M"), party_id=dairy)
    await world.posted("receipt", world.line("SUGAR", 10, 1, lot_code="S"), party_id=dairy)
    wrong = await world.posted("receipt", world.line("SUGAR", 5, 1, lot_code="S"), party_id=dairy)
    await world.posted(
        "conversion",
        world.line("MILK", 60, role="consume", lot_code="M"),
        world.line("SUGAR", 5, role="consume", lot_code="S"),
        world.line("YOGHURT", 50, role="produce", lot_code="Y"),
        on=2,
    )
    spoilt = [
        await world.posted(
            "conversion",
            world.line("SUGAR", 1, role="consume", lot_code="S"),
            world.line("YOGHURT", 1, role="produce", lot_code=code),
            on=3,
        )
        for code in ("Z1", "Z2")
    ]
    await world.undone(spoilt[0])
    await world.undone(spoilt[1], on=4)
    await world.undone(wrong, on=4)
    await world.posted("transfer", world.line("YOGHURT", 20, lot_code="Y", to="SHOP"), on=4)
    sale = await world.posted("issue", world.line("YOGHURT", 12, lot_code="Y"), on=5, party_id=ann)
    await world.posted("issue", world.line("YOGHURT", 8, lot_code="Y"), on=5, party_id=bob)
    mistakes = [
        await world.posted("issue", world.line("YOGHURT", 3, lot_code="Y"), on=5, party_id=bob)
        for _ in range(2)
    ]
    await world.undone(mistakes[0])
    await world.undone(mistakes[1], on=6)
    await world.posted(
        "return_from_customer",
        world.line("YOGHURT", 2, lot_code="Y", source_line=1),
        on=7,
        party_id=ann,
        source_id=sale,
    )
    count = world.line("MILK", 38, lot_code="M")
    await world.posted("count", count, on=8)
    milk, sugar, yoghurt = (
        lot_id(world.items[item], code)
        for item, code in (("MILK", "M"), ("SUGAR", "S"), ("YOGHURT", "Y"))
    )
    async with world.db.snapshot(world.principal.tenant_id) as tx:

        async def read(lots: Any) -> Any:
            return await stock.converted(tx, lots)

        assert await follow(read, [milk], "down") == {milk, yoghurt}
        assert await follow(read, [sugar], "down") == {sugar, yoghurt}
        assert await follow(read, [yoghurt], "up") == {milk, sugar, yoghurt}
        moved = await stock.moved(tx, [milk, sugar, yoghurt])
        lots = await stock.lots_in_stock(tx, list(world.items.values()))
    left: dict[UUID, Decimal] = {}
    for (_, lot), quantity in on_hand(moved).items():
        left[lot] = left.get(lot, Decimal(0)) + quantity
    assert left == {one.lot_id: one.on_hand for one in lots}
    assert left == {milk: Decimal(38), sugar: Decimal(5), yoghurt: Decimal(32)}
    assert came_in(moved) == {milk: Decimal(100), sugar: Decimal(10), yoghurt: Decimal(50)}
    assert suppliers(moved) == {(dairy, milk): Decimal(100), (dairy, sugar): Decimal(10)}
    assert [(one.party_id, one.delivered, one.returned) for one in shares(delivered(moved))] == [
        (ann, Decimal(12), Decimal(2)),
        (bob, Decimal(8), Decimal(0)),
    ]
