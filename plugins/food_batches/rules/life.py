"""Life that is left: near expiry (临期), mark-downs, a customer's minimum, and how long records are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class NearLevel:
    """Goods with a shelf life of ``at_least`` days are near expiry from ``days`` before it on."""

    at_least: int
    days: int


NEAR_LEVELS = (
    NearLevel(365, 45),
    NearLevel(180, 20),
    NearLevel(90, 15),
    NearLevel(30, 10),
    NearLevel(16, 5),
    NearLevel(12, 4),
    NearLevel(8, 3),
    NearLevel(4, 2),
    NearLevel(0, 1),
)
"""The usual table; below 16 days it says "one to four", which is spread over them here."""


@dataclass(frozen=True, slots=True)
class Markdown:
    """``percent`` off the price once at most ``left`` percent of the time near expiry is left."""

    left: int
    percent: Decimal


MARKDOWNS = (
    Markdown(100, Decimal(10)),
    Markdown(50, Decimal(30)),
    Markdown(25, Decimal(50)),
)


class Freshness(StrEnum):
    """How close goods are to their expiry."""

    FRESH = "fresh"
    NEAR = "near"
    EXPIRED = "expired"


def near_days(shelf_life_days: int, levels: Sequence[NearLevel] = NEAR_LEVELS) -> int:
    """How many days before expiry goods of this shelf life count as near; 0 where no level fits."""
    fitting = [level for level in levels if shelf_life_days >= level.at_least]
    return max(fitting, key=lambda level: level.at_least).days if fitting else 0


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
