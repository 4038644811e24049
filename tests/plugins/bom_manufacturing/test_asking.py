"""What bills of material answer over HTTP: trees, needs, where-used, what can be built and costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from plugins.bom_manufacturing.bills.rules.bom import explode
from plugins.bom_manufacturing.bills.rules.records import Variant
from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.adventureworks import bills as adventureworks
from tests.plugins.bom_manufacturing.adventureworks import table
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.schema.statements import statements
from tests.shop import line

NODES = (
    "{ nodes { level quantity item { code } parent { code } } pageInfo { hasNextPage endCursor } }"
)
NEEDS = "{ nodes { level quantity made item { code } } pageInfo { hasNextPage endCursor } }"
USES = "{ nodes { distance item { code } } }"
BUILD = "{ quantity short { quantity item { code } } }"


def needs(found: Any) -> dict[str, Decimal]:
    return {one["item"]["code"]: Decimal(one["quantity"]) for one in found["nodes"]}


async def test_the_tree_is_read_from_above_page_by_page(workshop: Workshop) -> None:
    await workshop.simple(P="S T M", S="M N", T="S")
    found = await workshop.ask("Tree", "P", NODES, quantity="2", depth=9)
    shown = [(one["level"], one["parent"]["code"], one["item"]["code"]) for one in found["nodes"]]
    assert shown == [
        (1, "P", "S"),
        (2, "S", "M"),
        (2, "S", "N"),
        (1, "P", "T"),
        (2, "T", "S"),
        (3, "S", "M"),
        (3, "S", "N"),
        (1, "P", "M"),
    ]
    assert {one["quantity"] for one in found["nodes"]} == {"2"}
    seen: list[Any] = []
    after = None
    while True:
        page = await workshop.ask("Tree", "P", NODES, quantity="2", depth=9, first=3, after=after)
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == found["nodes"]
    shallow = await workshop.ask("Tree", "P", NODES)
    assert [one["item"]["code"] for one in shallow["nodes"]] == ["S", "T", "M"]
    [error] = await workshop.ask("Tree", "P", NODES, depth=0)
    assert error["extensions"]["code"] == "BOM_MANUFACTURING_OUT_OF_RANGE"


async def test_a_deeper_tree_takes_no_more_statements(workshop: Workshop) -> None:
    await workshop.simple(SMALL="X1", **{f"L{n}": f"L{n + 1} M{n} N{n}" for n in range(12)})
    counts = []
    await workshop.ask("Tree", "SMALL", NODES)  # who signs in anew asks more
    for code in ("SMALL", "L0"):
        with statements(workshop.shop.database) as sent:
            found = await workshop.ask("Tree", code, NODES, depth=50)
        counts.append(len(sent))
        assert len(found["nodes"]) == (1 if code == "SMALL" else 36)
    assert counts[1] <= counts[0]


async def test_many_versions_with_all_that_is_in_them_take_no_more_statements(
    workshop: Workshop,
) -> None:
    for n in range(4):
        lines = [
            await workshop.line(
                f"A{n}{m}", alternates=[{"itemId": await workshop.item(f"B{n}{m}"), "priority": 1}]
            )
            for m in range(3)
        ]
        besides = {"itemId": await workshop.item(f"C{n}"), "quantity": "1"}
        await workshop.save("P", *lines, version=str(n), outputs=[besides])
    fields = """{ nodes { version item { code } outputs { item { code } }
      lines(first: 9) { nodes { item { code } alternates { item { code } } } } } }"""
    await workshop.ask("Boms", "P", fields, first=1)  # who signs in anew asks more
    counts = []
    for first in (1, 4):
        with statements(workshop.shop.database) as sent:
            found = await workshop.ask("Boms", "P", fields, first=first)
        counts.append(len(sent))
        assert len(found["nodes"]) == first
    assert counts[1] <= counts[0]


async def test_versions_by_day_and_lines_by_attribute(workshop: Workshop) -> None:
    old = [await workshop.line("OLD")]
    red = [{"attribute": "colour", "values": ["red"]}]
    new = [await workshop.line("NEW"), await workshop.line("DYE", "2", conditions=red)]
    await workshop.save("P", *old, validUntil="2025-06-30")
    await workshop.save("P", *new, version="2", validFrom="2025-07-01")
    ask = workshop.ask
    assert needs(await ask("Explode", "P", NEEDS, on="2025-06-30")) == {"OLD": 1}
    assert needs(await ask("Explode", "P", NEEDS, on="2025-07-01")) == {"NEW": 1}
    colour = [{"attribute": "colour", "value": "red"}]
    found = await ask("Explode", "P", NEEDS, on="2025-07-01", attributes=colour, quantity="3")
    assert needs(found) == {"NEW": 3, "DYE": 6}
    listed = await ask("Boms", "P", "{ nodes { id version } }")
    assert [one["version"] for one in listed["nodes"]] == ["1", "2"]
    ids = [one["id"] for one in listed["nodes"]]
    compared = await workshop.shop.ask(
        "query($a: ID!, $b: ID!) { bomManufacturingCompare(beforeId: $a, afterId: $b) {"
        " nodes { changed item { code } before { quantity } after { quantity } } } }",
        a=ids[0],
        b=ids[1],
    )
    changed = compared["bomManufacturingCompare"]["nodes"]
    assert [(one["item"]["code"], one["changed"]) for one in changed] == [
        ("OLD", ["lines"]),
        ("NEW", ["lines"]),
        ("DYE", ["lines"]),
    ]


async def test_where_used_over_levels(workshop: Workshop) -> None:
    await workshop.simple(P="S", S="M", Q="M P")
    await workshop.save("T", await workshop.line("X", alternates=[{"itemId": workshop.items["M"]}]))
    found = await workshop.ask("WhereUsed", "M", USES)
    assert {(one["item"]["code"], one["distance"]) for one in found["nodes"]} == {
        ("S", 1),
        ("Q", 1),
        ("T", 1),
        ("P", 2),
    }
    assert (await workshop.ask("WhereUsed", "Q", USES))["nodes"] == []


async def test_how_many_can_be_built_and_what_they_cost(workshop: Workshop) -> None:
    await workshop.save("P", await workshop.line("S", "2"), await workshop.line("BOLT", "3"))
    await workshop.save(
        "S",
        await workshop.line("M", "5"),
        operations=[{"minutes": "6", "hourRate": "10"}],
    )
    shop = workshop.shop
    await shop.posted(
        "receipt",
        line(workshop.items["BOLT"], "100", "0.1"),
        line(workshop.items["M"], "26", "2"),
        line(workshop.items["S"], "3", "7"),
    )
    assert await workshop.ask("CanBuild", "P", BUILD) == {
        "quantity": 4,
        "short": [{"quantity": "9", "item": {"code": "M"}}],
    }
    elsewhere = await workshop.ask("CanBuild", "P", BUILD, placeIds=[])
    assert elsewhere["quantity"] == 0
    # 2 × (5 × 2.00 and six minutes at 10 an hour), and three bolts
    assert await workshop.ask("Cost", "P", "", quantity="1") == "22.30"
    unknown = await workshop.item("UNKNOWN")
    await workshop.save("Q", {"itemId": unknown, "quantity": "1"})
    [error] = await workshop.ask("Cost", "Q", "")
    assert error["extensions"]["code"] == "BOM_MANUFACTURING_NO_COST"


async def test_who_may_what(workshop: Workshop, db: Database, schema: ComposedSchema) -> None:
    viewer = await Workshop.open(db, schema, roles=("viewer",))
    input_ = {"commandId": str(uuid7()), "itemId": await workshop.item("P"), "version": "1"}
    payload = await viewer.send({**input_, "lines": [await workshop.line("A")]})
    assert [error["code"] for error in payload["errors"]] == ["PERMISSION_DENIED"]


async def test_adventureworks_is_saved_and_exploded(workshop: Workshop) -> None:
    """All bills of a real maker, lines with their days, sub-assemblies after what they go into."""
    boms = adventureworks(table("Production.BillOfMaterials"))
    for item, bom in boms.items():
        lines = [
            await workshop.line(
                str(one.item),
                str(one.quantity),
                validFrom=one.valid_from and one.valid_from.isoformat(),
                validUntil=one.valid_until and one.valid_until.isoformat(),
            )
            for one in bom.lines
        ]
        await workshop.save(str(item), *lines)
    on = date(2022, 1, 1)
    for item in ("749", "775", "972"):
        expected = explode(boms, item, 3, Variant(on=on))
        found = await workshop.ask(
            "Explode", item, NEEDS, quantity="3", on=on.isoformat(), first=100
        )
        assert needs(found) == {**expected.made, **expected.bought}
        assert len(found["nodes"]) > 30


async def test_standard_costs_are_rolled_up_and_put_in_force(workshop: Workshop) -> None:
    """T of two S and one B, S of three A and what is out of date; three at a time."""
    for code, cost in (("A", "1"), ("B", "4"), ("S", "9")):
        await workshop.item(code, costing_method="standard", standard_cost=Decimal(cost))
    old = await workshop.line("A", "99", validUntil="2020-01-01")
    await workshop.save("S", await workshop.line("A", "10"), old, outputQuantity="3")
    await workshop.item("T", costing_method="standard")
    await workshop.save("T", await workshop.line("S", "2"), await workshop.line("B", "1"))
    fields = "{ nodes { level current rolledUp item { code } } }"

    async def told() -> list[tuple[Any, ...]]:
        found = await workshop.ask("RollUp", "T", fields)
        return [
            (one["item"]["code"], one["level"], one["current"], one["rolledUp"])
            for one in found["nodes"]
        ]

    assert await told() == [("S", 1, "9", "3.333333"), ("T", 0, None, "10.670000")]
    lines = [
        {"itemId": workshop.items[code], "unitPrice": cost}
        for code, cost in (("S", "3.333333"), ("T", "10.67"), ("A", "1.2"))
    ]
    await workshop.shop.posted("standard_cost", *lines, placeId=None)
    assert await told() == [("S", 1, "3.333333", "4.000000"), ("T", 0, "10.67", "12.000000")]


async def test_lines_are_rounded_as_amounts_of_the_company_are(workshop: Workshop) -> None:
    await workshop.item("A", purchase_price=Decimal("0.1234"))
    await workshop.save("P", await workshop.line("A"))
    query = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      errors { code } } }"""
    for decimals, cost in ((2, "0.12"), (4, "0.1234")):
        sent = {"commandId": str(uuid7()), "amountDp": decimals}
        assert (await workshop.shop.ask(query, input=sent))["updateSettings"]["errors"] == []
        assert await workshop.ask("Cost", "P", "") == cost
        [one] = (await workshop.ask("RollUp", "P", "{ nodes { rolledUp } }"))["nodes"]
        assert Decimal(one["rolledUp"]) == Decimal(cost)
