"""Food: the rules of :mod:`plugins.food_batches`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core.ids import uuid7
from plugins.food_batches import gs1
from plugins.food_batches.rules import dates, life
from plugins.food_batches.rules.dates import ShelfLife
from plugins.food_batches.rules.life import Freshness, NearLevel
from plugins.food_batches.rules.records import Batch
from tests.scenarios.adapters import picking
from tests.scenarios.adapters.stock import Stock
from tests.scenarios.compare import AnyOf
from tests.scenarios.fields import Fields
from tests.scenarios.model import Broken, Scenario

DAYS = {"use_days": "use", "removal_days": "removal", "removal_before": "removal"} | {
    "alert_days": "alert"
}
"""Days before expiry at which something happens to a lot, and what it is called."""


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``food``."""
    given = Fields("given", scenario.given)

    def lot_dates(_: str, step: Fields) -> dict[str, str]:
        days = given.whole("expiry_days", None)
        shelf_life = None if days is None else ShelfLife(days)
        received, told = step.day("received", None), step.day("expiry", None)
        expires_on = dates.derived(received, told, shelf_life)[1]
        if expires_on is None:
            raise Broken("neither an expiry nor the days to it")
        found = {"expiry": expires_on}
        for name, called in DAYS.items():
            if (before := given.whole(name, None)) is not None:
                found[called] = dates.before(expires_on, before)
        return {name: day.isoformat() for name, day in found.items()}

    def expired(_: str, step: Fields) -> bool:
        return dates.expired(step.day("expiry", None), step.day("today"))

    def levels() -> tuple[NearLevel, ...]:
        rows = given.raw("near_expiry", None)
        if rows is None:
            return life.NEAR_LEVELS
        return tuple(NearLevel(shelf_life_at_least=row[0], days=row[-1]) for row in rows)

    def near_expiry_days(_: str, step: Fields) -> Decimal:
        return Decimal(life.near_days(step.whole("shelf_life_days"), levels()))

    def near_expiry(_: str, step: Fields) -> bool:
        batch = Batch(uuid7(), uuid7(), step.day("made"), step.day("expiry"))
        near = life.near_days_of(batch, None, levels())
        return life.freshness(batch.expires_on, step.day("today"), near) is Freshness.NEAR

    def keep_records_until(_: str, step: Fields) -> str:
        return life.keep_records_until(step.day("recorded"), step.day("expiry", None)).isoformat()

    def gtin_valid(_: str, step: Fields) -> bool:
        return not list(gs1.check_gtin(step.text("gtin")))

    def gs1_(_: str, step: Fields) -> dict[str, Any]:
        text, separator = step.text("data"), step.text("separator", gs1.GS)
        found = gs1.scan(text.replace(separator, gs1.GS), date.today())
        return {element.ai: _named(element) for element in found.elements}

    return {
        "lot_dates": lot_dates,
        "expired": expired,
        "near_expiry": near_expiry,
        "near_expiry_days": near_expiry_days,
        "keep_records_until": keep_records_until,
        "gtin_valid": gtin_valid,
        "gs1": gs1_,
        **picking.operations(Stock(scenario)),
    }


def _named(element: gs1.Element) -> str | AnyOf:
    """A value of a barcode; dates go by what is printed and by what it means."""
    if element.day is None:
        return element.value
    return AnyOf((element.value, element.day.isoformat()))
