"""Runs of planning that get in each other's way, and orders made of what they suggest."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.db.database import Database, Transaction
from core.ids import uuid7
from plugins.bom_manufacturing.planning import runs, situation
from plugins.bom_manufacturing.planning.stock import plans
from schema.relay import uuid_of
from tests.plugins.bom_manufacturing.planner import ORDER, PLAN, Planner


async def test_suggestions_become_orders_once(planner: Planner) -> None:
    workshop = planner.workshop
    steel, wood = await planner.supplier(), await planner.supplier("Wood Ltd")
    await planner.told(A={"supplierId": steel, "leadTime": 2}, B={"supplierId": steel}, C={})
    for code, due in (("A", 9), ("B", 4), ("C", 6)):
        await planner.order("sales_order", code, "5", due)
    await planner.plan()
    mine = {one["item"]["code"]: one["id"] for one in await planner.suggestions()}
    main = workshop.shop.places["MAIN"]
    wanted = [{"id": key} for key in mine.values()]
    [error] = (await planner.send(ORDER, suggestions=wanted, placeId=main))["errors"]
    n = str(list(mine).index("C"))
    assert (error["code"], error["path"]) == (
        "BOM_MANUFACTURING_NO_SUPPLIER",
        ["suggestions", n, "supplierId"],
    )
    for one in wanted:
        if one["id"] == mine["C"]:
            one["supplierId"] = wood
    command = {"commandId": str(uuid7()), "suggestions": wanted, "placeId": main}
    first = await planner.send(ORDER, **command)
    assert first == await planner.send(ORDER, **command)
    assert first["errors"] == []
    orders = {
        one["party"]["name"]: [
            (row["item"]["code"], row["quantity"], row["dueOn"]) for row in one["lines"]["nodes"]
        ]
        for one in first["purchases"]
    }
    assert orders == {
        "Steel Ltd": [("B", "5", planner.day(4)), ("A", "5", planner.day(9))],
        "Wood Ltd": [("C", "5", planner.day(6))],
    }
    assert {one["state"] for one in first["purchases"]} == {"DRAFT"}
    again = await planner.send(ORDER, suggestions=[{"id": mine["A"]}], placeId=main)
    assert [one["code"] for one in again["errors"]] == ["BOM_MANUFACTURING_ORDERED_ALREADY"]
    assert await planner.suggestions(ordered=False) == []
    assert all(one["document"] for one in await planner.suggestions(ordered=True))
    await planner.plan()  # drafts promise nothing: it is suggested anew, and the old one is stale
    stale = [one for one in await planner.suggestions() if one["item"]["code"] == "A"]
    assert stale[0]["id"] != mine["A"]


async def test_what_an_older_plan_suggests_is_not_ordered(planner: Planner) -> None:
    await planner.told(A={"supplierId": await planner.supplier()})
    await planner.order("sales_order", "A", "5", 9)
    await planner.plan()
    [old] = await planner.suggestions()
    await planner.plan()
    main = planner.workshop.shop.places["MAIN"]
    [error] = (await planner.send(ORDER, suggestions=[{"id": old["id"]}], placeId=main))["errors"]
    assert error["code"] == "NOT_FOUND"  # nobody needs it any more


async def test_what_is_made_is_not_bought(planner: Planner) -> None:
    await planner.workshop.simple(P="M")
    await planner.order("sales_order", "P", "5", 9)
    await planner.plan()
    [made] = await planner.suggestions(make=True)
    steel = await planner.supplier()
    wanted = [{"id": made["id"], "supplierId": steel}]
    main = planner.workshop.shop.places["MAIN"]
    [error] = (await planner.send(ORDER, suggestions=wanted, placeId=main))["errors"]
    assert (error["code"], error["path"]) == (
        "BOM_MANUFACTURING_NOT_BOUGHT",
        ["suggestions", "0", "supplierId"],
    )


async def test_the_newer_run_wins(planner: Planner, db: Database) -> None:
    """A run that another overtook writes nothing more, and is no plan."""
    tenant = planner.workshop.shop.principal.tenant_id
    who = planner.workshop.shop.principal.user_id
    await planner.order("sales_order", "A", "5", 9)
    older = uuid7()
    async with db.transaction(tenant) as tx:
        await plans.begin(tx, older, None, planner.today, planner.today + timedelta(30), who)
        assert await plans.run(tx, older, "queued")
    newer = await planner.plan()
    assert await runs._attempt(db, tenant, older) is False
    await runs.carry_out(db, tenant, older)
    async with db.snapshot(tenant) as tx:
        found = await plans.runs_by_id(tx, [older])
        current = await plans.current(tx)
        assert await plans.suggestions(tx, older, plans.Wanted(), None, 10) == []
    assert found[older].state == "superseded"
    assert current is not None
    assert current.id == uuid_of(newer["id"], "BomManufacturingRun")


async def test_orders_made_meanwhile_make_a_run_begin_anew(planner: Planner, db: Database) -> None:
    """What it read before the order was made it must not suggest once more."""
    tenant = planner.workshop.shop.principal.tenant_id
    who = planner.workshop.shop.principal.user_id
    await planner.told(A={"supplierId": await planner.supplier()})
    await planner.order("sales_order", "A", "5", 9)
    await planner.plan()
    [one] = await planner.suggestions()
    key = uuid7()
    async with db.transaction(tenant) as tx:
        await plans.begin(tx, key, None, planner.today, planner.today + timedelta(30), who)
        assert await plans.run(tx, key, "queued")
    main = planner.workshop.shop.places["MAIN"]
    payload = await planner.send(ORDER, suggestions=[{"id": one["id"]}], placeId=main)
    assert payload["errors"] == []
    assert await runs._attempt(db, tenant, key) is False
    async with db.transaction(tenant) as tx:
        assert await plans.run(tx, key, "running")
        await plans.clear(tx, key)
    assert await runs._attempt(db, tenant, key) is True


async def test_a_run_whose_process_is_gone_has_failed(planner: Planner, db: Database) -> None:
    tenant = planner.workshop.shop.principal.tenant_id
    who = planner.workshop.shop.principal.user_id
    key = uuid7()
    async with db.transaction(tenant) as tx:
        await plans.begin(tx, key, None, planner.today, planner.today, who)
        await runs.give_up_silent(tx)
        assert (await plans.runs_by_id(tx, [key]))[key].state == "queued"
        await plans.fail_silent(tx, -1, '{"code": "BOM_MANUFACTURING_PLAN_INTERRUPTED"}')
    asked = "{ bomManufacturingRuns { nodes { state failure { code message } } } }"
    [run] = await planner.nodes(asked)
    assert (run["state"], run["failure"]["code"]) == (
        "FAILED",
        "BOM_MANUFACTURING_PLAN_INTERRUPTED",
    )


async def test_a_long_run_goes_on_beside_the_requests(
    planner: Planner, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await planner.order("sales_order", "A", "5", 9)
    answered, read = asyncio.Event(), situation.read

    async def reading(tx: Transaction, run: plans.Run) -> situation.Snapshot:
        await answered.wait()
        return await read(tx, run)

    monkeypatch.setattr(situation, "read", reading)
    monkeypatch.setattr(runs, "PATIENCE", 0)
    payload = await planner.send(PLAN, days=30)
    assert payload["run"]["state"] in ("QUEUED", "RUNNING")
    answered.set()
    key = uuid_of(payload["run"]["id"], "BomManufacturingRun")
    await db.companion(runs.Planner).start(planner.workshop.shop.principal.tenant_id, key)
    asked = "{ bomManufacturingRuns { nodes { id state itemsDone itemsTotal } } }"
    [run] = await planner.nodes(asked)
    assert run == {"id": payload["run"]["id"], "state": "DONE", "itemsDone": 1, "itemsTotal": 1}
    assert await planner.brief() == [("A", "5", 9, 9)]


async def test_runs_at_once_do_not_mix(planner: Planner) -> None:
    for n in range(5):
        await planner.order("sales_order", f"I{n}", "5", 9)
    payloads = await asyncio.gather(*(planner.send(PLAN, days=30) for _ in range(12)))
    assert all(one["errors"] == [] for one in payloads)
    found = await planner.nodes("{ bomManufacturingRuns { nodes { state } } }")
    states = [one["state"] for one in found]
    assert len(states) == 12
    assert set(states) <= {"DONE", "SUPERSEDED"}
    assert sorted(await planner.brief()) == [(f"I{n}", "5", 9, 9) for n in range(5)]


async def test_suggestions_ordered_at_once_become_one_order(planner: Planner) -> None:
    await planner.told(A={"supplierId": await planner.supplier()})
    await planner.order("sales_order", "A", "5", 9)
    await planner.plan()
    [one] = await planner.suggestions()
    main = planner.workshop.shop.places["MAIN"]
    wanted = {"suggestions": [{"id": one["id"]}], "placeId": main}
    payloads = await asyncio.gather(*(planner.send(ORDER, **wanted) for _ in range(4)))
    codes = sorted(error["code"] for payload in payloads for error in payload["errors"])
    assert codes == ["BOM_MANUFACTURING_ORDERED_ALREADY"] * 3
    assert sum(len(payload["purchases"] or ()) for payload in payloads) == 1


async def test_a_run_that_cannot_be_finished_says_why(planner: Planner) -> None:
    """Lots so small that one need would be a million orders; the plan before it holds."""
    await planner.order("sales_order", "A", "2000", 9)
    await planner.plan()
    await planner.told(A={"lotPolicy": "FIXED", "lotQuantity": "0.001"})
    run = (await planner.send(PLAN, days=30))["run"]
    assert run["state"] == "FAILED"
    assert run["failure"]["code"] == "BOM_MANUFACTURING_TOO_MANY_LOTS"
    assert "1000" in run["failure"]["message"]
    assert await planner.brief() == [("A", "2000", 9, 9)]
