"""Theoretical against actual use of an ingredient (耗用差异), and what a portion earns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.plugin_api import rounded

SHOWN_DP = 6
"""Decimals of a figure that is no quantity of a document."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How an ingredient moved over a span of days. ``closing`` is what was there at its end, ``moved`` all
    that came less all that went, of which ``by_recipe`` was taken by closings, ``waste`` scrapped,
    ``internal`` used by ourselves, and ``missing`` by count, loss and gain; ``theoretical`` is what the
    recipes say."""

    item_id: UUID
    closing: Decimal
    moved: Decimal
    theoretical: Decimal
    by_recipe: Decimal
    waste: Decimal
    internal: Decimal
    missing: Decimal
    missing_value: Decimal

    @property
    def opening(self) -> Decimal:
        return self.closing - self.moved

    @property
    def received(self) -> Decimal:
        """What came by receipts and transfers, less what left by them and by sale as it is."""
        return self.moved + self.by_recipe + self.waste + self.internal + self.missing

    @property
    def actual(self) -> Decimal:
        """What went: opening + received − closing."""
        return self.opening + self.received - self.closing

    @property
    def variance(self) -> Decimal:
        """What went and nobody knows where: actual use beyond recipes, waste and internal use."""
        return self.actual - self.theoretical - self.waste - self.internal

    @property
    def variance_percent(self) -> Decimal | None:
        """The variance in percent of the theoretical use; None where that is nothing."""
        return percent(self.variance, self.theoretical)


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part in percent, at two decimals; None of nothing."""
    return rounded(Fraction(part) * 100 / Fraction(whole), 2) if whole else None
