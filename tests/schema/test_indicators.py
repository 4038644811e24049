"""Indicators over HTTP: core's own over real books, and those of a module, contained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from core.db.database import Database, Transaction, rows
from core.errors import Refused
from core.extension.registry import Plugin, Registry
from core.ids import uuid7
from core.indicators.records import Indicator
from core.indicators.rules import Better, Measured, Span, Unit
from core.places import service as places
from core.places.rules import PlaceDraft
from schema.compose import composed_schema
from schema.relay import encode_id
from tests.core.extension.making import installed, plugin, switch_on
from tests.shop import Json, Shop, line

ASK = """query($since: Date!, $until: Date!, $place: ID, $codes: [String!], $by: IndicatorStep) {
  indicators(since: $since, until: $until, placeId: $place, codes: $codes, by: $by) {
    code title unit better bounds { idealFrom idealTo alarmBelow alarmAbove } errors { code details }
    figure { since until numerator denominator value health }
    trend { since until value health } } }"""


async def told(shop: Shop, **asked: Any) -> dict[str, Json]:
    asked = {"since": "2026-03-01", "until": "2026-03-31", **asked}
    found = (await shop.ask(ASK, **asked))["indicators"]
    return {one["code"]: one for one in found}


def number(figure: Json, name: str = "value") -> Any:
    return Decimal(figure[name])


@pytest.fixture
async def shop(db: Database) -> Shop:
    with installed():
        return await Shop.open(db)


async def store(shop: Shop, code: str) -> str:
    draft = PlaceDraft(code=code, name=code, kind="store")
    made = await places.create_place(shop.database, shop.principal, uuid7(), draft)
    return encode_id("Place", made.id)


async def test_nothing_measured_is_no_figure(shop: Shop) -> None:
    found = await told(shop)
    assert [*found] == [
        "stock_turnover",
        "count_difference_rate",
        "order_fulfilment_hours",
        "purchase_on_time_rate",
        "dead_stock_share",
    ]
    assert {(f["figure"]["value"], f["figure"]["health"]) for f in found.values()} == {(None, None)}
    assert found["stock_turnover"]["bounds"] == {
        "idealFrom": "4",
        "idealTo": "8",
        "alarmBelow": None,
        "alarmAbove": None,
    }


async def test_turnover_by_month_and_place(shop: Shop) -> None:
    item = await shop.item("A")
    east = await store(shop, "EAST")
    await shop.posted("receipt", line(item, "100", "10"), on="2026-01-10")
    await shop.posted("transfer", line(item, "40"), on="2026-01-11", toPlaceId=east)
    await shop.posted("issue", line(item, "20", "30"), on="2026-02-10")
    await shop.posted("issue", line(item, "10", "30"), on="2026-03-10", placeId=east)
    back = await shop.posted("issue", line(item, "5", "30"), on="2026-03-11")
    await reverse(shop, back["id"])
    asked = {"since": "2026-02-01", "codes": ["stock_turnover"], "by": "MONTH"}
    whole = (await told(shop, **asked))["stock_turnover"]
    figure = whole["figure"]
    # 300 of cost over the average of 1000 and 700, in 59 of 365 days
    assert (number(figure, "numerator"), number(figure, "denominator")) == (300, 850)
    assert number(figure) == Decimal("2.183450")
    assert figure["health"] == "WATCH"
    months = [(p["since"], p["until"], number(p)) for p in whole["trend"]]
    assert months == [
        ("2026-02-01", "2026-02-28", Decimal("2.896825")),  # 200 / 900 * 365 / 28
        ("2026-03-01", "2026-03-31", Decimal("1.569892")),  # 100 / 750 * 365 / 31
    ]
    there = (await told(shop, **asked, place=east))["stock_turnover"]["figure"]
    assert (number(there, "numerator"), number(there, "denominator")) == (100, 350)


async def reverse(shop: Shop, document: str) -> None:
    sent = {"commandId": str(uuid7()), "id": document}
    answer = await shop.ask(
        "mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {"
        " errors { code message } } }",
        input=sent,
    )
    assert answer["reverseDocument"]["errors"] == []


async def test_counts_add_gains_and_losses_up(shop: Shop) -> None:
    a, b = await shop.item("A"), await shop.item("B")
    await shop.posted("receipt", line(a, "100", "1"), line(b, "100", "1"), on="2026-03-01")
    await shop.posted("count", line(a, "101"), line(b, "99"), on="2026-03-02")
    undone = await shop.posted("count", line(a, "51"), on="2026-03-03")
    await reverse(shop, undone["id"])
    found = (await told(shop))["count_difference_rate"]
    figure = found["figure"]
    assert (number(figure, "numerator"), number(figure, "denominator")) == (2, 200)
    assert (number(figure), figure["health"]) == (1, "WATCH")
    assert (await told(shop, until="2026-03-01"))["count_difference_rate"]["figure"][
        "value"
    ] is None


async def test_orders_and_shipments(shop: Shop) -> None:
    item = await shop.item("A")
    await shop.posted("receipt", line(item, "100", "1"), on="2026-03-01")
    order = await shop.posted("sales_order", line(item, "10", "3"), on="2026-03-02")
    for quantity in ("4", "6"):
        await shop.posted(
            "issue", line(item, quantity, "3", sourceLine=1), on="2026-03-02", sourceId=order["id"]
        )
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        ((seconds,),) = await rows(
            tx,
            "SELECT sum(extract(epoch FROM d.posted_at - a.at)) FROM document d JOIN audit a"
            " ON a.object_id = d.source_id AND a.action = 'document.approve' WHERE d.type = 'issue'",
        )
    figure = (await told(shop))["order_fulfilment_hours"]["figure"]
    assert number(figure, "denominator") == 2
    assert number(figure) == round(Decimal(seconds) / 7200, 6)
    assert seconds > 0
    assert figure["health"] == "IDEAL"


async def test_purchases_in_time(shop: Shop) -> None:
    item = await shop.item("A")
    due = {"dueOn": "2026-03-10"}
    order = await shop.posted(
        "purchase_order",
        *(line(item, "10", "1", **due) for _ in range(3)),
        line(item, "10", "1", dueOn="2999-01-01"),
        on="2026-03-02",
    )
    for no, quantity, on in ((1, "10", "10"), (2, "9", "10"), (2, "1", "11"), (3, "10", "11")):
        await shop.posted(
            "receipt",
            line(item, quantity, "1", sourceLine=no),
            on=f"2026-03-{on}",
            sourceId=order["id"],
        )
    figure = (await told(shop, until="2999-12-31"))["purchase_on_time_rate"]["figure"]
    assert (number(figure, "numerator"), number(figure, "denominator")) == (1, 3)
    assert (number(figure), figure["health"]) == (Decimal("33.333333"), "ALARM")


async def test_dead_stock_is_not_rejuvenated_by_a_transfer(shop: Shop) -> None:
    old, sold, new = [await shop.item(code) for code in ("OLD", "SOLD", "NEW")]
    east = await store(shop, "EAST")
    await shop.posted("receipt", line(old, "30", "1"), line(sold, "60", "1"), on="2025-09-29")
    await shop.posted("transfer", line(old, "15"), on="2026-03-01", toPlaceId=east)
    await shop.posted("issue", line(sold, "10", "2"), on="2026-03-30")
    await shop.posted("receipt", line(new, "20", "1"), on="2026-03-30")
    figure = (await told(shop))["dead_stock_share"]["figure"]
    assert (number(figure, "numerator"), number(figure, "denominator")) == (30, 100)
    assert (number(figure), figure["health"]) == (30, "ALARM")
    there = (await told(shop, place=east))["dead_stock_share"]["figure"]
    assert (number(there, "numerator"), number(there, "denominator")) == (15, 15)
    before = (await told(shop, until="2026-03-28"))["dead_stock_share"]["figure"]
    assert number(before) == 0


async def test_bounds_are_settings(shop: Shop) -> None:
    setting = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      settings { indicatorBounds { code bounds { idealTo alarmAbove } } }
      errors { code path } } }"""

    async def set_(*bounds: Json) -> Json:
        sent = {"commandId": str(uuid7()), "indicatorBounds": list(bounds)}
        payload: Json = (await shop.ask(setting, input=sent))["updateSettings"]
        return payload

    item = await shop.item("A")
    await shop.posted("receipt", line(item, "100", "1"), on="2026-03-01")
    await shop.posted("count", line(item, "101"), on="2026-03-02")
    assert (await told(shop))["count_difference_rate"]["figure"]["health"] == "WATCH"
    strict = {"code": "count_difference_rate", "idealTo": "0.1", "alarmAbove": "0.5"}
    payload = await set_(strict)
    assert payload["errors"] == []
    assert payload["settings"]["indicatorBounds"] == [
        {"code": strict["code"], "bounds": {"idealTo": "0.1", "alarmAbove": "0.5"}}
    ]
    assert (await told(shop))["count_difference_rate"]["figure"]["health"] == "ALARM"
    (error,) = (await set_({**strict, "idealTo": "7"}))["errors"]
    assert (error["code"], error["path"][0]) == ("INVALID_SETTING", "indicatorBounds")
    (error,) = (await set_(strict, strict))["errors"]
    assert error["code"] == "DUPLICATE"


