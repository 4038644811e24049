"""Life that is left: near expiry (临期), mark-downs, a customer's minimum, and how long records are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, Field

from core.plugin_api import Refusal, define
from plugins.food_batches.rules import dates
from plugins.food_batches.rules.dates import ShelfLife
from plugins.food_batches.rules.records import Batch, Item, MinimumLife

LIFE_TOO_SHORT = define(
    "FOOD_BATCHES_LIFE_TOO_SHORT",
    en="Batch {lot} expires on {expires_on}: {remaining} days are left, the customer wants {wanted}"
    " (days, or a share of shelf life).",
    zh="批次 {lot} 于 {expires_on} 到期,剩余 {remaining} 天,客户要求 {wanted}(天数或保质期比例)。",
)

RECORD_MONTHS = 6
"""Records are kept so many months beyond shelf life (Food Safety Law, art. 50)."""
RECORD_MONTHS_WITHOUT_EXPIRY = 24
"""And so many from their making where goods have no shelf life."""


class NearLevel(BaseModel, frozen=True, extra="forbid"):
    """From when on goods of a shelf life count as near their expiry."""

    shelf_life_at_least: int = Field(ge=0, description="Of goods that keep at least so many days.")
    days: int = Field(
        ge=0, description="They are near their expiry from so many days before it on."
    )


NEAR_LEVELS = tuple(
    NearLevel(shelf_life_at_least=shelf_life, days=days)
    for shelf_life, days in (
        *((365, 45), (180, 20), (90, 15), (30, 10)),
        *((16, 5), (12, 4), (8, 3), (4, 2), (0, 1)),
    )
)
"""The usual table; below 16 days it says "one to four", which is spread over them here."""


class Markdown(BaseModel, frozen=True, extra="forbid"):
    """A step of the suggested mark-down."""

    left: int = Field(
        ge=0,
        le=100,
        description="Once at most so many percent of the time near expiry are left.",
    )
    percent: Decimal = Field(ge=0, le=100, description="So many percent off the price.")


MARKDOWNS = tuple(
    Markdown(left=left, percent=Decimal(percent))
    for left, percent in ((100, 10), (50, 30), (25, 50))
)


class Freshness(StrEnum):
    """How close goods are to their expiry."""

    FRESH = "fresh"
    NEAR = "near"
    EXPIRED = "expired"


def near_days(shelf_life_days: int, levels: Sequence[NearLevel] = NEAR_LEVELS) -> int:
    """How many days before expiry goods of this shelf life count as near; 0 where no level fits."""
    fitting = [level for level in levels if shelf_life_days >= level.shelf_life_at_least]
    return max(fitting, key=lambda level: level.shelf_life_at_least).days if fitting else 0


def near_days_of(batch: Batch, item: Item | None, levels: Sequence[NearLevel] = NEAR_LEVELS) -> int:
    """The same for a batch: the item's own figure, else by the batch's shelf life. Where that is not
    known the longest warning holds."""
    if item is not None and item.near_days is not None:
        return item.near_days
    life = batch.shelf_life_days(item.shelf_life if item else None)
    if life is None:
        return max((level.days for level in levels), default=0)
    return near_days(life, levels)


def freshness(expires_on: date | None, on: date, near: int) -> Freshness:
    """Fresh, near (from ``near`` days before expiry through its day), or expired."""
    if expires_on is None:
        return Freshness.FRESH
    if dates.expired(expires_on, on):
        return Freshness.EXPIRED
    left = dates.remaining_days(expires_on, on)
    return Freshness.NEAR if left <= near else Freshness.FRESH


def markdown(
    expires_on: date, on: date, near: int, steps: Sequence[Markdown] = MARKDOWNS
) -> Decimal:
    """The suggested mark-down in percent: nothing while fresh, nor once expired (no sale then)."""
    if freshness(expires_on, on, near) is not Freshness.NEAR:
        return Decimal(0)
    left = dates.remaining_days(expires_on, on) * 100
    fitting = [step.percent for step in steps if left <= step.left * near]
    return max(fitting, default=Decimal(0))


def enough_life(
    batch: Batch, on: date, minimum: MinimumLife | None, life: ShelfLife | None
) -> bool:
    """Whether a batch has the life left that a customer wants. What never expires has; a share of a
    shelf life that nobody knows does not."""
    if minimum is None or batch.expires_on is None:
        return True
    left = dates.remaining_days(batch.expires_on, on)
    if minimum.fraction is None:
        return left >= (minimum.days or 0)
    whole = batch.shelf_life_days(life)
    return whole is not None and left >= minimum.fraction * whole


def life_too_short(code: str, batch: Batch, on: date, minimum: MinimumLife) -> Refusal:
    """The refusal of a batch that does not have enough life left for its customer."""
    assert batch.expires_on is not None
    details = {
        "lot": code,
        "expires_on": batch.expires_on.isoformat(),
        "remaining": dates.remaining_days(batch.expires_on, on),
        "wanted": str(minimum),
    }
    return Refusal(LIFE_TOO_SHORT, details=details)


def keep_records_until(
    recorded_on: date,
    expires_on: date | None,
    months: int = RECORD_MONTHS,
    months_without_expiry: int = RECORD_MONTHS_WITHOUT_EXPIRY,
) -> date:
    """The last day on which records of a batch must still be there."""
    if expires_on is None:
        return dates.after_months(recorded_on, months_without_expiry)
    return dates.after_months(expires_on, months)
