"""What each tenant decides for serial numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from core.plugin_api import PlaceId


class SerialSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings with their defaults."""

    unique_within: Literal["item", "tenant"] = Field(
        default="item",
        description="Whether two items may have units of the same number, or a number is one unit's"
        " alone. It counts for units as they are moved from then on.",
    )
    repair_place_ids: tuple[PlaceId, ...] = Field(
        default=(),
        description="Places for repair: units there, or below, are in repair and not sold.",
    )
    processor_place_ids: tuple[PlaceId, ...] = Field(
        default=(),
        description="Places of processors that work on our units: what is there is not sold.",
    )
