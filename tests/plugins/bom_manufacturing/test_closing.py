"""Closing the day of a restaurant over HTTP, on the real database."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest
import sqlalchemy as sa

from core.db.database import Database
from core.extension.jobs import jobs_of, run_due
from core.extension.records import Job, PostingJob
from core.extension.registry import registry
from core.ids import uuid7
from core.ledger.verify import verify
from plugins.bom_manufacturing.recipes import closing, tables
from tests.plugins.bom_manufacturing.kitchen import DAY, Kitchen, sent, taken
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import line

D = Decimal
NEXT = "2026-03-03"
LOTS = "{ stock(first: 10) { nodes { quantity lot { id code } } } }"
HOLD = "mutation($input: PlaceHoldInput!) { placeHold(input: $input) { errors { code } } }"
PERIOD = "mutation($input: ClosePeriodInput!) { closePeriod(input: $input) { errors { code } } }"
USE, BACK = "bom_manufacturing_recipe_use", "bom_manufacturing_recipe_return"


@pytest.fixture
async def kitchen(workshop: Workshop) -> Kitchen:
    found = await Kitchen.open(workshop)
    await found.ingredient("FLOUR", "5", "4")
    await found.ingredient("BONE", "2", "20")
    await found.dish("BROTH", {"BONE": "0.25"})
    await found.dish("NOODLES", {"FLOUR": "1.5", "BROTH": "2"}, outputQuantity="10")
    return found


def types(day: dict[str, object]) -> list[str]:
    documents = day["documents"]
    assert isinstance(documents, list)
    return [one["type"]["code"] for one in documents]


async def test_what_was_sold_takes_its_ingredients(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "8")
    sale = await kitchen.sell("NOODLES", "4")
    back = {**line(kitchen.workshop.items["NOODLES"], "2", "30"), "sourceLine": 1}
    await kitchen.workshop.shop.posted("return_from_customer", back, sourceId=sale["id"])
    day = await kitchen.close()
    assert (day["day"], day["place"]["code"], types(day)) == (DAY, "MAIN", [USE])
    assert taken(day) == {"FLOUR": D("1.5"), "BONE": D("0.5")}
    assert await kitchen.stock() == {"FLOUR": D("3.5"), "BONE": D("1.5")}
    assert day["belowZero"] == []
    assert day["documents"][0]["businessDate"] == DAY


async def test_a_late_sale_is_posted_by_a_document_for_the_difference(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "10")
    await kitchen.close()
    again = await kitchen.close()
    assert types(again) == [USE]  # nothing was due
    await kitchen.sell("NOODLES", "5")
    late = await kitchen.close()
    assert types(late) == [USE, USE]
    assert taken(late) == {"FLOUR": D("2.25"), "BONE": D("0.75")}
    assert await kitchen.stock() == {"FLOUR": D("2.75"), "BONE": D("1.25")}


async def test_a_sale_undone_or_a_recipe_corrected_brings_goods_back(kitchen: Kitchen) -> None:
    wrong = await kitchen.sell("NOODLES", "10")
    await kitchen.sell("NOODLES", "4")
    await kitchen.close()
    assert await kitchen.reverse(wrong) == []
    day = await kitchen.close()
    assert types(day) == [USE, BACK]
    assert taken(day) == {"FLOUR": D("0.6"), "BONE": D("0.2")}
    await kitchen.dish("NOODLES", {"FLOUR": "2", "BROTH": "1"}, outputQuantity="10", revision=1)
    day = await kitchen.close()
    assert types(day) == [USE, BACK, BACK, USE]
    assert taken(day) == {"FLOUR": D("0.8"), "BONE": D("0.1")}
    assert await kitchen.stock() == {"FLOUR": D("4.2"), "BONE": D("1.9")}


async def test_what_goes_below_zero_is_listed(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "100")
    day = await kitchen.close()
    below = [(one["item"]["code"], D(one["quantity"])) for one in day["belowZero"]]
    assert below == [("BONE", D(-3)), ("FLOUR", D(-10))]


async def test_goods_on_hold_are_not_taken(workshop: Workshop) -> None:
    kitchen, shop = await Kitchen.open(workshop), workshop.shop
    await kitchen.ingredient("MILK")
    milk = workshop.items["MILK"]
    for code in ("A", "B"):
        await shop.posted("opening", line(milk, "5", "3", lotCode=code), on="2026-03-01")
    lots = await shop.ask(LOTS)
    [held] = [one["lot"]["id"] for one in lots["stock"]["nodes"] if one["lot"]["code"] == "A"]
    hold = {"commandId": str(uuid7()), "itemId": milk, "lotId": held, "reason": "smells"}
    placed = await shop.ask(HOLD, input=hold)
    assert placed["placeHold"]["errors"] == []
    await kitchen.dish("TEA", {"MILK": "0.5"})
    await kitchen.sell("TEA", "4")
    await kitchen.close()
    left = {
        one["lot"]["code"]: D(one["quantity"]) for one in (await shop.ask(LOTS))["stock"]["nodes"]
    }
    assert left == {"A": D(5), "B": D(3)}


async def test_a_day_of_a_closed_period_stays_as_it_is(kitchen: Kitchen) -> None:
    shop = kitchen.workshop.shop
    await kitchen.sell("NOODLES", "10", on="2026-02-27")
    close = {"commandId": str(uuid7()), "through": "2026-02-28"}
    closed = await shop.ask(PERIOD, input=close)
    assert closed["closePeriod"]["errors"] == []
    payload = await kitchen.send("2026-02-27")
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("PERIOD_CLOSED", ["day"])]
    assert await kitchen.stock() == {"FLOUR": D(5), "BONE": D(2)}


async def test_small_days_add_up(workshop: Workshop) -> None:
    kitchen = await Kitchen.open(workshop, decimals=0)
    await kitchen.ingredient("SALT", "10")
    await kitchen.dish("SOUP", {"SALT": "0.4"})
    days = [f"2026-03-{n:02}" for n in range(2, 12)]
    took = []
    for day in days:
        await kitchen.sell("SOUP", "1", on=day)
        closed = await kitchen.close(day)
        took.append(taken(closed)["SALT"])
    assert took == [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]
    assert sum(took) == 4
    assert await kitchen.stock() == {"SALT": D(6)}


async def test_two_closings_at_once_take_it_once(kitchen: Kitchen) -> None:
    for on in (DAY, NEXT):
        await kitchen.sell("NOODLES", "10", on=on)
    found = await asyncio.gather(*(kitchen.send(on) for on in (DAY, NEXT) * 3))
    assert [one["errors"] for one in found] == [[]] * 6
    for on in (DAY, NEXT):
        assert types(await kitchen.close(on)) == [USE]
    assert await kitchen.stock() == {"FLOUR": D(2), "BONE": D(1)}


async def test_the_database_lets_one_closing_of_a_number_in(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "10")
    await kitchen.close()
    shop = kitchen.workshop.shop
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        [row] = (await tx.sql.execute(sa.select(tables.closing))).mappings().all()
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        again = sa.insert(tables.closing).values({**row, "document_id": None})
        with pytest.raises(sa.exc.IntegrityError, match="closing_pkey"):
            await tx.sql.execute(again)
        await tx.sql.rollback()


async def test_places_are_closed_each_by_itself(kitchen: Kitchen) -> None:
    shop = kitchen.workshop.shop
    create = "mutation($input: CreatePlaceInput!) { createPlace(input: $input) { place { id } } }"
    other = {"commandId": str(uuid7()), "code": "STORE", "name": "STORE", "kind": "WAREHOUSE"}
    made = await shop.ask(create, input=other)
    shop.places["STORE"] = made["createPlace"]["place"]["id"]
    await kitchen.sell("NOODLES", "10")
    await kitchen.sell("NOODLES", "20", placeId=shop.places["STORE"])
    day = await kitchen.close(place="STORE")
    assert taken(day) == {"FLOUR": D(3), "BONE": D(1)}
    assert await kitchen.stock("STORE") == {"FLOUR": D(-3), "BONE": D(-1)}
    query = """query($since: Date!, $until: Date!, $open: Boolean) {
      bomManufacturingRecipeDays(since: $since, until: $until, open: $open) {
        nodes { day open place { code } } } }"""

    async def days(**chosen: object) -> list[tuple[str, bool]]:
        found = await shop.ask(query, since=DAY, until=NEXT, **chosen)
        nodes = found["bomManufacturingRecipeDays"]["nodes"]
        return sorted((one["place"]["code"], one["open"]) for one in nodes)

    assert await days() == [("MAIN", True), ("STORE", False)]
    assert await days(open=True) == [("MAIN", True)]
    assert await days(open=False) == [("STORE", False)]
    wrong = await shop.raw(query, since=NEXT, until=DAY)
    assert wrong["errors"][0]["extensions"]["code"] == "BOM_MANUFACTURING_OUT_OF_RANGE"


async def test_what_may_not_be_closed_is_told(kitchen: Kitchen) -> None:
    future = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    payload = await kitchen.send(future)
    assert [one["code"] for one in payload["errors"]] == ["BOM_MANUFACTURING_DAY_TO_COME"]
    payload = await kitchen.send(place="~customer")
    told = [(one["code"], one["path"]) for one in payload["errors"]]
    assert told == [("NOT_FOUND", ["placeId"])]


async def test_a_command_is_one_day(kitchen: Kitchen) -> None:
    await kitchen.sell("NOODLES", "10")
    command = str(uuid7())
    first, second = await kitchen.send(command=command), await kitchen.send(command=command)
    assert first == second
    other = await kitchen.send(on=NEXT, command=command)
    assert [one["code"] for one in other["errors"]] == ["COMMAND_REUSED"]


async def test_what_closings_post_is_neither_written_nor_undone_by_hand(kitchen: Kitchen) -> None:
    shop = kitchen.workshop.shop
    flour = kitchen.workshop.items["FLOUR"]
    for type_ in (USE, BACK):
        refused = await shop.post(type_, line(flour, "1"))
        assert [one["code"] for one in refused["errors"]] == ["BOM_MANUFACTURING_BY_CLOSING"]
    await kitchen.sell("NOODLES", "10")
    [document] = (await kitchen.close())["documents"]
    assert await kitchen.reverse(document) == ["BOM_MANUFACTURING_CLOSING_STAYS"]


async def test_where_stock_may_not_go_below_zero_the_day_stays_open(workshop: Workshop) -> None:
    kitchen = await Kitchen.open(workshop)
    await workshop.item("RICE", base_unit_id=kitchen.kilogram, negative_stock="forbid")
    await kitchen.dish("BOWL", {"RICE": "0.1"})
    await kitchen.sell("BOWL", "1")
    payload = await kitchen.send()
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [
        ("OUT_OF_STOCK", ["placeId"])
    ]
    await workshop.shop.posted("opening", line(workshop.items["RICE"], "1", "3"), on=DAY)
    assert taken(await kitchen.close()) == {"RICE": D("0.1")}


def closing_jobs() -> list[tuple[str, Job | PostingJob]]:
    return [job for job in jobs_of(registry()) if job[1].name == "close_days"]


async def test_days_that_are_over_are_closed_by_themselves(db: Database, kitchen: Kitchen) -> None:
    shop = kitchen.workshop.shop
    now = datetime.now(UTC)
    days = [(now - timedelta(days=n)).date().isoformat() for n in (5, 3)]
    for on in days:
        await kitchen.sell("NOODLES", "10", on=on)
    tenant, jobs = shop.principal.tenant_id, closing_jobs()
    rounds = [run_due(db, tenant, jobs, {}, now) for _ in range(3)]
    ran = await asyncio.gather(*rounds)
    assert ["close_days"] in ran
    assert await kitchen.stock() == {"FLOUR": D(2), "BONE": D(1)}
    assert await run_due(db, tenant, jobs, {}, now) == []
    await kitchen.sell("NOODLES", "10", on=days[0])  # a late sale
    assert await run_due(db, tenant, jobs, {}, now + timedelta(hours=1)) == ["close_days"]
    assert await kitchen.stock() == {"FLOUR": D("0.5"), "BONE": D("0.5")}


async def test_a_day_that_stays_open_keeps_no_other_from_being_closed(
    db: Database, kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop, now = kitchen.workshop, datetime.now(UTC)
    await workshop.item("RICE", base_unit_id=kitchen.kilogram, negative_stock="forbid")
    await kitchen.dish("BOWL", {"RICE": "0.1"})
    old, new = ((now - timedelta(days=n)).date().isoformat() for n in (5, 3))
    await kitchen.sell("BOWL", "1", on=old)
    await kitchen.sell("NOODLES", "10", on=new)
    monkeypatch.setattr(closing, "MOST_DAYS", 1)
    tenant, jobs = workshop.shop.principal.tenant_id, closing_jobs()
    assert await run_due(db, tenant, jobs, {}, now) == ["close_days"]
    assert await kitchen.stock() == {"FLOUR": D("3.5"), "BONE": D("1.5")}
    assert [one["code"] for one in (await kitchen.send(old))["errors"]] == ["OUT_OF_STOCK"]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_the_recipe_is_taken(workshop: Workshop, seed: int) -> None:
    kitchen, chance = await Kitchen.open(workshop, decimals=1), random.Random(seed)
    await kitchen.ingredient("TEA", "1000")
    await kitchen.dish("CUP", {"TEA": "1"}, outputQuantity="7")
    sales, total = [], 0
    for _ in range(14):
        on = f"2026-03-0{chance.randint(2, 5)}"
        match chance.choice(["sell", "sell", "reverse", "close"]):
            case "sell":
                quantity = chance.randint(1, 9)
                sales.append((await kitchen.sell("CUP", str(quantity), on=on), quantity))
                total += quantity
            case "reverse" if sales:
                sale, quantity = sales.pop(chance.randrange(len(sales)))
                assert await kitchen.reverse(sale) == []
                total -= quantity
            case _:
                await kitchen.close(on)
    for n in range(2, 6):
        await kitchen.close(f"2026-03-0{n}")
    used = 1000 - Fraction((await kitchen.stock())["TEA"])
    assert abs(used - Fraction(total, 7)) <= Fraction(51, 1000)


async def test_a_list_of_days_asks_as_often_for_ten_as_for_one(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = """query($until: Date!) { bomManufacturingRecipeDays(since: "2026-03-02", until: $until) {
      nodes { place { code } documents { number } belowZero { item { code } }
        ingredients(first: 5) { nodes { taken item { code } } } } } }"""
    for n in range(2, 12):
        on = f"2026-03-{n:02}"
        await kitchen.sell("NOODLES", "200", on=on)
        await kitchen.close(on)
    counts = []
    for until in (DAY, "2026-03-11"):
        with sent(monkeypatch) as count:
            found = await kitchen.workshop.shop.ask(query, until=until)
        counts.append(count[0])
        days = found["bomManufacturingRecipeDays"]["nodes"]
        assert all(one["documents"] and one["belowZero"] for one in days)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("rest = rest + %s", "does not follow from its closings"),
        ("taken = taken + %s, needed = needed + %s", "is not what the books have"),
    ],
)
async def test_verify_finds_a_closing_that_does_not_agree(
    kitchen: Kitchen, superuser_url: str, change: str, found: str
) -> None:
    await kitchen.sell("NOODLES", "10")
    await kitchen.close()
    tenant = kitchen.workshop.shop.principal.tenant_id
    query = f"UPDATE bom_manufacturing_closing_use SET {change} WHERE tenant_id = %s"
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(b"SET session_replication_role = replica")  # rows are append-only
        connection.execute(query.encode(), (*[1] * (change.count("%s")), tenant))
        told = await verify(kitchen.workshop.shop.database, tenant)
        connection.execute(query.encode(), (*[-1] * (change.count("%s")), tenant))
    assert len(told) == 2  # flour and bone
    assert all(found in str(one) for one in told)