async def test_costs_are_for_those_who_may_see_them(db: Database) -> None:
    with installed():
        viewer = await Shop.open(db, roles=("viewer",))
        assert [*await told(viewer)] == [
            "count_difference_rate",
            "order_fulfilment_hours",
            "purchase_on_time_rate",
        ]
        answer = await viewer.raw(
            ASK, since="2026-03-01", until="2026-03-31", codes=["stock_turnover"]
        )
        assert answer["errors"][0]["extensions"]["code"] == "UNKNOWN_INDICATOR"
        seller = await Shop.open(db, roles=("seller",))
        answer = await seller.raw(ASK, since="2026-03-01", until="2026-03-31")
        assert answer["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"until": "2026-02-01"}, "INVALID"),
        ({"place": encode_id("Place", uuid7())}, "NOT_FOUND"),
        ({"since": "1999-01-01", "by": "WEEK"}, "LIMIT_EXCEEDED"),
        ({"codes": ["no_such"]}, "UNKNOWN_INDICATOR"),
    ],
)
async def test_what_is_refused(shop: Shop, asked: Json, code: str) -> None:
    answer = await shop.raw(ASK, **{"since": "2026-03-01", "until": "2026-03-31", **asked})
    assert answer["errors"][0]["extensions"]["code"] == code


