"""Exact numbers: named rounding, and amounts split without losing a cent.

Quantities, prices and amounts are :class:`decimal.Decimal`; ratios are
:class:`fractions.Fraction`. A float is refused everywhere, because it has already lost what it
was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from fractions import Fraction

Exact = Decimal | Fraction | int

# Wide enough for the product of the largest quantity and the largest price that can be stored, with
# two rates on top.
_WIDE = Context(prec=160)
_EXACT = Context(prec=160, traps=[Inexact, InvalidOperation, Overflow])
"""For what must not be rounded: too many digits raise."""
_HUNDREDTH = Decimal("0.01")


class Rounding(StrEnum):
    """How a value between two steps is rounded."""

    HALF_UP = "half_up"  # to the nearest, a tie away from zero: amounts on Chinese invoices
    HALF_EVEN = "half_even"  # to the nearest, a tie to the even digit: statistics only
    UP = "up"  # away from zero: what is bought must not be short
    DOWN = "down"  # towards zero
    FLOOR = "floor"  # towards minus infinity
    CEILING = "ceiling"  # towards plus infinity


_DECIMAL_MODE = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.UP: ROUND_UP,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.FLOOR: ROUND_FLOOR,
    Rounding.CEILING: ROUND_CEILING,
}


def exact(value: Exact) -> Fraction:
    """The value as an exact fraction. TypeError for a float, ValueError for NaN and infinities."""
    if isinstance(value, bool) or not isinstance(value, Decimal | Fraction | int):
        raise TypeError(f"{type(value).__name__} is not an exact number")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a number")
    return Fraction(value)


def rounded(value: Exact, dp: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """``value`` at exactly ``dp`` decimals. Default HALF_UP, away from zero (`domain.md` §1)."""
    step = Decimal(1).scaleb(-dp)
    if isinstance(value, Decimal) and value.is_finite():
        return value.quantize(step, rounding=_DECIMAL_MODE[mode], context=_WIDE)
    return Decimal(_whole(exact(value) * 10**dp, mode)).scaleb(-dp, context=_WIDE)


def times(*factors: Decimal) -> Decimal:
    """The product, with every digit it has. Raises decimal.Inexact for one of more than 160 digits."""
    product = factors[0]
    for factor in factors[1:]:
        product = _EXACT.multiply(product, factor)
    return product


def percent(amount: Decimal, rate: Decimal) -> Decimal:
    """``rate`` per cent of the amount, with every digit it has."""
    return times(amount, rate, _HUNDREDTH)


def to_multiple(value: Exact, multiple: Exact, mode: Rounding = Rounding.UP) -> Fraction:
    """``value`` brought to a multiple of ``multiple`` (half pieces, packs of six). ValueError
    unless > 0.
    """
    step = exact(multiple)
    if step <= 0:
        raise ValueError("a multiple must be above zero")
    return _whole(exact(value) / step, mode) * step


def share(amount: Decimal, weights: Sequence[Exact], dp: int) -> list[Decimal]:
    """``amount`` split by ``weights``, each share at ``dp`` decimals, in the order of the
    weights.

    The running total is rounded HALF_UP and every share is a difference of running totals
    (ledger rule 5.4). So the shares always sum to the amount, and none has the opposite sign:
    rounding each share by itself would leave cents over, and putting those on the last share can
    turn it negative. ValueError for an amount finer than ``dp``, for a negative weight, and for
    an amount over weights that sum to zero.
    """
    if rounded(amount, dp) != amount:
        raise ValueError(f"{amount} is finer than {dp} decimals")
    parts = [exact(weight) for weight in weights]
    if any(part < 0 for part in parts):
        raise ValueError("a weight must not be negative")
    total = sum(parts, Fraction(0))
    if total == 0:
        if amount:
            raise ValueError("nothing to share the amount over")
        return [rounded(0, dp) for _ in parts]
    whole, running, given = exact(amount), Fraction(0), rounded(0, dp)
    shares = []
    for part in parts:
        running += part
        reached = rounded(whole * running / total, dp)
        shares.append(reached - given)
        given = reached
    return shares


def _whole(value: Fraction, mode: Rounding) -> int:
    """``value`` rounded to a whole number."""
    below, rest = divmod(value.numerator, value.denominator)
    if not rest:
        return below
    match mode:
        case Rounding.FLOOR:
            return below
        case Rounding.CEILING:
            return below + 1
        case Rounding.UP:
            return below + (value > 0)
        case Rounding.DOWN:
            return below + (value < 0)
    twice = 2 * rest - value.denominator
    if twice:
        return below + (twice > 0)
    if mode is Rounding.HALF_EVEN:
        return below + below % 2
    return below + (value > 0)
