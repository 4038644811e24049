"""Bills of material over HTTP, on the real database."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from plugins.bom_manufacturing import bills, tables
from plugins.bom_manufacturing.rules.bom import explode
from plugins.bom_manufacturing.rules.records import Variant
from schema.compose import ComposedSchema
from schema.relay import uuid_of
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
RANGE = "BOM_MANUFACTURING_OUT_OF_RANGE"
REVERSED = "BOM_MANUFACTURING_DATES_REVERSED"
PHANTOM = "BOM_MANUFACTURING_PHANTOM"
TWICE = "BOM_MANUFACTURING_SAME_ATTRIBUTE"
COLOUR = {"attribute": "colour", "values": ["red"]}
WORK = {"minutes": "1", "hourRate": "1"}
BUILD = "{ quantity short { quantity item { code } } }"


def needs(found: Any) -> dict[str, Decimal]:
    return {one["item"]["code"]: Decimal(one["quantity"]) for one in found["nodes"]}


async def test_what_is_saved_is_read_as_it_was(workshop: Workshop) -> None:
    alternate = {"itemId": await workshop.item("ALT"), "priority": 2, "ratio": "1.5"}
    red = {"attribute": "colour", "values": ["red", "pink"]}
    full = await workshop.line(
        "CLOTH",
        "2.5",
        scrapPercent="5",
        setupLoss="0.1",
        multiple="0.5",
        phantom=False,
        supply="BACKFLUSH",
        validFrom="2025-01-01",
        validUntil="2025-12-31",
        conditions=[red],
        alternates=[alternate],
    )
    saved = await workshop.save(
        "SHIRT",
        full,
        await workshop.line("THREAD"),
        outputQuantity="10",
        validFrom="2025-01-01",
        outputs=[{"itemId": await workshop.item("RAG"), "quantity": "1", "sharePercent": "2"}],
        operations=[{"minutes": "6", "hourRate": "30", "setupMinutes": "15"}],
    )
    [cloth, thread] = saved["lines"]["nodes"]
    assert cloth == {
        "number": 1,
        "quantity": "2.5",
        "scrapPercent": "5",
        "setupLoss": "0.1",
        "multiple": "0.5",
        "phantom": False,
        "supply": "BACKFLUSH",
        "validFrom": "2025-01-01",
        "validUntil": "2025-12-31",
        "conditions": [{"attribute": "colour", "values": ["pink", "red"]}],
        "alternates": [{"priority": 2, "ratio": "1.5", "item": {"code": "ALT"}}],
        "item": {"code": "CLOTH"},
    }
    assert (thread["number"], thread["supply"], thread["multiple"]) == (2, "ISSUE", None)
    assert (saved["revision"], saved["outputQuantity"], saved["validUntil"]) == (1, "10", None)
    assert [one["sharePercent"] for one in saved["outputs"]] == ["2"]
    assert [one["hourRate"] for one in saved["operations"]] == ["30"]
    assert [one["efficiencyPercent"] for one in saved["operations"]] == ["100"]


async def test_a_version_is_saved_over_only_by_who_saw_it(workshop: Workshop) -> None:
    a, b = await workshop.line("A"), await workshop.line("B")
    await workshop.save("P", a)
    refused = await workshop.send(await workshop.input("P", b))
    assert [error["code"] for error in refused["errors"]] == ["STALE_REVISION"]
    again = await workshop.save("P", b, revision=1)
    assert again["revision"] == 2
    assert [one["item"]["code"] for one in again["lines"]["nodes"]] == ["B"]
    stale = await workshop.send(await workshop.input("P", a, revision=1))
    assert [error["code"] for error in stale["errors"]] == ["STALE_REVISION"]
    none = await workshop.send(await workshop.input("P", a, version="2", revision=1))
    assert [error["code"] for error in none["errors"]] == ["STALE_REVISION"]


async def test_the_same_command_saves_once(workshop: Workshop) -> None:
    input_ = await workshop.input("P", await workshop.line("A"))
    first, second = await workshop.send(input_), await workshop.send(input_)
    assert first == second
    assert first["bom"]["revision"] == 1
    other = await workshop.send({**input_, "version": "2"})
    assert other["bom"] is None
    assert other["errors"]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"version": " "}, "REQUIRED", ["version"]),
        ({"version": "x" * 51}, "TOO_LONG", ["version"]),
        ({"outputQuantity": "0"}, RANGE, ["outputQuantity"]),
        ({"validFrom": "2025-02-01", "validUntil": "2025-01-31"}, REVERSED, ["validUntil"]),
        ({"lines": []}, "REQUIRED", ["lines"]),
        ({"operations": [WORK | {"minutes": "-1"}]}, RANGE, ["operations", 0, "minutes"]),
        (
            {"operations": [WORK | {"cycleQuantity": "0"}]},
            RANGE,
            ["operations", 0, "cycleQuantity"],
        ),
    ],
)
async def test_what_is_wrong_is_told(
    workshop: Workshop, change: dict[str, Any], code: str, path: list[str | int]
) -> None:
    input_ = await workshop.input("P", await workshop.line("A"))
    payload = await workshop.send({**input_, **change})
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == (code, list(map(str, path)))


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"quantity": "-1"}, RANGE, ["quantity"]),
        ({"quantity": "1000000000000"}, RANGE, ["quantity"]),
        ({"scrapPercent": "-0.1"}, RANGE, ["scrapPercent"]),
        ({"multiple": "0"}, RANGE, ["multiple"]),
        (
            {"conditions": [{"attribute": "a", "values": []}]},
            "REQUIRED",
            ["conditions", 0, "values"],
        ),
        (
            {"conditions": [{"attribute": " ", "values": ["x"]}]},
            "REQUIRED",
            ["conditions", 0, "attribute"],
        ),
        ({"conditions": [COLOUR] * 2}, TWICE, ["conditions", 1, "attribute"]),
        ({"phantom": True, "supply": "PROCESSOR"}, PHANTOM, ["supply"]),
        ({"phantom": True, "supply": "CONSUMABLE"}, PHANTOM, ["supply"]),
    ],
)
async def test_what_is_wrong_with_a_line_is_told(
    workshop: Workshop, change: dict[str, Any], code: str, path: list[str | int]
) -> None:
    bad = {**await workshop.line("A"), **change}
    payload = await workshop.send(await workshop.input("P", await workshop.line("B"), bad))
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == (code, ["lines", "1", *map(str, path)])


async def test_nothing_stands_in_for_a_phantom(workshop: Workshop) -> None:
    instead = [{"itemId": await workshop.item("B")}]
    line = await workshop.line("A", phantom=True, alternates=instead)
    [error] = (await workshop.send(await workshop.input("P", line)))["errors"]
    assert (error["code"], error["path"]) == (PHANTOM, ["lines", "0", "alternates"])


async def test_outputs_leave_something_for_the_product(workshop: Workshop) -> None:
    rag = {"itemId": await workshop.item("RAG"), "quantity": "1"}
    dust = {"itemId": await workshop.item("DUST"), "quantity": "1"}
    itself = {"itemId": await workshop.item("P"), "quantity": "1"}
    for outputs, code in (
        ([{**rag, "sharePercent": "60"}, {**dust, "sharePercent": "40"}], "OUTPUT_SHARES"),
        ([{**rag, "sharePercent": "1"}, rag], "SAME_OUTPUT"),
        ([{**rag, "sharePercent": "1", "unitValue": "1"}], "OUTPUT_VALUE"),
        ([itself], "OUTPUT_OF_ITSELF"),
    ):
        input_ = await workshop.input("P", await workshop.line("A"), outputs=outputs)
        [error] = (await workshop.send(input_))["errors"]
        assert error["code"] == f"BOM_MANUFACTURING_{code}"


async def test_items_that_are_not_there(
    workshop: Workshop, db: Database, schema: ComposedSchema
) -> None:
    stranger = await (await Workshop.open(db, schema)).item("A")
    bad = {"itemId": stranger, "quantity": "1"}
    payload = await workshop.send(await workshop.input("P", await workshop.line("A"), bad))
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["lines", "1", "itemId"])


async def test_what_is_archived_goes_into_no_bill_but_an_old_one_can_be_ended(
    workshop: Workshop,
) -> None:
    await workshop.save("P", await workshop.line("A"))
    query = """mutation($input: ArchiveInput!) { archiveItem(input: $input) { errors { code } } }"""
    sent = {"commandId": str(uuid7()), "id": workshop.items["A"], "revision": 1}
    assert (await workshop.shop.ask(query, input=sent))["archiveItem"]["errors"] == []
    for code, more, path in (
        ("P", {"version": "2"}, ["lines", "0", "itemId"]),
        ("A", {}, ["itemId"]),
    ):
        line = await workshop.line("A" if code == "P" else "B")
        payload = await workshop.send(await workshop.input(code, line, **more))
        [error] = payload["errors"]
        assert (error["code"], error["path"]) == ("BOM_MANUFACTURING_ARCHIVED", path)
    ended = await workshop.input("P", await workshop.line("A"), revision=1, validUntil="2026-01-31")
    assert (await workshop.send(ended))["errors"] == []


async def test_a_cycle_is_refused_by_whichever_version(workshop: Workshop) -> None:
    await workshop.simple(P="S", S="M")
    for code, lines in (("M", ["P"]), ("M", ["X", "S"]), ("P", ["P"])):
        found = [await workshop.line(name) for name in lines]
        [error] = (await workshop.send(await workshop.input(code, *found, version="9")))["errors"]
        assert error["code"] == "BOM_MANUFACTURING_CYCLE"
    assert "P → P" in error["message"]
    alternate = await workshop.line("X", alternates=[{"itemId": await workshop.item("P")}])
    [error] = (await workshop.send(await workshop.input("M", alternate)))["errors"]
    assert error["code"] == "BOM_MANUFACTURING_CYCLE"
    await workshop.save("P", await workshop.line("X"), revision=1)  # no way down to M any more
    await workshop.save("M", await workshop.line("P"))


async def test_saves_at_once_close_no_cycle(workshop: Workshop) -> None:
    """Each is right by itself: A of B, B of C, C of A. One of three at least has to be refused."""
    for round_ in range(8):
        ring = [f"R{round_}{letter}" for letter in "ABC"]
        inputs = [
            await workshop.input(code, await workshop.line(ring[(n + 1) % 3]))
            for n, code in enumerate(ring)
        ]
        payloads = await asyncio.gather(*(workshop.send(input_) for input_ in inputs))
        codes = [error["code"] for payload in payloads for error in payload["errors"]]
        assert codes == ["BOM_MANUFACTURING_CYCLE"]
        assert sum(payload["bom"] is not None for payload in payloads) == 2


async def test_verify_finds_a_cycle_that_came_in_otherwise(
    workshop: Workshop, db: Database
) -> None:
    await workshop.simple(P="S", S="M")
    tenant = workshop.shop.principal.tenant_id
    assert await verify(db, tenant) == []
    async with db.transaction(tenant) as tx:
        await tx.sql.execute(
            sa.update(tables.line)
            .where(tables.line.c.item_id == uuid_of(workshop.items["M"], "Item"))
            .values(item_id=uuid_of(workshop.items["P"], "Item"))
        )
        assert len(await bills.differences(tx)) == 1
        await tx.sql.execute(sa.delete(tables.line).where(tables.line.c.tenant_id == tenant))
        assert await bills.differences(tx) == []


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
