"""Documents as records: what a client writes (drafts) and what the ledger reads (resolved)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from core.documents.types import TYPES, DocumentType

Role = Literal["consume", "produce", "lost", "rejected"]
"""Conversions, and orders of such, consume and produce; what was lost on an arrival, or by a conversion on
somebody else's charge, is ``lost``; what was made and not taken in is ``rejected``."""


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line as a person enters it, in the unit of his choice.

    ``quantity`` is what was counted on a count, and may be absent there. ``unit_price`` is per entered
    unit; on a count or a cost change it is the new cost, of an output of a conversion what it is worth.
    ``role`` and ``share`` (percent) belong to conversions, ``source_line`` names the line of the source
    document this goes back to. ``over_pct`` is how much more than an order's quantity may be done, in
    percent; None leaves it to the settings.
    """

    item_id: UUID
    quantity: Decimal | None = None
    unit_id: UUID | None = None
    unit_price: Decimal | None = None
    discount_pct: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)
    amount: Decimal | None = None
    lot_code: str | None = None
    place_id: UUID | None = None
    to_place_id: UUID | None = None
    source_line: int | None = None
    role: Role | None = None
    share: Decimal | None = None
    over_pct: Decimal | None = None
    due_on: date | None = None
    expires_at: datetime | None = None
    description: str | None = None
    cause: str | None = None
    remark: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document as a person enters it. ``id`` is made by the client, so that a retry names it."""

    id: UUID
    type: str
    business_date: date
    lines: tuple[LineDraft, ...]
    party_id: UUID | None = None
    party_name: str | None = None
    address: str | None = None
    country: str | None = None
    place_id: UUID | None = None
    to_place_id: UUID | None = None
    source_id: UUID | None = None
    reference: str | None = None
    remark: str | None = None
    cause: str | None = None
    extra_cost: Decimal | None = None
    cost_basis: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line resolved: the entered quantity, the ratio at that time, and the base quantity.

    ``net``, ``tax`` and ``total`` are amounts of the whole line.
    """

    no: int
    item_id: UUID
    unit_id: UUID
    entered_quantity: Decimal | None
    numerator: Decimal
    denominator: Decimal
    quantity: Decimal | None
    unit_price: Decimal | None
    discount_pct: Decimal
    tax_rate: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    stocked: bool = True
    lot_code: str | None = None
    place_id: UUID | None = None
    to_place_id: UUID | None = None
    source_line: int | None = None
    role: Role | None = None
    share: Decimal | None = None
    over_pct: Decimal | None = None
    due_on: date | None = None
    expires_at: datetime | None = None
    description: str | None = None
    cause: str | None = None
    remark: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def base_quantity(self) -> Decimal:
        assert self.quantity is not None
        return self.quantity

    @property
    def from_work(self) -> bool:
        """Whether a conversion's line takes from what waits in work: it names no place."""
        return self.role == "consume" and self.place_id is None

    @property
    def base_cost(self) -> Decimal | None:
        """The entered price per base unit, exact up to 28 digits; None where none was entered."""
        if self.unit_price is None:
            return None
        return self.unit_price * self.denominator / self.numerator


@dataclass(frozen=True, slots=True)
class Document:
    """A document resolved, before it is posted or as it is stored."""

    id: UUID
    type_code: str
    business_date: date
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    party_id: UUID | None = None
    party_name: str | None = None
    address: str | None = None
    country: str | None = None
    place_id: UUID | None = None
    to_place_id: UUID | None = None
    source_id: UUID | None = None
    reverses_id: UUID | None = None
    reference: str | None = None
    remark: str | None = None
    cause: str | None = None
    extra_cost: Decimal | None = None
    cost_basis: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> DocumentType:
        return TYPES[self.type_code]


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it lies in the database."""

    document: Document
    state: str
    revision: int
    number: str | None
    sequence: int | None
    created_by: UUID
    approved_by: UUID | None
    posted_at: datetime | None
    reversed_by_id: UUID | None


@dataclass(slots=True)
class SourceLine:
    """A line that others go back to, with its progress."""

    line: Line
    executed: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)

    @property
    def done(self) -> Decimal:
        """What was carried out and has not come back."""
        return self.executed - self.returned


@dataclass(slots=True)
class Source:
    """A document that others go back to."""

    id: UUID
    type_code: str
    state: str
    sequence: int | None
    business_date: date
    place_id: UUID | None
    reversed: bool
    source_id: UUID | None
    number: str | None
    lines: dict[int, SourceLine]

    @property
    def type(self) -> DocumentType:
        return TYPES[self.type_code]
