"""What each tenant decides for food batches."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from core.plugin_api import PlaceId
from plugins.food_batches.rules import life
from plugins.food_batches.rules.life import Markdown, NearLevel
from plugins.food_batches.rules.records import LicenceKind


class FoodSettings(BaseModel, frozen=True, extra="forbid"):
    """A tenant's settings for food batches; an absent one takes the default written here."""

    near_levels: tuple[NearLevel, ...] = Field(
        default=life.NEAR_LEVELS,
        description="How many days before expiry goods are near it (临期), by their shelf life in days.",
    )
    markdowns: tuple[Markdown, ...] = Field(
        default=life.MARKDOWNS,
        description="Suggested mark-down in per cent, by how much of the time near expiry is left.",
    )
    licence_policy: Literal["refuse", "flag", "off"] = Field(
        default="flag",
        description="A receipt from a supplier without a valid licence is refused, or flagged (进货查验).",
    )
    licence_kinds: tuple[LicenceKind, ...] = Field(
        default=(LicenceKind.FOOD_PRODUCTION, LicenceKind.FOOD_TRADE),
        min_length=1,
        description="Kinds of licence, of which a supplier needs one.",
    )
    disposal_place_ids: tuple[PlaceId, ...] = Field(
        default=(),
        description="Places for goods to be disposed of: expired ones may be moved there.",
    )
    complete_scans: bool = Field(
        default=False,
        description="Whether a scan must carry every element that GS1 wants together.",
    )
    sample_hours: int = Field(
        default=48,
        ge=1,
        le=24 * 366 * 20,
        description="Hours that a sample is kept, where nothing else is said when it is taken.",
    )
    record_months: int = Field(
        default=life.RECORD_MONTHS,
        ge=life.RECORD_MONTHS,
        le=1200,
        description="Months that records are kept beyond shelf life; the law asks for six.",
    )
    record_months_without_expiry: int = Field(
        default=life.RECORD_MONTHS_WITHOUT_EXPIRY,
        ge=life.RECORD_MONTHS_WITHOUT_EXPIRY,
        le=1200,
        description="Months that records are kept of goods without shelf life; the law asks for 24.",
    )

    @field_validator("near_levels")
    @classmethod
    def _levels_differ(cls, levels: tuple[NearLevel, ...]) -> tuple[NearLevel, ...]:
        if len({level.shelf_life_at_least for level in levels}) < len(levels):
            raise ValueError("a shelf life stands there twice")
        return levels
