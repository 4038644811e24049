"""What each tenant decides for manufacturing."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

NAME = "bom_manufacturing"


class ManufacturingSettings(BaseModel, frozen=True, extra="forbid"):
    """A tenant's settings for manufacturing; an absent one takes the default written here."""

    over_production_pct: Decimal = Field(
        default=Decimal(0),
        ge=0,
        le=100,
        description="How much more than ordered may be reported of a new work order, in percent.",
    )
    release_short: bool = Field(
        default=True,
        description="Whether a work order may be released while components are missing (缺料). Where"
        " `reserveOnOrder` requires that what is promised is there, none may.",
    )
    negative_at_processor: Literal["forbid", "allow"] = Field(
        default="forbid",
        description="Whether stock at places that are made for processors may go below zero: he used his"
        " own, or we forgot to send. Each place can be changed afterwards.",
    )
