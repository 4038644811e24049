"""Units through the books: what comes, goes, comes back, is counted and undone."""

from __future__ import annotations

from decimal import Decimal

from core.errors import REQUIRED
from plugins.serial_numbers import attributes
from plugins.serial_numbers.refusals import (
    HAS_LEFT,
    NOT_ALLOWED,
    NOT_BY_NUMBER,
    TAKEN,
    UNKNOWN,
    WRONG_COUNT,
    WRONG_PLACE,
)
from plugins.serial_numbers.rules import entry, imei
from tests.ledger_world import day
from tests.plugins.serial_numbers.stores import Store


async def test_a_life(store: Store) -> None:
    await store.item("PHONE", warranty_months=12)
    await store.posted("receipt", store.line("PHONE", "S1", "S2", "S3", price=100))
    moved = store.line("PHONE", "S1", "S2", to="SHOP")
    sent = await store.posted("dispatch", moved, on=2)
    assert await store.states() == {"S1": "in_transit", "S2": "in_transit", "S3": "in_stock"}
    arrived = store.line("PHONE", "S1", "S2", to="SHOP", source_line=1)
    await store.posted("arrival", arrived, place_id=None, source_id=sent, on=3)
    sold = await store.posted("issue", store.line("PHONE", "S1", price=200), at="SHOP", on=4)
    again = store.line("PHONE", "S1")
    [refusal] = await store.refused("issue", again, at="SHOP", on=4)
    assert (refusal.code, refusal.details["state"]) == (NOT_ALLOWED, "sold")
    assert refusal.path == ("lines", 0, "serialNumbers", "numbers", 0)
    [[on, until]] = await store.world.rows(
        "SELECT sold_on, warranty_until FROM serial_numbers_unit WHERE number = 'S1'"
    )
    assert (on, until) == (day(4), day(4).replace(year=on.year + 1))
    back = store.line("PHONE", "S1", source_line=1)
    await store.posted("return_from_customer", back, source_id=sold, at="SHOP", on=5)
    assert await store.at("SHOP") == {"S1", "S2"}
    await store.posted("scrap", store.line("PHONE", "S2"), at="SHOP", on=6)
    await store.posted("return_to_supplier", store.line("PHONE", "S3"), on=6)
    assert await store.states() == {"S1": "in_stock", "S2": "scrapped", "S3": "returned"}
    assert await store.codes("receipt", store.line("PHONE", "S2", price=1), on=6) == [NOT_ALLOWED]
    await store.posted("receipt", store.line("PHONE", "S3", price=1), on=6)
    assert (await store.states())["S3"] == "in_stock"


async def test_quantity_is_the_count_of_numbers(store: Store) -> None:
    await store.item("A")
    [refusal] = await store.refused("receipt", store.line("A", "S1", "S2", quantity=3, price=1))
    assert (refusal.code, refusal.path) == (WRONG_COUNT, ("lines", 0, "quantity"))
    assert await store.codes("receipt", store.line("A", quantity=3, price=1)) == [REQUIRED]
    twice = store.line("A", "S1", price=1), store.line("A", "S1", price=1)
    assert await store.codes("receipt", *twice) == [entry.TWICE]
    assert await store.states() == {}


async def test_a_number_leaves_from_where_it_is(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "S1", price=1))
    [refusal] = await store.refused("issue", store.line("A", "S1"), at="SHOP", on=2)
    assert (refusal.code, refusal.details["place"]) == (WRONG_PLACE, "MAIN")
    assert await store.codes("issue", store.line("A", "S9"), on=2) == [UNKNOWN]
    unknown = store.line("A", "S9")
    assert await store.codes("return_from_customer", unknown, on=2) == [UNKNOWN]


async def test_a_line_without_numbers_takes_the_oldest(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "NEW", price=9), on=3)
    await store.posted("receipt", store.line("A", "OLD", "OLDER", price=5), on=1)
    await store.posted("issue", store.line("A", quantity=2, price=20), on=4)
    assert await store.at("MAIN") == {"NEW"}
    assert await store.world.account("customer") == Decimal(10)
    assert await store.codes("issue", store.line("A", quantity=2), on=4) == ["OUT_OF_STOCK"]


