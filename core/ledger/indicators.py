"""Indicators over the ledger's figures (`domain.md` §6). Marks and targets are settings, not
rules.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from core.decimals import exact
from core.errors import define, refuse

NO_AVERAGE_STOCK = define(
    "NO_AVERAGE_STOCK",
    en="Turnover needs stock at the beginning or at the end of the period.",
    zh="期初与期末库存均为零,无法计算周转率。",
)


def turnover(cost_of_sales: Decimal, opening: Decimal, closing: Decimal) -> Fraction:
    """库存周转率: cost of sales over the average of opening and closing stock, all at cost,
    unrounded.

    Refuses an average of zero or less.
    """
    average = (exact(opening) + exact(closing)) / 2
    if average <= 0:
        raise refuse(NO_AVERAGE_STOCK)
    return exact(cost_of_sales) / average
