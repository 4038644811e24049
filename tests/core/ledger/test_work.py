"""Goods in work: issued to an order, valued by it, used by its receipts, brought back or written off.
After each test the books must tally, by every invariant and played again from nothing (``conftest``)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.database import Database
from core.documents import service as documents
from core.documents.lifecycle import Event
from core.documents.types import DocumentType, Effect
from core.errors import Refused
from core.extension.registry import Registry
from core.ids import uuid7
from core.ledger.views.positions import Moment, positions
from core.ledger.views.reports import availability
from tests.core.extension.making import installed, plugin
from tests.core.ledger.acting import Acting, any_order, ours_is_what_came, ways
from tests.core.ledger.conftest import OpenWorld
from tests.core.ledger.work import begun, module, order, waiting, worth
from tests.ledger_world import World, codes, day


@pytest.fixture(autouse=True)
def types() -> Iterator[None]:
    with installed(module()):
        yield


@pytest.fixture
async def works(open_world: OpenWorld) -> World:
    """A maker with ten of each component, at 2 and at 3."""
    world = await begun(await open_world(reserve_on_order="require"))
    await world.posted("opening", world.line("P", 10, 2), world.line("Q", 10, 3))
    return world


async def promised(world: World, of: UUID) -> Any:
    return await world.rows(
        "SELECT line, incoming, quantity FROM promise WHERE document_id = %s AND quantity > 0"
        " ORDER BY line",
        of,
    )


async def step(world: World, of: UUID, event: Event) -> None:
    ((revision,),) = await world.rows("SELECT revision FROM document WHERE id = %s", of)
    await documents.step(world.db, world.principal, uuid7(), of, revision, event)


async def progress(world: World, of: UUID) -> Any:
    found = await world.rows(
        "SELECT no, executed, returned FROM line_progress WHERE document_id = %s", of
    )
    return {no: (executed, returned) for no, executed, returned in found}


async def test_an_order_reserves_what_it_consumes_and_expects_what_it_produces(
    works: World,
) -> None:
    made = await order(works, 4, ("P", 8), ("Q", 4))
    assert await promised(works, made) == [(1, True, 4), (2, False, 8), (3, False, 4)]
    assert await works.refused(
        "testing_order",
        works.line("F", 1, role="produce"),
        works.line("P", 3, role="consume"),
    ) == ["NOT_RESERVABLE"]
    assert await works.refused("testing_order", works.line("F", 1)) == ["ROLE_REQUIRED"]


async def test_from_issue_to_receipt_value_stays_with_the_order(works: World) -> None:
    made = await order(works, 4, ("P", 8), ("Q", 4))
    await works.posted(
        "testing_issue",
        works.line("P", 8, source_line=2),
        works.line("Q", 2, source_line=3),
        source_id=made,
    )
    assert await waiting(works, made) == {"P": (8, 16), "Q": (2, 6)}
    assert await promised(works, made) == [(1, True, 4), (3, False, 2)]
    assert await progress(works, made) == {2: (8, 0), 3: (2, 0)}
    # one of four: a quarter of what is in work, one of Q by backflush, and 1.50 of labour
    await works.posted(
        "testing_receipt",
        works.line("P", 2, role="consume"),
        works.line("Q", 1, role="consume", source_line=3, at="MAIN"),
        works.line("F", 1, role="produce", source_line=1),
        source_id=made,
        extra_cost="1.5",
    )
    assert await worth(works, "F") == (1, Decimal("8.5"))
    assert await waiting(works, made) == {"P": (6, 12), "Q": (2, 6)}
    assert await promised(works, made) == [(1, True, 3), (3, False, 1)]
    assert await works.account("production") == Decimal("-1.5")


async def test_what_comes_back_is_no_longer_done_and_promised_to_nobody(works: World) -> None:
    made = await order(works, 4, ("P", 8))
    await works.posted("testing_issue", works.line("P", 8, source_line=2), source_id=made)
    back = await works.posted(
        "testing_return",
        works.line("P", 3, source_line=2, to="MAIN"),
        source_id=made,
    )
    assert await progress(works, made) == {2: (8, 3)}
    assert await promised(works, made) == [(1, True, 4)]
    assert await works.on_hand("P", "MAIN") == 5
    again = works.line("P", 4, source_line=2)
    assert await works.refused("testing_issue", again, source_id=made) == ["BEYOND_ORDER"]
    await works.posted("testing_issue", works.line("P", 1, source_line=2), source_id=made)
    await works.undone(back)
    assert await progress(works, made) == {2: (9, 0)}
    assert await waiting(works, made) == {"P": (9, 18)}
    assert await promised(works, made) == [(1, True, 4)]


async def test_an_issue_of_what_came_back_cannot_be_reversed(works: World) -> None:
    made = await order(works, 4, ("P", 8))
    issue = await works.posted("testing_issue", works.line("P", 8, source_line=2), source_id=made)
    back = works.line("P", 3, source_line=2, to="MAIN")
    await works.posted("testing_return", back, source_id=made)
    assert codes(await works.undo(issue)) == ["LATER_SHORT"]
    await works.posted("testing_issue", works.line("P", 3), source_id=made)
    assert codes(await works.undo(issue, on=2)) == ["BELOW_NOTHING"]


async def test_beyond_the_order_is_issued_without_a_line(works: World) -> None:
    made = await order(works, 4, ("P", 8))
    await works.posted("testing_issue", works.line("P", 8, source_line=2), source_id=made)
    await works.posted("testing_issue", works.line("P", 1), works.line("Q", 2), source_id=made)
    assert await waiting(works, made) == {"P": (9, 18), "Q": (2, 6)}
    await works.posted("testing_return", works.line("Q", 1, to="MAIN"), source_id=made)
    await works.posted("testing_return", works.line("Q", 1, role="lost"), source_id=made)
    assert await works.account("scrap") == 3
    assert await waiting(works, made) == {"P": (9, 18)}


async def test_no_more_leaves_than_the_order_has_whatever_another_has(works: World) -> None:
    await works.set(negative_stock="allow")
    one, other = await order(works, 2, ("P", 4)), await order(works, 2, ("P", 4))
    first = await works.posted(
        "testing_issue", works.line("P", 4, source_line=2), source_id=one, on=2
    )
    await works.posted("testing_issue", works.line("P", 4, source_line=2), source_id=other, on=2)
    use = [works.line("P", 4, role="consume"), works.line("F", 1, role="produce", source_line=1)]
    early = await works.try_("testing_receipt", *use, source_id=one, on=1)
    assert codes(early) == ["OUT_OF_STOCK"]
    await works.posted("testing_receipt", *use, source_id=one, on=3)
    assert await works.refused("testing_receipt", *use, source_id=one, on=3) == ["OUT_OF_STOCK"]
    assert codes(await works.undo(first)) == ["LATER_SHORT"]
    assert codes(await works.undo(first, on=4)) == ["LATER_SHORT"]
    back = works.line("P", 1, to="MAIN")
    assert await works.refused("testing_return", back, source_id=one, on=2) == ["LATER_SHORT"]


async def test_lines_carry_out_lines_of_their_role(works: World) -> None:
    made = await works.posted(
        "testing_order",
        works.line("P", 2, role="produce"),
        works.line("P", 2, role="consume"),
    )
    issue = works.line("P", 1, source_line=1)
    assert await works.refused("testing_issue", issue, source_id=made) == ["SOURCE_ROLE"]
    await works.posted("testing_issue", works.line("P", 2, source_line=2), source_id=made)
    named = works.line("P", 1, role="consume", source_line=2)
    out = works.line("P", 1, role="produce", source_line=1)
    assert await works.refused("testing_receipt", named, out, source_id=made) == ["SOURCE_ROLE"]
    rest = works.line("P", 1, role="lost", source_line=2)
    assert await works.refused("testing_rest", rest, source_id=made) == ["SOURCE_ROLE"]
    used = works.line("P", 1, role="consume")
    await works.posted("testing_receipt", used, out, source_id=made)
    assert await worth(works, "P") == (10, 20)


async def test_a_line_says_how_much_more_may_be_done(works: World) -> None:
    made = await order(works, 20, over_pct=Decimal(5))
    all_ = works.line("F", 21, role="produce", source_line=1)
    more = works.line("F", 1, role="produce", source_line=1)
    await works.posted("testing_receipt", all_, source_id=made, extra_cost="5")
    assert await works.refused("testing_receipt", more, source_id=made) == ["BEYOND_ORDER"]
    wrong = works.line("F", 10, role="produce", over_pct=Decimal(101))
    assert await works.refused("testing_order", wrong) == ["BAD_TOLERANCE"]
    sold = works.line("F", 1, over_pct=Decimal(1))
    assert await works.refused("issue", sold) == ["BAD_TOLERANCE"]


async def test_an_order_closes_when_nothing_waits_for_it(works: World) -> None:
    made = await order(works, 4, ("P", 7))
    await works.posted("testing_issue", works.line("P", 3), source_id=made)
    for event, code in ((Event.CLOSE, "STILL_IN_WORK"), (Event.UNAPPROVE, "ALREADY_EXECUTED")):
        with pytest.raises(Refused) as refused:
            await step(works, made, event)
        assert [r.code for r in refused.value.refusals] == [code]
    rest = works.line("P", 3, role="lost")
    await works.posted("testing_rest", rest, source_id=made)
    assert await works.account("production_variance") == 6
    await step(works, made, Event.CLOSE)
    assert await promised(works, made) == []
    issue = works.line("P", 1)
    assert await works.refused("testing_issue", issue, source_id=made) == ["SOURCE_NOT_READY"]
    await step(works, made, Event.REOPEN)
    assert await promised(works, made) == [(1, True, 4), (2, False, 7)]


async def test_what_is_in_work_is_ours_and_not_available(works: World) -> None:
    made = await order(works, 4, ("P", 8))
    await works.posted("testing_issue", works.line("P", 8, source_line=2), source_id=made, on=2)
    await works.posted("dispatch", works.line("P", 1), on=3)
    item, main, work = (works.items["P"], works.places["MAIN"], works.places["~in_work"])
    async with works.db.snapshot(works.principal.tenant_id) as tx:
        found: Any = (await availability(tx, [(item, None)]))[item, None]
        lines = await positions(tx, [item], Moment(on=day(4)))
        before = await positions(tx, [item], Moment(on=day(1)))
    assert (found.on_hand, found.in_transit, found.available) == (1, 1, 1)
    held: dict[UUID, Any] = {key.place: (line.quantity, line.value) for key, line in lines.items()}
    assert held[main] == (1, 2)
    assert held[work] == (8, 16)
    assert held[works.places["~in_transit"]] == (1, 2)
    assert {line.quantity for line in before.values()} == {0, 10}


async def test_late_news_of_a_component_reaches_work_and_product(works: World) -> None:
    made = await order(works, 2, ("P", 4))
    receipt = await works.posted("receipt", works.line("P", 10, 2), on=1)
    await works.posted("testing_issue", works.line("P", 4, source_line=2), source_id=made, on=3)
    await works.posted(
        "testing_receipt",
        works.line("P", 2, role="consume"),
        works.line("F", 1, role="produce", source_line=1),
        source_id=made,
        on=4,
    )
    assert (await worth(works, "F"), await waiting(works, made)) == ((1, 4), {"P": (2, 4)})
    await works.set(landed_cost="repost")
    await works.posted("landed_cost", source_id=receipt, extra_cost=20, on=5, place_id=None)
    assert (await worth(works, "F"), await waiting(works, made)) == ((1, 6), {"P": (2, 6)})
    await works.posted("receipt", works.line("P", 20, 0), on=2)
    assert (await worth(works, "F"), await waiting(works, made)) == ((1, 3), {"P": (2, 3)})


async def test_an_issue_with_lots_is_used_lot_by_lot(open_world: OpenWorld) -> None:
    world = await begun(await open_world(cost_scope="item_lot", costing_method="specific"))
    await world.posted(
        "opening", world.line("P", 2, 5, lot_code="A"), world.line("P", 2, 9, lot_code="B")
    )
    made = await order(world, 2, ("P", 4))
    await world.posted("testing_issue", world.line("P", 4, source_line=2), source_id=made)
    out = world.line("F", 1, role="produce", source_line=1)
    named = world.line("P", 1, role="consume", lot_code="B")
    await world.posted("testing_receipt", named, out, source_id=made)
    assert await worth(world, "F") == (1, 9)
    await world.posted("testing_receipt", world.line("P", 3, role="consume"), out, source_id=made)
    assert await worth(world, "F") == (2, 28)


def declares(type_: DocumentType) -> str:
    """How a plugin is refused that declares this type."""
    told = plugin("testing", _telling(type_))
    with pytest.raises(Refused) as refused:
        Registry([told])
    return refused.value.refusals[0].message()


def _telling(type_: DocumentType) -> Any:
    def document_types() -> list[DocumentType]:
        return [type_]

    return document_types


def test_a_plugin_says_who_an_order_is_for_and_where_goods_wait() -> None:
    assert "roles" in declares(DocumentType("testing_o", Effect.ORDER, "X", "x", "x"))
    assert "wait" in declares(DocumentType("testing_d", Effect.DISPATCH, "X", "x", "x"))


# any order, whatever happens to it

quantities = st.integers(1, 4)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 5), st.sampled_from(["1", "2.5", "3.33", "7.01"])),
        st.tuples(st.just("issue"), quantities, st.booleans()),
        st.tuples(st.just("back"), quantities, st.sampled_from(["P", "Q"])),
        st.tuples(st.just("lose"), quantities, st.sampled_from(["P", "Q"])),
        st.tuples(st.just("report"), quantities, st.sampled_from(["0", "0.01", "4.44"])),
        st.tuples(st.just("land"), st.integers(0, 9), st.sampled_from(["0.01", "5", "10.55"])),
        st.tuples(st.just("reverse"), st.integers(0, 30), st.booleans()),
    ),
    min_size=4,
    max_size=16,
)


class Works(Acting):
    """Acts on two orders."""

    bears = ("buy",)

    def __init__(self, world: World, orders: list[UUID], late: bool) -> None:
        super().__init__(world, late)
        self.orders = orders

    def _order(self) -> UUID:
        return self.orders[self.turn % 2]

    def _lot(self, item: str) -> str | None:
        return {"P": "L", "Q": None}[item] if self.turn % 2 else None

    async def _buy(self, amount: int, price: str, head: dict[str, Any]) -> Any:
        w = self.world
        lines = [w.line("P", amount, price, lot_code=self._lot("P")), w.line("Q", amount, price)]
        return await w.try_("receipt", *lines, **head)

    async def _issue(self, amount: int, named: bool, head: dict[str, Any]) -> Any:
        w = self.world
        lines = [
            w.line(item, amount, source_line=line if named else None)
            for item, line in (("P", 2), ("Q", 3))
        ]
        return await w.try_("testing_issue", *lines, source_id=self._order(), **head)

    async def _back(self, amount: int, item: str, head: dict[str, Any]) -> Any:
        line = self.world.line(item, amount, to="MAIN")
        return await self.world.try_("testing_return", line, source_id=self._order(), **head)

    async def _lose(self, amount: int, item: str, head: dict[str, Any]) -> Any:
        line = self.world.line(item, amount, role="lost")
        return await self.world.try_("testing_rest", line, source_id=self._order(), **head)

    async def _report(self, amount: int, cost: str, head: dict[str, Any]) -> Any:
        w = self.world
        lines = [
            w.line("P", amount, role="consume"),
            w.line("Q", 1, role="consume", **({"at": "MAIN"} if self.turn % 2 else {})),
            w.line("F", amount, role="produce", source_line=1),
            w.line("Q", 1, role="produce", share="12.5"),
        ]
        order_ = self._order()
        return await w.try_("testing_receipt", *lines, source_id=order_, extra_cost=cost, **head)


@any_order
@given(ways, acts, st.booleans(), st.sampled_from(["repost", "remaining"]))
async def test_value_in_is_value_out_and_what_is_in_work(
    db: Database,
    way: tuple[str, str],
    plan: list[tuple[Any, ...]],
    late: bool,
    landed: str,
) -> None:
    world = await World.open(
        db, costing_method=way[0], cost_scope=way[1], negative_stock="allow", landed_cost=landed
    )
    await begun(world)
    orders = [await order(world, 9, ("P", 9), ("Q", 9)) for _ in range(2)]
    works = Works(world, orders, late)
    for act in [("buy", 5, "2.5"), ("issue", 4, True), ("issue", 3, True), *plan]:
        await works.do(act)
        await world.tallies()
    await ours_is_what_came(world)
    held = [await waiting(world, of) for of in orders]
    assert all(quantity >= 0 for one in held for quantity, _ in one.values())
