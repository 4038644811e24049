"""A product with a number that is worked on once more keeps its number (返工)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from core.db.database import Database
from core.extension.registry import Registry, using
from core.ids import uuid7
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.maker import MODULES, Maker
from tests.shop import Json, line

REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  errors { code } } }"""


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    with using(Registry(MODULES)) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def maker(db: Database, schema: ComposedSchema) -> AsyncIterator[Maker]:
    found = await Maker.open(db, schema)
    yield found
    await found.tallies()


def numbered(*numbers: str) -> Json:
    return {"serialNumbers": {"numbers": list(numbers)}}


async def states(maker: Maker, *numbers: str) -> list[str]:
    return [(await maker.unit(number))["state"] for number in numbers]


@pytest.mark.parametrize("issued", [True, False], ids=["out of work", "from the shelf"])
async def test_a_number_goes_in_and_comes_out_of_one_report(maker: Maker, issued: bool) -> None:
    works, shop = maker.works, maker.shop
    await maker.numbered("PC")
    pc, fan = maker.workshop.items["PC"], await maker.workshop.item("FAN")
    day = maker.planner.day(0)
    await shop.posted("opening", line(pc, "2", "90", **numbered("P1", "P2")), on=day)
    await works.stock(FAN=("2", "5"))
    extra = [{"itemId": fan, "quantity": "2"}]
    order = await works.order("PC", "2", kind="REWORK", extras=extra)
    lines: list[Json] = [{"line": 3, "quantity": "2"}]
    if issued:
        lines.append({"line": 2, "quantity": "2", **numbered("P1", "P2")})
    await works.do("Issue", orderId=order["id"], lines=lines)
    sent: dict[str, Any] = {"orderId": order["id"], "quantity": "1"}
    used = [{"itemId": pc, "quantity": "1", **numbered("P2")}]
    other = await works.refused("Report", **sent, used=used, **numbered("P1"))
    assert other == ["SERIAL_NUMBERS_NOT_ALLOWED"]
    payload = await works.send("Report", **sent, used=used, **numbered("P2"))
    assert payload["errors"] == []
    before = "IN_WORK" if issued else "IN_STOCK"
    assert await states(maker, "P1", "P2") == [before, "IN_STOCK"]
    asked = {"commandId": str(uuid7()), "id": payload["document"]["id"]}
    answer = await shop.ask(REVERSE, input=asked)
    assert answer["reverseDocument"]["errors"] == []
    assert await states(maker, "P1", "P2") == [before, before]
    for number in ("P1", "P2"):
        used = [{"itemId": pc, "quantity": "1", **numbered(number)}]
        order = await works.do("Report", **sent, used=used, **numbered(number))
    assert (order["status"], await states(maker, "P1", "P2")) == ("COMPLETED", ["IN_STOCK"] * 2)
    assert await works.on_hand("PC") == (2, 190)
    await works.do("Close", orderId=order["id"])
    await shop.posted("issue", line(pc, "1", "200", **numbered("P2")), on=day)
    assert await states(maker, "P1", "P2") == ["IN_STOCK", "SOLD"]
