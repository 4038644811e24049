"""What the module says and writes when documents are posted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.extension.records import Offer, Posting
from core.ids import NIL, uuid7
from plugins.food_batches import plugin, posting, tables
from plugins.food_batches.rules import intake, life, weight
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife
from plugins.food_batches.rules.records import Batch, MinimumLife, Status
from plugins.food_batches.settings import FoodSettings
from tests.plugins.food_batches.view import TODAY, Move, Shop

DAY = timedelta(days=1)
GOOD, GONE = TODAY + 10 * DAY, TODAY - DAY


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.controls(shelf_life=ShelfLife(30))
    return shop


def codes(found: list[Refusal]) -> list[str]:
    return [refusal.code for refusal in found]


def sold(lot: str | None, quantity: int = 1, **facts: Any) -> Move:
    return Move("STORE", "customer", lot, quantity, **facts)


def bought(lot: str | None, quantity: int = 1, **told: Any) -> Move:
    return Move("supplier", "STORE", lot, quantity, told)


def test_a_receipt_makes_the_batch(shop: Shop) -> None:
    made = TODAY - 2 * DAY
    told = {"produced_on": made, "supplier_number": "S-9", "origin": "内蒙古"}
    shop.post("receipt", bought("A", 5, **told), party_id=shop.supplier)
    batch = Batch.of(shop.row(tables.batch, lot_id=shop.names("A")) or {})
    assert (batch.produced_on, batch.expires_on) == (made, made + 30 * DAY)
    assert (batch.supplier_number, batch.origin, batch.status) == ("S-9", "内蒙古", Status.RELEASED)
    again = shop.post("receipt", bought("A", 5, expires_on=made + 30 * DAY), party_id=shop.supplier)
    assert [write.table for write in again] == [tables.purchase_check]


def test_what_core_kept_reads_like_what_was_sent(shop: Shop) -> None:
    """Drafts come back from the database with dates and ids as text."""
    paper = uuid7()
    stored = {"expires_on": GOOD.isoformat(), "certificates": [str(paper)]}
    shop.post("receipt", bought("A", 5, **stored), party_id=shop.supplier)
    batch = Batch.of(shop.row(tables.batch, lot_id=shop.names("A")) or {})
    assert (batch.expires_on, batch.certificates) == (GOOD, (paper,))


@pytest.mark.parametrize(
    ("lot", "told", "code", "path"),
    [
        (None, {}, intake.LOT_REQUIRED, ("lines", 0, "lotCode")),
        ("NEW", {}, intake.DATES_REQUIRED, ("lines", 0, "foodBatches")),
        ("NEW", {"origin": "X"}, intake.DATES_REQUIRED, ("lines", 0, "foodBatches")),
        (
            *("OLD", {"expires_on": GOOD + DAY}, intake.DATES_DIFFER),
            ("lines", 0, "foodBatches", "expiresOn"),
        ),
        (
            *("NEW", {"produced_on": GOOD, "expires_on": TODAY}, intake.DATES_REVERSED),
            ("lines", 0, "foodBatches", "expiresOn"),
        ),
        (
            *("NEW", {"produced_on": TODAY + DAY}, intake.MADE_LATER),
            ("lines", 0, "foodBatches", "producedOn"),
        ),
        ("NEW", {"expires_on": GONE}, intake.ARRIVED_EXPIRED, ("lines", 0)),
    ],
)
def test_receipts_that_cannot_be(
    shop: Shop, lot: str | None, told: dict[str, Any], code: str, path: tuple[Any, ...]
) -> None:
    shop.has("OLD", 1, expires_on=GOOD)
    (refusal,) = shop.refused("receipt", bought(lot, 1, **told), party_id=shop.supplier)
    assert (refusal.code, refusal.path) == (code, path)


def test_two_lines_of_one_new_batch_agree(shop: Shop) -> None:
    one, other = bought("A", 1, expires_on=GOOD), bought("A", 1, expires_on=GOOD + DAY)
    (refusal,) = shop.refused("receipt", one, other, party_id=shop.supplier)
    assert (refusal.code, refusal.path[:2]) == (intake.DATES_DIFFER, ("lines", 1))
    assert shop.refused("receipt", one, bought("A", 2), party_id=shop.supplier) == []


def test_no_shelf_life_no_date(shop: Shop) -> None:
    shop.controls()
    shop.post("receipt", bought("SALT", 1), party_id=shop.supplier)
    assert shop.row(tables.batch, lot_id=shop.names("SALT"))


def test_what_is_not_kept_by_batch_has_none() -> None:
    shop = Shop()
    assert shop.post("receipt", bought(None, 5), party_id=shop.supplier) == []
    (refusal,) = shop.refused("receipt", bought("A", 5, expires_on=GOOD))
    assert refusal.code == posting.NOT_BY_BATCH
    assert plugin.allocate(shop.posting("issue"), sold(None).line(shop, 1), shop.offers()) is None


@pytest.mark.parametrize(
    ("type_", "move", "may"),
    [
        ("issue", ("STORE", "customer"), False),
        ("dispatch", ("STORE", "in_transit"), False),
        ("internal_use", ("STORE", "other"), False),
        ("conversion", ("STORE", "production"), False),
        ("transfer", ("STORE", "BIN"), False),
        ("transfer", ("STORE", "BINNED"), True),
        ("scrap", ("STORE", "scrap"), True),
        ("return_to_supplier", ("STORE", "supplier"), True),
        ("count", ("gain_loss", "STORE"), True),
        ("loss", ("STORE", "gain_loss"), True),
        ("arrival", ("in_transit", "STORE"), True),
        ("return_from_customer", ("customer", "STORE"), True),
    ],
)
def test_where_expired_goods_may_go(
    shop: Shop, type_: str, move: tuple[str, str], may: bool
) -> None:
    shop.settings = FoodSettings(disposal_place_ids=(shop.places["BINNED"],))
    role: Any = "consume" if type_ == "conversion" else None
    for expires_on, fine in ((GONE, may), (TODAY, True)):
        for place in ("STORE", "in_transit"):
            shop.has("A", 5, place=place, expires_on=expires_on)
        found = shop.refused(type_, Move(*move, "A", role=role))
        assert codes(found) == ([] if fine else [posting.EXPIRED])


@pytest.mark.parametrize("status", [Status.HELD, Status.RECALLED])
def test_stopped_batches_are_not_used(shop: Shop, status: Status) -> None:
    shop.has("A", 5, expires_on=GOOD, status=status)
    (refusal,) = shop.refused("issue", sold("A"))
    assert (refusal.code, refusal.path) == (posting.NOT_RELEASED, ("lines", 0, "lotCode"))
    assert refusal.details["status"] == status.value
    assert shop.refused("transfer", Move("STORE", "BIN", "A")) == []
    assert shop.refused("scrap", Move("STORE", "scrap", "A")) == []


def test_goods_without_a_batch_are_not_sold(shop: Shop) -> None:
    shop.has(None, 5)
    shop.has("UNKNOWN", 5)
    assert codes(shop.refused("issue", sold(None))) == [posting.NO_BATCH]
    assert codes(shop.refused("issue", sold("UNKNOWN"))) == [posting.NO_BATCH]
    assert shop.refused("scrap", Move("STORE", "scrap", None)) == []


def test_the_date_of_the_document_decides(shop: Shop) -> None:
    """A sale that is entered late was good when it was made."""
    shop.has("A", 5, expires_on=TODAY - 3 * DAY)
    assert shop.refused("issue", sold("A"), on=TODAY - 3 * DAY) == []
    assert codes(shop.refused("issue", sold("A"), on=TODAY - 2 * DAY)) == [posting.EXPIRED]


def test_a_customer_wants_more(shop: Shop) -> None:
    minimum = MinimumLife(fraction=Fraction(1, 3))
    shop.keep(tables.customer, {"party_id": shop.customer, **minimum.row()})
    shop.has("SHORT", 5, expires_on=TODAY + 9 * DAY)
    shop.has("LONG", 5, expires_on=TODAY + 10 * DAY)
    (refusal,) = shop.refused("issue", sold("SHORT"), party_id=shop.customer)
    assert refusal.code == life.LIFE_TOO_SHORT
    assert refusal.details["remaining"] == 9
    assert shop.refused("issue", sold("LONG"), party_id=shop.customer) == []
    assert shop.refused("issue", sold("SHORT"), party_id=uuid7()) == []
    assert allocated(shop, party_id=shop.customer) == ["LONG"]
    assert allocated(shop) == ["SHORT", "LONG"]


def allocated(shop: Shop, type_: str = "issue", **facts: Any) -> list[str]:
    """The lots that a line may take that names none, in order."""
    line = sold("?", named=False).line(shop, 1)
    chosen = plugin.allocate(shop.posting(type_, **facts), line, shop.offers())
    assert chosen is not None
    return [shop.lots[offer.lot_id].code if offer.lot_id != NIL else "-" for offer in chosen]


def test_allocation_over_batches_and_bins(shop: Shop) -> None:
    shop.has(None, 9)
    shop.has("LATE", 5, expires_on=GOOD + DAY)
    shop.has("SOON", 5, place="BIN", expires_on=GOOD)
    shop.has("GONE", 5, expires_on=GONE)
    shop.has("HELD", 5, expires_on=GOOD, status=Status.HELD)
    shop.has("SOON", 2, expires_on=GOOD)
    shop.has("OLDER", 5, expires_on=GOOD, received=TODAY - DAY)
    shop.has("SALT", 5, origin="sea")
    assert allocated(shop) == ["OLDER", "SOON", "SOON", "LATE", "SALT"]
    assert allocated(shop, "scrap")[0] == "GONE"
    assert set(allocated(shop, "scrap")) == {
        *("GONE", "HELD", "OLDER", "SOON", "LATE", "SALT", "-")
    }


stocks = st.lists(
    st.tuples(
        st.sampled_from("ABCDEF"),
        st.sampled_from(["STORE", "BIN"]),
        st.integers(1, 9),
        st.none() | st.integers(-9, 9),
        st.sampled_from(Status),
    ),
    max_size=8,
    unique_by=lambda lot: lot[:2],
)


@given(stocks, st.integers(1, 40))
def test_what_is_allocated_is_never_refused(
    stock: list[tuple[str, str, int, int | None, Status]], wanted: int
) -> None:
    """Whatever lies there: what a line is given passes the check, and nothing that would is held back."""
    shop = Shop()
    shop.controls(shelf_life=ShelfLife(30))
    for code, place, quantity, left, status in stock:
        expires_on = None if left is None else TODAY + left * DAY
        shop.has(code, quantity, place=place, expires_on=expires_on, status=status)
    sale = shop.posting("issue")
    chosen = plugin.allocate(sale, sold("?", named=False).line(shop, 1), shop.offers())
    assert chosen is not None
    taken, short = take(chosen, wanted)
    for lot in {offer.lot_id for offer, _ in taken}:
        assert shop.refused("issue", sold(shop.lots[lot].code, named=False)) == []
    sellable = sum(
        offer.free
        for offer in shop.offers()
        if shop.refused("issue", sold(shop.lots[offer.lot_id].code)) == []
    )
    assert short == max(0, wanted - sellable)


def take(offers: list[Offer], wanted: int) -> tuple[list[tuple[Offer, Decimal]], Decimal]:
    left, taken = Decimal(wanted), []
    for offer in offers:
        if part := min(left, offer.free):
            taken.append((offer, part))
            left -= part
    return taken, left


def test_licences_of_suppliers(shop: Shop) -> None:
    receipt = bought("A", 1, expires_on=GOOD)
    supplier = {"party_id": shop.supplier}
    (flagged,) = (w for w in shop.post("receipt", receipt, **supplier) if "licence_kind" in w.row)
    assert (flagged.table, flagged.row["licence_number"]) == (tables.purchase_check, None)
    shop.settings = FoodSettings(licence_policy="refuse")
    (refusal,) = shop.refused("receipt", receipt, **supplier)
    assert (refusal.code, refusal.path) == (intake.NO_LICENCE, ("partyId",))
    paper = {"kind": "food_trade", "number": "JY1", "valid_until": TODAY}
    shop.keep(tables.licence, {**supplier, **paper})
    seen, *_ = shop.post("receipt", receipt, **supplier)
    assert (seen.row["licence_number"], seen.row["valid_until"]) == ("JY1", TODAY)
    shop.today += DAY
    assert codes(shop.refused("receipt", receipt, **supplier)) == [intake.NO_LICENCE]
    assert shop.refused("opening", receipt) == []
    shop.settings = FoodSettings(licence_policy="off")
    assert shop.post("receipt", receipt, **supplier) == []


def test_returns_of_a_recalled_batch_are_collected(shop: Shop) -> None:
    recall = uuid7()
    lot = shop.has("A", 5, expires_on=GOOD, status=Status.RECALLED)
    other = {"hold_id": None, "produced": Decimal(9), "on_hand": Decimal(5)}
    shop.keep(tables.recall_batch, {"recall_id": recall, "lot_id": lot, "closed": False, **other})
    back = Move("customer", "STORE", "A", 3)
    (write,) = shop.post("return_from_customer", back, party_id=shop.customer)
    assert write.table is tables.recall_return
    assert (write.row["recall_id"], write.row["quantity"]) == (recall, Decimal(3))
    assert write.row["party_id"] == shop.customer
    undone = shop.posting(
        "return_from_customer", Move("STORE", "customer", "A", 3), reverses_id=uuid7()
    )
    (write,) = plugin.posting_rows(undone)
    assert write.row["quantity"] == Decimal(-3)
    shop.keep(tables.recall_batch, {"recall_id": recall, "lot_id": lot, "closed": True, **other})
    assert shop.post("return_from_customer", back, party_id=shop.customer) == []


def test_a_reversal_is_never_refused(shop: Shop) -> None:
    shop.has("A", 5, expires_on=GONE, status=Status.RECALLED)
    undone = shop.posting("receipt", Move("STORE", "supplier", "A"), reverses_id=uuid7())
    assert list(plugin.check_posting(undone)) == []
    assert list(plugin.posting_rows(undone)) == []


def test_orders_are_not_asked_for_batches(shop: Shop) -> None:
    order = shop.posting("sales_order", sold(None))
    assert list(plugin.check_posting(Posting(order.document, shop))) == []


def fish() -> Shop:
    shop = Shop()
    shop.controls(
        shelf_life=ShelfLife(1, LifeUnit.MONTHS),
        second_unit_id=uuid7(),
        second_min=Decimal(3),
        second_max=Decimal(5),
    )
    return shop


def kilos(shop: Shop, place: str = "STORE", code: str = "A") -> Decimal:
    key = {"item_id": shop.item_id, "place_id": shop.places[place], "lot_id": shop.names(code)}
    row = shop.row(tables.second_balance, **key)
    return row["quantity"] if row else Decimal(0)


def test_pieces_and_kilos() -> None:
    shop = fish()
    shop.post("receipt", bought("A", 10, expires_on=GOOD, second_quantity=Decimal("41.5")))
    assert kilos(shop) == Decimal("41.5")
    assert codes(shop.refused("issue", sold("A", 2))) == [weight.SECOND_REQUIRED]
    shop.post("issue", sold("A", 2, told={"second_quantity": Decimal("8.9")}))
    assert kilos(shop) == Decimal("32.6")
    shop.post("transfer", Move("STORE", "BIN", "A", 4))
    assert (kilos(shop), kilos(shop, "BIN")) == (Decimal("16.3"), Decimal("16.3"))
    written = shop.post("issue", sold("A", 4, told={"second_quantity": "15.9"}))
    (row,) = (w.row for w in written if w.table is tables.second_movement)
    assert (row["quantity"], row["difference"]) == (Decimal("-15.9"), Decimal("-0.4"))
    assert kilos(shop) == 0
    shop.post("count", Move("gain_loss", "BIN", "A", 3, {"second_quantity": Decimal(12)}))
    assert kilos(shop, "BIN") == 12
    shop.post("issue", Move("BIN", "customer", "A", 2, {"second_quantity": Decimal(10)}))
    shop.post("scrap", Move("BIN", "scrap", "A", 1))
    assert kilos(shop, "BIN") == 0


trades = st.lists(
    st.tuples(
        st.sampled_from(["issue", "scrap", "transfer", "receipt", "count"]),
        st.integers(1, 9),
        st.decimals(3, 5, places=3),
    ),
    max_size=12,
)


@given(trades)
def test_second_quantities_follow_the_goods(told: list[tuple[str, int, Decimal]]) -> None:
    """Never below zero, none left when the goods are gone, and the movements sum to what is there."""
    shop = fish()
    sums: dict[Any, Decimal] = {}
    for type_, quantity, each in told:
        there = int(shop.stock.get((shop.places["STORE"], shop.names("A")), 0))
        if type_ in ("issue", "scrap", "transfer"):
            quantity = min(quantity, there)
            if not quantity:
                continue
        second = {"second_quantity": each * quantity}
        move = {
            "issue": sold("A", quantity, told=second),
            "scrap": Move("STORE", "scrap", "A", quantity),
            "transfer": Move("STORE", "BIN", "A", quantity),
            "receipt": bought("A", quantity, expires_on=GOOD, **second),
            "count": Move("gain_loss", "STORE", "A", quantity, {**second, "expires_on": GOOD}),
        }[type_]
        for write in shop.post(type_, move):
            if write.table is tables.second_movement:
                key = write.row["place_id"]
                change = write.row["quantity"] + write.row["difference"]
                sums[key] = sums.get(key, Decimal(0)) + change
        for place in ("STORE", "BIN"):
            first = shop.stock.get((shop.places[place], shop.names("A")), Decimal(0))
            assert kilos(shop, place) >= 0
            assert first or kilos(shop, place) == 0
            assert sums.get(shop.places[place], Decimal(0)) == kilos(shop, place)
