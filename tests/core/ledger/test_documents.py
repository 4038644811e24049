"""What each type of document does to stock and value, through the posting door. After every test the
invariants hold and history comes out the same when it is played again (``conftest``)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from core.commands import Asked
from core.ids import uuid7
from core.ledger.posting import post
from core.ledger.requests import Post
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World, codes, day

D = Decimal


async def test_orders_are_received_in_parts_and_not_beyond(world: World) -> None:
    await world.item("A")
    order = await world.posted("purchase_order", world.line("A", 10, 3))
    part = world.line("A", 6, 3, source_line=1)
    first = await world.posted("receipt", part, source_id=order, on=2)
    assert await world.refused("receipt", part, source_id=order, on=2) == ["BEYOND_ORDER"]
    await world.posted("receipt", world.line("A", 4, 3, source_line=1), source_id=order, on=3)
    assert await world.stock("A") == (D(10), D(30))
    await world.undone(first)
    assert await world.rows("SELECT executed FROM line_progress") == [(D(4),)]
    assert await world.rows("SELECT quantity FROM promise") == [(D(6),)]


async def test_over_receipt_within_the_tolerance(open_world: OpenWorld) -> None:
    world = await open_world(over_receipt_pct="10")
    await world.item("A")
    order = await world.posted("purchase_order", world.line("A", 10, 3))
    await world.posted("receipt", world.line("A", 11, 3, source_line=1), source_id=order)
    more = world.line("A", 1, 3, source_line=1)
    assert await world.refused("receipt", more, source_id=order) == ["BEYOND_ORDER"]
    assert await world.rows("SELECT quantity FROM promise") == [(D(0),)]


async def test_a_sales_order_keeps_its_goods_from_others(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 3))
    order = await world.posted("sales_order", world.line("A", 8, 9))
    assert await world.refused("issue", world.line("A", 3, 9)) == ["OUT_OF_STOCK"]
    assert await world.refused("sales_order", world.line("A", 3, 9)) == ["NOT_RESERVABLE"]
    own = world.line("A", 8, 9, source_line=1)
    await world.posted("issue", own, source_id=order)
    await world.posted("issue", world.line("A", 2, 9))
    assert await world.stock("A") == (D(0), D(0))


async def test_bins_are_checked_at_every_ancestor(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.place("B2", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 5, 1, at="B1"), world.line("A", 5, 1, at="B2"))
    await world.posted("sales_order", world.line("A", 8, 2))
    assert await world.refused("issue", world.line("A", 5, 2, at="B2")) == ["OUT_OF_STOCK"]
    await world.posted("issue", world.line("A", 2, 2, at="B2"))


async def test_an_issue_takes_from_the_bins_below(world: World) -> None:
    await world.item("A")
    await world.place("B1", "bin", "MAIN")
    await world.posted("receipt", world.line("A", 5, 1), world.line("A", 5, 1, at="B1"))
    await world.posted("issue", world.line("A", 7, 2))
    assert (await world.on_hand("A", "MAIN"), await world.on_hand("A", "B1")) == (D(0), D(3))


async def test_moving_average_carries_the_value_to_the_last_cent(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 3, amount="10"))
    for left, value in ((2, "6.67"), (1, "3.33"), (0, "0")):
        await world.posted("issue", world.line("A", 1, 9), on=2)
        assert await world.stock("A") == (D(left), D(value))
    assert await world.account("customer") == D(10)


async def test_first_in_first_out(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="fifo")
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, 10))
    await world.posted("receipt", world.line("A", 5, 20), on=2)
    await world.posted("issue", world.line("A", 7, 30), on=3)
    assert await world.stock("A") == (D(3), D(60))


async def test_standard_cost_and_its_change(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="standard")
    await world.item("A", standard_cost=D(10))
    await world.posted("receipt", world.line("A", 5, 12))
    assert await world.stock("A") == (D(5), D(50))
    await world.posted("standard_cost", world.line("A", None, 11), place_id=None, on=2)
    assert await world.stock("A") == (D(5), D(55))
    assert await world.account("standard_variance") == D(5)
    await world.posted("receipt", world.line("A", 1, 9), on=1)
    assert await world.stock("A") == (D(6), D(66))


async def test_a_standard_undone_later_held_until_then(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="standard")
    await world.item("A", standard_cost=D(10))
    changed = await world.posted("standard_cost", world.line("A", None, 1), place_id=None)
    await world.posted("receipt", world.line("A", 8, 2), on=2)
    assert await world.stock("A") == (D(8), D(8))
    await world.undone(changed, on=3)
    await world.posted("receipt", world.line("A", 1, 2), on=4)
    assert await world.stock("A") == (D(9), D(90))
    await world.posted("receipt", world.line("A", 1, 2), on=2)
    assert await world.stock("A") == (D(10), D(100))


async def test_specific_identification_by_lot(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="specific", cost_scope="item_lot")
    await world.item("A")
    await world.posted("receipt", world.line("A", 2, 10, lot_code="X"))
    await world.posted("receipt", world.line("A", 2, 50, lot_code="Y"))
    await world.posted("issue", world.line("A", 1, 99, lot_code="Y"), on=2)
    assert await world.stock("A") == (D(3), D(70))


async def test_units_are_known_one_by_one(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="serial")
    await world.item("A")
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 1, 10, lot_code="S1"))
    again = world.line("A", 1, 10, lot_code="S1")
    assert await world.refused("receipt", again) == ["UNIT_ELSEWHERE"]
    assert await world.refused("receipt", again, at="SHOP") == ["UNIT_ELSEWHERE"]
    assert await world.refused("receipt", world.line("A", 2, 10, lot_code="S2")) == ["UNIT_LOT"]
    assert await world.refused("issue", world.line("A", 1, 10)) == ["UNIT_LOT"]
    moved = world.line("A", 1, lot_code="S1", at="MAIN", to="SHOP")
    await world.posted("transfer", moved, on=2)
    sold = await world.posted("issue", world.line("A", 1, 20, lot_code="S1"), at="SHOP", on=3)
    back = world.line("A", 1, source_line=1)
    await world.posted("return_from_customer", back, source_id=sold, at="SHOP", on=4)
    assert await world.stock("A") == (D(1), D(10))


async def test_a_move_between_pools_takes_the_value_along(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_place")
    await world.item("A")
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 4, 10))
    await world.posted("receipt", world.line("A", 4, 20), at="SHOP")
    await world.posted("transfer", world.line("A", 2, at="MAIN", to="SHOP"), on=2)
    values = await world.rows("SELECT quantity, value FROM pool ORDER BY quantity")
    assert values == [(D(2), D(20)), (D(6), D(100))]
    await world.posted("receipt", world.line("A", 4, 16))  # late: dearer before the move
    values = await world.rows("SELECT quantity, value FROM pool ORDER BY value")
    assert values == [(D(6), D(78)), (D(6), D(106))]


async def test_a_move_undone_later_brings_its_value_back(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_place", costing_method="fifo")
    await world.item("A")
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 4, 10))
    await world.posted("receipt", world.line("A", 2, 30), at="SHOP")
    sent = await world.posted("transfer", world.line("A", 4, at="MAIN", to="SHOP"), on=2)
    await world.posted("issue", world.line("A", 2, 50), at="SHOP", on=3)
    await world.undone(sent, on=4)
    assert await world.stock("A") == (D(4), D(40))
    assert await world.account("price_difference") == D(40)


async def test_a_transfer_in_two_steps_loses_something_on_the_way(world: World) -> None:
    await world.item("A")
    await world.place("SHOP")
    await world.posted("receipt", world.line("A", 10, 5))
    sent = await world.posted("dispatch", world.line("A", 6), on=2)
    assert await world.on_hand("A", "MAIN") == D(4)
    assert await world.stock("A") == (D(10), D(50))
    came = world.line("A", 5, source_line=1, to="SHOP")
    lost = world.line("A", 1, source_line=1, to="SHOP", role="lost")
    await world.posted("arrival", came, lost, source_id=sent, on=3)
    assert await world.on_hand("A", "SHOP") == D(5)
    assert await world.account("gain_loss") == D(5)
    more = world.line("A", 1, source_line=1, to="SHOP")
    assert await world.refused("arrival", more, source_id=sent, on=3) == ["OUT_OF_STOCK"]


async def test_an_arrival_takes_the_lots_of_its_own_dispatch(open_world: OpenWorld) -> None:
    world = await open_world(cost_scope="item_lot")
    await world.item("A")
    await world.place("SHOP")
    for lot, price in (("X", 1), ("Y", 9)):
        await world.posted("receipt", world.line("A", 3, price, lot_code=lot))
    sent = {
        lot: await world.posted("dispatch", world.line("A", 3, lot_code=lot), on=2) for lot in "XY"
    }
    for lot in "YX":
        came = world.line("A", 3, source_line=1, to="SHOP")
        await world.posted("arrival", came, source_id=sent[lot], on=3)
    found = await world.rows(
        "SELECT l.code, p.value FROM pool p JOIN lot l ON l.id = p.lot_id"
        " WHERE p.quantity > 0 ORDER BY 1"
    )
    assert found == [("X", D(3)), ("Y", D(27))]


async def test_a_conversion_divides_its_cost_by_shares(world: World) -> None:
    for code in "ABC":
        await world.item(code)
    await world.posted("receipt", world.line("A", 10, 10))
    await world.posted(
        "disassembly",
        world.line("A", 1, role="consume"),
        world.line("B", 2, role="produce"),
        world.line("C", 1, role="produce", share="33.33"),
        extra_cost="0.01",
        on=2,
    )
    assert await world.stock("C") == (D(1), D("3.34"))
    assert await world.stock("B") == (D(2), D("6.67"))


async def test_late_news_runs_through_a_chain_of_conversions(world: World) -> None:
    for code in "ABC":
        await world.item(code)
    await world.posted("receipt", world.line("A", 2, 10), on=5)
    for made, of in (("B", "A"), ("C", "B")):
        lines = world.line(of, 1, role="consume"), world.line(made, 1, role="produce")
        await world.posted("conversion", *lines, on=6)
    await world.posted("issue", world.line("C", 1, 50), on=7)
    assert await world.account("customer") == D(10)
    await world.posted("receipt", world.line("A", 2, 30), on=4)
    assert await world.account("customer") == D(20)
    assert await world.stock("A") == (D(3), D(60))


async def test_landed_cost_reaches_what_was_sold(world: World) -> None:
    await world.item("A")
    receipt = await world.posted("receipt", world.line("A", 10, 10))
    await world.posted("issue", world.line("A", 4, 20), on=2)
    cost = await world.posted("landed_cost", source_id=receipt, extra_cost="10", on=3)
    assert await world.stock("A") == (D(6), D(66))
    assert await world.account("customer") == D(44)
    assert codes(await world.undo(receipt)) == ["HAS_DEPENDENTS"]
    await world.undone(cost)
    assert await world.stock("A") == (D(6), D(60))


async def test_landed_cost_of_what_is_gone_is_expensed(open_world: OpenWorld) -> None:
    world = await open_world(landed_cost="remaining")
    await world.item("A")
    receipt = await world.posted("receipt", world.line("A", 10, 10))
    await world.posted("issue", world.line("A", 4, 20), on=2)
    cost = await world.posted("landed_cost", source_id=receipt, extra_cost="10", on=3)
    assert await world.stock("A") == (D(6), D(66))
    assert await world.account("landed_cost_expensed") == D(4)
    await world.undone(cost, on=4)
    assert await world.stock("A") == (D(6), D(60))


async def test_landed_cost_by_standard_is_variance_and_can_be_undone(open_world: OpenWorld) -> None:
    world = await open_world(costing_method="standard")
    await world.item("A", standard_cost=D(10))
    receipt = await world.posted("receipt", world.line("A", 10, 10))
    cost = await world.posted("landed_cost", source_id=receipt, extra_cost="7", on=2)
    assert await world.account("standard_variance") == D(7)
    await world.undone(cost)
    assert await world.account("standard_variance") == D(0)


async def test_landed_cost_on_goods_that_came_without_a_price(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 1, 10))
    found = await world.posted("other_in", world.line("A", 1), on=2)
    amounts = {"cost_basis": "quantity", "extra_cost": "6"}
    await world.posted("landed_cost", source_id=found, on=3, **amounts)
    assert await world.stock("A") == (D(2), D(26))


async def test_drop_shipment_passes_our_stock_by(world: World) -> None:
    await world.item("A")
    sent = await world.posted("drop_shipment", world.line("A", 3, 7))
    assert await world.accounts() == {"supplier": D(-21), "customer": D(21)}
    back = world.line("A", 1, source_line=1)
    await world.posted("return_from_customer", back, source_id=sent, on=2)
    assert await world.stock("A") == (D(1), D(7))


async def test_returns_at_what_they_cost_and_never_too_many(world: World) -> None:
    await world.item("A")
    receipt = await world.posted("receipt", world.line("A", 3, amount="10"))
    sold = await world.posted("issue", world.line("A", 3, 20), on=2)
    for _ in range(3):
        back = world.line("A", 1, source_line=1)
        await world.posted("return_from_customer", back, source_id=sold, on=3)
    assert await world.stock("A") == (D(3), D(10))
    back = world.line("A", 1, source_line=1)
    refused = await world.refused("return_from_customer", back, source_id=sold, on=3)
    assert refused == ["BEYOND_ORDER"]
    await world.posted(
        "return_to_supplier", world.line("A", 2, source_line=1), source_id=receipt, on=4
    )
    assert await world.stock("A") == (D(1), D("3.33"))


async def test_an_undone_return_can_be_returned_again(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 3, amount="10"))
    sold = await world.posted("issue", world.line("A", 3, 20), on=2)
    back = world.line("A", 3, source_line=1)
    first = await world.posted("return_from_customer", back, source_id=sold, on=3)
    await world.undone(first, on=4)
    await world.posted("return_from_customer", back, source_id=sold, on=5)
    assert await world.stock("A") == (D(3), D(10))
    await world.posted("receipt", world.line("A", 3, amount="20"))  # late: all of it is dearer
    assert await world.stock("A") == (D(6), D(30))


async def test_reversals_on_their_own_date_and_later(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 4, 10))
    dear = await world.posted("receipt", world.line("A", 4, 20), on=2)
    sold = await world.posted("issue", world.line("A", 2, 50), on=3)
    await world.undone(sold, on=4)
    assert await world.stock("A") == (D(8), D(120))
    assert codes(await world.undo(sold)) == ["ALREADY_REVERSED"]
    await world.undone(dear)
    assert await world.stock("A") == (D(4), D(40))
    assert codes(await world.undo(dear, on=1)) == ["ALREADY_REVERSED"]


async def test_an_undone_count_bears_late_news(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 4, 10), on=2)
    found = await world.posted("count", world.line("A", 6), on=3)
    await world.undone(found, on=4)
    await world.posted("receipt", world.line("A", 1, 30), on=1)
    assert await world.on_hand("A") == D(4)  # the count found 6 then, and two of them went back


async def test_a_count_keeps_what_was_counted(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 10))
    await world.posted("count", world.line("A", 8), on=5)
    assert await world.account("gain_loss") == D(20)
    await world.posted("issue", world.line("A", 2, 20), on=3)  # late news explains the difference
    assert await world.stock("A") == (D(8), D(80))
    assert await world.account("gain_loss") == D(0)


async def test_a_late_count_needs_approval_as_well(open_world: OpenWorld) -> None:
    world = await open_world(count_approval_pct="5")
    await world.item("A")
    await world.posted("receipt", world.line("A", 10, 10))
    await world.posted("issue", world.line("A", 1, 20), on=5)
    assert await world.refused("count", world.line("A", 5), on=3) == ["COUNT_NEEDS_APPROVAL"]


async def test_late_issues_must_leave_enough_for_what_came_later(world: World) -> None:
    await world.item("A")
    await world.posted("receipt", world.line("A", 5, 10))
    await world.posted("issue", world.line("A", 4, 20), on=5)
    await world.posted("receipt", world.line("A", 9, 10), on=6)
    assert await world.refused("issue", world.line("A", 2, 20), on=3) == ["LATER_SHORT"]
    assert await world.refused("issue", world.line("A", 6, 20), on=3) == ["OUT_OF_STOCK"]
    await world.posted("issue", world.line("A", 1, 20), on=3)


async def test_what_is_sold_short_is_trued_up(open_world: OpenWorld) -> None:
    world = await open_world(negative_stock="allow")
    await world.item("A", purchase_price=D(8))
    await world.posted("issue", world.line("A", 3, 20))
    assert await world.stock("A") == (D(-3), D(-24))
    await world.posted("receipt", world.line("A", 5, 10), on=2)
    assert await world.stock("A") == (D(2), D(20))
    assert await world.account("true_up") == D(6)


async def test_adjustments_need_something_to_adjust(world: World) -> None:
    await world.item("A")
    line = world.line("A", amount="5")
    assert await world.refused("cost_adjustment", line, place_id=None) == ["NOTHING_TO_REVALUE"]
    await world.posted("receipt", world.line("A", 5, 2))
    await world.posted("cost_adjustment", line, place_id=None, on=2)
    assert await world.stock("A") == (D(5), D(15))
    less = world.line("A", amount="-16")
    assert await world.refused("cost_adjustment", less, place_id=None, on=2) == ["NEGATIVE_COST"]
    await world.posted("receipt", world.line("A", 5, 2), on=4)
    await world.posted("issue", world.line("A", 5, 9), on=1)  # late: nothing left to be adjusted
    assert await world.stock("A") == (D(5), D(10))
    assert await world.account("price_difference") == D(0)


async def test_other_ways_out_have_accounts_of_their_own(world: World) -> None:
    await world.item("A")
    await world.posted("opening", world.line("A", 10, 3))
    for type_ in ("scrap", "internal_use", "other_out", "loss"):
        await world.posted(type_, world.line("A", 1), on=2)
    await world.posted("gain", world.line("A", 1), on=3)
    found = await world.accounts()
    assert found == {
        "opening": D(-30),
        "scrap": D(3),
        "internal_use": D(3),
        "other": D(3),
    }


async def test_a_batch_waits_for_what_it_goes_back_to(world: World) -> None:
    await world.item("A")
    receipt = world.draft("receipt", world.line("A", 5, 2))
    sale = world.draft("issue", world.line("A", 2, 9), on=2)
    back = world.draft(
        "return_from_customer", world.line("A", 1, source_line=1), source_id=sale.id, on=3
    )
    late = world.draft("receipt", world.line("A", 1, 8))
    verdicts = await world.many(receipt, sale, back, late)
    assert [verdict.refusals for verdict in verdicts] == [()] * 4
    assert await world.stock("A") == (D(5), D(15))


async def test_one_document_twice_is_posted_once(world: World) -> None:
    await world.item("A")
    draft = world.draft("receipt", world.line("A", 5, 2))
    first, second = await world.many(draft, draft)
    assert first.outcome is not None
    assert codes(second) == ["DUPLICATE"]
    command = Asked.of(uuid7(), "postDocument", {"n": 1})
    again = world.draft("receipt", world.line("A", 1, 2))
    outcome = (await post(world.db, world.principal, Post(command, again))).outcome
    assert (await post(world.db, world.principal, Post(command, again))).outcome == outcome
    other = Asked.of(command.id, "postDocument", {"n": 2})
    reused = await post(world.db, world.principal, Post(other, again))
    assert codes(reused) == ["COMMAND_REUSED"]


async def test_a_refusal_leaves_nothing_behind(world: World) -> None:
    await world.item("A")
    wrong = world.draft("issue", world.line("A", 1, 2))
    right = world.draft("receipt", world.line("A", 1, 2))
    refused, done = await world.many(wrong, right)
    assert codes(refused) == ["OUT_OF_STOCK"]
    assert done.outcome is not None
    assert await world.rows("SELECT posting FROM tenant_sequence") == [(1,)]
    assert len(await world.rows("SELECT FROM balance")) == 1


async def test_tomorrow_is_refused(world: World) -> None:
    await world.item("A")
    future = day(1) + timedelta(days=40_000)
    assert await world.refused("receipt", world.line("A", 1, 2), on=future) == ["FUTURE_DATE"]
