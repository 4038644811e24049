"""A real set of bills and orders: figures equal to those found in the file by other ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from core.documents.amounts import document_totals, line_amounts
from plugins.bom_manufacturing.bills.rules.bom import explode, where_used
from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Variant
from plugins.bom_manufacturing.subcontracting.rules import processed
from tests.plugins.bom_manufacturing.adventureworks import Row, bills, table

ROWS = table("Production.BillOfMaterials")
BOMS = bills(ROWS)
FINISHED = sorted({row["ComponentID"] for row in ROWS if not row["ProductAssemblyID"]})
Below = dict[str, list[tuple[str, Decimal]]]
DAYS = [date(2021, 3, 20), date(2021, 6, 1), date(2021, 8, 1), date(2022, 1, 1)]


def in_force(row: Row, on: date) -> bool:
    """By the texts of the file."""
    moment = on.isoformat()
    return row["StartDate"][:10] <= moment and (not row["EndDate"] or moment < row["EndDate"][:10])


def children(on: date) -> Below:
    below: Below = defaultdict(list)
    for row in ROWS:
        if row["ProductAssemblyID"] and in_force(row, on):
            part = row["ComponentID"], Decimal(row["PerAssemblyQty"])
            below[row["ProductAssemblyID"]].append(part)
    return below


def leaves(
    below: dict[str, list[tuple[str, Decimal]]], item: str, of: Decimal
) -> Iterator[tuple[str, Decimal]]:
    for part, each in below.get(item, ()):
        if part in below:
            yield from leaves(below, part, of * each)
        else:
            yield part, of * each


def test_the_file_is_whole() -> None:
    assert len(ROWS) == 2679
    assert len(FINISHED) == len({row["ComponentID"] for row in ROWS if row["BOMLevel"] == "0"})
    assert sum(len(bom.lines) for bom in BOMS.values()) == sum(
        1 for row in ROWS if row["ProductAssemblyID"]
    )


@pytest.mark.parametrize("on", DAYS)
def test_explosion_of_every_finished_product(on: date) -> None:
    below = children(on)
    boms: dict[Item, Bom] = {item: bom for item, bom in BOMS.items() if item in below}
    seen = 0
    for item in FINISHED:
        expected: dict[Item, Decimal] = defaultdict(Decimal)
        for part, quantity in leaves(below, item, Decimal(7)):
            expected[part] += quantity
        found = explode(boms, item, 7, Variant(on=on)).bought if item in boms else {}
        assert found == expected
        seen += bool(expected)
    assert seen > 20 or on < date(2021, 6, 1)


@pytest.mark.parametrize("on", DAYS)
def test_where_every_component_is_used(on: date) -> None:
    below = children(on)
    above: dict[str, set[str]] = defaultdict(set)

    def climb(top: str, item: str) -> None:
        for part, _ in below.get(item, ()):
            above[part].add(top)
            climb(top, part)

    for item in below:
        climb(item, item)
    dated = [
        Bom(bom.item, tuple(line for line in bom.lines if line.applies({}, on)))
        for bom in BOMS.values()
    ]
    for component in {row["ComponentID"] for row in ROWS}:
        assert set(where_used(dated, component)) == above[component]


def test_purchase_orders_come_to_what_the_file_says() -> None:
    lines = defaultdict(list)
    for row in table("Purchasing.PurchaseOrderDetail"):
        amounts = line_amounts(Decimal(row["OrderQty"]), Decimal(row["UnitPrice"]), dp=4)
        assert amounts.net == Decimal(row["LineTotal"])
        received, rejected = Decimal(row["ReceivedQty"]), Decimal(row["RejectedQty"])
        assert received - rejected == Decimal(row["StockedQty"])
        accepted = processed(1, Decimal(row["StockedQty"]), rejected)
        assert accepted.consumed == received  # had a processor made it, all received had used parts
        lines[row["PurchaseOrderID"]].append(amounts)
    headers = table("Purchasing.PurchaseOrderHeader")
    for header in headers:
        total = document_totals(lines.pop(header["PurchaseOrderID"]))
        assert total.net == Decimal(header["SubTotal"])
        due = total.net + Decimal(header["TaxAmt"]) + Decimal(header["Freight"])
        assert due == Decimal(header["TotalDue"])
    assert len(headers) == 2006
    assert not lines
