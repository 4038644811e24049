"""Size curves, ratio packs (配码) and broken size runs (断码). Pure, in whole pieces and fractions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TypeVar

from core.plugin_api import define, refuse

S = TypeVar("S", bound=Hashable)

BAD_CURVE = define(
    "APPAREL_VARIANTS_BAD_CURVE",
    en="A size curve has a weight of zero or more for each size, one of them above zero.",
    zh="尺码比例须为不小于零的数字,且至少一个大于零。",
)
BAD_TOTAL = define(
    "APPAREL_VARIANTS_BAD_TOTAL",
    en="What is spread over sizes is a whole number of pieces, zero or more.",
    zh="按尺码分配的总数须为不小于零的整数。",
)
BAD_RATIO = define(
    "APPAREL_VARIANTS_BAD_RATIO",
    en="A pack has a whole number of pieces of each of its variants, one or more, at most {limit}.",
    zh="配码包中每个规格须为 1 至 {limit} 的整数件数。",
)
BAD_PACKS = define(
    "APPAREL_VARIANTS_BAD_PACKS",
    en="Packs are whole: 1, 2, 3 and so on.",
    zh="配码包数量须为整数。",
)
MOST_PIECES = 10_000
"""Pieces of one variant in a pack."""


def size_curve(total: Decimal, weights: Mapping[S, Decimal]) -> dict[S, int]:
    """Spread whole pieces over sizes by largest remainder: each gets the whole part of its share, and
    what is left goes one by one to the largest remainders, of equal ones to the earlier size.

    Weights need not add up to a hundred. Raises Refused.
    """
    if not total.is_finite() or total < 0 or total != total.to_integral_value():
        raise refuse(BAD_TOTAL, "total")
    if any(not weight.is_finite() or weight < 0 for weight in weights.values()):
        raise refuse(BAD_CURVE, "curve")
    whole = sum(map(Fraction, weights.values()), Fraction(0))
    if not whole:
        raise refuse(BAD_CURVE, "curve")
    shares = {size: Fraction(total) * Fraction(weight) / whole for size, weight in weights.items()}
    given = {size: int(share) for size, share in shares.items()}
    left = int(total) - sum(given.values())
    for size in sorted(shares, key=lambda one: given[one] - shares[one])[:left]:
        given[size] += 1
    return given


def pieces(ratio: Mapping[S, int]) -> int:
    """How many pieces a pack holds: 1-2-3-3-2-1 is twelve. Raises Refused."""
    if not ratio or any(not 1 <= n <= MOST_PIECES for n in ratio.values()):
        raise refuse(BAD_RATIO, "lines", limit=MOST_PIECES)
    return sum(ratio.values())


def packed(ratio: Mapping[S, int], packs: Decimal) -> dict[S, Decimal]:
    """The pieces of each variant in so many whole packs. Raises Refused."""
    if not packs.is_finite() or packs < 0 or packs != packs.to_integral_value():
        raise refuse(BAD_PACKS, "quantity")
    return {one: n * packs for one, n in ratio.items()}


def whole_packs(ratio: Mapping[S, int], there: Mapping[S, Decimal]) -> int:
    """How many packs the loose pieces that are there would fill."""
    fills = (int(max(there.get(one, Decimal(0)), Decimal(0)) // n) for one, n in ratio.items())
    return min(fills, default=0)


@dataclass(frozen=True, slots=True)
class Run:
    """What is left of one colour of a style, size by size: ``missing`` sizes have none left,
    ``longest`` is the largest number of neighbouring sizes that are there."""

    there: int
    missing: tuple[int, ...]
    longest: int

    @property
    def broken(self) -> bool:
        """Whether some sizes are left and others are not (断码). What is sold out is not broken."""
        return bool(self.there and self.missing)


def size_run(on_hand: Sequence[Decimal | None]) -> Run:
    """The run of one colour over the ordered sizes; None where it is not made in a size."""
    there = longest = current = 0
    missing = []
    for n, quantity in enumerate(on_hand):
        if quantity is None:
            continue
        if quantity > 0:
            there += 1
            current += 1
            longest = max(longest, current)
        else:
            missing.append(n)
            current = 0
    return Run(there, tuple(missing), longest)


def sell_through(sold: Decimal, on_hand: Decimal) -> Decimal | None:
    """Sell-through (售罄率): per cent sold of what was there to be sold, to two places; None where
    there was nothing."""
    whole = sold + on_hand
    if whole <= 0:
        return None
    return (100 * sold / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)
