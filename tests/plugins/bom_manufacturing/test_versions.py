"""A real set of bills as versions, each in force from the day on which a row begins or ends to the next."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.plugins.bom_manufacturing.adventureworks import Row, day, table
from tests.plugins.bom_manufacturing.test_adventureworks import FINISHED, ROWS, children, leaves
from tests.plugins.bom_manufacturing.workshop import Workshop

NEEDS = "{ nodes { made quantity item { code } } pageInfo { hasNextPage } }"
ON = date(2021, 8, 1)
FOREVER = date(9999, 1, 1)


def versions(rows: list[Row]) -> list[tuple[date, date, list[Row]]]:
    """From which day, to which (no longer), and the rows in force meanwhile."""
    spans = [
        (row, day(row["StartDate"]) or date.min, day(row["EndDate"]) or FOREVER) for row in rows
    ]
    days = sorted({start for _, start, _ in spans} | {end for _, _, end in spans})
    found = [
        (start, end, [row for row, since, until in spans if since <= start and end <= until])
        for start, end in pairwise(days)
    ]
    return [one for one in found if one[2]]


@pytest.mark.slow
async def test_all_rows_are_imported_as_versions(workshop: Workshop) -> None:
    """And what every finished product needs on a day is what the file says by another way."""
    assert len(ROWS) == len(table("Production.BillOfMaterials")) == 2679
    by_assembly: dict[str, list[Row]] = defaultdict(list)
    for row in ROWS:
        if row["ProductAssemblyID"]:
            by_assembly[row["ProductAssemblyID"]].append(row)
    seen = {row["BillOfMaterialsID"] for row in ROWS if not row["ProductAssemblyID"]}
    assert len(seen) == 103  # what is sold: it goes into nothing
    for item, rows in by_assembly.items():
        for n, (start, end, lines) in enumerate(versions(rows), start=1):
            saved = await workshop.save(
                item,
                *[
                    await workshop.line(one["ComponentID"], str(Decimal(one["PerAssemblyQty"])))
                    for one in lines
                ],
                version=str(n),
                validFrom=start.isoformat(),
                validUntil=None if end == FOREVER else (end - timedelta(1)).isoformat(),
            )
            assert saved["validFrom"] == start.isoformat()
            seen |= {one["BillOfMaterialsID"] for one in lines}
    assert len(seen) == 2679
    below, asked = children(ON), 0
    for item in FINISHED:
        if item not in below:
            continue
        expected: dict[str, Decimal] = defaultdict(Decimal)
        for part, quantity in leaves(below, item, Decimal(7)):
            expected[part] += quantity
        found = await workshop.ask(
            "Explode", item, NEEDS, quantity="7", on=ON.isoformat(), first=100
        )
        assert not found["pageInfo"]["hasNextPage"]
        needs = {
            one["item"]["code"]: Decimal(one["quantity"])
            for one in found["nodes"]
            if not one["made"]
        }
        assert needs == expected
        asked += 1
    assert asked > 20
