"""Units of measure: conversion by exact ratios, whole-only units, quantities per day
(`domain.md` §3).

A ratio is how many base units one unit holds (box of 24: 24; half piece: 1/2), kept as a
fraction: 1/12 at six decimals turns a dozen into thirteen. Every conversion goes through the
base unit and is rounded once, by the *target* unit's decimals.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.decimals import Exact, Rounding, exact, rounded, to_multiple
from core.errors import define, refuse

NOT_WHOLE = define(
    "NOT_WHOLE",
    en="This unit is counted in whole numbers; {quantity} is not whole.",
    zh="该计量单位只允许整数,{quantity} 不是整数。",
)
BAD_RATIO = define(
    "BAD_RATIO",
    en="A unit's ratio to the base unit must be above zero.",
    zh="计量单位与基本单位的换算比例必须大于零。",
)
BAD_PERIOD = define(
    "BAD_PERIOD",
    en="The period must have at least one day.",
    zh="期间至少应包含一天。",
)


def ratio(numerator: Exact, denominator: Exact = 1) -> Fraction:
    """Base units in one unit, exactly. Refuses zero and negative ratios."""
    above, below = exact(numerator), exact(denominator)
    if above <= 0 or below <= 0:
        raise refuse(BAD_RATIO)
    return above / below


def in_unit(quantity: Exact, source: Fraction, target: Fraction) -> Fraction:
    """A quantity of ``source`` units as a quantity of ``target`` units, unrounded."""
    return exact(quantity) * source / target


def convert(
    quantity: Exact,
    source: Fraction,
    target: Fraction,
    dp: int,
    mode: Rounding = Rounding.UP,
    multiple: Exact | None = None,
) -> Decimal:
    """A quantity in the target unit, at its ``dp`` decimals and, if given, in its multiples.

    Rounds UP unless told otherwise, so that a purchase or a material need is never short (rule
    read in odoo's ``uom.uom._compute_quantity``: 1234 g are 1.24 kg). Stock already counted
    converts HALF_UP.
    """
    result = in_unit(quantity, source, target)
    if multiple is not None:
        result = to_multiple(result, multiple, mode)
    return rounded(result, dp, mode)


def convert_price(price: Exact, source: Fraction, target: Fraction) -> Fraction:
    """A price per ``source`` unit as a price per ``target`` unit, unrounded: 2 a gram is
    2,000,000 a tonne.
    """
    return exact(price) * target / source


def require_whole(quantity: Exact) -> None:
    """Refuses a fraction of a unit that is counted whole (rule read in erpnext, "must be whole
    number").
    """
    if exact(quantity).denominator != 1:
        raise refuse(NOT_WHOLE, "quantity", quantity=quantity)


def days_in(first: date, last: date) -> int:
    """Days from first to last, both included. Refuses an empty period."""
    days = (last - first).days + 1
    if days < 1:
        raise refuse(BAD_PERIOD)
    return days


def per_day(quantity: Exact, days: int, factor: Exact = 1) -> Fraction:
    """The need per day: quantity × factor ÷ days, unrounded. Refuses a period without days."""
    if days < 1:
        raise refuse(BAD_PERIOD)
    return exact(quantity) * exact(factor) / days


def spread(quantity: Exact, first: date, last: date, from_: date, to: date) -> Fraction:
    """What a quantity estimated for ``first``…``last`` means for ``from_``…``to``, days
    included, unrounded.

    Every day of the estimate carries the same quantity (rule read in OCA
    ``stock_demand_estimate``); days outside the estimate carry none.
    """
    days_in(from_, to)
    shared = (min(last, to) - max(first, from_)).days + 1
    return per_day(quantity, days_in(first, last)) * max(0, shared)
