"""What the module speaks of. Frozen records, and the drafts that they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour (颜色) of the shop's palette."""

    id: UUID
    code: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Size:
    """A size (尺码), at its place in its group."""

    id: UUID
    code: str
    position: int


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """A size group (尺码组): sizes in their order."""

    id: UUID
    code: str
    name: str
    sizes: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A style (款); prices hold for every variant that has none of its own."""

    id: UUID
    code: str
    name: str
    size_group_id: UUID | None
    season: str | None
    year: int | None
    band: str | None
    list_price: Decimal | None
    purchase_price: Decimal | None
    active: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Variant:
    """What a core item is of a style."""

    item_id: UUID
    style_id: UUID
    colour_id: UUID | None
    size_id: UUID | None


@dataclass(frozen=True, slots=True)
class PackLine:
    """So many of a variant in a pack."""

    item_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A ratio pack (配码包): a core item, and what lies in it."""

    item_id: UUID
    lines: tuple[PackLine, ...]

    @property
    def ratio(self) -> dict[UUID, int]:
        """How many of each variant."""
        return {line.item_id: line.quantity for line in self.lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """A variant to be made; what is None follows from the style, the colour and the size."""

    colour_id: UUID | None = None
    size_id: UUID | None = None
    code: str | None = None
    name: str | None = None
    barcode: str | None = None
    list_price: Decimal | None = None
    purchase_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleDraft:
    """A style to be made. Its variants are ``variants``, or else each of its colours in each of its
    sizes, which are those of the group where none are named."""

    code: str
    name: str
    size_group_id: UUID | None = None
    season: str | None = None
    year: int | None = None
    band: str | None = None
    list_price: Decimal | None = None
    purchase_price: Decimal | None = None
    category_id: UUID | None = None
    unit_id: UUID | None = None
    colour_ids: tuple[UUID, ...] = ()
    size_ids: tuple[UUID, ...] | None = None
    variants: tuple[VariantDraft, ...] | None = None


class StyleChanges(TypedDict, total=False):
    """What to change of a style: an absent field stays, None clears it."""

    name: str
    season: str | None
    year: int | None
    band: str | None
    list_price: Decimal | None
    purchase_price: Decimal | None
    active: bool


@dataclass(frozen=True, slots=True)
class Named:
    """The variants of a style in these colours and these sizes, empty for all; whether they are to be in
    use."""

    colour_ids: tuple[UUID, ...]
    size_ids: tuple[UUID, ...]
    active: bool
