"""Bills on conditions of which nobody told what decides: nothing is made, or planned, in silence without a
component."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from core.plugin_api import today as today_of
from plugins.bom_manufacturing.bills.rules.bom import components, untold
from plugins.bom_manufacturing.bills.rules.records import ONE, Bom, Item, Line, Variant
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.outwork import Outwork
from tests.plugins.bom_manufacturing.planner import Planner
from tests.plugins.bom_manufacturing.works import Works, parts
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json

UNTOLD = "BOM_MANUFACTURING_ATTRIBUTE_UNTOLD"
DAY = date(2026, 3, 2)


def on(item: str, phantom: bool = False, **conditions: str) -> Line:
    wanted = {name: frozenset(values.split()) for name, values in conditions.items()}
    return Line(item, ONE, phantom=phantom, conditions=wanted)


def test_only_what_decides_must_be_told() -> None:
    kit = Bom("KIT", (on("PLUG", plug="EU UK"),))
    boms: dict[Item, Bom] = {"KIT": kit}
    lamp = Bom("LAMP", (on("BULB", volts="230", colour="RED"), on("KIT", True, kit="YES")))

    def missing(**told: str) -> list[str]:
        return untold(boms, lamp, Variant(told, DAY))

    assert missing() == ["colour", "kit", "volts"]
    assert missing(colour="RED", kit="NO") == ["volts"]
    assert missing(colour="BLUE", kit="NO") == []  # ruled out, whatever the voltage
    assert missing(colour="BLUE", kit="YES") == ["plug"]
    assert missing(colour="BLUE", kit="YES", plug="US") == []


names, values = "abc", "xy"


@given(
    st.lists(
        st.dictionaries(st.sampled_from(names), st.sets(st.sampled_from(values), min_size=1)),
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(names), st.sampled_from(values)),
    st.dictionaries(st.sampled_from(names), st.sampled_from(values + "z")),
)
def test_where_all_is_told_more_changes_nothing(
    conditions: list[dict[str, set[str]]], told: dict[str, str], more: dict[str, str]
) -> None:
    """And where something is not, some values of it make a difference."""
    lines = tuple(
        Line(n, ONE, conditions={name: frozenset(some) for name, some in one.items()})
        for n, one in enumerate(conditions)
    )
    bom = Bom("P", lines)

    def taken(attributes: dict[str, str]) -> list[object]:
        return [one.line.item for one in components({}, bom, 1, Variant(attributes, DAY))]

    missing = untold({}, bom, Variant(told, DAY))
    if not missing:
        assert taken({**more, **told}) == taken(told)
    else:
        whole = [{name: next(iter(some)) for name, some in one.items()} for one in conditions]
        assert any(taken({**one, **told}) != taken(told) for one in whole)


async def lamps(workshop: Workshop) -> None:
    """Lamps with a bulb by their voltage, through a phantom."""
    bulbs = [
        await workshop.line(f"BULB-{volts}", conditions=[{"attribute": "volts", "values": [volts]}])
        for volts in ("110", "230")
    ]
    await workshop.save("KIT", *bulbs, await workshop.line("SCREW", "4"))
    await workshop.save("LAMP", await workshop.line("KIT", phantom=True))


def volts(value: str) -> list[Json]:
    return [{"attribute": "volts", "value": value}]


async def test_work_is_refused_until_it_is_told(workshop: Workshop, schema: ComposedSchema) -> None:
    works = Works(workshop, schema)
    await lamps(workshop)
    sent: Json = {"itemId": workshop.items["LAMP"], "quantity": "2"}
    sent["placeId"] = workshop.shop.places["MAIN"]
    for kind in ("MAKE", "DISASSEMBLE"):
        [error] = (await works.send("SaveWorkOrder", **sent, kind=kind))["errors"]
        assert (error["code"], error["path"]) == (UNTOLD, ["attributes"])
        assert error["details"] == {"item": "LAMP", "attribute": "volts"}
    order = await works.draft("LAMP", "2", attributes=volts("230"))
    assert parts(order, "ordered") == {"BULB-230": (2,), "SCREW": (8,)}
    assert await works.draft("LAMP", "2", kind="REWORK")  # takes nothing of its bill


async def test_an_order_to_a_processor_is_refused_until_it_is_told(
    outwork: Outwork, schema: ComposedSchema
) -> None:
    workshop = outwork.workshop
    await lamps(workshop)
    await Works(workshop, schema).stock(**{"BULB-110": ("9", "1"), "SCREW": ("9", "1")})
    sent: Json = {"partyId": outwork.party, "itemId": workshop.items["LAMP"], "fee": "1"}
    sent |= {"placeId": workshop.shop.places["MAIN"], "quantity": "2"}
    payload = await outwork.send("OrderSubcontract", "OrderSubcontract", **sent)
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == (UNTOLD, ["attributes"])
    shop = workshop.shop
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        today = await today_of(tx)
    payload = await outwork.done(
        "OrderSubcontract",
        "OrderSubcontract",
        **{**sent, "businessDate": today.isoformat(), "attributes": volts("110")},
    )
    nodes = payload["order"]["components"]["nodes"]
    assert {one["item"]["code"]: one["ordered"] for one in nodes} == {
        "BULB-110": "2",
        "SCREW": "8",
    }


async def test_a_plan_says_what_is_not_told(planner: Planner) -> None:
    """What is needed whatever the voltage is planned, and the lamp is listed with the reason."""
    workshop = planner.workshop
    await lamps(workshop)
    await workshop.simple(STAND="A")
    for code in ("LAMP", "STAND"):
        await planner.order("sales_order", code, "2", 9)
    await planner.plan()
    assert sorted(await planner.brief()) == [
        ("A", "2", 9, 9),
        ("LAMP", "2", 9, 9),
        ("SCREW", "8", 9, 9),
        ("STAND", "2", 9, 9),
    ]
    [lamp] = await planner.suggestions(untold=True)
    assert (lamp["item"]["code"], lamp["untoldAttributes"]) == ("LAMP", ["volts"])
    others = await planner.suggestions(untold=False)
    assert [one["untoldAttributes"] for one in others] == [[]] * 3
    main = workshop.shop.places["MAIN"]
    [error] = (await planner.turned([lamp["id"]], placeId=main))["errors"]
    assert (error["code"], error["path"]) == (UNTOLD, ["suggestions", "0", "id"])
