"""Stock counts: :mod:`core.ledger.counting`, and cells where a count meets a movement."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.ledger import counting
from tests.scenarios.adapters.reservation import cell_operations
from tests.scenarios.adapters.stock import Stock
from tests.scenarios.fields import Fields
from tests.scenarios.model import Scenario


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``count``."""
    stock = Stock(scenario)

    def sheet() -> list[counting.CountLine]:
        rows = [Fields("counts", raw) for raw in scenario.given.get("counts") or ()]
        return [_line(row) for row in rows]

    def difference(_: str, step: Fields) -> Decimal:
        if "cell" in step:
            book = stock.find(step.text("cell")).cell.on_hand
            return counting.count_line(book, step.number("counted")).difference
        return _line(step).difference

    def difference_pct(_: str, step: Fields) -> Fraction:
        return counting.difference_pct(_line(step))

    def needs_approval(_: str, step: Fields) -> bool:
        return counting.needs_approval(_line(step), step.number("threshold_pct"))

    def variance_rate(_: str, step: Fields) -> Decimal:
        return counting.variance_rate(sheet())

    def band(_: str, step: Fields) -> str:
        rate = step.number("value", None)
        if rate is None:
            rate = counting.variance_rate(sheet())
        return counting.band(rate, step.number("ideal_below"), step.number("alarm_above")).value

    def next_count(_: str, step: Fields) -> str:
        return counting.next_count(
            step.day("today"), step.whole("every_days"), step.day("last", None)
        ).isoformat()

    def count_line(_: str, step: Fields) -> Decimal:
        return counting.count_line(step.number("book", Decimal(0)), step.number("counted")).counted

    cells = cell_operations(stock)
    return {
        "difference": difference,
        "difference_pct": difference_pct,
        "needs_approval": needs_approval,
        "variance_rate": variance_rate,
        "band": band,
        "next_count": next_count,
        "count_line": count_line,
        **{op: cells[op] for op in ("state", "adjust_to", "ship", "allocate", "release")},
    }


def _line(fields: Fields) -> counting.CountLine:
    return counting.count_line(fields.number("book"), fields.number("counted"))
