"""What the replay makes of the lines of a file, without a server."""

from __future__ import annotations

import tracemalloc
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from examples import _retail_file as retail
from examples._retail_file import Kind, Line, documents, kind_of
from examples._retail_sums import sums_of
from tests.examples.generated import COLUMNS, DAY, generated

SLICE = Path(__file__).parent.parent / "fixtures/online_retail/online_retail_slice.csv.gz"


def line(
    quantity: int,
    *,
    invoice: str = "536365",
    code: str = "85123A",
    price: str = "2.55",
    customer: str = "17850",
    day: date = DAY,
) -> Line:
    return Line(invoice, code, "HEART", quantity, day, Decimal(price), customer, "United Kingdom")


def test_slice_holds_every_peculiarity() -> None:
    lines = list(retail.read(SLICE))
    codes = {one.code for one in lines}
    assert {"85123A", "85123a", "M", "m", "gift_0001_20"} <= codes
    assert {"POST", "D", "DOT", "C2", "S", "AMAZONFEE", "BANK CHARGES"} <= codes
    assert {one.country for one in lines if one.customer == "12370"} == {"Austria", "Cyprus"}
    assert {kind_of(one) for one in lines} == {Kind.SALE, Kind.RETURN, Kind.LOSS}
    assert any(not one.description for one in lines)
    assert any(not one.unit_price and one.quantity > 0 for one in lines)
    assert any(not one.customer and one.amount for one in lines)


def test_customer_is_written_without_its_fraction() -> None:
    assert {one.customer for one in retail.read(SLICE)} >= {"", "17850"}


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (line(6), Kind.SALE),
        (line(6, price="0"), Kind.SALE),
        (line(1, code="B", price="-11062.06", customer="", invoice="A563186"), Kind.SALE),
        (line(-6, invoice="C536379"), Kind.RETURN),
        (line(-6, invoice="C536379", customer="", price="0"), Kind.RETURN),
        (line(6, invoice="C536379"), Kind.SALE),
        (line(-6), Kind.RETURN),
        (line(-6, customer=""), Kind.RETURN),
        (line(-6, customer="", price="0"), Kind.LOSS),
        (line(-1, customer="", price="0", code="m"), Kind.RETURN),
        (line(0), None),
    ],
)
def test_kind_of_a_line(found: Line, kind: Kind | None) -> None:
    assert kind_of(found) == kind


def test_mixed_invoice_becomes_a_document_of_each_kind() -> None:
    made = list(documents([line(6), line(-2), line(0), line(3), line(-1, customer="", price="0")]))
    assert [(d.kind, len(d.lines)) for d in made] == [
        (Kind.SALE, 2),
        (Kind.RETURN, 1),
        (Kind.LOSS, 1),
    ]
    assert len({d.key for d in made}) == 3


def test_long_or_interrupted_invoice_becomes_several_documents() -> None:
    long = [line(1) for _ in range(2001)]
    made = list(documents([*long, line(1, invoice="536366"), line(1)]))
    assert [len(d.lines) for d in made] == [1000, 1000, 1, 1, 1]
    assert len({d.key for d in made}) == 5


def test_opening_stock_covers_any_order_within_a_day() -> None:
    tomorrow = DAY + timedelta(days=1)
    sums = sums_of(
        [
            line(5),
            line(-3, invoice="C1"),  # comes back today, perhaps after the next was sold
            line(4),
            line(-2, customer="", price="0"),
            line(2, day=tomorrow),
            line(1, code="POST", day=tomorrow),
        ]
    )
    assert sums.codes["85123A"].needed == 11
    assert sums.on_hand() == {"85123A": 1}


def test_days_must_rise() -> None:
    with pytest.raises(ValueError, match="stands behind"):
        sums_of([line(1), line(1, day=DAY - timedelta(days=1))])


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(",".join(COLUMNS) + "\n536365,85123A,HEART,six,2010-12-01,2.55,,UK\n")
    with pytest.raises(ValueError, match=r"bad\.csv, line 2"):
        list(retail.read(path))


def test_a_file_eight_times_as_long_takes_no_more_memory(tmp_path: Path) -> None:
    short, long = (_peak(generated(tmp_path, n)) for n in (250, 2_000))
    assert long < short * 1.5, f"{short:,} bytes, then {long:,}"


def test_prices_to_three_decimals_ask_for_as_many_in_amounts(tmp_path: Path) -> None:
    sums = sums_of(retail.read(generated(tmp_path, 500)))
    assert sums.decimals == 3
    assert sums.without_cancellations == sum(one.amount for one in _all(tmp_path, 500))


def _all(folder: Path, invoices: int) -> list[Line]:
    return list(retail.read(folder / f"{invoices}.csv.gz"))


def _peak(path: Path) -> int:
    """The most memory that both passes take at once."""
    tracemalloc.start()
    try:
        sums_of(retail.read(path))
        for _ in documents(retail.read(path)):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
