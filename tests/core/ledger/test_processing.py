"""Goods that a supplier converts: sent to a place of his, used there, paid by line, lost on his charge,
rejected, and landed cost on what he made. After each test the books must tally (``conftest``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.database import Database
from core.documents.types import DocumentType, Effect
from tests.core.extension.making import installed, plugin, switch_on
from tests.core.ledger.acting import Acting, any_order, ours_is_what_came, ways
from tests.core.ledger.conftest import OpenWorld
from tests.core.ledger.work import worth
from tests.ledger_world import World, codes

_OF_ORDER: dict[str, Any] = {"sources": ("testing_order",), "source_required": True}


def document_types() -> Sequence[DocumentType]:
    return [
        DocumentType(
            "testing_order", Effect.ORDER, "TO", "Order", "订单", party="supplier", roles=True
        ),
        DocumentType("testing_send", Effect.MOVE, "TS", "Send", "发料", **_OF_ORDER),
        DocumentType("testing_back", Effect.MOVE, "TB", "Back", "退料", returns=True, **_OF_ORDER),
        DocumentType(
            "testing_make",
            Effect.CONVERT,
            "TM",
            "Make",
            "收货",
            account="production",
            party="supplier",
            lost_to="supplier",
            rejected_to="production_variance",
            landed=True,
            **_OF_ORDER,
        ),
    ]


@pytest.fixture(autouse=True)
def types() -> Iterator[None]:
    with installed(plugin("testing", document_types)):
        yield


async def begun(world: World) -> World:
    await switch_on(world.db, world.principal, "testing")
    for code in ("P", "F", "G"):
        await world.item(code)
    await world.place("OUT", "processor")
    return world


async def ordered(world: World, quantity: int = 10) -> UUID:
    return await world.posted(
        "testing_order",
        world.line("F", quantity, 3, role="produce"),
        world.line("P", 2 * quantity, role="consume"),
    )


@pytest.fixture
async def works(open_world: OpenWorld) -> World:
    """Twenty of a component at 2 each, half of them with a processor for an order of ten."""
    world = await begun(await open_world())
    await world.posted("opening", world.line("P", 20, 2))
    return world


async def sent(world: World, order: UUID, quantity: int) -> UUID:
    return await world.posted(
        "testing_send", world.line("P", quantity, source_line=2, to="OUT"), source_id=order
    )


async def test_what_is_sent_is_promised_no_longer_and_stays_ours(works: World) -> None:
    order = await ordered(works)
    await sent(works, order, 12)
    assert await works.on_hand("P", "OUT") == 12
    assert await worth(works, "P") == (20, 40)
    promised = "SELECT line, quantity FROM promise WHERE document_id = %s ORDER BY line"
    assert await works.rows(promised, order) == [(1, 10), (2, 8)]
    back = works.line("P", 3, source_line=2, at="OUT", to="MAIN")
    await works.posted("testing_back", back, source_id=order)
    assert await works.on_hand("P", "OUT") == 9
    more = works.line("P", 12, source_line=2, to="OUT")
    assert await works.refused("testing_send", more, source_id=order) == ["BEYOND_ORDER"]


async def test_what_is_promised_elsewhere_leaves_his_goods_to_his_order(works: World) -> None:
    """Thirty are promised, and he has all twenty that are there."""
    await works.set(reserve_on_order="backorder")
    order = await ordered(works, 15)
    await sent(works, order, 20)
    await works.posted("sales_order", works.line("P", 20))
    receipt = [
        works.line("F", 5, 3, role="produce", source_line=1),
        works.line("P", 10, role="consume", at="OUT"),
    ]
    await works.posted("testing_make", *receipt, source_id=order)
    assert await works.on_hand("P", "OUT") == 10
    more = works.line("P", 11, role="consume", at="OUT")
    assert await works.refused("testing_make", receipt[0], more, source_id=order) == [
        "OUT_OF_STOCK"
    ]


async def made(world: World, order: UUID, lost: int = 1, **head: Any) -> UUID:
    return await world.posted(
        "testing_make",
        world.line("F", 4, 3, role="produce", source_line=1),
        world.line("P", 8, role="consume", at="OUT"),
        world.line("P", lost, role="lost", at="OUT"),
        source_id=order,
        **head,
    )


async def test_what_is_lost_on_his_charge_is_not_in_the_product(works: World) -> None:
    order = await ordered(works)
    await sent(works, order, 12)
    receipt = await made(works, order, lost=2, extra_cost="0.5")
    assert await worth(works, "F") == (4, Decimal("28.5"))  # 8 x 2, 4 x 3 of work, and a charge
    assert await works.account("supplier") == 4
    assert await works.account("production") == Decimal("-12.5")
    await works.undone(receipt)
    assert await works.account("supplier") == await works.account("production") == 0
    assert await works.on_hand("P", "OUT") == 12
    assert await worth(works, "F") == (0, 0)


async def test_no_other_conversion_loses_on_somebodys_charge(works: World) -> None:
    lines = [
        works.line("F", 1, role="produce"),
        works.line("P", 2, role="consume"),
        works.line("P", 1, role="lost"),
    ]
    assert await works.refused("conversion", *lines) == ["ROLE_REQUIRED"]


async def test_what_is_good_bears_what_was_rejected(works: World) -> None:
    order = await ordered(works)
    await sent(works, order, 12)
    receipt = await works.posted(
        "testing_make",
        works.line("F", 4, 3, role="produce", source_line=1),
        works.line("F", 2, 3, role="rejected"),
        works.line("P", 12, role="consume", at="OUT"),
        source_id=order,
    )
    assert await worth(works, "F") == (4, 42)  # 12 x 2, and six are paid
    assert await works.account("production_variance") == 0
    done = "SELECT no, executed FROM line_progress WHERE document_id = %s AND no = 1"
    assert await works.rows(done, order) == [(1, 4)]
    await works.undone(receipt)
    assert await works.on_hand("P", "OUT") == 12


async def test_where_nothing_is_good_what_went_in_and_what_is_paid_is_lost(works: World) -> None:
    order = await ordered(works)
    await sent(works, order, 12)
    lines = [
        works.line("F", 2, 3, role="rejected"),
        works.line("P", 4, role="consume", at="OUT"),
        works.line("P", 1, role="lost", at="OUT"),
    ]
    receipt = await works.posted("testing_make", *lines, source_id=order, extra_cost="0.5")
    assert await worth(works, "F") == (0, 0)
    assert await works.account("production_variance") == Decimal("14.5")
    assert await works.account("production") == Decimal("-6.5")
    assert await works.account("supplier") == 2
    cost = {"source_id": receipt, "extra_cost": 1, "cost_basis": "quantity", "place_id": None}
    assert codes(await works.try_("landed_cost", **cost)) == ["BASIS_ZERO"]
    cost |= {"extra_cost": 0, "cost_basis": "manual"}
    assert codes(await works.try_("landed_cost", **cost)) == ["BASIS_ZERO"]
    await works.undone(receipt, 5)
    assert set((await works.accounts()).values()) <= {Decimal(0), Decimal(-40)}
    assert await works.on_hand("P", "OUT") == 12


async def test_only_what_is_rejected_somewhere_may_be_rejected(works: World) -> None:
    lines = [works.line("F", 1, role="rejected"), works.line("P", 2, role="consume")]
    assert await works.refused("conversion", *lines) == ["ROLE_REQUIRED"]
    assert await works.refused("testing_order", lines[0]) == ["ROLE_REQUIRED"]


@pytest.mark.parametrize("policy", ["repost", "remaining"])
async def test_his_invoice_was_higher(works: World, policy: str) -> None:
    await works.set(landed_cost=policy)
    order = await ordered(works)
    await sent(works, order, 12)
    receipt = await made(works, order)
    await works.posted("issue", works.line("F", 1))
    cost = await works.posted(
        "landed_cost", source_id=receipt, extra_cost=4, cost_basis="quantity", place_id=None
    )
    assert await worth(works, "F") == (3, 24)  # (16 + 12) / 4 x 3, and 1 each
    assert await works.account("customer") == (8 if policy == "repost" else 7)
    assert codes(await works.undo(receipt)) == ["HAS_DEPENDENTS"]
    await works.undone(cost)
    assert await worth(works, "F") == (3, 21)


async def test_landed_cost_reaches_outputs_by_line_and_stays_through_late_news(
    works: World,
) -> None:
    order = await works.posted("testing_order", works.line("F", 9, 3, role="produce"))
    bought = await works.posted("receipt", works.line("P", 4, 2), on=1)
    receipt = await works.posted(
        "testing_make",
        works.line("F", 4, 3, role="produce", source_line=1),
        works.line("G", 1, 0, role="produce", share="25"),
        works.line("P", 4, role="consume"),
        source_id=order,
        on=3,
    )
    assert (await worth(works, "F"), await worth(works, "G")) == ((4, 15), (1, 5))
    await works.posted(
        "landed_cost",
        works.line("G", amount=2, source_line=2),
        works.line("F", amount=1, source_line=1),
        source_id=receipt,
        extra_cost=3,
        cost_basis="manual",
        place_id=None,
        on=4,
    )
    assert (await worth(works, "F"), await worth(works, "G")) == ((4, 16), (1, 7))
    await works.posted("landed_cost", source_id=bought, extra_cost=6, on=5, place_id=None)
    # of 24 of P, a share in the 4 that were used
    assert (await worth(works, "F"))[1] + (await worth(works, "G"))[1] == Decimal("24")


quantities = st.integers(1, 4)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 5), st.sampled_from(["1", "2.5", "3.33", "7.01"])),
        st.tuples(st.just("send"), quantities, st.booleans()),
        st.tuples(st.just("back"), quantities, st.booleans()),
        st.tuples(st.just("make"), quantities, st.sampled_from(["0", "0.01", "4.44"])),
        st.tuples(st.just("reject"), quantities, st.sampled_from(["0", "0.01", "4.44"])),
        st.tuples(st.just("land"), st.integers(0, 9), st.sampled_from(["0.01", "5", "-0.55"])),
        st.tuples(st.just("sell"), quantities, st.booleans()),
        st.tuples(st.just("reverse"), st.integers(0, 30), st.booleans()),
    ),
    min_size=4,
    max_size=16,
)


class Works(Acting):
    """Acts on an order."""

    bears = ("buy", "make")

    def __init__(self, world: World, order: UUID, late: bool) -> None:
        super().__init__(world, late)
        self.order = order

    async def _buy(self, amount: int, price: str, head: dict[str, Any]) -> Any:
        w = self.world
        code = "L" if self.turn % 2 else None
        return await w.try_("receipt", w.line("P", amount, price, lot_code=code), **head)

    async def _send(self, amount: int, named: bool, head: dict[str, Any]) -> Any:
        line = self.world.line("P", amount, to="OUT", source_line=2 if named else None)
        return await self.world.try_("testing_send", line, source_id=self.order, **head)

    async def _back(self, amount: int, named: bool, head: dict[str, Any]) -> Any:
        line = self.world.line("P", amount, at="OUT", to="MAIN", source_line=2 if named else None)
        return await self.world.try_("testing_back", line, source_id=self.order, **head)

    async def _make(self, amount: int, cost: str, head: dict[str, Any]) -> Any:
        w = self.world
        lines = [
            w.line("P", amount, role="lost", at="OUT"),
            w.line("F", amount, "1.11", role="produce", source_line=1),
            w.line("G", 1, "0.5", role="produce", share="12.5"),
            w.line("P", 2 * amount, role="consume", at="OUT"),
        ]
        head |= {"source_id": self.order, "extra_cost": cost}
        return await w.try_("testing_make", *lines, **head)

    async def _reject(self, amount: int, cost: str, head: dict[str, Any]) -> Any:
        w = self.world
        lines = [
            w.line("F", amount, "1.11", role="rejected"),
            w.line("P", 2 * amount, role="consume", at="OUT"),
        ]
        return await w.try_("testing_make", *lines, source_id=self.order, extra_cost=cost, **head)

    async def _sell(self, amount: int, _: bool, head: dict[str, Any]) -> Any:
        return await self.world.try_("issue", self.world.line("F", amount), **head)


@any_order
@given(ways, acts, st.booleans(), st.sampled_from(["repost", "remaining"]))
async def test_value_in_is_value_out(
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
    works = Works(world, await ordered(world), late)
    for act in [("buy", 5, "2.5"), ("send", 4, True), ("make", 1, "0.01"), *plan]:
        await works.do(act)
        await world.tallies()
    await ours_is_what_came(world)
