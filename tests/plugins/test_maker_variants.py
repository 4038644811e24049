"""A maker of clothes: bills on conditions are planned and made by what the variants are, and what is in work
is on no shelf."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.db.database import Database
from core.extension.registry import Plugin, Registry, using
from core.ledger.verify import verify
from core.plugin_api import today
from plugins.apparel_variants import plugin as apparel
from plugins.bom_manufacturing import plugin as bom
from schema.compose import ComposedSchema, composed_schema
from tests.core.extension.making import switch_on
from tests.plugins.apparel_variants.boutique import Boutique
from tests.plugins.apparel_variants.tailor import RUNS, Tailor
from tests.plugins.apparel_variants.test_reports import told
from tests.plugins.bom_manufacturing.outwork import Outwork
from tests.plugins.bom_manufacturing.planner import Planner
from tests.plugins.bom_manufacturing.works import Works
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Shop

MODULES = [Plugin(one.manifest, one) for one in (apparel, bom)]


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    with using(Registry(MODULES)) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def shop(db: Database, schema: ComposedSchema) -> AsyncIterator[Shop]:
    names = [one.name for one in MODULES]
    found = await Shop.open(db, schema=schema, modules=names)
    for name in names:
        await switch_on(db, found.principal, name)
    yield found
    assert await verify(db, found.principal.tenant_id, deep=True) == []


async def test_variants_are_planned_and_made_by_what_they_are(
    shop: Shop, schema: ComposedSchema
) -> None:
    workshop, tailor = Workshop(shop), Tailor(Boutique(shop))
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        planner = Planner(workshop, await today(tx))
    await planner.ready()
    shirt = await tailor.shirt()
    variants = {
        (one["colour"]["code"], one["size"]["code"]): one["item"]
        for one in shirt["style"]["variants"]
    }
    lines = [
        await workshop.line(
            f"CLOTH-{colour}",
            "2",
            conditions=[{"attribute": "apparel_variants.colour", "values": [colour]}],
        )
        for colour in ("RED", "BLUE")
    ]
    # one bill for all of them, by way of a phantom
    await workshop.save("BODY", *lines, await workshop.line("BUTTON", "6"))
    for item in variants.values():
        workshop.items[item["code"]] = item["id"]
        await workshop.save(item["code"], await workshop.line("BODY", phantom=True))
    red, blue = variants["RED", "M"]["code"], variants["BLUE", "L"]["code"]
    await planner.order("sales_order", red, "3", 9)
    await planner.order("sales_order", blue, "1", 9)
    await planner.plan()
    wanted = {
        (red, "3"),
        (blue, "1"),
        ("CLOTH-RED", "6"),
        ("CLOTH-BLUE", "2"),
        ("BUTTON", "24"),
    }
    suggested = await planner.suggestions()
    assert {(one["item"]["code"], one["quantity"]) for one in suggested} == wanted
    made = [one["id"] for one in suggested if one["make"]]
    main = shop.places["MAIN"]
    payload = await planner.turned(made, placeId=main)
    assert payload["errors"] == []
    parts = {
        one["item"]["code"]: {
            part["item"]["code"]: part["ordered"] for part in one["parts"]["nodes"]
        }
        for one in payload["workOrders"]
    }
    assert parts == {
        red: {"CLOTH-RED": "6", "BUTTON": "18"},
        blue: {"CLOTH-BLUE": "2", "BUTTON": "6"},
    }
    # so is a question, and an order to a processor
    explode = """query($id: ID!) { bomManufacturingExplode(itemId: $id, first: 50) {
      nodes { quantity item { code } } } }"""
    needs = await planner.nodes(explode, id=workshop.items[red])
    bought = {
        one["item"]["code"]: one["quantity"] for one in needs if one["item"]["code"] != "BODY"
    }
    assert bought == {"CLOTH-RED": "2", "BUTTON": "6"}
    outwork = await Outwork.open(workshop)
    sent = {"partyId": outwork.party, "itemId": workshop.items[blue], "fee": "1"}
    sent |= {"placeId": main, "quantity": "2"}
    ordered = await outwork.done("OrderSubcontract", "OrderSubcontract", **sent)
    assert {
        one["item"]["code"]: one["ordered"] for one in ordered["order"]["components"]["nodes"]
    } == {"CLOTH-BLUE": "4", "BUTTON": "12"}


async def test_what_is_in_work_is_on_no_shelf(shop: Shop, schema: ComposedSchema) -> None:
    workshop, tailor = Workshop(shop), Tailor(Boutique(shop))
    works = Works(workshop, schema)
    shirt = await tailor.shirt()
    item = shirt["style"]["variants"][0]["item"]
    workshop.items[item["code"]] = item["id"]
    await works.stock(**{item["code"]: ("5", "10")})
    order = await works.order(item["code"], "2", kind="REWORK")
    await works.do("Issue", orderId=order["id"])
    assert [row[4] for row in await told(tailor, "STYLE")] == ["3"]
    assert (await tailor.grid(shirt))["totals"]["onHandTotal"] == "3"
    [run] = (await shop.ask(RUNS))["apparelVariantsBrokenRuns"]["nodes"]
    assert [one for one in run["onHand"] if one != "0"] == ["3"]
