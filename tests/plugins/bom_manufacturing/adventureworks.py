"""AdventureWorks as the rules see it."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Line

TABLES = Path(__file__).parents[2] / "fixtures/adventureworks"
Row = dict[str, str]


def table(name: str) -> list[Row]:
    """The rows of a table."""
    with gzip.open(TABLES / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> date | None:
    """The day of a moment; None for NULL."""
    return date.fromisoformat(text[:10]) if text else None


def bills(rows: list[Row]) -> dict[Item, Bom]:
    """A bill for each assembly; the days of its rows are those of its lines. The end of a row is the day on
    which the next one may start, so that the last day is the one before."""
    lines: dict[Item, list[Line]] = defaultdict(list)
    for row in rows:
        if row["ProductAssemblyID"]:
            end = day(row["EndDate"])
            lines[row["ProductAssemblyID"]].append(
                Line(
                    row["ComponentID"],
                    Decimal(row["PerAssemblyQty"]),
                    valid_from=day(row["StartDate"]),
                    valid_until=end and end - timedelta(1),
                )
            )
    return {item: Bom(item, tuple(of)) for item, of in lines.items()}