async def test_each_number_has_its_own_cost(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "LOW", price=42))
    await store.posted("receipt", store.line("A", "HIGH", price=113))
    sold = await store.posted("issue", store.line("A", "HIGH", "LOW", price=500), on=2)
    back = store.line("A", "HIGH", source_line=1)
    await store.posted("return_from_customer", back, source_id=sold, on=3)
    assert await store.world.stock("A") == (Decimal(1), Decimal(113))


async def test_units_can_share_an_average(store: Store) -> None:
    await store.item("A", cost_scope="item")
    await store.posted("receipt", store.line("A", "S1", price=10))
    await store.posted("receipt", store.line("A", "S2", price=20))
    assert await store.codes("receipt", store.line("A", "S2", price=20)) == [NOT_ALLOWED]
    await store.posted("issue", store.line("A", "S2"), on=2)
    assert await store.world.stock("A") == (Decimal(1), Decimal(15))


async def test_a_receipt_is_not_reversible_once_a_number_has_left(store: Store) -> None:
    await store.item("A")
    receipt = await store.posted("receipt", store.line("A", "S1", "S2", price=1))
    sold = await store.posted("issue", store.line("A", "S1"), on=2)
    codes = [r.code for r in (await store.world.undo(receipt, on=3)).refusals]
    assert codes == [HAS_LEFT]
    back = store.line("A", "S1", source_line=1)
    returned = await store.posted("return_from_customer", back, source_id=sold, on=3)
    assert [r.code for r in (await store.world.undo(receipt)).refusals] == [HAS_LEFT]
    await store.world.undone(returned, on=4)
    assert (await store.states())["S1"] == "sold"
    await store.world.undone(sold, on=4)
    assert await store.states() == {"S1": "in_stock", "S2": "in_stock"}
    moved = await store.posted("transfer", store.line("A", "S2", to="SHOP"), on=4)
    assert [r.code for r in (await store.world.undo(receipt, on=4)).refusals] == [HAS_LEFT]
    await store.world.undone(moved, on=4)
    await store.world.undone(receipt, on=4)
    assert await store.states() == {"S1": "inactive", "S2": "inactive"}
    await store.posted("receipt", store.line("A", "S1", price=1), on=5)


async def test_a_count_by_scanning(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "S1", "S2", "S3", price=7))
    await store.posted("transfer", store.line("A", "S3", to="SHOP"), on=2)
    [elsewhere] = await store.refused("count", store.line("A", "S1", "S3"), on=3)
    assert elsewhere.code == WRONG_PLACE
    await store.posted("count", store.line("A", "S1", "S9"), on=3)
    assert await store.states() == {
        "S1": "in_stock",
        "S2": "lost",
        "S3": "in_stock",
        "S9": "in_stock",
    }
    assert await store.at("MAIN") == {"S1", "S9"}
    assert await store.codes("count", store.line("A", quantity=1), on=3) == [REQUIRED]
    await store.posted("count", store.line("A", quantity=0), on=4)
    assert await store.at("MAIN") == set()
    await store.posted("count", store.line("A", "S2"), on=5)
    assert await store.at("MAIN") == {"S2"}


async def test_units_are_made_of_units(store: Store) -> None:
    await store.item("PART")
    await store.item("SET")
    await store.posted("receipt", store.line("PART", "P1", "P2", "P3", price=5))
    made = [
        store.line("PART", "P1", "P3", role="consume"),
        store.line("SET", "K1", "K2", role="produce"),
    ]
    await store.posted("assembly", *made, on=2)
    assert await store.world.stock("SET") == (Decimal(2), Decimal(10))
    assert await store.states() == {
        **{"P1": "consumed", "P2": "in_stock", "P3": "consumed"},
        **{"K1": "in_stock", "K2": "in_stock"},
    }
    apart = [
        store.line("SET", "K1", role="consume"),
        store.line("PART", "P1", role="produce"),
    ]
    await store.posted("disassembly", *apart, on=3)
    assert (await store.states())["P1"] == "in_stock"


