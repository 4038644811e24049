"""Work orders that many work at, and lists of many: over HTTP, on the real database."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from tests.plugins.bom_manufacturing.works import Works, worth


async def test_two_reports_at_once_take_each_its_part(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Charge", orderId=order["id"], kind="LABOUR", amount="1")
    sent = [works.send("Report", orderId=order["id"], quantity="1") for _ in range(4)]
    assert [one["errors"] for one in await asyncio.gather(*sent)] == [[]] * 4
    last = await works.read(order)
    assert (last["reported"], last["open"], worth(last)) == ("4", "0", 0)
    assert await works.on_hand("P") == (4, 29)


async def test_two_last_reports_at_once_are_one(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    sent = [works.send("Report", orderId=order["id"], quantity="4") for _ in range(3)]
    codes = sorted(error["code"] for one in await asyncio.gather(*sent) for error in one["errors"])
    assert codes == ["BEYOND_ORDER", "BEYOND_ORDER"]
    assert await works.on_hand("P") == (4, 28)


async def test_a_stop_comes_before_or_after_a_report(works: Works) -> None:
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    reported, stopped = await asyncio.gather(
        works.send("Report", orderId=order["id"], quantity="1"),
        works.send("Stop", orderId=order["id"]),
    )
    assert stopped["errors"] == []
    codes = [error["code"] for error in reported["errors"]]
    assert codes in ([], ["BOM_MANUFACTURING_STOPPED"])
    last = await works.read(order)
    assert last["status"] == "STOPPED"
    assert await works.on_hand("P") == ((0, 0) if codes else (1, 7))


LIST = """query($filter: BomManufacturingWorkOrderFilter, $first: Int, $after: String) {
  bomManufacturingWorkOrders(filter: $filter, first: $first, after: $after) {
    nodes { number status open worth { value } item { code } bom { version }
      outputs { received value item { code } } cost { received unitCost }
      parts(first: 5) { nodes { used variance item { code } } }
      inWork(first: 5) { nodes { value item { code } } } }
    pageInfo { hasNextPage endCursor } } }"""


async def test_lists_take_as_many_statements_for_ten_as_for_one(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    execute = psycopg.AsyncConnection.execute

    async def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        seen.append(query)
        return await execute(self, query, *rest, **more)

    await works.stock(A=("100", "2"), B=("100", "3"))
    for _ in range(3):
        order = await works.order("P", "4")
        await works.do("Issue", orderId=order["id"])
    counts = []
    monkeypatch.setattr(psycopg.AsyncConnection, "execute", noted)
    for first in (1, 3):
        seen.clear()
        found = await works.workshop.shop.ask(LIST, first=first)
        assert len(found["bomManufacturingWorkOrders"]["nodes"]) == first
        counts.append(len(seen))
    assert 0 < counts[0] == counts[1]
    monkeypatch.undo()
    await works.do("Report", orderId=order["id"], quantity="4")
    in_work = await works.workshop.shop.ask(LIST, first=5, filter={"inWork": True})
    assert [one["worth"]["value"] for one in in_work["bomManufacturingWorkOrders"]["nodes"]] == [
        "28.00",
        "28.00",
    ]
    of_a = {"itemId": works.workshop.items["A"]}
    none = await works.workshop.shop.ask(LIST, first=5, filter=of_a)
    assert none["bomManufacturingWorkOrders"]["nodes"] == []
    page = (await works.workshop.shop.ask(LIST, first=2))["bomManufacturingWorkOrders"]
    rest = await works.workshop.shop.ask(LIST, first=5, after=page["pageInfo"]["endCursor"])
    assert len(rest["bomManufacturingWorkOrders"]["nodes"]) == 1