# Of modules


def teller(measure: Any, *more: Indicator) -> Plugin:
    """A plugin with the indicator ``teller.love``, measured so."""
    made = Indicator(
        "teller.love", "Love", "爱", "How much.", "多少。", Unit.RATIO, Better.HIGHER, measure
    )

    def indicators() -> list[Indicator]:
        return [made, *more]

    return plugin("teller", indicators)


async def _two(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    return Measured(Decimal(span.days), 2)


async def _raises(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    raise SystemExit


async def _float(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    return Measured(0.5)  # type: ignore[arg-type]  # what a plugin may answer


async def _writes(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    await rows(tx, "DELETE FROM item_guard RETURNING item_id")
    return Measured(1)


async def _ends(tx: Transaction, span: Span, place: UUID | None) -> Measured:
    await tx.sql.rollback()
    return Measured(1)


@pytest.fixture
def open_teller(db: Database) -> Callable[..., Any]:
    async def open_(one: Plugin, *, on: bool = True) -> Shop:
        registry = Registry([one])
        shop = await Shop.open(
            db, schema=composed_schema(registry), modules=["teller"] if on else []
        )
        if on:
            await switch_on(db, shop.principal, "teller")
        return shop

    return open_


async def test_a_module_adds_its_own(open_teller: Any) -> None:
    with installed(one := teller(_two)):
        shop = await open_teller(one)
        found = (await told(shop, by="MONTH"))["teller.love"]
        assert (number(found["figure"]), found["title"]) == (Decimal("15.5"), "Love")
        assert found["figure"]["health"] is None
        off = await open_teller(one, on=False)
        assert "teller.love" not in await told(off)


@pytest.mark.parametrize("measure", [_raises, _float, _writes, _ends])
async def test_one_that_fails_hinders_no_other(open_teller: Any, measure: Any) -> None:
    with installed(one := teller(measure)):
        shop = await open_teller(one)
        item = await shop.item("A")
        await shop.posted("receipt", line(item, "100", "1"), on="2026-03-01")
        await shop.posted("count", line(item, "101"), on="2026-03-02")
        found = await told(shop, codes=["teller.love", "count_difference_rate"])
        assert found["count_difference_rate"]["figure"]["health"] == "WATCH"
        assert found["teller.love"]["figure"]["value"] is None
        (error,) = found["teller.love"]["errors"]
        assert (error["code"], error["details"]) == ("MODULE_FAILED", {"module": "teller"})


def test_codes_begin_with_the_name_of_the_module() -> None:
    for code in ("love", "other.love", "teller.love"):
        stray = Indicator(code, "L", "爱", "", "", Unit.RATIO, Better.HIGHER, _two)
        with pytest.raises(Refused, match=code):
            Registry([teller(_two, stray)])


async def test_statements_do_not_grow_with_items(shop: Shop) -> None:
    counts = []
    for codes in (["A"], [f"B{n}" for n in range(30)]):
        for code in codes:
            item = await shop.item(code)
            await shop.posted("receipt", line(item, "9", "1"), on="2026-02-01")
            await shop.posted("issue", line(item, "1", "2"), on="2026-03-01")
        with raw_statements() as sent:
            await told(shop, by="MONTH", place=shop.places["MAIN"])
        counts.append(len(sent))
    assert counts[0] == counts[1] > 10


@contextmanager
def raw_statements() -> Iterator[list[str]]:
    """What is sent through psycopg meanwhile, as the views of the ledger do."""
    sent: list[str] = []
    execute = AsyncConnection.execute

    async def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(str(query))
        return await execute(self, query, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncConnection, "execute", noted)
        yield sent