async def test_what_is_in_repair_is_not_sold(store: Store) -> None:
    await store.item("A")
    await store.decide(repair_place_ids=[str(store.world.places["SHOP"])])
    await store.posted("receipt", store.line("A", "S1", "S2", price=1))
    await store.posted("transfer", store.line("A", "S1", to="SHOP"), on=2)
    assert (await store.states())["S1"] == "in_repair"
    assert await store.codes("issue", store.line("A", "S1"), at="SHOP", on=3) == [NOT_ALLOWED]
    picked = store.line("A", quantity=1)
    assert await store.codes("issue", picked, at="SHOP", on=3) == ["OUT_OF_STOCK"]
    await store.posted("transfer", store.line("A", "S1", to="MAIN"), at="SHOP", on=3)
    await store.posted("issue", store.line("A", "S1"), on=4)


async def test_a_number_over_the_tenant(store: Store) -> None:
    await store.item("A")
    await store.item("B")
    await store.posted("receipt", store.line("A", "S1", price=1))
    await store.posted("receipt", store.line("B", "S1", price=1))
    await store.decide(unique_within="tenant")
    await store.posted("receipt", store.line("A", "S2", price=1))
    assert await store.codes("receipt", store.line("B", "S2", price=1)) == [TAKEN]
    await store.posted("receipt", store.line("B", "S3", price=1))


async def test_phones_have_a_check_digit(store: Store) -> None:
    await store.item("PHONE", imei=True)
    await store.posted("receipt", store.line("PHONE", "490154203237518", price=1))
    wrong = store.line("PHONE", "490154203237519", price=1)
    assert await store.codes("receipt", wrong) == [imei.BAD_IMEI]


async def test_units_belong_to_a_batch(store: Store) -> None:
    await store.item("A", cost_scope="item_lot")
    await store.posted("receipt", store.line("A", "S1", "S2", price=3, lot_code="B1"))
    assert await store.world.rows(
        "SELECT DISTINCT p.code FROM lot l JOIN lot p ON p.id = l.parent_id"
        " AND p.tenant_id = l.tenant_id WHERE l.is_unit"
    ) == [("B1",)]
    await store.posted("issue", store.line("A", "S1", lot_code="B1"), on=2)
    assert await store.at("MAIN") == {"S2"}


async def test_numbers_belong_to_items_under_control(store: Store) -> None:
    await store.world.item("PLAIN")
    line = store.line("PLAIN", "S1", price=1)
    assert await store.codes("receipt", line) == [NOT_BY_NUMBER]
    await store.posted("receipt", store.line("PLAIN", quantity=5, price=1))
    refusals = await store.control("PLAIN")
    assert [r.code for r in refusals] == [attributes.STOCK_WITHOUT_NUMBERS]
    await store.posted("issue", store.line("PLAIN", quantity=5), on=2)
    assert await store.control("PLAIN") == []
    await store.posted("receipt", store.line("PLAIN", "S1", price=1), on=3)
    refusals = await store.control("PLAIN", serial_control=False)
    assert [r.code for r in refusals] == [attributes.STOCK_WITH_NUMBERS]


async def test_a_backdated_sale_of_a_number(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "S1", "S2", price=1), on=1)
    await store.posted("issue", store.line("A", "S1"), on=4)
    await store.posted("issue", store.line("A", "S2"), on=2)
    assert await store.states() == {"S1": "sold", "S2": "sold"}
    assert await store.codes("transfer", store.line("A", "S1", to="SHOP"), on=2) == [NOT_ALLOWED]


async def test_two_sales_of_one_number_in_a_batch(store: Store) -> None:
    await store.item("A")
    await store.posted("receipt", store.line("A", "S1", price=1))
    drafts = [store.world.draft("issue", store.line("A", "S1"), on=2) for _ in range(2)]
    verdicts = await store.world.many(*drafts)
    assert sorted(bool(verdict.refusals) for verdict in verdicts) == [False, True]
