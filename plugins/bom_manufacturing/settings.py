"""What each tenant decides for manufacturing."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ManufacturingSettings(BaseModel, frozen=True, extra="forbid"):
    """A tenant's settings for manufacturing; an absent one takes the default written here."""

    negative_at_processor: Literal["forbid", "allow"] = Field(
        default="forbid",
        description="Whether stock at places that are made for processors may go below zero: he used his"
        " own, or we forgot to send. Each place can be changed afterwards.",
    )
