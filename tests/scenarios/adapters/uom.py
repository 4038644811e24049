"""Units of measure: :mod:`core.catalogue.units` and :mod:`core.decimals`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.catalogue import units
from core.decimals import Rounding, rounded, to_multiple
from tests.scenarios.fields import Fields
from tests.scenarios.model import Broken, NotYet, Scenario


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``uom``."""
    given = Fields("given", scenario.given)
    uoms = scenario.given.get("uoms") or {}

    def ratio(name: str) -> Fraction:
        if name not in uoms:
            raise Broken(f"unit {name} is not given")
        return units.ratio(_ratio(uoms[name]))

    def convert(_: str, step: Fields) -> Decimal | Fraction:
        source, target = ratio(step.text("from")), ratio(step.text("to"))
        mode = rounding(step, scenario.policy.get("rounding"))
        multiple, dp = step.number("multiple", None), step.whole("dp", None)
        result: Decimal | Fraction = units.in_unit(step.number("qty"), source, target)
        if dp is None and mode is not None and multiple is None:
            dp = 0
        if dp is not None:
            result = units.convert(
                step.number("qty"), source, target, dp, mode or Rounding.UP, multiple
            )
        elif multiple is not None:
            result = to_multiple(result, multiple, mode or Rounding.UP)
        if step.flag("whole_only"):
            units.require_whole(result)
        return result

    def convert_price(_: str, step: Fields) -> Fraction:
        return units.convert_price(
            step.number("price"), ratio(step.text("from")), ratio(step.text("to"))
        )

    def round_(_: str, step: Fields) -> Decimal:
        mode = rounding(step, scenario.policy.get("rounding"))
        return rounded(step.number("value"), step.whole("dp", 0), mode or Rounding.HALF_UP)

    def whole(_: str, step: Fields) -> None:
        units.require_whole(step.number("qty"))

    def per_day(_: str, step: Fields) -> Fraction:
        days = step.whole("days", None)
        if days is None:
            days = units.days_in(given.day("from"), given.day("to"))
        quantity = step.number("qty", None)
        if quantity is None:
            quantity = given.number("qty")
        return units.per_day(quantity, days, step.number("factor", Decimal(1)))

    def spread(_: str, step: Fields) -> Fraction:
        return units.spread(
            given.number("qty"),
            given.day("from"),
            given.day("to"),
            step.day("from"),
            step.day("to"),
        )

    return {
        "convert": convert,
        "convert_price": convert_price,
        "round": round_,
        "whole": whole,
        "per_day": per_day,
        "spread": spread,
    }


def rounding(step: Fields, policy: str | None) -> Rounding | None:
    """The rounding a step names, else the scenario's policy, else None for the rule's own."""
    name = step.text("rounding", policy)
    if name is None:
        return None
    try:
        return Rounding({"ceil": "ceiling"}.get(name, name))
    except ValueError as error:
        raise NotYet(f"rounding {name}") from error


def _ratio(written: Any) -> Fraction | Decimal | int:
    """A ratio as a number or as ``1/12``."""
    if isinstance(written, str):
        return Fraction(written)
    if isinstance(written, int | Decimal):
        return written
    raise NotYet("a unit given by more than its ratio")
