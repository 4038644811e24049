"""The second quantity (catch weight, 双计量): pieces and kilos of the same goods, both kept.

The base quantity is what the ledger counts. The second one is weighed when goods come in and when they
are sold; otherwise it follows the goods in proportion, and the last of them take the rest along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from core.plugin_api import Effect, Refusal, define
from plugins.food_batches.rules.records import Item

SECOND_REQUIRED = define(
    "FOOD_BATCHES_SECOND_REQUIRED",
    en="{item} is kept in two quantities: state the second one as well.",
    zh="{item} 为双计量商品:请同时填写第二数量。",
)
SECOND_UNKNOWN = define(
    "FOOD_BATCHES_SECOND_UNKNOWN",
    en="{item} is kept in one quantity only; no second one belongs here.",
    zh="{item} 不是双计量商品,不应填写第二数量。",
)
SECOND_RANGE = define(
    "FOOD_BATCHES_SECOND_RANGE",
    en="{second} for {quantity} of {item} cannot be right: between {least} and {most} is usual.",
    zh="{item} 数量 {quantity} 对应第二数量 {second} 不合理:通常在 {least} 与 {most} 之间。",
)

DECIMALS = 6
"""Decimals of a second quantity that was derived; what was weighed stays as it was entered."""

_WEIGHED = (Effect.RECEIVE, Effect.COUNT)


def must_be_weighed(effect: Effect, sold: bool) -> bool:
    """Whether a line has to tell its second quantity: what comes in, is counted or is sold."""
    return effect in _WEIGHED or sold


def check_second(
    item: Item, item_code: str, quantity: Decimal, second: Decimal | None, *, required: bool
) -> Iterator[Refusal]:
    """Why a second quantity cannot be right; the path starts at the line's field."""
    if item.second_unit_id is None:
        if second is not None:
            yield Refusal(SECOND_UNKNOWN, ("secondQuantity",), {"item": item_code})
        return
    if second is None:
        if required and quantity > 0:
            yield Refusal(SECOND_REQUIRED, ("secondQuantity",), {"item": item_code})
        return
    least = Fraction(quantity) * Fraction(item.second_min or 0)
    most = None if item.second_max is None else Fraction(quantity) * Fraction(item.second_max)
    nothing_of_something = (second == 0) != (quantity == 0)
    if second < 0 or nothing_of_something or second < least or (most is not None and second > most):
        details = {"item": item_code, "quantity": quantity, "second": second}
        details |= {"least": rounded(least), "most": "∞" if most is None else rounded(most)}
        yield Refusal(SECOND_RANGE, ("secondQuantity",), details)


def spread(second: Decimal, quantities: Sequence[Decimal]) -> list[Decimal]:
    """What was weighed for a line, over the movements it makes, in proportion. The running total is
    rounded and each part is a difference, so that the parts sum to the whole."""
    total, running, given = sum(map(Fraction, quantities), Fraction(0)), Fraction(0), Decimal(0)
    parts = []
    for n, quantity in enumerate(quantities, start=1):
        running += Fraction(quantity)
        last = n == len(quantities)
        reached = second if last else rounded(Fraction(second) * running / total)
        parts.append(reached - given)
        given = reached
    return parts


def portion(second: Decimal, on_hand: Decimal, quantity: Decimal) -> Decimal:
    """The second quantity of a part of what is there, by the average of what is there; all of it goes
    with the last."""
    if quantity >= on_hand or on_hand <= 0:
        return second
    return rounded(Fraction(second) * Fraction(quantity) / Fraction(on_hand))


def rounded(value: Fraction) -> Decimal:
    """Half up at :data:`DECIMALS`."""
    whole, rest = divmod(value * 10**DECIMALS, 1)
    return Decimal(int(whole) + (rest >= Fraction(1, 2))).scaleb(-DECIMALS).normalize() + 0
