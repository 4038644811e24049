"""What each tenant decides for apparel variants."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, field_validator

_IN_HOUSE = re.compile(r"2[0-9]{1,6}", re.ASCII)
_COMPANY = re.compile(r"[013-9][0-9]{5,10}", re.ASCII)


class ApparelSettings(BaseModel, frozen=True, extra="forbid"):
    """A tenant's settings for apparel variants; an absent one takes the default written here."""

    code_separator: str = Field(
        default="-",
        max_length=3,
        description="What stands between style, colour and size in the code of a variant.",
    )
    give_barcodes: bool = Field(
        default=True,
        description="Whether variants and packs are given a barcode where none is named.",
    )
    barcode_prefix: str = Field(
        default="20",
        description="The prefix of the barcodes (EAN-13) that are given: 20 to 29 and what follows for"
        " numbers of one's own, or the company prefix of 6 to 11 digits that GS1 gave.",
    )

    @property
    def prefix(self) -> str | None:
        """The prefix of the barcodes to be given; None where none are."""
        return self.barcode_prefix if self.give_barcodes else None

    @field_validator("barcode_prefix")
    @classmethod
    def _known_prefix(cls, value: str) -> str:
        if not (_IN_HOUSE.fullmatch(value) or _COMPANY.fullmatch(value)):
            raise ValueError("no prefix of GS1")
        return value
