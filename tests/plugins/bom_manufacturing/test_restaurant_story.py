"""A week of a restaurant, as its people see it: the edition for catering, over HTTP, until the books are
asked."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.kitchen import Kitchen, taken
from tests.plugins.bom_manufacturing.test_usage import CARD, USAGE
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Shop, line

D = Decimal
MONDAY, TUESDAY, SUNDAY = "2026-03-02", "2026-03-03", "2026-03-08"
PLACE = "mutation($input: CreatePlaceInput!) { createPlace(input: $input) { place { id } } }"


async def test_from_the_central_kitchen_to_the_variance(
    db: Database, schema: ComposedSchema
) -> None:
    tenant = await tenancy.create_tenant(db, f"noodles {uuid4()}", edition="catering")
    shop = await Shop.enter(db, tenant.id, roles=("manager",), schema=schema)
    assert "bom_manufacturing" in shop.principal.modules  # the edition has it on
    kitchen = await Kitchen.open(Workshop(shop))
    store = {"commandId": str(uuid7()), "code": "STORE", "name": "一号店", "kind": "WAREHOUSE"}
    made = await shop.ask(PLACE, input=store)
    at = shop.places["STORE"] = made["createPlace"]["place"]["id"]

    # The central kitchen buys; the recipe says how ten bowls are cooked, a broth passed through
    for code in ("FLOUR", "BONE"):
        await kitchen.workshop.item(code, base_unit_id=kitchen.kilogram)
    flour, bone = (kitchen.workshop.items[code] for code in ("FLOUR", "BONE"))
    await shop.posted("receipt", line(flour, "50", "4"), line(bone, "20", "20"), on="2026-03-01")
    await kitchen.dish("BROTH", {"BONE": "0.25"})
    await kitchen.dish("NOODLES", {"FLOUR": "1.5", "BROTH": "2"}, outputQuantity="10")

    # The store sells before its delivery is booked: the day is closed below zero, and says so
    await kitchen.sell("NOODLES", "40", on=MONDAY, placeId=at)
    monday = await kitchen.close(MONDAY, "STORE")
    assert taken(monday) == {"FLOUR": D(6), "BONE": D(2)}
    assert [one["item"]["code"] for one in monday["belowZero"]] == ["BONE", "FLOUR"]
    await shop.posted("transfer", line(flour, "20"), line(bone, "8"), on=MONDAY, toPlaceId=at)
    assert (await kitchen.close(MONDAY, "STORE"))["belowZero"] == []

    # A bill found on Wednesday belongs to Monday; Tuesday's is sent back by the guest
    await kitchen.sell("NOODLES", "3", on=MONDAY, placeId=at)
    late = await kitchen.close(MONDAY, "STORE")
    assert (taken(late), len(late["documents"])) == ({"FLOUR": D("6.45"), "BONE": D("2.15")}, 2)
    bill = await kitchen.sell("NOODLES", "2", on=TUESDAY, placeId=at)
    await kitchen.close(TUESDAY, "STORE")
    assert await kitchen.reverse(bill) == []
    tuesday = await kitchen.close(TUESDAY, "STORE")
    assert taken(tuesday) == {"FLOUR": D(0), "BONE": D(0)}

    # Waste and staff meals have their books; the count on Sunday finds the rest
    await shop.posted("scrap", line(flour, "0.5"), on=TUESDAY, placeId=at)
    await shop.posted("internal_use", line(flour, "1"), on=TUESDAY, placeId=at)
    await shop.posted("count", line(flour, "11.75"), line(bone, "5.85"), on=SUNDAY, placeId=at)
    asked = {"since": MONDAY, "until": SUNDAY, "placeId": at}
    nodes = (await shop.ask(USAGE, **asked))["bomManufacturingUsage"]["nodes"]
    found = {one["item"]["code"]: one for one in nodes}
    assert {name: D(found["FLOUR"][name]) for name in found["FLOUR"] if name != "item"} == {
        **{"opening": D(0), "received": D(20), "closing": D("11.75"), "actual": D("8.25")},
        **{"theoretical": D("6.45"), "waste": D("0.5"), "internalUse": D(1)},
        **{"variance": D("0.3"), "variancePercent": D("4.65"), "varianceValue": D("1.20")},
    }
    assert D(found["BONE"]["variance"]) == 0
    card = await shop.ask(CARD, itemId=kitchen.workshop.items["NOODLES"])
    assert card["bomManufacturingRecipeCard"]["cost"] == "1.6000"

    # 43 bowls at 1.60 are the cost of sales, and the books tally
    async with db.snapshot(tenant.id) as tx:
        cursor = await tx.raw.execute(
            b"SELECT sum(e.value) FROM entry e JOIN place p ON p.tenant_id = e.tenant_id"
            b" AND p.id = e.place_id WHERE p.account = 'customer'"
        )
        assert await cursor.fetchone() == (D("68.80"),)
    assert await verify(db, tenant.id) == []
