"""Saving bills of material over HTTP, and what speaks against it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import tables
from schema.compose import ComposedSchema
from schema.relay import uuid_of
from tests.plugins.bom_manufacturing.workshop import Workshop

RANGE = "BOM_MANUFACTURING_OUT_OF_RANGE"
REVERSED = "BOM_MANUFACTURING_DATES_REVERSED"
PHANTOM = "BOM_MANUFACTURING_PHANTOM"
TWICE = "BOM_MANUFACTURING_SAME_ATTRIBUTE"
COLOUR = {"attribute": "colour", "values": ["red"]}
WORK = {"minutes": "1", "hourRate": "1"}


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
