"""Random bills, stocks and reports: what goes into a work order comes out of it, to the cent, for every
method of costing; after each step the books tally."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.db.database import Database
from core.errors import Refused
from core.extension.registry import Plugin, Registry, using
from core.ids import uuid7
from core.tenancy.rules import Principal
from plugins.bom_manufacturing import plugin
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills.rules.records import Bom, Line, Output, Supply
from plugins.bom_manufacturing.work_orders import drafting, goods, orders, reporting
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.stock import WorkOrder
from plugins.bom_manufacturing.work_orders.types import RECEIPT
from server.testing.shop import with_modules
from tests.core.extension.making import switch_on
from tests.ledger_world import World, day

NAME = plugin.manifest.name
At = tuple[Database, Principal, UUID]
D = Decimal


@pytest.fixture(autouse=True)
def module() -> Iterator[None]:
    with using(Registry([Plugin(plugin.manifest, plugin)])):
        yield


components = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["0", "10", "33"]),
    st.sampled_from([Supply.ISSUE, Supply.ISSUE, Supply.BACKFLUSH]),
    st.sampled_from(["1", "2.5", "3.33", "0.07"]),
)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.integers(0, 2)),
        st.tuples(st.just("back"), st.integers(0, 2)),
        st.tuples(st.just("charge"), st.integers(1, 999)),
        st.tuples(st.just("report"), st.integers(1, 4)),
        st.tuples(st.just("scrap"), st.integers(1, 1)),
        st.tuples(st.just("reverse"), st.integers(0, 9)),
        st.tuples(st.just("land"), st.integers(1, 2000)),
    ),
    min_size=2,
    max_size=9,
)
by_products = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([None, D("0.07"), D("2.5"), D("30")])), max_size=2
)
"""How many of each for one of the product, and what one is worth; else it takes a share."""
ways = st.sampled_from(
    [
        (method, scope)
        for method in ("moving_average", "fifo", "standard")
        for scope in ("item", "item_place")
    ]
    + [("specific", "item_lot")]
)


class Maker:
    """Carries out acts on one order; what is refused is left out."""

    def __init__(self, world: World, opening: UUID) -> None:
        self.world, self.opening = world, opening
        self.order = uuid7()
        self.receipts: list[UUID] = []
        self.today = day(3)

    async def begin(self, quantity: int) -> None:
        w = self.world
        main = w.places["MAIN"]
        wanted = drafting.Wanted(w.items["P"], D(quantity), main, on=day(1), over_pct=D(0))
        at = (w.db, w.principal, uuid7(), self.order)
        await drafting.save(*at, wanted, None, {})
        await orders.release(w.db, w.principal, uuid7(), self.order, 1, {})

    async def do(self, kind: str, figure: int) -> None:
        at = (self.world.db, self.world.principal, uuid7())
        try:
            await getattr(self, f"_{kind}")(at, figure)
        except Refused:
            return

    async def read(self) -> WorkOrder:
        async with self.world.db.snapshot(self.world.principal.tenant_id) as tx:
            return (await stored.orders_by_id(tx, [self.order]))[self.order]

    async def worth(self) -> Decimal:
        """What is in work is worth, charges apart."""
        ((value,),) = await self.world.rows(
            "SELECT coalesce(sum(value), 0) FROM pool WHERE document_id = %s", self.order
        )
        return D(value)

    async def _issue(self, at: At, which: int) -> None:
        if which == 0:
            await goods.issue(*at, self.order, None, day(2), {})
        else:
            more = goods.Goods(D(1), item_id=self.world.items["A"])
            await goods.issue(*at, self.order, [more], day(2), {})

    async def _back(self, at: At, which: int) -> None:
        back = goods.Goods(D(1), item_id=self.world.items["A"], lost=which == 2)
        await goods.take_back(*at, self.order, [back], day(2), {})

    async def _charge(self, at: At, cents: int) -> None:
        await orders.charge(*at, self.order, "labour", D(cents) / 100, None, {})

    async def _report(self, at: At, quantity: int) -> None:
        made = await reporting.report(
            *at, reporting.Report(self.order, D(quantity), on=self.today), {}
        )
        assert made is not None
        self.receipts.append(made)

    async def _scrap(self, at: At, quantity: int) -> None:
        sent = reporting.Report(self.order, D(1), D(quantity), on=self.today)
        made = await reporting.report(*at, sent, {})
        assert made is not None
        self.receipts.append(made)

    async def _reverse(self, _at: At, which: int) -> None:
        if self.receipts:
            of = self.receipts[which % len(self.receipts)]
            await self.world.undo(of, 4 if which % 2 else None)

    async def _land(self, _at: At, cents: int) -> None:
        head: dict[str, Any] = {"source_id": self.opening, "extra_cost": D(cents) / 100}
        await self.world.try_("landed_cost", **head, place_id=None, on=5)

    async def made(self) -> Decimal:
        """What was received is worth, by the journal."""
        ((value,),) = await self.world.rows(
            "SELECT coalesce(-sum(e.value), 0) FROM entry e JOIN document d"
            " ON d.sequence = e.event_sequence JOIN place p ON p.id = e.place_id"
            " JOIN document_line l ON l.document_id = d.id AND l.no = e.event_line"
            " WHERE d.type = %s AND p.account = 'production' AND l.role = 'produce'",
            RECEIPT,
        )
        return D(value)

    async def used(self) -> Decimal:
        """What was used is worth, by the journal."""
        ((value,),) = await self.world.rows(
            "SELECT coalesce(sum(e.value), 0) FROM entry e JOIN document d"
            " ON d.sequence = e.event_sequence JOIN place p ON p.id = e.place_id"
            " JOIN document_line l ON l.document_id = d.id AND l.no = e.event_line"
            " WHERE d.type = %s AND p.account = 'production' AND l.role = 'consume'",
            RECEIPT,
        )
        return D(value)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(ways, st.lists(components, min_size=1, max_size=3), st.integers(2, 7), acts, by_products)
async def test_value_in_is_value_out(
    db: Database,
    way: tuple[str, str],
    parts: list[tuple[int, str, Supply, str]],
    quantity: int,
    plan: list[tuple[str, int]],
    besides: list[tuple[int, Decimal | None]],
) -> None:
    world = await World.open(db, costing_method=way[0], cost_scope=way[1])
    world.principal = with_modules(world.principal, {NAME})
    await switch_on(db, world.principal, NAME)
    codes = "ABC"[: len(parts)]
    for code in ("P", *codes, *"XY"[: len(besides)]):
        await world.item(code)
    lines = [
        Line(world.items[code], D(needs), D(scrap), supply=supply)
        for code, (needs, scrap, supply, _) in zip(codes, parts, strict=True)
    ]
    opening = await world.posted(
        "opening",
        *(world.line(code, 90, part[3]) for code, part in zip(codes, parts, strict=True)),
    )
    outputs = [
        Output(world.items[code], D(many), share_pct=D(0 if value else 10), unit_value=value)
        for code, (many, value) in zip("XY", besides, strict=False)
    ]
    bom = Bom(world.items["P"], tuple(lines), outputs=tuple(outputs))
    await bills.save(db, world.principal, uuid7(), bom, None, {})
    maker = Maker(world, opening)
    await maker.begin(quantity)
    for act in [("issue", 0), *plan]:
        await maker.do(*act)
        await world.tallies()
        order = await maker.read()
        assert await maker.made() == await maker.used() + order.absorbed
        assert 0 <= order.absorbed <= order.charged
    order = await maker.read()
    if order.open:
        maker.today = day(6)  # whatever was reversed on another day is back
        await maker.do("report", int(order.open))
        order = await maker.read()
        assert not order.open
        assert not order.open_charges
        assert not await maker.worth()
    await orders.close(db, world.principal, uuid5(maker.order, "close"), maker.order, {})
    assert not await maker.worth()
    assert (await maker.read()).status == "closed"
    await world.tallies()
