"""A maker's whole story over HTTP, with three modules on: what is expected to be sold is planned, bought,
made, numbered and sold; a component turns out bad, and the lamps that have it are found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest

from core.db.database import Database
from core.extension.registry import Registry, using
from core.plugin_api import stock_values
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.bom_manufacturing.planner import CALENDAR, FORECASTS
from tests.plugins.bom_manufacturing.works import worth
from tests.plugins.food_batches.test_recall import started
from tests.plugins.maker import MODULES, Maker
from tests.shop import Json, line

STOCK = "{ stock(first: 100) { nodes { value } } }"


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    with using(Registry(MODULES)) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def maker(db: Database, schema: ComposedSchema) -> AsyncIterator[Maker]:
    """LAMP, kept by number, is made of two RESIN, kept by batch, and one SHADE."""
    found = await Maker.open(db, schema)
    await found.batched("RESIN")
    await found.numbered("LAMP")
    workshop = found.workshop
    await workshop.save("LAMP", await workshop.line("RESIN", "2"), await workshop.line("SHADE"))
    yield found
    await found.tallies()


async def received(maker: Maker, order: Json, *batches: tuple[str, str, int]) -> None:
    """All of a purchase order comes: of RESIN so much of each batch, which expires so many days on."""
    ordered = await maker.shop.ask(
        """query($id: ID!) { document(id: $id) { lines { nodes { no quantity item { code } } } } }""",
        id=order["id"],
    )
    lines = []
    for one in ordered["document"]["lines"]["nodes"]:
        code, no = one["item"]["code"], one["no"]
        if code != "RESIN":
            lines.append(line(maker.workshop.items[code], one["quantity"], "5", sourceLine=no))
            continue
        for lot, quantity, days in batches:
            told = {"expiresOn": maker.planner.day(days)}
            lines.append(
                line(
                    maker.workshop.items[code],
                    *(quantity, "3"),
                    sourceLine=no,
                    lotCode=lot,
                    foodBatches=told,
                )
            )
    day = maker.planner.day(0)
    await maker.shop.posted("receipt", *lines, on=day, sourceId=order["id"], **order["head"])


async def is_worth(maker: Maker) -> Decimal:
    """What all stock is worth, in work as well; for the indicators, too."""
    found = (await maker.shop.ask(STOCK))["stock"]["nodes"]
    value = sum((Decimal(one["value"]) for one in found), Decimal(0))
    async with maker.shop.database.snapshot(maker.shop.principal.tenant_id) as tx:
        assert sum((await stock_values(tx, maker.planner.today, None)).values()) == value
    return value


async def sold(maker: Maker, customer: str, *numbers: str) -> None:
    """A customer orders lamps and gets those of these numbers."""
    lamp, day = maker.workshop.items["LAMP"], maker.planner.day(0)
    asked = line(lamp, str(len(numbers)), "90", dueOn=day)
    order = await maker.shop.posted("sales_order", asked, on=day, partyId=customer)
    named = line(lamp, str(len(numbers)), "90", sourceLine=1, serialNumbers={"numbers": numbers})
    await maker.shop.posted("issue", named, on=day, partyId=customer, sourceId=order["id"])


async def test_from_the_forecast_to_the_recall(maker: Maker) -> None:
    ann, bob = [await maker.party(code, isCustomer=True) for code in ("ANN", "BOB")]
    order = await planned_and_bought(maker)
    await made(maker, order)
    await sold(maker, ann, "L02", "L08")
    await sold(maker, bob, "L05")
    assert await is_worth(maker) == 77
    assert await suggested(maker) == []
    await traced_and_recalled(maker)
    lamp, day = maker.workshop.items["LAMP"], maker.planner.day(0)
    for number, codes in (("L01", ["ON_HOLD"]), ("L07", [])):
        named = line(lamp, "1", "90", serialNumbers={"numbers": [number]})
        payload = await maker.shop.post("issue", named, on=day, partyId=ann)
        assert [one["code"] for one in payload["errors"]] == codes, payload
    assert (await maker.unit("L05"))["customer"] == {"name": "BOB"}


async def suggested(maker: Maker) -> list[Json]:
    """What a new run suggests."""
    await maker.planner.plan()
    return await maker.planner.suggestions()


async def planned_and_bought(maker: Maker) -> Json:
    """Ten lamps will be sold: what that takes is bought and comes, and there is an order to make them."""
    planner, main = maker.planner, maker.shop.places["MAIN"]
    resins = await maker.party("RESINS", isSupplier=True)
    weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    assert (await planner.send(CALENDAR, weekdays=weekdays))["errors"] == []
    await planner.told(RESIN={"supplierId": resins}, SHADE={"supplierId": resins})
    expected = {"itemId": maker.workshop.items["LAMP"], "quantity": "10"}
    expected |= {"startsOn": planner.day(0), "endsOn": planner.day(20)}
    assert (await planner.send(FORECASTS, forecasts=[expected]))["errors"] == []
    wanted = await suggested(maker)
    assert {(one["item"]["code"], one["quantity"], one["make"]) for one in wanted} == {
        ("LAMP", "10", True),
        ("RESIN", "20", False),
        ("SHADE", "10", False),
    }
    bought, make = ([one["id"] for one in wanted if one["make"] is made] for made in (False, True))
    [purchase] = (await planner.turned(bought, placeId=main, approve=True))["purchases"]
    assert purchase["state"] == "APPROVED"
    [order] = (await planner.turned(make, placeId=main))["workOrders"]
    # of the two batches of resin, the one that comes second expires first
    purchase["head"] = {"partyId": resins}
    await received(maker, purchase, ("R2", "8", 90), ("R1", "12", 60))
    released = await maker.works.do("Release", id=order["id"], revision=order["revision"])
    assert await suggested(maker) == []
    return released


async def made(maker: Maker, order: Json) -> None:
    """All is issued, what expires first in front, and finished in two parts, each lamp with its number."""
    works = maker.works
    order = await works.do("Issue", orderId=order["id"])
    assert worth(order) == 110
    assert {one["lotCode"]: one["quantity"] for one in order["inWork"]["nodes"]} == {
        "R1": "12",
        "R2": "8",
        None: "10",
    }
    assert await suggested(maker) == []
    assert await is_worth(maker) == 110
    numbers: Json = {"text": "L01-L06"}
    order = await works.do("Report", orderId=order["id"], quantity="6", serialNumbers=numbers)
    assert worth(order) == 44
    numbers = {"start": "L07", "count": 4}
    order = await works.do("Report", orderId=order["id"], quantity="4", serialNumbers=numbers)
    assert worth(order) == 0
    assert order["inWork"]["nodes"] == []


async def traced_and_recalled(maker: Maker) -> None:
    """R1 turns out bad: who has lamps of it, and that the others are frozen and made anew."""
    down = await maker.traced("RESIN", "R1")
    bad = ["L01", "L02", "L03", "L04", "L05", "L06"]
    assert down["lots"] == {"RESIN": ["R1"], "LAMP": bad}
    assert down["customers"] == [("ANN", "L02"), ("BOB", "L05")]
    assert down["ends"] == 0
    up = await maker.traced("LAMP", "L08", "UP")
    assert up["lots"] == {"RESIN": ["R2"], "LAMP": ["L08"]}
    assert up["suppliers"] == [("RESINS", "R2")]
    recall = await started(maker.shop, maker.batch("RESIN", "R1"), reason="brittle")
    assert recall["errors"] == []
    frozen = {
        one["lot"]["code"]: Decimal(one["frozen"])
        for one in recall["recall"]["batches"]["nodes"]
        if Decimal(one["frozen"])
    }
    assert frozen == dict.fromkeys(["L01", "L03", "L04", "L06"], Decimal(1))
    [again] = [one for one in await suggested(maker) if one["make"]]
    assert (again["item"]["code"], again["quantity"]) == ("LAMP", "4")
