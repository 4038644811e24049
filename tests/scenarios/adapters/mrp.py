"""Planning: :mod:`plugins.bom_manufacturing.planning.rules.mrp` and its lot rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.errors import raise_any
from plugins.bom_manufacturing.bills.rules.records import Item
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.planning.rules import lots
from plugins.bom_manufacturing.planning.rules.mrp import (
    Firm,
    ItemPlan,
    Plan,
    Planned,
    Requirement,
    Situation,
    Source,
    plan,
)
from tests.scenarios.adapters import uom
from tests.scenarios.adapters.bom import given_boms
from tests.scenarios.compare import Record
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

ZERO = Decimal(0)
Figures = Mapping[int, Fraction]


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The ``calc`` operations of module ``mrp``."""

    def planned() -> Plan:
        return plan(_situation(scenario))

    def levels(_: str, __: Fields) -> Mapping[Item, int]:
        return planned().levels

    def mrp(_: str, step: Fields) -> Figures | list[Fraction]:
        show, found = step.text("show"), planned().items[step.text("item")]
        if show == "orders":
            return [order.quantity for order in found.orders]
        if show not in SHOWN:
            raise NotYet(f"show {show}")
        return {period: figure for period, figure in SHOWN[show](found).items() if figure}

    def eoq(_: str, step: Fields) -> Decimal:
        return lots.eoq(
            step.number("annual_demand"), step.number("order_cost"), step.number("holding_cost")
        )

    def stock_cost(_: str, step: Fields) -> Record:
        ordering, holding = lots.stock_cost(
            step.number("annual_demand"),
            step.number("order_cost"),
            step.number("holding_cost"),
            step.number("order_qty"),
        )
        return Record(ordering=ordering, holding=holding)

    return {
        "levels": levels,
        "mrp": mrp,
        "eoq": eoq,
        "stock_cost": stock_cost,
        "reorder_point": lambda _, step: lots.reorder_point(
            step.number("daily_demand"), step.number("lead_days"), step.number("safety_stock", ZERO)
        ),
        "safety_stock": lambda _, step: lots.safety_stock(
            step.number("z"), step.number("sd_lead_time")
        ),
        "replenish": lambda _, step: lots.replenish(
            step.number("min"),
            step.number("max"),
            step.number("forecast"),
            step.number("multiple", None),
        ),
        "per_day": uom.operations(scenario)["per_day"],
    }


def _sums(figures: Iterable[tuple[int, Fraction]]) -> dict[int, Fraction]:
    sums: dict[int, Fraction] = {}
    for period, quantity in figures:
        sums[period] = sums.get(period, Fraction(0)) + quantity
    return sums


def _releases(found: ItemPlan) -> Figures:
    return _sums((order.release, order.quantity) for order in found.orders)


def _receipts(found: ItemPlan) -> Figures:
    return _sums((order.receipt, order.quantity) for order in found.orders)


def _past_due(found: ItemPlan) -> Figures:
    return _sums((order.release, order.quantity) for order in found.orders if order.past_due)


SHOWN: Mapping[str, Any] = {
    "gross": lambda found: found.gross,
    "net": lambda found: found.net,
    "available": lambda found: found.available,
    "releases": _releases,
    "receipts": _receipts,
    "past_due": _past_due,
}


def _situation(scenario: Scenario) -> Situation:
    given = scenario.given
    horizon = given.get("horizon") or []
    demand = [
        Requirement(item, int(period), Fraction(quantity), Source.DEMAND)
        for item, row in (given.get("demand") or {}).items()
        for period, quantity in row.items()
    ]
    firm = [
        Firm(item, int(period), Decimal(quantity))
        for item, row in (given.get("scheduled_receipts") or {}).items()
        for period, quantity in row.items()
    ]
    items = {
        item: _planned(Fields(f"items.{item}", raw))
        for item, raw in (given.get("items") or {}).items()
    }
    start = min(horizon) if isinstance(horizon, list) and horizon else 0
    return Situation(items, Versions(given_boms(scenario).values()), demand, firm, start=int(start))


def _planned(fields: Fields) -> Planned:
    lot = Fields("lot", fields.raw("lot", None) or {})
    rule = lots.LotRule(
        minimum=lot.number("min", ZERO),
        maximum=lot.number("max", None),
        multiple=lot.number("multiple", None),
        fixed=lot.number("fixed", None),
        periods=lot.whole("periods", 1),
    )
    lot.finish()
    raise_any(rule.refusals())
    planned = Planned(
        on_hand=fields.number("on_hand", ZERO),
        safety_stock=fields.number("safety_stock", ZERO),
        lead_time=fields.whole("lead_time", 0),
        lot=rule,
        phantom=fields.flag("phantom"),
    )
    fields.finish()
    return planned
